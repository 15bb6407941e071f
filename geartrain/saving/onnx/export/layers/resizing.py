"""Enlarged images and sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import layers
from geartrain.saving.onnx.export.layers.table import (
    Written,
    is_single,
    rule,
    with_channels_first,
)


@rule(
    layers.UpSampling1D,
    layers.UpSampling2D,
    layers.UpSampling3D,
    operators="Resize",
    limits="float64: by repeating",
)
def _upsampling(exporter: Any, layer: Any, inputs: Any) -> Written:
    if not is_single(inputs):
        return None
    factors = np.asarray([1, 1, *layer._factors], "float32")
    smooth = getattr(layer, "interpolation", "nearest") == "bilinear"
    how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    if not smooth:
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric",
               "nearest_mode": "floor"}  # fmt: skip
    return with_channels_first(exporter, layer, inputs, "Resize", None, factors, **how)
