import numpy as np
import tensorflow as tf
from tensorflow import keras

features = keras.Sequential(
    [keras.Input((6, 6, 3)), keras.layers.Conv2D(4, 3, padding="same", activation="relu")]
)
for v in features.weights:
    v.assign(tf.reshape(0.5 * tf.cos(tf.range(tf.size(v), dtype=tf.float32)), v.shape))


def gram_matrix(x):
    x = tf.transpose(x, (2, 0, 1))
    flat = tf.reshape(x, (tf.shape(x)[0], -1))
    return tf.matmul(flat, tf.transpose(flat))


def gram_einsum(t):
    out = tf.linalg.einsum("bijc,bijd->bcd", t, t)
    shape = tf.shape(t)
    return out / tf.cast(shape[1] * shape[2], tf.float32)


def total_variation(x):
    a = tf.square(x[:, :-1, :-1, :] - x[:, 1:, :-1, :])
    b = tf.square(x[:, :-1, :-1, :] - x[:, :-1, 1:, :])
    return tf.reduce_sum(tf.pow(a + b + 1e-6, 1.25))


base = tf.constant(np.sin(np.arange(108, dtype="float32")).reshape(1, 6, 6, 3))
style = tf.constant(np.cos(np.arange(108, dtype="float32") / 5).reshape(1, 6, 6, 3))
combination = tf.Variable(base)
optimizer = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.01, 2, 0.9))


@tf.function
def loss_and_grads(combination, base, style):
    with tf.GradientTape() as tape:
        f = features(tf.concat([base, style, combination], axis=0))
        loss = tf.zeros(shape=())
        loss += 0.1 * tf.reduce_sum(tf.square(f[2, :, :, :] - f[0, :, :, :]))
        loss += tf.reduce_sum(tf.square(gram_matrix(f[1]) - gram_matrix(f[2]))) / (
            4.0 * (3**2) * (36**2)
        )
        loss += tf.add_n([tf.reduce_mean((gram_einsum(f[1:2]) - gram_einsum(f[2:])) ** 2)])
        loss += 1e-3 * total_variation(combination)
    return loss, tape.gradient(loss, combination)


result = []
for _ in range(4):
    loss, grads = loss_and_grads(combination, base, style)
    optimizer.apply_gradients([(grads, combination)])
    result.append(float(loss))
    combination.assign(tf.clip_by_value(combination, -1.5, 1.5))
result.append(float(tf.norm(combination)))
