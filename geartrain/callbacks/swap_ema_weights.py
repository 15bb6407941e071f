"""Evaluate with averaged weights."""

from __future__ import annotations

from typing import Any

from geartrain.callbacks.callback import Callback


class SwapEMAWeights(Callback):
    """Puts the moving averages of the weights in their place while the model is evaluated.

    Needs an optimizer with `use_ema=True`. Weights and averages change places and lose nothing.

    Args:
        swap_on_epoch: whether to have the averages in place at the end of each epoch too, for
            callbacks behind this one, such as `ModelCheckpoint`.

    Raises ValueError for an optimizer that keeps no averages.

    >>> SwapEMAWeights(swap_on_epoch=True).swap_on_epoch
    True
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._averages_in_place = False

    def _put(self, averages: bool) -> None:
        """Have the averages in place, or the weights."""
        if averages == self._averages_in_place:
            return
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        if not getattr(optimizer, "use_ema", False):
            raise ValueError(
                "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer. "
                f"Received: {type(optimizer).__name__} with use_ema=False"
            )
        if optimizer.built:
            optimizer.swap_averages()
            self._averages_in_place = averages

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Train the weights."""
        self._put(averages=False)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Show the averages to the callbacks behind this one."""
        if self.swap_on_epoch:
            self._put(averages=True)

    def on_train_end(self, logs: Any = None) -> None:
        """Leave the averages in place, as any optimizer does that keeps them."""
        self._averages_in_place = False

    def on_test_begin(self, logs: Any = None) -> None:
        """Evaluate the averages."""
        self._put(averages=True)

    def on_test_end(self, logs: Any = None) -> None:
        """Go on with the weights."""
        self._put(averages=False)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Predict by the averages."""
        self._put(averages=True)

    def on_predict_end(self, logs: Any = None) -> None:
        """Go on with the weights."""
        self._put(averages=False)
