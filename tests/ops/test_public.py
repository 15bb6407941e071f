"""Every public function on its cases: against NumPy, symbolic against eager, gradients."""

from __future__ import annotations

import inspect
import types
from typing import Any

import numpy as np
import pytest

from geartrain import ops, tree
from geartrain.graph.node import Node
from tests.ops import (
    cases_bits,
    cases_control,
    cases_indices,
    cases_matrices,
    cases_networks,
    cases_numbers,
    cases_shapes,
    cases_signals,
    cases_windows,
)
from tests.ops.cases import Case, listed
from tests.ops.checks import jacobians_agree, symbolic, total

MODULES = (
    cases_numbers, cases_shapes, cases_indices, cases_networks, cases_windows, cases_control,
    cases_matrices, cases_bits, cases_signals,
)  # fmt: skip
CASES = [one for module in MODULES for one in module.table]

PARAMS = [pytest.param(one, id=f"{one.name}-{number}") for number, one in enumerate(CASES)]
SYMBOLIC = [param for param in PARAMS if param.values[0].symbolic and param.values[0].arrays]
DIFFERENTIABLE = [param for param in SYMBOLIC if param.values[0].differentiable]
BATCHED = [
    param for param in SYMBOLIC if param.values[0].batched and param.values[0].arrays[0].ndim
]


def scatter(values: Any) -> Any:
    return ops.scatter(cases_indices.POINTS, values, (3, 4, *values.shape[1:]))


def scatter_update(x: Any, updates: Any, **keywords: Any) -> Any:
    return ops.scatter_update(x, cases_indices.POINTS, updates, **keywords)


def power(x: Any, y: Any = None, x1: Any = None, x2: Any = None) -> Any:
    return ops.power(x1, x) if x1 is not None else ops.power(x, y if x2 is None else x2)


# How functions are called whose tensors are not their first arguments.
CALLS = {
    **{name: listed(getattr(ops, name)) for name in ("concatenate", "stack", "hstack", "vstack")},
    "einsum": lambda *arrays, subscripts: ops.einsum(subscripts, *arrays),
    "scatter": scatter,
    "scatter_update": scatter_update,
    "slice_update": lambda x, updates: ops.slice_update(x, (0, 1), updates),
    "power": power,
    **cases_control.CALLS,
    **cases_bits.CALLS,
    **cases_signals.CALLS,
}


def called(one: Case, *arrays: Any) -> Any:
    keywords = dict(one.keywords)
    return CALLS.get(one.name, getattr(ops, one.name))(*arrays, **keywords)


def expected_of(one: Case) -> Any:
    if not callable(one.expected):
        return one.expected
    keywords = one.keywords
    if isinstance(one.expected, types.FunctionType):
        named = inspect.signature(one.expected).parameters
        open_ended = any(p.kind is p.VAR_KEYWORD for p in named.values())
        keywords = {k: v for k, v in keywords.items() if open_ended or k in named}
    with np.errstate(all="ignore"):
        return one.expected(*one.arrays, **keywords)


def test_every_public_function_has_a_case():
    assert {one.name for one in CASES} == set(ops.__all__)


@pytest.mark.parametrize("one", PARAMS)
def test_values_are_numpys(one):
    found, expected = called(one, *one.arrays), expected_of(one)
    if isinstance(expected, str | bool | int):
        assert found == expected
        return
    pieces = tree.flatten(found)
    wanted = list(expected) if isinstance(expected, list | tuple) else [expected]
    assert len(pieces) == len(wanted)
    for piece, want in zip(pieces, wanted, strict=True):
        if isinstance(expected, tuple) and isinstance(piece, int):
            assert piece == want
            continue
        assert isinstance(piece, np.ndarray)
        assert piece.shape == np.shape(want)
        bound = 1e-10 if piece.dtype == "float64" else 1e-6
        np.testing.assert_allclose(
            piece.astype("float64"), np.asarray(want, "float64"), rtol=bound, atol=bound / 100
        )


@pytest.mark.parametrize("one", [param for param in PARAMS if param.values[0].arrays])
def test_strided_and_read_only_arguments_are_read_and_left_as_they_were(one):
    strided = []
    for array in one.arrays:
        wide = np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array.copy()
        wide.flags.writeable = False
        strided.append(wide)
    before = [array.copy() for array in strided]
    found, expected = tree.flatten(called(one, *strided)), tree.flatten(called(one, *one.arrays))
    for left, right in zip(found, expected, strict=True):
        if isinstance(left, np.ndarray):  # BLAS may sum strided arrays in another order
            np.testing.assert_allclose(left, right, rtol=1e-13, atol=1e-14, strict=True)
        else:
            assert left == right
    for array, copy in zip(strided, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("one", SYMBOLIC)
def test_symbolic_is_eager_bit_for_bit(one):
    eager = tree.flatten(called(one, *one.arrays))
    planned = tree.flatten(symbolic(lambda *nodes: called(one, *nodes), one.arrays))
    for left, right in zip(eager, planned, strict=True):
        np.testing.assert_array_equal(left, right, strict=isinstance(left, np.ndarray))


@pytest.mark.parametrize("one", BATCHED)
def test_the_batch_axis_may_be_known_at_run_time_only(one):
    batch = one.arrays[0].shape[0]
    eager = tree.flatten(called(one, *one.arrays))
    planned = tree.flatten(symbolic(lambda *nodes: called(one, *nodes), one.arrays, batch))
    for left, right in zip(eager, planned, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("one", DIFFERENTIABLE)
def test_gradients_agree_with_differences(one):
    def scalar_or_tensor(*nodes: Node) -> Node:
        found = [n for n in tree.flatten(called(one, *nodes)) if n.dtype.startswith("float")]
        return found[0] if len(found) == 1 else total(found)

    jacobians_agree(scalar_or_tensor, one.arrays)


def narrow(one: Case) -> bool:
    """Whether all float tensors of a case are arguments, and none asks for another dtype."""
    tensors = [v for v in one.keywords.values() if isinstance(v, np.ndarray)]
    wide = any(array.dtype == "float64" for array in tensors) or one.name == "convert_to_numpy"
    return not wide and not one.keywords.get("dtype") and any(
        array.dtype == "float64" for array in one.arrays
    )  # fmt: skip


@pytest.mark.parametrize("one", [param for param in PARAMS if narrow(param.values[0])])
def test_float32_stays_float32(one):
    with np.errstate(over="ignore"):
        arrays = [a.astype("float32") if a.dtype == "float64" else a for a in one.arrays]
    for piece in tree.flatten(called(one, *arrays)):
        if isinstance(piece, np.ndarray):
            assert piece.dtype != "float64"
