"""The algebraic rewrites of graphs, each with what it makes of what; see `graph/simplify.py`.

Gradients come in plain ops: that of a window view is the sum of another view, that of padding a
slice. Both pay for work that is thrown away where what they read is a contraction, so:

    sum over k of view(a @ b)    ->  a @ view(b), summed over k too     convolutions' gradients
    slice(a @ b)                 ->  slice(a) @ b                       none for the padding
    pad(x) + pad(y)              ->  concatenate(x, y)                  if they fill an axis
    window(x) @ w, by channel    ->  sum over k of x[k:] * w[k]         depthwise convolutions
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from geartrain.graph import autodiff
from geartrain.graph.contraction import spec_of
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.shapes import Extent
from geartrain.graph.simplify import BODY, COMPILED, GRADIENT, Use, rule, simplified
from geartrain.ops.direct import direct_convolution
from geartrain.ops.elementwise import add
from geartrain.ops.folds import contract, sum_
from geartrain.ops.views import concatenate, pad, slice_
from geartrain.ops.windows import Sizes, padded_along, source_axes, spread, unwindow, window

Widened = Callable[[Any, Sizes], Any]  # (tensor, axes) -> its view, with windows' axes behind axes


def gradients(
    outputs: Sequence[Node], wrt: Sequence[Node], seeds: Sequence[Node]
) -> list[Node | None]:
    """The gradients of a graph, made simpler; see `autodiff.gradients`."""
    found = autodiff.gradients(outputs, wrt, seeds)
    return simplified(found, GRADIENT, given=[*sorted_nodes(outputs), *seeds])


@rule(
    "sum over windows of a contraction",
    "sum over k of view(contract(a, b))",
    "contract(a, view(b)), summed over k too",
)
def sum_of_a_view(use: Use) -> Node | None:
    """So that the gradient of a convolution is a contraction as well."""
    node = use.node
    if node.op is not sum_ or not use.free[0]:
        return None
    view = node.sources[0]
    found = _windows_behind(view)
    if found is None or node.params["axes"] != tuple(axis + 1 for axis in view.params["axes"]):
        return None
    inner, widened, again = found
    return _summed(inner, view.params["axes"], widened, again)


def _windows_behind(view: Node) -> tuple[Node, Widened, Widened] | None:
    """Of a view that has its windows' axes already: what it views, and how to view the like.

    That is another tensor without these axes, or one that has them.
    """
    place: dict[str, Any] = {
        name: view.params.get(name) for name in ("sizes", "strides", "dilations")
    }
    if view.op is unwindow and view.params["paired"] and not any(view.params["starts"]):
        lengths = view.params["lengths"]
        return (
            view.sources[0],
            lambda x, axes: spread(x, axes, lengths, **place),
            lambda x, axes: unwindow(x, **view.params | {"axes": axes}),
        )
    if view.op is not window or not view.params["paired"]:
        return None
    inner, axes, counts = view.sources[0], view.params["axes"], view.params["counts"]
    low: list[Extent] = [0] * len(axes)
    high = list(low)
    if inner.op is pad and not any(inner.params["interior"]):
        low, high = ([inner.params[end][axis] for axis in axes] for end in ("low", "high"))
        others = [axis for axis in range(inner.ndim) if axis not in axes]
        if any(inner.params[end][axis] != 0 for end in ("low", "high") for axis in others):
            return None
        inner = inner.sources[0]

    def viewed(x: Any, axes: Sizes, paired: bool) -> Any:
        x = padded_along(x, source_axes(axes, paired), low, high)
        return window(x, axes=axes, counts=counts, **place, paired=paired)

    return inner, lambda x, axes: viewed(x, axes, False), lambda x, axes: viewed(x, axes, True)


def _summed(g: Node, axes: Sizes, widened: Widened, again: Widened) -> Node:
    """The view of `g`, which has windows' axes behind `axes`, summed over these axes.

    Of a contraction `g` whose windows' axes come from one operand and `axes` from the other, it is
    the contraction with the other operand widened, summed over one axis more.
    """
    if g.op is add:
        first, second = (_summed(source, axes, widened, again) for source in g.sources)
        return add(first, second)  # type: ignore[no-any-return]
    if g.op is contract:
        spec = spec_of(g)
        left, right, out = spec.left, spec.right, spec.out
        for labels, other, place in ((left, right, 0), (right, left, 1)):
            found = _widened_labels(labels, other, out, axes)
            if found is not None:
                operands = list(g.sources)
                positions = tuple(found.index(out[axis]) for axis in axes)
                operands[place] = widened(operands[place], positions)
                inputs = [left, right]
                inputs[place] = found
                kept = "".join(c for c in out if c not in {out[axis + 1] for axis in axes})
                return contract(*operands, spec=f"{','.join(inputs)}->{kept}")  # type: ignore[no-any-return]
    return sum_(again(g, axes), axes=tuple(axis + 1 for axis in axes))  # type: ignore[no-any-return]


def _widened_labels(labels: str, other: str, out: str, axes: Sizes) -> str | None:
    """The labels of an operand that alone has `axes`, with those of the windows put behind them.

    None if it has not, or has them in another order, or has a window's axis itself.
    """
    spatial = [out[axis] for axis in axes]
    inner = [out[axis + 1] for axis in axes]
    if not set(spatial) <= set(labels) - set(other) or set(inner) & set(labels):
        return None
    if sorted(spatial, key=labels.index) != spatial:
        return None
    behind = dict(zip(spatial, inner, strict=True))
    return "".join(label + behind.get(label, "") for label in labels)


@rule("slice of a contraction", "slice(contract(a, b))", "contract(slice(a), b)")
def slice_of_a_contraction(use: Use) -> Node | None:
    """So that the gradient of a convolution of a padded tensor is not computed for the padding."""
    node = use.node
    if node.op is not slice_ or not use.free[0] or node.sources[0].op is not contract:
        return None
    (g,) = node.sources
    start, length, step = (node.params[name] for name in ("start", "length", "step"))
    cut = [
        axis for axis, extent in enumerate(g.extents)
        if (start[axis], length[axis], step[axis]) != (0, extent, 1)
    ]  # fmt: skip
    spec, operands = spec_of(g), list(g.sources)
    for place, (labels, own) in enumerate(((spec.left, spec.rows), (spec.right, spec.columns))):
        if not all(spec.out[axis] in own for axis in cut):
            continue
        first: list[Extent] = [0] * len(labels)
        count, stride = list(operands[place].extents), [1] * len(labels)
        for axis in cut:
            at = labels.index(spec.out[axis])
            first[at], count[at], stride[at] = start[axis], length[axis], step[axis]
        operands[place] = slice_(
            operands[place], start=tuple(first), length=tuple(count), step=tuple(stride)
        )
        return contract(*operands, **g.params)  # type: ignore[no-any-return]
    return None


@rule("padded parts that fill an axis", "pad(x) + pad(y)", "concatenate(x, y)", BODY)
def parts_side_by_side(use: Use) -> Node | None:
    """So that what a loop hands back to the parts of a tensor is written once."""
    total = use.node
    if total.op is not add:
        return None
    terms = terms_of(total)
    padded = [term for term in terms if term.op is pad]
    axes = [
        axis for axis, size in enumerate(total.extents)
        if all(term.sources[0].extents[axis] != size for term in padded)
    ]  # fmt: skip
    if len(terms) != len(padded) or len(axes) != 1:
        return None
    (axis,) = axes
    if not all(isinstance(term.params["low"][axis], int) for term in padded):
        return None
    parts = sorted(padded, key=lambda term: term.params["low"][axis])
    end: Extent = 0
    for part in parts:
        if part.params["low"][axis] != end or any(part.params["interior"]):
            return None
        end = end + part.sources[0].extents[axis]
        sizes = zip(part.sources[0].extents, total.extents, strict=True)
        if any(a != b for n, (a, b) in enumerate(sizes) if n != axis):
            return None
    if end != total.extents[axis]:
        return None
    made: Node = concatenate(*(part.sources[0] for part in parts), axis=axis)
    return made


def terms_of(total: Node) -> list[Node]:
    """What is added up to a node."""
    stack, found = [total], []
    while stack:
        node = stack.pop()
        if node.op is add:
            stack.extend(reversed(node.sources))
        else:
            found.append(node)
    return found


@rule(
    "depthwise convolution",
    "contract(window(x), w), by channel",
    "sum over k of x[k:] * w[k]",
    COMPILED,
)
def depthwise_convolution(use: Use) -> Node | None:
    """See `direct.py`."""
    return direct_convolution(use.node)
