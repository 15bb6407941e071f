"""The writer of LLVM IR: every method passes the verifier, and its code computes what it says."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain.compiler.codegen.builder import BYTES, Value, is_known, literal
from geartrain.graph.affine import Affine
from geartrain.graph.dtypes import NAMES, numpy_dtype
from geartrain.graph.shapes import BATCH, apply
from tests.compiler.harness import run

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = tuple(name for name in NAMES if name not in (*FLOATS, "bool"))


def sample(dtype, seed=0):
    """16 numbers of a dtype, small enough for sums and products."""
    values = np.random.default_rng(seed).integers(1, 11, 16)
    if dtype in FLOATS:
        values = values / 4 * np.where(np.arange(16) % 3, 1, -1)
    elif dtype == "bool":
        values = values > 5
    elif not dtype.startswith("u"):
        values = values * np.where(np.arange(16) % 3, 1, -1)
    return np.asarray(values).astype(numpy_dtype(dtype))


def compute(write, *arrays, result=None, lanes=16):
    """`write(builder, *values)` of vectors (or, with lanes=1, of the first elements)."""
    result = result or arrays[0].dtype.name
    found = np.zeros(lanes, numpy_dtype(result))

    def body(b):
        values = [b.load(f"%x{i}", a.dtype.name, lanes) for i, a in enumerate(arrays)]
        b.store(b.splat(write(b, *values), lanes), "%y")

    names = [("ptr", f"x{i}") for i in range(len(arrays))]
    run([*names, ("ptr", "y")], body, *arrays, found)
    return found


ARITHMETIC = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "maximum": np.maximum,
    "minimum": np.minimum,
}  # fmt: skip


@pytest.mark.parametrize("lanes", [1, 16])
@pytest.mark.parametrize(
    ("name", "numpy", "dtype"),
    [
        (name, function, dtype)
        for name, function in ARITHMETIC.items()
        for dtype in NAMES
        if (name, dtype) != ("sub", "bool")  # booleans have no difference
    ],
)
def test_arithmetic_of_every_dtype(name, numpy, dtype, lanes):
    x, y = sample(dtype), sample(dtype, 1)
    found = compute(lambda b, x, y: getattr(b, name)(x, y), x, y, lanes=lanes)
    np.testing.assert_array_equal(found, numpy(x, y)[:lanes])


@pytest.mark.parametrize("lanes", [1, 16])
@pytest.mark.parametrize("dtype", NAMES)
@pytest.mark.parametrize("how", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_comparisons_of_every_dtype(how, dtype, lanes):
    numpy = {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal",
             "gt": "greater", "ge": "greater_equal"}[how]  # fmt: skip
    x, y = sample(dtype), sample(dtype, 1)
    y[3] = x[3]
    if dtype in FLOATS:
        x[0] = np.nan
    found = compute(lambda b, x, y: b.compare(how, x, y), x, y, result="bool", lanes=lanes)
    with np.errstate(invalid="ignore"):
        expected = getattr(np, numpy)(x, y)[:lanes]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", FLOATS)
def test_operations_of_floats(dtype):
    x, y, z = (sample(dtype, seed) for seed in range(3))
    x[1] = np.nan
    wide = [a.astype("float64") for a in (x, y, z)]
    kind = numpy_dtype(dtype)
    cases = {
        "fma": (lambda b, x, y, z: b.fma(x, y, z), wide[0] * wide[1] + wide[2]),
        "div": (lambda b, x, y, z: b.div(x, y), wide[0] / wide[1]),
        "neg": (lambda b, x, y, z: b.neg(x), -wide[0]),
        "sqrt": (lambda b, x, y, z: b.unary("sqrt", b.unary("fabs", x)), np.sqrt(abs(wide[0]))),
        "floor": (lambda b, x, y, z: b.unary("floor", x), np.floor(wide[0])),
        "even": (lambda b, x, y, z: b.unary("roundeven", x), np.rint(wide[0])),
        "copysign": (lambda b, x, y, z: b.copysign(x, y), np.copysign(wide[0], wide[1])),
    }
    for name, (write, expected) in cases.items():
        found = compute(write, x, y, z)
        np.testing.assert_array_equal(
            found.astype("float64"), expected.astype(kind).astype("float64"), err_msg=name
        )
    found = compute(lambda b, x: b.is_nan(x), x, result="bool")
    np.testing.assert_array_equal(found, np.isnan(wide[0]))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_operations_of_integers(dtype):
    x, y = sample(dtype), sample(dtype, 1)
    limits = np.iinfo(dtype)
    x[:2] = limits.min, limits.max
    quotient = np.trunc(x.astype("float64") / y)
    if BYTES[dtype] < 8:  # float64 holds them all
        found = compute(lambda b, x, y: b.div(x, y), x, y)
        np.testing.assert_array_equal(found, quotient.astype(dtype))
        found = compute(lambda b, x, y: b.rem(x, y), x, y)
        np.testing.assert_array_equal(found, (x - quotient * y).astype(dtype))
    np.testing.assert_array_equal(compute(lambda b, x: b.neg(x), x), -x)
    for name, numpy in (
        ("and", np.bitwise_and), ("or", np.bitwise_or), ("xor", np.bitwise_xor),
    ):  # fmt: skip
        np.testing.assert_array_equal(
            compute(lambda b, x, y, name=name: b.bits(name, x, y), x, y), numpy(x, y)
        )
    shift = "lshr" if dtype.startswith("u") else "ashr"
    np.testing.assert_array_equal(
        compute(lambda b, x: b.bits(shift, x, b.like(2, x)), x), x >> np.asarray(2, dtype)
    )
    np.testing.assert_array_equal(
        compute(lambda b, x: b.bits("shl", x, b.like(2, x)), x), x << np.asarray(2, dtype)
    )


EDGES = np.array(
    [0.0, -0.0, 0.5, -0.75, 1.0, 1.5, 2.5, 3.9, 100.9, 127.0, 2.0**-149, 1e-40, 6e-8, 65504.0,
     1.0009765625 - 2.0**-40, 2.0**-24 + 2.0**-60], "float64",
)  # fmt: skip


@pytest.mark.parametrize("lanes", [1, 16])
@pytest.mark.parametrize("after", NAMES)
@pytest.mark.parametrize("before", NAMES)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_conversions_between_all_dtypes(before, after, lanes):
    values = np.abs(EDGES) if after.startswith("u") or before.startswith("u") else EDGES
    if after not in FLOATS:
        values = np.minimum(values, 127 if BYTES[after] == 1 else 30000)
    if before not in FLOATS:
        values = np.minimum(values, 127 if before in ("int8", "uint8") else 30000)
        values[5:7] = (2, 255) if before.startswith("u") else (-3, -1 + 2 * (after[0] == "u"))
    x = np.roll(values.astype(numpy_dtype(before)), 16 if lanes == 16 else 3)
    expected = x.astype(numpy_dtype(after))[:lanes]
    found = compute(lambda b, x: b.convert(x, after), x, result=after, lanes=lanes)
    assert found.tobytes() == expected.tobytes(), (x[:lanes], found, expected)


@pytest.mark.parametrize("before", FLOATS)
@pytest.mark.parametrize("after", INTEGERS)
def test_floats_outside_an_integers_range_become_its_nearest_limit(before, after):
    large = 6e4 if before == "float16" else 1e30
    x = np.array([np.inf, -np.inf, np.nan, 6e4, -6e4, large, -large, 3], numpy_dtype(before))
    x = np.resize(x, 16)
    limits = np.iinfo(after)
    wide = [0 if v != v else v for v in x.astype("float64")]
    expected = [
        limits.max if v >= float(limits.max) else limits.min if v <= limits.min else int(v)
        for v in wide
    ]
    found = compute(lambda b, x: b.convert(x, after), x, result=after)
    np.testing.assert_array_equal(found, np.array(expected, after))


def test_float64_is_rounded_once_to_float16():
    random = np.random.default_rng(0)
    x = np.float16(random.normal(size=4096)).astype("float64")
    x = x + np.spacing(x.astype("float16")).astype("float64") / 2  # ties, and a little beside them
    x = x + x * random.choice([0, 2.0**-40, -(2.0**-40)], x.shape)
    x[:4] = np.inf, np.nan, 1e300, -1e-300
    with np.errstate(over="ignore"):
        expected = x.astype("float16")
    found = np.concatenate([
        compute(lambda b, x: b.convert(x, "float16"), row.copy(), result="float16")
        for row in x[:320].reshape(-1, 16)
    ])  # fmt: skip
    np.testing.assert_array_equal(found, expected[:320])


def test_a_condition_of_one_lane_selects_whole_vectors():
    x, y = sample("float32"), sample("float32", 1)
    for truth in (True, False):
        found = compute(lambda b, x, y, t=truth: b.select(b.constant(t, "bool"), x, y), x, y)
        np.testing.assert_array_equal(found, x if truth else y)
    found = compute(lambda b, x: b.select(b.compare("gt", x, b.like(0, x)), x, b.like(7, x)), x)
    np.testing.assert_array_equal(found, np.where(x > 0, x, 7))


def test_lanes_are_combined_by_halves_and_asked_together():
    x = sample("float32")
    found = compute(lambda b, x: b.reduce(x, lambda b, p, q: b.add(p, q)), x, lanes=16)
    np.testing.assert_array_equal(found, np.full(16, x.sum()))
    for limit, truth in ((100, False), (-100, True)):
        found = compute(
            lambda b, x, limit=limit: b.any(b.compare("gt", x, b.like(limit, x))), x, result="bool"
        )
        assert (found == truth).all()
    found = compute(lambda b, x: b.convert(b.lane_numbers(x.lanes), "float32"), x)
    np.testing.assert_array_equal(found, np.arange(16))


@pytest.mark.parametrize("dtype", ["float32", "bool", "int8", "float16", "uint64"])
def test_masked_memory_is_neither_read_nor_written(dtype):
    x, y = sample(dtype), np.zeros(16, numpy_dtype(dtype))

    def body(b):
        inside = b.compare("lt", b.lane_numbers(16), b.constant(5, "int64"))
        loaded = b.load("%x", dtype, 16, inside)
        b.store(loaded, "%y", inside)
        number = b.gather("%x", b.sub(b.constant(15, "int64"), b.lane_numbers(16)), dtype, inside)
        b.store(number, "%z", b.constant(True, "bool"))
        off = b.constant(False, "bool")
        b.store(b.load("null", dtype, 1, off), "null", off)
        b.store(b.load("null", dtype, 16, off), "null", off)
        b.store(b.gather("null", b.lane_numbers(16), dtype, off), "null", off)
        b.store(b.gather("%x", b.constant(2, "int64"), dtype), "%w")

    z, w = np.ones(16, numpy_dtype(dtype)), np.ones(1, numpy_dtype(dtype))
    run([("ptr", name) for name in "xyzw"], body, x, y, z, w)
    np.testing.assert_array_equal(y, np.where(np.arange(16) < 5, x, np.zeros_like(x)))
    np.testing.assert_array_equal(z, np.where(np.arange(16) < 5, x[::-1], np.zeros_like(x)))
    assert w[0] == x[2]


def test_loops_carry_values_and_may_not_run_at_all():
    found = np.full(3, -1, "int64")

    def body(b):
        def turn(i, values):
            def inner(j, sums):
                odd = b.compare("eq", b.rem(j, b.constant(2, "int64")), b.constant(1, "int64"))
                return b.when(odd, lambda: [b.add(sums[0], j)], sums)

            return b.loop(b.constant(0, "int64"), i, 1, inner, values)

        zero = b.constant(0, "int64")
        (total,) = b.loop(zero, Value("%n", "int64"), 2, turn, [zero])
        b.store(total, "%y")
        b.loop(zero, zero, 1, lambda i, _: b.store(i, b.pointer("%y", i, "int64")))

    run([("ptr", "y"), ("i64", "n")], body, found, 10)
    expected = sum(j for i in range(0, 10, 2) for j in range(i) if j % 2)
    np.testing.assert_array_equal(found, [expected, -1, -1])
    run([("ptr", "y"), ("i64", "n")], body, found, 0)
    assert found[0] == 0


def test_extents_of_the_batch_are_computed_once_at_the_start():
    extents = [BATCH * 3 + 5, apply("min", BATCH, 4), apply("max", BATCH, 4),
               apply("ceildiv", BATCH * 2, 5), apply("min", BATCH * BATCH, apply("max", BATCH, 9)), 6]  # fmt: skip  # noqa: E501
    index = Affine(2, {"i": BATCH, "j": 3})

    def body(b):
        for place, extent in enumerate(extents):
            value = b.index(extent)
            assert b.index(extent) == value
            b.store(value, b.pointer("%y", b.constant(place, "int64"), "int64"))
        loops = {"i": b.constant(7, "int64"), "j": Value("%batch", "int64")}
        b.store(b.affine(index, loops), b.pointer("%y", b.index(6), "int64"))

    for batch in (1, 7, 12):
        found = np.zeros(7, "int64")
        run([("ptr", "y"), ("i64", "batch")], body, found, batch)
        expected = [batch * 3 + 5, min(batch, 4), max(batch, 4), -(-batch * 2 // 5),
                    min(batch**2, max(batch, 9)), 6, 2 + 10 * batch]  # fmt: skip
        np.testing.assert_array_equal(found, expected)
    assert is_known(6)
    assert not is_known(BATCH)


@pytest.mark.parametrize("dtype", FLOATS)
def test_literals_are_exact(dtype):
    for value in (0.1, -0.0, 1e-7, np.inf, -np.inf, np.nan, 3e38, 1e-40):
        found = compute(lambda b, x, value=value: b.like(value, x), sample(dtype))
        with np.errstate(over="ignore"):
            expected = np.asarray(value, numpy_dtype(dtype))
        assert found[0].tobytes() == expected.tobytes()
    assert literal(2**64 - 1, "uint64") == "18446744073709551615"


def test_bits_are_kept_by_bitcast():
    x = sample("float32")
    found = compute(lambda b, x: b.bitcast(x, "int32"), x, result="int32")
    np.testing.assert_array_equal(found, x.view("int32"))
