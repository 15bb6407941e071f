"""A graph as formulas: `relu((x @ dense.kernel) + dense.bias)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from geartrain.graph.affine import Affine
from geartrain.graph.contraction import ContractionSpec, spec_of
from geartrain.graph.node import Constant, Leaf, Node, sorted_nodes
from geartrain.graph.op import Contraction, Map, View

_WIDTH = 90  # characters of a formula, from which on its parts get names
_PARAMETER = 60  # characters of a parameter, such as the body of a loop


def leaf_name(leaf: Leaf, model: str = "") -> str:
    """An input's name, or a variable's path: `dense.kernel`, without the name of its model."""
    path = str(getattr(leaf, "path", leaf.name))
    return path.removeprefix(f"{model}/").replace("/", ".")


class Names:
    """Names for tensors: inputs and variables have theirs, the others that of their op.

    Args:
        model: the name of a model, which is left out where paths begin with it.
    """

    def __init__(self, model: str = "") -> None:
        self.model = model
        self.given: dict[Node, str] = {}
        self.counts: dict[str, int] = {}

    def of(self, node: Node) -> str:
        """The name of a node, always the same."""
        if node not in self.given:
            wanted = node.op.name if node.op else leaf_name(node.leaf, self.model)  # type: ignore[arg-type]
            self.given[node] = self.new(wanted.strip("_"))
        return self.given[node]

    def new(self, wanted: str) -> str:
        """A name that nothing has yet."""
        self.counts[wanted] = count = self.counts.get(wanted, 0) + 1
        return wanted if count == 1 else f"{wanted}_{count}"


def bare(text: str) -> str:
    """An expression without the parentheses around all of it.

    >>> bare("(a + b)"), bare("(a + b) * (c + d)")
    ('a + b', '(a + b) * (c + d)')
    """
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 and text[0] == "(" else text
    return text


def formula_text(
    outputs: Sequence[Node], updates: Mapping[Node, Node] | None = None, model: str = ""
) -> str:
    """What `outputs` are, in terms of inputs and variables, and the new values of variables.

    How tensors are stretched to each other is left out. What is used more than once has a line of
    its own.

    Args:
        outputs: what is returned.
        updates: the new value of each variable that changes.
        model: see `Names`.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> x, w = placeholder((5, 3), "float32", "x"), placeholder((3, 2), "float32", "w")
    >>> print(formula_text([ops.softmax(ops.matmul(x, w) + 1)]))
    add = (x @ w) + 1
    exp = exp(add - stop_gradient(max(add, axes=(1,))))
    return exp / sum(exp, axes=(1,))
    """
    updates = updates or {}
    ends = [*outputs, *updates.values()]
    nodes = sorted_nodes(ends)
    uses = Counter(_read(source) for node in nodes if not _silent(node) for source in node.sources)
    uses.update(_read(end) for end in ends)
    names, lines = Names(model), []
    texts: dict[Node, str] = {}
    for node in nodes:
        if _silent(node):
            continue
        text = _text(node, {source: texts[_read(source)] for source in node.sources}, names)
        if node.op is not None and (uses[node] > 1 or len(text) > _WIDTH):
            lines.append(f"{names.of(node)} = {bare(text)}")
            text = names.of(node)
        texts[node] = text
    lines += [f"{names.of(old)} <- {bare(texts[_read(new)])}" for old, new in updates.items()]
    if outputs:
        lines.append("return " + ", ".join(bare(texts[_read(output)]) for output in outputs))
    return "\n".join(lines)


def _text(node: Node, texts: Mapping[Node, str], names: Names) -> str:
    if node.op is None:
        single = isinstance(node.leaf, Constant) and node.leaf.value.ndim == 0
        return f"{node.leaf.value.item():.6g}" if single else names.of(node)  # type: ignore[union-attr]
    lower, values = node.op.lower, [texts[source] for source in node.sources]
    if isinstance(lower, Map) and lower.sign:
        return f"({f' {lower.sign} '.join(values)})"
    if isinstance(lower, Contraction):
        product = _matrix_product(spec_of(node), *values)
        if product is not None:
            return product
    values = [bare(value) for value in values]
    values += [f"{name}={_cut(str(value))}" for name, value in node.params.items()]
    return f"{node.op.name}({', '.join(values)})"


def _matrix_product(spec: ContractionSpec, x: str, y: str) -> str | None:
    """`x @ y`, with matrices transposed as need be, if the letters of a product say that."""
    left, right, out = spec.left, spec.right, spec.out
    if len(right) == 2 and left[-1] == right[0] and out == left[:-1] + right[1]:
        return f"({x} @ {y})"
    if not len(left) == len(right) == len(out) == 2:
        return None
    (summed,) = spec.summed or {""}
    x = x if left == f"{out[0]}{summed}" else f"{x}.T"
    y = y if right == f"{summed}{out[1]}" else f"{y}.T"
    fits = {out[0], summed} == set(left) and {summed, out[1]} == set(right)
    return f"({x} @ {y})" if fits else None


def _cut(text: str) -> str:
    return text if len(text) <= _PARAMETER else f"{text[: _PARAMETER - 4]} ..."


def _read(node: Node) -> Node:
    """What a node shows, behind views that only repeat or add axes."""
    while _silent(node):
        node = node.sources[0]
    return node


def _silent(node: Node) -> bool:
    """Whether a view has all elements of its source in order, or repeats them along other axes."""
    if node.op is None or not isinstance(node.op.lower, View) or len(node.sources) != 1:
        return False
    lower, (source,) = node.op.lower, node.sources
    if lower.index is None:
        return [n for n in node.extents if n != 1] == [n for n in source.extents if n != 1]
    index = tuple(Affine.variable(str(axis)) for axis in range(node.ndim))
    reading, *others = lower.index(index, source.extents, **node.params)
    if others or reading.guards:
        return False
    last = -1
    for place, size in zip(reading.index, source.extents, strict=True):
        if size == 1:
            continue
        axis = next((n for n in range(last + 1, node.ndim) if place == index[n]), None)
        if axis is None or node.extents[axis] != size:
            return False
        last = axis
    return True
