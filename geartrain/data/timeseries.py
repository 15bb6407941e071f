"""`timeseries_dataset_from_array`: windows of a series as batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.data.base import AUTOTUNE
from geartrain.data.dataset import Dataset
from geartrain.data.directories import check_format
from geartrain.errors import shown
from geartrain.random import fresh_seed


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Any:
    """Windows of a series, as a data set of batches `(sequences, targets)`.

    Sequence number i has the steps `s i + r j` for j from 0 to `sequence_length` - 1, with
    `s = sequence_stride` and `r = sampling_rate`; its target is `targets[s i]`.

    Args:
        data: the series: an array with a first axis of time steps.
        targets: for each step the target of the sequence that starts there; None for sequences
            alone.
        sequence_length: how many steps a sequence has.
        sequence_stride: by how many steps each starts behind the one before.
        sampling_rate: the distance of the steps within a sequence.
        batch_size: sequences in a batch; None for single sequences.
        shuffle: whether they come in a random order, a new one each time.
        seed: of that order.
        start_index, end_index: the part of the series to use: from a step up to another, which
            does not belong to it.
        format: "tf" or "grain": accepted as in Keras, and a `data.Dataset` for both.

    Returns a `Dataset`. The windows are cut when they are read: the series is not copied.

    Raises ValueError for numbers that do not fit the length of the series.

    >>> windows = timeseries_dataset_from_array(np.arange(6), np.arange(6)[3:], 3)
    >>> for x, y in windows:
    ...     print(x.tolist(), y)
    [[0, 1, 2], [1, 2, 3], [2, 3, 4]] [3 4 5]
    """
    count = len(data)
    _check(
        count, sequence_stride=sequence_stride, sampling_rate=sampling_rate,
        start_index=start_index or None, end_index=end_index or None,
    )  # fmt: skip
    if start_index and end_index and end_index <= start_index:
        raise ValueError(
            "timeseries_dataset_from_array: expected end_index above start_index. "
            f"Received: start_index={start_index}, end_index={end_index}"
        )
    check_format("timeseries_dataset_from_array", format)
    start, end = start_index or 0, end_index or count
    starts = end - start - (sequence_length - 1) * sampling_rate
    if targets is not None:
        starts = min(starts, len(targets))
    numbers = np.arange(0, max(starts, 0), sequence_stride)
    if shuffle:
        seed = fresh_seed() % 1_000_000 if seed is None else seed
        np.random.RandomState(seed).shuffle(numbers)
    series = _array(data)[start:end]
    steps = np.arange(sequence_length) * sampling_rate
    answers = None if targets is None else _array(targets)[start:end]
    places = Dataset.from_tensor_slices(numbers)
    if shuffle:
        size = 1024 if batch_size is None else batch_size * 8
        places = places.shuffle(size, seed=seed)
    if batch_size is not None:
        places = places.batch(batch_size)

    def window(place: Any) -> Any:
        place = np.asarray(place)
        sequences = series[place[..., None] + steps]
        return sequences if answers is None else (sequences, answers[place])

    return places.map(window).prefetch(AUTOTUNE)


def _array(values: Any) -> np.ndarray:
    """What was given as an array, of which parts are read when they are needed."""
    return values if isinstance(values, np.ndarray) else np.asarray(values)


def _check(count: int, **numbers: Any) -> None:
    """Refuse numbers of steps that are not from 1 (an index: from 0) to below the length."""
    for name, value in numbers.items():
        if value is not None and not 0 < value < count:
            raise ValueError(
                f"timeseries_dataset_from_array: expected {name} above 0 and below the length of "
                f"the data, {count}. Received: {shown(value)}"
            )
