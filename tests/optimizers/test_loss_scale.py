"""LossScaleOptimizer, against numbers recorded from Keras."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, optimizers
from geartrain.optimizers import SGD, Adam, LossScaleOptimizer
from geartrain.runtime.variable import Variable
from tests.recorded import load

FACTS, ARRAYS = load("loss_scale")
CASES = {case["name"]: case for case in FACTS["cases"]}


def made(case):
    inner = getattr(optimizers, case["inner"])(**case["config"])
    return LossScaleOptimizer(inner, FACTS["scale"], FACTS["growth"])


@pytest.mark.parametrize("name", CASES)
def test_steps_are_those_of_keras(name):
    case = CASES[name]
    keras.utils.clear_session()
    optimizer, variable = made(case), Variable(ARRAYS["start/0"], name="w")
    for row, weights, scale in zip(
        ARRAYS["gradients/0"], ARRAYS[case["weights"]], ARRAYS[case["scales"]], strict=True
    ):
        optimizer.apply([row], [variable])
        np.testing.assert_allclose(variable.numpy(), weights, rtol=1e-5, atol=1e-6)
        assert float(optimizer.dynamic_scale) == scale
    assert len(optimizer.variables) == len(case["state"])
    for own, (path, key) in zip(optimizer.variables, case["state"], strict=True):
        assert own.path.split("/", 1)[-1] == path
        np.testing.assert_allclose(own.numpy(), ARRAYS[key], rtol=1e-5, atol=1e-6)


def test_a_compiled_step_is_the_same():
    case = CASES["sgd"]
    results = []
    for eager in (False, True):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), layers.Dense(1, use_bias=False)])
        model.compile(made(case), "mse", run_eagerly=eager)
        x = np.float32([[1, 2, 3], [1e30, 1, 1], [2, 1, 0], [0, 1, 0]] * 3)
        model.fit(x, np.ones((12, 1), "float32"), batch_size=1, epochs=2, shuffle=False, verbose=0)
        results.append([v.numpy() for v in [*model.weights, *model.optimizer.variables]])
    for compiled, eager in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-5)
    assert np.isfinite(results[0][0]).all()
    assert int(model.optimizer.iterations) == 18


def test_models_in_mixed_float16_get_one():
    def compiled(policy, optimizer="sgd", **options):
        model = keras.Sequential([layers.Dense(1)])
        model.dtype_policy = keras.DTypePolicy(policy)
        model.compile(optimizer, "mse", **options)
        return model.optimizer

    assert compiled("mixed_float16").name == "loss_scale_optimizer"
    assert isinstance(compiled("mixed_float16").inner_optimizer, SGD)
    assert isinstance(compiled("mixed_float16", auto_scale_loss=False), SGD)
    assert isinstance(compiled("float16"), SGD)
    assert compiled("mixed_float16", None) is None
    own = LossScaleOptimizer(Adam())
    assert compiled("mixed_float16", own) is own


def test_the_learning_rate_is_the_inner_optimizers():
    optimizer = LossScaleOptimizer(SGD(0.5))
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = 0.25
    assert float(optimizer.inner_optimizer.learning_rate) == 0.25


def test_a_changed_rate_counts_at_the_next_fit():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    model.compile(LossScaleOptimizer(SGD(0.5), 1.0), "mse")
    x = np.ones((4, 1), "float32")
    model.fit(x, x, verbose=0)
    model.optimizer.inner_optimizer.clipnorm = 1e-12
    before = model.get_weights()
    model.fit(x, x + 5, verbose=0)
    for weight, was in zip(model.get_weights(), before, strict=True):
        np.testing.assert_allclose(weight, was, atol=1e-6)


def test_a_function_may_give_the_inner_rate():
    rates = iter([1.0, 0.0, 0.0, 0.0])
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(LossScaleOptimizer(SGD(lambda: next(rates, 0.0)), 1.0), "mse")
    x = np.ones((4, 1), "float32")
    assert model.optimizer.calls_rate
    model.fit(x, x, verbose=0)
    before = model.get_weights()
    model.fit(x, x + 5, verbose=0, epochs=2)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_options_of_the_inner_optimizer_are_refused_unless_they_say_nothing():
    LossScaleOptimizer(SGD(), use_ema=False, clipnorm=None)
    with pytest.raises(ValueError, match=r"does not take clipnorm. Received: clipnorm=1.0. Give"):
        LossScaleOptimizer(SGD(), clipnorm=1.0)
    with pytest.raises(ValueError, match=r"does not take dynamic. Received: dynamic=False"):
        LossScaleOptimizer(SGD(), dynamic=False)
    with pytest.raises(ValueError, match=r"expected an optimizer to take the steps. Received: 's"):
        LossScaleOptimizer("sgd")


def test_the_inner_loss_scale_goes():
    assert LossScaleOptimizer(SGD(loss_scale_factor=4.0)).inner_optimizer.loss_scale_factor is None
