"""Convolutions and pooling in one, two and three dimensions."""

from __future__ import annotations

import numpy as np

from record.common import Recording, args, generator, normal
from record.layers import NOTE, record_layer

FIRST = args(data_format="channels_first")
SAME = args(padding="same")


def inputs() -> dict[str, np.ndarray]:
    return {
        "line": normal("conv line", (2, 7, 3)),
        "line_first": normal("conv line first", (2, 4, 7)),
        "image": normal("conv image", (2, 6, 5, 4)),
        "image_first": normal("conv image first", (2, 4, 6, 5)),
        "volume": normal("conv volume", (1, 4, 5, 3, 2)),
        "volume_first": normal("conv volume first", (1, 2, 4, 5, 3)),
    }


def convolutions() -> list[tuple[str, dict, str]]:
    """(layer, arguments, input)."""
    one, two, three = (args(filters=f, kernel_size=k) for f, k in ((3, 3), (2, 3), (2, 2)))
    four, even = args(filters=4, kernel_size=3), args(filters=2, kernel_size=[2, 4])
    return [
        ("Conv1D", one, "line"),
        ("Conv1D", args(**one, **SAME), "line"),
        ("Conv1D", args(**one, padding="causal"), "line"),
        ("Conv1D", args(**one, padding="causal", dilation_rate=2), "line"),
        ("Conv1D", args(**one, **SAME, strides=2, activation="relu"), "line"),
        ("Conv1D", args(**one, strides=3, use_bias=False), "line"),
        ("Conv1D", args(**one, dilation_rate=2, activation="tanh"), "line"),
        ("Conv1D", args(filters=2, kernel_size=4, **SAME), "line"),
        ("Conv1D", args(filters=6, kernel_size=2, groups=3), "line"),
        ("Conv1D", args(**one, **FIRST), "line_first"),
        ("Conv2D", two, "image"),
        ("Conv2D", args(**two, **SAME), "image"),
        ("Conv2D", args(**two, **SAME, activation="relu"), "image"),
        ("Conv2D", args(**two, strides=2), "image"),
        ("Conv2D", args(**two, strides=[2, 1], **SAME), "image"),
        ("Conv2D", args(**two, strides=3, **SAME), "image"),
        ("Conv2D", args(**two, dilation_rate=2), "image"),
        ("Conv2D", args(**two, dilation_rate=[2, 1], **SAME), "image"),
        ("Conv2D", args(**even, **SAME), "image"),
        ("Conv2D", args(filters=3, kernel_size=1, use_bias=False), "image"),
        ("Conv2D", args(**four, groups=2), "image"),
        ("Conv2D", args(**four, groups=4, **SAME), "image"),
        ("Conv2D", args(**two, **FIRST), "image_first"),
        ("Conv2D", args(**two, **FIRST, **SAME, strides=2), "image_first"),
        ("Conv2D", args(**two, kernel_regularizer="l2", activity_regularizer="l1"), "image"),
        ("Conv3D", three, "volume"),
        ("Conv3D", args(**three, **SAME, strides=[1, 2, 1]), "volume"),
        ("Conv3D", args(**three, dilation_rate=[1, 2, 1], activation="relu"), "volume"),
        ("Conv3D", args(**three, groups=2), "volume"),
        ("Conv3D", args(**three, **FIRST), "volume_first"),
        ("Conv1DTranspose", one, "line"),
        ("Conv1DTranspose", args(**one, **SAME, strides=2), "line"),
        ("Conv1DTranspose", args(**one, strides=2, output_padding=1), "line"),
        ("Conv1DTranspose", args(**one, dilation_rate=2), "line"),
        ("Conv2DTranspose", two, "image"),
        ("Conv2DTranspose", args(**two, **SAME, strides=2), "image"),
        ("Conv2DTranspose", args(**two, strides=[2, 3], activation="relu"), "image"),
        ("Conv2DTranspose", args(**two, **SAME, strides=2, output_padding=1), "image"),
        ("Conv2DTranspose", args(filters=2, kernel_size=2, strides=3, use_bias=False), "image"),
        ("Conv2DTranspose", args(**two, **FIRST, **SAME, strides=2), "image_first"),
        ("Conv3DTranspose", args(**three, strides=2), "volume"),
        ("DepthwiseConv1D", args(kernel_size=3, depth_multiplier=2), "line"),
        ("DepthwiseConv2D", args(kernel_size=3), "image"),
        ("DepthwiseConv2D", args(kernel_size=2, depth_multiplier=2, **SAME), "image"),
        ("DepthwiseConv2D", args(kernel_size=3, strides=2, activation="relu"), "image"),
        ("DepthwiseConv2D", args(kernel_size=2, dilation_rate=2, **SAME), "image"),
        ("DepthwiseConv2D", args(kernel_size=3, **FIRST), "image_first"),
        ("SeparableConv1D", args(filters=4, kernel_size=3, **SAME), "line"),
        ("SeparableConv1D", args(filters=2, kernel_size=2, strides=2), "line"),
        ("SeparableConv2D", args(filters=3, kernel_size=3), "image"),
        ("SeparableConv2D", args(filters=3, kernel_size=3, depth_multiplier=2, **SAME), "image"),
        ("SeparableConv2D", args(filters=3, kernel_size=2, strides=2), "image"),
    ]


def pools() -> list[tuple[str, dict, str]]:
    """Windows that overlap, that leave a rest, and that reach over the edge."""
    found = []
    for kind in ("Max", "Average"):
        found += [
            (f"{kind}Pooling1D", args(pool_size=2), "line"),
            (f"{kind}Pooling1D", args(pool_size=3, strides=2, **SAME), "line"),
            (f"{kind}Pooling1D", args(pool_size=2, strides=1), "line"),
            (f"{kind}Pooling1D", args(pool_size=2, **FIRST), "line_first"),
            (f"{kind}Pooling2D", args(pool_size=2), "image"),
            (f"{kind}Pooling2D", args(pool_size=2, **SAME), "image"),
            (f"{kind}Pooling2D", args(pool_size=3, strides=1, **SAME), "image"),
            (f"{kind}Pooling2D", args(pool_size=[3, 2], strides=[1, 2]), "image"),
            (f"{kind}Pooling2D", args(pool_size=3, strides=2, **SAME), "image"),
            (f"{kind}Pooling2D", args(pool_size=2, **FIRST), "image_first"),
            (f"{kind}Pooling3D", args(pool_size=2), "volume"),
            (f"{kind}Pooling3D", args(pool_size=[2, 3, 2], strides=1, **SAME), "volume"),
            (f"{kind}Pooling3D", args(pool_size=2, **FIRST), "volume_first"),
        ]
        for rank, name in ((1, "line"), (2, "image"), (3, "volume")):
            layer = f"Global{kind}Pooling{rank}D"
            found += [(layer, {}, name), (layer, args(keepdims=True), name)]
            found += [(layer, FIRST, f"{name}_first")]
    found += [(f"MaxPooling{rank}D", {}, name) for rank, name in ((1, "line"), (2, "image"))]
    return found


def record() -> Recording:
    recording, data = Recording(NOTE), inputs()
    data["line"][0, 2] = data["line"][0, 3]  # A tie inside a pooling window.
    for number, (layer, config, name) in enumerate([*convolutions(), *pools()]):
        record_layer(recording, f"{number}.{layer}", layer, config, data[name])
    mask = generator("pooling mask").random((2, 7)) > 0.4
    layer, config = "GlobalAveragePooling1D", args(keepdims=True)
    arrays = {"call_arrays": {"mask": mask}}
    record_layer(recording, "mask", layer, {}, data["line"], **arrays)
    record_layer(recording, "mask.keepdims", layer, config, data["line"], **arrays)
    return recording
