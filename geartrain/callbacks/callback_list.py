"""The callbacks of one loop, told everything in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import tree
from geartrain.callbacks.callback import Callback
from geartrain.callbacks.history import History
from geartrain.callbacks.progbar_logger import ProgbarLogger
from geartrain.errors import describe_value


class CallbackList(Callback):
    """Several callbacks as one.

    Args:
        callbacks: a callback, or a list of them, or None.
        add_history: whether to add a `History` unless there is one.
        add_progbar: whether to add a `ProgbarLogger` unless there is one.
        model: the model.
        params: settings of the loop, such as `verbose`, `epochs`, `steps` and `samples`.

    Raises TypeError for what is not a callback.

    >>> listeners = CallbackList(add_history=True)
    >>> listeners.on_train_begin()
    >>> listeners.on_epoch_end(0, {"loss": 0.5})
    >>> listeners.callbacks[0].history
    {'loss': [0.5]}
    """

    def __init__(
        self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False,
        model: Any = None, **params: Any,
    ) -> None:  # fmt: skip
        self.callbacks: list[Callback] = []
        self._forget()
        for callback in [] if callbacks is None else tree.flatten(callbacks):
            self.append(callback)
        for wanted, cls in ((add_history, History), (add_progbar, ProgbarLogger)):
            if wanted and not any(isinstance(callback, cls) for callback in self.callbacks):
                self.callbacks.append(cls())
        self.set_model(model)
        self.set_params(params)

    def append(self, callback: Any) -> None:
        """Add a callback."""
        if isinstance(callback, type):
            raise TypeError(
                f"callbacks: expected Callback objects. Received: the class {callback.__name__}. "
                f"Call it: {callback.__name__}(...)."
            )
        if not isinstance(callback, Callback):
            raise TypeError(
                f"callbacks: expected Callback objects. Received: {describe_value(callback)}. "
                "Functions can be callbacks by LambdaCallback(on_epoch_end=...)."
            )
        self.callbacks.append(callback)
        self._forget()

    def _forget(self) -> None:
        """Look anew at which callbacks have which hooks, when that is needed."""
        self._told: dict[str, list[Callable[..., Any]]] = {}  # by hook
        self._wanted: dict[str, bool] = {}  # by loop

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell all callbacks the settings of the loop."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell all callbacks the model, and the model its history."""
        if model is None:
            return
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)
            if isinstance(callback, History):
                model.history = callback

    def wants_batches(self, loop: str) -> bool:
        """Whether any callback must hear of each batch of `loop` ("train", "test", "predict").

        If none must, `on_..._batch_end` may be called now and then and after the last batch only,
        for the progress bar.

        >>> CallbackList(add_history=True, add_progbar=True).wants_batches("train")
        False
        """
        if loop not in self._wanted:
            self._wanted[loop] = any(callback.wants_batches(loop) for callback in self.callbacks)
        return self._wanted[loop]

    def most_steps(self) -> int | None:
        """The least that any callback says, or None."""
        found = [callback.most_steps() for callback in self.callbacks]
        return min((most for most in found if most is not None), default=None)

    def _tell(self, hook: str, *place: int, logs: Any = None) -> None:
        if hook not in self._told:
            own = [callback for callback in self.callbacks if callback._overrides(hook)]
            self._told[hook] = [getattr(callback, hook) for callback in own]
        methods = self._told[hook]
        if methods:
            logs = plain_logs(logs)  # one dictionary: what a callback adds, the next ones see
            for method in methods:
                method(*place, logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_epoch_begin", epoch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_epoch_end", epoch, logs=logs)

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_batch_begin", batch, logs=logs)

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_batch_end", batch, logs=logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_train_batch_begin", batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_train_batch_end", batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_test_batch_begin", batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_test_batch_end", batch, logs=logs)

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_predict_batch_begin", batch, logs=logs)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_predict_batch_end", batch, logs=logs)

    def on_train_begin(self, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_train_begin", logs=logs)

    def on_train_end(self, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_train_end", logs=logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_test_begin", logs=logs)

    def on_test_end(self, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_test_end", logs=logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_predict_begin", logs=logs)

    def on_predict_end(self, logs: Any = None) -> None:
        """Tell all."""
        self._tell("on_predict_end", logs=logs)


def plain_logs(logs: Any) -> dict[str, Any]:
    """Logs by name in alphabetical order, scalars as Python numbers, dictionaries laid flat.

    >>> import numpy as np
    >>> plain_logs({"loss": np.float32(0.5), "all": {"acc": 1}})
    {'acc': 1.0, 'loss': 0.5}
    """
    plain: dict[str, Any] = {}
    for name, value in sorted((logs or {}).items()):
        if isinstance(value, dict):
            plain.update(plain_logs(value))
            continue
        try:
            plain[name] = float(value)
        except (TypeError, ValueError):  # outputs of predict, and texts
            plain[name] = value
    return plain
