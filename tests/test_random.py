"""Random tensors: their distributions, and what makes them reproducible."""

import math
import random as python_random
from statistics import NormalDist

import numpy as np
import pytest

import geartrain as gt
from geartrain import ops, random
from geartrain.compat.tensorflow import randomness as tf_random
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.ops.random import random_bits, threefry
from geartrain.random import SeedGenerator, draw_key, fresh_seed, seeds, set_random_seed
from geartrain.runtime.function import Program, grad, jit, trace


def largest_gap(values, distribution):
    """Kolmogorov's distance between the values and a cumulative distribution function."""
    ordered = np.sort(values.astype(np.float64).ravel())
    wanted = np.array([distribution(value) for value in ordered])
    steps = np.arange(len(ordered)) / len(ordered)
    return max(abs(wanted - steps).max(), abs(wanted - steps - 1 / len(ordered)).max())


# Known answers of the authors' library Random123.
@pytest.mark.parametrize(
    ("key", "counter", "answer"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_bits_are_threefry(key, counter, answer):
    first, second = (np.array([word], np.uint32) for word in counter)
    words = threefry(np.array(key, np.uint32), first, second)
    assert tuple(int(word[0]) for word in words) == answer


def test_every_bit_is_set_half_of_the_time():
    bits = random_bits(np.array([1, 0], np.uint32), shape=(4096,))
    shares = [np.mean((bits >> place) & 1) for place in range(32)]
    np.testing.assert_allclose(shares, 0.5, atol=0.04)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_uniform(dtype):
    drawn = random.uniform((4000,), -1.0, 3.0, dtype=dtype, seed=1)
    assert drawn.dtype == dtype
    assert drawn.min() >= -1
    assert drawn.max() <= 3
    assert largest_gap(drawn, lambda x: (x + 1) / 4) < 0.03


def test_uniform_uses_all_bits_that_the_dtype_can_hold():
    single = random.uniform((2000,), seed=2) * 2.0**24
    assert (single == np.floor(single)).all()
    assert (single % 2 == 1).mean() == pytest.approx(0.5, abs=0.05)
    double = random.uniform((2000,), dtype="float64", seed=2) * 2.0**53
    assert (double == np.floor(double)).all()
    assert (double % 2 == 1).mean() == pytest.approx(0.5, abs=0.05)
    assert single.max() < 2.0**24


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal(dtype):
    drawn = random.normal((4000,), mean=2.0, stddev=3.0, dtype=dtype, seed=3)
    assert drawn.dtype == dtype
    assert largest_gap(drawn, NormalDist(2, 3).cdf) < 0.03


def test_normal_never_gives_infinity():
    # The outermost pieces of (-1, 1) are drawn by the smallest and the largest bits.
    outermost = np.array([2.0**-24 - 1, 1 - 2.0**-24], np.float32)
    assert np.isfinite(ops.erfinv(outermost)).all()


def test_truncated_normal():
    drawn = random.truncated_normal((4000,), mean=1.0, stddev=0.5, seed=4)
    normal = NormalDist()
    low, high = normal.cdf(-2), normal.cdf(2)
    assert abs(drawn - 1).max() < 1
    assert largest_gap(drawn, lambda x: (normal.cdf((x - 1) / 0.5) - low) / (high - low)) < 0.03
    assert drawn.std() == pytest.approx(0.5 * 0.8796, rel=0.05)


def test_randint_gives_every_integer_equally_often():
    drawn = random.randint((6000,), -2, 4, seed=5)
    assert drawn.dtype == "int32"
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2, 3]
    assert abs(counts / 1000 - 1).max() < 0.12
    assert random.randint((3,), 0, 2, dtype="uint8", seed=5).dtype == "uint8"


def test_randint_reaches_the_ends_of_int32():
    drawn = random.randint((2000,), -(2**31), 2**31, seed=6).astype(np.int64)
    assert drawn.min() < -(2**31) * 0.99
    assert drawn.max() > 2**31 * 0.99
    assert len(np.unique(drawn)) > 1990


def test_categorical_draws_by_softmax():
    logits = np.log(np.float32([[1, 2, 7], [8, 1, 1]]))
    drawn = random.categorical(logits, 3000, seed=7)
    assert drawn.shape == (2, 3000)
    shares = [[(row == k).mean() for k in range(3)] for row in drawn]
    np.testing.assert_allclose(shares, [[0.1, 0.2, 0.7], [0.8, 0.1, 0.1]], atol=0.03)


def test_shuffle_moves_whole_slices():
    x = np.arange(60).reshape(3, 20)
    moved = random.shuffle(x, axis=1, seed=8)
    assert (moved != x).any()
    np.testing.assert_array_equal(np.sort(moved[0]), x[0])
    np.testing.assert_array_equal(moved - moved[0], x - x[0])
    assert {tuple(random.shuffle([0, 1, 2], seed=s).tolist()) for s in range(60)} == {
        (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0),
    }  # fmt: skip


def test_dropout():
    x = np.linspace(1, 2, 5000, dtype="float32").reshape(50, 100)
    dropped = random.dropout(x, 0.3, seed=9)
    kept = dropped != 0
    assert (~kept).mean() == pytest.approx(0.3, abs=0.03)
    np.testing.assert_allclose(dropped[kept], x[kept] / 0.7, rtol=1e-6)
    np.testing.assert_array_equal(random.dropout(x, 1.0), np.zeros_like(x))
    assert random.dropout(x, 0.0) is x


def test_dropout_with_a_noise_shape_drops_whole_axes():
    x = np.ones((4, 6, 50), "float32")
    kept = random.dropout(x, 0.5, noise_shape=(None, 1, 50), seed=10) != 0
    np.testing.assert_array_equal(kept, np.broadcast_to(kept[:, :1], kept.shape))
    assert 0 < kept.mean() < 1


def test_an_integer_seed_gives_the_same_numbers_at_each_call():
    one, same, other = (random.uniform((3,), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).all()
    assert (random.uniform((3,), seed=1 + 2**32) != one).all()


def test_a_generator_gives_new_numbers_at_each_call_and_the_same_sequence():
    generators = SeedGenerator(5), SeedGenerator(seed=5)
    sequences = [[random.normal((4,), seed=g) for _ in range(3)] for g in generators]
    np.testing.assert_array_equal(*sequences)
    assert len({draw.tobytes() for draw in sequences[0]}) == 3
    np.testing.assert_array_equal(generators[0].state.numpy(), [5, 3])
    assert SeedGenerator().seed is None
    assert SeedGenerator.from_config(generators[0].get_config()).seed == 5


def test_generators_without_a_seed_differ():
    assert SeedGenerator().state.numpy()[0] != SeedGenerator().state.numpy()[0]


def test_the_global_seed_makes_everything_reproducible():
    def all_kinds():
        set_random_seed(11)
        return [
            random.uniform((2,)).tolist(),
            random.uniform((2,)).tolist(),
            SeedGenerator().state.numpy().tolist(),
            fresh_seed(),
            python_random.random(),
            np.random.rand(),
        ]

    first = all_kinds()
    assert first == all_kinds()
    assert first[0] != first[1]
    set_random_seed(12)
    assert random.uniform((2,)).tolist() != first[0]


def test_the_seed_of_python_makes_what_has_no_seed_reproducible_until_the_global_one_is_set(
    monkeypatch,
):
    monkeypatch.setitem(seeds._global, "seed", None)
    drawn = []
    for seed in (5, 5, 6):
        python_random.seed(seed)
        drawn.append((fresh_seed(), fresh_seed()))
    assert drawn[0] == drawn[1] != drawn[2] and drawn[0][0] != drawn[0][1]
    set_random_seed(5)
    first = fresh_seed()
    python_random.seed(5)
    assert fresh_seed() != first


def test_traced_functions_draw_the_same_numbers_and_go_on_at_each_run():
    eager, traced = SeedGenerator(3), SeedGenerator(3)
    draw = jit(lambda: random.normal((5,), seed=traced))
    for _ in range(3):
        np.testing.assert_allclose(draw(), random.normal((5,), seed=eager), rtol=1e-6)
    np.testing.assert_array_equal(traced.state.numpy(), eager.state.numpy())


def test_the_global_generator_goes_on_in_traced_functions_and_starts_afresh_when_seeded():
    draw = jit(lambda: random.uniform((5,)))
    set_random_seed(1)
    first, second = draw(), draw()
    assert (first != second).all()
    set_random_seed(1)
    np.testing.assert_array_equal(draw(), first)


def test_what_ran_before_the_seed_was_set_changes_nothing(monkeypatch):
    monkeypatch.setattr(tf_random, "_global", [])
    monkeypatch.setitem(seeds._global, "generators", {})  # as in a process that begins

    def train():
        set_random_seed(1)
        model = gt.Sequential([gt.layers.Dense(3), gt.layers.Dropout(0.5), gt.layers.Dense(1)])
        model.compile("sgd", "mse")
        x = np.arange(24.0).reshape(8, 3) / 24
        model.fit(x, x.sum(1), batch_size=2, verbose=0)
        drawn = [random.uniform((2,)), tf_random.get_global_generator().uniform((2,))]
        return [*model.get_weights(), *drawn, np.array(fresh_seed())]

    def drawn_in_another_order():
        set_random_seed(1)
        return [tf_random.get_global_generator().uniform((2,)), random.uniform((2,))][::-1]

    first, again = train(), train()
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(drawn_in_another_order(), first[-3:-1])
    assert (first[-3] != first[-2]).all()


def test_a_seed_can_be_drawn_at_once_inside_of_a_trace():
    generator = SeedGenerator(3)
    key, scope = trace(generator.next_now)
    np.testing.assert_array_equal(key, [3, 0])
    np.testing.assert_array_equal(generator.state.numpy(), [3, 1])
    assert not scope.updates


@pytest.mark.parametrize(
    "function",
    [
        lambda x: random.dropout(x, 0.4, seed=1),
        lambda x: random.dropout(x, 0.4, noise_shape=(None, 1), seed=1),
        lambda x: random.categorical(x, 4, seed=1),
    ],
)
def test_shapes_may_depend_on_the_batch(function):
    x = placeholder((BATCH, 6), "float32")
    output, _ = trace(lambda: function(x))
    assert isinstance(output, Node)
    for batch in (1, 5):
        array = np.random.default_rng(0).normal(size=(batch, 6)).astype("float32")
        np.testing.assert_array_equal(Program([x], [output]).run(array)[0], function(array))


def test_a_larger_batch_starts_with_the_numbers_of_a_smaller_one():
    small, large = (random.dropout(np.ones((n, 8)), 0.5, seed=1) for n in (3, 9))
    np.testing.assert_array_equal(small, large[:3])


def test_symbolic_bounds():
    low = placeholder((), "float32")
    drawn, _ = trace(lambda: random.uniform((50,), low, ops.add(low, 1.0), seed=1))
    result = Program([low], [drawn]).run(np.float32(7))[0]
    np.testing.assert_allclose(result, random.uniform((50,), 7.0, 8.0, seed=1), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: random.uniform((2,), dtype="int32"), "uniform: expected a float.*dtype=int32"),
        (lambda: random.normal((2,), dtype="bool"), "normal: expected a float.*dtype=bool"),
        (lambda: random.uniform((2,), seed="a"), "Expected seed as an integer.*'a' of type str"),
        (lambda: random.uniform((2,), seed=True), "Expected seed as an integer.*True"),
        (lambda: random.randint((2,), 0, 2, dtype="float32"), "randint: expected an integer dtype"),
        (lambda: random.randint((2,), 3, 3), "randint: expected minval < maxval.*minval=3"),
        (lambda: random.categorical([1.0, 2.0], 1), r"categorical: .*\(batch, classes\).*\(2,\)"),
        (lambda: random.dropout([1.0], 1.5), r"dropout: expected a rate in \[0, 1\].*1.5"),
        (lambda: random.dropout([1.0], 0.5, (1, 1)), r"noise_shape: expected 1 sizes.*\(1, 1\)"),
        (lambda: random.shuffle([1.0], axis=1), "shuffle: expected an axis.*axis=1"),
        (lambda: random.uniform((-1,)), "uniform: expected sizes of at least 0.*-1"),
        (lambda: SeedGenerator(1.5), "SeedGenerator: expected an integer as seed. Received: 1.5"),
        (lambda: set_random_seed(-1), r"set_random_seed: expected an integer in.*Received: -1"),
        (lambda: set_random_seed(2**32), "set_random_seed: .*Received: 4294967296"),
        (lambda: set_random_seed("x"), "set_random_seed: .*Received: 'x'"),
    ],
)
def test_errors_say_what_was_expected_and_received(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_generator_refuses_unknown_keywords():
    with pytest.raises(TypeError, match=r"unexpected keyword 'sead'. Did you mean 'seed'"):
        SeedGenerator(sead=1)


def test_keys():
    np.testing.assert_array_equal(draw_key(2**32 + 7), [7, 1])
    key = np.array([1, 2], np.uint32)
    assert draw_key(key) is key
    assert math.log2(len({fresh_seed() for _ in range(256)})) == 8


erf = np.vectorize(math.erf)
CONTINUOUS = {
    "gamma(1)": (lambda n, s: random.gamma(n, 1.0, seed=s), lambda x: 1 - np.exp(-x)),
    "gamma(3)": (
        lambda n, s: random.gamma(n, np.full(n, 3.0), seed=s),
        lambda x: 1 - np.exp(-x) * (1 + x + x * x / 2),
    ),
    "gamma(1/2)": (lambda n, s: random.gamma(n, 0.5, "float64", s), lambda x: erf(np.sqrt(x))),
    "beta(2, 3)": (
        lambda n, s: random.beta(n, 2.0, 3.0, seed=s),
        lambda x: x * x * (6 - 8 * x + 3 * x * x),
    ),
    "beta(1/2, 1)": (lambda n, s: random.beta(n, 0.5, 1.0, seed=s), np.sqrt),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_numbers_are_distributed_as_their_name_says(name):
    draw, cumulative = CONTINUOUS[name]
    eager = draw((20_000,), 3)
    assert largest_gap(eager, cumulative) < 1.95 / 20_000**0.5  # p > 0.001
    compiled = jit(lambda: draw((20_000,), 3))()
    np.testing.assert_allclose(compiled, eager, rtol=1e-5)


@pytest.mark.parametrize(("n", "p"), [(1, 0.3), (7, 0.5), (30, 0.2), (40, 0.9), (1000, 0.37)])
def test_binomial_numbers_occur_as_often_as_they_should(n, p):
    drawn = random.binomial((20_000,), n, p, seed=5)
    assert drawn.dtype == "float32"
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(n + 1)]
    chance = np.exp(
        [log + k * math.log(p) + (n - k) * math.log1p(-p) for k, log in enumerate(logs)]
    )
    seen = np.bincount(drawn.astype(int), minlength=n + 1)
    often = 20_000 * chance >= 10
    excess = (seen - 20_000 * chance)[often] ** 2 / (20_000 * chance[often])
    degrees = often.sum() - 1
    assert excess.sum() < degrees + 3.7 * (2 * degrees) ** 0.5 + 5
    assert np.isnan(random.binomial((3,), [-1, 5, 5], [0.5, 1.5, 0.5], seed=1)).tolist() == [
        1,
        1,
        0,
    ]


def test_parameters_stretch_and_gradients_stop_at_them():
    drawn = random.gamma((2000, 2), [1.0, 50.0], seed=1)
    assert 0.9 < drawn[:, 0].mean() < 1.1
    assert 49 < drawn[:, 1].mean() < 51
    assert grad(lambda a: ops.sum(random.gamma((3,), a, seed=1)))(np.float32(2.0)) == 0
    with pytest.raises(ValueError, match=r"beta: expected a float dtype. Received: dtype=int32"):
        random.beta((2,), 1.0, 1.0, dtype="int32")
    with pytest.raises(
        ValueError, match=r"gamma: expected a tensor that stretches to shape \(2,\)"
    ):
        random.gamma((2,), [1.0, 2.0, 3.0])
