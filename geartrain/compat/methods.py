"""Methods and attributes that objects of older Keras had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.compat.keywords import Changes, Gone, modern
from geartrain.errors import warn

_QUEUE = Gone("batches are taken as they are needed")
_GENERATORS: Changes = {
    "nb_epoch": "epochs",
    "nb_val_samples": "validation_steps",
    "val_samples": "steps",
    **dict.fromkeys(("max_q_size", "max_queue_size", "nb_worker", "workers"), _QUEUE),
    **dict.fromkeys(("pickle_safe", "use_multiprocessing"), _QUEUE),
}


class Older:
    """An attribute by its name of old, which may be set too.

    >>> class Rate:
    ...     learning_rate = 0.1
    ...     lr = Older("learning_rate")
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     Rate().lr
    0.1
    """

    def __init__(self, now: str) -> None:
        self.now = now

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def _hint(self, owner: object) -> None:
        warn(
            f"{type(owner).__name__}.{self.name} is how older versions of Keras said it. Write "
            f"{self.now}."
        )

    def __get__(self, owner: Any, cls: type) -> Any:
        if owner is None:
            return self
        self._hint(owner)
        return getattr(owner, self.now)

    def __set__(self, owner: Any, value: Any) -> None:
        self._hint(owner)
        setattr(owner, self.now, value)


def _by_todays(name: str, instead: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    warn(f"Model.{name} is how older versions of Keras said it. Write {instead}.")
    return modern(name, _GENERATORS, kwargs)


def fit_generator(
    model: Any, generator: Any, steps_per_epoch: int | None = None, epochs: int = 1, **kwargs: Any
) -> Any:
    """Train on the batches of a generator: `fit` takes one."""
    steps = kwargs.pop("samples_per_epoch", None)
    if steps is not None and steps_per_epoch is None:  # samples, where their number is known
        steps_per_epoch = max(1, steps // getattr(generator, "batch_size", 1))
    kwargs = _by_todays("fit_generator", "fit(generator, steps_per_epoch=...)", kwargs)
    kwargs = {"epochs": epochs, **kwargs}
    return model.fit(generator, steps_per_epoch=steps_per_epoch, **kwargs)


def evaluate_generator(model: Any, generator: Any, steps: int | None = None, **kwargs: Any) -> Any:
    """The loss and metrics over a generator's batches: `evaluate` takes one."""
    kwargs = _by_todays("evaluate_generator", "evaluate(generator, steps=...)", kwargs)
    return model.evaluate(generator, **{"steps": steps, "verbose": 0, **kwargs})


def predict_generator(model: Any, generator: Any, steps: int | None = None, **kwargs: Any) -> Any:
    """The outputs for a generator's batches: `predict` takes one."""
    kwargs = _by_todays("predict_generator", "predict(generator, steps=...)", kwargs)
    return model.predict(generator, **{"steps": steps, "verbose": 0, **kwargs})


def predict_proba(model: Any, x: Any, batch_size: int = 32, verbose: Any = 0) -> Any:
    """The outputs, which are probabilities where the model gives these."""
    _by_todays("predict_proba", "predict(x)", {})
    return model.predict(x, batch_size=batch_size, verbose=verbose)


def predict_classes(model: Any, x: Any, batch_size: int = 32, verbose: Any = 0) -> Any:
    """The most likely class of each sample; of one output, whether it is above a half."""
    _by_todays(
        "predict_classes",
        "np.argmax(model.predict(x), axis=-1) for several classes, or (model.predict(x) > 0.5) "
        "for two",
        {},
    )
    outputs = model.predict(x, batch_size=batch_size, verbose=verbose)
    return np.argmax(outputs, axis=-1) if outputs.shape[-1] > 1 else (outputs > 0.5).astype("int32")


def _shape_of(end: str) -> Callable[[Any], Any]:
    def shape(layer: Any) -> Any:
        warn(
            f"{type(layer).__name__}.{end}_shape is how older versions of Keras said it. Write "
            f"{end}.shape."
        )
        return tree.map_structure(lambda one: tuple(one.shape), getattr(layer, end))

    return shape


# Attributes of layers that were called on symbolic inputs, by name.
OF_CALLED = {f"{end}_shape": _shape_of(end) for end in ("input", "output")}

# Methods of models by name.
OF_MODELS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        fit_generator, evaluate_generator, predict_generator, predict_proba, predict_classes,
    )
}  # fmt: skip
