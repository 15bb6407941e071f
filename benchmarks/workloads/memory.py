"""Memory: the peak while training on bytes, no growth over many calls, no work while idle."""

from __future__ import annotations

from dataclasses import replace

from workload import AtMost, layer

from workloads.chapter import CHAPTER, pixels
from workloads.small import TINY

PEAK = replace(
    CHAPTER,
    name="memory-peak",
    title="Memory while training on 60,000 images given as bytes",
    shape=(28, 28),
    layers=(layer("Rescaling", scale=1 / 255), layer("Flatten"), *CHAPTER.layers),
    data=pixels,
    measure="peak_memory",
    settings={"epochs": 2},
    frameworks=("geartrain", "keras-jax", "keras-torch", "keras-tensorflow"),
    bounds=(AtMost(150, "beyond data", "MB", 1e-6),),
    value="beyond data",
    unit="MB beyond the data",
    scale=1e-6,
)

GROWTH = replace(
    TINY,
    name="memory-growth",
    title="Memory after 100,000 predictions and 1,000 fits; work after training",
    measure="resident_growth",
    settings={"predictions": 100_000, "fits": 1_000},
    samples=64,
    frameworks=("geartrain",),
    bounds=(
        AtMost(2, "growth by predictions", "%", 100),
        AtMost(2, "growth by fits", "%", 100),
        AtMost(1, "idle CPU", "%", 100),
    ),
    value="growth by fits",
    unit="% growth by fits",
    scale=100,
)

WORKLOADS = (PEAK, GROWTH)
