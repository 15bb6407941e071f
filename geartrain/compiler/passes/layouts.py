"""Choosing layouts: which variables a program keeps in panels while it runs."""

from __future__ import annotations

from collections.abc import Mapping

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.analysis.index_maps import at_own_index
from geartrain.compiler.codegen.values import summed_in
from geartrain.compiler.kernels.matmul.tiling import Tiling
from geartrain.graph.node import Node


def choose(
    fused: list[FusionGroup], updates: Mapping[Node, Node], slots: Mapping[object, int],
    plans: Mapping[int, Tiling],
) -> dict[Node, int]:  # fmt: skip
    """The variables that are kept in panels, with the width of these.

    Args:
        fused: all kernels.
        updates: the new value of each variable.
        slots: the place of each node; a variable that is updated in place shares its new value's.
        plans: how each product among the kernels is cut, by its number.
    """
    found: dict[Node, int] = {}
    for number, plan in plans.items():
        width = plan.panel_width()
        if width is None:
            continue
        kernel = fused[number]
        chosen = [
            variable for variable, value in updates.items()
            if value in kernel.nodes
            and slots[variable] == slots[value]
            and variable.extents == plan.core.extents
            and variable.dtype == summed_in(plan.dtype)
            and _fits(variable, value, number, width, fused, plans)
        ]  # fmt: skip
        read = any(variable in one.reads for variable in chosen for one in fused if one != kernel)
        found |= dict.fromkeys(chosen, width) if read else {}
    for kernel in fused:
        for variable, width in found.items():
            if variable in kernel.reads:
                kernel.panels[variable] = width
            if updates[variable] in kernel.nodes:
                kernel.panels[updates[variable]] = width
    return found


def _fits(
    variable: Node, value: Node, own: int, width: int, fused: list[FusionGroup],
    plans: Mapping[int, Tiling],
) -> bool:  # fmt: skip
    """Whether all who read a variable can read it in panels."""
    for number, kernel in enumerate(fused):
        if number != own and value in kernel.reads:
            return False
        if variable not in kernel.reads:
            continue
        stored = {*kernel.reads, *kernel.nodes}
        if number == own:
            if not all(at_own_index(node, variable, stored) for node in kernel.nodes):
                return False
        elif number not in plans or not plans[number].can_read_panels(variable, width):
            return False
    return True
