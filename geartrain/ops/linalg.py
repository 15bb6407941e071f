"""Linear algebra, as `keras.ops.linalg` lists it: the functions of `geartrain.ops`."""

from geartrain import ops

_NAMES = """
    cholesky cholesky_inverse det eig eigh inv jvp lstsq lu_factor matrix_rank norm pinv qr
    solve solve_triangular svd
"""

__all__ = sorted(_NAMES.split())
globals().update({name: getattr(ops, name) for name in __all__})
