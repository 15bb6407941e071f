"""NumPy's functions, as `keras.ops.numpy` lists them: the functions of `geartrain.ops`."""

from geartrain import ops

_NAMES = """
    abs absolute add all allclose amax amin any append arange arccos arccosh arcsin arcsinh
    arctan arctan2 arctanh argmax argmin argsort array array_split average bincount
    broadcast_to ceil clip concatenate copy cos cosh count_nonzero cross cumprod cumsum diag
    diagflat diagonal diff digitize divide divide_no_nan dot einsum empty empty_like equal
    exp exp2 expand_dims expm1 eye fabs flip fliplr flipud floor floor_divide fmax fmin full
    full_like get_item greater greater_equal hstack hypot identity inner isclose isfinite
    isin isinf isnan kron less less_equal linspace log log10 log1p log2 logaddexp
    logical_and logical_not logical_or logical_xor matmul max maximum mean median meshgrid
    min minimum mod moveaxis multiply nan_to_num nanmax nanmean nanmin nanprod nanstd nansum
    nanvar ndim negative nonzero not_equal ones ones_like outer pad percentile power prod
    quantile ravel reciprocal repeat reshape roll rot90 round searchsorted select sign sin
    sinh size slogdet sort split sqrt square squeeze stack std subtract sum swapaxes take
    take_along_axis tan tanh tensordot tile trace transpose tri tril triu true_divide trunc
    unique var vdot vectorize vstack where zeros zeros_like
"""

__all__ = sorted(_NAMES.split())
globals().update({name: getattr(ops, name) for name in __all__})
