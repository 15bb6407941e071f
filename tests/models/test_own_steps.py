"""Steps of one's own get the data as they were given, and need no `call`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.runtime.function import gradients_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(8, 3)).astype("float32")
Y = RANDOM.normal(size=(8, 1)).astype("float32")
W = RANDOM.uniform(size=8).astype("float32")


class Noted(keras.Model):
    """Notes the form of what its steps get."""

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.forms = layers.Dense(1, kernel_initializer="ones"), {}

    def call(self, x: Any) -> Any:
        return self.dense(x[0] if isinstance(x, list) else x)

    def note(self, step: str, data: Any) -> Any:
        form = f"{type(data).__name__} of {len(data)}" if isinstance(data, tuple) else "alone"
        self.forms.setdefault(step, form)
        return data

    def train_step(self, data: Any) -> Any:
        return super().train_step(self.note("train", data))

    def test_step(self, data: Any) -> Any:
        return super().test_step(self.note("test", data))

    def predict_step(self, data: Any) -> Any:
        return super().predict_step(self.note("predict", data))

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, **kwargs: Any) -> Any:
        if y is None:
            return ops.mean(y_pred)
        return super().compute_loss(x, y, y_pred, **kwargs)


GIVEN: list[tuple[Any, dict[str, Any], str]] = [
    (X, {}, "alone"),
    ([X, X], {}, "tuple of 1"),
    (X, {"y": Y}, "tuple of 2"),
    (X, {"y": Y, "sample_weight": W}, "tuple of 3"),
    ([X, X], {"y": Y}, "tuple of 2"),
]


@pytest.mark.parametrize(("x", "more", "form"), GIVEN)
def test_steps_get_what_was_given(x: Any, more: dict[str, Any], form: str) -> None:
    model = Noted()
    model.compile(keras.optimizers.SGD(0.0), "mse")
    history = model.fit(x, verbose=0, **more).history
    assert model.evaluate(x, verbose=0, **more) == pytest.approx(history["loss"][0], rel=1e-6)
    model.predict(x, verbose=0)
    alone = "tuple of 1" if isinstance(x, list) else "alone"
    assert model.forms == {"train": form, "test": form, "predict": alone}


def test_class_weights_are_a_third_and_validation_data_are_a_pair() -> None:
    model = Noted()
    model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    labels = (Y > 0).astype("float32")
    options = {"class_weight": {0: 1.0, 1: 2.0}, "validation_data": (X, labels), "verbose": 0}
    model.fit(X, labels, **options)
    assert model.forms == {"train": "tuple of 3", "test": "tuple of 2"}


def test_a_pair_is_unpacked_as_such() -> None:
    class Pairs(Noted):
        def train_step(self, data: Any) -> Any:
            x, y = data
            return keras.Model.train_step(self, (x, y))

    model = Pairs()
    model.compile(keras.optimizers.SGD(0.0), "mse")
    expected = float(np.mean((X.sum(1, keepdims=True) - Y) ** 2))
    assert model.fit(X, Y, verbose=0).history["loss"] == [pytest.approx(expected)]


@pytest.mark.parametrize("packed", [(X,), (X, Y), (X, Y, W)])
def test_packing_and_unpacking(packed: Any) -> None:
    wanted = (*packed, None, None)[:3]
    for form in (packed, list(packed)):
        for found, expected in zip(keras.utils.unpack_x_y_sample_weight(form), wanted, strict=True):
            assert found is expected
    again = keras.utils.pack_x_y_sample_weight(*packed)
    assert (
        again is X if len(packed) == 1 else all(a is b for a, b in zip(again, packed, strict=True))
    )
    with pytest.raises(ValueError, match=r"unpack_x_y_sample_weight: expected x.* a tuple of 4"):
        keras.utils.unpack_x_y_sample_weight((X, Y, W, W))


class Adversarial(keras.Model):
    """Two networks with an optimizer each, and no `call`: a GAN of the guides."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = keras.Sequential([layers.Dense(3)])
        self.discriminator = keras.Sequential([layers.Dense(4, "tanh"), layers.Dense(1)])
        self.noise = keras.random.SeedGenerator(1)
        self.d_mean, self.g_mean = keras.metrics.Mean(name="d"), keras.metrics.Mean(name="g")

    def compile(self, d_optimizer: Any, g_optimizer: Any) -> None:  # type: ignore[override]
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    @property
    def metrics(self) -> list[Any]:
        return [self.d_mean, self.g_mean]

    def train_step(self, data: Any) -> Any:
        noise = keras.random.normal((ops.shape(data)[0], 2), seed=self.noise)
        made, own = self.generator(noise), self.discriminator.trainable_weights
        entropy = keras.losses.BinaryCrossentropy(from_logits=True)

        def judged(x: Any, label: float) -> Any:
            scores = self.discriminator(x)
            return entropy(label * ops.ones_like(scores), scores)

        loss = judged(data, 1.0) + judged(made, 0.0)
        own = self.discriminator.trainable_weights
        self.d_optimizer.apply(gradients_of(loss, own), own)
        self.d_mean.update_state(loss)
        loss, own = judged(self.generator(noise), 1.0), self.generator.trainable_weights
        self.g_optimizer.apply(gradients_of(loss, own), own)
        self.g_mean.update_state(loss)
        return {"d": self.d_mean.result(), "g": self.g_mean.result()}


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_model_with_steps_and_no_call(eagerly: bool) -> None:
    keras.utils.set_random_seed(0)
    model = Adversarial()
    model.compile(keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01))
    model.run_eagerly = eagerly
    history = model.fit(X + 2, batch_size=4, epochs=30, verbose=0).history
    assert set(history) == {"d", "g"}
    assert len(model.trainable_weights) == 6
    assert history["d"][-1] < history["d"][0]
    assert np.isfinite(model.train_on_batch(X, return_dict=True)["g"])


def test_a_model_without_call_says_so_where_one_is_needed() -> None:
    model = Adversarial()
    for call in (lambda: model.predict(X, verbose=0), lambda: model(X)):
        with pytest.raises(NotImplementedError, match=r"needs a method call\(self, inputs\)"):
            call()
