"""Functions whose intermediate results are computed again for the gradient, not kept for it.

    y = f(x, w)                       before: all that f makes stays until its gradient is there
    y' = f(x after g, w), dy'/dx, ... after: it is made a second time, once the gradient g is there

Nothing is named: what is computed again is what lies between the result and what was there before.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.errors import shown
from geartrain.graph.affine import Index, Reading
from geartrain.graph.dtypes import is_float
from geartrain.graph.node import Node
from geartrain.graph.op import Op, View
from geartrain.graph.recording import record
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import Shape, Spec
from geartrain.ops.bodies import is_symbolic, older, traced
from geartrain.ops.masks import mask_of, set_mask
from geartrain.ops.rules import gradients

__all__ = ["remat"]


def _first_index(index: Index, *shapes: Shape) -> list[Reading]:
    return [Reading(0, index)]


def _first(x: np.ndarray, *others: np.ndarray) -> np.ndarray:
    return x


# The first source as it is, once the second is there: another node, of which all is made again.
after: Op = Op(
    "after", lambda x, other: Spec(x.shape, x.dtype), _first,
    lambda g, y, x, other: (g, None), View(_first_index, reads=1),
)  # fmt: skip


def _again_grad(g: Node, y: Node, result: Node, *given: Node) -> tuple[Any, ...]:
    # weights are there anyway, and products that read them as they are stay as fast as they were
    later = {x: x if hasattr(x.leaf, "assign") else after.node(x, g) for x in given}
    (again,) = substitute([result], later)
    floats = [x for x in given if is_float(x.dtype)]
    made = gradients([again], [later[x] for x in floats], [g])
    slopes = dict(zip(floats, made, strict=True))
    return (None, *(slopes.get(x) for x in given))


# The first source as it is, computed from the others. Its gradient computes it again.
forgotten: Op = Op(
    "forgotten", lambda result, *given: Spec(result.shape, result.dtype), _first,
    _again_grad, View(_first_index, reads=1),
)  # fmt: skip


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose intermediate results are computed again when its gradient is.

    Training then needs memory for the arguments and results of `f` alone, and computes `f` twice.
    Results and gradients stay the same bit for bit.

    Args:
        f: function of tensors, which may use weights of layers too; or a layer.

    Returns a function of the same arguments and results. Where nothing is differentiated, and for
    NumPy arrays, it is `f`.

    Raises TypeError for what is no function.

    Source: Chen et al., "Training deep nets with sublinear memory cost", 2016.

    >>> from geartrain import grad, ops
    >>> def block(x):
    ...     return ops.tanh(ops.tanh(x) * 2)
    >>> x = np.float32(0.5)
    >>> bool(grad(remat(block))(x) == grad(block)(x))
    True
    """
    if not callable(f):
        raise TypeError(f"remat: expected a function. Received: {shown(f)}")
    return remat_if(lambda results: True, f)


def remat_if(wanted: Callable[[list[Node]], bool], f: Callable[..., Any]) -> Callable[..., Any]:
    """`remat(f)`, where that is wanted for the results."""

    @functools.wraps(f, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves = tree.flatten((args, kwargs))
        if not is_symbolic([x.__tensor__() if hasattr(x, "__tensor__") else x for x in leaves]):
            return f(*args, **kwargs)
        result = traced(lambda: f(*args, **kwargs), ())
        for variable, new in result.updates.items():
            variable.assign(new)
        made = result.nodes
        if wanted(made):
            made = [_forgetting(node, result.start) for node in made]
        return record(remat, args, kwargs, result.like(made))

    return wrapped


def _forgetting(result: Node, start: int) -> Node:
    """The result, without what was made for it since `start` being kept for its gradient."""
    if result.op is None or result.number <= start or not is_float(result.dtype):
        return result
    made = forgotten.node(result, *older([result], start))
    set_mask(made, mask_of(result))
    return made
