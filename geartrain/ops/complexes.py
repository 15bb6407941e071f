"""Complex numbers: their parts, and real pairs read as them.

Graphs have no complex dtype, so symbolic tensors are real; where complex numbers come up, they are
NumPy arrays, computed at once. Functions that work on pairs (real, imaginary), such as `fft`, need
none.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain.graph.dtypes import result_type
from geartrain.graph.node import Node
from geartrain.graph.shapes import public
from geartrain.ops import elementwise as primitive
from geartrain.ops.arithmetic import multiply
from geartrain.ops.bits import signbit
from geartrain.ops.logic import where
from geartrain.ops.operands import (
    Tensor,
    aligned,
    as_float,
    dtype_of,
    extents_of,
    filled_like,
    operand,
)
from geartrain.ops.shaping import stack
from geartrain.ops.transcendental import cos, sin

__all__ = [
    "angle",
    "conj",
    "conjugate",
    "eig",
    "imag",
    "isreal",
    "polar",
    "real",
    "view_as_complex",
    "view_as_real",
]


def _complex(x: Any) -> np.ndarray | None:
    """x as a complex array; None if it is real."""
    if isinstance(x, Node) or hasattr(x, "__tensor__"):
        return None
    holds = isinstance(x, complex) or (
        isinstance(x, np.ndarray | np.generic | list | tuple) and np.iscomplexobj(x)
    )
    if not holds:
        return None
    array = np.asarray(x)
    return array if isinstance(x, np.ndarray | np.generic) else array.astype("complex64")


def real(x: Tensor) -> Tensor:
    """The real part; of real numbers the numbers themselves.

    >>> real([1 + 2j, 3.0])
    array([1., 3.], dtype=float32)
    """
    found = _complex(x)
    return operand(x) if found is None else found.real.copy()


def imag(x: Tensor) -> Tensor:
    """The imaginary part; of real numbers 0.

    >>> imag([1 + 2j, 3.0])
    array([2., 0.], dtype=float32)
    """
    found = _complex(x)
    return filled_like(operand(x), 0) if found is None else found.imag.copy()


def conj(x: Tensor) -> Tensor:
    """The complex conjugate: the imaginary part with the other sign; real numbers stay.

    >>> conj([1 + 2j])
    array([1.-2.j], dtype=complex64)
    """
    found = _complex(x)
    return operand(x) if found is None else found.conj()


def conjugate(x: Tensor) -> Tensor:
    """The complex conjugate: the same as `conj`.

    >>> conjugate([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    return conj(x)


def angle(x: Tensor) -> Tensor:
    """The angle of complex numbers in radians; of real numbers 0, or pi if negative.

    >>> angle([1.0, -1.0]), angle([2j])
    (array([0.       , 3.1415927], dtype=float32), array([1.5707964], dtype=float32))
    """
    found = _complex(x)
    if found is not None:
        return np.angle(found)
    x = as_float(x)
    turned = where(signbit(x), filled_like(x, math.pi), filled_like(x, 0))
    return where(primitive.isnan(x), x, turned)


def isreal(x: Tensor) -> Tensor:
    """Whether the imaginary part is 0.

    >>> isreal([1 + 2j, 3.0])
    array([False,  True])
    """
    found = _complex(x)
    return filled_like(operand(x), True, "bool") if found is None else np.isreal(found)


def _no_graphs(who: str, *values: Tensor) -> None:
    if any(isinstance(value, Node) for value in values):
        raise TypeError(
            f"{who}: expected arrays, since graphs have no complex dtype. Received a symbolic "
            "tensor. Compute with the real and the imaginary parts as two tensors instead."
        )


def polar(abs_: Tensor, angle: Tensor) -> np.ndarray:
    """Complex numbers from their sizes and angles: `abs_ * (cos(angle) + i sin(angle))`.

    Raises TypeError for symbolic tensors.

    >>> polar([2.0], [0.0])
    array([2.+0.j], dtype=complex64)
    """
    size, turn = aligned(abs_, angle, floats=True, who="polar")
    _no_graphs("polar", size, turn)
    return view_as_complex(np.stack([multiply(size, cos(turn)), multiply(size, sin(turn))], -1))


def view_as_complex(x: Tensor) -> np.ndarray:
    """Complex numbers from pairs: `x[..., 0] + i * x[..., 1]`.

    Raises TypeError for symbolic tensors, ValueError for a last axis of another size than 2.

    >>> view_as_complex([[1.0, 2.0], [3.0, 4.0]])
    array([1.+2.j, 3.+4.j], dtype=complex64)
    """
    x = operand(x)
    _no_graphs("view_as_complex", x)
    if x.shape[-1:] != (2,):
        raise ValueError(
            "view_as_complex: expected pairs, real and imaginary, in the last axis. "
            f"Received: shape {public(extents_of(x))}"
        )
    wide = result_type(dtype_of(x), "float32")
    whole = np.ascontiguousarray(operand(x, wide))
    return whole.view("complex128" if wide == "float64" else "complex64")[..., 0]


def view_as_real(x: Tensor) -> Tensor:
    """Complex numbers as pairs (real, imaginary) in a new last axis.

    >>> view_as_real([1 + 2j])
    array([[1., 2.]], dtype=float32)
    """
    return stack([real(x), imag(x)], axis=-1)


def eig(x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvalues and eigenvectors of square matrices, which may be complex.

    `x @ v[:, i] = w[i] * v[:, i]`. Symmetric matrices have real ones: see `eigh`, which also has
    a gradient.

    Raises TypeError for symbolic tensors, ValueError for anything but square matrices.

    >>> values, vectors = eig([[0.0, 1.0], [-1.0, 0.0]])
    >>> values
    array([0.+1.j, 0.-1.j], dtype=complex64)
    """
    x = as_float(x)
    _no_graphs("eig", x)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(
            "eig: expected square matrices, in the last two axes. "
            f"Received: shape {public(extents_of(x))}"
        )
    wide = result_type(dtype_of(x), "float32")
    kind = "complex128" if wide == "float64" else "complex64"
    values, vectors = np.linalg.eig(operand(x, wide))
    return values.astype(kind), vectors.astype(kind)
