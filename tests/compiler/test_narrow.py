"""Narrow floats: sums in float32, rounded once."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.compiler.targets.target import host
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH
from geartrain.runtime.executable import Executable

pytest.importorskip("llvmlite")

NARROW = ("bfloat16", "float16")


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_sums_of_narrow_floats_are_added_up_in_float32(dtype, axis):
    """1 + 1 + ... would stop at 256 in bfloat16, and at 2048 in float16."""
    x = placeholder((BATCH, 9), dtype, "x")
    outputs = [ops.sum(x, axis=axis)]
    program, plan = Executable(outputs, {}, host()), Plan(outputs)
    for rows in (3000, 1, 0):
        ones = np.ones((rows, 9), numpy_dtype(dtype))
        shape, total = {None: ((), 9 * rows), 0: ((9,), rows), 1: ((rows,), 9)}[axis]
        expected = np.full(shape, total).astype(dtype)
        for run in (program, plan):
            (found,) = run.run({x.leaf: ones}, rows)
            np.testing.assert_array_equal(found, expected, strict=True)


@pytest.mark.parametrize("dtype", NARROW)
def test_dots_of_narrow_floats_are_added_up_in_float32(dtype):
    x, y = placeholder((BATCH, 3000), dtype, "x"), placeholder((3000,), dtype, "y")
    program = Executable([ops.matmul(x, y)], {}, host())
    ones = np.ones((5, 3000), numpy_dtype(dtype))
    (found,) = program.run({x.leaf: ones, y.leaf: ones[0]}, 5)
    np.testing.assert_array_equal(found, np.full(5, 3000).astype(dtype), strict=True)
