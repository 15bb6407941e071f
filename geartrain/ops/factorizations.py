"""Primitive ops of linear algebra that take matrices apart: Cholesky, LU, QR, eigenvalues, SVD.

An op has one result: where there are several factors, their elements follow each other in its last
axis, and `factors` takes them apart. So a gradient rule sees the gradients of all of them at once.
The rules hold where factors are unique; they divide by differences of eigenvalues.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from geartrain.graph.node import Node
from geartrain.graph.op import Op, Opaque, Sample
from geartrain.graph.shapes import Spec
from geartrain.ops import views
from geartrain.ops.arithmetic import add, divide, multiply, subtract
from geartrain.ops.elementwise import cast
from geartrain.ops.indexing import argsort
from geartrain.ops.linear import matmul
from geartrain.ops.logic import equal, where
from geartrain.ops.matrices import tril, triu
from geartrain.ops.operands import extents_of, filled_like, rank_of
from geartrain.ops.shaping import concatenate, expand_dims
from geartrain.ops.slicing import take_along_axis
from geartrain.ops.solving import (
    check_matrices,
    identity_like,
    in_lapack,
    matrices,
    transposed,
    triangular_solve,
)

Shapes = Sequence[tuple[int, ...]]
FINITE = "matrices of finite numbers."


def factors(flat: Any, shapes: Shapes) -> list[Any]:
    """The factors in the last axis, each with its shape behind the axes before."""
    front, start, found = extents_of(flat)[:-1], 0, []
    for shape in shapes:
        size = math.prod(shape)
        part = views.slice_(
            flat, start=(0,) * len(front) + (start,), length=(*front, size),
            step=(1,) * (len(front) + 1),
        )  # fmt: skip
        found.append(views.reshape(part, shape=(*front, *shape)))
        start += size
    return found


def _joined(function: Callable[..., Sequence[np.ndarray]]) -> Callable[..., Any]:
    """A reference whose results follow each other in one last axis."""

    def reference(x: np.ndarray, **params: Any) -> np.ndarray:
        front = x.shape[:-2]
        return np.concatenate([p.reshape(*front, -1) for p in function(x, **params)], -1)

    return reference


def _spec(x: Spec, shapes: Shapes) -> Spec:
    return Spec((*x.shape[:-2], sum(math.prod(shape) for shape in shapes)), x.dtype)


def _diagonals(values: Any) -> Any:
    """Vectors as the diagonals of matrices."""
    wide = views.expand(
        expand_dims(values, -1), shape=(*extents_of(values), extents_of(values)[-1])
    )
    return multiply(wide, identity_like(wide))


def _symmetric(x: Any) -> Any:
    return multiply(add(x, transposed(x)), 0.5)


def _times_inverse(x: Any, r: Any, lower: bool) -> Any:
    """`x @ inverse(r)` of a triangle."""
    return transposed(triangular_solve(transposed(r), transposed(x), lower=not lower))


def _gaps(values: Any) -> Any:
    """`1 / (v[j] - v[i])`, and 0 for i = j."""
    differences = subtract(expand_dims(values, -2), expand_dims(values, -1))
    own = identity_like(differences)
    return where(equal(own, 1), filled_like(own, 0), divide(1.0, add(differences, own)))


# -- Cholesky -------------------------------------------------------------------------------------


def _square(name: str) -> Callable[[Spec], Spec]:
    def infer(x: Spec) -> Spec:
        check_matrices(name, x, square=True)
        return x

    return infer


def _cholesky_grad(g: Node, y: Node, x: Node) -> tuple[Any]:
    inner = tril(matmul(transposed(y), g))
    inner = subtract(inner, multiply(multiply(inner, identity_like(inner)), 0.5))
    left = triangular_solve(transposed(y), inner, lower=False)
    return (_symmetric(_times_inverse(left, y, lower=True)),)


def _positive_samples() -> Iterable[Sample]:
    for shape in ((3, 3), (2, 2, 2)):
        x = matrices(*shape)
        yield Sample((x @ np.swapaxes(x, -1, -2),), {})


# The lower triangle y with y @ transpose(y) = x, for the symmetric part of x.
cholesky: Op = Op(
    "cholesky", _square("cholesky"),
    in_lapack(
        "cholesky", lambda x: np.linalg.cholesky((x + np.swapaxes(x, -1, -2)) / 2),
        "symmetric matrices with positive eigenvalues; adding a small multiple of the identity "
        "may make one.",
    ),
    _cholesky_grad, Opaque(), _positive_samples,
)  # fmt: skip


# -- QR -------------------------------------------------------------------------------------------


def qr_shapes(x: Any, complete: bool) -> Shapes:
    """The shapes of Q and R."""
    rows, columns = check_matrices("qr", x)
    inner = rows if complete else min(rows, columns)
    return (rows, inner), (inner, columns)


def _qr_infer(x: Spec, complete: bool) -> Spec:
    return _spec(x, qr_shapes(x, complete))


def _qr_grad(g: Node, y: Node, x: Node, complete: bool) -> tuple[Any]:
    """Of wide matrices, the columns on the right are Q times those of R."""
    rows, columns = check_matrices("qr", x)
    shapes = qr_shapes(x, complete)
    (q, r), (q_slope, r_slope) = factors(y, shapes), factors(g, shapes)
    if complete and rows > columns:
        raise TypeError(
            "qr: expected mode='reduced' where a gradient flows through Q and R of matrices with "
            "more rows than columns: the columns that complete Q are no function of the matrix. "
            f"Received: mode='complete', shape {x.shape}"
        )
    if rows >= columns:
        return (_tall_qr(q, r, q_slope, r_slope),)
    beside, own = x[..., rows:], r_slope[..., rows:]
    q_slope = add(q_slope, matmul(beside, transposed(own)))
    left = _tall_qr(q, r[..., :rows], q_slope, r_slope[..., :rows])
    return (concatenate([left, matmul(q, own)], -1),)


def _tall_qr(q: Any, r: Any, q_slope: Any, r_slope: Any) -> Any:
    inner = subtract(matmul(r, transposed(r_slope)), matmul(transposed(q_slope), q))
    inner = add(tril(inner), transposed(tril(inner, -1)))
    return _times_inverse(add(q_slope, matmul(q, inner)), transposed(r), lower=True)


def _qr_samples() -> Iterable[Sample]:
    for shape in ((3, 3), (3, 2), (2, 3), (2, 2, 2)):
        yield Sample((matrices(*shape),), {"complete": False})
    yield Sample((matrices(2, 3),), {"complete": True})


# Columns at right angles, of length 1, and an upper triangle: q @ r = x.
qr: Op = Op(
    "qr", _qr_infer,
    in_lapack("qr", _joined(lambda x, complete: np.linalg.qr(
        x, mode="complete" if complete else "reduced")), FINITE),
    _qr_grad, Opaque(), _qr_samples,
)  # fmt: skip


# -- eigenvalues ----------------------------------------------------------------------------------


def eigh_shapes(x: Any) -> Shapes:
    """The shapes of the eigenvalues and of the eigenvectors."""
    size, _ = check_matrices("eigh", x, square=True)
    return (size,), (size, size)


def _eigh_infer(x: Spec) -> Spec:
    return _spec(x, eigh_shapes(x))


def _eigh_grad(g: Node, y: Node, x: Node) -> tuple[Any]:
    shapes = eigh_shapes(x)
    (values, vectors), (value_slope, vector_slope) = factors(y, shapes), factors(g, shapes)
    inner = multiply(_gaps(values), matmul(transposed(vectors), vector_slope))
    inner = add(_diagonals(value_slope), inner)
    return (_symmetric(matmul(matmul(vectors, inner), transposed(vectors))),)


def _symmetric_samples() -> Iterable[Sample]:
    for shape in ((3, 3), (2, 2, 2)):
        yield Sample((matrices(*shape),), {})


# The eigenvalues, rising, and the eigenvectors of the symmetric part of x.
eigh: Op = Op(
    "eigh", _eigh_infer,
    in_lapack("eigh", _joined(lambda x: np.linalg.eigh((x + np.swapaxes(x, -1, -2)) / 2)), FINITE),
    _eigh_grad, Opaque(), _symmetric_samples,
)  # fmt: skip


# -- singular values ------------------------------------------------------------------------------


def svd_shapes(x: Any, full: bool) -> Shapes:
    """The shapes of U, of the singular values, and of V transposed."""
    rows, columns = check_matrices("svd", x)
    inner = min(rows, columns)
    return (rows, rows if full else inner), (inner,), (columns if full else inner, columns)


def _svd_infer(x: Spec, full: bool) -> Spec:
    return _spec(x, svd_shapes(x, full))


def _svd_grad(g: Node, y: Node, x: Node, full: bool) -> tuple[Any]:
    shapes = svd_shapes(x, full)
    u, s, vt = factors(y, shapes)
    u_slope, s_slope, vt_slope = factors(g, shapes)
    if full and x.extents[-1] != x.extents[-2]:
        raise TypeError(
            "svd: expected full_matrices=False where a gradient flows through the factors of "
            "matrices that are not square: what completes U and V is no function of the matrix. "
            f"Received: full_matrices=True, shape {x.shape}"
        )
    v, v_slope = transposed(vt), transposed(vt_slope)
    gaps, sizes = _gaps(multiply(s, s)), expand_dims(s, -2)
    left, right = matmul(transposed(u), u_slope), matmul(transposed(v), v_slope)
    inner = multiply(multiply(gaps, subtract(left, transposed(left))), sizes)
    inner = add(
        inner, multiply(transposed(sizes), multiply(gaps, subtract(right, transposed(right))))
    )
    inner = add(inner, _diagonals(s_slope))
    beside = divide(subtract(u_slope, matmul(u, left)), sizes)
    below = divide(subtract(v_slope, matmul(v, right)), sizes)
    whole = add(matmul(u, inner), beside)
    return (add(matmul(whole, vt), matmul(u, transposed(below))),)


def _svd_samples() -> Iterable[Sample]:
    for shape in ((3, 3), (3, 2), (2, 3), (2, 2, 2)):
        yield Sample((matrices(*shape),), {"full": False})
    yield Sample((matrices(2, 2),), {"full": True})


# u @ diag(s) @ vt = x, with s falling.
svd: Op = Op(
    "svd", _svd_infer,
    in_lapack("svd", _joined(lambda x, full: np.linalg.svd(x, full_matrices=full)), FINITE),
    _svd_grad, Opaque(), _svd_samples,
)  # fmt: skip


def _values_infer(x: Spec) -> Spec:
    return Spec((*x.shape[:-2], min(check_matrices("svd", x))), x.dtype)


def _values_grad(g: Node, y: Node, x: Node) -> tuple[Any]:
    u, _, vt = factors(svd(x, full=False), svd_shapes(x, False))
    return (matmul(multiply(u, expand_dims(g, -2)), vt),)


def _values_samples() -> Iterable[Sample]:
    for shape in ((3, 3), (3, 2), (2, 2, 3)):
        yield Sample((matrices(*shape),), {})


# The singular values alone, which are found sooner.
singular_values: Op = Op(
    "singular_values", _values_infer,
    in_lapack("svd", lambda x: np.linalg.svd(x, compute_uv=False), FINITE),
    _values_grad, Opaque(), _values_samples,
)  # fmt: skip


# -- LU -------------------------------------------------------------------------------------------


def lu_shapes(x: Any) -> Shapes:
    """The shapes of the triangles in one matrix, of the exchanges, and of the order of rows."""
    rows, columns = check_matrices("lu_factor", x)
    return (rows, columns), (min(rows, columns),), (rows,)


def _lu_infer(x: Spec) -> Spec:
    return _spec(x, lu_shapes(x))


def _eliminated(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gauss's elimination of all matrices at once; pivots are the largest of their columns."""
    a = x.reshape(-1, *x.shape[-2:]).copy()
    count, rows, columns = a.shape
    order, all_ = np.tile(np.arange(rows), (count, 1)), np.arange(count)
    pivots = np.zeros((count, min(rows, columns)), int)
    for j in range(pivots.shape[1]):
        pivots[:, j] = chosen = j + np.argmax(np.abs(a[:, j:, j]), -1)
        a[all_, chosen], a[:, j] = a[:, j].copy(), a[all_, chosen].copy()
        order[all_, chosen], order[:, j] = order[:, j].copy(), order[all_, chosen].copy()
        pivot = a[:, j, j, None]
        a[:, j + 1 :, j] /= np.where(pivot == 0, 1, pivot)
        a[:, j + 1 :, j + 1 :] -= a[:, j + 1 :, j, None] * a[:, j, None, j + 1 :]
    return a, pivots.astype(x.dtype), order.astype(x.dtype)


def _lu_grad(g: Node, y: Node, x: Node) -> tuple[Any]:
    shapes = lu_shapes(x)
    both, _, order = factors(y, shapes)
    slope = factors(g, shapes)[0]
    if x.extents[-1] != x.extents[-2]:
        raise TypeError(
            f"lu_factor: expected square matrices where a gradient flows. Received: shape {x.shape}"
        )
    lower, upper = add(tril(both, -1), identity_like(both)), triu(both)
    inner = add(
        tril(matmul(transposed(lower), tril(slope, -1)), -1),
        triu(matmul(triu(slope), transposed(upper))),
    )
    whole = triangular_solve(transposed(lower), inner, lower=False)
    whole = _times_inverse(whole, transposed(upper), lower=True)
    place = argsort(cast(order, dtype="int32"), axis=rank_of(order) - 1)
    place = views.expand(expand_dims(place, -1), shape=extents_of(whole))
    return (take_along_axis(whole, place, -2),)


def _lu_samples() -> Iterable[Sample]:
    for shape in ((3, 3), (2, 2, 2)):
        yield Sample((matrices(*shape)[..., ::-1, :].copy(),), {})


# Triangles with lower @ upper = x in another order of rows: the ones on the lower one's diagonal
# are left out. Then the row that each row was exchanged with in turn, and the order that is made.
lu: Op = Op(
    "lu", _lu_infer, in_lapack("lu_factor", _joined(_eliminated), FINITE), _lu_grad, Opaque(),
    _lu_samples,
)  # fmt: skip
