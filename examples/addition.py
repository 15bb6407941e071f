"""A network learns to add from examples: letters of a sum in, letters of its result out.

What it shows: sequence to sequence. An LSTM reads the sum, letter by letter, into one vector; the
vector is repeated for each letter of the answer, and a second LSTM writes the answer, a softmax at
every step. Nothing tells the network what digits mean.

Data: made here: 30,000 different sums of two numbers below 1,000, written backwards, as carrying
goes; no sum that is asked for at the end was among them.

Source: I. Sutskever, O. Vinyals and Q. V. Le, Sequence to Sequence Learning, 2014.

Figure: at least 0.95 of the sums that it has not seen are right in every digit.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"right": 0.95}
LETTERS = "0123456789+ "
DIGITS = 3


def sums(count: int, seed: int):
    """That many different sums and their results as text, such as "321+45 " for 123 + 54."""
    chosen = np.random.default_rng(seed).choice(10 ** (2 * DIGITS), count, replace=False)
    pairs = [divmod(int(number), 10**DIGITS) for number in chosen]
    asked = [f"{str(a)[::-1]:{DIGITS}}+{str(b)[::-1]:{DIGITS}}" for a, b in pairs]
    return asked, [f"{str(a + b)[::-1]:{DIGITS + 1}}" for a, b in pairs]


def one_hot(texts):
    """A 1 for each letter, of shape (texts, letters, 12)."""
    numbers = np.array([[LETTERS.index(letter) for letter in text] for text in texts])
    return np.eye(len(LETTERS), dtype="float32")[numbers]


def build(units: int) -> keras.Model:
    """A reader, a writer, and a softmax over letters at each of four steps."""
    model = keras.Sequential(
        [
            keras.Input((2 * DIGITS + 1, len(LETTERS))),
            layers.LSTM(units),
            layers.RepeatVector(DIGITS + 1),
            layers.LSTM(units, return_sequences=True),
            layers.Dense(len(LETTERS), activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.004), "categorical_crossentropy", metrics=["accuracy"])
    return model


def main(
    epochs: int = 8, samples: int = 30_000, units: int = 96, picture: str = ""
) -> dict[str, float]:
    """Train on `samples` sums, and ask for 1,000 others.

    Returns the share of answers that are "right".
    """
    keras.utils.set_random_seed(0)
    asked, results = sums(samples + 1000, seed=0)
    x, y = one_hot(asked), one_hot(results)
    model = build(units)
    history = model.fit(
        x[1000:], y[1000:], batch_size=128, epochs=epochs, verbose=0,
        validation_data=(x[:1000], y[:1000]),
    )  # fmt: skip
    said = model.predict(x[:1000], batch_size=500, verbose=0).argmax(axis=2)
    right = (said == y[:1000].argmax(axis=2)).all(axis=1)
    if picture:
        draw(picture, history.history["val_accuracy"], asked, said, right)
    return {"right": right.mean()}


def draw(path, accuracy, asked, said, right):
    """How letters came right, and some sums at the end."""
    left, text = gallery.axes(2, width=6.6)
    left.plot(range(1, len(accuracy) + 1), accuracy, color=gallery.BLUE)
    left.set(xlabel="epoch", ylabel="letters that are right", ylim=(None, 1))
    text.set_axis_off()
    for line, index in enumerate([*range(8), *(~right).nonzero()[0][:3]]):
        first, second = (part.strip()[::-1] for part in asked[index].split("+"))
        answer = "".join(LETTERS[number] for number in said[index]).strip()[::-1]
        color = gallery.BLUE if right[index] else gallery.ORANGE
        written = f"{first:>3} + {second:>3} = {answer:<5}" + ("" if right[index] else "wrong")
        text.text(0, 0.95 - line * 0.09, written, family="monospace", color=color)
    text.figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
