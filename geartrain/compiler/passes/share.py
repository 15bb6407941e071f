"""One function for kernels that are alike: each is compiled once, however often a model has it.

Goes in: kernels. Comes out: the text of their functions, of which those are left out that differ
from earlier ones in names and in places of the table alone, and for all kernels lists of their
places. A network of repeated blocks has a third to a tenth as many different kernels as kernels.

    @k3.places = internal constant [2 x i64] [i64 7, i64 9]
    define internal void @k3(ptr %args, ptr %places, i64 %batch, ...)     k3's work, and k5's
    @k5.places = internal constant [2 x i64] [i64 9, i64 12]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from geartrain.compiler.codegen.module import anonymous, places_text
from geartrain.compiler.kernels.kernel import Kernel


def share(groups: Iterable[Sequence[Kernel]]) -> list[str]:
    """The text of functions and lists of places; each kernel learns whose `code` it runs.

    Args:
        groups: kernels that may call each other's functions are in one group.
    """
    texts: list[str] = []
    known: dict[str, list[str]] = {}
    for kernels in groups:
        functions = [function for kernel in kernels for function in kernel.functions]
        slots = list(dict.fromkeys(one.slot for each in functions for one in each.addresses))
        places = f"{kernels[0].name}.places"
        moved = kernels[0].moved
        texts.append(places_text(places, [moved.get(slot, slot) for slot in slots]))
        names = [function.name for function in functions]
        made = names
        if kernels[0].like is None:
            code = "\n".join(function.text(slots) for function in functions)
            made = known.setdefault(anonymous(code, names), names)
            texts += [code] if made is names else []
        for kernel in kernels:
            kernel.places = places
            kernel.code = kernel.like.code if kernel.like else made[names.index(kernel.name)]
    return texts
