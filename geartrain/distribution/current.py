"""The distribution that is set, the ranks of this process, and the programs that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from geartrain.distribution.ranks import Ranks
from geartrain.errors import shown
from geartrain.graph.node import Node
from geartrain.runtime.function import Program
from geartrain.runtime.variable import Variable

_state: dict[str, Any] = {"distribution": None, "ranks": Ranks()}
_alone: ContextVar[bool] = ContextVar("alone", default=False)


def ranks() -> Ranks:
    """The processes that compute together with this one."""
    found: Ranks = _state["ranks"]
    return found


def set_ranks(value: Ranks) -> None:
    """Let this process be one of these."""
    _state["ranks"] = value


def distribution() -> Any:
    """The distribution that `set_distribution` or a scope has set; None if there is none.

    >>> print(distribution())
    None
    """
    return _state["distribution"]


def set_distribution(value: Any) -> None:
    """Let models train, evaluate and predict by this distribution from now on.

    Args:
        value: a `DataParallel`, or None for one process that does all.

    Raises TypeError for anything else.

    >>> set_distribution("parallel")
    Traceback (most recent call last):
    TypeError: set_distribution: expected a distribution, such as DataParallel()...
    """
    if value is not None and not hasattr(value, "device_mesh"):
        raise TypeError(
            "set_distribution: expected a distribution, such as DataParallel(), or None. "
            f"Received: {shown(value)}"
        )
    _state["distribution"] = value


def active() -> Any:
    """The distribution by which steps are computed now; None for one process alone."""
    return None if _alone.get() else _state["distribution"]


@contextmanager
def alone() -> Iterator[None]:
    """A `with` block in which this process computes for itself: others do not come along."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def together() -> bool:
    """Whether several ranks compute steps together now."""
    return active() is not None and ranks().size > 1


def shards() -> int | None:
    """How many shards a batch is cut into; None where it is not."""
    parallel = active()
    return None if parallel is None else parallel.shards


def key() -> Any:
    """What tells programs apart that different distributions make."""
    parallel = active()
    return None if parallel is None else (parallel.shards, ranks().rank, ranks().size)


def program(
    inputs: Sequence[Node], outputs: Sequence[Node], updates: Mapping[Variable, Node],
    compiled: bool,
) -> Any:  # fmt: skip
    """The program of a step, as the distribution wants it: see `Program`."""
    parallel = active()
    if parallel is None:
        return Program(inputs, outputs, updates, compiled)
    from geartrain.distribution.parted import PartedProgram

    return PartedProgram(inputs, outputs, updates, compiled, parallel.shards, ranks())


def rows_to_read(start: int, stop: int) -> tuple[int, int]:
    """The rows of a batch that this rank needs: all, if it is alone."""
    parallel = active()
    if parallel is None:
        return start, stop
    from geartrain.distribution.tree import Branch, owned

    mine = owned(ranks().rank, ranks().size, parallel.shards)
    total = stop - start
    first = Branch(0, mine.start).rows(parallel.shards, total)
    count = Branch(mine.start, mine.stop).rows(parallel.shards, total)
    return start + first, start + first + count
