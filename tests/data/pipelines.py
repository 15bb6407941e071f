"""Data sets whose elements are compared: each made by the class `D`, here or TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_PAIRS = (np.arange(10.0), {"a": np.arange(20).reshape(10, 2), "b": np.arange(10) % 3})


def _pairs(D: Any) -> Any:
    return D.from_tensor_slices(_PAIRS)


def _counted(D: Any, last: int = 7) -> Any:
    """Vectors 0, 1 1, 2 2 2, ..., of several lengths."""

    def make() -> Any:
        for number in range(last):
            yield np.full(number % 4 + 1, number, "int32")

    return D.from_generator(make, output_types="int32", output_shapes=(None,))


def _add_all(total: Any, x: Any) -> Any:
    return total + x


PIPELINES: dict[str, Callable[[Any], Any]] = {
    "slices": _pairs,
    "slices of lists": lambda D: D.from_tensor_slices(([1, 2], [0.5, 1.5], ["a", "bc"])),
    "tensors": lambda D: D.from_tensors((np.eye(2), 3)).repeat(2),
    "range": lambda D: D.range(10, 0, -3),
    "range of floats": lambda D: D.range(3, output_type="float32"),
    "batch": lambda D: _pairs(D).batch(4),
    "batch without remainder": lambda D: _pairs(D).batch(4, drop_remainder=True),
    "batch of mapped": lambda D: _pairs(D).map(lambda x, y: (x * 2, y["a"][0])).batch(3),
    "batch of batches": lambda D: D.range(12).batch(2).batch(3),
    "take and skip": lambda D: D.range(20).skip(3).take(5).skip(1).batch(3),
    "take of all": lambda D: D.range(3).take(-1),
    "skip beyond": lambda D: D.range(3).skip(9),
    "take none": lambda D: D.range(3).repeat().take(0),
    "repeat": lambda D: D.range(3).repeat(3).batch(4),
    "repeat, cut": lambda D: D.range(5).repeat().skip(7).take(6).batch(4),
    "repeat of batches": lambda D: D.range(3).batch(2).repeat(2),
    "repeat none": lambda D: D.range(3).repeat(0),
    "shard": lambda D: D.range(11).shard(3, 1).batch(2),
    "shard of repeated": lambda D: D.range(5).repeat(3).shard(4, 2).batch(2),
    "shard of cut": lambda D: D.range(30).skip(4).shard(5, 3).take(3),
    "shuffled by one": lambda D: D.range(6).shuffle(1),
    "shuffled, in order": lambda D: D.range(5).shuffle(1).batch(3).repeat(2),
    "enumerate": lambda D: _pairs(D).batch(3).enumerate(2),
    "zip": lambda D: D.zip((D.range(4), D.range(10, 20))).batch(3),
    "zip of dicts": lambda D: D.zip({"u": D.range(2), "v": (D.range(3), D.range(4))}),
    "zip of mapped": lambda D: D.zip((D.range(4).map(lambda x: x + 1), D.range(9).skip(2))),
    "zip of cut": lambda D: D.zip((D.range(9).skip(2), D.range(9).skip(2))).batch(4),
    "concatenate": lambda D: D.range(3).concatenate(D.range(8, 10)).batch(2),
    "filter": lambda D: D.range(10).filter(lambda x: x % 3 == 0).batch(3),
    "filter of pairs": lambda D: _pairs(D).filter(lambda x, y: y["b"] == 1).map(lambda x, y: x),
    "take while": lambda D: D.range(10).take_while(lambda x: x < 4),
    "unbatch": lambda D: _pairs(D).batch(4).unbatch().skip(8),
    "rebatch": lambda D: D.range(10).batch(4).rebatch(3),
    "rebatch, dropped": lambda D: D.range(10).batch(4).rebatch(3, drop_remainder=True),
    "rebatch in turns": lambda D: D.range(9).batch(4).rebatch([2, 1]),
    "padded": lambda D: _counted(D).padded_batch(3),
    "padded to a shape": lambda D: _counted(D).padded_batch(
        4, padded_shapes=[6], padding_values=-1),
    "padded pairs": lambda D: _counted(D).map(lambda x: (x, {"n": x[0]})).padded_batch(
        2, padded_shapes=([None], {"n": []}), drop_remainder=True),
    "padded texts": lambda D: D.from_generator(
        lambda: iter([["a"], ["b", "cc"]]), output_types="string", output_shapes=(None,)
    ).padded_batch(2),
    "window": lambda D: D.range(7).window(3).flat_map(lambda w: w.batch(3)),
    "window, moved": lambda D: D.range(7).window(3, shift=1).flat_map(lambda w: w.batch(3)),
    "window, moved and full": lambda D: D.range(7).window(
        3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3)),
    "window of strides": lambda D: D.range(9).window(3, 2, 2).flat_map(lambda w: w.batch(9)),
    "window far apart": lambda D: D.range(9).map(lambda x: x).window(2, 4).flat_map(
        lambda w: w.batch(9)),
    "window of mapped": lambda D: D.range(9).map(lambda x: x + 1).window(
        4, 2, 2, True).flat_map(lambda w: w.batch(4)),
    "window of pairs": lambda D: D.zip((D.range(6), D.range(10, 16))).window(2, 3).flat_map(
        lambda a, b: D.zip((a.batch(2), b.batch(2)))),
    "flat map": lambda D: D.range(4).flat_map(lambda x: D.from_tensors(x).repeat(2)),
    "interleave": lambda D: D.range(1, 6).interleave(
        lambda x: D.from_tensors(x).repeat(6), cycle_length=2, block_length=4),
    "interleave of many": lambda D: D.range(2).interleave(
        lambda x: D.range(3).map(lambda y: y + 10 * x), cycle_length=5),
    "interleave of unequal": lambda D: D.range(1, 7).interleave(
        lambda x: D.from_tensors(x).repeat(x), cycle_length=3, block_length=2),
    "scan": lambda D: D.range(5).scan(np.int64(0), lambda s, x: (s + x, s * 2)),
    "reduce": lambda D: D.from_tensors(D.range(6).reduce(np.int64(1), _add_all)),
    "unique": lambda D: D.from_tensor_slices([3, 1, 3, 2, 1]).unique(),
    "group by window": lambda D: D.range(11).group_by_window(
        key_func=lambda x: x % 3, reduce_func=lambda key, group: group.batch(2), window_size=2),
    "buckets": lambda D: _counted(D, 12).bucket_by_sequence_length(
        lambda x: np.shape(x)[0] if not hasattr(x, "op") else _length(x), [2, 4], [3, 2, 2]),
    "choose": lambda D: D.choose_from_datasets(
        [D.range(3), D.range(10, 13)], D.from_tensor_slices(np.array([0, 1, 1, 0, 1, 1, 0]))),
    "choose on": lambda D: D.choose_from_datasets(
        [D.range(3), D.range(10, 12)], D.from_tensor_slices(np.array([0, 1, 1, 0, 1, 1, 0])),
        stop_on_empty_dataset=False),
    "cache": lambda D: D.range(4).map(lambda x: x * 2).cache().repeat(2),
    "prefetch": lambda D: D.range(5).map(lambda x: x * 2).prefetch(2).batch(2),
    "apply": lambda D: D.range(5).apply(lambda data: data.batch(2)),
    "single": lambda D: D.from_tensors(D.range(5).batch(5).get_single_element()),
}  # fmt: skip


def _length(x: Any) -> Any:
    import tensorflow as tf

    return tf.shape(x)[0]


def plain(element: Any) -> Any:
    """An element as JSON has it: for each tensor its dtype and its values."""
    if isinstance(element, dict):
        return {name: plain(item) for name, item in element.items()}
    if isinstance(element, tuple):
        return [plain(item) for item in element]
    array = np.asarray(element)
    if array.dtype.kind in "OSU":
        texts = [x.decode() if isinstance(x, bytes) else str(x) for x in array.reshape(-1)]
        return {"dtype": "string", "values": np.array(texts, object).reshape(array.shape).tolist()}
    return {"dtype": array.dtype.name, "values": array.tolist()}


def described(dataset: Any) -> dict[str, Any]:
    """All that is compared of a data set."""

    def spec(one: Any) -> Any:
        if isinstance(one, dict):
            return {name: spec(item) for name, item in one.items()}
        if isinstance(one, tuple):
            return [spec(item) for item in one]
        shape = None if one.shape is None else list(one.shape)
        return [shape, getattr(one.dtype, "name", one.dtype)]

    return {
        "cardinality": int(dataset.cardinality()),
        "spec": spec(dataset.element_spec),
        "elements": [plain(element) for element in dataset.as_numpy_iterator()],
    }
