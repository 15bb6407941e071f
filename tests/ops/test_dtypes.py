"""Result dtypes against those recorded from Keras, eager and symbolic; and of Python's numbers.

Keras was recorded on JAX in its usual mode, in which 64 bits are cut to 32; so 64-bit types are
compared as if they were cut.
"""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import config, ops
from geartrain.graph.dtypes import numpy_dtype, result_type
from geartrain.graph.node import placeholder
from geartrain.runtime.function import jit
from tests.recorded import load

FACTS, _ = load("dtypes")
BY_KIND = {
    kind: [pytest.param(case, id=case["name"]) for case in FACTS["cases"] if case["kind"] == kind]
    for kind in ("result_type", "unary", "binary", "create")
}
PYTHON = {"python int": int, "python float": float, "none": None}
SCALARS = {"python int": 2, "python float": 2.0}
CUT = {"int64": "int32", "uint64": "uint32", "float64": "float32"}
# Keras makes float32 of a 16-bit float and a Python float here, and nowhere else.
ODD = {"arctan2"}

pytest.importorskip("ml_dtypes", reason="bfloat16 needs the package ml_dtypes")


def cut(name: str) -> str:
    return CUT.get(name, name)


def array(name: str) -> np.ndarray:
    return np.eye(3).astype(numpy_dtype(name))


def symbol(name: str):
    return placeholder((3, 3), name)


def called(name: str, *operands, **keywords) -> str:
    if name == "where":
        operands = (np.eye(3, dtype=bool), *operands)
    result = getattr(ops, name)(*operands, **keywords)
    result = result[0] if isinstance(result, tuple) else result
    return cut(result.dtype if isinstance(result.dtype, str) else result.dtype.name)


@pytest.mark.parametrize("case", BY_KIND["result_type"])
def test_promotion(case):
    for other, expected in case["row"].items():
        name = case["name"]
        found = result_type(PYTHON.get(name, name), PYTHON.get(other, other))
        wide = cut(name) != name or cut(other) != other or name == "uint32" or other == "uint32"
        assert (cut(found) if wide else found) == expected, other


@pytest.mark.parametrize("case", BY_KIND["unary"])
def test_one_operand(case):
    for name in case["eager"].keys() | case["symbolic"].keys():
        recorded = {case["eager"].get(name), case["symbolic"].get(name)} - {None}
        if "error" in recorded or (name == "int64" and "int64" in recorded):
            continue  # refused there, or left whole although it holds fractions
        for make in (array, symbol):
            assert called(case["target"], make(name), **case["config"]) in map(cut, recorded), name


@pytest.mark.parametrize("case", BY_KIND["binary"])
def test_two_operands(case):
    symbolic = case.get("symbolic", case["eager"])
    for i, first in enumerate(case["types"]):
        for j, second in enumerate(case["types"]):
            recorded = {case["eager"][i][j], symbolic[i][j]}
            if "error" in recorded or (case["target"] in ODD and "python float" in (first, second)):
                continue
            for make in (array, symbol):
                operands = (SCALARS.get(name) or make(name) for name in (first, second))
                assert called(case["target"], *operands) in recorded, (first, second)


@pytest.mark.parametrize("case", BY_KIND["create"])
def test_new_tensors(case):
    assert called(case["target"], **case["config"]) == case["dtype"]


@pytest.mark.parametrize("floatx", ["float16", "float32", "float64"])
def test_floatx_is_the_type_of_python_floats_and_of_quotients_of_integers(floatx):
    config.set_floatx(floatx)
    whole = np.int32([1, 2])
    for made in (
        ops.zeros(2), ops.array([0.5]), ops.divide(whole, 2), ops.exp(whole), ops.one_hot(whole, 3),
        ops.add(whole, 0.5), ops.linspace(0, 1, 3), ops.softmax([1.0, 2.0]),
    ):  # fmt: skip
        assert made.dtype == floatx


def test_python_numbers_are_weak():
    for name in ("uint8", "int8", "float16", "float32", "float64"):
        assert ops.add(array(name), 1).dtype == name
        assert ops.multiply(2, array(name)).dtype == name
        assert (symbol(name) * 2).dtype == name
    assert ops.multiply(array("float16"), 0.5).dtype == "float16"
    assert (symbol("float16") * 0.5 + 1).dtype == "float16"
    assert ops.where(np.eye(3) > 0, array("float16"), 0.0).dtype == "float16"


def test_functions_of_floats_make_floats_of_integers():
    for name in ("exp", "erf", "sigmoid", "softmax", "rsqrt", "silu", "mean", "norm"):
        for dtype in ("bool", "uint8", "int32", "int64"):
            assert called(name, array(dtype)) == called(name, symbol(dtype)) == "float32"


def test_python_numbers_are_rounded_once():
    assert float(ops.multiply(np.array(1.0), 0.1)) == 0.1
    assert float(ops.add(np.zeros(1), 0.1)[0]) == 0.1
    big = 2**53 + 1
    assert int(ops.add(np.int64([0]), big)[0]) == big


def test_whole_numbers_beyond_64_bits_become_floats_beside_floats():
    assert ops.add(np.float32([1]), 10**30) == np.float32(10**30)
    assert ops.arange(2**31, 2**31 + 2, dtype="int64").tolist() == [2**31, 2**31 + 1]
    assert ops.arange(2**31 - 2, 2**31).dtype == "int32"


def test_scalars_of_numpy_are_bounds_of_arange_as_numbers_of_python_are():
    for three in (np.int64(3), np.int32(3), np.array(3, "int32")):
        numbers = ops.arange(three)
        assert numbers.dtype == "int32" and numbers.tolist() == [0, 1, 2]
    assert ops.arange(np.float64(2)).dtype == "float32"
    assert ops.arange(np.uint8(2), np.uint8(4)).dtype == "uint8"
    assert ops.arange(0, np.int64(5), np.int64(2)).tolist() == [0, 2, 4]


def test_products_are_int32_where_all_are_int8():
    int8, flags = np.ones((2, 2), "int8"), np.ones((2, 2), bool)
    assert ops.matmul(int8, int8).dtype == "int32"
    assert ops.matmul(flags, int8).dtype == ops.einsum("ij,jk", int8, flags).dtype == "int8"


def test_a_bound_of_clip_may_be_missing():
    x = np.float32([-2, 0.5, 2])
    for low, high in ((0, None), (None, 1), (None, None)):
        np.testing.assert_array_equal(
            ops.clip(x, low, high),
            np.minimum(
                np.maximum(x, -np.inf if low is None else low), np.inf if high is None else high
            ),
        )
        clipped = jit(lambda x, low=low, high=high: ops.clip(x, low, high))
        np.testing.assert_array_equal(clipped(x), ops.clip(x, low, high))
