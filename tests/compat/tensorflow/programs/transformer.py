import numpy as np
import tensorflow as tf


def get_angles(pos, i, d):
    return pos / np.power(10000, (2 * (i // 2)) / np.float32(d))


def positional_encoding(position, d):
    angles = get_angles(np.arange(position)[:, np.newaxis], np.arange(d)[np.newaxis, :], d)
    angles[:, 0::2], angles[:, 1::2] = np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])
    return tf.cast(angles[np.newaxis, ...], dtype=tf.float32)


def create_padding_mask(seq):
    seq = tf.cast(tf.math.equal(seq, 0), tf.float32)
    return seq[:, tf.newaxis, tf.newaxis, :]


def create_look_ahead_mask(size):
    return 1 - tf.linalg.band_part(tf.ones((size, size)), -1, 0)


def scaled_dot_product_attention(q, k, v, mask):
    logits = tf.matmul(q, k, transpose_b=True) / tf.math.sqrt(tf.cast(tf.shape(k)[-1], tf.float32))
    if mask is not None:
        logits += mask * -1e9
    weights = tf.nn.softmax(logits, axis=-1)
    return tf.matmul(weights, v), weights


class MultiHeadAttention(tf.keras.layers.Layer):
    def __init__(self, d_model, heads):
        super().__init__()
        self.heads, self.d_model, self.depth = heads, d_model, d_model // heads
        self.wq, self.wk, self.wv, self.dense = (tf.keras.layers.Dense(d_model) for _ in range(4))

    def split_heads(self, x, batch):
        return tf.transpose(tf.reshape(x, (batch, -1, self.heads, self.depth)), perm=[0, 2, 1, 3])

    def call(self, v, k, q, mask=None):
        batch = tf.shape(q)[0]
        q, k, v = (
            self.split_heads(w(x), batch) for w, x in ((self.wq, q), (self.wk, k), (self.wv, v))
        )
        out, _ = scaled_dot_product_attention(q, k, v, mask)
        out = tf.reshape(tf.transpose(out, perm=[0, 2, 1, 3]), (batch, -1, self.d_model))
        return self.dense(out)


class Model(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(9, 8)
        self.pos = positional_encoding(20, 8)
        self.mha = MultiHeadAttention(8, 2)
        self.norm = tf.keras.layers.LayerNormalization(epsilon=1e-6)
        self.out = tf.keras.layers.Dense(9)

    def call(self, x):
        length = tf.shape(x)[1]
        mask = tf.maximum(create_padding_mask(x), create_look_ahead_mask(length))
        h = self.embedding(x) * tf.math.sqrt(tf.cast(8, tf.float32)) + self.pos[:, :length, :]
        return self.out(self.norm(h + self.mha(h, h, h, mask)))


class Schedule(tf.keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, d_model, warmup_steps=10):
        super().__init__()
        self.d_model, self.warmup_steps = tf.cast(d_model, tf.float32), warmup_steps

    def __call__(self, step):
        step = tf.cast(step, dtype=tf.float32)
        return tf.math.rsqrt(self.d_model) * tf.math.minimum(
            tf.math.rsqrt(step + 1), step * (self.warmup_steps**-1.5)
        )


def masked_loss(label, pred):
    mask = label != 0
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")(
        label, pred
    )
    mask = tf.cast(mask, dtype=loss.dtype)
    return tf.reduce_sum(loss * mask) / tf.reduce_sum(mask)


def masked_accuracy(label, pred):
    pred = tf.cast(tf.argmax(pred, axis=2), label.dtype)
    match = tf.cast(label == pred, tf.float32)
    mask = tf.cast(label != 0, tf.float32)
    return tf.reduce_sum(match * mask) / tf.reduce_sum(mask)


x = np.arange(24).reshape(4, 6) % 9
y = (x + 1) % 9
model = Model()
model(x)
for v in model.trainable_variables:
    v.assign(tf.reshape(0.3 * tf.cos(tf.range(tf.size(v), dtype=tf.float32)), v.shape))
model.compile(
    loss=masked_loss,
    optimizer=tf.keras.optimizers.Adam(Schedule(8), 0.9, 0.98, 1e-9),
    metrics=[masked_accuracy],
)
history = model.fit(x, y, batch_size=4, epochs=2, verbose=0)
result = [history.history["loss"], history.history["masked_accuracy"]]
