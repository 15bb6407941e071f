"""Primitive ops of linear algebra that solve: equations, determinants, inverses.

LAPACK does them, through NumPy, in compiled programs too; half precision is computed in single.
Matrices are the last two axes; the axes before are the same in all sources. In gradient rules `g`
is the gradient of the result `y`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from geartrain.graph.dtypes import FLOATS
from geartrain.graph.node import Node
from geartrain.graph.op import Op, Opaque, Sample
from geartrain.graph.shapes import Spec, public
from geartrain.ops.arithmetic import add, multiply, subtract
from geartrain.ops.linear import matmul
from geartrain.ops.logic import equal, where
from geartrain.ops.matrices import tril, triu
from geartrain.ops.operands import dtype_of, extents_of, filled_like, indices_like, rank_of
from geartrain.ops.reductions import sum
from geartrain.ops.shaping import expand_dims, swapaxes

Reference = Callable[..., np.ndarray]


def check_matrices(name: str, x: Any, square: bool = False) -> tuple[int, int]:
    """The rows and columns of matrices in the last two axes; refuses anything else.

    Args:
        name: the function that was called.
        x: a tensor, or the `Spec` of one.
        square: whether there have to be as many rows as columns.
    """
    shape, dtype = (x.shape, x.dtype) if isinstance(x, Spec) else (extents_of(x), dtype_of(x))
    known = [size for size in shape[-2:] if isinstance(size, int)]
    fits = dtype in FLOATS and len(known) == 2
    if not fits or (square and known[0] != known[1]):
        kind = "square matrices" if square else "matrices"
        raise ValueError(
            f"{name}: expected {kind} of floats in the last two axes, of sizes known now. "
            f"Received: shape {public(shape)}, dtype {dtype}"
        )
    rows, columns = known
    return rows, columns


def in_lapack(name: str, function: Reference, remedy: str) -> Reference:
    """A reference that computes in a precision that LAPACK has, and words its errors."""

    def reference(*arrays: np.ndarray, **params: Any) -> np.ndarray:
        dtype = arrays[0].dtype
        wide = "float64" if dtype == "float64" else "float32"
        try:
            made = function(*(array.astype(wide, copy=False) for array in arrays), **params)
        except np.linalg.LinAlgError as problem:
            raise ValueError(f"{name}: expected {remedy} Received: {problem}") from None
        return np.asarray(made).astype(dtype, copy=False)

    return reference


INVERTIBLE = (
    "invertible matrices; ops.pinv and ops.lstsq take others, and adding a small multiple of the "
    "identity makes one."
)


def transposed(x: Any) -> Any:
    """Matrices with rows and columns exchanged."""
    return swapaxes(x, -1, -2)


def identity_like(x: Any) -> Any:
    """The identity for each of some square matrices."""
    rank = rank_of(x)
    on = equal(indices_like(x, rank - 2), indices_like(x, rank - 1))
    return where(on, filled_like(x, 1), filled_like(x, 0))


def matrices(*shape: int, seed: int = 0) -> np.ndarray:
    """Sample matrices that are far from singular, and whose eigenvalues differ."""
    x = np.random.default_rng(seed).normal(size=shape) / 3
    return x + np.eye(shape[-2], shape[-1]) * np.arange(1.5, 1.5 + shape[-1])


# -- equations ------------------------------------------------------------------------------------


def _solve_infer(a: Spec, b: Spec, **_: Any) -> Spec:
    check_matrices("solve", a, square=True)
    check_matrices("solve", b)
    if a.shape[:-2] != b.shape[:-2] or b.shape[-2] != a.shape[-1] or a.dtype != b.dtype:
        raise ValueError(
            f"solve: expected matrices of shapes (..., n, n) and (..., n, m). Received: shapes "
            f"{public(a.shape)} and {public(b.shape)}"
        )
    return b


def _solve_samples() -> Iterable[Sample]:
    yield Sample((matrices(3, 3), matrices(3, 2, seed=1)), {})
    yield Sample((matrices(2, 2, 2), matrices(2, 2, 1, seed=1)), {})


def _solve_grad(g: Node, y: Node, a: Node, b: Node) -> tuple[Any, Any]:
    into = solve(transposed(a), g)
    return -matmul(into, transposed(y)), into


# x of a @ x = b.
solve: Op = Op(
    "solve", _solve_infer, in_lapack("solve", np.linalg.solve, INVERTIBLE), _solve_grad,
    Opaque(), _solve_samples,
)  # fmt: skip


def _triangle(a: np.ndarray, lower: bool) -> np.ndarray:
    return np.tril(a) if lower else np.triu(a)


def _triangular_grad(g: Node, y: Node, a: Node, b: Node, lower: bool) -> tuple[Any, Any]:
    into = triangular_solve(transposed(a), g, lower=not lower)
    whole = -matmul(into, transposed(y))
    return tril(whole) if lower else triu(whole), into


def _triangular_samples() -> Iterable[Sample]:
    for sample in _solve_samples():
        for lower in (False, True):
            yield Sample(sample.arrays, {"lower": lower})


# The same, of one triangle of a: what the other holds is not read.
triangular_solve: Op = Op(
    "triangular_solve", _solve_infer,
    in_lapack(
        "solve_triangular", lambda a, b, lower: np.linalg.solve(_triangle(a, lower), b),
        "triangular matrices without zeros on the diagonal.",
    ),
    _triangular_grad, Opaque(), _triangular_samples,
)  # fmt: skip


# -- determinants ---------------------------------------------------------------------------------


def _square_samples() -> Iterable[Sample]:
    yield Sample((matrices(3, 3),), {})
    yield Sample((matrices(2, 2, 2),), {})


def _det_infer(x: Spec) -> Spec:
    check_matrices("det", x, square=True)
    return Spec(x.shape[:-2], x.dtype)


def _each(scalars: Any) -> Any:
    """A number for each matrix, to be multiplied with them."""
    return expand_dims(expand_dims(scalars, -1), -1)


det: Op = Op(
    "det", _det_infer, in_lapack("det", np.linalg.det, INVERTIBLE),
    lambda g, y, x: (multiply(_each(g), cofactors(x)),), Opaque(), _square_samples,
)  # fmt: skip


def _cofactors_reference(x: np.ndarray) -> np.ndarray:
    """From the singular values, so that singular matrices have them too."""
    u, s, v = np.linalg.svd(x)
    others = np.stack([np.prod(np.delete(s, n, -1), -1) for n in range(s.shape[-1])], -1)
    signs = np.linalg.det(u) * np.linalg.det(v)
    return np.asarray(signs[..., None, None] * (u * others[..., None, :]) @ v)


def _cofactors_infer(x: Spec) -> Spec:
    check_matrices("det", x, square=True)
    return x


def _cofactors_grad(g: Node, y: Node, x: Node) -> tuple[Any]:
    inverse = transposed(solve(x, identity_like(x)))
    along = _each(sum(multiply(g, inverse), (-2, -1)))
    across = matmul(matmul(inverse, transposed(g)), inverse)
    return (subtract(multiply(along, y), multiply(_each(det(x)), across)),)


# How the determinant changes with each element: det(x) times the inverse, transposed.
cofactors: Op = Op(
    "cofactors", _cofactors_infer, in_lapack("det", _cofactors_reference, INVERTIBLE),
    _cofactors_grad, Opaque(), _square_samples,
)  # fmt: skip


def _slogdet_infer(x: Spec) -> Spec:
    check_matrices("slogdet", x, square=True)
    return Spec((*x.shape[:-2], 2), x.dtype)


def _slogdet_grad(g: Node, y: Node, x: Node) -> tuple[Any]:
    return (multiply(_each(g[..., 1]), transposed(solve(x, identity_like(x)))),)


# The sign of the determinant, and the logarithm of its size.
slogdet: Op = Op(
    "slogdet", _slogdet_infer,
    in_lapack("slogdet", lambda x: np.stack(np.linalg.slogdet(x), -1), INVERTIBLE),
    _slogdet_grad, Opaque(), _square_samples,
)  # fmt: skip


# -- pseudo-inverses ------------------------------------------------------------------------------


def _pinv_infer(x: Spec, rcond: float) -> Spec:
    rows, columns = check_matrices("pinv", x)
    return Spec((*x.shape[:-2], columns, rows), x.dtype)


def _pinv_grad(g: Node, y: Node, x: Node, rcond: float) -> tuple[Any]:
    """For changes that keep the rank."""
    back, flipped = transposed(y), transposed(g)
    left = subtract(flipped, matmul(matmul(x, y), flipped))
    right = subtract(flipped, matmul(flipped, matmul(y, x)))
    within = matmul(matmul(back, g), back)
    beyond = add(matmul(left, matmul(y, back)), matmul(matmul(back, y), right))
    return (subtract(beyond, within),)


def _pinv_samples() -> Iterable[Sample]:
    for shape in ((3, 3), (3, 2), (2, 3), (2, 2, 2)):
        yield Sample((matrices(*shape),), {"rcond": 1e-12})


# The matrix that is nearest to an inverse; singular values below rcond of the largest count as 0.
pinv: Op = Op(
    "pinv", _pinv_infer,
    in_lapack(
        "pinv", lambda x, rcond: np.linalg.pinv(x, rcond=rcond), "matrices of finite numbers."
    ),
    _pinv_grad, Opaque(), _pinv_samples,
)  # fmt: skip
