"""Gear zero: a whole engine with gradients, in plain Python and on three screens.

It has the gears of the large engine, each small enough to hold in one hand: interned nodes, three
kinds of ops declared once, gradients that are graph again, fusion, loops made as text and compiled.
A tensor's values are a flat list of numbers. `docs/gear-zero.md` builds this file in five steps.

>>> x, w = tensor("x", 2, 3), tensor("w", 3, 2)
>>> loss = total(relu(dot(x, w)))
>>> step = compiled(loss=loss, slope=gradients(loss, w)[0])
>>> step(x=[1, 2, 3, 4, 5, 6], w=[1, -1, 0, -1, 0, 1])
{'loss': [5.0], 'slope': [5.0, 0.0, 7.0, 0.0, 9.0, 0.0]}
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any


class Node:
    """One use of an op: a known shape, and no numbers yet. Made by `node` alone."""

    def __init__(self, op: str, sources: tuple[Node, ...], shape: tuple[int, ...], detail: Any):
        self.op, self.sources, self.shape, self.detail = op, sources, shape, detail

    __add__ = __radd__ = lambda x, y: elementwise("add", x, y)
    __mul__ = __rmul__ = lambda x, y: elementwise("multiply", x, y)
    __sub__ = lambda x, y: x + y * -1.0  # noqa: E731
    __truediv__ = lambda x, y: x * elementwise("reciprocal", y)  # noqa: E731


NODES: dict[Any, Node] = {}


def node(op: str, sources: tuple[Node, ...], shape: tuple[int, ...], detail: Any = None) -> Node:
    """The same op of the same sources is the same node: what is common is found by building."""
    return NODES.setdefault((op, sources, shape, detail), Node(op, sources, shape, detail))


def tensor(name: str, *shape: int) -> Node:
    """An input of the program: its numbers come when the program runs."""
    if not name.isidentifier() or name[1:].isdigit():  # t1, i0, k1 are names that `compiled` gives
        raise ValueError(f"tensor expected a name such as 'x' or 'bias'. Received: {name!r}")
    return node("input", (), shape, name)


# How Python says each op for one number, and what a gradient g of z becomes on its way to x and y.
MAPS: dict[str, tuple[str, Callable[..., tuple[Node | None, ...]]]] = {
    "add": ("({} + {})", lambda g, z, x, y: (g, g)),
    "multiply": ("({} * {})", lambda g, z, x, y: (g * y, g * x)),
    "reciprocal": ("(1 / {})", lambda g, z, x: (g * z * z * -1.0,)),
    "exp": ("exp({})", lambda g, z, x: (g * z,)),
    "log": ("log({})", lambda g, z, x: (g / x,)),
    "relu": ("max({}, 0.0)", lambda g, z, x: (g * elementwise("positive", x),)),
    "positive": ("float({} > 0)", lambda g, z, x: (None,)),
}


def elementwise(op: str, *sources: Node | float) -> Node:
    """`z[i, j] = op(x[i, j], y[i, j])`; of a vector y, `y[j]` for each row: a bias for a batch."""
    nodes = [x if isinstance(x, Node) else node("number", (), (), repr(float(x))) for x in sources]
    shape = max((x.shape for x in nodes), key=len)
    last = [tuple(range(len(shape) - len(x.shape), len(shape))) for x in nodes]
    return node(op, tuple(map(view, nodes, last, [shape] * len(nodes))), shape)


def view(x: Node, axes: tuple[int, ...], shape: tuple[int, ...]) -> Node:
    """`z[i] = x[i[axes[0]], i[axes[1]], ...]`: transposed, and repeated along the axes left out."""
    if x.shape != tuple(shape[axis] for axis in axes):
        raise ValueError(f"view expected x with axes {axes} of {shape}. Received: shape {x.shape}")
    return node("view", (x,), shape, axes) if axes != tuple(range(len(shape))) else x


def summed(x: Node, *axes: int) -> Node:
    """`z = sum of x` along the axes, which the result no longer has."""
    return node("sum", (x,), tuple(x.shape[a] for a in others(x, axes)), axes) if axes else x


def others(x: Node, axes: tuple[int, ...] = ()) -> tuple[int, ...]:
    """The axes of x that are not among these."""
    return tuple(axis for axis in range(len(x.shape)) if axis not in axes)


def total(x: Node) -> Node:
    """`z = x[0, 0] + x[0, 1] + ...`, one number."""
    return summed(x, *others(x))


def dot(x: Node, y: Node) -> Node:
    """`z[i, k] = sum over j of x[i, j] * y[j, k]`: two views, a product, a sum."""
    shape = (*x.shape, y.shape[1])
    return summed(view(x, (0, 1), shape) * view(y, (1, 2), shape), 1)


def relu(x: Node) -> Node:
    """`z = max(x, 0)`."""
    return elementwise("relu", x)


def softmax(x: Node) -> Node:
    """`z[i, j] = exp(x[i, j]) / sum over k of exp(x[i, k])`, of scores that are not huge."""
    exps = elementwise("exp", x)
    return exps / view(summed(exps, 1), (0,), x.shape)


def ordered(outputs: list[Node]) -> list[Node]:
    """All nodes that the outputs need, each after its sources; a stack, since graphs are deep."""
    found, stack = dict[Node, None](), outputs[::-1]
    while stack:
        missing = [x for x in stack[-1].sources if x not in found]
        stack += missing
        if not missing:
            found[stack.pop()] = None
    return list(found)


def gradients(loss: Node, *inputs: Node) -> list[Node]:
    """`d loss / d x` for each x of the inputs, by the chain rule: graph that has gradients too."""
    arrived = {loss: node("number", (), (), "1.0")}
    for z in reversed(ordered([loss])):
        for x, g in zip(z.sources, passed_on(z, arrived[z]) if z in arrived else (), strict=False):
            if g is not None:
                arrived[x] = arrived[x] + g if x in arrived else g
    return [arrived.get(x) or x * 0.0 for x in inputs]


def passed_on(z: Node, g: Node) -> tuple[Node | None, ...]:
    """What a gradient g of z becomes for each of z's sources."""
    if z.op == "sum":  # each number went into the sum once
        return (view(g, others(z.sources[0], z.detail), z.sources[0].shape),)
    if z.op == "view":  # a number seen at many places gets the sum of their gradients
        order = tuple(z.detail.index(axis) for axis in sorted(z.detail))
        return (view(summed(g, *others(z, z.detail)), order, z.sources[0].shape),)
    return MAPS[z.op][1](g, z, *z.sources) if z.sources else ()


def compiled(**outputs: Node) -> Callable[..., dict[str, list[float]]]:
    """Loops as text: sums and what is read twice get memory, all else is fused into its reader."""
    nodes = ordered(list(outputs.values()))
    readers = Counter(x for z in nodes for x in z.sources)
    names = {z: z.detail for z in nodes if z.op == "input"}
    lines = [f"def program(*, {', '.join(names.values())}):"]
    for z in nodes:
        if z.op == "sum" or z in outputs.values() or (z.op in MAPS and readers[z] > 1):
            index = [f"i{axis}" for axis in others(z)]
            lines.append(f"    t{len(lines)} = [{number(z, index, names)}{loops(index, z.shape)}]")
            names[z] = f"t{len(lines) - 1}"
    lines.append(
        f"    return {{{', '.join(f'{name!r}: {names[z]}' for name, z in outputs.items())}}}"
    )
    scope: dict[str, Any] = {"exp": math.exp, "log": math.log}
    exec("\n".join(lines), scope)
    scope["program"].source = "\n".join(lines)
    return scope["program"]  # type: ignore[no-any-return]


def loops(index: list[str], shape: Iterable[int]) -> str:
    """` for i0 in range(2) for i1 in range(3)`."""
    return "".join(f" for {i} in range({n})" for i, n in zip(index, shape, strict=True))


def number(z: Node, index: list[str], names: dict[Node, str]) -> str:
    """What Python computes for the number of z at an index: read from memory where z has some."""
    if z in names:
        strides = [math.prod(z.shape[axis + 1 :]) for axis in others(z)]
        terms = [f"{i} * {n}" if n > 1 else i for i, n in zip(index, strides, strict=True)]
        return f"{names[z]}[{' + '.join(terms) or 0}]"
    if z.op == "number":
        return z.detail  # type: ignore[no-any-return]
    if z.op == "view":
        return number(z.sources[0], [index[axis] for axis in z.detail], names)
    if z.op == "sum":
        x, kept = z.sources[0], iter(index)
        full = [f"k{axis}" if axis in z.detail else next(kept) for axis in others(x)]
        summands = loops([full[axis] for axis in z.detail], [x.shape[axis] for axis in z.detail])
        return f"sum(({number(x, full, names)}{summands}), 0.0)"
    return MAPS[z.op][0].format(*(number(x, index, names) for x in z.sources))
