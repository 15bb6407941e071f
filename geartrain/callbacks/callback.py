"""The callback: what is told of everything that happens in `fit`, `evaluate` and `predict`."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from geartrain.configurable import Configurable

# For each loop, the hooks around its batches.
BATCH_HOOKS = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}
OTHER_NAMES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}
HOOKS = (
    "on_train_begin", "on_train_end", "on_test_begin", "on_test_end", "on_predict_begin",
    "on_predict_end", "on_epoch_begin", "on_epoch_end",
    *(name for names in BATCH_HOOKS.values() for name in names),
)  # fmt: skip


_NO_STATE = ("_model", "params", "_arguments")  # what `fit` and the maker set


class Callback(Configurable):
    """Something that watches training and may take part in it: override the hooks you need.

    In a hook, `self.model` is the model and `self.params` are the settings of the loop: `verbose`,
    `epochs`, `steps` (batches) and `samples`. Setting `self.model.stop_training = True` ends
    training. `logs` holds the loss and the metrics by name, in `on_epoch_end` also those of the
    validation data with `val_` in front.

    Batch hooks have their price: a loop that nobody watches runs whole epochs at a time.

    >>> class Announce(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch}: {logs['loss']}")
    >>> Announce().on_epoch_end(0, {"loss": 0.5})
    epoch 0: 0.5
    """

    params: dict[str, Any] | None = None
    _model: Any = None

    __reduce_ex__ = object.__reduce_ex__  # it is what it has seen, more than its arguments

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What `__new__` needs when the callback is copied or unpickled."""
        return (), dict(self._arguments)

    def __copy__(self) -> Any:
        """A callback of its own that watches the same model."""
        made = type(self).__new__(type(self), **self._arguments)
        made.__dict__.update(vars(self))
        return made

    def set_params(self, params: dict[str, Any]) -> None:
        """Take note of the settings of a loop that is about to start."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take note of the model that is about to be trained."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model."""
        return self._model

    def get_state(self) -> dict[str, Any]:
        """What it has seen so far, for a checkpoint, from which `set_state` goes on.

        By default all attributes that are None, numbers, texts, arrays, or lists, tuples and dicts
        of these, but for the arguments that it was made with. Override both where others count.

        >>> class Count(Callback):
        ...     epochs = 0
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.epochs += 1
        >>> (count := Count()).on_epoch_end(0)
        >>> count.get_state()
        {'epochs': 1}
        """
        given = vars(self)["_arguments"]
        return {
            name: copy.deepcopy(value)
            for name, value in vars(self).items()
            if name not in _NO_STATE and _is_plain(value)
            and not (value is given.get(name, self) and not isinstance(value, list | dict))
        }  # fmt: skip

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave; `on_train_begin` was called before.

        Lists and dicts stay the objects that they are, and get the values.
        """
        for name, value in state.items():
            present = vars(self).get(name)
            if isinstance(present, list) and isinstance(value, list):
                present[:] = value
            elif isinstance(present, dict) and isinstance(value, dict):
                present.clear()
                present.update(value)
            else:
                setattr(self, name, value)

    def _former_state(self, training: Any) -> Any:
        """The state that a training has to go on from, if the callback has kept one."""
        return None

    def wants_batches(self, loop: str) -> bool:
        """Whether a hook around each batch of `loop` ("train", "test", "predict") is overridden.

        >>> Callback().wants_batches("train")
        False
        """
        return any(map(self._overrides, BATCH_HOOKS[loop]))

    def most_steps(self) -> int | None:
        """How many steps may go by before the next batch hook, where not each batch is wanted.

        None: as many as fit into a twentieth of a second. Asked before each native call.

        >>> Callback().most_steps() is None
        True
        """
        return None

    def _overrides(self, hook: str) -> bool:
        """Whether a hook does anything: of this class, of its class, or of this object."""
        other = OTHER_NAMES.get(hook)
        own = getattr(getattr(self, hook), "__func__", None) is not getattr(Callback, hook)
        return own or (other is not None and self._overrides(other))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called before each epoch of training; epochs count from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Called after each epoch and its validation. What it adds to `logs` is recorded."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Another name for `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Another name for `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before each step of training; batches count from 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after each step of training, with the metrics of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before each batch of evaluation, also of validation."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after each batch of evaluation, with the metrics so far."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before each batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after each batch of prediction, with its `outputs`."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Called before training."""

    def on_train_end(self, logs: Any = None) -> None:
        """Called after training, with the last epoch's logs."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Called before evaluation, also before validation."""

    def on_test_end(self, logs: Any = None) -> None:
        """Called after evaluation, with its result."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Called before prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """Called after prediction."""


def _is_plain(value: Any) -> bool:
    """Whether a value is of a kind that checkpoints hold."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf"
    return isinstance(value, bool | int | float | str | np.bool_ | np.number | None)
