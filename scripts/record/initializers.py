"""Initializers: fans, limits and moments, since random streams differ between libraries."""

from __future__ import annotations

import json

import keras
import numpy as np
from keras.src.initializers.random_initializers import compute_fans

from record.common import Recording, args

SHAPES = ((), (7,), (784, 512), (20, 3), (3, 16, 32), (3, 3, 8, 16), (2, 3, 3, 4, 8))
SCALED = [
    *[(name, {}) for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal")],
    ("LecunUniform", {}),
    ("LecunNormal", {}),
    *[
        ("VarianceScaling", args(scale=2.0, mode=mode, distribution=distribution))
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("truncated_normal", "untruncated_normal", "uniform")
    ],
]
SIMPLE = [
    ("RandomNormal", {}),
    ("RandomNormal", args(mean=1.0, stddev=0.5)),
    ("TruncatedNormal", {}),
    ("TruncatedNormal", args(mean=1.0, stddev=0.5)),
    ("RandomUniform", {}),
    ("RandomUniform", args(minval=1.0, maxval=3.0)),
]
EXACT = [
    ("Zeros", {}, [(3,), (2, 4)]),
    ("Ones", {}, [(3,), (2, 4)]),
    ("Constant", args(value=0.3), [(3,), (2, 4)]),
    ("Identity", {}, [(3, 3), (2, 4), (4, 2)]),
    ("Identity", args(gain=2.5), [(3, 3)]),
    ("STFT", {}, [(8, 1, 5), (6, 1, 9)]),
    ("STFT", args(side="imag", window=None), [(4, 1, 3)]),
    *[
        ("STFT", args(side="imag", window=name, scaling="spectrum", periodic=True), [(size, 1, 5)])
        for size, name in enumerate(
            ("hamming", "blackman", "bartlett", "boxcar", "nuttall", "blackmanharris"), 5
        )
    ],
    ("STFT", args(window="flattop", scaling=None), [(8, 1, 5)]),
    ("STFT", args(window=[0.5, 1.0, 0.25]), [(3, 1, 3)]),
]
ORTHOGONAL = [(4, 4), (6, 3), (3, 6), (3, 3, 2, 5), (2, 2, 8)]
DRAWN = 200_000


def sample(class_name: str, config: dict, shape: tuple[int, ...]) -> np.ndarray:
    """About DRAWN numbers (or 200 drawings) of an initializer, with as many seeds as needed."""
    count = min(200, -(-DRAWN // int(np.prod(shape))))
    create = getattr(keras.initializers, class_name)
    return np.stack([np.asarray(create(seed=seed, **config)(shape)) for seed in range(count)])


def statistics(values: np.ndarray) -> dict:
    values = values.astype(np.float64)
    numbers = {"mean": values.mean(), "std": values.std(), "min": values.min(), "max": values.max()}
    return {"drawn": values.size, **{key: float(f"{v:.7g}") for key, v in numbers.items()}}


def record_orthogonal(recording: Recording) -> None:
    for gain in (1.0, 2.0):
        for shape in ORTHOGONAL:
            config = {} if gain == 1.0 else args(gain=gain)
            value = np.asarray(keras.initializers.Orthogonal(seed=3, **config)(shape))
            matrix = value.reshape(-1, shape[-1]).astype(np.float64)
            columns = matrix.shape[0] >= matrix.shape[1]
            product = matrix.T @ matrix if columns else matrix @ matrix.T
            error = np.abs(product - gain**2 * np.eye(len(product))).max()
            recording.case(
                name=f"Orthogonal.{gain}.{'x'.join(map(str, shape))}",
                kind="orthogonal",
                target="Orthogonal",
                config=config,
                shape=list(shape),
                orthogonal="columns" if columns else "rows",
                largest_error=float(f"{error:.2g}"),
            )


def record_axes(recording: Recording) -> None:
    """Fans from named axes, as for the kernel of an einsum."""
    for class_name, axes in (("GlorotUniform", ([0], [1, 2])), ("HeNormal", ([0, 1], [2]))):
        config = args(input_axes=axes[0], output_axes=axes[1])
        shape = (20, 3, 4)
        spec = {"config": config, "shape": list(shape), "fans": list(compute_fans(shape, *axes))}
        spec.update(statistics(sample(class_name, config, shape)))
        recording.case(name=f"{class_name}.axes", kind="statistics", target=class_name, **spec)


def record() -> Recording:
    recording = Recording(
        """kind "statistics": moments and extremes of `drawn` numbers of target(seed=...,
        **config)(shape), over as many seeds as needed, with the fans that Keras computes for the
        shape. kind "exact": value is target(**config)(shape). kind "orthogonal": of the value
        reshaped to (-1, shape[-1]), the columns (or rows) are orthogonal with length gain, up to
        largest_error. Keras's truncated normal is cut at two standard deviations of the uncut
        normal; VarianceScaling divides its stddev by 0.8796... to make up for that,
        TruncatedNormal does not. get_config is what the initializer itself returns."""
    )
    for class_name, config in [*SCALED, *SIMPLE]:
        scaled = (class_name, config) in SCALED
        for number, shape in enumerate(SHAPES if scaled else [(784, 512)]):
            tag = f"{config.get('mode', '')}.{config.get('distribution', '')}".strip(".")
            tag = tag or str(SIMPLE.index((class_name, config)) if not scaled else "usual")
            created = getattr(keras.initializers, class_name)(seed=1, **config)
            spec = {"config": config, "shape": list(shape)}
            if number == 0:
                spec["get_config"] = json.loads(json.dumps(created.get_config()))
            spec["fans"] = list(compute_fans(shape))
            name = f"{class_name}.{tag}.{'x'.join(map(str, shape)) or 'scalar'}"
            spec.update(statistics(sample(class_name, config, shape)))
            recording.case(name=name, kind="statistics", target=class_name, **spec)
    for class_name, config, shapes in EXACT:
        for shape in shapes:
            name = f"{class_name}.{len(config)}.{'x'.join(map(str, shape))}"
            initializer = getattr(keras.initializers, class_name)(**config)
            recording.case(
                name=name,
                kind="exact",
                target=class_name,
                config=config,
                get_config=initializer.get_config(),
                shape=list(shape),
                value=recording.array(f"{name}/value", initializer(shape)),
            )
    record_axes(recording)
    record_orthogonal(recording)
    return recording
