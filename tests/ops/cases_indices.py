"""Cases of reading and writing at indices, order, creation and conversion."""

from __future__ import annotations

import numpy as np

from tests.ops.cases import (
    CUBE,
    FLAGS,
    ROW,
    SPECIAL,
    WHOLE,
    Table,
    X,
    Y,
)  # fmt: skip

table = Table(2)
case, plain, reals, integers = table.case, table.plain, table.reals, table.integers

# -- reading ----------------------------------------------------------------------------------


def item(x: np.ndarray, key: object) -> np.ndarray:
    return x[key]


KEYS: tuple[object, ...] = (
    0, -1, slice(None), slice(1, None), slice(None, None, -1), ..., None, (0, 1), (slice(None), -1),
    (..., 0), (None, ..., slice(0, 3, 2)), (slice(None), slice(2, 0, -1), None, 1), (),
    (slice(None), [0, 2]), ([1, 0], slice(None), [0, 3]), (0, slice(None), np.array([[0, -1]])),
    (slice(None), np.array([True, False, True])), np.array([[1], [0]]),
    (slice(None), [2, 0], [1, -1]), (slice(None), [], 0), (slice(5, 2), 0),
)  # fmt: skip
for key in KEYS:
    front = key[0] if isinstance(key, tuple) and key else key
    batched = front is Ellipsis or front is None or (
        isinstance(front, slice) and front.start in (None, 1)
    )  # fmt: skip
    case("get_item", CUBE, key=key, expected=item, batched=batched)
plain("get_item", CUBE, key=CUBE > 0, expected=item, symbolic=False)
for axis in (None, 0, 1, -1):
    for indices in (1, [2, 0, -1], [[0, 1], [1, 1]]):
        if not (axis == 0 and indices == [2, 0, -1]):
            case("take", CUBE, indices=indices, axis=axis, batched=axis not in (None, 0))
ORDER = np.array([[2, 0, 0, -1], [1, 1, 2, 0], [0, 2, 1, 1]])
case("take_along_axis", X, ORDER, axis=0, batched=False)
case("take_along_axis", X, ORDER, axis=1)
case("take_along_axis", X, ORDER, axis=None, batched=False,
     expected=lambda x, i: np.take_along_axis(x.ravel(), i.ravel(), None))  # fmt: skip
case("take_along_axis", X, np.array([[1], [0], [3]]), axis=-1)
case("take_along_axis", reals(1, 4), ORDER, axis=1, batched=False)
case("take_along_axis", CUBE, integers(2, 1, 4, high=3), axis=1)
case(
    "slice",
    CUBE,
    start_indices=(0, 1, 2),
    shape=(2, -1, 1),
    batched=False,
    expected=lambda x: x[:, 1:, 2:3],
)
case("slice", CUBE, start_indices=(0, 1, 2), shape=(-1, 2, 1), expected=lambda x: x[:, 1:, 2:3])
case("slice", CUBE, start_indices=np.array([1, 0, 0]), shape=(1, 3, 2), batched=False,
     expected=lambda x: x[1:, :, :2])  # fmt: skip


def replaced(x: np.ndarray, updates: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[:, 1:3] = updates
    return x


case("slice_update", X, reals(3, 2), expected=replaced)

# -- writing ----------------------------------------------------------------------------------

POINTS = np.array([[0, 1], [2, 3], [0, 1]])


def scattered(values: np.ndarray) -> np.ndarray:
    result = np.zeros((3, 4, *values.shape[1:]), values.dtype)
    np.add.at(result, tuple(POINTS.T), values)
    return result


case("scatter", reals(3), expected=scattered, batched=False)
case("scatter", reals(3, 2), expected=scattered, batched=False)


def updated(reduction: str | None) -> object:
    def expected(x: np.ndarray, updates: np.ndarray) -> np.ndarray:
        x = x.copy()
        joins = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}
        for point, update in zip(map(tuple, POINTS), updates, strict=True):
            x[point] = joins[reduction](x[point], update) if reduction else update
        return x

    return expected


for reduction in (None, "add", "max", "min", "mul"):
    case("scatter_update", X, reals(3), reduction=reduction, expected=updated(reduction),
         batched=False)  # fmt: skip
    case("scatter_update", reals(3, 4, 2), reals(3, 2), reduction=reduction,
         expected=updated(reduction), batched=False)  # fmt: skip

SEGMENTS = np.array([2, 0, 0, 2])
FOLDS = {"sum": np.sum, "max": np.max, "min": np.min, "prod": np.prod}
for name, fold in FOLDS.items():
    nothing = {"sum": 0.0, "max": -np.inf, "min": np.inf, "prod": 1.0}[name]
    for data in (ROW, reals(4, 3)):
        plain(f"segment_{name}", data, segment_ids=SEGMENTS, num_segments=3, batched=False,
             expected=lambda x, f=fold, n=nothing: np.stack([
                 f(x[1:3], 0), np.full(x.shape[1:], n), f(x[[0, 3]], 0)]))  # fmt: skip
        case(f"segment_{name}", data, segment_ids=SEGMENTS // 2, num_segments=2, batched=False,
             expected=lambda x, f=fold: np.stack([f(x[1:3], 0), f(x[[0, 3]], 0)]))  # fmt: skip
plain("segment_max", integers(4), segment_ids=SEGMENTS, symbolic=False,
      expected=lambda x: np.array([max(x[1:3]), -(2**31), max(x[[0, 3]])]))  # fmt: skip

# -- order ------------------------------------------------------------------------------------

for axis in (-1, 0, None):
    case("sort", X, axis=axis, batched=axis == -1)
    plain("argsort", WHOLE, axis=axis, batched=axis == -1,
          expected=lambda x, axis: np.argsort(x, axis, kind="stable"))  # fmt: skip
plain("sort", SPECIAL, batched=False)


def greatest(x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-x, -1, kind="stable")[..., :k]
    return np.take_along_axis(x, order, -1), order


for k in (0, 1, 4):
    case("top_k", X, k=k, expected=greatest, differentiable=k > 0)
    plain("top_k", WHOLE, k=k, expected=greatest)
plain("top_k", np.array([1.0, np.nan, 3.0, 3.0]), k=3, batched=False,
      expected=(np.array([np.nan, 3, 3]), np.array([1, 2, 3])))  # fmt: skip
plain("in_top_k", np.array([0, 1, 2, 3]), np.array([
    [4.0, 3, 2, 1], [4, 3, 2, 1], [4, 3, 3, 3], [4, 3, 2, np.nan]]), k=2,
    expected=np.array([True, True, True, False]))  # fmt: skip
for axis in (None, 0, (0, 2), -1):
    batched = axis == -1
    case("median", CUBE, axis=axis, batched=batched)
    case("quantile", CUBE, q=0.3, axis=axis, batched=batched)
    case("percentile", CUBE, q=[0, 45, 100], axis=axis, keepdims=True, batched=batched)
for method in ("linear", "lower", "higher", "midpoint", "nearest"):
    for q in (0.0, 0.4, 0.5, 1.0):
        case("quantile", X, q=q, axis=1, method=method)
plain("median", np.array([[1.0, np.nan, 3.0], [3.0, 2.0, 1.0]]), axis=1)
plain("median", WHOLE, axis=0, batched=False)
for side in ("left", "right"):
    plain("searchsorted", np.array([1.0, 2.0, 2.0, 5.0]), np.array([[0.0, 2.0], [5.0, 9.0]]),
          side=side, batched=False)  # fmt: skip
plain("digitize", X, bins=np.array([-1.0, 0.0, 1.0]))
plain("nonzero", WHOLE, symbolic=False)
plain("unique", WHOLE, symbolic=False)
plain("unique", WHOLE, symbolic=False, return_index=True, return_inverse=True, return_counts=True)
plain("unique", np.array([[1, 2], [0, 5], [1, 2]]), axis=0, symbolic=False)
plain("unique", np.array([3, 1, 3]), size=4, fill_value=-1, return_counts=True, symbolic=False,
      expected=(np.array([1, 3, -1, -1]), np.array([1, 2, 0, 0])))  # fmt: skip
plain("unique", np.array([3, 1, 3]), size=1, return_inverse=True, return_index=True,
      symbolic=False, expected=(np.array([1]), np.array([1]), np.array([1, 0, 1])))  # fmt: skip
plain("unique", np.array([3, 1, 3]), size=3, return_index=True, symbolic=False,
      expected=(np.array([1, 3, 1]), np.array([1, 0, 1])))  # fmt: skip
plain("bincount", np.array([1, 2, 2, 4]), symbolic=False)
plain("bincount", np.array([1, 2, 2, 4]), weights=ROW, minlength=7, symbolic=False)
plain("bincount", np.array([[1, 2], [0, 0]]), symbolic=False,
      expected=np.array([[0, 1, 1], [2, 0, 0]]))  # fmt: skip
plain("bincount", np.array([], "int32"), symbolic=False, expected=np.array([], "int32"))

# -- new tensors ------------------------------------------------------------------------------

for name in ("zeros", "ones"):
    plain(name, shape=(2, 3), symbolic=False)
    plain(name, shape=4, dtype="int32", symbolic=False)
plain("empty", shape=(2, 3), symbolic=False, expected=np.zeros((2, 3)))
plain("empty_like", X, expected=np.zeros_like(X))
plain("full", shape=(2, 3), fill_value=2.5, symbolic=False)
plain("full", shape=(2, 4), fill_value=ROW, dtype="float64", symbolic=False)  # fmt: skip
CASES_LIKE = ("zeros_like", "ones_like")
for name in CASES_LIKE:
    plain(name, X)
    plain(name, WHOLE, dtype="float32")
plain("full_like", X, fill_value=3)
for arguments in ((5,), (2, 7), (1, 2, 0.25), (5, 0, -2)):
    names = ("start", "stop", "step")
    plain("arange", symbolic=False, expected=lambda a=arguments: np.arange(*a),
          **dict(zip(names, arguments, strict=False)))  # fmt: skip
plain("eye", N=3, symbolic=False)
plain("eye", N=3, M=4, k=1, dtype="int32", symbolic=False)
plain("identity", n=3, symbolic=False)
plain("tri", N=3, M=4, k=-1, symbolic=False)
for num in (0, 1, 2, 7):
    for endpoint in (True, False):
        case("linspace", ROW, Y, num=num, endpoint=endpoint, axis=1, batched=False,
             differentiable=num > 0)  # fmt: skip
plain("linspace", start=0, stop=10, num=11, symbolic=False)
plain("linspace", start=0, stop=9, num=4, dtype="int32", retstep=True, symbolic=False,
      expected=(np.array([0, 3, 6, 9]), np.array(3)))  # fmt: skip
for indexing in ("xy", "ij"):
    case("meshgrid", ROW, reals(3), reals(2), indexing=indexing, batched=False)
case("meshgrid", ROW, batched=False)
plain("one_hot", np.array([[0, 3], [1, -1]]), num_classes=3,
      expected=np.array([[[1.0, 0, 0], [0, 0, 0]], [[0, 1, 0], [0, 0, 0]]]))  # fmt: skip
plain("one_hot", np.array([0, 2]), num_classes=3, axis=0, dtype="int32",
      expected=np.array([[1, 0], [0, 0], [0, 1]]))  # fmt: skip
plain("one_hot", np.array([0.0, 1.5, 2.0]), num_classes=3,
      expected=np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 1]]))  # fmt: skip
plain("multi_hot", np.array([[0, 2], [1, 1]]), num_classes=3,
      expected=np.array([[1.0, 0, 1], [0, 1, 0]]))  # fmt: skip
plain("multi_hot", np.array([0, 2]), num_tokens=3, expected=np.array([1.0, 0, 1]), batched=False)

# -- conversion -------------------------------------------------------------------------------

plain("cast", X, dtype="int32", expected=lambda x: x.astype("int32"))
case("cast", X, dtype="float64", expected=lambda x: x)
plain("saturate_cast", np.array([-3.0, 7.9, 300.0, np.inf]), dtype="uint8",
      expected=np.array([0, 7, 255, 255]))  # fmt: skip
plain("saturate_cast", np.array([-3e9, 3e9, 5.0], "float32"), dtype="int32",
      expected=np.array([-(2**31), 2**31 - 128, 5]))  # fmt: skip
plain("saturate_cast", np.array([-3, 300]), dtype="int8", expected=np.array([-3, 127]))
plain("saturate_cast", np.array([1e30, -1e30]), dtype="float16",
      expected=np.array([65504.0, -65504.0]))  # fmt: skip
for name in ("convert_to_tensor", "convert_to_numpy", "array", "copy", "stop_gradient"):
    plain(name, X, expected=X, symbolic=name != "convert_to_numpy")
plain("array", X, dtype="int32", expected=lambda x: x.astype("int32"))
plain("is_tensor", FLAGS, expected=True, symbolic=False)
plain("shape", CUBE, expected=(2, 3, 4), symbolic=False)
plain("ndim", CUBE, expected=3, symbolic=False)
plain("size", CUBE, expected=24)
plain("dtype", CUBE, expected="float64", symbolic=False)
