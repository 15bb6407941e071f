"""Every loss against numbers recorded from Keras: eager values, traced values, gradients."""

import numpy as np
import pytest

from geartrain import losses, ops
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.registry import members
from geartrain.runtime.function import Program, grad, trace
from tests.recorded import load

FACTS, ARRAYS = load("losses")
KNOWN = FACTS["cases"]


def cases(kind):
    chosen = [case for case in KNOWN if case["kind"] == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["name"] for case in chosen])


def array(case, key):
    return None if case.get(key) is None else ARRAYS[case[key]]


def symbol(array):
    """A symbolic input for batches of such rows."""
    return placeholder((BATCH, *array.shape[1:]), array.dtype.name)


def traced(function, *arrays):
    """The function of symbolic batches, run on the arrays."""
    symbols = [symbol(value) for value in arrays]
    result, scope = trace(function, *symbols)
    assert isinstance(result, Node)
    return Program(symbols, [result], scope.updates).run(*arrays)[0]


def close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def gradients_close(case, actual):
    """As recorded; but where an absolute value is 0 its slope is 0 here, and 1 in JAX."""
    expected = array(case, "gradient")
    if case["target"].lower().replace("_", "").startswith("meanabsolute"):
        same = array(case, "y_true").reshape(len(actual), -1) == array(case, "y_pred").reshape(
            len(actual), -1
        )
        same = same.reshape(actual.shape)
        assert not actual[same].any()
        expected = np.where(same, 0, expected)
    close(actual, expected)


@cases("function")
def test_function(case):
    function = getattr(losses, case["target"])
    y_true, y_pred = array(case, "y_true"), array(case, "y_pred")
    call = lambda t, p: function(t, p, **case["config"])  # noqa: E731
    value = call(y_true, y_pred)
    assert value.dtype == np.float32
    assert value.shape == array(case, "value").shape
    close(value, array(case, "value"))
    if case["config"].get("axis") != 0 or case["target"] == "cosine_similarity":
        close(traced(call, y_true, y_pred), value, 1e-6)
    slope = grad(lambda p: ops.sum(call(y_true, p)))(y_pred)
    gradients_close(case, slope)


@cases("class")
def test_class(case):
    loss = getattr(losses, case["target"])(**case["config"])
    y_true, y_pred, weight = (array(case, key) for key in ("y_true", "y_pred", "sample_weight"))
    value = loss(y_true, y_pred, weight)
    assert value.shape == array(case, "value").shape
    close(value, array(case, "value"))
    inputs = [y_true, y_pred] if weight is None else [y_true, y_pred, weight]
    if case["config"].get("axis") != 0:
        close(traced(loss, *inputs), value, 1e-6)
    slope = grad(lambda p: ops.sum(loss(y_true, p, weight)))(y_pred)
    gradients_close(case, slope)
    own = loss.get_config()
    assert (case.get("get_config") or {}).items() <= own.items()
    again = losses.deserialize(losses.serialize(loss))
    close(again(y_true, y_pred, weight), value, 0)
    assert again.get_config() == own


@cases("model")
def test_probabilities_of_logits_far_out_give_the_exact_loss(case):
    logits, y_true = ARRAYS[case["x"]], ARRAYS[case["y_true"]]
    activation = getattr(ops, case["activation"])
    loss = getattr(losses, case["target"])()
    exact = getattr(losses, case["target"])(from_logits=True)(y_true, logits)
    through = lambda x: loss(y_true, activation(x))  # noqa: E731
    close(grad(through)(logits), grad(lambda x: type(loss)(from_logits=True)(y_true, x))(logits))
    recognised = traced(lambda t, x: loss(t, activation(x)), y_true, logits)
    close(recognised, exact, 1e-6)
    assert np.isfinite(recognised)
    # Of arrays nothing is known but their values: clipped, as Keras does.
    close(through(logits), ARRAYS[case["value"]], 1e-4)


def test_every_loss_is_recorded():

    own = {
        name for name, cls in members("losses").items() if cls.__module__.startswith("geartrain")
    }
    recorded = {case["target"] for case in KNOWN}
    assert own - recorded == {"Loss", "LossFunctionWrapper"}
    assert set(losses._family.functions) <= recorded
