"""Functions over batches, as Keras's `make_train_function` makes them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from geartrain.models.data import Batch, unpack_x_y_sample_weight


class BatchFunctions:
    """The part of a model that makes them, and that asks for those of classes of yours."""

    train_function: Any = None
    test_function: Any = None
    predict_function: Any = None

    def run_step(self, kind: str, batch: Batch) -> Any:
        """Run one step; the result has the form that the step returned."""
        raise NotImplementedError

    def make_train_function(self, force: bool = False) -> Any:
        """What trains on the next batch of an iterator, and returns the logs: `train_function`.

        Override it, and `fit` calls yours: a function that takes as many batches as it likes.

        Args:
            force: make it anew, even if it is there.
        """
        return self._function("train", force)

    def make_test_function(self, force: bool = False) -> Any:
        """The same for evaluation: `test_function`."""
        return self._function("test", force)

    def make_predict_function(self, force: bool = False) -> Any:
        """The same for predictions, which it returns: `predict_function`."""
        return self._function("predict", force)

    def _function(self, kind: str, force: bool) -> Any:
        name = f"{kind}_function"
        if force or getattr(self, name) is None:
            setattr(self, name, functools.partial(self._next_step, kind))
        return getattr(self, name)

    def _next_step(self, kind: str, iterator: Iterator[Any]) -> Any:
        data = next(iterator)
        return self.run_step(kind, Batch(*unpack_x_y_sample_weight(data)))

    def own_function(self, kind: str) -> Any:
        """The function over batches that a model of yours makes itself; None if it makes none."""
        make = f"make_{kind}_function"
        if getattr(type(self), make) is getattr(BatchFunctions, make):
            return None
        made = getattr(self, make)()
        return getattr(self, f"{kind}_function") or made
