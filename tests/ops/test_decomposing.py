"""Linear algebra: what is refused, the shares that count as zero, and singular matrices."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import grad, jit, ops

LOW = np.float64([[1, 2], [2, 4]])  # of rank 1


def test_the_determinant_of_singular_matrices_has_a_gradient():
    assert abs(ops.det(LOW)) < 1e-12
    np.testing.assert_allclose(grad(ops.det)(LOW), [[4, -2], [-2, 1]], atol=1e-12)
    np.testing.assert_allclose(grad(ops.det)(np.zeros((1, 1))), [[1]])


def test_factors_multiply_to_what_they_are_factors_of():
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    for full in (False, True):
        u, s, vt = ops.svd(x, full_matrices=full)
        assert u.shape == (2, 5, 5 if full else 3)
        np.testing.assert_allclose((u[..., :3] * s[:, None, :]) @ vt, x, atol=1e-12)
        q, r = ops.qr(x, "complete" if full else "reduced")
        assert q.shape == (2, 5, 5 if full else 3)
        np.testing.assert_allclose(q @ r, x, atol=1e-12)
    square = x[:, :3]
    triangles, exchanged = ops.lu_factor(square)
    for matrix, both, exchange in zip(square, triangles, exchanged, strict=True):
        rows = matrix.copy()
        for row, other in enumerate(exchange):
            rows[[row, other]] = rows[[other, row]]
        np.testing.assert_allclose(
            (np.tril(both, -1) + np.eye(3)) @ np.triu(both), rows, atol=1e-12
        )


def test_only_the_part_that_counts_is_read():
    x = np.random.default_rng(0).normal(size=(3, 3))
    symmetric = x @ x.T
    odd = symmetric + (x - x.T)
    np.testing.assert_allclose(ops.cholesky(odd), np.linalg.cholesky(symmetric), atol=1e-12)
    np.testing.assert_allclose(ops.eigh(odd)[0], np.linalg.eigvalsh(symmetric), atol=1e-12)
    lower = ops.solve_triangular(odd, x, lower=True)
    np.testing.assert_allclose(np.tril(odd) @ lower, x, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int32"])
def test_narrow_floats_are_computed_in_single_precision(dtype):
    x = ops.cast([[4.0, 1.0], [1.0, 3.0]], dtype)
    found = ops.inv(x)
    assert found.dtype.name == ("float32" if dtype == "int32" else dtype)
    expected = np.linalg.inv([[4.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(found.astype("float32"), expected, rtol=1e-2)


def test_compiled_programs_solve_too():
    def regression(x, y, penalty):
        normal = ops.matmul(ops.transpose(x), x) + penalty * ops.eye(3)
        weights = ops.solve(normal, ops.matmul(ops.transpose(x), y))
        return ops.sum(ops.square(ops.matmul(x, weights) - y)) + ops.logdet(normal)

    random = np.random.default_rng(0)
    x, y, penalty = random.normal(size=(8, 3)), random.normal(size=8), np.float64(0.5)
    slope = grad(regression, argnums=(0, 1, 2))
    np.testing.assert_allclose(jit(regression)(x, y, penalty), regression(x, y, penalty))
    for left, right in zip(jit(slope)(x, y, penalty), slope(x, y, penalty), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-9)


REFUSED = {
    "inv: expected square matrices.*shape \\(2, 3\\)": lambda: ops.inv(np.ones((2, 3))),
    "det: expected matrices, in the last two axes": lambda: ops.det([1.0, 2.0]),
    "solve: expected invertible matrices; ops.pinv": lambda: ops.solve(np.zeros((2, 2)), [1.0, 2]),
    "solve: expected a of shape .* shapes \\(2, 2\\) and \\(3,\\)": (
        lambda: ops.solve(np.eye(2), np.ones(3))),
    "solve_triangular: expected triangular matrices without zeros": (
        lambda: ops.solve_triangular(np.zeros((2, 2)), np.ones(2))),
    "cholesky: expected symmetric matrices with positive eigenvalues": (
        lambda: ops.cholesky(-np.eye(2))),
    "lstsq: expected a of shape \\(n, m\\).*\\(2, 2\\) and \\(3,\\)": (
        lambda: ops.lstsq(np.eye(2), np.ones(3))),
    "qr: expected mode 'reduced' or 'complete'.*'full'": lambda: ops.qr(np.eye(2), "full"),
    "svd: expected matrices of finite numbers": lambda: ops.svd(np.full((2, 2), np.nan)),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_messages(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()


TALL = np.random.default_rng(0).normal(size=(3, 2))
WITHOUT = {
    r"qr: expected mode='reduced'.*shape \(3, 2\)": (
        lambda: grad(lambda x: ops.sum(ops.qr(x, "complete")[0]))(TALL)),
    r"svd: expected full_matrices=False.*shape \(3, 2\)": (
        lambda: grad(lambda x: ops.sum(ops.svd(x)[0]))(TALL)),
    r"lu_factor: expected square matrices.*\(3, 2\)": (
        lambda: grad(lambda x: ops.sum(ops.lu_factor(x)[0]))(TALL)),
}  # fmt: skip


@pytest.mark.parametrize("message", WITHOUT)
def test_what_completes_factors_has_no_gradient(message):
    with pytest.raises(TypeError, match=message):
        WITHOUT[message]()
