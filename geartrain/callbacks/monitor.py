"""What callbacks share that watch one value in the logs: whether it gets better."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.callbacks.callback import Callback
from geartrain.callbacks.history import other_name
from geartrain.errors import describe_value, nearest, unknown_name, warn


class MonitorCallback(Callback):
    """A callback that follows one value in the logs and knows which way is better.

    Args:
        monitor: its name in the logs, such as `"val_loss"`.
        mode: `"min"` if less is better, `"max"` if more is, `"auto"` to tell by the metric.
        baseline: a value to beat from the start.
        min_delta: by how much a value must be better to count.

    Raises ValueError for another mode, and after the first epoch if "auto" cannot tell.

    >>> watch = MonitorCallback("val_accuracy", mode="max", min_delta=0.01)
    >>> watch.is_better(0.92, than=0.9), watch.is_better(0.905, than=0.9)
    (True, False)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise unknown_name(f"mode of {type(self).__name__}", mode, ("auto", "min", "max"))
        self.monitor, self.mode, self.best = monitor, mode, baseline
        self.min_delta = abs(min_delta)
        self._direction: str | None = None if mode == "auto" else mode
        self._has_warned = False

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget what earlier training was warned of."""
        self._has_warned = False

    def monitored(self, logs: Any) -> Any:
        """The watched value; None, with one warning, where the logs do not have it."""
        other = other_name(self.monitor)
        if logs and self.monitor not in logs and other in logs:
            warn(f"{type(self).__name__}: the logs have {other!r}. Write monitor={other!r}.")
            self.monitor = other
        value = (logs or {}).get(self.monitor)
        if hasattr(value, "shape") and np.size(value) == 1:
            value = float(np.reshape(value, ()))
        if self._direction is None and hasattr(self.model, "metrics"):
            self._direction = self._find_direction(logs or ())
        if value is None and not self._has_warned:
            self._has_warned = True
            warn(
                f"{type(self).__name__}: expected {self.monitor!r} in the logs. Received: "
                f"{', '.join(logs or ()) or 'no logs'}.{hint(self.monitor, logs or ())}"
            )
        return value

    get_monitor_value = monitored

    @property
    def monitor_op(self) -> Any:
        """`ops.less` or `ops.greater`, once it is known which way is better; None before."""
        return {"min": ops.less, "max": ops.greater}.get(self._direction or "")

    def is_better(self, value: float, than: float | None) -> bool:
        """Whether `value` is better by more than `min_delta`; anything but NaN is, than None.

        Raises ValueError for several numbers.
        """
        if np.size(value) > 1:
            raise ValueError(
                f"{type(self).__name__}: expected one number to watch. Received: {self.monitor!r} "
                f"with {describe_value(value)}. Let the metric average them."
            )
        if self._direction is None:
            self._direction = self._find_direction()
        if than is None or math.isnan(value):
            return not math.isnan(value)
        if self._direction == "min":
            return value + self.min_delta < than
        return value - self.min_delta > than

    def _find_direction(self, names: Collection[str] = ()) -> str:
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return "min"
        for metric in getattr(self.model, "metrics", ()):
            direction = getattr(metric, "_direction", None)
            if direction and (name == metric.name or name.endswith(f"_{metric.name}")):
                return "max" if direction == "up" else "min"
        raise ValueError(
            f"{type(self).__name__}: expected a metric of which it is known whether more is "
            f"better. Received: monitor={self.monitor!r}. Pass mode='max' or mode='min'."
            f"{'' if self.monitor in names else hint(self.monitor, names)}"
        )


def hint(wanted: str, names: Collection[str]) -> str:
    """What may help where a name is not among those of the logs.

    >>> hint("val_loss", ["loss"])
    ' Pass validation_data or validation_split to fit, and validate every epoch.'
    >>> hint("los", ["loss"])
    " Did you mean 'loss'?"
    """
    if wanted.startswith("val_") and not any(name.startswith("val_") for name in names):
        return " Pass validation_data or validation_split to fit, and validate every epoch."
    guess = nearest(wanted, names)
    return f" Did you mean {guess!r}?" if guess else ""
