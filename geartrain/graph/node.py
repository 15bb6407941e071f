"""The node: one use of an op in a graph. Immutable, interned, of known shape and dtype.

A graph is the nodes reachable from some outputs; there is no other container. Two nodes of the
same op, sources and parameters are one object, so common subexpressions are found by building.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, ref

import numpy as np

from geartrain.errors import UnknownSize
from geartrain.graph.budget import current_budget
from geartrain.graph.operators import OPERATORS, Operators, tracing
from geartrain.graph.shapes import Shape, Spec, public
from geartrain.graph.tracked import Tracked, recording

if TYPE_CHECKING:
    from geartrain.graph.op import Op


# The last is the class of shapes, of which `compat.tensorflow` has one of its own.
shapes: list[type[tuple[Any, ...]]] = [tuple]


class Leaf:
    """What a node without sources stands for. Each leaf object is its own identity.

    Its node holds the leaf, and the leaf knows the node by a weak reference alone: a leaf may hold
    the layer call that made it, and so a whole model.
    """

    __slots__ = ("found", "name")

    def __init__(self, name: str):
        self.name = name
        self.found: ref[Node] | None = None


class Constant(Leaf):
    """A leaf whose value is part of the graph.

    Attributes:
        value: the array.
        tensor: the tensor that it was given as, while a tape may know that one.
    """

    __slots__ = ("tensor", "value")

    def __init__(self, value: np.ndarray, tensor: Tracked | None = None):
        super().__init__(str(value.item()) if value.ndim == 0 else "constant")
        self.value, self.tensor = value, tensor


class Node(Operators):
    """A symbolic tensor.

    Attributes:
        op: the op that makes it; None for a leaf.
        sources: the nodes that the op reads.
        params: the op's keywords, by name.
        extents: the shape, in which a `Dim` stands for an axis known at run time.
        dtype: the name of the element type.
        leaf: for a leaf, the object it stands for (an input, a constant, a variable).
        number: nodes made later have greater ones.
    """

    __slots__ = ("__weakref__", "dtype", "extents", "leaf", "number", "op", "params", "sources")

    op: Op | None
    sources: tuple[Node, ...]
    params: dict[str, Any]
    extents: Shape
    dtype: str
    leaf: Leaf | None
    number: int

    @classmethod
    def of(cls, op: Op, sources: tuple[Node, ...], params: dict[str, Any]) -> Node:
        """The node of this op, sources and parameters: made once, then found again."""
        budget = current_budget()
        if budget is not None:
            budget.spend(op.name)
        key = (op, sources, tuple(sorted(params.items())))
        node = _interned.get(key)
        if node is None:
            spec = op.infer(*(Spec(source.extents, source.dtype) for source in sources), **params)
            node = cls._interned_as(key, cls._make(op, sources, params, spec, None))
        return node

    @classmethod
    def leaf_of(cls, leaf: Leaf, shape: Shape, dtype: str) -> Node:
        """The node that stands for `leaf`; the same leaf always gives the same node."""
        node = leaf.found() if leaf.found is not None else None
        if node is None:
            with _lock:
                node = leaf.found() if leaf.found is not None else None
                if node is None:
                    node = cls._make(None, (), {}, Spec(shape, dtype), leaf)
                    leaf.found = ref(node)
        return node

    @classmethod
    def wrap(cls, value: Any) -> Node:
        """`value` as a node: itself, or a constant."""
        if isinstance(value, Node):
            return value
        if hasattr(value, "__tensor__"):  # a size, or a variable while a function is traced
            return cls.wrap(value.__tensor__())
        if isinstance(value, Tracked) and value.node is not None:
            return cls.wrap(value.node)
        array = np.asarray(value)
        taped = isinstance(value, Tracked) and bool(recording.tapes)
        if array.ndim or taped:
            leaf = Constant(array, value if taped else None)
            return cls.leaf_of(leaf, array.shape, array.dtype.name)
        key = ("scalar", array.dtype.name, array.tobytes())
        node = _interned.get(key)
        if node is None:
            made = cls._make(None, (), {}, Spec((), array.dtype.name), Constant(array))
            node = cls._interned_as(key, made)
        return node

    @staticmethod
    def _interned_as(key: Any, made: Node) -> Node:
        """The node of that key: `made`, unless another thread has been faster."""
        with _lock:
            node = _interned.get(key)
            if node is None:
                node = _interned[key] = made
        return node

    @classmethod
    def _make(
        cls, op: Op | None, sources: tuple[Node, ...], params: dict[str, Any], spec: Spec,
        leaf: Leaf | None,
    ) -> Node:  # fmt: skip
        node = object.__new__(cls)
        for name, value in (
            ("op", op), ("sources", sources), ("params", params),
            ("extents", spec.shape), ("dtype", spec.dtype), ("leaf", leaf),
            ("number", next_number()),
        ):  # fmt: skip
            object.__setattr__(node, name, value)
        return node

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A node is immutable: {name!r} cannot be set.")

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape, with None for an axis whose size is known at run time only."""
        shape, kind = public(self.extents), shapes[-1]
        return shape if kind is tuple else tuple.__new__(kind, shape)

    @property
    def ndim(self) -> int:
        """The number of axes (the rank)."""
        return len(self.extents)

    def __len__(self) -> int:
        if not self.extents or not isinstance(self.extents[0], int):
            raise TypeError(f"len() of a symbolic tensor of shape {self.shape} is not known yet.")
        return self.extents[0]

    def __eq__(self, other: Any) -> Any:
        """While a function is traced, element by element: `y == 1` is a tensor for its author.

        Else, and for what is no tensor, whether it is the same object. Nodes can be keys at all
        times: dictionaries look first whether it is the same, and weak ones whether it is equal.
        """
        if other is self:
            return True
        return OPERATORS["equal"](self, other) if _compares(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return OPERATORS["not_equal"](self, other) if _compares(other) else NotImplemented

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise self._no_value(
            "A symbolic tensor has no truth value yet, so `if`, `while`, `and` and `or` cannot use "
            "it. Choose between values with ops.where(condition, a, b)."
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError(
            f"{self!r} is symbolic: it has no values yet, so NumPy cannot compute with it. Use the "
            "function of the same name in geartrain.ops."
        )

    def __float__(self) -> float:
        raise self._no_value(
            f"{self!r} is symbolic: it has no value yet. Return it, then convert it."
        )

    __int__ = __float__

    def _no_value(self, message: str) -> TypeError:
        """The error where a value is needed: one that tells if sizes alone would give it."""
        leaves = (node.leaf for node in sorted_nodes([self]) if node.op is None)
        of_sizes = all(isinstance(leaf, Constant) for leaf in leaves)
        return (UnknownSize if of_sizes else TypeError)(message)

    def __repr__(self) -> str:
        made = self.op.name if self.op else self.leaf.name if self.leaf is not None else "?"
        return f"<node {made}, shape={self.shape}, dtype={self.dtype}>"


def _compares(other: Any) -> bool:
    return tracing.depth > 0 and (
        isinstance(other, Node | int | float | np.ndarray | np.generic | list)
        or hasattr(other, "__tensor__")
    )


_lock = threading.RLock()  # two nodes for one variable would lose its gradient in silence
_interned: WeakValueDictionary[Any, Node] = WeakValueDictionary()
if hasattr(os, "register_at_fork"):  # no child begins with a lock that nobody there holds
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )
next_number = itertools.count().__next__


def placeholder(shape: Shape, dtype: str, name: str = "input") -> Node:
    """A new leaf that stands for an input."""
    return Node.leaf_of(Leaf(name), shape, dtype)


def sorted_nodes(outputs: Iterable[Node], given: Collection[Node] = ()) -> list[Node]:
    """The nodes that `outputs` need, each after its sources (and each once).

    What the nodes in `given` are made of is not followed.

    >>> x = placeholder((), "float32")
    >>> sorted_nodes([x]) == [x]
    True
    """
    seen: set[Node] = set()
    ordered: list[Node] = []
    stack = [(node, False) for node in outputs][::-1]
    while stack:
        node, sources_done = stack.pop()
        if sources_done:
            ordered.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if node in given:
                continue
            stack.extend((source, False) for source in reversed(node.sources))
    return ordered
