"""Fifty steps of every optimizer against numbers recorded from Keras: eager and in a program."""

import numpy as np
import pytest

from geartrain import optimizers
from geartrain.graph.node import placeholder
from geartrain.optimizers import schedules
from geartrain.registry import reset_names
from geartrain.runtime.function import Program, trace
from geartrain.runtime.variable import Variable
from tests.recorded import load

FACTS, ARRAYS = load("optimizers")
SCHEDULES = {case["name"]: case for case in load("schedules")[0]["cases"]}
KNOWN = FACTS["cases"]
NAMES, STEPS = FACTS["variables"], 50
# Keras sums and takes powers in another order of float32 operations; differences of the last bit
# grow where an optimizer divides by small numbers.
CLOSE = {"rtol": 2e-5, "atol": 1e-6}
# What these slots are called differs; their order and shapes do not.
OTHER_SLOT_NAMES = {"Nadam", "Adafactor"}


def cases(condition=lambda case: True):
    chosen = [case for case in KNOWN if condition(case)]
    return pytest.mark.parametrize("case", chosen, ids=[case["name"] for case in chosen])


def optimizer_of(case):
    reset_names()
    arguments = dict(case["config"])
    if case["schedule"]:
        schedule = SCHEDULES[case["schedule"]]
        made = getattr(schedules, schedule["class"])(**schedule["config"])
        arguments["learning_rate"] = made
    optimizer = getattr(optimizers, case["class"])(**arguments)
    if case["exclude"]:
        optimizer.exclude_from_weight_decay(var_names=case["exclude"])
    return optimizer


def start():
    return [Variable(ARRAYS[f"start/{name}"], name=name) for name in NAMES]


def eager_step(optimizer, variables):
    def step(*grads):
        optimizer.apply_gradients(zip(grads, variables, strict=True))

    return step


def program_step(optimizer, variables):
    optimizer.build(variables)
    symbols = [placeholder(variable.shape, "float32") for variable in variables]
    _, scope = trace(lambda: optimizer.apply(symbols, variables))
    return Program(symbols, [], scope.updates).run


def fifty_steps(optimizer, variables, step_of):
    """The variables after each of the recorded steps."""
    step = step_of(optimizer, variables)
    grads = [ARRAYS[f"gradients/{name}"] for name in NAMES]
    kept = []
    for number in range(STEPS):
        step(*(gradient[number] for gradient in grads))
        if number + 1 in FACTS["keep"]:
            kept.append([variable.numpy() for variable in variables])
    return [np.stack(values) for values in zip(*kept, strict=True)]


@pytest.mark.parametrize("step_of", [eager_step, program_step])
@cases()
def test_weights_and_state_follow_keras(case, step_of):
    optimizer, variables = optimizer_of(case), start()
    weights = fifty_steps(optimizer, variables, step_of)
    for name, values in zip(NAMES, weights, strict=True):
        np.testing.assert_allclose(values, ARRAYS[case["weights"][name]], **CLOSE, err_msg=name)
    assert len(optimizer.variables) == len(case["state"])
    for variable, (name, key) in zip(optimizer.variables, case["state"], strict=True):
        if case["class"] not in OTHER_SLOT_NAMES:
            assert variable.name == name
        assert variable.shape == ARRAYS[key].shape
        np.testing.assert_allclose(variable.numpy(), ARRAYS[key], **CLOSE, err_msg=name)
    assert optimizer.variables[0].dtype == "int32"


@cases(lambda case: "finalized" in case)
def test_finalized_weights_follow_keras(case):
    optimizer, variables = optimizer_of(case), start()
    fifty_steps(optimizer, variables, eager_step)
    optimizer.finalize_variable_values(variables)
    for name, variable in zip(NAMES, variables, strict=True):
        np.testing.assert_allclose(variable.numpy(), ARRAYS[case["finalized"][name]], **CLOSE)


@cases()
def test_config_is_that_of_keras_and_rebuilds_the_optimizer(case):
    optimizer = optimizer_of(case)
    assert optimizer.get_config() == case["get_config"]
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is type(optimizer)
    assert again.get_config() == case["get_config"]


@pytest.mark.parametrize("name", ["sgd", "adam", "adam_accumulation", "sgd_cosine", "nadam"])
def test_saved_state_goes_on_where_it_was(name):
    case = next(case for case in KNOWN if case["name"] == name)
    grads = [ARRAYS[f"gradients/{variable}"] for variable in NAMES]

    def steps(optimizer, variables, numbers):
        for number in numbers:
            optimizer.apply([gradient[number] for gradient in grads], variables)

    whole, variables = optimizer_of(case), start()
    steps(whole, variables, range(30))
    first, half = optimizer_of(case), start()
    steps(first, half, range(17))
    store = {}
    first.save_own_variables(store)

    second = optimizer_of(case)
    second.build(half)
    second.load_own_variables(store)
    steps(second, half, range(17, 30))
    for one, other in zip([*half, *second.variables], [*variables, *whole.variables], strict=True):
        assert one.numpy().tobytes() == other.numpy().tobytes()
