import numpy as np
import tensorflow as tf
from tensorflow import keras

inputs = keras.Input(shape=(4,), name="digits")
h = keras.layers.Dense(8, activation="tanh")(inputs)
outputs = keras.layers.Dense(2)(h)
model = keras.Model(inputs=inputs, outputs=outputs)
for v in model.weights:
    v.assign(tf.reshape(0.5 * tf.sin(tf.range(tf.size(v), dtype=tf.float32)), v.shape))
optimizer = keras.optimizers.SGD(learning_rate=0.1, momentum=0.9)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
metric = keras.metrics.SparseCategoricalAccuracy()
x = np.cos(np.arange(160)).reshape(40, 4).astype("float32")
y = (x.sum(1) > 0).astype("int32")
result = []
for epoch in range(2):
    for step, (xb, yb) in enumerate(tf.data.Dataset.from_tensor_slices((x, y)).batch(8)):
        with tf.GradientTape() as tape:
            logits = model(xb, training=True)
            loss_value = loss_fn(yb, logits)
            loss_value += 0.01 * tf.add_n([tf.nn.l2_loss(w) for w in model.trainable_weights])
        grads = tape.gradient(loss_value, model.trainable_weights)
        grads, norm = tf.clip_by_global_norm(grads, 1.0)
        optimizer.apply_gradients(zip(grads, model.trainable_weights))
        metric.update_state(yb, logits)
        if step % 2 == 0:
            result.append(float(loss_value))
    result += [float(norm), float(metric.result())]
    metric.reset_state()
result.append(float(tf.reduce_sum(model(x))))
