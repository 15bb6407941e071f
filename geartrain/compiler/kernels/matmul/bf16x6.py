"""A float32 as a sum of three bfloat16, and its products by instructions for bfloat16.

A float32 has 24 significant bits. A bfloat16 has 8, and the same exponents. So

    x = head + middle + tail

exactly: the head has the first 8 bits, the middle is nearest to the rest, the tail is what is left.
Of the nine products of two such sums, six are summed, small ones first, in float32:

    x * y  =  tail * head + middle * middle + head * tail + middle * head + head * middle
              + head * head                                      (+ at most 2**-21 * |x * y|)

What is left out has either sign, and is mostly smaller than what rounding a product to float32
costs: sums of many products come out nearer to the exact ones than by multiply-adds of float32.
Instructions that multiply tiles of bfloat16 do these six faster than others do one of float32.

An infinity is all in its head, and must meet no zero of the other number's smaller slices: that
would be NaN. So there are two heads: `FULL` has infinities and NaN, and multiplies only its like.
The instructions take subnormal numbers for 0: sums are exact down to terms of about 2**-126. There
`FULL` has a normal number instead, since infinity times a subnormal number is no NaN.

Source: G. Henry, P. T. P. Tang, A. Heinecke, "Leveraging the bfloat16 Artificial Intelligence
Datatype For Higher-Precision Computations", ARITH 2019.
"""

from __future__ import annotations

from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.compiler.targets.x86 import belongs_to

TAIL, MIDDLE, HEAD, FULL = range(4)  # the slices, in the order in which they are packed
SLICES = 4
PRODUCTS = (
    (TAIL, HEAD), (MIDDLE, HEAD), (MIDDLE, MIDDLE), (HEAD, MIDDLE), (HEAD, TAIL), (FULL, FULL),
)  # fmt: skip
HALF, UPPER = 0x8000, -0x10000  # half a step of bfloat16; the bits of a float32 that it keeps
NORMAL_OR_NAN = 0x00C00000  # what makes a subnormal number normal, and leaves NaN what it is
_NAN, _INFINITE, _SUBNORMAL = 0x81, 0x18, 0x20  # classes of numbers, as AVX-512 has them


def split(b: Builder, x: Value) -> list[Value]:
    """The slices of float32 numbers: float32 as well, as bits (int32) whose lower halves are 0."""
    zero, special = b.constant(0, "int32"), belongs_to(b, x, _NAN | _INFINITE)
    bits = b.bitcast(x, "int32")
    head = _upper(b, bits)
    rest = b.sub(x, b.bitcast(head, "float32"))
    rest = b.select(special, b.constant(0, "float32"), rest)
    middle = _upper(b, b.add(b.bitcast(rest, "int32"), b.constant(HALF, "int32")))
    left = b.bitcast(b.sub(rest, b.bitcast(middle, "float32")), "int32")
    mended = b.bits("or", head, b.constant(NORMAL_OR_NAN, "int32"))
    full = b.select(belongs_to(b, x, _NAN | _SUBNORMAL), mended, head)
    tail = _upper(b, left)  # all of it, but where that is subnormal
    return [tail, middle, b.select(special, zero, head), full]


def paired(b: Builder, first: Value, second: Value) -> list[Value]:
    """For each slice, the bfloat16 of two vectors of numbers side by side, as int32."""
    sixteen = b.constant(16, "int32")
    both = zip(split(b, first), split(b, second), strict=True)
    return [b.bits("or", high, b.bits("lshr", low, sixteen)) for low, high in both]


def _upper(b: Builder, bits: Value) -> Value:
    return b.bits("and", bits, b.constant(UPPER, "int32"))
