"""Tensor operations as plain loops: slow, obvious, and the oracle for the fast ones.

Read these to learn what an operation *is*. Each function takes NumPy arrays (or nested lists),
leaves them as they are, and returns a new array whose dtype follows from the inputs' by NumPy's
rules. They visit one number at a time, so an array of a million numbers takes about a second:
`geartrain.ops` computes the same, thousands of times faster.

| here | the same, fast |
| --- | --- |
| `naive_relu(x)` | `ops.relu(x)`, `np.maximum(x, 0)` |
| `naive_add(x, y)`, `naive_subtract`, `naive_multiply` | `x + y`, `x - y`, `x * y` |
| `naive_add_matrix_and_vector(x, y)` | `x + y`, by broadcasting |
| `naive_vector_dot`, `naive_matrix_vector_dot`, `naive_matrix_dot` | `ops.dot(x, y)`, `x @ y` |
| `naive_conv2d(x, kernel, stride)` | `ops.conv(x, kernel, stride)` |
| `naive_max_pool2d(x, size, stride)` | `ops.max_pool(x, size, stride)` |
| `naive_transpose(x)`, `naive_reshape(x, shape)` | `x.T`, `x.reshape(shape)` |

`geartrain.naive.engine` is a whole engine in the same spirit, with gradients and fused loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain.naive.checks import (
    advice,
    matrix_and_vector,
    resolve_shape,
    same_length,
    tensor,
    two_of_one_shape,
)
from geartrain.naive.images import naive_conv2d, naive_max_pool2d

__all__ = [
    "naive_add",
    "naive_add_matrix_and_vector",
    "naive_conv2d",
    "naive_matrix_dot",
    "naive_matrix_vector_dot",
    "naive_matrix_vector_dot_by_rows",
    "naive_max_pool2d",
    "naive_multiply",
    "naive_relu",
    "naive_reshape",
    "naive_subtract",
    "naive_transpose",
    "naive_vector_dot",
]


# Element-wise operations: each number of the result depends on the numbers at its own place.


def naive_relu(x: Any) -> np.ndarray:
    """Rectified linear unit: `z[i, j] = max(x[i, j], 0)`.

    Args:
        x: a tensor of any shape; a matrix of shape (samples, features) in most layers.

    Returns a tensor of x's shape and dtype. NaN stays NaN.

    >>> naive_relu(np.array([[-1.5, 2.0], [3.0, -4.0]]))
    array([[0., 2.],
           [3., 0.]])
    """
    x = tensor("naive_relu", "x", x)
    z = np.empty(x.shape, x.dtype)
    for index in np.ndindex(x.shape):  # for a matrix: every (i, j), j running fastest
        z[index] = max(x[index], 0)
    return z


def naive_add(x: Any, y: Any) -> np.ndarray:
    """Element-wise sum: `z[i, j] = x[i, j] + y[i, j]`.

    Args:
        x, y: two tensors of one shape.

    Raises ValueError where the shapes differ: nothing is broadcast here.

    >>> naive_add(np.array([[1, 2], [3, 4]]), np.array([[10, 20], [30, 40]]))
    array([[11, 22],
           [33, 44]])
    """
    x, y = two_of_one_shape("naive_add", x, y)
    z = np.empty(x.shape, np.result_type(x, y))
    for index in np.ndindex(x.shape):
        z[index] = x[index] + y[index]
    return z


def naive_subtract(x: Any, y: Any) -> np.ndarray:
    """Element-wise difference: `z[i, j] = x[i, j] - y[i, j]`.

    Args:
        x, y: two tensors of one shape.

    Raises ValueError where the shapes differ: nothing is broadcast here.

    >>> naive_subtract([5, 7, 9], [1, 2, 3])
    array([4, 5, 6])
    """
    x, y = two_of_one_shape("naive_subtract", x, y)
    z = np.empty(x.shape, np.result_type(x, y))
    for index in np.ndindex(x.shape):
        z[index] = x[index] - y[index]
    return z


def naive_multiply(x: Any, y: Any) -> np.ndarray:
    """Element-wise product: `z[i, j] = x[i, j] * y[i, j]`. Not the dot product.

    Args:
        x, y: two tensors of one shape.

    Raises ValueError where the shapes differ: nothing is broadcast here.

    >>> naive_multiply([1, 2, 3], [4, 5, 6])
    array([ 4, 10, 18])
    """
    x, y = two_of_one_shape("naive_multiply", x, y)
    z = np.empty(x.shape, np.result_type(x, y))
    for index in np.ndindex(x.shape):
        z[index] = x[index] * y[index]
    return z


# Broadcasting: the smaller tensor is used again along the axes it lacks.


def naive_add_matrix_and_vector(x: Any, y: Any) -> np.ndarray:
    """Broadcast sum: `z[i, j] = x[i, j] + y[j]`. The vector is added to every row.

    This is how a layer adds its bias to a batch.

    Args:
        x: a matrix of shape (a, b).
        y: a vector of shape (b,).

    Returns a matrix of shape (a, b).

    >>> naive_add_matrix_and_vector([[1, 2, 3], [4, 5, 6]], [10, 20, 30])
    array([[11, 22, 33],
           [14, 25, 36]])
    """
    who = "naive_add_matrix_and_vector"
    x, y = tensor(who, "x", x, rank=2), tensor(who, "y", y, rank=1)
    same_length(who, "x of shape (a, b), y of shape (b,)", x, y)
    z = np.empty(x.shape, np.result_type(x, y))
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            z[i, j] = x[i, j] + y[j]
    return z


# Dot products: sums of products along an axis that x and y share.


def naive_vector_dot(x: Any, y: Any) -> Any:
    """Dot product of two vectors: `z = x[0] * y[0] + x[1] * y[1] + ...`, one number.

    Args:
        x, y: two vectors of shape (a,).

    Returns a scalar; 0 for empty vectors.

    >>> float(naive_vector_dot([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]))
    32.0
    """
    who = "naive_vector_dot"
    x, y = tensor(who, "x", x, rank=1), tensor(who, "y", y, rank=1)
    same_length(who, "x of shape (a,), y of shape (a,)", x, y)
    z = np.result_type(x, y).type(0)
    for i in range(x.shape[0]):
        z += x[i] * y[i]
    return z


def naive_matrix_vector_dot(x: Any, y: Any) -> np.ndarray:
    """Dot product of a matrix and a vector: `z[i] = sum over j of x[i, j] * y[j]`.

    Args:
        x: a matrix of shape (a, b).
        y: a vector of shape (b,).

    Returns a vector of shape (a,).

    >>> naive_matrix_vector_dot([[1, 2], [3, 4], [5, 6]], [10, 1])
    array([12, 34, 56])
    """
    who = "naive_matrix_vector_dot"
    x, y = matrix_and_vector(who, x, y)
    z = np.zeros(x.shape[0], np.result_type(x, y))
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            z[i] += x[i, j] * y[j]
    return z


def naive_matrix_vector_dot_by_rows(x: Any, y: Any) -> np.ndarray:
    """`naive_matrix_vector_dot` said shorter: `z[i] = x[i, :] . y`, one vector dot a row.

    Args:
        x: a matrix of shape (a, b).
        y: a vector of shape (b,).

    Returns a vector of shape (a,).

    >>> naive_matrix_vector_dot_by_rows([[1, 2], [3, 4], [5, 6]], [10, 1])
    array([12, 34, 56])
    """
    who = "naive_matrix_vector_dot_by_rows"
    x, y = matrix_and_vector(who, x, y)
    z = np.zeros(x.shape[0], np.result_type(x, y))
    for i in range(x.shape[0]):
        z[i] = naive_vector_dot(x[i, :], y)
    return z


def naive_matrix_dot(x: Any, y: Any) -> np.ndarray:
    """Dot product of two matrices: `z[i, j] = x[i, :] . y[:, j]`, rows of x by columns of y.

    Args:
        x: a matrix of shape (a, b).
        y: a matrix of shape (b, c).

    Returns a matrix of shape (a, c).

    >>> naive_matrix_dot([[1, 2], [3, 4]], [[5, 6, 7], [8, 9, 10]])
    array([[21, 24, 27],
           [47, 54, 61]])
    """
    who = "naive_matrix_dot"
    x, y = tensor(who, "x", x, rank=2), tensor(who, "y", y, rank=2)
    if x.shape[1] != y.shape[0]:
        raise ValueError(
            f"{who} expected x of shape (a, b), y of shape (b, c). Received: shapes {x.shape} and "
            f"{y.shape}, so b would be both {x.shape[1]} and {y.shape[0]}.{advice(x, y)}"
        )
    z = np.zeros((x.shape[0], y.shape[1]), np.result_type(x, y))
    for i in range(x.shape[0]):
        for j in range(y.shape[1]):
            row_x = x[i, :]
            column_y = y[:, j]
            z[i, j] = naive_vector_dot(row_x, column_y)
    return z


# Moving numbers: the same values at other places.


def naive_transpose(x: Any) -> np.ndarray:
    """Swap rows and columns: `z[j, i] = x[i, j]`.

    Args:
        x: a matrix of shape (a, b). A tensor of another rank has all its axes reversed.

    Returns a matrix of shape (b, a).

    >>> naive_transpose([[1, 2, 3], [4, 5, 6]])
    array([[1, 4],
           [2, 5],
           [3, 6]])
    """
    x = tensor("naive_transpose", "x", x)
    z = np.empty(x.shape[::-1], x.dtype)
    for index in np.ndindex(x.shape):
        z[index[::-1]] = x[index]
    return z


def naive_reshape(x: Any, shape: int | Sequence[int]) -> np.ndarray:
    """The same values in the same order, under other indices.

    Both tensors are read in row-major order (the last index runs fastest), and the n-th value
    of z is the n-th value of x.

    Args:
        x: a tensor of any shape.
        shape: the new shape, of as many values. One axis may be -1: whatever is left over.

    Raises ValueError where x's values do not fill the shape exactly.

    >>> naive_reshape([[0, 1], [2, 3], [4, 5]], (2, 3))
    array([[0, 1, 2],
           [3, 4, 5]])
    """
    x = tensor("naive_reshape", "x", x)
    z = np.empty(resolve_shape(x, shape), x.dtype)
    for index_x, index_z in zip(np.ndindex(x.shape), np.ndindex(z.shape), strict=True):
        z[index_z] = x[index_x]
    return z
