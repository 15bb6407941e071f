"""From fusion groups to kernels, by the kind of the core: `kinds.py` has a row for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.kernels.expression import Unsupported
from geartrain.compiler.kernels.kernel import Kernel
from geartrain.compiler.kernels.matmul.contraction import plan_of
from geartrain.compiler.kernels.matmul.tiling import Tiling
from geartrain.compiler.kernels.reduce import map_kernel
from geartrain.compiler.kernels.rows import row_kernel
from geartrain.compiler.passes.kinds import Request, kind_of
from geartrain.compiler.targets.target import Target
from geartrain.graph.op import Contraction


def lower(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int], repeated: bool = False,
) -> list[Kernel]:  # fmt: skip
    """The kernels of what is fused around one core.

    Args:
        name: what the kernels' names begin with.
        fused: the nodes to store, and what they read.
        slots: the place of each node in the table of addresses.
        target: the CPU to write code for.
        new_slot: gives one more place in the table, for a workspace.
        repeated: whether they run many times, each time on one thread.

    Raises:
        Unsupported: there is no code for a node.
    """
    given = (name, fused, slots, target)
    if fused.rows is not None:
        return [row_kernel(*given, new_slot)]
    if fused.core is None:
        return [map_kernel(*given)]
    write = kind_of(fused.core).write
    if write is None:
        assert fused.core.op is not None
        raise Unsupported(f"{fused.core.op.name} has no kernel")
    return write(Request(*given, new_slot, repeated, lower))


def product_plan(fused: FusionGroup, slots: Mapping[object, int], target: Target) -> Tiling | None:
    """How a product is cut into tiles; None for other kernels."""
    core = fused.core
    if core is None or not isinstance(core.op.lower, Contraction):  # type: ignore[union-attr]
        return None
    return plan_of(fused, slots, target)
