"""Normalisation: batch (training, moving averages, inference), layer, group, RMS, spectral."""

from __future__ import annotations

import numpy as np

from record.common import Recording, args, generator, normal
from record.layers import NOTE, record_layer

TRAIN, INFER = args(training=True), args(training=False)


def batch(recording: Recording) -> None:
    """Three training steps that hand their statistics on, then inference."""
    for name, config in (
        ("usual", {}),
        ("momentum", args(momentum=0.5, epsilon=0.1)),
        ("bare", args(center=False, scale=False)),
    ):
        weights = None
        for step in range(3):
            x = normal(f"batch {step}", (5, 4), 1.0 + step)
            spec = record_layer(
                recording,
                f"batch.{name}.{step}",
                "BatchNormalization",
                config,
                x,
                call=TRAIN,
                weights=weights,
            )
            after = iter(recording.arrays[key] for key in spec["updated"])
            kept = [(w[1], recording.arrays[w[2]]) for w in spec["weights"]]
            weights = [value if trainable else next(after) for trainable, value in kept]
        infer = args(call=INFER, weights=weights)
        record_layer(recording, f"batch.{name}.end", "BatchNormalization", config, x, **infer)


def variants(recording: Recording) -> None:
    image, box = normal("norm image", (2, 3, 3, 4), 2.0), normal("norm box", (3, 4, 6), 2.0)
    for number, (layer, config, x, call) in enumerate(
        [
            ("BatchNormalization", {}, image, TRAIN),
            ("BatchNormalization", args(axis=1), image, TRAIN),
            ("BatchNormalization", args(axis=1), image, INFER),
            ("BatchNormalization", args(trainable=False), image, TRAIN),
            ("LayerNormalization", {}, box, {}),
            ("LayerNormalization", args(axis=[1, 2]), box, {}),
            ("LayerNormalization", args(axis=1, epsilon=0.1), box, {}),
            ("LayerNormalization", args(center=False, scale=False), box, {}),
            ("LayerNormalization", args(gamma_regularizer="l2"), box, {}),
            ("GroupNormalization", args(groups=2), image, {}),
            ("GroupNormalization", args(groups=-1), image, {}),
            ("GroupNormalization", args(groups=3, axis=1, epsilon=0.1), image, {}),
            ("GroupNormalization", args(groups=3), box, {}),
            ("RMSNormalization", {}, box, {}),
            ("RMSNormalization", args(axis=[1, 2], epsilon=0.1), box, {}),
            ("UnitNormalization", {}, box, {}),
            ("UnitNormalization", args(axis=1), box, {}),
        ]
    ):
        record_layer(recording, f"{number}.{layer}", layer, config, x, call=call)
    constant = np.full((3, 4), 2.0, np.float32)
    record_layer(recording, "constant.layer", "LayerNormalization", {}, constant)
    record_layer(recording, "constant.batch", "BatchNormalization", {}, constant, call=TRAIN)
    mask = generator("norm mask").random((3, 4)) > 0.3
    masked = args(call=TRAIN, call_arrays={"mask": mask})
    record_layer(recording, "mask.batch", "BatchNormalization", {}, box, **masked)
    inner = {"layer": "Dense", "config": {"units": 3}}
    config = args(layer=inner, power_iterations=2)
    for name, call in (("train", TRAIN), ("infer", INFER)):
        row = normal("spectral", (4, 5))
        record_layer(recording, f"spectral.{name}", "SpectralNormalization", config, row, call=call)


def record() -> Recording:
    recording = Recording(NOTE)
    batch(recording)
    variants(recording)
    return recording
