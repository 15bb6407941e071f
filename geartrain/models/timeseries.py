"""Windows of a series as batches, for programs of older Keras."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from geartrain import random
from geartrain.models.py_dataset import PyDataset


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target that follows it.

    The window of row r is `data[r - length : r : sampling_rate]`, its target `targets[r]`.

    Args:
        data: the series, along the first axis.
        targets: as many.
        length: how many rows a window spans.
        sampling_rate: take every so many-th row of a window.
        stride: how far one window is from the next.
        start_index, end_index: the first and the last row to use; the whole series by default.
        shuffle: whether to draw windows at random.
        reverse: whether windows run backwards in time.
        batch_size: windows a batch.
        **kwargs: those of `PyDataset`.

    Raises ValueError for data and targets of different lengths, and where no window is left.

    >>> series = np.arange(6.0)
    >>> x, y = TimeseriesGenerator(series, series, length=2, batch_size=3)[0]
    >>> x.tolist(), y.tolist()
    ([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]], [2.0, 3.0, 4.0])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ValueError(
                "TimeseriesGenerator: Data and targets have to be of same length. Received: "
                f"{len(data)} and {len(targets)}"
            )
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride, self.batch_size = sampling_rate, stride, batch_size
        self.shuffle, self.reverse = shuffle, reverse
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self._chance = np.random.default_rng(random.fresh_seed()) if shuffle else None
        if self.start_index > self.end_index:
            raise ValueError(
                f"TimeseriesGenerator: `start_index+length={self.start_index} > "
                f"end_index={self.end_index}` is disallowed, as no part of the sequence would be "
                "left to be used as current step."
            )

    def __len__(self) -> int:
        span = self.batch_size * self.stride
        return (self.end_index - self.start_index + span) // span

    def __getitem__(self, index: int) -> Any:
        if self._chance is not None:
            rows = self._chance.integers(self.start_index, self.end_index + 1, self.batch_size)
        else:
            span = self.batch_size * self.stride
            first = self.start_index + span * index
            rows = np.arange(first, min(first + span, self.end_index + 1), self.stride)
        windows = [self.data[row - self.length : row : self.sampling_rate] for row in rows.tolist()]
        samples, targets = np.array(windows), np.array([self.targets[row] for row in rows])
        return (samples[:, ::-1] if self.reverse else samples), targets

    def get_config(self) -> dict[str, Any]:
        """The arguments, with the data as JSON, as Keras has them.

        Raises TypeError for data that JSON cannot say.
        """
        names = (
            "length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse",
            "batch_size",
        )  # fmt: skip
        data = {name: json.dumps(np.asarray(getattr(self, name)).tolist()) for name in _DATA}
        return {**data, **{name: getattr(self, name) for name in names}}

    def to_json(self, **kwargs: Any) -> str:
        """The config as JSON.

        Args:
            **kwargs: for `json.dumps`, such as `indent`.
        """
        return json.dumps(
            {"class_name": "TimeseriesGenerator", "config": self.get_config()}, **kwargs
        )


_DATA = ("data", "targets")
