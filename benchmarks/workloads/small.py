"""Where overhead counts: predicting one sample or many, training a tiny network."""

from __future__ import annotations

from dataclasses import replace

from workload import AtMost, AtMostRival, Workload, layer

from workloads.chapter import CHAPTER

KERAS = ("keras-jax", "keras-torch", "keras-tensorflow")
PREDICTING = ("onnxruntime", "numpy", "sklearn", "torch", "jax-step", *KERAS)
TRAINING = ("numpy", "sklearn", "torch", "jax-step", "jax-scan", *KERAS)

ONE = replace(
    CHAPTER,
    name="predict-one",
    title="predict of one sample, the whole call, warm",
    samples=1,
    measure="predictions",
    settings={"seconds": 1.0},
    frameworks=("geartrain", *PREDICTING),
    bounds=(AtMost(60, "seconds", "µs", 1e6), AtMostRival(1.2, ("onnxruntime",))),
    unit="µs",
    scale=1e6,
)
MANY = replace(
    ONE,
    name="predict-many",
    title="predict of 10,000 samples, the whole call, warm",
    samples=10_000,
    bounds=(AtMostRival(0.7, PREDICTING),),
    unit="ms",
    scale=1e3,
)


def flowers(random, samples):
    """Four numbers, and whether their sum is positive."""
    x = random.normal(size=(samples, 4)).astype("float32")
    return x, (x.sum(1) > 0).astype("float32")[:, None]


TINY = Workload(
    name="tiny",
    title="fit of a network of 4, 8 and 1 units: 1,000 samples, 20 epochs, batches of 32",
    shape=(4,),
    layers=(
        layer("Dense", units=8, activation="relu"),
        layer("Dense", units=1, activation="sigmoid"),
    ),
    loss="binary_crossentropy",
    optimizer="rmsprop",
    data=flowers,
    samples=1_000,
    batch=32,
    measure="fits",
    settings={"epochs": 20, "fits": 5},
    frameworks=("geartrain", *TRAINING),
    bounds=(AtMostRival(0.2, TRAINING),),
    unit="ms a fit",
    scale=1e3,
)

WORKLOADS = (ONE, MANY, TINY)
