import os
import tempfile

import tensorflow as tf

folder = tempfile.mkdtemp()
result = []
model = tf.keras.Sequential(
    [tf.keras.Input((2,)), tf.keras.layers.Dense(1, kernel_initializer="ones")]
)
optimizer = tf.keras.optimizers.Adam(0.1)
step = tf.Variable(1)
checkpoint = tf.train.Checkpoint(step=step, optimizer=optimizer, net=model)
manager = tf.train.CheckpointManager(checkpoint, os.path.join(folder, "ckpts"), max_to_keep=2)
checkpoint.restore(manager.latest_checkpoint)
result.append(manager.latest_checkpoint is None)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.ones((1, 2))) ** 2)
    optimizer.apply_gradients(
        zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    )
    checkpoint.step.assign_add(1)
    path = manager.save()
before = float(loss)
model.layers[0].kernel.assign([[7.0], [7.0]])
checkpoint.restore(tf.train.latest_checkpoint(os.path.join(folder, "ckpts")))
result += [
    before,
    model(tf.ones((1, 2))).numpy().tolist(),
    int(checkpoint.step),
    len(manager.checkpoints),
    os.path.basename(path),
]
