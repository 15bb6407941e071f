"""Linear algebra: solving, inverting, taking apart. Matrices are the last two axes of a tensor."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.shapes import broadcast, public
from geartrain.ops import factorizations, solving
from geartrain.ops.elementwise import cast
from geartrain.ops.linear import matmul
from geartrain.ops.logic import greater
from geartrain.ops.operands import (
    Tensor,
    as_float,
    dtype_of,
    extents_of,
    promoted,
    rank_of,
    stretched,
)
from geartrain.ops.reductions import max, sum
from geartrain.ops.shaping import expand_dims, squeeze

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eigh",
    "inv",
    "logdet",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]


def _matrices(who: str, x: Any) -> Any:
    x = as_float(x)
    if rank_of(x) < 2:
        raise ValueError(
            f"{who}: expected matrices, in the last two axes. "
            f"Received: shape {public(extents_of(x))}"
        )
    return x


def cholesky(x: Tensor, upper: bool = False) -> Tensor:
    """The triangle whose product with its transpose is x: `x = l @ transpose(l)`.

    Args:
        x: symmetric matrices with positive eigenvalues. (Of others the symmetric part counts.)
        upper: whether to return the upper triangle, `transpose(l)`.

    Raises ValueError for other matrices.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    lower = factorizations.cholesky(_matrices("cholesky", x))
    return solving.transposed(lower) if upper else lower


def cholesky_inverse(x: Tensor, upper: bool = False) -> Tensor:
    """The inverse of a matrix from its Cholesky triangle: of `x @ transpose(x)`.

    Args:
        x: triangles as `cholesky` returns them.
        upper: whether they are upper ones: the inverse of `transpose(x) @ x` then.

    Raises ValueError for zeros on the diagonal.

    >>> cholesky_inverse([[2.0, 0.0], [1.0, 2.0]])
    array([[ 0.3125, -0.125 ],
           [-0.125 ,  0.25  ]], dtype=float32)
    """
    x = _matrices("cholesky_inverse", x)
    inverse = solving.triangular_solve(x, solving.identity_like(x), lower=not upper)
    back = solving.transposed(inverse)
    return matmul(inverse, back) if upper else matmul(back, inverse)


def det(x: Tensor) -> Tensor:
    """The determinant of square matrices.

    >>> det([[1.0, 2.0], [3.0, 4.0]])
    array(-2., dtype=float32)
    """
    return solving.det(_matrices("det", x))


class Slogdet(NamedTuple):
    """What `slogdet` returns."""

    sign: Any
    logabsdet: Any


def slogdet(x: Tensor) -> Slogdet:
    """The sign of the determinant, and the logarithm of its size: `det = sign * exp(logabsdet)`.

    >>> sign, logarithm = slogdet([[0.0, 2.0], [2.0, 0.0]])
    >>> sign, logarithm
    (array(-1., dtype=float32), array(1.3862944, dtype=float32))
    """
    both = solving.slogdet(_matrices("slogdet", x))
    return Slogdet(both[..., 0], both[..., 1])


def logdet(x: Tensor) -> Tensor:
    """The logarithm of the size of the determinant.

    >>> logdet([[2.0, 0.0], [0.0, 2.0]])
    array(1.3862944, dtype=float32)
    """
    return solving.slogdet(_matrices("logdet", x))[..., 1]


def inv(x: Tensor) -> Tensor:
    """The inverse of square matrices: `inv(x) @ x` is the identity.

    Raises ValueError for matrices without one.

    >>> inv([[2.0, 0.0], [0.0, 4.0]])
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    x = _matrices("inv", x)
    solving.check_matrices("inv", x, square=True)
    return solving.solve(x, solving.identity_like(x))


def solve(a: Tensor, b: Tensor) -> Tensor:
    """The solution x of `a @ x = b`.

    Args:
        a: (..., n, n).
        b: (..., n, m), or (..., n) with one axis less than a.

    Raises ValueError for matrices that have no inverse, and for shapes that do not fit.

    >>> solve([[2.0, 0.0], [1.0, 1.0]], [4.0, 3.0])
    array([2., 1.], dtype=float32)
    """
    return _solved("solve", a, b, solving.solve)


def solve_triangular(a: Tensor, b: Tensor, lower: bool = False) -> Tensor:
    """The solution x of `a @ x = b` for triangles a.

    Args:
        a: (..., n, n); what the other triangle holds is not read.
        b: (..., n, m), or (..., n) with one axis less than a.
        lower: whether a is a lower triangle.

    Raises ValueError for zeros on the diagonal, and for shapes that do not fit.

    >>> solve_triangular([[2.0, 0.0], [1.0, 1.0]], [4.0, 3.0], lower=True)
    array([2., 1.], dtype=float32)
    """
    return _solved("solve_triangular", a, b, solving.triangular_solve, lower=lower)


def _solved(who: str, a: Any, b: Any, op: Any, **params: Any) -> Any:
    a, b = promoted(a, b, floats=True)
    solving.check_matrices(who, a, square=True)
    vector, given = rank_of(b) == rank_of(a) - 1, public(extents_of(b))
    if vector:
        b = expand_dims(b, -1)
    if rank_of(b) < 2 or extents_of(b)[-2] != extents_of(a)[-1]:
        raise ValueError(
            f"{who}: expected a of shape (..., n, n) and b of shape (..., n) or (..., n, m). "
            f"Received: shapes {public(extents_of(a))} and {given}"
        )
    front = broadcast(extents_of(a)[:-2], extents_of(b)[:-2], who=who)
    a = stretched(a, (*front, *extents_of(a)[-2:]), who)
    b = stretched(b, (*front, *extents_of(b)[-2:]), who)
    x = op(a, b, **params)
    return squeeze(x, -1) if vector else x


def _share(x: Any, rcond: float | None, times: float = 1.0) -> float:
    """Singular values below this share of the largest count as 0."""
    if rcond is not None:
        return float(rcond)
    sizes = [size for size in extents_of(x)[-2:] if isinstance(size, int)]
    dtype = numpy_dtype(dtype_of(x) if dtype_of(x) == "float64" else "float32")
    return float(np.finfo(dtype).eps * np.max([1, *sizes]) * times)


def pinv(x: Tensor, rcond: float | None = None) -> Tensor:
    """The pseudo-inverse: the inverse where there is one, else the nearest to it.

    Args:
        x: matrices (..., n, m).
        rcond: singular values below this share of the largest count as zero. By default ten times
            the rounding of the dtype and of that many rows or columns.

    Returns matrices (..., m, n).

    >>> pinv([[2.0], [0.0]])
    array([[0.5, 0. ]], dtype=float32)
    """
    x = _matrices("pinv", x)
    return solving.pinv(x, rcond=_share(x, rcond, 10.0))


def lstsq(a: Tensor, b: Tensor, rcond: float | None = None) -> Tensor:
    """The x for which `norm(a @ x - b)` is least; of several, the shortest.

    Args:
        a: a matrix (n, m).
        b: (n,) or (n, k).
        rcond: singular values below this share of the largest count as zero.

    Raises ValueError for shapes that do not fit.

    >>> np.round(lstsq([[1.0], [1.0]], [2.0, 4.0]), 5)
    array([3.], dtype=float32)
    """
    a, b = promoted(a, b, floats=True)
    fits = rank_of(a) == 2 and rank_of(b) in (1, 2) and extents_of(a)[0] == extents_of(b)[0]
    if not fits:
        raise ValueError(
            "lstsq: expected a of shape (n, m) and b of shape (n,) or (n, k). Received: shapes "
            f"{public(extents_of(a))} and {public(extents_of(b))}"
        )
    return matmul(solving.pinv(a, rcond=_share(a, rcond)), b)


def matrix_rank(x: Tensor, tol: Any = None) -> Tensor:
    """How many columns of a matrix are independent, as int32.

    Args:
        x: matrices (..., n, m).
        tol: singular values up to this count as zero. By default the largest one, times the
            rounding of the dtype and of that many rows or columns.

    >>> matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    array(1, dtype=int32)
    """
    x = _matrices("matrix_rank", x)
    values = factorizations.singular_values(x)
    if tol is None:
        tol = max(values, axis=-1, keepdims=True) * _share(x, None)
    return sum(cast(greater(values, tol), dtype="int32"), axis=-1)


class QR(NamedTuple):
    """What `qr` returns."""

    Q: Any
    R: Any


def qr(x: Tensor, mode: str = "reduced") -> QR:
    """Columns of length 1 at right angles, and an upper triangle: `q @ r = x`.

    Args:
        x: matrices (..., n, m).
        mode: with "reduced", q has min(n, m) columns; with "complete" n, which have a gradient
            only if n <= m.

    Raises ValueError for another mode.

    >>> q, r = qr([[3.0, 1.0], [4.0, 2.0]])
    >>> np.round(q @ r, 5)
    array([[3., 1.],
           [4., 2.]], dtype=float32)
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: expected mode 'reduced' or 'complete'. Received: mode={mode!r}")
    x, complete = _matrices("qr", x), mode == "complete"
    both = factorizations.qr(x, complete=complete)
    return QR(*factorizations.factors(both, factorizations.qr_shapes(x, complete)))


class Eigh(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Any
    eigenvectors: Any


def eigh(x: Tensor) -> Eigh:
    """The eigenvalues of symmetric matrices, rising, and their eigenvectors, as columns.

    Of matrices that are not symmetric, the symmetric part counts.

    >>> values, vectors = eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> values
    array([1., 2.], dtype=float32)
    """
    x = _matrices("eigh", x)
    return Eigh(*factorizations.factors(factorizations.eigh(x), factorizations.eigh_shapes(x)))


class SVD(NamedTuple):
    """What `svd` returns."""

    U: Any
    S: Any
    Vh: Any


def svd(x: Tensor, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular values, falling, between turns: `x = u @ diag(s) @ vh`.

    Args:
        x: matrices (..., n, m).
        full_matrices: whether u is (n, n) and vh is (m, m), rather than (n, k) and (k, m), where
            k = min(n, m). What completes them has no gradient.
        compute_uv: False for the singular values alone.

    Returns (u, s, vh), or s.

    >>> svd([[3.0, 0.0], [0.0, 4.0]], compute_uv=False)
    array([4., 3.], dtype=float32)
    """
    x = _matrices("svd", x)
    if not compute_uv:
        return factorizations.singular_values(x)
    full = bool(full_matrices)
    made = factorizations.svd(x, full=full)
    return SVD(*factorizations.factors(made, factorizations.svd_shapes(x, full)))


def lu_factor(x: Tensor) -> tuple[Tensor, Tensor]:
    """Gauss's elimination: a lower and an upper triangle whose product is x with rows exchanged.

    Args:
        x: matrices (..., n, m).

    Returns:
        Both triangles in one matrix (the lower one has ones on its diagonal, which are left out),
        and, as int32, the row that each row was exchanged with in turn.

    >>> triangles, exchanged = lu_factor([[1.0, 2.0], [2.0, 6.0]])
    >>> triangles, exchanged
    (array([[ 2. ,  6. ],
           [ 0.5, -1. ]], dtype=float32), array([1, 1], dtype=int32))
    """
    x = _matrices("lu_factor", x)
    both, pivots, _ = factorizations.factors(factorizations.lu(x), factorizations.lu_shapes(x))
    return both, cast(pivots, dtype="int32")
