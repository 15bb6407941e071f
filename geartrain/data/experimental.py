"""What `tf.data.experimental` has: methods of data sets as functions, for `Dataset.apply`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain.data.base import AUTOTUNE
from geartrain.data.base import INFINITE as INFINITE_CARDINALITY
from geartrain.data.base import UNKNOWN as UNKNOWN_CARDINALITY
from geartrain.data.csv_files import CsvDataset, make_csv_dataset
from geartrain.data.dataset import Dataset
from geartrain.data.readers import TFRecordWriter

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "AutoShardPolicy",
    "Counter",
    "CsvDataset",
    "RandomDataset",
    "TFRecordWriter",
    "assert_cardinality",
    "bucket_by_sequence_length",
    "cardinality",
    "choose_from_datasets",
    "copy_to_device",
    "enumerate_dataset",
    "get_single_element",
    "group_by_window",
    "make_csv_dataset",
    "map_and_batch",
    "prefetch_to_device",
    "rejection_resample",
    "sample_from_datasets",
    "scan",
    "shuffle_and_repeat",
    "take_while",
    "unbatch",
    "unique",
]

Change = Callable[[Any], Any]


class AutoShardPolicy:
    """How data are shared between machines: accepted as in TensorFlow, for there is one here."""

    OFF, AUTO, FILE, DATA, HINT = -1, 0, 1, 2, 3


def _applied(method: str) -> Callable[..., Change]:
    def function(*args: Any, **kwargs: Any) -> Change:
        return lambda dataset: getattr(dataset, method)(*args, **kwargs)

    function.__name__ = method
    function.__doc__ = f"What applies `Dataset.{method}` with these arguments."
    return function


bucket_by_sequence_length = _applied("bucket_by_sequence_length")
enumerate_dataset = _applied("enumerate")
group_by_window = _applied("group_by_window")
rejection_resample = _applied("rejection_resample")
scan = _applied("scan")
take_while = _applied("take_while")
unbatch = _applied("unbatch")
unique = _applied("unique")

Counter = Dataset.counter
RandomDataset = Dataset.random
choose_from_datasets = Dataset.choose_from_datasets
sample_from_datasets = Dataset.sample_from_datasets


def cardinality(dataset: Any) -> Any:
    """The number of elements; see `Dataset.cardinality`.

    >>> cardinality(Dataset.range(3))
    array(3)
    """
    return dataset.cardinality()


def get_single_element(dataset: Any) -> Any:
    """The only element; see `Dataset.get_single_element`."""
    return dataset.get_single_element()


def assert_cardinality(expected_cardinality: int) -> Change:
    """What states how many elements there are, and is an error where that is not so.

    >>> data = Dataset.range(6).filter(lambda x: x % 2 == 0)
    >>> len(data.apply(assert_cardinality(3)))
    3
    """
    return lambda dataset: dataset._counted(expected_cardinality)


def shuffle_and_repeat(buffer_size: int, count: int | None = None, seed: Any = None) -> Change:
    """What shuffles, then repeats."""
    return lambda dataset: dataset.shuffle(buffer_size, seed=seed).repeat(count)


def map_and_batch(
    map_func: Callable[..., Any], batch_size: int, num_parallel_batches: Any = None,
    drop_remainder: bool = False, num_parallel_calls: Any = None,
) -> Change:  # fmt: skip
    """What maps, then batches."""
    return lambda dataset: dataset.map(map_func).batch(batch_size, drop_remainder)


def prefetch_to_device(device: Any, buffer_size: int | None = None) -> Change:
    """What reads ahead: see `Dataset.prefetch`."""
    return lambda dataset: dataset.prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def copy_to_device(target_device: Any, source_device: Any = "/cpu:0") -> Change:
    """What leaves a data set as it is: all data are where they are computed with."""
    return lambda dataset: dataset
