"""Every Map op as machine code: against exact values, NumPy, and the corners of each dtype."""

from __future__ import annotations

import functools
import itertools

import llvmlite.binding as llvm
import mpmath
import numpy as np
import pytest

import geartrain.ops
from geartrain.compiler.codegen.builder import Value
from geartrain.graph.dtypes import NAMES, numpy_dtype
from geartrain.graph.op import REGISTRY, Map
from geartrain.graph.shapes import BATCH, Spec
from tests.compiler.harness import LANES, apply, called_by, map_builder, run
from tests.compiler.oracles import EXACT, exact, ulps

assert geartrain.ops
MAPS = {name: op for name, op in REGISTRY.items() if isinstance(op.lower, Map)}
PLACES = {"iota", "extent"}  # of indices, not of values
FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = tuple(name for name in NAMES if name not in FLOATS)
# "float16": three float32 roundings, or two of NumPy's half loops, may each be one unit apart
CLOSE = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 1e-6, "float64": 2e-15}
LEAST = {"float16": 1.2e-7, "bfloat16": 2e-40, "float32": 6e-45, "float64": 2e-323}
CALLS = {"mod": {"fmod"}, "floor_divide": {"fmod"}}  # for quotients beyond 2**53, lane by lane
UNSUPPORTED = {("subtract", "bool"), ("negative", "bool"), ("sign", "bool")}  # by NumPy itself


def arity(op):
    return len(next(iter(op.samples())).arrays)


def takes(op, dtype):
    if op.name in ("bitcast", "cast", "where") or (op.name, dtype) in UNSUPPORTED:
        return False
    try:
        op.infer(*[Spec((1,), dtype)] * arity(op))
    except ValueError:
        return False
    return True


VALUES = [op for name, op in MAPS.items() if name not in PLACES]
PAIRS = [(op, dtype) for op in VALUES for dtype in NAMES if takes(op, dtype)]


def test_every_map_has_an_emitter():
    assert [name for name, op in MAPS.items() if op.lower.emit is None] == []
    assert {name for name, op in MAPS.items() if op.lower.indexed} == {"iota"}


@pytest.mark.parametrize("op", VALUES, ids=repr)
def test_samples_agree_with_the_reference_one_by_one_and_in_vectors(op):
    for sample in op.samples():
        arrays = [array.reshape(-1) for array in sample.arrays]
        expected = op.numpy(*arrays, **sample.params)
        for lanes in (1, LANES):
            found = apply(op, *arrays, lanes=lanes, **sample.params)
            assert found.dtype == expected.dtype
            np.testing.assert_allclose(found, expected, rtol=2e-15, atol=1e-15)


# -- distances from exact values ------------------------------------------------------------------

# where a function does more than grow or settle
INTERVALS = {
    "exp": (-110, 90), "expm1": (-30, 90), "sinh": (-90, 90), "cosh": (-90, 90), "tanh": (-12, 12),
    "sigmoid": (-105, 30), "softplus": (-105, 30), "erf": (-5, 5), "erfc": (-3, 11),
    "arcsin": (-1, 1), "arccos": (-1, 1), "arctanh": (-1, 1), "erfinv": (-1, 1),
}  # fmt: skip
# borders of the formulas: of polynomials, of reductions, of overflow and underflow
BORDERS = (
    0.0, 1e-45, 1.2e-38, 1e-20, 2e-4, 0.25, 0.4142, 0.5, 0.70710677, 0.85, 0.875, 1, 1.0000001,
    1.4142135, 1.5, 2.4142137, 3.9375, 5.99, 9, 10.5, 20, 22, 87.33655, 88.72284, 88.8, 103.97,
    1e5, 1048575.9, 1048576.1, 2.0**31, 1e22, 1e30, 3.4e38,
)  # fmt: skip
BORDERS_OF_FLOAT64 = (
    5e-324, 2.2250738585072014e-308, 708.3964185322641, 709.782712893384, 710.4758600739439,
    745.1332191019411, 6381956970095103 * 2.0**797, 1e300, 1.7976931348623157e308,
)  # fmt: skip


def inputs(name, dtype, count, seed=0):
    """Random bits, numbers of all sizes, numbers in the interval of interest, and borders."""
    random = np.random.default_rng(seed)
    integer = np.dtype(f"uint{8 * numpy_dtype(dtype).itemsize}")
    bits = random.integers(0, np.iinfo(integer).max, count, integer, endpoint=True).view(dtype)
    low, high = INTERVALS.get(name, (-10, 10))
    if dtype == "float64" and high > 50:
        low, high = 8 * low, 8 * high
    sizes = random.normal(size=count) * 10.0 ** random.uniform(-6, 3, count)
    near_one = 1 + random.normal(size=count) * 10.0 ** random.uniform(-7, 0, count)
    borders = np.array(BORDERS + (BORDERS_OF_FLOAT64 if dtype == "float64" else ()))
    drawn = [random.uniform(low, high, count), sizes, near_one, borders, -borders]
    values = np.concatenate([bits, *(part.astype(dtype) for part in drawn)])
    return values[np.isfinite(values)]


def sources(name, dtype, count, seed=0):
    """One array for each source, paired at random."""
    first = inputs(name, dtype, count, seed)
    if arity(REGISTRY[name]) == 1:
        return [first]
    random = np.random.default_rng(seed + 1)
    second = random.permutation(first)
    if name == "power":  # mostly of positive numbers, and some whole exponents
        first = np.where(random.random(len(first)) < 0.9, np.abs(first), first)
        second = np.where(random.random(len(first)) < 0.2, np.rint(second), second)
    return [first, second]


def distances(name, dtype, count, seed=0):
    arrays = sources(name, dtype, count, seed)
    op = REGISTRY[name]
    found = apply(op, *arrays)
    np.testing.assert_array_equal(found, apply(op, *arrays, lanes=1))
    return arrays, found, ulps(found, exact(name, *arrays))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXACT)
def test_functions_are_within_4_units_of_exact_values(name, dtype):
    arrays, found, distance = distances(name, dtype, 40)
    worst = distance.argmax()
    assert distance[worst] <= 4, ([array[worst] for array in arrays], found[worst])


@pytest.mark.nightly
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXACT)
def test_many_more_numbers_are_within_4_units(name, dtype):
    for seed in range(1, 6):
        arrays, found, distance = distances(name, dtype, 3000, seed)
        worst = distance.argmax()
        assert distance[worst] <= 4, ([array[worst] for array in arrays], found[worst])


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sigmoid", "erf"])
def test_every_float32_is_within_4_units(name):
    """Against float64 code, which the tests above compare with exact values."""
    op = REGISTRY[name]
    for first in range(0, 2**32, 2**22):
        x = np.arange(first, first + 2**22, dtype="uint64").astype("uint32").view("float32")
        with np.errstate(invalid="ignore"):  # signalling NaNs
            wide = x.astype("float64")
        found, expected = apply(op, x), apply(op, wide)
        with np.errstate(all="ignore"):
            rounded = expected.astype("float32")
            unit = np.spacing(np.abs(rounded)).astype("float64")
            close = np.abs(found.astype("float64") - expected) <= 4 * unit
        same = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
        assert (close | same).all(), x[~(close | same)][:4]


def test_angles_of_any_size_are_reduced_exactly():
    x = np.array([1e30, -1e30, 3e38, 1e22, 710.0, 2.0**100], "float32")
    expected = [mpmath.sin(mpmath.mpf(float(value))) for value in x]
    assert ulps(apply(REGISTRY["sin"], x), expected).max() <= 0.51
    # the float64 that is nearest to a multiple of pi / 2
    nearest = np.array([6381956970095103 * 2.0**797])
    assert ulps(apply(REGISTRY["cos"], nearest), exact("cos", nearest)).max() <= 1
    assert abs(apply(REGISTRY["cos"], nearest)[0]) < 1e-18


# -- corners of every dtype against the reference --------------------------------------------------

CORNERS = (
    0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 2, 3, -3, np.inf, -np.inf, np.nan, 1e-40, -1e-40,
    1e-45, 3e38, -3e38, 1e-20, 88.8, -88, -103.5, 1e30, 0.9999999, 1.0000001, 1e9, 0.25, 100.0,
)  # fmt: skip


@functools.cache
def corners(dtype):
    if dtype == "bool":
        return np.array([False, True])
    if dtype in FLOATS:
        with np.errstate(over="ignore"):
            return np.array(CORNERS).astype(numpy_dtype(dtype))
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    values = {0, 1, 2, 3, 5, 7, 13, 64, 100, high, high - 1, low, low + 1}
    values |= {-1, -2, -3, -7, -100} if low < 0 else set()
    return np.array(sorted(values), dtype)


def crossed(op, dtype):
    """The corners, each with each."""
    values = corners(dtype)
    if arity(op) == 1:
        return [values]
    arrays = [np.array(column, values.dtype) for column in
              zip(*itertools.product(values, values), strict=True)]  # fmt: skip
    if op.name == "power" and dtype.startswith("int"):  # NumPy refuses negative exponents
        kept = arrays[1] >= 0
        arrays = [array[kept] for array in arrays]
    return arrays


@pytest.mark.parametrize(("op", "dtype"), PAIRS, ids=lambda part: getattr(part, "name", part))
def test_corners_are_those_of_the_reference(op, dtype):
    arrays = crossed(op, dtype)
    with np.errstate(all="ignore"):
        expected = op.numpy(*arrays)
    for lanes in (1, LANES):
        found = apply(op, *arrays, lanes=lanes)
        assert found.dtype == expected.dtype
        if dtype in FLOATS and expected.dtype != bool:
            f, e = found.astype("float64"), expected.astype("float64")
            with np.errstate(all="ignore"):
                close = np.abs(f - e) <= CLOSE[dtype] * np.abs(e) + LEAST[dtype]
            right = (f == e) | (np.isnan(f) & np.isnan(e)) | (np.isfinite(e) & close)
            if op.name not in ("maximum", "minimum", "relu", "sign"):  # NumPy's zeros vary there
                right &= (e != 0) | (np.signbit(f) == np.signbit(e)) | (f != 0)
        else:
            right = found == expected
        wrong = [tuple(a[~right][:3]) for a in arrays]
        assert right.all(), (wrong, found[~right][:3], expected[~right][:3])


def test_signs_of_zeros_that_numpy_leaves_open_are_the_same_in_all_lanes():
    x, y = (np.array(part, "float32") for part in ([0.0, -0.0, -0.0], [-0.0, 0.0, -0.0]))
    for name in ("maximum", "minimum"):
        found = [np.signbit(apply(REGISTRY[name], x, y, lanes=lanes)) for lanes in (1, LANES)]
        np.testing.assert_array_equal(*found)


def test_negative_exponents_of_integers_give_the_quotient_towards_0():
    x = np.array([1, -1, -1, 2, -3, 0], "int32")
    y = np.array([-3, -3, -4, -1, -2, -1], "int32")
    np.testing.assert_array_equal(apply(REGISTRY["power"], x, y), [1, -1, 1, 0, 0, 0])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("exponent", [-1, 1, 2, 3, 4, 0.5])
def test_powers_by_a_constant(exponent, dtype):
    x = corners(dtype)
    found = np.zeros(len(x) + -len(x) % LANES, x.dtype)
    padded = np.resize(x, len(found))

    def body(b):
        def turn(i, _):
            values = b.load(b.pointer("%x", i, dtype), dtype, LANES)
            y = REGISTRY["power"].lower.emit(b, values, b.constant(exponent, dtype))
            b.store(y, b.pointer("%y", i, dtype))

        b.loop(b.constant(0, "int64"), Value("%n", "int64"), LANES, turn)

    run([("ptr", "x"), ("ptr", "y"), ("i64", "n")], body, padded, found, len(found))
    with np.errstate(all="ignore"):
        wide = padded.astype("float64")
        expected = np.power(wide, np.full_like(wide, exponent)).astype(x.dtype).astype("float64")
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    rest = ~np.isnan(expected)
    np.testing.assert_allclose(
        found.astype("float64")[rest], expected[rest], rtol=CLOSE[dtype], atol=LEAST[dtype]
    )


def test_where_selects_in_every_dtype():
    condition = np.arange(20) % 3 == 0
    for dtype in NAMES:
        x, y = np.resize(corners(dtype), 20), np.resize(corners(dtype)[::-1], 20)
        for lanes in (1, LANES):
            found = apply(REGISTRY["where"], condition, x, y, lanes=lanes)
            assert found.tobytes() == np.where(condition, x, y).tobytes()


def test_casts_of_every_pair_keep_what_fits():
    for before, after in itertools.product(NAMES, NAMES):
        x = np.array([0, 1, 2, 3, 100], numpy_dtype(before))
        found = apply(REGISTRY["cast"], x, dtype=after)
        np.testing.assert_array_equal(found, x.astype(numpy_dtype(after)), strict=True)


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_places_and_extents_are_numbers_of_their_dtype(dtype):
    iota, extent = REGISTRY["iota"].lower.emit, REGISTRY["extent"].lower.emit
    found, size = np.zeros(LANES, dtype), np.zeros(1, dtype)

    def body(b):
        def at(axis):
            assert axis == 1
            return b.add(b.lane_numbers(LANES), b.constant(5, "int64"))

        b.store(iota(b, at, shape=(3, 30), axis=1, dtype=dtype), "%x")
        b.store(extent(b, size=BATCH * 2, dtype=dtype), "%y")

    run([("ptr", "x"), ("ptr", "y"), ("i64", "batch")], body, found, size, 7)
    np.testing.assert_array_equal(found, np.arange(5, 5 + LANES))
    assert size[0] == 14


# -- other CPUs -----------------------------------------------------------------------------------

CPUS = {
    "avx512": ("znver4", "x86_64-unknown-linux-gnu"),
    "avx2": ("haswell", "x86_64-unknown-linux-gnu"),
    "neon": ("generic", "aarch64-unknown-linux-gnu"),
}


@pytest.fixture(scope="module", autouse=True)
def all_targets():
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int32"])
def test_machine_code_calls_no_library(dtype, cpu):
    for op in [op for op, taken in PAIRS if taken == dtype]:
        result = op.infer(*[Spec((1,), dtype)] * arity(op)).dtype
        code = map_builder(op, (dtype,) * arity(op), result)
        allowed = CALLS.get(op.name, set()) if dtype in FLOATS else set()
        assert called_by(code, *CPUS[cpu]) - {"map"} == allowed, op


@pytest.mark.skipif(
    not llvm.get_host_cpu_features().get("avx512f"), reason="needs a CPU with AVX-512"
)
@pytest.mark.parametrize("name", EXACT)
def test_vectors_of_another_width_give_the_same_bits(name):
    arrays = sources(name, "float32", 40)
    wide, narrow = (apply(REGISTRY[name], *arrays, cpu=cpu) for cpu in ("", "haswell"))
    assert wide.tobytes() == narrow.tobytes()
