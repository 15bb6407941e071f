"""`tf.linalg`: matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.shapes import axis_of, number
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.ops.operands import extents_of, operand


def _turned(x: Any, turn: bool) -> Any:
    return ops.swapaxes(x, -1, -2) if turn else operand(x)


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False,
    adjoint_a: bool = False, adjoint_b: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, output_type: Any = None, grad_a: bool = False,
    grad_b: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The product of matrices: the last two axes, for each of the others."""
    if hasattr(a, "dense_shape"):
        return a.times(b)
    made = ops.matmul(_turned(a, transpose_a or adjoint_a), _turned(b, transpose_b or adjoint_b))
    return made if output_type is None else ops.cast(made, output_type)


def matvec(
    a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The product of matrices with vectors."""
    made = ops.matmul(_turned(a, transpose_a or adjoint_a), ops.expand_dims(b, -1))
    return ops.squeeze(made, -1)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Products summed over axes of both."""
    return ops.tensordot(a, b, axes if isinstance(axes, int) else np.asarray(axes).tolist())


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """Products summed as an equation says: "ij,jk->ik"."""
    return ops.einsum(equation, *inputs)


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The norm of all elements, or along axes: euclidean, or that of an order."""
    x, axes = operand(tensor), axis_of(axis)
    if axes is None and ord == "euclidean":
        axes = tuple(range(len(extents_of(x))))
    if ord in ("euclidean", "fro", 2) and (ord != 2 or not isinstance(axes, tuple)):
        return ops.sqrt(ops.sum(ops.square(x), axis=axes, keepdims=bool(keepdims)))
    return ops.norm(x, ord=ord, axis=axes, keepdims=bool(keepdims))


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None) -> Any:
    """`x` over its norm along axes: `x / sqrt(max(sum(x**2), epsilon))`."""
    squares = ops.sum(ops.square(x), axis=axis_of(axis), keepdims=True)
    return operand(x) * ops.rsqrt(ops.maximum(squares, epsilon))


def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> Any:
    """The tensor over its norm, and that norm."""
    length = norm(tensor, ord, axis, keepdims=True)
    return operand(tensor) / length, length


def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
    """The diagonal and so many others below and above it; -1 for all; zeros elsewhere."""
    x = operand(input)
    rows = ops.expand_dims(ops.arange(ops.shape(x)[-2]), 1)
    columns = ops.expand_dims(ops.arange(ops.shape(x)[-1]), 0)
    low, high = number(num_lower), number(num_upper)
    inside = ops.full((1, 1), True, dtype="bool")
    if low >= 0:
        inside = ops.logical_and(inside, rows - columns <= low)
    if high >= 0:
        inside = ops.logical_and(inside, columns - rows <= high)
    return ops.where(inside, x, ops.zeros_like(x))


def diag(diagonal: Any, name: str | None = "diag", k: int = 0, **kwargs: Any) -> Any:
    """Matrices with the last axis on the diagonal, and zeros elsewhere."""
    x = operand(diagonal)
    size = extents_of(x)[-1]
    square = ops.expand_dims(x, -2) * ops.eye(size, dtype=x.dtype if isinstance(x.dtype, str)
                                              else x.dtype.name)  # fmt: skip
    if not k:
        return square
    before = [[0, 0]] * (len(extents_of(x)) - 1)
    return ops.pad(square, [*before, [max(-k, 0), max(k, 0)], [max(k, 0), max(-k, 0)]])


def diag_part(input: Any, name: str | None = "diag_part", k: int = 0, **kwargs: Any) -> Any:
    """The diagonal of the last two axes."""
    return ops.diagonal(input, offset=k, axis1=-2, axis2=-1)


def set_diag(input: Any, diagonal: Any, name: str | None = "set_diag", **kwargs: Any) -> Any:
    """Matrices with another diagonal."""
    x = operand(input)
    marks = ops.eye(extents_of(x)[-2], extents_of(x)[-1], dtype="bool")
    return ops.where(marks, ops.expand_dims(diagonal, -1), x)


def trace(x: Any, name: str | None = None) -> Any:
    """The sum of the diagonal of the last two axes."""
    return ops.trace(x, axis1=-2, axis2=-1)


def matrix_transpose(a: Any, name: str | None = "matrix_transpose", conjugate: bool = False) -> Any:
    """The last two axes exchanged."""
    return ops.swapaxes(a, -1, -2)


def adjoint(matrix: Any, name: str | None = None) -> Any:
    """The last two axes exchanged."""
    return ops.swapaxes(matrix, -1, -2)


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The inverse of matrices."""
    return ops.inv(_turned(input, adjoint))


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """The pseudo-inverse of matrices."""
    return ops.pinv(a) if rcond is None else ops.pinv(a, rcond)


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """What times the matrices gives `rhs`."""
    return ops.solve(_turned(matrix, adjoint), rhs)


def lstsq(
    matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None
) -> Any:
    """What times the matrices comes closest to `rhs`."""
    return ops.lstsq(matrix, rhs)


def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """What times triangular matrices gives `rhs`."""
    return ops.solve_triangular(_turned(matrix, adjoint), rhs, lower=lower != adjoint)


def svd(
    tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """The singular values, and with `compute_uv` the matrices u and v."""
    if not compute_uv:
        return ops.svd(tensor, compute_uv=False)
    u, s, v = ops.svd(tensor, full_matrices)
    return s, u, ops.swapaxes(v, -1, -2)


def eigh(tensor: Any, name: str | None = None) -> Any:
    """The eigenvalues of symmetric matrices, in order, and the eigenvectors."""
    return tuple(ops.eigh(tensor))


def eigvalsh(tensor: Any, name: str | None = None) -> Any:
    """The eigenvalues of symmetric matrices, in order."""
    return ops.eigh(tensor)[0]


def cholesky(input: Any, name: str | None = None) -> Any:
    """The lower triangular matrices whose products with their transposes these are."""
    return ops.cholesky(input)


def det(input: Any, name: str | None = None) -> Any:
    """The determinants."""
    return ops.det(input)


def slogdet(input: Any, name: str | None = None) -> Any:
    """The signs and logarithms of the determinants."""
    return tuple(ops.slogdet(input))


def logdet(matrix: Any, name: str | None = None) -> Any:
    """The logarithms of the determinants of positive definite matrices."""
    return ops.slogdet(matrix)[1]


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """Orthogonal and upper triangular matrices whose products these are."""
    return tuple(ops.qr(input, mode="complete" if full_matrices else "reduced"))


def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """The vectors that are perpendicular to two of three elements."""
    return ops.cross(a, b)


def expm(input: Any, name: str | None = None) -> Any:
    """The exponential of square matrices, by its series at a 2**-16th of them, squared 16 times."""
    x = np.asarray(operand(input, "float64")) / 2.0**16
    term = total = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    for n in range(1, 12):
        term = term @ x / n
        total = total + term
    for _ in range(16):
        total = total @ total
    return tensor(total.astype(np.asarray(operand(input)).dtype))


def matrix_rank(
    a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None
) -> Any:
    """The rank of matrices."""
    return ops.matrix_rank(a, tol)


__all__ = [
    "adjoint", "band_part", "cholesky", "cross", "det", "diag", "diag_part", "eigh", "eigvalsh",
    "einsum", "expm", "inv", "l2_normalize", "logdet", "lstsq", "matmul", "matrix_rank",
    "matrix_transpose", "matvec", "norm", "normalize", "pinv", "qr", "set_diag", "slogdet",
    "solve", "svd", "tensordot", "trace", "triangular_solve",
]  # fmt: skip
