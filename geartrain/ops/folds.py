"""Primitive folds: elements combined along axes. The folded axes disappear.

A contraction (`contract`) is a fold of products of two tensors: every matrix product, dot, outer
product, and convolution is one. It is declared as an op of its own rather than as a multiplication
followed by a sum, because then its gradients are contractions too, the reference executor can hand
it to BLAS, and the compiler sees a product to block without searching for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from geartrain.graph.contraction import ContractionSpec
from geartrain.graph.dtypes import FLOATS, limits
from geartrain.graph.node import Node
from geartrain.graph.op import Contraction, Op, Reduce, Sample
from geartrain.graph.shapes import Extent, Shape, Spec, conflict, public
from geartrain.ops.elementwise import cast, equal
from geartrain.ops.views import expand, reshape


def _dropped(shape: Shape, axes: tuple[int, ...]) -> Shape:
    return tuple(extent for axis, extent in enumerate(shape) if axis not in axes)


def _unfolded(folded: Node, x: Node, axes: tuple[int, ...]) -> Any:
    """A folded tensor stretched back over the axes of `x`."""
    kept = tuple(1 if axis in axes else extent for axis, extent in enumerate(x.extents))
    return expand(reshape(folded, shape=kept), shape=x.extents)


def _samples() -> Iterable[Sample]:
    values = np.random.default_rng(0).permutation(24).reshape(2, 3, 4) / 12 - 1
    yield Sample((values,), {"axes": (1,)})
    yield Sample((values,), {"axes": (0, 2)})
    yield Sample((values,), {"axes": (0, 1, 2)})
    yield Sample((values,), {"axes": ()})


def fold(
    name: str,
    numpy: Callable[..., Any],
    grad: Callable[..., tuple[Any, ...]] | None,
    *,
    result: str | None = None,
    identity: Callable[[str], Any],
    combine: Callable[..., Any],
    join: Any,
    nonempty: bool = False,
    sign: str | None = None,
) -> Op:
    """Declare a fold along `axes`; `nonempty` refuses to fold no elements at all."""

    def infer(x: Spec, axes: tuple[int, ...]) -> Spec:
        if nonempty and any(x.shape[axis] == 0 for axis in axes):
            raise ValueError(
                f"{name}: an axis of size 0 has no {name}. Received shape {public(x.shape)}, "
                f"axes {axes}"
            )
        return Spec(_dropped(x.shape, axes), result or x.dtype)

    def reference(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        dtype = result or x.dtype
        return np.asarray(numpy(x, axis=axes)).astype(dtype, copy=False)

    return Op(
        name,
        infer,
        reference,
        grad,
        Reduce(identity, combine, join, sign),
        _samples,
        grad is not None,
    )


def _extreme_grad(g: Node, y: Node, x: Node, axes: tuple[int, ...]) -> tuple[Any]:
    """The gradient goes to the extreme element, shared equally among equal ones."""
    hits = cast(equal(x, _unfolded(y, x, axes)), dtype=x.dtype)
    return (_unfolded(g / sum_(hits, axes=axes), x, axes) * hits,)


def _lowest(dtype: str) -> Any:
    return limits(dtype)[0] if dtype not in FLOATS else -np.inf


def _highest(dtype: str) -> Any:
    return limits(dtype)[1] if dtype not in FLOATS else np.inf


def _sum_reference(x: np.ndarray, axis: tuple[int, ...]) -> np.ndarray:
    """Added up in the dtype; narrow floats in float32, as 256 + 1 is 256 in bfloat16."""
    wide = "float32" if x.dtype.name in ("float16", "bfloat16") else x.dtype
    result: np.ndarray = np.sum(x, axis=axis, dtype=wide)
    return result


sum_: Op = fold(
    "sum", _sum_reference,
    lambda g, y, x, axes: (_unfolded(g, x, axes),),
    identity=lambda dtype: 0, combine=lambda b, x, y: b.add(x, y), join=np.add, sign="+",
)  # fmt: skip
max_: Op = fold(
    "max", np.max, _extreme_grad, nonempty=True,
    identity=_lowest, combine=lambda b, x, y: b.maximum(x, y), join=np.maximum,
)  # fmt: skip
min_: Op = fold(
    "min", np.min, _extreme_grad, nonempty=True,
    identity=_highest, combine=lambda b, x, y: b.minimum(x, y), join=np.minimum,
)  # fmt: skip
any_: Op = fold(
    "any", np.any, None, result="bool",
    identity=lambda dtype: False, combine=lambda b, x, y: b.bits("or", x, b.convert(y, "bool")),
    join=np.logical_or,
)  # fmt: skip
all_: Op = fold(
    "all", np.all, None, result="bool",
    identity=lambda dtype: True, combine=lambda b, x, y: b.bits("and", x, b.convert(y, "bool")),
    join=np.logical_and,
)  # fmt: skip


# -- contraction ------------------------------------------------------------------------------


def _contract_infer(a: Spec, b: Spec, spec: str) -> Spec:
    labels = ContractionSpec.parse(spec)
    left, right, out = labels.left, labels.right, labels.out
    assert all(len(set(labels)) == len(labels) for labels in (left, right, out)), spec
    assert set(out) <= set(left + right), spec
    assert set(left) <= set(right + out), spec
    assert set(right) <= set(left + out), spec
    sizes: dict[str, Extent] = dict(zip(left, a.shape, strict=True))
    for label, size in zip(right, b.shape, strict=True):
        if sizes.setdefault(label, size) != size:
            axes = f"axis {left.index(label)} of the first and axis {right.index(label)} of the"
            raise conflict(
                f"matmul: expected equal sizes along {axes} second tensor. Received shapes "
                f"{public(a.shape)} and {public(b.shape)}. Transpose one, or check its last axis.",
                (size, sizes[label]),
            )
    if a.dtype != b.dtype:
        raise ValueError(f"matmul: expected one dtype. Received: {a.dtype} and {b.dtype}")
    return Spec(tuple(sizes[label] for label in out), a.dtype)


def _contract_reference(a: np.ndarray, b: np.ndarray, spec: str) -> np.ndarray:
    """By BLAS: both operands as (shared, own, contracted) matrices."""
    labels = ContractionSpec.parse(spec)
    left, right, out = labels.left, labels.right, labels.out
    shared = [label for label in left if label in labels.shared]
    summed = [label for label in left if label in labels.summed]
    own_a = [label for label in left if label in labels.rows]
    own_b = [label for label in right if label in labels.columns]
    size: dict[str, Any] = labels.sizes(a.shape, b.shape)

    def matrix(x: np.ndarray, labels: str, groups: list[list[str]]) -> np.ndarray:
        order = [labels.index(label) for group in groups for label in group]
        shape = [size[label] for label in shared]
        shape += [int(np.prod([size[label] for label in group])) for group in groups[1:]]
        return np.transpose(x, order).reshape(shape)

    result = np.matmul(
        matrix(a, left, [shared, own_a, summed]), matrix(b, right, [shared, summed, own_b])
    )
    made = shared + own_a + own_b
    result = result.reshape([size[label] for label in made])
    return np.transpose(result, [made.index(label) for label in out]).astype(a.dtype, copy=False)


def _contract_grad(g: Node, y: Node, a: Node, b: Node, spec: str) -> tuple[Any, Any]:
    labels = ContractionSpec.parse(spec)
    left, right, out = labels.left, labels.right, labels.out
    return (
        contract(g, b, spec=f"{out},{right}->{left}"),
        contract(a, g, spec=f"{left},{out}->{right}"),
    )


def _contract_samples() -> Iterable[Sample]:
    random = np.random.default_rng(0)
    shapes = {
        "ik,kj->ij": ((3, 4), (4, 2)),
        "i,i->": ((3,), (3,)),
        "bik,bjk->bij": ((2, 3, 4), (2, 5, 4)),
        "i,j->ij": ((3,), (2,)),
        "hwc,hwcd->d": ((2, 2, 3), (2, 2, 3, 2)),
        "bik,kj->jbi": ((2, 3, 4), (4, 2)),
    }
    for spec, (first, second) in shapes.items():
        yield Sample((random.normal(size=first), random.normal(size=second)), {"spec": spec})


# Sums of products over the labels that the result lacks, as in Einstein's notation.
contract: Op = Op(
    "contract", _contract_infer, _contract_reference, _contract_grad,
    Contraction(), _contract_samples,
)  # fmt: skip
