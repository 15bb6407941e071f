"""What an op is: one declaration with all that any part of the system needs to know of it.

The registry holds every primitive op. Nothing outside `geartrain/ops` names one: the evaluator
calls `op.numpy`, differentiation calls `op.grad`, and the compiler looks at the kind of
`op.lower` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from geartrain.graph.affine import Reading
from geartrain.graph.budget import make_room
from geartrain.graph.dtypes import name_of
from geartrain.graph.node import Node
from geartrain.graph.shapes import Spec, holds_dim, resolve
from geartrain.graph.taping import noted
from geartrain.graph.tracked import Tracked, recording


@dataclass(frozen=True)
class Map:
    """Scalars to one scalar, the same at every position.

    Attributes:
        emit: `(builder, *values, **params) -> value` writes it for the compiler.
        indexed: the result depends on the position as well: `emit` gets, before the values, a
            function that gives the index along an axis.
        sign: what a reader writes between two values ("+"); None where the op's name does.
    """

    emit: Callable[..., Any] | None = None
    indexed: bool = False
    sign: str | None = None


@dataclass(frozen=True)
class View:
    """A reading of one tensor (or several, end to end) at other indices: no arithmetic.

    Attributes:
        index: `(index, *source_shapes, **params) -> [Reading, ...]`: where the element at `index`
            comes from; of several readings, the first whose guards hold.
        same_order: in place of `index`: the elements keep their order in memory (`reshape`).
        reads: how many of the sources are read, None for all. The others are there before, no more.
    """

    index: Callable[..., list[Reading]] | None = None
    same_order: bool = False
    reads: int | None = None

    def __post_init__(self) -> None:
        assert (self.index is None) == self.same_order


@dataclass(frozen=True)
class Reduce:
    """Elements combined along the axes that the parameter `axes` says, from an identity.

    Attributes:
        identity: `(dtype) -> value` that changes nothing when combined.
        combine: `(builder, folded, element) -> folded` writes one combination.
        join: the same of two arrays of folded elements, by NumPy.
        sign: what a reader writes between the two ("+"); None where the op's name does.
    """

    identity: Callable[[str], Any]
    combine: Callable[..., Any]
    join: Callable[[np.ndarray, np.ndarray], np.ndarray]
    sign: str | None = None


@dataclass(frozen=True)
class Contraction:
    """Sums of products of two tensors: the parameter `spec` says over which of their axes.

    It is written as in Einstein's notation; see `ContractionSpec`.
    """

    def identity(self, dtype: str) -> int:
        """What sums begin with."""
        del dtype
        return 0

    def combine(self, builder: Any, total: Any, product: Any) -> Any:
        """Write one addition."""
        return builder.add(total, product)


@dataclass(frozen=True)
class Cumulative:
    """Elements combined with all before them along the axis that the parameter `axis` says.

    Attributes:
        identity: `(dtype) -> value` that changes nothing when combined.
        combine: `(builder, so far, element) -> combined` writes one combination.
        sign: what a reader writes between the two ("+").
    """

    identity: Callable[[str], Any]
    combine: Callable[..., Any]
    sign: str


@dataclass(frozen=True)
class Lookup:
    """Each element is computed from elements of the sources at places computed as it goes.

    Attributes:
        element: `(expression, node, index) -> value` writes the element of `node` at `index`;
            `expression.read(source, places)` gives an element of a source at places that are
            indices or values, `expression.affine(index)` the value of an index.
        cost: about how many operations an element takes.
    """

    element: Callable[..., Any]
    cost: int = 1


@dataclass(frozen=True)
class Scatter:
    """Rows added up at computed places: of the sources `(indices, rows)`, from zeros."""


@dataclass(frozen=True)
class Scan:
    """A graph run for each turn of a loop: the parameter `body` is a `Body`, `reverse` the order.

    The sources are the states, the sequences and the captured values of the body.
    """


@dataclass(frozen=True)
class Opaque:
    """Anything else: no code is made of it, and the reference computes it. There are few."""


Lowering = Map | View | Reduce | Contraction | Cumulative | Lookup | Scatter | Scan | Opaque


class Sample(NamedTuple):
    """Sample inputs of an op, for the tests that run over the registry."""

    arrays: tuple[np.ndarray, ...]
    params: dict[str, Any]


def no_samples() -> Iterable[Sample]:
    """For ops without tensor inputs worth sampling."""
    return ()


@dataclass(frozen=True, eq=False)
class Op:
    """One primitive tensor operation.

    Attributes:
        name: unique, in snake case.
        infer: `(*specs, **params) -> Spec`, the shape and dtype of the result; raises ValueError
            with expected and received shapes for tensors that do not fit.
        numpy: the reference, `(*arrays, **params) -> array` of exactly the inferred dtype.
        grad: `(g, y, *sources, **params) -> (node or None, ...)`: the gradient of each source from
            the gradient `g` of the result `y`, as nodes. None where no gradient flows at all.
        lower: what the compiler makes of it.
        samples: inputs on which tests compare reference, compiled code and finite differences.
        differentiable: False for ops whose result has no gradient by nature (comparisons,
            roundings, indices): they pass none on and are no error.
        part: for an op whose result depends on the places of elements in the whole batch:
            `(node, first, total)` gives the node of a part, from the number of its first row and
            that of all rows.
    """

    name: str
    infer: Callable[..., Spec]
    numpy: Callable[..., np.ndarray]
    grad: Callable[..., tuple[Any, ...]] | None
    lower: Lowering
    samples: Callable[[], Iterable[Sample]] = field(default=no_samples)
    differentiable: bool = True
    part: Callable[[Node, Node, Node], Node] | None = None

    def __post_init__(self) -> None:
        assert self.name not in REGISTRY, f"op {self.name!r} is declared twice"
        REGISTRY[self.name] = self

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __call__(self, *sources: Any, **params: Any) -> Any:
        """Record a node if any source is one, else compute at once by the reference."""
        if any(map(is_symbolic, sources)) or holds_dim(tuple(params.values())):
            return self.node(*sources, **params)
        arrays = [np.asarray(source) for source in sources]
        spec = self.infer(*(Spec(array.shape, name_of(array)) for array in arrays), **params)
        make_room(self.name, *spec.shape)  # type: ignore[arg-type]
        with np.errstate(all="ignore"):
            result = self.numpy(*arrays, **params)
        return noted(self, sources, params, result) if recording.tapes else result

    def node(self, *sources: Any, **params: Any) -> Node:
        """Record a node, even of sources that are all arrays."""
        return Node.of(self, tuple(map(Node.wrap, sources)), params)

    def run(
        self, arrays: list[np.ndarray], params: dict[str, Any], batch: int | None
    ) -> np.ndarray:
        """Compute by the reference, with the run-time extents in `params` made numbers."""
        return self.numpy(*arrays, **{name: resolve(v, batch) for name, v in params.items()})


def read_sources(node: Node) -> tuple[Node, ...]:
    """The sources that a node is computed from, without those that are only there before."""
    lower = node.op.lower if node.op is not None else None
    return node.sources[: lower.reads] if isinstance(lower, View) else node.sources


def is_symbolic(source: Any) -> bool:
    """Whether a use of this source is recorded as a node: one is, or stands for an array."""
    return isinstance(source, Node) or (isinstance(source, Tracked) and source.node is not None)


REGISTRY: dict[str, Op] = {}
