"""OverfitOneBatch: silent where all is well; where a fault was planted, it is named."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import (
    Input,
    Model,
    Sequential,
    initializers,
    layers,
    losses,
    optimizers,
    regularizers,
)
from geartrain.callbacks import OverfitOneBatch
from geartrain.errors import GeartrainWarning

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(64, 20)).astype("float32")
Y = RANDOM.integers(0, 4, 64)
TARGETS = RANDOM.normal(size=(64, 1)) * 3
CLASSES = "sparse_categorical_crossentropy"
STRONG = regularizers.L2(1.0)
DEAD = initializers.Constant(-50.0)


def fit(parts, loss=CLASSES, optimizer="adam", x=X, y=Y, **options):
    model = Sequential([Input(x.shape[1:]), *parts])
    model.compile(optimizer, loss)
    before = [one.numpy() for one in model.variables]
    check = OverfitOneBatch(**options)

    class Compare(OverfitOneBatch):
        def on_train_begin(self, logs=None):
            for variable, value in zip(model.variables, before, strict=True):
                np.testing.assert_array_equal(variable.numpy(), value)
            assert int(model.optimizer.iterations) == 0

    history = model.fit(x, y, callbacks=[check, Compare()], verbose=0)
    assert history.epoch == [0]  # training goes on
    return check


def dense(units, *args, **kwargs):
    return layers.Dense(units, *args, **kwargs)


@pytest.mark.parametrize(
    ("parts", "loss", "y"),
    [
        ([dense(64, "relu"), dense(4, "softmax")], CLASSES, Y),
        ([dense(64, "relu"), dense(4)], losses.SparseCategoricalCrossentropy(from_logits=True), Y),
        ([dense(64, "tanh"), dense(1)], "mse", TARGETS / 3),
        ([dense(64, "relu"), dense(20, "sigmoid")], "binary_crossentropy", (X > 0) * 0.8 + 0.1),
        ([dense(32), layers.BatchNormalization(), layers.ReLU(), dense(1, "sigmoid")],
         "binary_crossentropy", Y % 2),
    ],
)  # fmt: skip
def test_a_sound_network_memorises_a_batch(parts, loss, y, capsys):
    check = fit(parts, loss, optimizers.Adam(0.01), y=y)
    assert check.memorised and not check.findings
    assert "32 samples memorised" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        ({"optimizer": optimizers.SGD(1e-5)}, "rate 1e-05 is too low: with 1 the batch is memori"),
        ({"optimizer": optimizers.SGD(1e5)}, "rate 100000 is too high"),
        ({"parts": [dense(64, "relu"), layers.Lambda(lambda x: 3 * x[:, :4])]},
         "takes probabilities, and the outputs reach from"),
        ({"parts": [dense(8, "sigmoid"), dense(1, "sigmoid")], "loss": "mse", "y": TARGETS},
         r"last activation, sigmoid, gives values in \[0, 1\], and the targets reach"),
        ({"parts": [dense(64, "relu", trainable=False), dense(4, "softmax", trainable=False)]},
         "No weight is trainable"),
        ({"parts": [dense(1, "relu", trainable=False, name="frozen"), dense(4, "softmax")]},
         "weights of frozen are frozen"),
        ({"x": np.repeat(X[:8], 8, 0)}, "have the inputs of another sample and other labels"),
        ({"x": np.ones_like(X)}, "All inputs of the batch are equal"),
        ({"parts": [dense(64, "relu", bias_initializer=DEAD, name="dead"), dense(4, "softmax")]},
         "Dead units, which give 0 for every sample: 64 of 64 in dead"),
        ({"parts": [dense(64, "relu", bias_initializer=DEAD, name="d"), dense(4, "softmax")]},
         "No gradient reaches .*d/kernel"),
        ({"parts": [dense(64, "relu", kernel_regularizer=STRONG), dense(4, "softmax")]},
         "% of the loss are penalties"),
        ({"parts": [dense(8, "relu"), layers.Dropout(0.9, name="drop"), dense(4, "softmax")],
          "steps": 20}, r"Dropout is strong: drop \(0.9\)"),
        ({"x": X * 1e4, "optimizer": optimizers.SGD(10.0)}, "inputs reach .* Scale them"),
        ({"parts": [dense(1)], "loss": "mse", "y": TARGETS * 1e4}, "targets reach .* Scale them"),
        ({"parts": [layers.Dense(1, "tanh"), dense(4, "softmax")]}, "No cause was found"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*the loss became NaN")
def test_a_fault_is_named(options, finding):
    options = {"parts": [dense(64, "relu"), dense(4, "softmax")], **options}
    with pytest.warns(GeartrainWarning, match=rf"(?s)did not memorise 32 samples.*{finding}"):
        check = fit(**options)
    assert check.memorised is False and check.findings


def test_strict_and_wrong_arguments():
    with pytest.raises(ValueError, match=r"(?s)did not memorise .* in 10 steps.*\n- "):
        fit([dense(2, "relu"), dense(4, "softmax")], steps=10, strict=True)
    with pytest.raises(ValueError, match=r"at least 10 steps, and a target .*steps=3"):
        OverfitOneBatch(steps=3)

    check = OverfitOneBatch()
    check.set_model(Sequential([Input((20,)), layers.Dense(4)]))
    with pytest.raises(ValueError, match="expected to be called by fit"):
        check.on_train_begin()

    class Own(Model):
        def test_step(self, data):
            return {"cost": 1.0}

    x = Input((20,))
    model = Own(x, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"expected 'loss' in what test_step returns.*: cost"):
        model.fit(X, Y, callbacks=OverfitOneBatch(), verbose=0)
