"""Where the loss was lost: the layer and the op of the first value that is not finite."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import Input, Sequential, callbacks, layers, ops, optimizers, utils
from geartrain.errors import GeartrainWarning

X = np.random.default_rng(0).uniform(0.5, 1.0, size=(64, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
BAD = X.copy()
BAD[37] = -0.25  # of which no logarithm is a number


class Logarithm(layers.Layer):
    def call(self, x):
        return ops.log(x)


def model_of(*inside, optimizer=None, loss="mse"):
    utils.set_random_seed(2)
    model = Sequential([Input((4,)), *inside, layers.Dense(1, name="last")])
    model.compile(optimizer or optimizers.SGD(0.01), loss)
    return model


def stream():
    return ((BAD[start : start + 8], Y[start : start + 8]) for start in range(0, 64, 8))


CASES = {
    "a layer": ([Logarithm(name="logs")], {}, r"batch 4: NaN from the op 'log' in the layer"),
    "a random order": ([Logarithm(name="logs")], {"shuffle": True}, r"'log' in the layer 'logs'"),
    "steps of an epoch": (
        [Logarithm(name="logs")], {"steps_per_epoch": 6}, r"batch 4: NaN from the op 'log' in the"
    ),
    "a stream": ([Logarithm(name="logs")], {"x": stream}, r"batch 4: NaN from the op 'log' in the"),
    "every batch is told": (
        [Logarithm(name="logs")], {"callbacks": [callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: None)]}, r"batch 4: NaN from the op 'log'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_warning_names_the_layer_and_the_op(case):
    inside, settings, message = CASES[case]
    model = model_of(*inside)
    settings = {"x": BAD, "y": Y, "batch_size": 8, "shuffle": False, "verbose": 0, **settings}
    if callable(settings["x"]):
        settings |= {"x": settings["x"](), "y": None, "batch_size": None}
    with pytest.warns(
        GeartrainWarning, match=rf"became NaN.*first of all is in epoch 1, .*{message}"
    ):
        model.fit(**settings)


def test_the_loss_the_gradients_and_the_update():
    steep = model_of(loss=lambda y, p: ops.sqrt(p - p) + ops.mean(ops.square(y - p)))
    with pytest.warns(GeartrainWarning, match=r"batch 0: \w+ from the op '\w+' in the gradients"):
        steep.fit(X, Y, batch_size=8, verbose=0)
    wrong = model_of(loss=lambda y, p: ops.log(p - p) * 0.0)
    said = r"infinity from the op 'log' in the loss, which leads to NaN from the op 'multiply'"
    with pytest.warns(GeartrainWarning, match=said):
        wrong.fit(X, Y, batch_size=8, verbose=0)


def test_the_guard_says_it_too_and_all_is_as_it_was(capsys):
    model = model_of(Logarithm(name="guarded"), layers.GaussianNoise(0.1, seed=3))
    plain = model_of(Logarithm(name="guarded"), layers.GaussianNoise(0.1, seed=3))
    with pytest.warns(GeartrainWarning):
        model.fit(BAD, Y, batch_size=8, verbose=0, shuffle=False,
                  callbacks=[callbacks.TerminateOnNaN()])  # fmt: skip
    said = capsys.readouterr().out
    assert "Batch 4: the loss is nan. The first of all is in epoch 1, batch 4: NaN from" in said
    assert "'log' in the layer 'guarded' (Logarithm)" in said
    before = [one.numpy() for one in model.optimizer.variables]
    utils.set_random_seed(2)
    with pytest.raises(RuntimeError, match=r"at batch 4\. The first of all.*Logarithm.*Try a"):
        plain.fit(BAD, Y, batch_size=8, verbose=0, shuffle=False,
                  callbacks=[callbacks.TerminateOnNaN(raise_error=True)])  # fmt: skip
    for ours, other in zip(before, plain.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours, other.numpy())


def test_what_grows_without_bound():
    model = model_of(optimizer=optimizers.SGD(1e6))
    with pytest.warns(GeartrainWarning, match=r"The first of all is in epoch 1, batch \d+: \w+ "):
        model.fit(X, Y, batch_size=8, verbose=0)
