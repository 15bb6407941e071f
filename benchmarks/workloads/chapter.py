"""The textbook's first network on 60,000 images of digits: all threads, one thread, bfloat16."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from workload import AtMost, AtMostRival, Data, Near, OfPeak, Workload, layer

LAYERS = (
    layer("Dense", units=512, activation="relu"),
    layer("Dense", units=10, activation="softmax"),
)
# Forward and weight gradient of both layers, input gradient of the second; 2 for multiply and add.
OPERATIONS = 2 * (784 * 512 * 2 + 512 * 10 * 3)
WITH_FIT = ("keras-jax", "keras-torch", "keras-tensorflow", "sklearn")


def pixels(random: np.random.Generator, samples: int) -> Data:
    """MNIST as bytes, or else the package's sample, repeated."""
    from geartrain import datasets

    library = datasets.mnist if datasets.find("mnist") else datasets.digits
    (x, y), _ = library.load_data()
    rows = np.resize(random.permutation(len(x)), samples)
    return x[rows], y[rows].astype("int32")


def images(random: np.random.Generator, samples: int) -> Data:
    """Rows of 784 numbers from 0 to 1."""
    x, y = pixels(random, samples)
    return x.reshape(len(x), 784).astype("float32") / 255, y


CHAPTER = Workload(
    name="chapter",
    title="The chapter's network: Dense 512 relu, Dense 10 softmax, RMSprop",
    shape=(784,),
    layers=LAYERS,
    loss="sparse_categorical_crossentropy",
    optimizer="rmsprop",
    data=images,
    samples=60_000,
    operations=OPERATIONS,
    frameworks=(
        "geartrain", "numpy", "sklearn", "torch", "torch-compile", "jax-step", "jax-scan",
        "keras-jax", "keras-torch", "keras-tensorflow",
    ),
    bounds=(
        OfPeak(0.8),
        AtMostRival(0.75, ("jax-scan",)),
        AtMostRival(0.55, ("keras-jax",)),
        AtMostRival(0.5, ("torch",)),
        AtMostRival(0.3, ("keras-tensorflow",)),
    ),
)  # fmt: skip

ONE_THREAD = replace(
    CHAPTER,
    name="chapter-one-thread",
    title="The chapter's network on one thread",
    threads=1,
    frameworks=("geartrain", "numpy", "torch", "jax-scan"),
    bounds=(OfPeak(0.8),),
)

BFLOAT16 = replace(
    CHAPTER,
    name="chapter-bfloat16",
    title="The chapter's network under the policy mixed_bfloat16",
    frameworks=("geartrain-bfloat16", "geartrain"),
    bounds=(
        AtMostRival(0.7, ("geartrain",), ours="geartrain-bfloat16"),
        Near(0.002, "accuracy", "geartrain-bfloat16", "geartrain"),
    ),
)

COLD_START = replace(
    CHAPTER,
    name="cold-start",
    title="From the start of Python to the end of the chapter's script, 5 epochs",
    frameworks=("geartrain", *WITH_FIT),
    bounds=(AtMostRival(0.5, WITH_FIT, "process"),),
    measure="script",
    settings={"epochs": 5},
    value="process",
    unit="s",
)

COMPILE = replace(
    CHAPTER,
    name="compile",
    title="Compiling the chapter's training program in a fresh process",
    frameworks=("geartrain",),
    samples=128,
    bounds=(AtMost(0.4, "cold cache", "s"), AtMost(80, "disk cache", "ms", 1000)),
    measure="compile_time",
    value="disk cache",
    unit="s from the disk cache",
)

WORKLOADS = (CHAPTER, ONE_THREAD, BFLOAT16, COLD_START, COMPILE)
