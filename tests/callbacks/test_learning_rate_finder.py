"""LearningRateFinder: the rate it suggests learns fast, and it leaves no trace."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import Input, Model, Sequential, layers, optimizers
from geartrain.callbacks import LearningRateFinder
from geartrain.callbacks.learning_rate_finder import suggested

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(640, 20)).astype("float32")
Y = (X @ RANDOM.normal(size=(20, 4))).argmax(1)


def model_of(optimizer="adam"):
    model = Sequential(
        [Input((20,)), layers.Dense(32, activation="relu"), layers.Dense(4, activation="softmax")]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_suggestion_is_good_and_nothing_else_has_changed(optimizer, capsys):
    model, finder = model_of(optimizer), LearningRateFinder()
    before = [one.numpy() for one in model.variables]
    rate = float(model.optimizer.learning_rate)
    history = model.fit(X, Y, epochs=20, callbacks=finder, verbose=0)
    assert len(history.epoch) <= 5  # 100 steps at most of 20 each
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert float(model.optimizer.learning_rate) == rate and int(model.optimizer.iterations) == 0
    assert finder.learning_rates[0] == pytest.approx(1e-6)
    steps = np.diff(np.log(finder.learning_rates))
    np.testing.assert_allclose(steps, np.log(1e7) / 99, rtol=1e-6)
    assert f"try learning_rate={finder.suggestion:.1e}" in capsys.readouterr().out

    def after(rate):
        other = model_of(optimizer)
        other.optimizer.learning_rate = rate
        return other.fit(X, Y, epochs=2, verbose=0).history["loss"][-1]

    assert after(finder.suggestion) < 0.7 * after(finder.suggestion / 100)


@pytest.mark.filterwarnings("ignore:LearningRateFinder")  # there is nothing to be found
def test_losses_are_of_single_batches_and_smoothed():
    finder = LearningRateFinder(1e-12, 2e-12, steps=5, smoothing=0.5, verbose=0)
    model = model_of("sgd")
    model.fit(X[:160], Y[:160], callbacks=finder, verbose=0, shuffle=False)
    expected = [model.evaluate(X[n : n + 32], Y[n : n + 32], verbose=0) for n in range(0, 160, 32)]
    np.testing.assert_allclose(finder.losses, expected, rtol=1e-5)
    weights = 0.5 ** np.arange(4, -1, -1)
    np.testing.assert_allclose(
        finder.smoothed[-1], np.average(expected, weights=weights), rtol=1e-5
    )


def test_where_the_loss_does_not_fall():
    finder = LearningRateFinder(1e-12, 2e-12, steps=5)
    with pytest.warns(UserWarning, match=r"did not fall in 5 steps.*OverfitOneBatch"):
        model_of().fit(np.tile(X[:32], (5, 1)), np.tile(Y[:32], 5), callbacks=finder, verbose=0)
    assert finder.suggestion is None and suggested([1.0, 2.0], [3.0, 1.0]) is None
    assert suggested([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]) is None


def test_a_short_training_has_fewer_steps():
    finder = LearningRateFinder(verbose=0)
    model_of().fit(X, Y, batch_size=64, callbacks=finder, verbose=0)
    assert finder.steps == 10 and len(finder.losses) <= 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_lr": 1.0, "max_lr": 0.1}, "expected 0 < min_lr < max_lr.*min_lr=1.0"),
        ({"steps": 2}, "expected steps of at least 5 batches. Received: 2"),
        ({"smoothing": 1.0}, r"expected smoothing in \[0, 1\).*smoothing=1.0"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        LearningRateFinder(**options)


def test_what_it_cannot_work_with():
    schedule = optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    with pytest.raises(ValueError, match=r"whose learning rate is a number.*ExponentialDecay"):
        model_of(optimizers.SGD(schedule)).fit(X, Y, callbacks=LearningRateFinder(), verbose=0)

    class Own(Model):
        def train_step(self, data):
            return {"cost": 1.0}

    x = Input((20,))
    model = Own(x, layers.Dense(4)(x))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"'loss' in what train_step returns. Received: cost"):
        model.fit(X, Y, callbacks=LearningRateFinder(), verbose=0)
