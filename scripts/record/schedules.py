"""Learning rate schedules: their value at each of the steps 0 to 100."""

from __future__ import annotations

import keras
import numpy as np

from record.common import Recording, args, jsonable

SCHEDULES = {
    "exponential": ("ExponentialDecay", args(decay_steps=10, decay_rate=0.9)),
    "exponential_staircase": (
        "ExponentialDecay",
        args(decay_steps=10, decay_rate=0.9, staircase=True),
    ),
    "cosine": ("CosineDecay", args(decay_steps=60)),
    "cosine_alpha": ("CosineDecay", args(decay_steps=60, alpha=0.1)),
    "cosine_warmup": (
        "CosineDecay",
        args(initial_learning_rate=0.0, decay_steps=60, warmup_target=0.1, warmup_steps=20),
    ),
    "cosine_warmup_from_0.02": (
        "CosineDecay",
        args(
            initial_learning_rate=0.02,
            decay_steps=50,
            alpha=0.2,
            warmup_target=0.1,
            warmup_steps=10,
        ),
    ),
    "piecewise": ("PiecewiseConstantDecay", args(boundaries=[10, 30], values=[0.1, 0.05, 0.01])),
    "polynomial": ("PolynomialDecay", args(decay_steps=60)),
    "polynomial_square": (
        "PolynomialDecay",
        args(decay_steps=60, end_learning_rate=0.01, power=2.0),
    ),
    "polynomial_cycle": (
        "PolynomialDecay",
        args(decay_steps=25, end_learning_rate=0.01, power=0.5, cycle=True),
    ),
    "inverse_time": ("InverseTimeDecay", args(decay_steps=10, decay_rate=0.5)),
    "inverse_time_staircase": (
        "InverseTimeDecay",
        args(decay_steps=10, decay_rate=0.5, staircase=True),
    ),
    "restarts": ("CosineDecayRestarts", args(first_decay_steps=15)),
    "restarts_t_mul_1": ("CosineDecayRestarts", args(first_decay_steps=20, t_mul=1.0)),
    "restarts_all": (
        "CosineDecayRestarts",
        args(first_decay_steps=10, t_mul=1.5, m_mul=0.7, alpha=0.05),
    ),
}


def configuration(name: str) -> dict:
    """The class and the constructor's arguments of a schedule above."""
    class_name, config = SCHEDULES[name]
    if class_name != "PiecewiseConstantDecay":
        config = {"initial_learning_rate": 0.1, **config}
    return {"class": class_name, "config": config}


def build(name: str):
    spec = configuration(name)
    return getattr(keras.optimizers.schedules, spec["class"])(**spec["config"])


def record() -> Recording:
    recording = Recording(
        """values: float32, the learning rate at the steps 0, 1, ..., 100. get_config is what
        the schedule itself returns. Neighbours at a jump (a staircase's edge, a restart) can
        fall on the other side, since Keras computes the step's ratio in float32."""
    )
    for name in SCHEDULES:
        schedule = build(name)
        values = np.array([np.asarray(schedule(step)) for step in range(101)], np.float32)
        key = recording.array(name, values)
        config = jsonable(schedule.get_config())
        recording.case(name=name, **configuration(name), get_config=config, values=key)
    return recording
