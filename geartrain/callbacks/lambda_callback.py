"""Functions as a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain.callbacks.callback import HOOKS, Callback
from geartrain.errors import describe_value


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin, on_epoch_end: functions of `(epoch, logs)`.
        on_train_begin, on_train_end: functions of `(logs)`.
        on_train_batch_begin, on_train_batch_end: functions of `(batch, logs)`.
        kwargs: any other hook of `Callback`, by its name.

    Raises TypeError for an unknown hook, and for what is not a function.

    >>> shout = LambdaCallback(on_epoch_end=lambda epoch, logs: print("epoch", epoch))
    >>> shout.on_epoch_end(3, {})
    epoch 3
    """

    accepts = HOOKS

    def __init__(
        self, on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None, **kwargs: Callable[..., Any],
    ) -> None:  # fmt: skip
        for hook, function in self._arguments.items():
            if function is None:
                continue
            if not callable(function):
                raise TypeError(
                    f"LambdaCallback: expected {hook} to be a function. Received: "
                    f"{describe_value(function)}"
                )
            setattr(self, hook, function)
