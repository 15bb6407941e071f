"""Products of float32 by tiles of bfloat16: slices of numbers, sums of products, special values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.compiler.kernels.matmul.bf16x6 import FULL, HEAD, PRODUCTS, SLICES, split
from geartrain.compiler.pipeline import assemble
from geartrain.compiler.targets.target import host, named
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.runtime import native, threads
from geartrain.runtime.executable import Executable

pytest.importorskip("llvmlite")
from tests.compiler import harness

HOST = host()
needs_tiles = pytest.mark.skipif(not HOST.bf16_tiles, reason="this CPU has no tiles of bfloat16")
LANES, F32 = 16, "float32"


@pytest.fixture(autouse=True)
def threads_as_before():
    yield
    threads.set_thread_count(None)


@pytest.fixture
def always(monkeypatch):
    """Small products are multiplied in slices too."""
    monkeypatch.setattr("geartrain.compiler.kernels.matmul.tiling.USES", 1)


def slices_of(numbers):
    """The slices of 16 numbers, as float32, one row each."""
    found = np.empty((SLICES, LANES), np.float32)

    def write(b):
        for n, slice_ in enumerate(split(b, b.load("%x", F32, LANES))):
            place = b.pointer("%y", b.constant(n * LANES, "int64"), F32)
            b.store(b.bitcast(slice_, F32), place)

    harness.run([("ptr", "x"), ("ptr", "y")], write, numbers, found)
    return found


@needs_tiles
def test_three_slices_of_bfloat16_are_exactly_the_number():
    random = np.random.default_rng(0)
    for _ in range(500):
        bits = random.integers(0, 1 << 32, LANES, np.uint32)
        numbers = bits.view(np.float32)
        found = slices_of(numbers)
        assert not (found.view(np.uint32) & 0xFFFF).any()  # each is a bfloat16
        normal = np.isfinite(numbers) & (np.abs(numbers) >= 2.0**-100)
        exact = found[:HEAD].astype("float64").sum(0) + found[HEAD]
        np.testing.assert_array_equal(exact[normal], numbers[normal])
        np.testing.assert_array_equal(found[FULL][normal], found[HEAD][normal])
        size = np.abs(numbers[normal].astype("float64"))
        tail, middle = (np.abs(found[n].astype("float64")[normal]) for n in (0, 1))
        assert (middle <= size * 2.0**-7).all() and (tail <= size * 2.0**-16).all()


@needs_tiles
def test_infinities_and_nan_are_in_one_head_alone():
    numbers = np.zeros(LANES, np.float32)
    bits = [0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFF80FFFF, 0x00000001, 0x807FFFFF]
    numbers[: len(bits)] = np.array(bits, np.uint32).view(np.float32)
    found = slices_of(numbers)
    assert (found[:FULL, :5] == 0).all()
    assert found[FULL, 0] == np.inf and found[FULL, 1] == -np.inf
    assert np.isnan(found[FULL, 2:5]).all()
    smallest = np.finfo(np.float32).tiny  # so that infinity times a subnormal number is no NaN
    assert found[FULL, 5] >= smallest and found[FULL, 6] <= -smallest


def test_each_product_of_slices_is_taken_once():
    weights = {0: 2, 1: 1, 2: 0, 3: 0}  # a tail is 2**-16 of its number, a middle 2**-8
    sizes = [weights[x] + weights[y] for x, y in PRODUCTS]
    assert sorted(sizes) == [0, 1, 1, 2, 2, 2] and sizes[-1] == 0
    assert len(set(PRODUCTS)) == len(PRODUCTS)


# -- whole products -------------------------------------------------------------------------------

PRODUCT_KINDS = {
    "rows": (ops.matmul, [(BATCH, 100), (100, 70)]),
    "whole tiles": (ops.matmul, [(BATCH, 96), (96, 64)]),
    "one more than tiles": (ops.matmul, [(BATCH, 65), (65, 33)]),
    "known sizes": (ops.matmul, [(100, 64), (64, 40)]),
    "deep": (ops.matmul, [(BATCH, 3000), (3000, 48)]),
    "sums over the batch": (
        lambda x, y: ops.matmul(ops.transpose(x), y), [(BATCH, 70), (BATCH, 100)],
    ),
    "second transposed": (lambda x, w: ops.matmul(x, ops.transpose(w)), [(BATCH, 100), (70, 100)]),
    "both transposed": (
        lambda x, y: ops.matmul(ops.transpose(x), ops.transpose(y)), [(100, 70), (50, 100)],
    ),
    "epilogue": (
        lambda x, w, b: ops.relu(ops.matmul(x, w) + b) * 2, [(BATCH, 100), (100, 70), (70,)],
    ),
    "sequences": (ops.matmul, [(BATCH, 9, 64), (64, 70)]),
    "few results, deep sums": (
        lambda x, y: ops.einsum("btk,btc->kc", x, y), [(BATCH, 40, 33), (BATCH, 40, 48)],
    ),
}  # fmt: skip
BATCHES = (0, 1, 31, 32, 33, 64, 100, 200)


def programs(function, shapes, *targets):
    inputs = [placeholder(shape, F32, f"x{n}") for n, shape in enumerate(shapes)]
    outputs = [function(*inputs)]
    return inputs, [Executable(outputs, {}, target) for target in targets]


def run(program, inputs, arrays, batch):
    leaves = (one.leaf for one in inputs)
    return program.run(dict(zip(leaves, arrays, strict=True)), batch)[0]


@needs_tiles
@pytest.mark.parametrize("name", PRODUCT_KINDS)
def test_products_are_as_near_to_the_exact_ones_as_by_multiply_adds(name, always):
    function, shapes = PRODUCT_KINDS[name]
    inputs, (program, other) = programs(function, shapes, HOST, replace(HOST, bf16_tiles=False))
    random = np.random.default_rng(0)
    for batch in BATCHES:
        arrays = [random.normal(size=resolve(shape, batch)).astype(F32) for shape in shapes]
        found, usual = (run(one, inputs, arrays, batch) for one in (program, other))
        exact = exactly(function, arrays)
        assert found.shape == usual.shape == exact.shape
        error, usual_error = (np.abs(one - exact).max(initial=0) for one in (found, usual))
        assert error <= 1.5 * usual_error + 1e-6


def exactly(function, arrays):
    """The same in float64, by NumPy."""
    return np.asarray(function(*(array.astype("float64") for array in arrays)))


@needs_tiles
def test_which_products_are_done_by_the_split():
    """Those whose slices are used so often that cutting them pays; others are as before."""

    def batches(columns, depth=784):
        x, w = placeholder((BATCH, depth), F32, "x"), placeholder((depth, columns), F32, "w")
        (kernels,) = assemble([ops.matmul(x, w)], {}, HOST).steps
        found = [kernel for kernel in kernels if kernel.name == "k0_pack_a"]
        sizes = (1, 32, 64, 118, 119, 153, 154, 4096)
        return [n for n in sizes if found and resolve(found[0].enabled, n)]

    assert batches(512) == [119, 153, 154, 4096]
    assert batches(256) == [154, 4096]
    assert batches(64) == []
    assert batches(512, depth=16) == []
    x, w = placeholder((BATCH, 784), F32, "x"), placeholder((784, 512), F32, "w")
    (kernels,) = assemble([ops.matmul(x, w)], {}, HOST).steps
    assert [kernel.name for kernel in kernels] == ["k0_pack_a", "k0", "k0_few"]
    for batch in (1, 118, 119, 4096):  # one way or the other
        first, product, other = (resolve(kernel.enabled, batch) for kernel in kernels)
        assert first == product == 1 - other


@needs_tiles
def test_infinities_nan_and_subnormal_numbers_in_products(always):
    inputs, (program,) = programs(ops.matmul, [(33, 33), (33, 33)], HOST)
    random = np.random.default_rng(0)
    x, w = (random.normal(size=(33, 33)).astype(F32) for _ in range(2))

    def check(x, w):
        with np.errstate(all="ignore"):
            expected = (x.astype("float64") @ w.astype("float64")).astype(F32)
        found = run(program, inputs, [x, w], None)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)

    def changed(array, places):
        array = array.copy()
        for place, value in places.items():
            array[place] = value
        return array

    check(changed(x, {(3, 5): np.inf}), w)
    check(x, changed(w, {(5, 7): -np.inf}))
    check(changed(x, {(3, 5): np.inf}), changed(w, {5: 1.0}))  # whose smaller slices are 0
    check(changed(x, {(3, 5): np.inf}), changed(w, {(5, 2): 0.0}))  # NaN there alone
    check(changed(x, {(3, 5): np.inf, (3, 6): -np.inf}), np.abs(w))
    check(changed(x, {(4, 20): np.nan}), w)
    check(changed(x, {(16, 5): 1e-40, (17, 21): -1e-40}), w)
    check(changed(x, {(16, 5): 1e-40, (17, 21): -1e-40}), changed(w, {(5, 7): np.inf, 21: np.inf}))
    check(changed(x, {(5, 5): 3.4e38}), w * np.float32(0.25))  # would round to an infinity
    check(x * np.float32(1e-30), w * np.float32(1e30))
    quiet = changed(x, {})
    quiet.view(np.uint32)[7, 7] = 0x7F800001  # a signalling NaN
    assert np.isnan(run(program, inputs, [quiet, w], None)[7]).all()


@needs_tiles
@pytest.mark.parametrize("batch", [40, 128, 700])
def test_products_have_the_same_bits_on_any_number_of_threads(batch, always):
    """With a copy of the packed rows for each thread (of two, if it is small), or one for all."""
    inputs, (program,) = programs(ops.matmul, [(BATCH, 784), (784, 96)], HOST)
    random = np.random.default_rng(0)
    arrays = [random.normal(size=shape).astype(F32) for shape in ((batch, 784), (784, 96))]
    found = []
    for count in (1, 2, 3, 4):
        threads.set_thread_count(count)
        found.append(run(program, inputs, arrays, batch))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


@needs_tiles
@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "sgd"])
def test_training_in_slices_is_training(optimizer, monkeypatch, always):
    """Deep enough that weights are read across as well, in panels and not."""
    random = np.random.default_rng(0)
    x, y = random.random((300, 48), np.float32), random.integers(0, 5, 300)
    found = []
    for tiles in (True, False):
        monkeypatch.setattr(
            "geartrain.compiler.targets.target.host",
            lambda tiles=tiles: replace(HOST, bf16_tiles=tiles),
        )
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [layers.Input((48,)), layers.Dense(256, "relu"), layers.Dense(192, "tanh"),
             layers.Dense(5, "softmax")]
        )  # fmt: skip
        model.compile(
            optimizer=keras.optimizers.get(optimizer), loss="sparse_categorical_crossentropy"
        )
        history = model.fit(x, y, batch_size=64, epochs=2, verbose=0)
        found.append([*history.history["loss"], *(w.ravel() for w in model.get_weights())])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_the_code_multiplies_tiles_where_a_cpu_has_them(always):
    x, w = placeholder((BATCH, 64), F32, "x"), placeholder((64, 64), F32, "w")
    features = {"avx512f": True, "avx512bf16": True, "amx-tile": True, "amx-bf16": True}
    for cpu, has, count in (("sapphirerapids", True, 24), ("znver4", False, 0)):
        names = features if has else {"avx512f": True, "avx512bf16": True}
        target = named("x86_64-unknown-linux-gnu", cpu, "", names)
        code = native.assembly(assemble([ops.matmul(x, w)], {}, target).text, target)
        # of two steps' loops, one packs meanwhile and one stores: six products of two by two tiles
        assert code.count("tdpbf16ps") == 2 * count
