"""One step of a loop over time, ready for lowering: its body, without what nobody reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from geartrain.compiler.analysis.aliases import seen_through
from geartrain.compiler.analysis.batch import rows_independent
from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.graph.affine import Affine, Index
from geartrain.graph.body import Body
from geartrain.graph.node import Node, placeholder
from geartrain.graph.op import View
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import Extent, product


@dataclass
class ScanBody:
    """A loop, and the kernels to be of one step.

    Attributes:
        body: states, items, captured values and outputs.
        reverse: whether the last step comes first.
        steps: how many there are.
        memory: the nodes outside that are in memory.
        first_states, sequences: the nodes outside of the body's states and items.
        held: what is read of the captured values, by its placeholder.
        outputs: the body's, reading what is held.
        live: the numbers of the outputs that are computed.
        inner: the kernels of one step.
        independent: whether no row of the batch depends on another.
    """

    body: Body
    reverse: bool
    steps: Extent
    memory: set[Node]
    first_states: tuple[Node, ...]
    sequences: tuple[Node, ...]
    held: dict[Node, Node]
    outputs: list[Node]
    live: list[int]
    inner: list[FusionGroup]
    independent: bool

    @classmethod
    def of(
        cls, fused: FusionGroup, fuse: Callable[[Sequence[Node]], list[FusionGroup]]
    ) -> ScanBody:
        """The loop that a kernel is made around; `fuse` makes the kernels of one step."""
        core = fused.core
        assert core is not None
        body: Body = core.params["body"]
        count, items, memory = len(body.states), len(body.items), set(fused.reads)
        sequences = core.sources[count : count + items]
        held, outputs = _see_through(body, core.sources[count + items :], memory)
        live = _live_outputs(core, fused.readers)
        computed = [outputs[number] for number in live]
        return cls(
            body, core.params["reverse"], sequences[0].extents[0], memory, core.sources[:count],
            sequences, held, outputs, live, fuse(list(dict.fromkeys(computed))),
            rows_independent(computed),
        )  # fmt: skip

    @property
    def count(self) -> int:
        """How many states there are: the outputs before the others."""
        return len(self.body.states)


def _see_through(
    body: Body, captured: tuple[Node, ...], memory: set[Node]
) -> tuple[dict[Node, Node], list[Node]]:
    """What of the captured values is in memory, by its placeholder, and outputs that read it.

    A view of memory is written into the body, so that a row which is repeated stays a row.
    """
    held: dict[Node, Node] = {}
    replaced: dict[Node, Node] = {}
    for symbol, value in zip(body.captured, captured, strict=True):
        base = seen_through(value, memory)
        if base is None:  # made of constants
            replaced[symbol] = value
            continue
        inside = placeholder(base.extents, base.dtype, "captured")
        held[inside] = base
        (replaced[symbol],) = substitute([value], {base: inside})
    return held, substitute(body.outputs, replaced)


def _live_outputs(core: Node, readers: list[Node]) -> list[int]:
    """Which outputs of a loop's body anybody reads, by their numbers; its states are always."""
    body: Body = core.params["body"]
    steps = core.sources[len(body.states)].extents[0]
    starts, shapes = body.starts(steps), body.shapes(steps)
    found = set(range(len(body.states)))
    for reader in readers:
        assert reader.op is not None
        lower = reader.op.lower
        index: Index = tuple(Affine.variable(str(n)) for n in range(reader.ndim))
        if not isinstance(lower, View) or lower.index is None:
            return list(range(len(body.outputs)))
        (reading, *more) = lower.index(index, core.extents, **reader.params)
        numbers = {
            number for number, (start, shape) in enumerate(zip(starts, shapes, strict=False))
            if reading.index[0].constant in (start, start + product(shape[1:]))
            and product(reader.extents) in (product(shape), product(shape[1:]) * steps)
        }  # fmt: skip
        if more or reading.guards or not numbers:
            return list(range(len(body.outputs)))
        found |= numbers
    return sorted(found)
