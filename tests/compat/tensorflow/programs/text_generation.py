import tensorflow as tf

text = "hello tensor world, hello gears and graphs, hello all of you"
vocab = sorted(set(text))
ids_from_chars = tf.keras.layers.StringLookup(vocabulary=list(vocab), mask_token=None)
chars_from_ids = tf.keras.layers.StringLookup(
    vocabulary=ids_from_chars.get_vocabulary(), invert=True, mask_token=None
)
all_ids = ids_from_chars(tf.strings.unicode_split(text, "UTF-8"))


def text_from_ids(ids):
    return tf.strings.reduce_join(chars_from_ids(ids), axis=-1)


def split_input_target(sequence):
    return sequence[:-1], sequence[1:]


sequences = tf.data.Dataset.from_tensor_slices(all_ids).batch(6, drop_remainder=True)
dataset = sequences.map(split_input_target).batch(4, drop_remainder=True)
x, y = next(iter(dataset))
result = [
    text_from_ids(x[0]).numpy().decode(),
    text_from_ids(y[0]).numpy().decode(),
    x.shape.as_list(),
]


class MyModel(tf.keras.Model):
    def __init__(self, vocab_size):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(vocab_size, 4)
        self.gru = tf.keras.layers.GRU(8, return_sequences=True, return_state=True)
        self.dense = tf.keras.layers.Dense(vocab_size)

    def call(self, inputs, states=None, return_state=False, training=False):
        x = self.embedding(inputs, training=training)
        if states is None:
            x, states = self.gru(x, training=training)
        else:
            x, states = self.gru(x, initial_state=states, training=training)
        x = self.dense(x, training=training)
        return (x, states) if return_state else x


model = MyModel(len(ids_from_chars.get_vocabulary()))
model.compile(
    optimizer="adam", loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
)
history = model.fit(dataset, epochs=2, verbose=0)
states, char, made = None, tf.constant(["h"]), []
for _ in range(3):
    ids = ids_from_chars(tf.strings.unicode_split(char, "UTF-8").to_tensor())
    logits, states = model(inputs=ids, states=states, return_state=True)
    ids = tf.squeeze(tf.random.categorical(logits[:, -1, :] / 1.0, num_samples=1), axis=-1)
    char = chars_from_ids(ids)
    made.append(char)
result += [len(tf.strings.join(made)[0].numpy().decode("utf-8")) >= 3, len(history.history["loss"])]
