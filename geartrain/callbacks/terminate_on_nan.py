"""Stop when the loss is lost."""

from __future__ import annotations

import math
from typing import Any

from geartrain.callbacks.callback import Callback


class TerminateOnNaN(Callback):
    """Ends training when the loss is NaN or infinite, and tells which layer and op it comes from.

    Args:
        raise_error: whether to raise a RuntimeError rather than just stop.

    >>> from types import SimpleNamespace
    >>> guard = TerminateOnNaN()
    >>> guard.set_model(model := SimpleNamespace(stop_training=False))
    >>> guard.on_batch_end(7, {"loss": float("nan")})
    Batch 7: the loss is nan. Training stops.
    >>> model.stop_training
    True
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        training = getattr(self.model, "_training", None)
        where = "" if training is None else training.lookback.explain()
        where = f" {where}" if where else ""
        if self.raise_error:
            raise RuntimeError(
                "TerminateOnNaN: expected a finite loss. "
                f"Received: {loss} at batch {batch}.{where} Try a smaller learning "
                "rate, or clipnorm=1.0 in the optimizer."
            )
        print(f"Batch {batch}: the loss is {loss}.{where} Training stops.")
        self.model.stop_training = True
