import numpy as np
import tensorflow as tf
from tensorflow import keras

model = keras.Sequential(
    [
        keras.Input((8, 8, 3)),
        keras.layers.Conv2D(4, 3, activation="relu", name="last_conv"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3, activation="softmax"),
    ]
)
for v in model.weights:
    v.assign(tf.reshape(0.7 * tf.sin(2.0 + tf.range(tf.size(v), dtype=tf.float32)), v.shape))
img = np.cos(np.arange(192, dtype="float32")).reshape(1, 8, 8, 3)
grad_model = keras.Model(
    model.inputs, [model.get_layer("last_conv").output, model.layers[-1].output]
)
with tf.GradientTape() as tape:
    conv, preds = grad_model(img)
    pred_index = tf.argmax(preds[0])
    class_channel = preds[:, pred_index]
grads = tape.gradient(class_channel, conv)
pooled = tf.reduce_mean(grads, axis=(0, 1, 2))
heatmap = tf.squeeze(conv[0] @ pooled[..., tf.newaxis])
heatmap = tf.maximum(heatmap, 0) / tf.math.reduce_max(heatmap)
result = [heatmap.numpy().tolist(), int(pred_index)]
x = tf.Variable(img)
with tf.GradientTape() as tape:
    loss = model(x)[0][1]
saliency = tf.reduce_max(tf.abs(tape.gradient(loss, x)), axis=-1)[0]
result.append(saliency.numpy().tolist())
extractor = keras.Model(model.inputs, model.get_layer("last_conv").output)


@tf.function
def ascend(image, rate):
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = tf.reduce_mean(tf.square(extractor(image)[:, 2:-2, 2:-2, :]))
    g = tape.gradient(loss, image)
    g /= tf.maximum(tf.reduce_mean(tf.abs(g)), 1e-6)
    return loss, image + rate * g


image = tf.convert_to_tensor(img)
for _ in range(3):
    loss, image = ascend(image, 0.01)
    result.append(float(loss))
image = tf.image.resize(tf.clip_by_value(image, -1.0, 1.0), (5, 5))
result.append(image.numpy().tolist())
