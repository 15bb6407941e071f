"""The text of a module: kernels, and the functions that run them in order."""

from __future__ import annotations

from geartrain.compiler.codegen.legalize import without_fma
from geartrain.compiler.codegen.module import module_text
from geartrain.compiler.codegen.team import team_text
from geartrain.compiler.codegen.values import BYTES
from geartrain.compiler.kernels.copies import gather_rows
from geartrain.compiler.launch.phases import (
    Around,
    StepCounts,
    epoch_function,
    epoch_step_function,
    only_function,
    run_function,
    step_function,
    sweep_function,
)
from geartrain.compiler.passes.share import share
from geartrain.compiler.passes.state import Compilation, EpochSlots, Reference
from geartrain.compiler.targets.machine import waiting
from geartrain.graph.shapes import BATCH, Extent, product


def emit(c: Compilation) -> None:
    """The module: kernels, then the functions that run them in order."""
    epoch = c.epoch
    compiled = [step for step in c.steps if not isinstance(step, Reference)]
    gathers = [] if epoch is None else [
        gather_rows(f"gather_{n}", node, c.slots[node], slot, epoch.order)
        for n, (node, slot) in enumerate(epoch.inputs.items())
    ]  # fmt: skip
    together = [*c.lowered, *([one] for one in (*c.enter, *c.leave, *gathers))]
    texts = share(together)
    around = Around(bool(c.enter), c.target.triple if c.updates else "")
    callers = [
        step_function(name, some)
        for name, some in (("enter", c.enter), ("leave", c.leave)) if some
    ]  # fmt: skip
    for number, step in enumerate(compiled):
        callers += [step_function(f"step_{number}", step), run_function(number, around)]
        callers += [only_function(kernel, around) for kernel in step if c.measurable]
    if epoch is not None:
        counts = StepCounts(epoch.steps, epoch.last, around)
        callers += [epoch_step_function(gathers), epoch_function(counts)]
        callers += [sweep_function(counts, _moving(c, epoch))]
    functions = [one for kernels in together for kernel in kernels for one in kernel.functions]
    team = team_text(waiting(c.target.triple))
    text = module_text(functions, callers, team, *texts)
    c.text = text if c.target.fma else without_fma(text)


def _moving(c: Compilation, epoch: EpochSlots) -> dict[int, Extent]:
    """By how many bytes the addresses of rows of inputs and outputs move on after a step."""
    outputs = [node for node in c.outputs if node.op is not None]
    return {
        c.slots[node]: product(node.extents) * BYTES[node.dtype]
        for node in [*epoch.inputs, *outputs]
        if node.extents[:1] == (BATCH,)
    }
