"""Values of LLVM IR: names, element types and literals as text."""

from __future__ import annotations

import functools
import struct
from typing import Any, NamedTuple

import numpy as np

TYPES = {
    "float16": "half", "bfloat16": "bfloat", "float32": "float", "float64": "double",
    "bool": "i1", "int8": "i8", "uint8": "i8", "int16": "i16", "uint16": "i16",
    "int32": "i32", "uint32": "i32", "int64": "i64", "uint64": "i64",
}  # fmt: skip
BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "float16": 2, "bfloat16": 2,
    "int32": 4, "uint32": 4, "float32": 4, "int64": 8, "uint64": 8, "float64": 8,
}  # fmt: skip
FLOATS = ("float16", "bfloat16", "float32", "float64")
NARROW = ("float16", "bfloat16")  # stored only: arithmetic is done in float32


def summed_in(dtype: str) -> str:
    """The dtype in which sums (and other reductions) of a dtype are kept until they are stored.

    >>> summed_in("bfloat16"), summed_in("float64")
    ('float32', 'float64')
    """
    return "float32" if dtype in NARROW else dtype


class Value(NamedTuple):
    """A result in a function under construction: its IR name, dtype, and number of lanes."""

    name: str
    dtype: str
    lanes: int = 1

    @property
    def type(self) -> str:
        """The LLVM type."""
        return _type_of(self.dtype, self.lanes)

    @property
    def unsigned(self) -> bool:
        """Whether it holds integers (or booleans) without a sign."""
        return self.dtype == "bool" or self.dtype.startswith("u")


@functools.cache
def _type_of(dtype: str, lanes: int) -> str:
    return vector(TYPES[dtype], lanes)


def vector(scalar: str, lanes: int) -> str:
    """The LLVM type of so many lanes.

    >>> vector("float", 16), vector("float", 1)
    ('<16 x float>', 'float')
    """
    return scalar if lanes == 1 else f"<{lanes} x {scalar}>"


def suffix(dtype: str, lanes: int) -> str:
    """The end of an overloaded intrinsic's name.

    >>> suffix("float32", 16), suffix("int64", 1)
    ('v16f32', 'i64')
    """
    short = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64"}
    scalar = short.get(TYPES[dtype], TYPES[dtype])
    return scalar if lanes == 1 else f"v{lanes}{scalar}"


def literal(value: Any, dtype: str) -> str:
    """A scalar constant as LLVM writes it; floats bit by bit.

    >>> literal(1, "float32"), literal(1, "bfloat16"), literal(-1, "int8"), literal(2, "bool")
    ('0x3FF0000000000000', '0xR3F80', '-1', 'true')
    """
    if dtype == "bool":
        return "true" if value else "false"
    if dtype not in FLOATS:
        return str(int(value))
    with np.errstate(over="ignore"):
        if dtype == "float16":
            return f"0xH{int(np.asarray(value, 'float16').view('uint16')):04X}"
        number = float(np.asarray(value, "float64" if dtype == "float64" else "float32"))
    if dtype == "bfloat16":
        bits = struct.unpack("<I", struct.pack("<f", number))[0]
        return f"0xR{(bits + 0x7FFF + ((bits >> 16) & 1)) >> 16:04X}"
    return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
