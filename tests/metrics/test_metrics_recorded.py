"""Every metric against numbers recorded from Keras, over three batches, a reset and one more."""

import numpy as np
import pytest

from geartrain import metrics
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH
from geartrain.ops.operands import operand
from geartrain.registry import reset_names
from geartrain.runtime.function import Program, trace
from tests.recorded import load

FACTS, ARRAYS = load("metrics")
BATCHES = FACTS["batches"]
KNOWN = FACTS["cases"]


def cases(kind):
    chosen = [case for case in KNOWN if case["kind"] == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["name"] for case in chosen])


def batches(case):
    """Arguments of update_state for each batch."""
    names = [*case["inputs"], *([case["sample_weight"]] if case.get("sample_weight") else [])]
    return [[ARRAYS[name][start:stop] for name in names] for start, stop in BATCHES]


def close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@cases("function")
def test_function(case):
    function = getattr(metrics, case["target"])
    value = function(*(ARRAYS[name] for name in case["inputs"]), **case["config"])
    close(value, ARRAYS[case["results"]])


@cases("class")
@pytest.mark.filterwarnings("ignore:R2Score")
def test_class(case):
    metric = getattr(metrics, case["target"])(**case["config"])
    results = [metric(*batch) for batch in batches(case)]
    close(np.stack(results), ARRAYS[case["results"]])
    assert len(case["state"]) == len(metric.variables)
    for variable, (name, key) in zip(metric.variables, case["state"], strict=True):
        assert variable.name == name
        close(variable.numpy(), ARRAYS[key])
    metric.reset_state()
    close(metric(*batches(case)[1]), ARRAYS[case["again"]])


@cases("class")
@pytest.mark.filterwarnings("ignore:R2Score")
def test_class_in_a_program(case):
    """One traced program for batches of any size gives what eager calls give."""
    metric = getattr(metrics, case["target"])(**case["config"])
    given = batches(case)
    symbols = [placeholder((BATCH, *array.shape[1:]), array.dtype.name) for array in given[0]]

    def step(*inputs):
        metric.update_state(*inputs)
        return metric.result()

    result, scope = trace(step, *symbols)
    assert set(scope.updates) == set(metric.variables)
    program = Program(symbols, [operand(result)], scope.updates)
    results = [program.run(*batch)[0] for batch in given]
    close(np.stack(results), ARRAYS[case["results"]])


@cases("class")
@pytest.mark.filterwarnings("ignore:R2Score")
def test_config_and_state_without_side_effects(case):
    reset_names()
    metric = getattr(metrics, case["target"])(**case["config"])
    config = metric.get_config()
    assert (case.get("get_config") or {}).items() <= config.items()
    again = metrics.deserialize(metrics.serialize(metric))
    assert again.get_config() == config
    first, second, _ = batches(case)
    again.update_state(*first)
    before = [variable.numpy() for variable in again.variables]
    after = again.stateless_update_state(before, *second)
    close(again.stateless_result(after), ARRAYS[case["results"]][1])
    for variable, value in zip(again.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert not any(np.any(value) for value in again.stateless_reset_state())


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
@cases("class")
@pytest.mark.filterwarnings("ignore:R2Score")
def test_no_dtype_swallows_fractions(case, dtype):
    """Whatever whole dtype is asked for: values and weights may be fractions."""
    cls = getattr(metrics, case["target"])
    whole, plain = (cls(**{**case["config"], "dtype": one}) for one in (dtype, None))
    weight = np.random.default_rng(0).uniform(0.1, 0.9, BATCHES[0][1]).astype("float32")
    if case["config"].get("axis", -1) != -1 and "IoU" not in case["target"]:
        weight = None  # there is not one value a sample
    for metric in (whole, plain):
        metric.update_state(*batches({**case, "sample_weight": None})[0], sample_weight=weight)
    close(whole.result(), plain.result())
    assert {variable.dtype for variable in whole.variables} == {"float32"}
