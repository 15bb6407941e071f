"""Windows of a series."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain.utils import timeseries_dataset_from_array

SERIES = np.arange(10.0)
SHIFTED = np.arange(12)[2:]


@pytest.mark.parametrize(
    ("arguments", "sequences", "targets"),
    [  # as the real Keras gives them
        ({"start_index": 0, "end_index": 8}, [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6],
                                              [5, 6, 7]], [2, 3, 4, 5, 6, 7]),
        ({"start_index": 6}, [[6, 7, 8], [7, 8, 9]], [8, 9]),
        ({"start_index": 2, "end_index": 9, "sequence_stride": 2},
         [[2, 3, 4], [4, 5, 6], [6, 7, 8]], [4, 6, 8]),
        ({"sampling_rate": 3}, [[0, 3, 6], [1, 4, 7], [2, 5, 8], [3, 6, 9]], [2, 3, 4, 5]),
    ],
)  # fmt: skip
def test_windows_are_those_of_keras(arguments, sequences, targets):
    for batch_size in (4, None):
        alone = timeseries_dataset_from_array(SERIES, None, 3, batch_size=batch_size, **arguments)
        pairs = timeseries_dataset_from_array(
            SERIES, SHIFTED, 3, batch_size=batch_size, **arguments
        )
        shuffled = timeseries_dataset_from_array(
            SERIES, SHIFTED, 3, batch_size=batch_size, shuffle=True, seed=3, **arguments
        )
        joined = np.concatenate if batch_size else np.stack
        np.testing.assert_array_equal(joined(list(alone)), sequences)
        np.testing.assert_array_equal(joined([x for x, _ in pairs]), sequences)
        np.testing.assert_array_equal(joined([y for _, y in pairs]), targets)
        assert len(pairs) == len(list(pairs))
        found = {
            int(first): int(target)
            for x, y in shuffled
            for first, target in zip(np.atleast_2d(x)[:, 0], np.atleast_1d(y), strict=True)
        }
        assert found == {row[0]: target for row, target in zip(sequences, targets, strict=True)}


def test_orders_are_random():
    data = timeseries_dataset_from_array(np.arange(60), None, 3, shuffle=True, seed=1)
    first, second = (next(iter(data))[:, 0].tolist() for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(58))
    assert first != second != list(range(58))


def test_vectors_and_series_on_a_disk(tmp_path):
    np.save(tmp_path / "series.npy", np.arange(40).reshape(20, 2))
    series = np.load(tmp_path / "series.npy", mmap_mode="r")
    (x, y), *_ = timeseries_dataset_from_array(series, series[4:], 4, batch_size=16)
    assert x.shape == (16, 4, 2) and y.shape == (16, 2)
    np.testing.assert_array_equal(y, x[:, 0] + 8)
    assert list(timeseries_dataset_from_array(np.arange(3), None, 9)) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start_index": -1}, "start_index above 0 and below the length"),
        ({"end_index": 10}, "end_index above 0 and below the length"),
        ({"start_index": 5, "end_index": 5}, "expected end_index above start_index"),
        ({"sequence_stride": 10}, "sequence_stride above 0"),
        ({"sampling_rate": 0}, "sampling_rate above 0"),
        ({"format": "torch"}, "expected format as 'tf' or"),
    ],
)
def test_mistakes_are_told(arguments, message):
    with pytest.raises(ValueError, match=message):
        timeseries_dataset_from_array(SERIES, None, 3, **arguments)
