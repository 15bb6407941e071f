"""A transformer of two blocks learns to write like Python's reference, a letter at a time.

What it shows: a decoder-only transformer built of layers: embeddings of letters and of places,
`MultiHeadAttention` with a causal mask, a feed-forward part, layer normalisation and shortcuts; a
next-letter loss; and sampling with a temperature.

Data: the 465,000 characters of the language reference that `help()` shows, which come with every
Python as `pydoc_data.topics` (PSF licence).

Figure: at most 2.5 bits a character on text that it has not seen, written as -2.5 so that more is
better; the frequencies of letters alone give about 4.6.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"bits a character": -2.5}
LENGTH = 64


class Places(layers.Layer):
    """Adds a learned vector to each place of a text, whatever letter stands there."""

    def build(self, shape):
        """One vector a place, of shape (length, width)."""
        self.vectors = self.add_weight(shape=shape[1:], initializer="uniform")

    def call(self, x):
        """The same shape, (batch, length, width)."""
        return x + self.vectors


def block(x, width: int, heads: int):
    """Attention to what came before, then each place by itself, each with a shortcut."""
    y = layers.LayerNormalization()(x)
    attention = layers.MultiHeadAttention(heads, width // heads)
    x = x + attention(y, y, use_causal_mask=True)
    y = layers.LayerNormalization()(x)
    y = layers.Dense(4 * width, activation="gelu")(y)
    return x + layers.Dense(width)(y)


def build(letters: int, width: int, blocks: int) -> keras.Model:
    """Numbers of letters in, of shape (batch, length); scores of what comes next out."""
    text = keras.Input((LENGTH,), dtype="int32")
    x = Places()(layers.Embedding(letters, width)(text))
    for _ in range(blocks):
        x = block(x, width, heads=4)
    model = keras.Model(text, layers.Dense(letters)(layers.LayerNormalization()(x)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.002), loss)
    return model


def load():
    """The text as numbers, and the letters that they stand for."""
    from pydoc_data.topics import topics

    text = "\n".join(topics[name] for name in sorted(topics))
    letters = sorted(set(text))
    number = {letter: place for place, letter in enumerate(letters)}
    return np.array([number[letter] for letter in text], "int32"), letters


def windows(text, step: int):
    """Pieces of text and the same one letter on, of shape (pieces, 64)."""
    pieces = np.lib.stride_tricks.sliding_window_view(text, LENGTH + 1)[::step]
    return pieces[:, :-1], pieces[:, 1:]


def main(epochs: int = 2, width: int = 64, step: int = 32, picture: str = "") -> dict[str, float]:
    """Train on nine tenths of the text, cut every `step` letters, and write 300 letters.

    Returns "bits a character" on the last tenth, negative.
    """
    keras.utils.set_random_seed(0)
    text, letters = load()
    cut = len(text) * 9 // 10
    model = build(len(letters), width, blocks=2)
    model.fit(*windows(text[:cut], step), batch_size=64, epochs=epochs, verbose=0)
    nats = model.evaluate(*windows(text[cut:], LENGTH), batch_size=64, verbose=0)
    if picture:
        draw(picture, write(model, text[cut : cut + LENGTH], letters))
    return {"bits a character": -nats / np.log(2)}


def write(model, begin, letters, count: int = 300, temperature: float = 0.6) -> str:
    """What the model writes after a beginning of 64 letters."""
    random, text = np.random.default_rng(0), list(begin)
    for _ in range(count):
        scores = model.predict_on_batch(np.array([text[-LENGTH:]], "int32"))[0, -1]
        weights = np.exp((scores - scores.max()) / temperature)
        text.append(random.choice(len(letters), p=weights / weights.sum()))
    return "".join(letters[number] for number in text[LENGTH:])


def draw(path, written):
    """What it wrote."""
    (ax,) = gallery.axes(width=6, height=2.6)
    ax.text(0, 1, written, family="monospace", fontsize=8, va="top", wrap=True)
    ax.set_axis_off()
    ax.figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
