import numpy as np
import tensorflow as tf


class Word2Vec(tf.keras.Model):
    def __init__(self, vocab_size, embedding_dim):
        super().__init__()
        self.target_embedding = tf.keras.layers.Embedding(
            vocab_size, embedding_dim, name="w2v_embedding"
        )
        self.context_embedding = tf.keras.layers.Embedding(vocab_size, embedding_dim)

    def call(self, pair):
        target, context = pair
        if len(target.shape) == 2:
            target = tf.squeeze(target, axis=1)
        word_emb = self.target_embedding(target)
        context_emb = self.context_embedding(context)
        return tf.einsum("be,bce->bc", word_emb, context_emb)


targets = np.arange(12) % 5
contexts = (targets[:, None] + np.arange(3)) % 5
labels = np.tile([1, 0, 0], (12, 1))
dataset = tf.data.Dataset.from_tensor_slices(((targets, contexts), labels))
dataset = dataset.batch(6, drop_remainder=True).cache().prefetch(buffer_size=tf.data.AUTOTUNE)
model = Word2Vec(5, 3)
model((targets, contexts))
for n, v in enumerate(model.weights):
    v.assign(tf.reshape(0.4 * tf.cos(n + tf.range(tf.size(v), dtype=tf.float32)), v.shape))


def custom_loss(x_logit, y_true):
    return tf.nn.sigmoid_cross_entropy_with_logits(logits=x_logit, labels=y_true)


model.compile(
    "sgd", tf.keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
)
history = model.fit(dataset, epochs=3, verbose=0)
weights = model.get_layer("w2v_embedding").get_weights()[0]
result = [history.history["loss"], history.history["accuracy"], weights.tolist()]
result.append(custom_loss(tf.constant([0.5, -1.0]), tf.constant([1.0, 0.0])).numpy().tolist())
