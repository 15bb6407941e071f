"""Data sets: those of Keras, and a sample of MNIST that comes with the package.

Each has `load_data()`, which gives `(x_train, y_train), (x_test, y_test)` as NumPy arrays.
`find` and `places` tell where one lies on this machine, and never download.
"""

from __future__ import annotations

from geartrain.compat.names import finder
from geartrain.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    digits,
    fashion_mnist,
    imdb,
    mnist,
    published,
    reuters,
    source,
)
from geartrain.errors import unknown_name

__all__ = [
    "boston_housing", "california_housing", "cifar10", "cifar100", "digits", "fashion_mnist",
    "find", "imdb", "mnist", "places", "reuters",
]  # fmt: skip

_DATA_SETS: dict[str, source.DataSet | published.Files] = {
    "boston_housing": boston_housing.DATA_SET,
    "california_housing": california_housing.DATA_SET,
    "cifar10": cifar10.DATA_SET,
    "cifar100": cifar100.DATA_SET,
    "digits": digits.DATA_SET,
    "fashion_mnist": fashion_mnist.DATA_SET,
    "imdb": imdb.DATA_SET,
    "mnist": mnist.DATA_SET,
    "reuters": reuters.DATA_SET,
}
NAMES = tuple(_DATA_SETS)


def places(name: str) -> tuple[source.Place, ...]:
    """Every place on this machine where the data set is looked for, in order.

    Each has `label`, `folder`, `found` (the folder or file that holds the data, or None) and
    `note` (why it is None).

    Raises:
        ValueError: there is no data set of this name.

    >>> [place.label for place in places("digits")]
    ['the package']
    """
    data_set = _data_set(name)
    if isinstance(data_set, published.Files):
        return tuple(published.places(data_set))
    return tuple(source.places(data_set))


def find(name: str) -> source.Place | None:
    """The place that `load_data` would take the data set from without a download, or None.

    Raises:
        ValueError: there is no data set of this name.

    >>> find("digits").found.name
    'sample'
    >>> find("minst")
    Traceback (most recent call last):
    ValueError: Unknown data set: 'minst'. Did you mean 'mnist'? Known: boston_housing, \
california_housing, cifar10, cifar100, digits, fashion_mnist, imdb, mnist, reuters.
    """
    return next((place for place in places(name) if place.found), None)


def _data_set(name: str) -> source.DataSet | published.Files:
    if name not in _DATA_SETS:
        raise unknown_name("data set", name, _DATA_SETS)
    return _DATA_SETS[name]


__getattr__ = finder("datasets")  # names of older Keras, and why others are not here
