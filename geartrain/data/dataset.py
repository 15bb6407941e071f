"""`Dataset`: elements one after the other, which methods change, as `tf.data` has them."""

from __future__ import annotations

from geartrain.data.base import Base
from geartrain.data.combining import Combining
from geartrain.data.elementwise import Elementwise
from geartrain.data.grouping import Grouping
from geartrain.data.sources import Sources


class Dataset(Sources, Elementwise, Grouping, Combining):
    """Elements, each a tensor or tensors in tuples and dicts, that are made when they are read.

    A data set begins with `from_tensor_slices`, `from_generator`, `list_files`, ...; each method
    returns another one. A model takes one whose elements are batches: x, `(x, y)` or
    `(x, y, sample_weight)`. Rows of arrays that are only shuffled, cut and batched are never looked
    at one by one.

    Source: the names and their meaning are those of TensorFlow's `tf.data.Dataset`.

    >>> data = Dataset.from_tensor_slices(([1.0, 2.0, 3.0], [0, 1, 0])).batch(2)
    >>> for x, y in data:
    ...     print(x, y)
    [1. 2.] [0 1]
    [3.] [0]
    """


Base.root = Dataset
