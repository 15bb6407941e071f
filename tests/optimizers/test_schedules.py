"""Learning rate schedules: recorded values at steps 0 to 100, in arrays and in a program."""

import numpy as np
import pytest

from geartrain import ops
from geartrain.optimizers import schedules
from geartrain.runtime.function import jit
from tests.recorded import load

FACTS, ARRAYS = load("schedules")
STEPS = np.arange(101, dtype="int32")
CLOSE = {"rtol": 1e-6, "atol": 2e-8}
each = pytest.mark.parametrize(
    "case", FACTS["cases"], ids=[case["name"] for case in FACTS["cases"]]
)


def made(case):
    return getattr(schedules, case["class"])(**case["config"])


@each
def test_values_step_by_step(case):
    schedule = made(case)
    values = [schedule(int(step)) for step in STEPS]
    assert {value.dtype.name for value in values} == {"float32"}
    np.testing.assert_allclose(values, ARRAYS[case["values"]], **CLOSE)


@each
def test_values_of_all_steps_at_once(case):
    np.testing.assert_allclose(made(case)(STEPS), ARRAYS[case["values"]], **CLOSE)


@each
def test_values_in_a_program(case):
    np.testing.assert_allclose(jit(made(case))(STEPS), ARRAYS[case["values"]], **CLOSE)


@each
def test_config_is_that_of_keras_and_rebuilds_the_schedule(case):
    schedule = made(case)
    assert schedule.get_config() == case["get_config"]
    described = schedules.serialize(schedule)
    assert described["module"] == "keras.optimizers.schedules"
    assert schedules.deserialize(described).get_config() == case["get_config"]


def test_every_schedule_is_recorded():
    classes = {name for name in schedules.__all__ if isinstance(getattr(schedules, name), type)} - {
        "LearningRateSchedule"
    }
    assert {case["class"] for case in FACTS["cases"]} == classes


def test_warm_up_of_no_steps_starts_at_the_target():
    schedule = schedules.CosineDecay(0.0, 10, warmup_target=0.5, warmup_steps=0)
    assert float(schedule(0)) == 0.5


def test_a_schedule_of_ones_own_by_custom_objects():
    class Constant(schedules.LearningRateSchedule):
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, step):
            return ops.multiply(self.rate, ops.ones_like(step, "float32"))

    described = schedules.serialize(Constant(0.5))
    again = schedules.deserialize(described, custom_objects={"Constant": Constant})
    assert float(again(3)) == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps > 0. Received: 0"),
        (lambda: schedules.PolynomialDecay(0.1, -1), "decay_steps > 0. Received: -1"),
        (lambda: schedules.InverseTimeDecay(0.1, 0, 0.5), "decay_steps > 0"),
        (lambda: schedules.CosineDecay(0.1, 0), "CosineDecay: expected decay_steps > 0"),
        (lambda: schedules.CosineDecayRestarts(0.1, 0), "first_decay_steps > 0"),
        (
            lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
            "Received: 2 boundaries and 2 values",
        ),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_base_class_computes_nothing():
    with pytest.raises(NotImplementedError, match=r"override __call__\(self, step\)"):
        schedules.LearningRateSchedule()(0)


def test_unknown_keyword_suggests_the_nearest():
    with pytest.raises(TypeError, match="Did you mean 'decay_rate'"):
        schedules.ExponentialDecay(0.1, 10, decay_rates=0.5)
