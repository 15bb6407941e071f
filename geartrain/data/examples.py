"""`tf.train.Example`: features by their names, as records hold them, and what parses them.

An Example is a message of protocol buffers: a map of names to lists of bytes, floats or whole
numbers. Source: TensorFlow's example.proto and feature.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from geartrain.data.elements import as_tensor
from geartrain.data.spec import dtype_name
from geartrain.errors import shown
from geartrain.graph.eager import eager
from geartrain.summaries.messages import fields, message, varint


class _List:
    """A list of values of one kind."""

    number = 0  # of the kind, in a feature

    def __init__(self, value: Any = ()) -> None:
        self.value = list(np.asarray(value).reshape(-1)) if hasattr(value, "shape") else list(value)

    def _body(self) -> bytes:
        raise NotImplementedError(f"{type(self).__name__} needs _body: the bytes of its values.")


class BytesList(_List):
    """Bytes: `BytesList(value=[b"one"])`."""

    number = 1

    def _body(self) -> bytes:
        return message({1: [bytes(getattr(one, "numpy", lambda o=one: o)()) for one in self.value]})


class FloatList(_List):
    """Floats of 32 bits."""

    number = 2

    def _body(self) -> bytes:
        return message({1: np.asarray(self.value, "<f4").tobytes()}) if self.value else b""


class Int64List(_List):
    """Whole numbers of 64 bits."""

    number = 3

    def _body(self) -> bytes:
        return message({1: b"".join(varint(int(one)) for one in self.value)}) if self.value else b""


class Feature:
    r"""The values of one name: one of the three lists.

    >>> Feature(int64_list=Int64List(value=[7])).SerializeToString()
    b'\x1a\x03\n\x01\x07'
    """

    def __init__(
        self, bytes_list: Any = None, float_list: Any = None, int64_list: Any = None
    ) -> None:
        self.bytes_list, self.float_list, self.int64_list = bytes_list, float_list, int64_list

    def SerializeToString(self) -> bytes:  # as protocol buffers name it
        """The bytes of the message."""
        lists = (self.bytes_list, self.float_list, self.int64_list)
        return message({one.number: one._body() for one in lists if one is not None})


class Features:
    """Features by their names: `Features(feature={"x": Feature(...)})`."""

    def __init__(self, feature: Mapping[str, Feature] | None = None) -> None:
        self.feature = dict(feature or {})


class Example:
    """One sample of a record: `Example(features=Features(feature={...}))`.

    >>> values = Feature(int64_list=Int64List(value=[1, -2]))
    >>> record = Example(features=Features(feature={"x": values})).SerializeToString()
    >>> parse_single_example(record, {"x": FixedLenFeature((2,), "int64")})
    {'x': array([ 1, -2])}
    """

    def __init__(self, features: Features | None = None) -> None:
        self.features = features or Features()

    def SerializeToString(self) -> bytes:  # as protocol buffers name it
        """The bytes of the message."""
        entries = []
        for name, feature in self.features.feature.items():
            entries.append(message({1: name, 2: feature.SerializeToString()}))
        return message({1: message({1: entries})})

    @classmethod
    def FromString(cls, data: Any) -> Example:
        """The example that some bytes hold."""
        made = cls()
        made.ParseFromString(data)
        return made

    def ParseFromString(self, data: Any) -> int:
        """Take over what some bytes hold; returns their number."""
        data = bytes(getattr(data, "numpy", lambda: data)())
        kinds: Any = {"bytes_list": BytesList, "float_list": FloatList, "int64_list": Int64List}
        found = {}
        for name, values in values_of(data).items():
            kind = {"O": "bytes_list", "f": "float_list", "i": "int64_list"}[values.dtype.kind]
            found[name] = Feature(**{kind: kinds[kind](values.tolist())})
        self.features = Features(found)
        return len(data)


def values_of(record: bytes) -> dict[str, np.ndarray]:
    """The values of each feature of an example: objects of bytes, float32 or int64.

    Raises ValueError for bytes that are no example.
    """
    try:
        return {
            name.decode(): _values(bytes(feature))
            for _, features in fields(record)
            for _, entry in fields(features)  # type: ignore[arg-type]
            for name, feature in [_entry(entry)]
        }
    except (IndexError, TypeError, KeyError, struct.error, UnicodeDecodeError):
        raise ValueError(
            "parse_example: expected records that hold tf.train.Example messages. "
            f"Received: {shown(record)}"
        ) from None


def _entry(entry: Any) -> tuple[bytes, bytes]:
    parts: dict[int, Any] = dict(fields(entry))
    return parts.get(1, b""), parts.get(2, b"")


def _values(feature: bytes) -> np.ndarray:
    for number, body in fields(feature):
        parts = [one for _, one in fields(body)]  # type: ignore[arg-type]
        if number == 1:
            texts = np.empty(len(parts), object)
            texts[:] = parts
            return texts
        if number == 2:
            return np.frombuffer(b"".join(parts), "<f4")  # type: ignore[arg-type]
        numbers: list[int] = []
        for part in parts:
            numbers += [part] if isinstance(part, int) else _packed(part)
        return np.array(numbers, np.uint64).view(np.int64)
    return np.empty(0, "float32")


def _packed(data: bytes) -> list[int]:
    """Whole numbers one after another, 7 bits a byte."""
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value = shift = 0
    return numbers


class FixedLenFeature:
    """A feature that always has so many values.

    Args:
        shape: of its tensor.
        dtype: "float32", "int64" or "string".
        default_value: its values where a record has none; without it, that is an error.
    """

    def __init__(self, shape: Any, dtype: Any, default_value: Any = None) -> None:
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.dtype, self.default_value = dtype_name(dtype), default_value


class FixedLenSequenceFeature:
    """A feature that has any number of tensors of one shape; batches are filled up.

    Args:
        shape: of one of them.
        dtype: "float32", "int64" or "string".
        allow_missing: whether a record may have none.
        default_value: what fills up.
    """

    def __init__(
        self, shape: Any, dtype: Any, allow_missing: bool = False, default_value: Any = None
    ) -> None:
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.dtype, self.default_value = dtype_name(dtype), default_value
        self.allow_missing = allow_missing


class VarLenFeature:
    """A feature that has any number of values, which give a `SparseTensor`.

    Args:
        dtype: "float32", "int64" or "string".
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype_name(dtype)


class SparseTensor:
    """Values at places of a tensor that is else zero.

    Args:
        indices: the places, of shape (values, axes).
        values: the values.
        dense_shape: the shape of the whole.

    >>> SparseTensor([[0, 1], [1, 0]], [3, 4], (2, 2)).dense()
    array([[0, 3],
           [4, 0]], dtype=int32)
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        self.indices = as_tensor(np.asarray(indices, "int64").reshape(-1, len(dense_shape)))
        self.values = as_tensor(values)
        self.dense_shape = as_tensor(np.asarray(dense_shape, "int64"))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole."""
        return tuple(int(size) for size in self.dense_shape)

    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return self.values.dtype

    def dense(self, default_value: Any = None) -> Any:
        """The whole as one tensor, with a value elsewhere: zero, or an empty text."""
        filled = _empty(self.dtype) if default_value is None else default_value
        found = np.full(self.shape, filled, self.dtype)
        found[tuple(np.asarray(self.indices).T)] = self.values
        return eager(found)


def _empty(dtype: np.dtype[Any]) -> Any:
    return b"" if dtype.kind == "O" else np.zeros((), dtype)


def parse_single_example(
    serialized: Any, features: Mapping[str, Any], example_names: Any = None, name: Any = None
) -> dict[str, Any]:
    """The tensors of one record by their names; see `parse_example`."""
    values = values_of(bytes(getattr(serialized, "numpy", lambda: serialized)()))
    return {key: _tensor(key, spec, values.get(key)) for key, spec in features.items()}


def parse_example(
    serialized: Any, features: Mapping[str, Any], example_names: Any = None, name: Any = None
) -> dict[str, Any]:
    """The tensors of records by their names, with a first axis of records.

    Args:
        serialized: a vector of records, each the bytes of a `tf.train.Example`.
        features: for each name a `FixedLenFeature`, `FixedLenSequenceFeature` or `VarLenFeature`.
        example_names, name: accepted as in TensorFlow.

    Raises ValueError for records without a feature, with another number of values, or of another
    dtype, and for bytes that are no records.
    """
    texts = np.asarray(serialized, object).reshape(-1).tolist()
    if np.ndim(serialized) == 0:
        return parse_single_example(serialized, features)
    parsed = [values_of(bytes(one)) for one in texts]
    return {
        key: _batch(spec, [_tensor(key, spec, values.get(key)) for values in parsed])
        for key, spec in features.items()
    }


def _tensor(key: str, spec: Any, values: np.ndarray | None) -> Any:
    """The tensor of one feature of one record."""
    dtype = object if spec.dtype == "string" else np.dtype(spec.dtype)
    if values is not None and len(values) and values.dtype != dtype:
        kind = "string" if values.dtype.kind == "O" else values.dtype.name
        raise ValueError(
            f"parse_example: expected feature {key!r} to be of dtype {spec.dtype}. Received: {kind}"
        )
    if isinstance(spec, VarLenFeature):
        found = np.empty(0, dtype) if values is None else values
        return SparseTensor(np.arange(len(found))[:, None], found, (len(found),))
    if isinstance(spec, FixedLenSequenceFeature):
        found = np.empty(0, dtype) if values is None else values
        return eager(found.reshape(-1, *spec.shape).copy())
    if values is None or not len(values):
        if spec.default_value is None and 0 not in spec.shape:
            raise ValueError(
                f"parse_example: expected a feature {key!r} in each record. Received: a record "
                "without it. Give FixedLenFeature a default_value, or use VarLenFeature."
            )
        return eager(np.broadcast_to(np.asarray(spec.default_value, dtype), spec.shape).copy())
    if len(values) != np.prod(spec.shape, dtype=int):
        raise ValueError(
            f"parse_example: expected feature {key!r} to have shape {spec.shape}. "
            f"Received: {len(values)} values"
        )
    return eager(values.reshape(spec.shape).copy())


def _batch(spec: Any, tensors: Sequence[Any]) -> Any:
    """The tensors of several records as one."""
    if isinstance(spec, FixedLenFeature):
        return eager(np.stack([np.asarray(one) for one in tensors]))
    if isinstance(spec, FixedLenSequenceFeature):
        longest = max(map(len, tensors), default=0)
        dtype = tensors[0].dtype
        value = _empty(dtype) if spec.default_value is None else spec.default_value
        found = np.full((len(tensors), longest, *spec.shape), value, dtype)
        for row, tensor in enumerate(tensors):
            found[row, : len(tensor)] = tensor
        return eager(found)
    places = [(row, place) for row, one in enumerate(tensors) for place in range(len(one.values))]
    values = np.concatenate([np.asarray(one.values) for one in tensors])
    longest = max((len(one.values) for one in tensors), default=0)
    return SparseTensor(places, values, (len(tensors), longest))
