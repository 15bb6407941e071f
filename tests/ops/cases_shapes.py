"""Cases of shapes, rearranging and products."""

from __future__ import annotations

import numpy as np

from tests.ops.cases import (
    CUBE,
    ROW,
    WHOLE,
    Table,
    X,
    Y,
    listed,
)

table = Table(1)
case, plain, reals, integers = table.case, table.plain, table.reals, table.integers

# -- shapes -----------------------------------------------------------------------------------

case("reshape", CUBE, newshape=(4, -1), expected=lambda x, newshape: x.reshape(newshape))
case("reshape", CUBE, newshape=(-1, 2, 2), expected=lambda x, newshape: x.reshape(newshape))
case("reshape", CUBE, newshape=-1, expected=lambda x, newshape: x.reshape(-1))
case("ravel", CUBE)
case("transpose", CUBE)
case("transpose", CUBE, axes=(1, -1, 0))
case("swapaxes", CUBE, axis1=0, axis2=-1)
case("moveaxis", CUBE, source=0, destination=-1)
case("moveaxis", CUBE, source=(0, 1), destination=(-1, 0))
case("expand_dims", CUBE, axis=1)
case("expand_dims", CUBE, axis=(0, -1))
case("squeeze", reals(3, 1, 2, 1))
case("squeeze", reals(3, 1, 2, 1), axis=1)
case("squeeze", reals(3, 1, 2, 1), axis=(1, -1))
case("broadcast_to", ROW, shape=(2, 3, 4), batched=False)
case("broadcast_to", reals(3, 1), shape=(3, 4), batched=False)
for axis in (0, -1):
    case("concatenate", X, Y, axis=axis, expected=listed(np.concatenate))
    case("stack", X, Y, axis=axis, expected=listed(np.stack))
for name in ("hstack", "vstack"):
    case(name, X, Y, expected=listed(getattr(np, name)))
    case(name, ROW, reals(4), expected=listed(getattr(np, name)))
case("unstack", CUBE, axis=1, expected=lambda x, axis: list(np.moveaxis(x, axis, 0)))
case("unstack", CUBE, num=2, batched=False, expected=lambda x, num: list(x))
case("split", CUBE, indices_or_sections=2, axis=2)
case("split", reals(7), indices_or_sections=[1, 4], batched=False)
case("array_split", reals(7, 2), indices_or_sections=3, batched=False)
case("append", X, Y)
case("append", X, Y, axis=1)
for axis in (None, 0, (0, 2)):
    case("flip", CUBE, axis=axis)
case("fliplr", CUBE)
case("flipud", CUBE)
for k in (0, 1, 2, 3, -1):
    case("rot90", CUBE, k=k)
case("rot90", CUBE, k=1, axes=(2, 1), expected=lambda array, k, axes: np.rot90(array, k, axes))
for shift, axis in ((1, None), (-2, 1), (7, 0), ((1, 2), (0, 2)), (0, 1)):
    case("roll", CUBE, shift=shift, axis=axis)
case("repeat", CUBE, repeats=2)
case("repeat", CUBE, repeats=3, axis=1)
case("repeat", CUBE, repeats=[1, 0, 2], axis=1)
case("tile", X, repeats=2, expected=lambda x, repeats: np.tile(x, 2))
case("tile", X, repeats=(2, 1, 3), expected=lambda x, repeats: np.tile(x, repeats))
case("pad", X, pad_width=1)
case("pad", X, pad_width=((1, 0), (2, 3)))
case("pad", X, pad_width=((1, 0), (2, 3)), constant_values=2.5)
plain("pad", np.array([[np.inf, np.nan]]), pad_width=1, constant_values=7.0)
for mode in ("edge", "reflect", "symmetric", "wrap"):
    case("pad", X, pad_width=((2, 1), (3, 5)), mode=mode, batched=False)
    case("pad", X, pad_width=((0, 0), (1, 2)), mode=mode)

# -- products ---------------------------------------------------------------------------------

A, B = reals(3, 4), reals(4, 2)
for first, second in (
    (A, B), (ROW, B), (A, ROW), (ROW, reals(4)), (CUBE, B), (CUBE, reals(2, 4, 5)),
    (reals(2, 1, 3, 4), reals(5, 4, 2)), (A, CUBE.swapaxes(1, 2)), (reals(1, 3, 4), reals(2, 4, 1)),
    (reals(3, 1), reals(1, 2)), (reals(0, 4), B), (reals(3, 0), reals(0, 2)),
):  # fmt: skip
    case("matmul", first, second, batched=False)
case("matmul", A, B)
case("matmul", CUBE, B)
plain("matmul", WHOLE, WHOLE.T.copy(), batched=False)
for first, second in ((A, B), (ROW, reals(4)), (CUBE, ROW), (CUBE, reals(5, 4, 2)), (CUBE, B)):
    case("dot", first, second)
case("dot", np.array(2.0), A, batched=False)
for first, second in ((ROW, reals(4)), (A, CUBE), (A, ROW), (np.array(2.0), ROW)):
    case("inner", first, second, batched=False)
case("outer", ROW, X)
case("vdot", X, Y)
case("tensordot", CUBE, reals(3, 4, 2), axes=2)
case("tensordot", CUBE, B, axes=1)
case("tensordot", CUBE, reals(4, 5, 2), axes=([0, 2], [2, 0]), batched=False)
case("tensordot", CUBE, ROW, axes=0)
case("kron", A, B)
case("kron", ROW, A, batched=False)
case("cross", reals(5, 3), reals(5, 3))
case("cross", reals(3, 5), reals(3, 5), axis=0, batched=False)
case("cross", reals(4, 1, 3), reals(5, 3), batched=False)
case("cross", reals(5, 2), reals(5, 3), expected=lambda x, y: np.cross(
    np.pad(x, ((0, 0), (0, 1))), y))  # fmt: skip
case("cross", reals(5, 2), reals(5, 2), expected=lambda x, y: x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0])
for subscripts, arrays in {
    "ij,jk->ik": (A, B), "ij,jk": (A, B), "ij->ji": (A,), "ij->": (A,), "ij": (A,),
    "ii->i": (reals(3, 3),), "ii": (reals(3, 3),),
    "i,i": (ROW, reals(4)), "i,j->ji": (ROW, reals(3)),
    "...ij,...jk->...ik": (CUBE, reals(2, 4, 5)), "b...,...->b...": (CUBE, reals(3, 4)),
    "ij,ij->i": (X, Y), "ijk,k->ji": (CUBE, ROW), "iij,jk->ik": (reals(3, 3, 4), B),
    "ij,jk,kl->il": (A, B, reals(2, 3)), "ij,ik,il->jkl": (A, reals(3, 2), reals(3, 2)),
    "ij,kl->il": (A, B), "...->...": (CUBE,), "i...->...": (CUBE,), "a,a,a->a": (ROW, ROW, ROW),
    "ij , jk -> ik": (A, B), "bh,ho->bo": (reals(3, 1), reals(4, 2)),
}.items():  # fmt: skip
    case("einsum", *arrays, expected=lambda *a, s=subscripts: np.einsum(s, *a), batched=False,
         subscripts=subscripts)  # fmt: skip
SQUARE = reals(4, 4)
for k in (-2, 0, 1):
    case("diag", ROW, k=k, batched=False)
    case("diag", reals(3, 5), k=k, batched=False)
    case("diagflat", reals(2, 2), k=k, batched=False)
    case("tril", CUBE, k=k)
    case("triu", CUBE, k=k)
    case("trace", SQUARE, offset=k, batched=False)
for offset in (-3, -1, 0, 2, 9):
    case("diagonal", reals(3, 5), offset=offset, batched=False)
case("diagonal", CUBE, axis1=1, axis2=2)
case("diagonal", CUBE, axis1=2, axis2=0, batched=False)
case("trace", CUBE, axis1=2, axis2=1)
plain("trace", integers(3, 3), batched=False)
