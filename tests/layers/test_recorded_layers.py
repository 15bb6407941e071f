"""Every layer against numbers recorded from Keras: outputs, gradients, losses, updates, masks."""

import numpy as np
import pytest

from geartrain import layers, ops, tree
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.ops.rules import gradients
from geartrain.registry import reset_names, snake_case
from geartrain.runtime.function import Program, trace
from tests.recorded import load


def recorded(*groups):
    for group in groups:
        facts, arrays = load(f"layers_{group}")
        for case in facts["cases"]:
            yield pytest.param(case, arrays, id=f"{group}-{case['name']}")


GROUPS = ("core", "norm", "conv", "rnn", "attention", "signals")
CASES = list(recorded(*GROUPS))


def made(value):
    """A layer of a layer's config, also in lists."""
    if isinstance(value, list):
        return [made(item) for item in value]
    return make(value) if isinstance(value, dict) and "layer" in value else value


def make(case):
    config = {name: made(value) for name, value in case["config"].items()}
    return getattr(layers, case["layer"])(**config)


def prepared(case, arrays):
    """The layer with its weights, the inputs as arrays, and the call's other arguments."""
    reset_names()
    layer = make(case)
    inputs = [arrays[key] for key in case["inputs"]]
    layer_inputs = [inputs] if case.get("as_list") else inputs
    shapes = tree.map_structure(lambda x: x.shape, layer_inputs)
    if not layer.built:
        layer.build(*shapes)
        layer.built = True
    names = [
        f"{snake_case(type(layer).__name__)}/{weight.path.partition('/')[2]}"
        for weight in layer.weights
    ]
    known = set(layer.trainable_weights)
    trained = [weight in known for weight in layer.weights]
    recorded_weights = [(path, trainable) for path, trainable, _ in case["weights"]]
    assert [*zip(names, trained, strict=True)] == recorded_weights
    layer.set_weights([arrays[key] for _, _, key in case["weights"]])
    call = dict(case.get("call", {}))
    for name, key in case.get("call_arrays", {}).items():
        call[name] = [arrays[k] for k in key] if isinstance(key, list) else arrays[key]
    return layer, inputs, call


def close(actual, expected, tolerance=1e-5):
    assert tuple(actual.shape) == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("case", "arrays"), CASES)
def test_eager_outputs(case, arrays):
    layer, inputs, call = prepared(case, arrays)
    outputs = layer(*([inputs] if case.get("as_list") else inputs), **call)
    for output, key in zip(tree.flatten(outputs), case["outputs"], strict=True):
        assert output.dtype == arrays[key].dtype
        close(output, arrays[key])
    for weight, key in zip(layer.non_trainable_weights, case.get("updated", []), strict=False):
        close(weight.numpy(), arrays[key])
    for loss, expected in zip(layer.losses, case.get("losses", []), strict=True):
        np.testing.assert_allclose(loss, expected, rtol=1e-5)


def symbol(array):
    """A symbolic input for batches of such rows."""
    return placeholder((BATCH, *array.shape[1:]), array.dtype.name)


def having(name):
    chosen = [parameter for parameter in CASES if name in parameter.values[0]]
    return pytest.mark.parametrize(("case", "arrays"), chosen)


@having("cotangents")
def test_gradients_and_updates_of_the_traced_call(case, arrays):
    layer, inputs, call = prepared(case, arrays)
    cotangents = [arrays[key] for key in case["cotangents"]]
    symbols, factors = [*map(symbol, inputs)], [*map(symbol, cotangents)]
    kept = {name: value for name, value in call.items() if isinstance(value, np.ndarray | list)}
    further = tree.map_structure(symbol, kept)

    def run():
        given = [symbols] if case.get("as_list") else symbols
        outputs = tree.flatten(layer(*given, **{**call, **further}))
        terms = [ops.sum(ops.multiply(*pair)) for pair in zip(outputs, factors, strict=True)]
        wrt = symbols + [weight.node for weight in layer.trainable_weights]
        one = Node.wrap(np.float32(1))
        return outputs, gradients(terms, wrt, [one] * len(terms))

    (outputs, slopes), scope = trace(run)
    keys = case["input_gradients"] + case["weight_gradients"]
    wanted = [(slope, key) for slope, key in zip(slopes, keys, strict=True) if key is not None]
    for _, key in [pair for pair in wanted if pair[0] is None]:
        assert not arrays[key].any()
    wanted = [pair for pair in wanted if pair[0] is not None]
    program = Program(
        [*symbols, *factors, *tree.flatten(further)],
        [*outputs, *(slope for slope, _ in wanted)],
        scope.updates,
    )
    results = program.run(*inputs, *cotangents, *tree.flatten(kept))
    for result, key in zip(results, case["outputs"] + [key for _, key in wanted], strict=True):
        close(result, arrays[key], 2e-5)
    for weight, key in zip(layer.non_trainable_weights, case.get("updated", []), strict=False):
        close(weight.numpy(), arrays[key])


@having("loss_gradients")
def test_gradients_of_penalties(case, arrays):
    layer, inputs, call = prepared(case, arrays)

    def run():
        layer(*inputs, **call)
        weights = [weight.node for weight in layer.trainable_weights]
        losses = [Node.wrap(loss) for loss in layer.losses]
        return gradients(losses, weights, [Node.wrap(np.float32(1))] * len(losses))

    slopes, _ = trace(run)
    for slope, key in zip(slopes, case["loss_gradients"], strict=True):
        if slope is None:
            assert not arrays[key].any()
        else:
            close(Program([], [slope]).run()[0], arrays[key])


@having("output_mask")
def test_masks(case, arrays):
    layer, inputs, _ = prepared(case, arrays)
    np.testing.assert_array_equal(layer.compute_mask(*inputs, None), arrays[case["output_mask"]])


@having("constrained")
def test_constraints(case, arrays):
    layer, _, _ = prepared(case, arrays)
    constrained = [weight for weight in layer.weights if weight.constraint is not None]
    for weight, (path, key) in zip(constrained, case["constrained"], strict=True):
        assert path.endswith(weight.name)
        close(np.asarray(weight.constraint(weight)), arrays[key])
