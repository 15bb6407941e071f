"""Types: how they are promoted, and which type each operation returns."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from record.common import Recording, args

TYPES = (
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "bfloat16", "float32", "float64"),
)
PYTHON = {"python int": int, "python float": float, "none": None}
WIDE = ("int64", "uint64", "float64")  # JAX without x64 makes these 32 bits wide.
SMALL = ("bool", "uint8", "int8", "int32", "int64", "float16", "bfloat16", "float32", "float64")
PAIRED = ("bool", "uint8", "int32", "float16", "bfloat16", "float32")

MATRIX = args(axis=-1)
UNARY: dict[str, dict[str, Any]] = {
    **{name: {} for name in ("mean", "sum", "prod", "var", "std", "max", "min", "median")},
    **{name: {} for name in ("exp", "log", "log1p", "expm1", "sqrt", "rsqrt", "sin", "tanh")},
    **{name: {} for name in ("erf", "sigmoid", "relu", "gelu", "silu", "softplus", "log_softmax")},
    **{name: {} for name in ("argmax", "argmin", "argsort", "sort", "any", "all", "softmax")},
    **{name: {} for name in ("round", "floor", "ceil", "trunc", "abs", "negative", "square")},
    **{name: {} for name in ("sign", "reciprocal", "isnan", "isfinite", "logical_not", "trace")},
    **{name: {} for name in ("count_nonzero", "logsumexp", "ones_like", "zeros_like", "transpose")},
    "cumsum": MATRIX,
    "cumprod": MATRIX,
    "norm": {},
    "clip": args(x_min=0, x_max=1),
    "one_hot": args(num_classes=3),
    "top_k": args(k=1),
    "tril": {},
    "diff": {},
}
BINARY = (
    *("add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "mod", "power"),
    *("maximum", "minimum", "matmul", "dot", "tensordot", "outer", "arctan2", "logaddexp"),
    *("equal", "less", "logical_and", "where", "divide_no_nan"),
)
PRODUCTS = ("matmul", "dot", "tensordot", "outer")
CREATORS = {
    "zeros": args(shape=[2]),
    "ones": args(shape=[2]),
    "eye": args(N=2),
    "arange": args(start=3),
    "arange float": args(start=3.0),
    "linspace": args(start=0, stop=1, num=3),
    "full": args(shape=[2], fill_value=3),
    "full float": args(shape=[2], fill_value=3.0),
    "array": args(x=[1, 2]),
    "array float": args(x=[1.0, 2.0]),
    "array bool": args(x=[True, False]),
    "convert_to_tensor": args(x=3),
    "convert_to_tensor float": args(x=3.0),
}


def name_of(result: Any) -> str:
    """The type of a result, or of a tuple's first."""
    result = result[0] if isinstance(result, tuple | list) else result
    return keras.backend.standardize_dtype(result.dtype)


def attempt(function, *inputs, **config) -> str:
    """The type that `function` returns, or "error"."""
    try:
        return name_of(function(*inputs, **config))
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return "error"


def tensor(dtype: str) -> Any:
    return keras.ops.convert_to_tensor(np.eye(3), dtype=dtype)


def symbol(dtype: str) -> keras.KerasTensor:
    return keras.KerasTensor((3, 3), dtype=dtype)


def operand(dtype: str, make) -> Any:
    return {"python int": 2, "python float": 2.0}.get(dtype) or make(dtype)


def record_operations(recording: Recording) -> None:
    for name, config in UNARY.items():
        function = getattr(keras.ops, name)
        eager = {t: attempt(function, tensor(t), **config) for t in SMALL if t not in WIDE}
        symbolic = {t: attempt(function, symbol(t), **config) for t in SMALL}
        symbolic = {t: dtype for t, dtype in symbolic.items() if dtype != eager.get(t)}
        spec = args(config=config, eager=eager, symbolic=symbolic)
        recording.case(name=f"unary.{name}", kind="unary", target=name, **spec)
    for name in BINARY:
        scalars = [] if name in PRODUCTS else ["python int", "python float"]
        kinds = [*PAIRED, *scalars]
        function = getattr(keras.ops, name)
        if name == "where":
            function = lambda x, y: keras.ops.where(np.eye(3, dtype=bool), x, y)  # noqa: E731
        spec = {}
        for kind, make in (("eager", tensor), ("symbolic", symbol)):
            spec[kind] = [
                [attempt(function, operand(a, make), operand(b, make)) for b in kinds]
                for a in kinds
            ]
        if spec["symbolic"] == spec["eager"]:
            del spec["symbolic"]
        recording.case(name=f"binary.{name}", kind="binary", target=name, types=kinds, **spec)
    for name, config in CREATORS.items():
        dtype = attempt(getattr(keras.ops, name.split()[0]), **config)
        spec = args(target=name.split()[0], config=config, dtype=dtype)
        recording.case(name=f"create.{name}", kind="create", **spec)


def record() -> Recording:
    recording = Recording(
        """kind "result_type": row[t] is keras.backend.result_type(name's type, t), which promises
        64 bits as such although JAX runs here with x64 disabled (its usual mode) and makes such
        arrays 32 bits wide. kind "unary" and "binary": the type that target returns for 3 x 3
        arrays (eager; 64-bit types left out) and for symbolic tensors (only where they differ or
        are 64 bits wide; binary has none where all are the same), the rows of binary being
        the first operand's type and the columns the second's, as listed in types; python int
        and float stand for 2 and 2.0; "error" for an operation that refuses the types. Where a
        result is a tuple, its first. kind "create": the type that target(**config) returns."""
    )
    kinds = {**{name: name for name in TYPES}, **PYTHON}
    for name, kind in kinds.items():
        row = {other: keras.backend.result_type(kind, kinds[other]) for other in kinds}
        recording.case(name=name, kind="result_type", row=row)
    record_operations(recording)
    return recording
