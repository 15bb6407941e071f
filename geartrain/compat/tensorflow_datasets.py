"""`tensorflow_datasets`, as programs load it, for the sets of images of `geartrain.datasets`.

Nothing is prepared or written: the arrays come from `geartrain.datasets`, and become a
`geartrain.data.Dataset`. `geartrain run` puts this module where a script imports
`tensorflow_datasets`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from geartrain import datasets, tree
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.data import Dataset
from geartrain.errors import shown, unknown_name

__all__ = [
    "Split", "as_dataframe", "as_numpy", "builder", "disable_progress_bar", "list_builders", "load",
]  # fmt: skip

__version__ = "4.9.9"

Arrays = dict[str, np.ndarray[Any, Any]]
_PIECE = re.compile(r"(?P<split>\w+)(\[(?P<start>-?\d+%?)?:(?P<end>-?\d+%?)?\])?")


class Split:
    """The names of splits."""

    TRAIN, VALIDATION, TEST, ALL = "train", "validation", "test", "all"


class _Set(NamedTuple):
    """A data set: its module in `geartrain.datasets`, and the names of its labels."""

    module: str
    labels: tuple[str, ...]
    shape: tuple[int, ...]


_SETS = {
    "mnist": _Set("mnist", tuple("0123456789"), (28, 28, 1)),
    "fashion_mnist": _Set("fashion_mnist", datasets.fashion_mnist.CLASS_NAMES, (28, 28, 1)),
    "cifar10": _Set("cifar10", datasets.cifar10.CLASS_NAMES, (32, 32, 3)),
    "cifar100": _Set("cifar100", datasets.cifar100.CLASS_NAMES, (32, 32, 3)),
}


class Image(NamedTuple):
    """What is known of the images: their shape, and the dtype of their elements."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] = np.dtype("uint8")


class ClassLabel:
    """What is known of the labels: their names, by number.

    >>> label = ClassLabel(("cat", "dog"))
    >>> label.num_classes, label.int2str(1), label.str2int("cat")
    (2, 'dog', 0)
    """

    shape: tuple[int, ...] = ()
    dtype = np.dtype("int64")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = list(names)
        self.num_classes = len(names)

    def int2str(self, int_value: Any) -> str:
        """The name of a label."""
        return self.names[int(int_value)]

    def str2int(self, str_value: str) -> int:
        """The label of a name."""
        return self.names.index(str_value)


class SplitInfo(NamedTuple):
    """What is known of a split: its name and the number of its elements."""

    name: str
    num_examples: int


class DatasetInfo:
    """What is known of a data set: `name`, `features`, `splits` and `supervised_keys`."""

    supervised_keys = ("image", "label")

    def __init__(self, name: str, of: _Set, sizes: dict[str, int]) -> None:
        self.name = self.full_name = name
        self.features = {"image": Image(of.shape), "label": ClassLabel(of.labels)}
        self.splits = {split: SplitInfo(split, size) for split, size in sizes.items()}

    def __repr__(self) -> str:
        splits = ", ".join(f"{one.name}: {one.num_examples}" for one in self.splits.values())
        return f"DatasetInfo(name={self.name!r}, {splits})"


class Builder:
    """A data set before it is read: what `builder` returns."""

    def __init__(self, name: str) -> None:
        base = str(name).partition("/")[0].partition(":")[0]
        if base not in _SETS:
            error = unknown_name("data set", base, _SETS)
            raise ValueError(
                f"tensorflow_datasets.load: {error} Read the files of others with "
                "keras.utils.get_file and NumPy, and make a tf.data.Dataset of the arrays."
            )
        self.name, self._set = base, _SETS[base]
        self._splits: dict[str, Arrays] | None = None

    @property
    def info(self) -> DatasetInfo:
        """What is known of the data set."""
        sizes = {split: len(arrays["label"]) for split, arrays in self._read().items()}
        return DatasetInfo(self.name, self._set, sizes)

    def download_and_prepare(self, **_: Any) -> None:
        """Get the data set, if it is not on this machine."""
        self._read()

    def as_dataset(
        self,
        split: Any = None,
        *,
        batch_size: int | None = None,
        shuffle_files: bool = False,
        as_supervised: bool = False,
        **_: Any,
    ) -> Any:
        """What `load` returns, without the information."""
        splits = self._read()
        asked = dict.fromkeys(splits) if split is None else split
        if isinstance(asked, dict):
            asked = {name: name for name in asked}

        def made(one: str) -> Any:
            arrays = _piece(one, splits)
            elements: Any = (arrays["image"], arrays["label"]) if as_supervised else arrays
            if batch_size == -1:
                return tree.map_structure(tensor, elements)
            dataset = Dataset.from_tensor_slices(elements)
            if shuffle_files:
                dataset = dataset.shuffle(len(arrays["label"]))
            return dataset if batch_size is None else dataset.batch(batch_size)

        if isinstance(asked, dict | list | tuple):
            return tree.map_structure(made, asked)
        return made(asked)

    def _read(self) -> dict[str, Arrays]:
        if self._splits is None:
            train, test = getattr(datasets, self._set.module).load_data()
            self._splits = {
                name: {
                    "image": images.reshape(-1, *self._set.shape),
                    "label": labels.reshape(-1).astype("int64"),
                }
                for name, (images, labels) in (("train", train), ("test", test))
            }
        return self._splits


def load(
    name: str,
    *,
    split: Any = None,
    data_dir: Any = None,
    batch_size: int | None = None,
    shuffle_files: bool = False,
    download: bool = True,
    as_supervised: bool = False,
    with_info: bool = False,
    **kwargs: Any,
) -> Any:
    """A data set, as one `geartrain.data.Dataset` or several.

    Args:
        name: `"mnist"`, `"fashion_mnist"`, `"cifar10"` or `"cifar100"`; a version after a colon or
            a slash is left out.
        split: `"train"`, `"test"`, a part such as `"train[:80%]"` or `"train[1000:]"`, a sum such
            as `"train+test"`; several in a list or dictionary; None for all.
        data_dir: accepted; the data lie where `geartrain.datasets` finds or keeps them.
        batch_size: the elements are batches of so many; -1 for whole arrays.
        shuffle_files: whether the elements come in another order each time.
        download: accepted; what is not on this machine is downloaded.
        as_supervised: whether elements are pairs of image and label, not dictionaries.
        with_info: whether to return the data set and its `DatasetInfo`.
        kwargs: accepted: how TensorFlow would read.

    Raises ValueError for another name or split, FileNotFoundError where the data cannot be had.

    >>> load("imdb_reviews")
    Traceback (most recent call last):
    ValueError: tensorflow_datasets.load: Unknown data set: 'imdb_reviews'. Known: cifar10, ...
    """
    made = Builder(name)
    found = made.as_dataset(
        split, batch_size=batch_size, shuffle_files=shuffle_files, as_supervised=as_supervised
    )
    return (found, made.info) if with_info else found


def builder(name: str, **kwargs: Any) -> Builder:
    """A data set before it is read: has `info`, `download_and_prepare` and `as_dataset`."""
    return Builder(name)


def list_builders(**kwargs: Any) -> list[str]:
    """The names that `load` takes.

    >>> list_builders()
    ['cifar10', 'cifar100', 'fashion_mnist', 'mnist']
    """
    return sorted(_SETS)


def as_numpy(dataset: Any) -> Any:
    """Data sets as iterators of arrays, and tensors as arrays, in any nest."""

    def made(one: Any) -> Any:
        return _Rows(one) if isinstance(one, Dataset) else np.asarray(one)

    return tree.map_structure(made, dataset)


class _Rows:
    """A data set that is gone through as arrays, any number of times."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        return self.dataset.as_numpy_iterator()

    def __len__(self) -> int:
        return len(self.dataset)


def as_dataframe(ds: Any, ds_info: DatasetInfo | None = None) -> Any:
    """A pandas data frame of the elements."""
    import pandas

    rows = [one if isinstance(one, dict) else {"image": one[0], "label": one[1]}
            for one in as_numpy(ds)]  # fmt: skip
    return pandas.DataFrame(rows)


def disable_progress_bar() -> None:
    """Accepted: downloads draw a bar on terminals alone."""


def _piece(text: Any, splits: dict[str, Arrays]) -> Arrays:
    """The arrays of a split, of a part of one, or of several one after another."""
    if text == "all":
        text = "+".join(splits)
    pieces = []
    for one in str(text).split("+"):
        found = _PIECE.fullmatch(one.strip())
        if not isinstance(text, str) or found is None or found["split"] not in splits:
            raise ValueError(
                "tensorflow_datasets.load expected split to be 'train', 'test', 'train[:80%]' or "
                f"the like. Received: {shown(text)}"
            )
        arrays = splits[found["split"]]
        count = len(arrays["label"])
        part = slice(_edge(found["start"], count), _edge(found["end"], count))
        pieces.append({key: array[part] for key, array in arrays.items()})
    if len(pieces) == 1:
        return pieces[0]
    return {key: np.concatenate([one[key] for one in pieces]) for key in pieces[0]}


def _edge(text: str | None, count: int) -> int | None:
    """Where a part begins or ends: a number of elements, or a share of them in percent.

    >>> _edge("80%", 60_000), _edge("-100", 60_000), _edge(None, 5)
    (48000, -100, None)
    """
    if text is None:
        return None
    if text.endswith("%"):
        return round(int(text[:-1]) * count / 100)
    return int(text)
