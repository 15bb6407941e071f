"""Exchanging what a CPU lacks for what it has, in the finished text of a module.

A CPU without multiply-add (x86-64 as it was before 2013) would call a library function for each
lane. A product of two float32 is exact in float64, and adding the third number there rounds once,
so that what is exact with one rounding stays exact:

    %t = call <4 x float> @llvm.fma.v4f32(<4 x float> %x, <4 x float> %y, <4 x float> %z)

becomes `fptrunc(fpext(%x) * fpext(%y) + fpext(%z))`. Of float64 there is no wider type: there the
library function remains.
"""

from __future__ import annotations

import re

_FMA = (  # compiled where it is needed, which is seldom
    r"(?m)^  (?P<name>%\S+) = call (?P<type>float|<\d+ x float>) @llvm\.fma\.\w+\("
    r"(?P=type) (?P<x>.+), (?P=type) (?P<y>.+), (?P=type) (?P<z>.+)\)$"
)


def without_fma(text: str) -> str:
    """The module with no multiply-add of float32."""
    return re.sub(_FMA, _exchanged, text)


def _exchanged(found: re.Match[str]) -> str:
    name, narrow = found["name"], found["type"]
    wide = narrow.replace("float", "double")
    lines = [f"{name}.{part} = fpext {narrow} {found[part]} to {wide}" for part in "xyz"]
    lines += [
        f"{name}.product = fmul {wide} {name}.x, {name}.y",
        f"{name}.sum = fadd {wide} {name}.product, {name}.z",
        f"{name} = fptrunc {wide} {name}.sum to {narrow}",
    ]
    return "\n".join(f"  {line}" for line in lines)
