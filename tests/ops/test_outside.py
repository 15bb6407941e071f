"""Indices outside of a tensor: left out where that is the rule, else an error, compiled or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from geartrain import ops
from geartrain.runtime.function import grad, jit

DATA = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 3.0], [4.0, 9.0]], "float32")
IDS = np.array([0, -1, 1, 7], "int32")
FOLDS = {
    "segment_sum": [[1, 5], [3, 3], [0, 0]],
    "segment_max": [[1, 5], [3, 3], [-np.inf, -np.inf]],
    "segment_min": [[1, 5], [3, 3], [np.inf, np.inf]],
    "segment_prod": [[1, 5], [3, 3], [1, 1]],
}


@pytest.mark.parametrize("run", [lambda f: f, jit], ids=["reference", "compiled"])
@pytest.mark.parametrize("name", FOLDS)
def test_rows_of_no_segment_are_left_out(name: str, run: Callable[..., Any]) -> None:
    """As by Keras on JAX and PyTorch; on TensorFlow too for numbers below 0."""
    fold = run(lambda data, ids: getattr(ops, name)(data, ids, num_segments=3))
    np.testing.assert_array_equal(fold(DATA, IDS), FOLDS[name])
    poisoned = np.where((IDS < 0)[:, None], np.nan, DATA)  # what is left out may be anything
    np.testing.assert_array_equal(fold(poisoned, IDS), FOLDS[name])


@pytest.mark.parametrize("name", FOLDS)
def test_rows_of_no_segment_have_no_gradient(name: str) -> None:
    fold = getattr(ops, name)
    slope = grad(lambda data: ops.sum(fold(data, IDS, num_segments=2)))(DATA)
    np.testing.assert_array_equal(slope[[1, 3]], 0)
    np.testing.assert_array_equal(slope[[0, 2]], 1)


OUTSIDE = [[0, 5], [0, -5], [-4, 0], [3, 0], [2, 4]]  # of (3, 4); some are flat places inside
X = np.zeros((3, 4), "float32")
USES: dict[str, Callable[..., Any]] = {
    "scatter": lambda index, value: ops.scatter(index, value, (3, 4)),
    "scatter_update": lambda index, value: ops.scatter_update(X, index, value),
    **{
        f"scatter_update {how}": lambda index, value, how=how: ops.scatter_update(
            X, index, value, reduction=how
        )
        for how in ("add", "max", "min", "mul")
    },
    "get_item": lambda index, value: ops.get_item(X, (index[:, 0], index[:, 1])) + value,
}


@pytest.mark.parametrize("index", OUTSIDE)
@pytest.mark.parametrize("name", USES)
def test_an_index_outside_is_refused_and_writes_nowhere(name: str, index: list[int]) -> None:
    given = np.array([index], "int32"), np.array([5.0], "float32")
    message = r"expected indices in \[|out of bounds"
    with pytest.raises((ValueError, IndexError), match=message):
        USES[name](*given)
    with pytest.raises(ValueError, match=r"A compiled function: expected indices in \[0, 11\]"):
        jit(USES[name])(*given)


def test_an_index_along_an_axis_reads_no_neighbour() -> None:
    along = jit(lambda x, index: ops.take_along_axis(x, index, axis=1))
    x, inside = np.arange(12, dtype="float32").reshape(3, 4), np.array([[3], [0], [-1]], "int32")
    np.testing.assert_array_equal(along(x, inside), np.take_along_axis(x, inside, 1))
    with pytest.raises(ValueError, match=r"A compiled function: expected indices in \[0, 11\]"):
        along(x, np.array([[4], [0], [0]], "int32"))
