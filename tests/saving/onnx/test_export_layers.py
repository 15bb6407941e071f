"""Every layer, exported and run by onnxruntime, gives what it gives here."""

import numpy as np
import pytest

from geartrain import Input, Model, layers
from geartrain.saving.onnx.export.layers import RULES
from tests.cases import LAYERS
from tests.rows import drawn, fill, given, make
from tests.saving.onnx.running import assert_same, operators

ROWS = [
    pytest.param(name, row, id=f"{name}-{row!r}")
    for name, rows in LAYERS.items()
    for row in rows
    if not row.training and name != "InputLayer"
]


def modelled(name, row, dtype="float32"):
    layer = make(name, row, dtype=dtype)
    own = dtype if dtype in ("float16", "float64") else "float32"
    kinds = ["int32" if row.integers is not None else own] * len(row.shapes)
    symbols = [Input(shape, dtype=kind) for shape, kind in zip(row.shapes, kinds, strict=True)]
    model = Model(symbols, layer(*given(row, symbols)), dtype=dtype)
    fill(layer)
    return model


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_every_layer_is_exported(name, row):
    assert_same(modelled(name, row), drawn(row, 3), drawn(row, 1, seed=2))


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_every_layer_is_exported_with_the_oldest_operators(name, row):
    proto = assert_same(modelled(name, row), drawn(row, 2), opset=18)
    assert proto.opset_import[0].version == 18


@pytest.mark.parametrize("policy", ["float16", "mixed_float16", "mixed_bfloat16", "bfloat16"])
@pytest.mark.parametrize(("name", "row"), ROWS)
def test_every_layer_is_exported_in_half_precision(name, row, policy):
    arrays = drawn(row, 3, "float16" if policy == "float16" else "float32")
    tolerance = 5e-2 if "bfloat16" in policy else 1e-2
    assert_same(modelled(name, row, policy), arrays, tolerance=tolerance)


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_every_layer_is_exported_in_double_precision(name, row):
    model = modelled(name, row, "float64")
    arrays = drawn(row, 3, "float64" if row.integers is None else "float32")
    assert_same(model, arrays, tolerance=1e-9)


def test_rules_are_for_public_layers():
    public = {getattr(layers, name) for name in layers.__all__}
    assert set(RULES) <= public


def test_a_layer_of_ones_own_has_no_rule_even_if_it_inherits_from_one_that_has():
    class Doubled(layers.Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    symbol = Input((3,))
    model = Model(symbol, Doubled(2)(symbol))
    proto = assert_same(model, np.float32([[1, 2, 3]]))
    assert "Gemm" not in operators(proto)
