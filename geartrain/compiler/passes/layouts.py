"""Choosing layouts: which variables a program keeps in panels while it runs."""

from __future__ import annotations

from collections.abc import Mapping

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.analysis.index_maps import at_own_index
from geartrain.compiler.analysis.memory import Buffer
from geartrain.compiler.codegen.values import BYTES, summed_in
from geartrain.compiler.kernels.matmul.layout import panel_kernel
from geartrain.compiler.kernels.matmul.tiling import Tiling
from geartrain.compiler.passes.lower import product_plan
from geartrain.compiler.passes.state import Compilation
from geartrain.graph.node import Node
from geartrain.graph.shapes import product


def choose_layouts(c: Compilation) -> None:
    """Decide which variables this program keeps in panels while it runs."""
    fused = c.groups
    if c.stores_from:
        return  # the reference reads variables in their own order
    plans = {
        number: plan for number, one in enumerate(fused)
        if (plan := product_plan(one, c.slots, c.target)) is not None
    }  # fmt: skip
    kept = choose(fused, c.updates, c.slots, plans)
    for number, (variable, width) in enumerate(kept.items()):
        slot, size = c.new_slot(), product(variable.extents) * BYTES[variable.dtype]
        c.workspace.append(Buffer(slot, size, 0, len(fused)))
        c.panel_slots |= {variable: slot, c.updates[variable]: slot}
        given = (variable, width, c.slots[variable], slot)
        c.enter.append(panel_kernel(f"enter_{number}", *given, into=True))
        c.leave.append(panel_kernel(f"leave_{number}", *given, into=False))


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
