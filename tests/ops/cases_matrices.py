"""Cases of linear algebra: one matrix, and batches of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases import Table

table = Table(8)
case, plain, reals = table.case, table.plain, table.reals

MATRICES = reals(3, 4, 4) + 4 * np.diag([1.0, -1.5, 2.0, 2.5])
SQUARE, PAIR = MATRICES[0], MATRICES[:2]
TALL, WIDE = reals(4, 3), reals(3, 4)
POSITIVE = MATRICES @ np.swapaxes(MATRICES, -1, -2)
TRIANGLES = np.linalg.cholesky(POSITIVE)


def back(x: np.ndarray) -> np.ndarray:
    return np.swapaxes(x, -1, -2)


def by_vectors(a: np.ndarray, b: np.ndarray, **_: Any) -> np.ndarray:
    """NumPy takes vectors for columns only where they have a second axis."""
    return np.linalg.solve(a, b[..., None])[..., 0]


for x in (SQUARE, MATRICES):
    batched = x is MATRICES
    case("det", x, expected=np.linalg.det, batched=batched)
    case("inv", x, expected=np.linalg.inv, batched=batched)
    case("slogdet", x, expected=lambda x: tuple(np.linalg.slogdet(x)), batched=batched)
    case("logdet", x, expected=lambda x: np.linalg.slogdet(x)[1], batched=batched)
    case("solve", x, reals(*x.shape[:-1], 2), expected=np.linalg.solve, batched=batched)
    case("solve", x, reals(*x.shape[:-1]), expected=by_vectors, batched=batched)
    case("eigh", x, batched=batched,
         expected=lambda x: tuple(np.linalg.eigh((x + back(x)) / 2)))  # fmt: skip
for a in (POSITIVE, POSITIVE[0]):
    batched = a is POSITIVE
    case("cholesky", a, expected=np.linalg.cholesky, batched=batched)
    case("cholesky", a, upper=True, batched=batched,
         expected=lambda x, upper: back(np.linalg.cholesky(x)))  # fmt: skip
case("cholesky_inverse", TRIANGLES, expected=lambda x: np.linalg.inv(x @ back(x)))
case("cholesky_inverse", back(TRIANGLES).copy(), upper=True,
     expected=lambda x, upper: np.linalg.inv(back(x) @ x))  # fmt: skip
for lower in (False, True):
    kept = np.tril if lower else np.triu
    case("solve_triangular", MATRICES, reals(3, 4, 2), lower=lower,
         expected=lambda a, b, lower, kept=kept: np.linalg.solve(kept(a), b))  # fmt: skip
    case("solve_triangular", SQUARE, reals(4), lower=lower, batched=False,
         expected=lambda a, b, lower, kept=kept: by_vectors(kept(a), b))  # fmt: skip
case("solve", SQUARE, reals(3, 4, 2), expected=np.linalg.solve, batched=False)
for x in (TALL, WIDE, MATRICES):
    batched = x is MATRICES
    case("qr", x, expected=lambda x: tuple(np.linalg.qr(x)), batched=batched)
    plain("qr", x, mode="complete", batched=batched,
          expected=lambda x, mode: tuple(np.linalg.qr(x, mode)))  # fmt: skip
    case("svd", x, full_matrices=False, batched=batched,
         expected=lambda x, full_matrices: tuple(np.linalg.svd(x, full_matrices)))  # fmt: skip
    plain("svd", x, batched=batched, expected=lambda x: tuple(np.linalg.svd(x)))
    case("svd", x, compute_uv=False, expected=np.linalg.svd, batched=batched)
    case("pinv", x, expected=np.linalg.pinv, batched=batched)
    plain("matrix_rank", x, expected=np.linalg.matrix_rank, batched=batched)
LOW = np.outer(reals(4), reals(3))
plain("matrix_rank", LOW, expected=np.linalg.matrix_rank, batched=False)
plain("matrix_rank", MATRICES, tol=3.0, expected=np.linalg.matrix_rank)
plain("pinv", LOW, rcond=1e-6, expected=np.linalg.pinv, batched=False)
for b in (reals(4), reals(4, 2)):
    case("lstsq", TALL, b, batched=False, expected=lambda a, b: np.linalg.lstsq(a, b)[0])
    case("lstsq", WIDE, b[:3], batched=False, expected=lambda a, b: np.linalg.lstsq(a, b)[0])
# What SciPy's lu_factor gives.
case("lu_factor", np.array([[2.0, 3.0], [4.0, 1.0]]), batched=False,
     expected=(np.array([[4.0, 1.0], [0.5, 2.5]]), np.array([1, 1])))  # fmt: skip
case("lu_factor", np.array([[[0.0, 1, 2], [3, 4, 5], [6, 7, 9]]]), batched=False, expected=(
    np.array([[[6.0, 7, 9], [0, 1, 2], [0.5, 0.5, -0.5]]]), np.array([[2, 2, 2]])))  # fmt: skip
plain("lu_factor", np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 8.0]]), batched=False,
      expected=(np.array([[2.0, 2.0, 8.0], [0.5, 1.0, -1.0]]), np.array([1, 1])))  # fmt: skip
