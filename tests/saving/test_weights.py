"""Weights into a store and back: what fits, what does not, and that errors change nothing."""

import warnings

import numpy as np
import pytest

import geartrain
from geartrain import layers, models, optimizers
from geartrain.errors import GeartrainWarning
from geartrain.runtime.variable import Variable
from geartrain.saving.store import MemoryTensor, Store
from geartrain.saving.weights import assign_all, collect, restore
from tests.cases import LAYERS
from tests.saving.networks import NETWORKS, OPTIMIZERS, trained

MISSING = {"muon"}  # optimizers that are not there yet


def copied(model):
    """What a model's file would hold, apart from the model."""
    store = collect(model)
    tensors = {path: MemoryTensor.of(path, tensor.read()) for path, tensor in store.tensors.items()}
    return Store(tensors, dict(store.names))


def with_tensor(store, path, array):
    tensors = dict(store.tensors)
    if array is None:
        del tensors[path]
    else:
        tensors[path] = MemoryTensor.of(path, array)
    return Store(tensors, store.names)


def bits(model):
    return [variable.numpy().tobytes() for variable in every_variable(model)]


def every_variable(model):
    optimizer = getattr(model, "optimizer", None)
    return [*model.variables, *(optimizer.variables if optimizer else [])]


def fill(model, seed=0):
    random = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(random.uniform(0.5, 1.5, variable.shape).astype(variable.dtype))


def dense(units=3, name="head"):
    return models.Sequential([geartrain.Input((4,)), layers.Dense(units, name=name)])


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_another_model_gets_the_same_weights(name, fresh):
    first, second = NETWORKS[name](geartrain), NETWORKS[name](geartrain)
    fill(first, 1)
    fill(second, 2)
    assert bits(first) != bits(second)
    filled = restore(second, copied(first), "test", fresh=fresh)
    assert [v.numpy().tobytes() for v in second.weights] == [
        v.numpy().tobytes() for v in first.weights
    ]
    assert {*map(id, second.weights)} <= {*map(id, filled)}


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.keys() - MISSING))
def test_training_goes_on_from_the_state_of_an_optimizer(name):
    first, second = trained(geartrain, name), trained(geartrain, name)
    random = np.random.default_rng(9)
    x, y = random.normal(size=(8, 4)), random.normal(size=(8, 2))
    second.train_on_batch(x, y)
    restore(second, copied(first), "test")
    for _ in range(3):
        assert first.train_on_batch(x, y) == second.train_on_batch(x, y)
    assert bits(first) == bits(second)


@pytest.mark.parametrize(
    ("name", "number"),
    [(k, n) for k, rows in LAYERS.items() if k != "InputLayer" for n in range(len(rows))],
)
def test_every_layer_gives_what_the_saved_one_gave(name, number):
    row = LAYERS[name][number]

    def made():
        config = dict(row.config)
        if "layer" in config:
            config["layer"] = layers.deserialize(config["layer"])
        if name == "Lambda":
            config["function"] = lambda x, factor: x * factor
        layer = getattr(layers, name)(**config)
        dtype = "float32" if row.integers is None else "int32"
        inputs = [geartrain.Input(shape, dtype=dtype) for shape in row.shapes]
        given = inputs if row.apart or len(inputs) == 1 else [inputs]
        return models.Model(inputs, layer(*given))

    first, second = made(), made()
    fill(first, 1)
    fill(second, 2)
    restore(second, copied(first), "test")
    random = np.random.default_rng(0)
    x = [
        random.normal(size=(2, *shape)).astype("float32")
        if row.integers is None
        else random.integers(0, row.integers, (2, *shape)).astype("int32")
        for shape in row.shapes
    ]
    for one, other in zip(
        geartrain.tree.flatten(first(x, training=False)),
        geartrain.tree.flatten(second(x, training=False)),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


# -- what does not fit ---------------------------------------------------------------------------


def check_refused(model, store, *texts):
    """That an error says all this, and that every bit stays."""
    before = bits(model)
    with pytest.raises(ValueError) as error:
        restore(model, store, "load_weights('m.weights.h5')")
    for text in texts:
        assert text in str(error.value)
    assert bits(model) == before


def test_a_missing_layer_is_named():
    model = NETWORKS["row"](geartrain)
    store = copied(model)
    fill(model)
    for place in (0, 1):
        store = with_tensor(store, f"layers/dense/vars/{place}", None)
    check_refused(
        model,
        store,
        "load_weights('m.weights.h5'): A total of 1 objects could not be loaded",
        "nothing was changed",
        "layers/dense: Layer 'dense",
        "expected 2 variables, but received 0 variables during loading. Expected: "
        "['kernel', 'bias']",
        "skip_mismatch=True",
    )


def test_another_shape_is_refused_with_both_shapes():
    check_refused(
        dense(3),
        copied(dense(5)),
        "layers/dense: 'head' expected shape (4, 3), dtype float32 for 'sequential",
        "head/kernel'. Received: shape (4, 5), dtype float32 at 'layers/dense/vars/0'",
    )


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.zeros((4, 3), "int32"), "dtype int32"),
        (np.zeros((4, 3), "bool"), "dtype bool"),
        (np.full((4, 3), 1e300), "1e+300, of dtype float64, which it cannot hold"),
    ],
)
def test_numbers_of_another_kind_are_refused(array, text):
    model = dense()
    check_refused(model, with_tensor(copied(dense()), "layers/dense/vars/0", array), text)


def test_floats_become_other_floats_and_whole_numbers_others():
    model = dense()
    values = np.arange(12).reshape(4, 3) / 7
    values[0, 0] = np.inf
    restore(model, with_tensor(copied(model), "layers/dense/vars/0", values), "test")
    np.testing.assert_array_equal(model.get_weights()[0], values.astype("float32"))
    optimizer = optimizers.SGD()
    store = with_tensor(copied(optimizer), "vars/0", np.asarray(7, "int64"))
    restore(optimizer, store, "test")
    assert optimizer.iterations.numpy() == 7
    with pytest.raises(ValueError, match="4294967296, of dtype int64, which it cannot hold"):
        restore(optimizer, with_tensor(store, "vars/0", np.asarray(2**32, "int64")), "test")


def test_all_that_does_not_fit_is_told_but_not_without_end():
    def tower(units):
        return models.Sequential([geartrain.Input((4,)), *(layers.Dense(units) for _ in range(14))])

    check_refused(tower(4), copied(tower(5)), "A total of 14 objects", "... and 4 more")


def test_a_layer_that_was_never_built_is_told_so():
    class Lazy(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(2)

        def call(self, x):
            return self.inner(x)

    full, empty = Lazy(), Lazy()
    full(np.ones((1, 3)))
    empty.built = True
    check_refused(empty, copied(full), "expected 0 variables, but received 2", "was never built")


def test_tensors_with_other_keys_are_refused():
    store = copied(dense())
    store = with_tensor(
        store, "layers/dense/vars/kernel", store.tensors["layers/dense/vars/0"].read()
    )
    check_refused(
        dense(),
        with_tensor(store, "layers/dense/vars/0", None),
        "'head' expected tensors called 0 to 1. Received: 1, kernel",
    )


def test_skip_mismatch_warns_of_each_and_loads_the_rest():
    first, second = NETWORKS["row"](geartrain), NETWORKS["row"](geartrain)
    fill(first, 1)
    fill(second, 2)
    store = with_tensor(copied(first), "layers/dense/vars/0", np.zeros((2, 2)))
    before = second.layers[-1].get_weights()
    with pytest.warns(GeartrainWarning, match="left layers/dense as it is.*shape .2, 2."):
        restore(second, store, "test", skip_mismatch=True)
    for ours, old in zip(second.layers[-1].get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, old)  # the bias too: a layer is loaded or not
    for one, other in zip(first.layers[:-1], second.layers[:-1], strict=True):
        for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_tensors_without_a_place_are_warned_of():
    first = NETWORKS["row"](geartrain)
    smaller = models.Sequential(first.layers[:-1])
    with pytest.warns(GeartrainWarning, match=r"no place for.*layers/dense \(2\)"):
        restore(smaller, copied(first), "test")


def test_the_state_of_an_optimizer_is_no_news_to_a_model_that_is_not_compiled():
    first, second = trained(geartrain, "adam"), trained(geartrain, "adam")
    second.optimizer = None
    restore(second, copied(first), "test")  # warnings are errors


def test_an_optimizer_with_other_variables_stays_with_a_warning():
    first, second = trained(geartrain, "adam"), trained(geartrain, "sgd")
    before = second.optimizer.iterations.numpy(), float(second.optimizer.learning_rate)
    with pytest.warns(
        GeartrainWarning, match="Skipping variable loading for optimizer 'sgd.*2 var.*14 var"
    ):
        restore(second, copied(first), "test")
    assert before == (second.optimizer.iterations.numpy(), float(second.optimizer.learning_rate))
    second.compile("adam", "mse")
    with pytest.warns(GeartrainWarning, match="It has not been built yet"):
        restore(second, copied(first), "test")


def test_skipped_layers_are_neither_saved_nor_loaded_nor_missed():
    first, second = NETWORKS["row"](geartrain), NETWORKS["row"](geartrain)
    fill(first, 1)
    fill(second, 2)
    store = collect(first, [first.layers[-1]])
    assert not any(path.startswith("layers/dense") for path in store.tensors)
    before = bits(second.layers[-1])
    restore(second, copied(first), "test", skipped=[second.layers[-1]])
    assert bits(second.layers[-1]) == before
    assert bits(first.layers[0]) == bits(second.layers[0])


def test_layers_in_lists_of_lists_may_be_missing_in_older_files():
    class Deep(layers.Layer):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(2)
            self.deep = [[layers.Dense(2)]]
            for layer in (self.head, self.deep[0][0]):
                layer.build((None, 2))

    first, second = Deep(), Deep()
    fill(first, 1)
    store = copied(first)
    for place in (0, 1):
        store = with_tensor(store, f"deep/container/dense/vars/{place}", None)
    store.names.pop("deep/container/dense")
    before = bits(second.deep[0][0])
    with pytest.warns(
        GeartrainWarning, match=r"nothing at deep/container/dense: Keras before 3.15"
    ):
        restore(second, store, "test")
    assert bits(second.deep[0][0]) == before
    assert bits(second.head) == bits(first.head)


def test_files_of_the_first_format_say_layers_otherwise():
    first, second = dense(), dense()
    fill(first)
    store = copied(first)
    old = {
        path.replace("layers", "_layer_checkpoint_dependencies"): tensor
        for path, tensor in store.tensors.items()
    }
    restore(second, Store(old, {}), "test")
    assert bits(first) == bits(second)


# -- damaged values, layers with a format of their own, interrupts --------------------------------


def test_a_damaged_tensor_leaves_every_bit():
    model = NETWORKS["row"](geartrain)
    fill(model)
    store = copied(model)
    good = store.tensors["layers/dense/vars/0"]
    store.tensors[good.path] = MemoryTensor(
        good.path, good.shape, good.dtype, digest="0" * 64, array=good.array
    )
    fill(model, 5)
    check_refused(model, store, "Tensor 'layers/dense/vars/0'", "damaged")


def test_a_layer_that_loads_by_itself_is_undone_with_all_others():
    class Own(layers.Dense):
        def load_own_variables(self, store):
            self.kernel.assign(store["0"] + 1)
            self.bias.assign(np.zeros(7))

    model = models.Sequential([geartrain.Input((4,)), layers.Dense(4), Own(3)])
    check_refused(model, copied(model), "layers/own", "Received: shape (7,)")


def test_a_layer_may_keep_what_it_likes():
    class Counted(layers.Layer):
        seen = 3

        def save_own_variables(self, store):
            store["seen"] = self.seen

        def load_own_variables(self, store):
            assert list(store) == ["seen"] and len(store) == 1
            self.seen = int(store["seen"])

    one, other = Counted(), Counted()
    one.seen = 8
    restore(other, copied(one), "test")
    assert other.seen == 8


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("0", "words", "expected arrays of numbers, at 'vars/0'. Received"),
        ("0", {1: 2}, "expected arrays of numbers"),
        ("../0", 1.0, "expected keys such as '0'. Received: '../0'"),
        (3, 1.0, "Received: 3"),
    ],
)
def test_a_layer_can_keep_numbers_alone(key, value, text):
    class Odd(layers.Layer):
        def save_own_variables(self, store):
            store[key] = value

    with pytest.raises(TypeError, match=r"Odd\.save_own_variables") as error:
        collect(Odd())
    assert text in str(error.value)


def test_an_interrupt_waits_until_all_is_loaded():
    class Interrupting(Variable):
        def assign(self, value):
            super().assign(value)
            if not self.interrupted:
                self.interrupted = True
                raise KeyboardInterrupt

    variables = [Interrupting(0.0), Interrupting(0.0), Variable(0.0)]
    for variable in variables[:2]:
        variable.interrupted = False
    with pytest.raises(KeyboardInterrupt):
        assign_all([(variable, np.float32(1)) for variable in variables])
    assert [float(variable) for variable in variables] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_large_model_that_was_compiled_but_not_trained_comes_back(tmp_path, ending):
    """Its file has no values for the slots of the optimizer, which take twice what it has."""
    model = models.Sequential([geartrain.Input((1500,)), layers.Dense(1500)])
    model.compile(optimizers.Adam(use_ema=True, gradient_accumulation_steps=2), "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeartrainWarning)  # .h5 is the legacy format
        model.save(tmp_path / f"m{ending}")
    other = models.load_model(tmp_path / f"m{ending}")
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])
    assert not any(one.numpy().any() for one in other.optimizer.variables[2:])
