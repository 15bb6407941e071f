"""How the compiler writes element-wise functions: arithmetic in terms of a builder.

Each takes the builder and values, and returns a value. None is more than 4 units in the last
place from the exact result; NaN and infinities come out as NumPy has them, and subnormal numbers
are neither lost nor flushed. What sits in inner loops of networks computes in the dtype of its
values, float32 or float64. The rest computes in float64 and rounds once. float16 and bfloat16 are
computed in float32.
"""

from geartrain.ops.emitters import error_function, exponential, trigonometric
from geartrain.ops.emitters.division import emit_floor_divide as floor_divide
from geartrain.ops.emitters.division import emit_mod as mod
from geartrain.ops.emitters.plain import (
    absolute,
    bits,
    comparison,
    isfinite,
    isinf,
    isnan,
    logical,
    logical_not,
    relu,
    rounding,
    shift_left,
    shift_right,
    sign,
)
from geartrain.ops.emitters.powers import emit_power as power
from geartrain.ops.emitters.term import Term, formula

__all__ = [
    "absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "bits",
    "comparison", "cos", "cosh", "erf", "erfc", "erfinv", "exp", "expm1", "floor_divide",
    "isfinite", "isinf", "isnan", "log", "log1p", "logical", "logical_not", "mod", "power", "relu",
    "rounding", "rsqrt", "shift_left", "shift_right", "sigmoid", "sign", "sin", "sinh", "softplus",
    "sqrt", "tan", "tanh",
]  # fmt: skip


def _rsqrt(x: Term) -> Term:
    """1 / sqrt(x), by exact operations."""
    return 1 / x.unary("sqrt")


exp = formula(exponential.exp)
expm1 = formula(exponential.expm1)
log = formula(exponential.log)
log1p = formula(exponential.log1p)
tanh = formula(exponential.tanh)
sigmoid = formula(exponential.sigmoid)
softplus = formula(exponential.softplus)
erf = formula(error_function.erf)
rsqrt = formula(_rsqrt)
sqrt = rounding("sqrt")

sinh = formula(exponential.sinh, "float64")
cosh = formula(exponential.cosh, "float64")
arcsinh = formula(exponential.arcsinh, "float64")
arccosh = formula(exponential.arccosh, "float64")
arctanh = formula(exponential.arctanh, "float64")
erfc = formula(error_function.erfc, "float64")
erfinv = formula(error_function.erfinv, "float64")
sin = formula(trigonometric.sin, "float64")
cos = formula(trigonometric.cos, "float64")
tan = formula(trigonometric.tan, "float64")
arcsin = formula(trigonometric.arcsin, "float64")
arccos = formula(trigonometric.arccos, "float64")
arctan = formula(trigonometric.arctan, "float64")
arctan2 = formula(trigonometric.arctan2, "float64")
