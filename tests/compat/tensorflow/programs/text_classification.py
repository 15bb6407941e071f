import re
import string

import tensorflow as tf
from tensorflow.keras import layers

texts = [
    "A GREAT film!<br />",
    "a bad, bad film",
    "great acting; great cast",
    "bad plot and bad cast",
]
labels = [1, 0, 1, 0]
raw = tf.data.Dataset.from_tensor_slices((texts, labels)).batch(2)


def custom_standardization(input_data):
    lowercase = tf.strings.lower(input_data)
    stripped = tf.strings.regex_replace(lowercase, "<br />", " ")
    return tf.strings.regex_replace(stripped, "[%s]" % re.escape(string.punctuation), "")


vectorize_layer = layers.TextVectorization(
    standardize=custom_standardization, max_tokens=20, output_mode="int", output_sequence_length=6
)
vectorize_layer.adapt(raw.map(lambda x, y: x))


def vectorize_text(text, label):
    text = tf.expand_dims(text, -1)
    return vectorize_layer(text), label


train = raw.map(vectorize_text).cache().prefetch(tf.data.AUTOTUNE)
model = tf.keras.Sequential(
    [
        layers.Embedding(20, 4),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    loss=tf.keras.losses.BinaryCrossentropy(),
    optimizer="adam",
    metrics=[tf.metrics.BinaryAccuracy(threshold=0.5)],
)
history = model.fit(train, epochs=2, verbose=0)
result = [sorted(vectorize_layer.get_vocabulary()), len(history.history["loss"])]
result.append([x.numpy().tolist() for x, _ in train][0][0][:1] != [])
first, _ = next(iter(raw))
result.append(first[0].numpy().decode("utf-8"))
