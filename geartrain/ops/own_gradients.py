"""Functions with a gradient that their author writes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.errors import shown
from geartrain.graph.affine import Index, Reading
from geartrain.graph.dtypes import is_float
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Constant, Node, placeholder, sorted_nodes
from geartrain.graph.op import Op, View
from geartrain.graph.recording import record
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import Shape, Spec, public
from geartrain.ops.bodies import flat_size, is_symbolic, parted, placeholders, traced
from geartrain.ops.operands import dtype_of, extents_of, filled_like, operand
from geartrain.ops.rules import gradients
from geartrain.ops.scan import from_outside
from geartrain.ops.views import concatenate, reshape

__all__ = ["custom_gradient", "jvp"]


@dataclass(frozen=True, eq=False)
class Rule:
    """A gradient as a graph.

    Attributes:
        entering: placeholder of the gradient of the result.
        sources: placeholders of what else it is computed from: all sources of the op.
        slopes: the gradient of each source; None for none.
    """

    entering: Node
    sources: tuple[Node, ...]
    slopes: tuple[Node | None, ...]


def _ruled_grad(g: Node, y: Node, *sources: Node, rule: Rule) -> tuple[Any, ...]:
    mapping = dict(zip([rule.entering, *rule.sources], [g, *sources], strict=True))
    known = [slope for slope in rule.slopes if slope is not None]
    made = iter(substitute(known, mapping))
    return tuple(None if slope is None else next(made) for slope in rule.slopes)


def _ruled_index(index: Index, *shapes: Shape, rule: Rule) -> list[Reading]:
    return [Reading(0, index)]


def _ruled_reference(x: np.ndarray, *others: np.ndarray, rule: Rule) -> np.ndarray:
    return x


# The first source as it is; its gradient is that of a rule, with respect to the other sources.
ruled: Op = Op(
    "ruled", lambda x, *others, rule: Spec(x.shape, x.dtype), _ruled_reference, _ruled_grad,
    View(_ruled_index),
)  # fmt: skip


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function whose gradient is written by hand.

    Args:
        f: function of tensors that returns its result and its gradient: a function that gets the
            gradient of each tensor in the result, and returns the gradient of each argument (None
            for none). No gradient flows to what `f` uses besides its arguments.

    Returns a function of the same arguments that returns the result alone.

    Raises:
        TypeError: what is no function, or returns no such pair.
        ValueError: gradients that do not fit the arguments.

    >>> from geartrain import grad, ops
    >>> @custom_gradient
    ... def log1pexp(x):
    ...     e = ops.exp(x)
    ...     return ops.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> log1pexp(np.float32(100.0)), grad(log1pexp)(np.float32(100.0))
    (array(inf, dtype=float32), array(1., dtype=float32))
    """
    if not callable(f):
        raise TypeError(f"custom_gradient: expected a function. Received: {shown(f)}")

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not is_symbolic([x.__tensor__() if hasattr(x, "__tensor__") else x for x in args]):
            return _pair(f, f(*args, **kwargs))[0]
        return record(custom_gradient, args, kwargs, _symbolic(f, args, kwargs))

    return wrapped


def _pair(f: Any, returned: Any) -> tuple[Any, Any]:
    if not isinstance(returned, tuple | list) or len(returned) != 2 or not callable(returned[1]):
        raise TypeError(
            f"custom_gradient: expected {_name(f)} to return its result and a function that gives "
            f"the gradient. Received: {shown(returned)}"
        )
    return returned[0], returned[1]


def _symbolic(f: Any, args: Any, kwargs: Any) -> Any:
    flat = [operand(leaf) for leaf in tree.flatten(args)]
    symbols = placeholders(flat, "argument")
    given = tree.pack_sequence_as(args, symbols)
    backward: list[Any] = []

    def forward() -> Any:
        result, gradient = _pair(f, f(*given, **kwargs))
        backward.append(gradient)
        return result

    result = traced(forward, ())
    shapes = [node.extents for node in result.nodes]
    own = {node.dtype for node in result.nodes if is_float(node.dtype)}
    if len(own) != 1 or any(not is_float(node.dtype) for node in result.nodes):
        raise ValueError(
            f"custom_gradient: expected {_name(f)} to return float tensors of one dtype. "
            f"Received: {', '.join(node.dtype for node in result.nodes) or 'none'}"
        )
    (dtype,) = own
    whole = result.nodes[0] if len(shapes) == 1 else _joined(result.nodes)
    entering = placeholder(whole.extents, dtype, "slope")
    upstream = [entering] if len(shapes) == 1 else parted(entering, shapes)
    slopes = _slopes(f, backward[0], upstream, symbols)
    known = [slope for slope in slopes if slope is not None]
    outside = [n for n in from_outside([whole, *known], {entering, *symbols}) if n is not entering]
    inside = placeholders(outside, "captured")
    mapping = dict(zip(outside, inside, strict=True))
    made = iter(substitute(known, mapping))
    ruling = [None if slope is None else next(made) for slope in slopes]
    rule = Rule(
        entering,
        (placeholder(whole.extents, dtype, "result"), *symbols, *inside),
        (None, *ruling, *(None for _ in inside)),
    )
    values = dict(zip(symbols, map(Node.wrap, flat), strict=True))
    value, *updated = substitute([whole, *result.updates.values()], values)
    for variable, new in zip(result.updates, updated, strict=True):
        variable.assign(new)
    held = ruled.node(value, *flat, *outside, rule=rule)
    return result.like([held] if len(shapes) == 1 else parted(held, shapes))


def _joined(nodes: list[Node]) -> Any:
    rows = [reshape(node, shape=(flat_size([node]),)) for node in nodes]
    return concatenate(*rows, axis=0)


def _slopes(f: Any, backward: Any, upstream: list[Any], symbols: list[Node]) -> list[Node | None]:
    """The gradient of each argument, as its author's function gives it."""
    found = traced(lambda: backward(*upstream), ())
    slopes = found.outputs if isinstance(found.form, tuple | list) else found.outputs[:1]
    if len(slopes) != len(symbols):
        raise ValueError(
            f"custom_gradient: expected the gradient of {_name(f)} to have one tensor (or None) "
            f"for each of the {len(symbols)} arguments. Received: {len(slopes)}"
        )
    made: list[Node | None] = []
    for number, (slope, symbol) in enumerate(zip(slopes, symbols, strict=True)):
        if slope is None or not is_float(symbol.dtype):
            made.append(None)
            continue
        if extents_of(slope) != symbol.extents:
            raise ValueError(
                f"custom_gradient: expected the gradient of argument {number} of {_name(f)} in "
                f"its shape {public(symbol.extents)}. Received: shape {public(slope.extents)}"
            )
        made.append(operand(slope, dtype_of(symbol)))
    return made


def _name(f: Any) -> str:
    return getattr(f, "__name__", type(f).__name__)


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """A function's value, and how it changes when its arguments move: forward-mode derivatives.

    The derivative along the tangents t is that of `<w, J t>` by w, for `transpose(J) w` as
    backpropagation gives it.

    Args:
        fun: function of tensors (or nested structures of them).
        primals: tuple or list of its arguments.
        tangents: tuple or list of the directions in which they move, of the same structure.
        has_aux: whether `fun` returns a pair: what to differentiate, and what to return as it is.

    Returns `(fun(*primals), the change)`, and behind them what `fun` returned besides, if has_aux.

    Raises:
        TypeError: for what is no function, or primals that are no tuple or list.
        ValueError: for tangents of another structure or shape.

    >>> from geartrain import ops
    >>> value, change = jvp(ops.square, (np.float32(3.0),), (np.float32(0.5),))
    >>> value, change
    (array(9., dtype=float32), array(3., dtype=float32))
    """
    if not callable(fun) or not isinstance(primals, list | tuple):
        raise TypeError(
            "jvp: expected a function, and primals as a tuple or list of its arguments. "
            f"Received: {shown(fun)}, {shown(primals)}"
        )
    at = [operand(leaf) for leaf in tree.flatten(primals)]
    along = [operand(leaf) for leaf in tree.flatten(tangents)]
    if [extents_of(x) for x in at] != [extents_of(x) for x in along]:
        raise ValueError(
            "jvp: expected tangents of the shapes of the primals. Received: "
            f"{[public(extents_of(x)) for x in at]} and {[public(extents_of(x)) for x in along]}"
        )
    symbols, directions = placeholders(at, "primal"), placeholders(along, "tangent")
    given = tree.pack_sequence_as(primals, symbols)
    result = traced(lambda: fun(*given), ())
    count = len(tree.flatten(result.form[0])) if has_aux else len(result.outputs)
    values = dict(zip([*symbols, *directions], map(Node.wrap, [*at, *along]), strict=True))
    moved = [
        _moved(node, symbols, directions) for node in result.outputs[:count] if node is not None
    ]
    made = substitute([*result.nodes, *moved], values)
    made = _computed(made, is_symbolic(at, along))
    whole = result.like(made[: len(result.nodes)])
    value, *aux = (whole[0], whole[1]) if has_aux else (whole,)
    return (value, tree.pack_sequence_as(value, made[len(result.nodes) :]), *aux)


def _moved(node: Node, symbols: list[Node], along: list[Node]) -> Node:
    """How a result changes when the symbols move along the tangents."""
    weight = placeholder(node.extents, node.dtype, "weight")
    slopes = gradients([node], symbols, [weight]) if is_float(node.dtype) else []
    found = [
        (slope, operand(tangent, slope.dtype))
        for slope, tangent in zip(slopes, along, strict=False)
        if slope is not None
    ]
    (change,) = gradients(
        [slope for slope, _ in found], [weight], [Node.wrap(tangent) for _, tangent in found]
    )
    return Node.wrap(filled_like(node, 0)) if change is None else change


def _computed(nodes: list[Any], symbolic: bool) -> list[Any]:
    """The values of nodes, if they depend on nothing symbolic."""
    leaves = [n for n in sorted_nodes(nodes) if n.leaf is not None]
    if symbolic or any(not isinstance(n.leaf, Constant) for n in leaves):
        return nodes
    return list(Plan(nodes).run({}))
