"""`tf.strings`: functions of texts, which are NumPy's arrays of strings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.ragged import RaggedTensor, constant
from geartrain.compat.tensorflow.tensor import tensor


def texts_of(x: Any) -> np.ndarray:
    """Texts as an array of str; bytes are read as UTF-8."""
    array = np.asarray(convert_to_tensor(x))
    if array.dtype.kind == "U":
        return array
    flat = [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one)
            for one in array.reshape(-1).tolist()]  # fmt: skip
    return np.array(flat, dtype=str).reshape(array.shape)


def bytes_of(x: Any) -> list[bytes]:
    """Texts as a flat list of bytes."""
    flat = np.asarray(convert_to_tensor(x)).reshape(-1).tolist()
    return [one if isinstance(one, bytes) else one.encode("utf-8") for one in flat]


def _each(function: Callable[[str], Any], x: Any, dtype: Any = str) -> Any:
    """A function of each text, in ragged tensors as well."""
    if isinstance(x, RaggedTensor):
        return x.with_values(_each(function, x.values, dtype))
    array = texts_of(x)
    made = [function(str(one)) for one in array.reshape(-1)]
    return tensor(np.array(made, dtype=dtype).reshape(array.shape))


def lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """The texts in small letters."""
    return _each(str.lower, input)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """The texts in capitals."""
    return _each(str.upper, input)


def strip(input: Any, name: str | None = None) -> Any:
    """The texts without white space at both ends."""
    return _each(str.strip, input)


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """A Python text of bytes, or of a text."""
    return (
        bytes_or_text if isinstance(bytes_or_text, str) else bytes(bytes_or_text).decode(encoding)
    )


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Bytes of a Python text, or of bytes."""
    is_text = isinstance(bytes_or_text, str)
    return bytes_or_text.encode(encoding) if is_text else bytes(bytes_or_text)


def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """A Python text of anything."""
    return as_text(value, encoding) if isinstance(value, bytes) else str(value)


def _pattern(text: Any) -> re.Pattern[str]:
    """A pattern in RE2's way of writing, where `[[:punct:]]` and the like are classes."""
    text = str(np.asarray(texts_of(text)))
    for name, members in (
        ("punct", re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")), ("alpha", "A-Za-z"),
        ("digit", "0-9"), ("alnum", "A-Za-z0-9"), ("space", r"\s"), ("lower", "a-z"),
        ("upper", "A-Z"),
    ):  # fmt: skip
        text = text.replace(f"[:{name}:]", members)
    return re.compile(text)


def regex_replace(
    input: Any,
    pattern: Any,
    rewrite: Any,
    replace_global: bool = True,
    name: str | None = None,
) -> Any:
    """The texts with what a pattern finds replaced."""
    found, new = _pattern(pattern), str(np.asarray(texts_of(rewrite)))
    new = re.sub(r"\\(?!\d)", r"\\\\", new)
    return _each(lambda text: found.sub(new, text, 0 if replace_global else 1), input)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Whether a pattern fits the whole text."""
    found = _pattern(pattern)
    return _each(lambda text: found.fullmatch(text) is not None, input, bool)


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """The number of bytes, or of characters with unit "UTF8_CHAR"."""
    count = len if unit == "UTF8_CHAR" else lambda text: len(text.encode("utf-8"))
    if isinstance(input, RaggedTensor):
        return _each(count, input, "int32")
    array = np.asarray(convert_to_tensor(input))
    if unit == "BYTE":
        return tensor(np.int32([len(one) for one in bytes_of(input)]).reshape(array.shape))
    return _each(count, input, "int32")


def join(inputs: Any, separator: str = "", name: str | None = None) -> Any:
    """Texts one after the other, element by element."""
    arrays = np.broadcast_arrays(*[texts_of(one) for one in inputs])
    rows = zip(*[array.reshape(-1) for array in arrays], strict=True)
    made = np.array([separator.join(row) for row in rows], dtype=str)
    return tensor(made.reshape(arrays[0].shape))


def reduce_join(
    inputs: Any, axis: Any = None, keepdims: bool = False, separator: str = "",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The texts along an axis one after the other."""
    if isinstance(inputs, RaggedTensor):
        return tensor(np.array([separator.join(texts_of(row)) for row in inputs], dtype=str))
    array = texts_of(inputs)
    if axis is None:
        return tensor(np.array(separator.join(array.reshape(-1))))
    rows = np.moveaxis(array, axis, -1)
    made = [separator.join(row) for row in rows.reshape(-1, rows.shape[-1])]
    shaped = np.array(made, dtype=str).reshape(rows.shape[:-1])
    return tensor(np.expand_dims(shaped, axis) if keepdims else shaped)


def split(
    input: Any,
    sep: Any = None,
    maxsplit: int = -1,
    name: str | None = None,
) -> Any:
    """The parts of each text between separators, white space by default: ragged."""
    array = texts_of(input)
    between = None if sep in (None, "") else str(np.asarray(texts_of(sep)))
    if array.ndim == 0:
        return tensor(np.array(str(array).split(between, maxsplit), dtype=str))
    return _ragged_of(array, lambda text: text.split(between, maxsplit))


def _ragged_of(array: np.ndarray, function: Callable[[str], Any], dtype: Any = None) -> Any:
    def rows(part: np.ndarray) -> Any:
        return [function(str(one)) if part.ndim == 1 else rows(one) for one in part]

    return constant(rows(array), dtype=dtype or "string", ragged_rank=array.ndim)


def bytes_split(input: Any, name: str | None = None) -> Any:
    """The single bytes of each text."""
    return unicode_split(input, "UTF-8")


def unicode_split(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The single characters of each text."""
    array = texts_of(input)
    if array.ndim == 0:
        return tensor(np.array(list(str(array)), dtype=str))
    return _ragged_of(array, list)


def unicode_decode(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    replace_control_characters: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The code points of each text."""
    array = texts_of(input)
    if array.ndim == 0:
        return tensor(np.int32([ord(one) for one in str(array)]))
    return _ragged_of(array, lambda text: [ord(one) for one in text], "int32")


def unicode_encode(
    input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The texts of code points: along the last axis."""
    if isinstance(input, RaggedTensor):
        return tensor(np.array(["".join(map(chr, np.asarray(row))) for row in input], dtype=str))
    array = np.asarray(input)
    rows = array.reshape(-1, array.shape[-1])
    made = np.array(["".join(map(chr, row)) for row in rows], dtype=str)
    return tensor(made.reshape(array.shape[:-1]))


def substr(
    input: Any,
    pos: Any,
    len: Any,
    unit: str = "BYTE",
    name: str | None = None,
) -> Any:
    """The part of each text that begins at a place and has a length."""
    first, count = int(np.asarray(pos)), int(np.asarray(len))
    return _each(lambda text: text[first:][:count], input)


def to_number(input: Any, out_type: Any = "float32", name: str | None = None) -> Any:
    """The numbers that texts say."""
    wanted = as_dtype(out_type)
    if isinstance(input, RaggedTensor):
        return input.with_values(to_number(input.values, out_type))
    return tensor(texts_of(input).astype(np.float64 if wanted.is_floating else object)
                  .astype(wanted.name))  # fmt: skip


def as_string(
    input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False,
    width: int = -1, fill: str = "", name: str | None = None,
) -> Any:  # fmt: skip
    """Numbers as texts."""
    array = np.asarray(input)
    if array.dtype.kind == "f":
        form = f"{{:.{6 if precision < 0 else precision}{'e' if scientific else 'f'}}}"
        write: Callable[[Any], str] = repr if shortest else form.format
    elif array.dtype.kind == "b":
        write = lambda one: str(bool(one)).lower()  # noqa: E731
    else:
        write = str
    made = [write(one.item()) for one in array.reshape(-1)]
    made = [text.rjust(width, fill or " ") for text in made] if width > 0 else made
    return tensor(np.array(made, dtype=str).reshape(array.shape))


def format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Any:
    """A text with the values of tensors in it."""
    from geartrain.compat.tensorflow.control import _shown

    given = inputs if isinstance(inputs, list | tuple) else (inputs,)
    parts = template.split(placeholder)
    text = parts[0] + "".join(
        _shown(one) + part for one, part in zip(given, parts[1:], strict=True)
    )
    return tensor(np.array(text))


def ngrams(
    data: Any, ngram_width: Any, separator: str = " ", pad_values: Any = None,
    padding_width: Any = None, preserve_short_sequences: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Words next to each other joined."""
    widths = [ngram_width] if isinstance(ngram_width, int) else list(ngram_width)

    def of_row(row: Any) -> list[str]:
        words = texts_of(row).tolist()
        return [
            separator.join(words[n : n + width])
            for width in widths for n in range(len(words) - width + 1)
        ]  # fmt: skip

    if not isinstance(data, RaggedTensor) and np.ndim(data) == 1:
        return tensor(np.array(of_row(data), dtype=str))
    return constant([of_row(row) for row in data], dtype="string", ragged_rank=1)


__all__ = [
    "as_bytes", "as_str_any", "as_string", "as_text", "bytes_split", "format", "join", "length",
    "lower", "ngrams", "reduce_join", "regex_full_match", "regex_replace", "split", "strip",
    "substr", "to_number", "unicode_decode", "unicode_encode", "unicode_split", "upper",
]  # fmt: skip
