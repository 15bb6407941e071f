"""Functions of sizes, and models with several unknown axes, for inputs of one shape."""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

from record.common import Recording

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.models import sizes, unknown_axes


def record() -> Recording:
    """The results of tests/models/sizes.py and tests/models/unknown_axes.py."""
    recording = Recording(
        "`result` of the function, or of the model with the weights of `unknown_axes.weights`, for "
        "the inputs of their file; the models' output shape is `shape`."
    )
    for name, function in sizes.functions(keras).items():
        x = keras.ops.convert_to_tensor(sizes.data(*sizes.RECORDED))
        result = recording.array(f"{name}/result", np.asarray(function(x)))
        recording.case(name=name, kind="function", result=result)
    for name, (make, kinds) in unknown_axes.models(keras).items():
        model = make()
        model.set_weights(unknown_axes.weights(model))
        given = unknown_axes.inputs(kinds, *sizes.RECORDED)
        result = np.asarray(model(given if len(given) > 1 else given[0]))
        recording.case(
            name=name, kind="model", shape=list(model.output_shape),
            result=recording.array(f"{name}/result", result),
        )  # fmt: skip
    return recording
