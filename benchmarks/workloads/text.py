"""Networks on text: multi-hot words, an average of embeddings, a convolution, a transformer."""

from __future__ import annotations

import numpy as np
from workload import AtMostRival, Workload, layer

WORDS = 20_000
KERAS = ("keras-jax", "keras-torch", "keras-tensorflow")
OUTPUT = layer("Dense", units=1, activation="sigmoid")


def multi_hot(random, samples):
    """Rows of 20,000 zeros with about 120 ones."""
    x = np.zeros((samples, WORDS), "float32")
    words = random.zipf(1.3, (samples, 200)) % WORDS
    np.put_along_axis(x, words, 1.0, axis=1)
    return x, (words.sum(1) % 2).astype("float32")[:, None]


def tokens(length, words=WORDS):
    """Of so many words, each one's number."""

    def data(random, samples):
        x = (random.zipf(1.3, (samples, length)) % words).astype("int32")
        return x, (x[:, :10].sum(1) % 2).astype("float32")[:, None]

    return data


def _workload(name, title, shape, layers, data, samples, rivals, **more):
    return Workload(
        name=name, title=title, shape=shape, layers=layers, loss="binary_crossentropy",
        optimizer="rmsprop", data=data, samples=samples, frameworks=("geartrain", *rivals),
        bounds=(AtMostRival(0.8, rivals),), **more,
    )  # fmt: skip


WORKLOADS = (
    _workload(
        "wide-text",
        "500 texts as 20,000 zeros and ones: Dense 16, Dense 16, Dense 1",
        (WORDS,),
        (
            layer("Dense", units=16, activation="relu"),
            layer("Dense", units=16, activation="relu"),
            OUTPUT,
        ),
        multi_hot,
        500,
        ("numpy", "torch", "jax-step", "jax-scan", *KERAS),
    ),
    _workload(
        "embedding",
        "Embedding of 64 numbers a word, average over 200 words, Dense 1",
        (200,),
        (
            layer("Embedding", input_dim=WORDS, output_dim=64),
            layer("GlobalAveragePooling1D"),
            OUTPUT,
        ),
        tokens(200),
        2_560,
        ("torch", "jax-step", "jax-scan", *KERAS),
    ),
    _workload(
        "text-convolution",
        "Embedding, Conv1D of 64 channels over 5 words, maximum over 200 words, Dense 1",
        (200,),
        (
            layer("Embedding", input_dim=WORDS, output_dim=64),
            layer("Conv1D", filters=64, kernel_size=5, activation="relu"),
            layer("GlobalMaxPooling1D"),
            OUTPUT,
        ),
        tokens(200),
        2_560,
        ("torch", *KERAS),
    ),
    _workload(
        "transformer",
        "Transformer encoder: 2 blocks of 4 heads, 64 words, width 128",
        (64,),
        (
            layer("Embedding", input_dim=2_000, output_dim=128),
            layer("EncoderBlock", heads=4, width=128, hidden=256),
            layer("EncoderBlock", heads=4, width=128, hidden=256),
            layer("GlobalAveragePooling1D"),
            OUTPUT,
        ),
        tokens(64, 2_000),
        1_280,
        ("torch", *KERAS),
    ),
)
