"""Kernels of maps and reductions: the nests of a group, and when a fold is done in parts.

A reduction whose result has few elements would keep few threads busy. It is done in two steps: a
fixed number of parts of a reduced axis each on its own, then the parts together. Whether it is,
depends on shapes alone, so the order of every sum is always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from geartrain.compiler.analysis.cost import few_units
from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.analysis.nests import in_parts, joined, nest_of
from geartrain.compiler.kernels.kernel import Kernel, check_supported
from geartrain.compiler.kernels.nest import NestWriter, nest_kernel
from geartrain.compiler.targets.target import Target

PARTS = 8  # parts of a reduced axis, each reduced on its own


def map_kernel(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target
) -> Kernel:
    """The kernel of maps, or of a cumulative reduction: one nest, never in parts."""
    check_supported(fused)
    nest = nest_of(fused)
    assert nest is not None
    return nest_kernel(name, nest, fused, slots, target)


def reduce_kernels(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int], repeated: bool = False,
) -> list[Kernel]:  # fmt: skip
    """The kernels of a reduction, or of a contraction done like one.

    One, or one for the parts and one that joins them. What is repeated on one thread is not done in
    parts.
    """
    check_supported(fused)
    nest = nest_of(fused)
    assert nest is not None and nest.fold is not None
    whole = NestWriter(name, nest, fused, slots, target)
    few = bool(nest.fold.loops) and few_units(whole.loops.units, nest.work)
    if repeated or not few:
        return [whole.kernel()]
    workspace = new_slot()
    parts = in_parts(nest, PARTS)
    first = nest_kernel(f"{name}_parts", parts, fused, slots, target, workspace)
    return [first, join_parts(name, fused, slots, target, workspace)]


def join_parts(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target, workspace: int,
    parts: int = PARTS,
) -> Kernel:  # fmt: skip
    """The kernel that combines the parts, with what else the kernel of the reduction stores."""
    return nest_kernel(name, joined(fused, parts), fused, slots, target, workspace)
