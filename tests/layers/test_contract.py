"""What holds for every layer, tested on the rows of `tests/cases.py`."""

import json
from itertools import pairwise

import numpy as np
import pytest

from geartrain import layers, ops, registry, tree
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.layers.layer import Layer
from geartrain.ops.masks import mask_of
from geartrain.runtime.function import Program, trace
from tests.cases import BASES, LAYERS
from tests.rows import drawn, fill, given, make

ROWS = [
    pytest.param(name, row, id=f"{name}-{row!r}") for name, rows in LAYERS.items() for row in rows
]
every_row = pytest.mark.parametrize(("name", "row"), ROWS)


def call(layer, row, arrays):
    return layer(*given(row, arrays), training=row.training)


def built(name, row, **further):
    layer = make(name, row, **further)
    dtype = layer.compute_dtype
    call(layer, row, drawn(row, 2, dtype))
    fill(layer)
    return layer


def test_every_layer_has_a_row():
    assert set(registry.members("layers")) == set(LAYERS) | BASES
    assert not set(LAYERS) & BASES
    assert all(LAYERS.values())


def test_every_registered_layer_is_public_and_every_public_layer_registered():
    public = {
        name
        for name, item in ((name, getattr(layers, name)) for name in layers.__all__)
        if isinstance(item, type) and issubclass(item, Layer) and item is not Layer
    }
    assert {registry.public_name(getattr(layers, name)) for name in public} == set(
        registry.members("layers")
    )
    assert public | {"Layer", "InputSpec", "Input"} <= set(layers.__all__)
    assert sorted(layers.__all__) == sorted(set(layers.__all__))
    assert all(hasattr(layers, name) for name in layers.__all__)


def test_rows_are_told_apart():
    for rows in LAYERS.values():
        assert len({(repr(row), row.training) for row in rows}) == len(rows)


@every_row
def test_outputs_have_a_mask_only_if_an_input_has_or_the_layer_is_there_to_make_one(name, row):
    if name != "Masking" and not row.config.get("mask_zero"):
        outputs = tree.flatten(call(make(name, row), row, drawn(row, 2)))
        assert all(mask_of(output) is None for output in outputs)


@every_row
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_traced_calls_give_what_eager_calls_give(name, row, dtype):
    layer = built(name, row, dtype=dtype)
    arrays = drawn(row, 3, dtype)
    before = layer.get_weights()
    eager = tree.flatten(call(layer, row, arrays))
    after = layer.get_weights()
    layer.set_weights(before)
    symbols = [placeholder((BATCH, *x.shape[1:]), x.dtype.name) for x in arrays]
    outputs, scope = trace(lambda: tree.flatten(call(layer, row, symbols)))
    results = Program(symbols, outputs, scope.updates).run(*arrays)
    for one, other, node in zip(eager, results, outputs, strict=True):
        assert one.dtype == other.dtype == dtype
        assert one.shape == other.shape
        assert node.shape == (None, *other.shape[1:])
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    for one, other in zip(after, layer.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


# An input has a dtype, not a policy.
@pytest.mark.parametrize(("name", "row"), [one for one in ROWS if one.values[0] != "InputLayer"])
def test_mixed_precision_computes_in_the_small_type(name, row):
    layer = built(name, row, dtype="mixed_float16")
    wide = built(name, row)
    wide.set_weights(layer.get_weights())
    arrays = drawn(row, 3)
    small = call(layer, row, arrays)
    assert small.dtype == "float16"
    assert all(weight.dtype in ("float32", "int32") for weight in layer.weights)
    np.testing.assert_allclose(small, call(wide, row, arrays), rtol=0.02, atol=0.02)


@every_row
@pytest.mark.parametrize("batch", [0, 1, 4])
def test_batches_of_any_size_and_the_shapes_that_are_foretold(name, row, batch):
    layer = built(name, row)
    shapes = [(None, *shape) for shape in row.shapes]
    foretold = layer.compute_output_shape(*given(row, shapes))
    if not (batch == 0 and row.training):
        output = call(layer, row, drawn(row, batch))
        assert output.shape == (batch, *foretold[1:])
        assert foretold[0] is None
    symbols = [layers.Input(shape, dtype=x.dtype) for shape, x in zip(
        row.shapes, drawn(row, 1), strict=True
    )]  # fmt: skip
    assert layer(*given(row, symbols)).shape == foretold


@every_row
def test_each_sample_is_computed_alone_outside_of_training(name, row):
    layer = built(name, row)
    arrays = drawn(row, 4)
    whole = layer(*given(row, arrays), training=False)
    alone = [layer(*given(row, [x[i : i + 1] for x in arrays]), training=False) for i in range(4)]
    np.testing.assert_allclose(whole, np.concatenate(alone), rtol=1e-6, atol=1e-6)


@every_row
def test_a_layer_made_from_the_config_does_the_same(name, row):
    layer = built(name, row)
    config = json.loads(json.dumps(layer.get_config()))
    twin = type(layer).from_config(config)
    assert json.loads(json.dumps(twin.get_config())) == config
    assert twin.name == layer.name
    arrays = drawn(row, 3)
    call(twin, row, arrays)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(call(layer, row, arrays), call(twin, row, arrays))
    described = layers.serialize(layer)
    assert described["class_name"] == name
    assert type(layers.deserialize(json.loads(json.dumps(described)))) is type(layer)


@every_row
def test_gradients_are_those_of_finite_differences(name, row):
    layer = built(name, row, dtype="float64")
    arrays = drawn(row, 3, "float64")
    if row.kinks:
        for x in arrays:
            assert abs(x).min() > 1e-3
        assert all(abs(one - other).min() > 1e-3 for one, other in pairwise(arrays))
    output = call(layer, row, arrays)
    cotangent = np.random.default_rng(5).normal(size=output.shape)
    slopes, points = slopes_of(layer, row, arrays, cotangent)
    assert points or not layer.trainable_weights  # integers alone have no gradient
    for slope, point in zip(slopes, points, strict=True):
        direction = np.random.default_rng(6).normal(size=point.shape)
        analytic = 0.0 if slope is None else float(np.sum(slope * direction))
        start, step = point.copy(), 1e-6
        ends = []
        for sign in (1, -1):
            point[...] = start + sign * step * direction
            kept = layer.get_weights()
            ends.append(float(np.sum(call(layer, row, arrays) * cotangent)))
            if row.training:
                layer.set_weights(kept)
        point[...] = start
        assert analytic == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-6)


def slopes_of(layer, row, arrays, cotangent):
    """Gradients of sum(output * cotangent), and the arrays that each is with respect to."""
    from geartrain.ops.rules import gradients

    for index, x in enumerate(arrays):
        arrays[index] = x.copy()
    symbols = [placeholder(x.shape, x.dtype.name) for x in arrays]
    wrt = [(s, x) for s, x in zip(symbols, arrays, strict=True) if x.dtype.kind == "f"]
    wrt += [(weight.node, weight.array) for weight in layer.trainable_weights]

    def run():
        loss = ops.sum(ops.multiply(call(layer, row, symbols), Node.wrap(cotangent)))
        return gradients([loss], [node for node, _ in wrt], [Node.wrap(np.float64(1))])

    nodes, _ = trace(run)
    found = [node for node in nodes if node is not None]
    computed = iter(Program(symbols, found).run(*arrays))
    slopes = [None if node is None else next(computed) for node in nodes]
    reached = {
        id(array) for slope, (_, array) in zip(slopes, wrt, strict=True) if slope is not None
    }
    for weight in layer.trainable_weights:
        assert id(weight.array) in reached, f"no gradient flows to {weight.path}"
    return slopes, [array for _, array in wrt]


@every_row
def test_weights_have_names_and_belong_to_the_layer(name, row):
    layer = built(name, row)
    for weight in layer.weights:
        assert weight.path.startswith(layer.name + "/")
    assert layer.count_params() == sum(weight.array.size for weight in layer.weights)
    layer.trainable = False
    assert layer.trainable_weights == []


@every_row
def test_unknown_keywords_are_refused_with_the_nearest(name, row):
    with pytest.raises(TypeError, match=f"{name} got an unexpected keyword 'namee'.*'name'"):
        make(name, row, namee="x")
