"""Batches, epoch after epoch: where an epoch begins, and where it goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from geartrain.errors import warn
from geartrain.models.data import Batch


class Batches:
    """Batches of some data, epoch after epoch.

    Args:
        who: the method that they are for, for messages.
        class_weight: a weight for each class.
        steps: the number of batches of an epoch, where it is not all of them.
        goes_on: whether an epoch of `steps` begins where the one before stopped, as in training,
            rather than at the beginning of the data.

    Attributes:
        total: the number of samples, where it is known.
        samples: the number of those in an epoch, where it is known.
        count: the number of batches in an epoch, where it is known.
        ordered: how many things there are to put in order: samples or batches; None if the data
            come in an order of their own.
        passes: how often the data were begun.
        taken: how many batches were taken since they were begun last.
        order_of_pass: the order that holds since then.
        latest: the batch that was taken last, where batches are taken one by one.
    """

    total: int | None = None
    samples: int | None = None
    ordered: int | None = None

    def __init__(self, who: str, class_weight: Any, steps: int | None, goes_on: bool) -> None:
        self.who, self.class_weight = who, class_weight
        self.steps, self.goes_on, self.count = steps, goes_on, steps
        self._left: Iterator[Batch] = iter(())
        self._continues = False
        self.passes = self.taken = 0
        self.order_of_pass: np.ndarray | None = None
        self.latest: Batch | None = None

    def first(self) -> Batch:
        """The first batch, for tracing."""
        raise NotImplementedError

    def _all(self, order: np.ndarray | None, first: int = 0) -> Iterator[Batch]:
        """All batches, from the beginning of the data, or from the one with the number `first`."""
        raise NotImplementedError

    def epoch(self, order: np.ndarray | None = None, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch; `order` holds from where the data begin again.

        Where `first` batches of it were done before, those that come after.
        """
        if self.steps is not None and first >= self.steps:
            return
        continues = self._continues or bool(self.steps and self.goes_on)
        left = self._left if continues else iter(())
        self._continues = False
        head = list(itertools.islice(left, 1))
        self._left = left
        if not head and not (first and continues):
            self.begin(first)
            self.order_of_pass = order
            self._left = self._all(order, first)
        number = first
        most = None if self.steps is None else self.steps - first
        for batch in itertools.islice(itertools.chain(head, self._left), most):
            number += 1
            self.taken += 1
            self.latest = batch
            yield batch
        if number < (self.steps or 1) and self.total != 0:
            self._warn_of_the_end(number)

    def begin(self, first: int) -> int:
        """Note that the data begin again, or go on behind `first` batches; returns that number."""
        self.passes += not first
        self.taken = first
        return first

    def _warn_of_the_end(self, number: int) -> None:
        if number:
            warn(
                f"{self.who}: expected {self.steps} batches in an epoch. Received: {number}, where "
                "the data end. Ask for fewer steps, or give a generator that goes on."
            )
        else:
            warn(
                f"{self.who}: expected batches for another epoch. Received: data that were gone "
                "through before and cannot begin again. Give a PyDataset, or say how many steps "
                "an epoch has and give a generator that goes on."
            )

    def shuffled(self, random: np.random.Generator) -> np.ndarray | None:
        """A random order of what there is to put in order."""
        return random.permutation(self.ordered) if self.ordered else None

    def order(self, given: np.ndarray | None) -> np.ndarray | None:
        """The order of an epoch: the given one, unless the data have an order of their own."""
        return given

    def reached(self, position: int) -> None:
        """Told how many samples of the order are used, where the data may be read ahead."""

    def on_epoch_begin(self) -> None:
        """Tell the data, if they want to know."""

    def on_epoch_end(self) -> None:
        """Tell the data, if they want to know."""

    def place(self) -> dict[str, Any]:
        """How far the data are read, as plain values."""
        return {"passes": self.passes, "taken": self.taken}

    def go_on(self, place: dict[str, Any], order: np.ndarray | None, midway: bool) -> None:
        """Stand where the data of another process stood, which are the same.

        Args:
            place: what `place` told there.
            order: the order of the pass through the data that is under way.
            midway: whether an epoch is under way.
        """
        self.passes, self.taken, self.order_of_pass = place["passes"], place["taken"], order
        if self.steps and self.goes_on and self.passes:
            self._left = self._all(order, self.taken)


def other_data(who: str, received: str) -> ValueError:
    """The error for data that are not those which an earlier process trained with."""
    return ValueError(
        f"{who}: expected the batches that this training had before. Received: {received}, whose "
        "random numbers may have no seed. Call utils.set_random_seed at the start of the program, "
        "or begin anew in another folder."
    )
