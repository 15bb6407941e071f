"""Initializers against the fans, limits and moments of Keras's, and on their own."""

import json
import math

import numpy as np
import pytest

from geartrain import initializers, registry
from geartrain.initializers.random_initializers import RandomInitializer, compute_fans
from geartrain.random import SeedGenerator, set_random_seed
from geartrain.runtime.function import trace
from tests.recorded import load

FACTS, ARRAYS = load("initializers")


def cases(kind):
    chosen = [case for case in FACTS["cases"] if case["kind"] == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["name"] for case in chosen])


@cases("exact")
def test_values_that_are_not_random(case):
    value = getattr(initializers, case["target"])(**case["config"])(tuple(case["shape"]))
    assert value.dtype == "float32"
    rounding = 2e-6 if case["target"] == "STFT" else 0  # of sines, there in float32
    np.testing.assert_allclose(value, ARRAYS[case["value"]], rtol=rounding, atol=rounding)


@cases("statistics")
def test_fans_and_moments(case):
    shape, target = tuple(case["shape"]), getattr(initializers, case["target"])
    if "fans" in case:
        axes = {k: v for k, v in case["config"].items() if k.endswith("_axes")}
        assert list(compute_fans(shape, **axes)) == case["fans"]
    count = min(200, -(-20_000 // math.prod(shape)))
    values = np.stack([target(seed=seed, **case["config"])(shape) for seed in range(count)])
    assert values.dtype == "float32"
    assert values.shape[1:] == shape
    deviation, number = case["std"], min(values.size, case["drawn"])
    assert values.mean() == pytest.approx(case["mean"], abs=6 * deviation / math.sqrt(number))
    assert values.std() == pytest.approx(deviation, rel=4 / math.sqrt(number))
    bounded = "untruncated" not in case["name"] and not case["name"].startswith("RandomNormal")
    if bounded:
        middle, reach = case["mean"], (case["max"] - case["min"]) / 2
        assert abs(values - middle).max() <= reach * (1 + 10 / math.sqrt(number))


@cases("orthogonal")
def test_orthogonal(case):
    gain = case["config"].get("gain", 1.0)
    shape = tuple(case["shape"])
    matrix = initializers.Orthogonal(seed=3, **case["config"])(shape).reshape(-1, shape[-1])
    product = matrix.T @ matrix if case["orthogonal"] == "columns" else matrix @ matrix.T
    np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), atol=2e-6 * gain**2)


def test_orthogonal_matrices_have_no_preferred_sign():
    diagonals = [np.diag(initializers.Orthogonal(seed=s)((3, 3))) for s in range(100)]
    assert 0.3 < np.mean(np.array(diagonals) > 0) < 0.7


@pytest.mark.parametrize("case", [c for c in FACTS["cases"] if c.get("get_config")], ids=str)
def test_configs_are_those_of_keras(case):
    seed = {"seed": 1} if "seed" in case["get_config"] else {}
    made = getattr(initializers, case["target"])(**case["config"], **seed)
    assert json.loads(json.dumps(made.get_config())) == case["get_config"]
    twin = initializers.deserialize(initializers.serialize(made))
    shape = (3, 1, 4) if case["target"] == "STFT" else (3, 4)
    np.testing.assert_array_equal(made(shape), twin(shape))


RANDOM = sorted(
    name
    for name, cls in registry.members("initializers").items()
    if issubclass(cls, RandomInitializer)
)


@pytest.mark.parametrize("name", RANDOM)
def test_an_initializer_repeats_itself_and_two_of_them_differ(name):
    cls = getattr(initializers, name)
    seeded, unseeded, another = cls(seed=1), cls(), cls()
    np.testing.assert_array_equal(seeded((4, 5)), cls(seed=1)((4, 5)))
    np.testing.assert_array_equal(unseeded((4, 5)), unseeded((4, 5)))
    assert (unseeded((4, 5)) != another((4, 5))).any()
    assert unseeded.get_config()["seed"] is None
    assert (unseeded.clone()((4, 5)) != unseeded((4, 5))).any()


@pytest.mark.parametrize("name", RANDOM)
def test_the_global_seed_fixes_an_initializer_without_a_seed(name):
    draws = []
    for _ in range(2):
        set_random_seed(3)
        draws.append(getattr(initializers, name)()((3, 3)))
    np.testing.assert_array_equal(*draws)


def test_with_a_generator_each_call_differs_even_in_a_trace():
    made = initializers.GlorotUniform(seed=SeedGenerator(1))
    first, second = made((3,)), made((3,))
    assert (first != second).all()
    traced, scope = trace(lambda: made((3,)))
    assert isinstance(traced, np.ndarray)
    assert (traced != second).all()
    assert not scope.updates


@pytest.mark.parametrize("name", sorted({*registry.members("initializers")} - {"Initializer"}))
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes(name, dtype):
    shape = (4, 1, 3) if name == "STFT" else (4, 3)
    assert getattr(initializers, name)()(shape, dtype=dtype).dtype == dtype


def test_fans_by_axes():
    made = initializers.VarianceScaling(distribution="uniform", input_axes=[0, 2], output_axes=[1])
    assert compute_fans((3, 5, 4), [0, 2], [1]) == (12, 5)
    values = made((30, 5, 40))
    assert abs(values).max() == pytest.approx(math.sqrt(3 / 1200), rel=0.01)
    told = initializers.HeUniform(seed=1).with_axes([1], [0])
    assert abs(told((3, 10_000))).max() == pytest.approx(math.sqrt(6 / 10_000), rel=0.01)
    assert told.with_axes([0], [1]) is told


def test_constant_takes_a_tensor():
    np.testing.assert_array_equal(
        initializers.Constant([1.0, 2.0])((3, 2)), [[1, 2], [1, 2], [1, 2]]
    )


@pytest.mark.parametrize(
    ("spelling", "cls"),
    [
        ("glorot_uniform", initializers.GlorotUniform),
        ("GlorotUniform", initializers.GlorotUniform),
        ("normal", initializers.RandomNormal),
        ("uniform", initializers.RandomUniform),
        ("one", initializers.Ones),
        ("zero", initializers.Zeros),
        ("IdentityInitializer", initializers.Identity),
        ("orthogonal", initializers.Orthogonal),
        (initializers.HeNormal, initializers.HeNormal),
        ({"class_name": "he_normal", "config": {"seed": 1}}, initializers.HeNormal),
        ({"class_name": "Zeros", "config": {}}, initializers.Zeros),
        (initializers.serialize(initializers.Constant(2.0)), initializers.Constant),
    ],
    ids=str,
)
def test_spellings(spelling, cls):
    assert type(initializers.get(spelling)) is cls


def test_other_identifiers():
    def halves(shape, dtype=None):
        return np.full(shape, 0.5, dtype)

    given = np.float64([[1, 2]])
    assert initializers.get(None) is None
    assert initializers.get(halves) is halves
    np.testing.assert_array_equal(initializers.get(given)((1, 2), "float32"), given)


class Custom(initializers.Initializer):
    def __init__(self, factor=1.0):
        self.factor = factor

    def __call__(self, shape, dtype=None):
        return np.full(shape, self.factor, dtype)


def test_classes_of_ones_own():
    config = initializers.serialize(Custom(factor=3.0))
    made = initializers.deserialize(config, custom_objects={"Custom": Custom})
    assert made.factor == 3.0
    assert initializers.deserialize("Custom", custom_objects={"Custom": Custom}).factor == 1.0
    with pytest.raises(NotImplementedError, match="Initializer: an initializer needs a method"):
        initializers.Initializer()((1,))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: initializers.get("glorot_unifrom"),
            "Unknown initializer: 'glorot_unifrom'. Did you mean 'GlorotUniform'",
        ),
        (lambda: initializers.get(3), "Expected initializer as a name, an object.*Received: 3"),
        (lambda: initializers.deserialize({"config": {}}), "config of a initializer|initializer"),
        (lambda: initializers.deserialize(3), "a dictionary with 'class_name'. Received: 3"),
        (lambda: initializers.get(np.zeros(3))((2,)), r"shape \(3,\).*shape=\(2,\)"),
        (lambda: initializers.Identity()((2, 2, 2)), r"Identity: .*rank 2. Received: \(2, 2, 2\)"),
        (lambda: initializers.Orthogonal()((2,)), r"Orthogonal: .*rank 2 or more.*\(2,\)"),
        (lambda: initializers.VarianceScaling(scale=0), "positive scale. Received: 0"),
        (lambda: initializers.VarianceScaling(mode="in"), "expected mode as one of.*'in'"),
        (
            lambda: initializers.VarianceScaling(distribution="beta"),
            "expected distribution as one of.*'beta'",
        ),
        (lambda: initializers.HeNormal(seed="a"), "HeNormal: expected seed as an integer.*'a'"),
    ],
)
def test_errors_say_what_was_expected_and_received(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_everything_public_exists():
    assert sorted(initializers.__all__) == sorted(set(initializers.__all__))
    assert all(hasattr(initializers, name) for name in initializers.__all__)
    assert set(registry.members("initializers")) <= set(initializers.__all__)


def test_messages_of_stft():
    for arguments, message in (
        ({"side": "both"}, r"side of STFT: 'both'"),
        ({"scaling": "loud"}, r"scaling of STFT: 'loud'"),
        ({"window": "hahn"}, r"window of STFT: 'hahn'.*'hann'"),
    ):
        with pytest.raises(ValueError, match=message):
            initializers.STFT(**arguments)
    with pytest.raises(ValueError, match=r"STFT: expected a shape \(frame_length.*\(3, 4\)"):
        initializers.STFT()((3, 4))
    with pytest.raises(ValueError, match=r"STFT: expected window as a vector of 4 .*\(3,\)"):
        initializers.STFT(window=[1.0, 2.0, 3.0])((4, 1, 3))
