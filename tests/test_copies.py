"""Copies and pickles: by value, sharing nothing, with what is shared inside kept shared."""

from __future__ import annotations

import copy
import json
import pickle
import pickletools

import numpy as np
import pytest

import geartrain as keras
from geartrain import (
    callbacks,
    configurable,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    regularizers,
)
from geartrain.layers.symbolic import KerasTensor
from geartrain.optimizers import SGD, Adam, LossScaleOptimizer
from geartrain.registry import register_keras_serializable
from geartrain.runtime.variable import Variable
from tests.cases import LAYERS
from tests.test_configs import CASES, instance

WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda item: pickle.loads(pickle.dumps(item)),
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
X, Y = np.random.default_rng(0).normal(size=(2, 16, 4)).astype("float32")
Y = Y[:, :2]


@register_keras_serializable("tests")
def squared(x):
    return x * x


class Block(layers.Layer):
    def __init__(self, units, function=squared, **kwargs):
        super().__init__(**kwargs)
        self.units, self.function = units, function
        self.parts = [layers.Dense(units, activation=function), layers.Dropout(0.1, seed=3)]

    def call(self, x, training=False):
        for part in self.parts:
            x = part(x, training=training)
        return x


class Subclassed(keras.Model):
    def __init__(self, units=3, head=None, **kwargs):
        super().__init__(**kwargs)
        self.block, self.head = Block(units), head or layers.Dense(2)

    def call(self, x, training=False):
        return self.head(self.block(x, training=training))


def sequential():
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, "relu"), layers.Dense(2)])


def unbuilt():
    return keras.Sequential([layers.Dense(3, "relu"), layers.BatchNormalization(), layers.Dense(2)])


def functional():
    x = keras.Input((4,))
    hidden = layers.Dense(3, "tanh")(x)
    return keras.Model(x, layers.Dense(2)(ops.relu(hidden) + hidden))


def shared():
    x, same = keras.Input((4,)), layers.Dense(4)
    return keras.Model(x, layers.Dense(2)(same(same(x))))


def nested():
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(2)(shared()(functional_body()(x))))


def functional_body():
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(4)(x))


def subclassed():
    return Subclassed()


MODELS = {f.__name__: f for f in (sequential, unbuilt, functional, shared, nested, subclassed)}
OPTIMIZERS = {
    "sgd": lambda: SGD(0.1, momentum=0.9),
    "adam": lambda: Adam(0.01, use_ema=True),
    "accumulating": lambda: Adam(0.01, gradient_accumulation_steps=2),
    "scaled": lambda: LossScaleOptimizer(SGD(0.1, momentum=0.9), 4.0, 3),
    "schedule": lambda: SGD(optimizers.schedules.CosineDecay(0.1, 10), momentum=0.5),
}


def trained(make, optimizer="adam"):
    keras.utils.set_random_seed(1)
    model = make()
    model.compile(OPTIMIZERS[optimizer](), "mse", metrics=["mae"])
    for _ in range(3):
        model.train_on_batch(X, Y)
    return model


def bits(item):
    return [variable.numpy().tobytes() for variable in item.variables]


# -- models ---------------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize("kind", MODELS)
def test_a_model_in_the_middle_of_training_goes_on_alike(kind, way):
    model = trained(MODELS[kind])
    twin = way(model)
    assert type(twin) is type(model)
    assert bits(twin) == bits(model)
    assert bits(twin.optimizer) == bits(model.optimizer)
    assert not {id(v) for v in twin.variables} & {id(v) for v in model.variables}
    before = bits(model), bits(model.optimizer)
    logs = [twin.train_on_batch(X, Y) for _ in range(3)]
    assert (bits(model), bits(model.optimizer)) == before
    assert logs == [model.train_on_batch(X, Y) for _ in range(3)]
    assert bits(twin) == bits(model)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_kind_of_optimizer_state_goes_along(optimizer):
    model = trained(sequential, optimizer)
    twin = copy.deepcopy(model)
    for _ in range(3):
        assert twin.train_on_batch(X, Y) == model.train_on_batch(X, Y)
    assert bits(twin.optimizer) == bits(model.optimizer)


@every_way
@pytest.mark.parametrize("kind", MODELS)
def test_a_model_that_is_not_compiled(kind, way):
    keras.utils.set_random_seed(1)
    model = MODELS[kind]()
    model(X)
    twin = way(model)
    np.testing.assert_array_equal(twin(X), model(X))
    assert not twin.compiled
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]


@every_way
def test_a_model_that_is_not_built(way):
    twin = way(unbuilt())
    assert twin(X).shape == (16, 2)


def test_what_is_frozen_stays_frozen():
    model = trained(subclassed)
    model.block.trainable = False
    twin = copy.deepcopy(model)
    assert len(twin.trainable_variables) == len(model.trainable_variables) == 2


def test_an_automatic_scale_goes_along():
    model = sequential()
    model.dtype_policy = keras.DTypePolicy("mixed_float16")
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    model.optimizer.dynamic_scale.assign(5.0)
    twin = copy.deepcopy(model)
    assert isinstance(twin.optimizer, LossScaleOptimizer)
    assert float(twin.optimizer.dynamic_scale) == 5.0


def test_a_model_with_its_own_compile_is_copied_uncompiled():
    class Own(Subclassed):
        def compile(self, *args, **kwargs):
            super().compile(*args, **kwargs)

    model = Own()
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    with pytest.warns(UserWarning, match=r"was not compiled, since its compile\(\) is its own"):
        twin = copy.deepcopy(model)
    assert not twin.compiled


# -- identity -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [WAYS["deepcopy"], WAYS["pickle"]])
def test_what_is_shared_inside_stays_shared(way):
    model = trained(sequential)
    twin, layer, optimizer = way([model, model.layers[0], model.optimizer])
    assert twin.layers[0] is layer
    assert twin.optimizer is optimizer
    layer, twin = way((model.layers[0], model))
    assert twin.layers[0] is layer
    np.testing.assert_array_equal(layer.kernel.numpy(), model.layers[0].kernel.numpy())
    twin = way(trained(shared))
    assert len(twin.layers) == 3
    one, other = way([squared_dense := layers.Dense(2, activation=squared), squared_dense])
    assert one is other
    assert one.activation is squared


def test_a_generator_of_two_initializers_is_one():
    seed = keras.random.SeedGenerator(3)
    pair = [initializers.GlorotUniform(seed), initializers.GlorotUniform(seed)]
    first, second = copy.deepcopy(pair)
    assert first._drawn is second._drawn
    assert first._drawn is not seed
    np.testing.assert_array_equal(first((3, 3)), pair[0]((3, 3)))
    np.testing.assert_array_equal(second((3, 3)), pair[1]((3, 3)))


# -- layers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(LAYERS) - {"Lambda", "InputLayer"}))
def test_every_layer(name):
    keras.utils.set_random_seed(1)
    for case in (one for one in CASES.values() if one["class_name"] == name and "shapes" in one):
        layer = instance(case)
        for way in WAYS.values():
            twin = way(layer)
            assert bits(twin) == bits(layer)
            assert json.dumps(twin.get_config()) == json.dumps(layer.get_config())
            assert twin.built == layer.built
            assert not {id(v) for v in twin.variables} & {id(v) for v in layer.variables}


@every_way
def test_a_lambda_layer(way):
    twin = way(layers.Lambda(squared))
    np.testing.assert_array_equal(twin(X), X * X)


def test_a_lambda_without_a_name_is_copied_but_not_pickled():
    layer = layers.Lambda(lambda x: x + 1)
    np.testing.assert_array_equal(copy.deepcopy(layer)(X), X + 1)
    with pytest.raises((pickle.PicklingError, AttributeError), match="pickle"):
        pickle.dumps(layer)


@every_way
def test_the_state_of_a_stateful_layer_goes_along(way):
    layer = layers.LSTM(2, stateful=True)
    x = np.ones((3, 2, 4), "float32")
    layer(x)
    twin = way(layer)
    np.testing.assert_array_equal(twin(x), layer(x))


@every_way
def test_dropout_goes_on_with_the_same_numbers(way):
    layer = layers.Dropout(0.5)
    layer(X, training=True)
    twin = way(layer)
    np.testing.assert_array_equal(twin(X, training=True), layer(X, training=True))


def test_a_class_whose_config_does_not_tell_all():
    class Growing(layers.Layer):
        width = 3

        def build(self, shape):
            self.kernel = self.add_weight((shape[-1], Growing.width))

    layer = Growing()
    layer.build((None, 2))
    Growing.width = 4
    with pytest.raises(ValueError, match=r"expected a copy with variables of the.*Let get"):
        copy.deepcopy(layer)


# -- the rest -------------------------------------------------------------------------------------

OTHERS = [
    case for case in CASES.values()
    if case["family"] not in ("layers", "dtype_policies", "random")
]  # fmt: skip


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case["name"])
def test_every_other_object(case):
    item = instance(case)
    for way in WAYS.values():
        twin = way(item)
        assert type(twin) is type(item)
        assert twin is not item
        assert twin.get_config() == item.get_config()


@every_way
def test_an_initializer_without_a_seed_draws_the_same(way):
    initializer = initializers.HeNormal()
    np.testing.assert_array_equal(way(initializer)((3, 3)), initializer((3, 3)))


@every_way
def test_a_metric_keeps_its_counts(way):
    for metric in (metrics.AUC(), metrics.F1Score(), metrics.Mean(), metrics.R2Score()):
        arguments = [np.eye(3, dtype="float32")] * (1 if isinstance(metric, metrics.Mean) else 2)
        metric.update_state(*arguments)
        twin = way(metric)
        for one in (twin, metric):
            one.update_state(*arguments)
        np.testing.assert_array_equal(twin.result(), metric.result())


@every_way
def test_an_optimizer_alone_keeps_its_slots_for_variables_alike(way):
    w = Variable([1.0, 2.0], name="w")
    optimizer = SGD(0.1, momentum=0.9, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[w], var_names=["bias"])
    optimizer.apply([[1.0, 1.0]], [w])
    twin, other = way(optimizer), way(w)
    for one, variable in ((optimizer, w), (twin, other)):
        one.apply([[1.0, 1.0]], [variable])
    np.testing.assert_array_equal(other.numpy(), w.numpy())
    assert int(twin.iterations) == 2
    assert bits(way(twin)) == bits(twin) or len(way(twin).variables) == 2


def test_slots_of_other_shapes_begin_anew():
    w = Variable([1.0, 2.0], name="w")
    optimizer = SGD(0.1, momentum=0.9)
    optimizer.apply([[1.0, 1.0]], [w])
    twin = copy.copy(optimizer)
    twin.build([Variable([1.0], name="other")])
    assert twin.variables[-1].numpy() == [0.0]


@every_way
def test_variables_and_generators(way):
    variable = Variable([1.0, 2.0], name="w", trainable=False)
    variable.regularizer = regularizers.L2(0.5)
    variable.constraint = constraints.NonNeg()
    twin = way(variable)
    variable.assign([3.0, 4.0])
    assert twin.numpy().tolist() == [1.0, 2.0]
    assert (twin.name, twin.path, twin.trainable, twin.dtype) == ("w", "w", False, "float32")
    assert twin.regularizer.get_config() == {"l2": 0.5}
    assert twin.regularizer is not variable.regularizer
    kernel = layers.Dense(2, dtype="mixed_float16")
    kernel.build((None, 3))
    assert type(way(kernel.kernel)) is type(kernel.kernel)
    seed = keras.random.SeedGenerator()
    seed.next()
    np.testing.assert_array_equal(way(seed).next(), seed.next())


def test_a_loss_of_a_function_of_ones_own():
    loss = losses.LossFunctionWrapper(squared_difference, name="mine")
    for way in WAYS.values():
        assert way(loss).fn is squared_difference


def squared_difference(y_true, y_pred):
    return (y_true - y_pred) ** 2


def test_a_callback_keeps_what_it_has_seen():
    stopping = callbacks.EarlyStopping(patience=3)
    stopping.best = 0.25
    for way in WAYS.values():
        twin = way(stopping)
        assert (twin.best, twin.patience) == (0.25, 3)
        assert twin is not stopping


# -- what pickles hold ----------------------------------------------------------------------------


def names_in(data):
    """The modules and names that a pickle lets Python look up."""
    found, texts = set(), []
    for operation, argument, _ in pickletools.genops(data):
        if operation.name in ("SHORT_BINUNICODE", "BINUNICODE"):
            texts.append(argument)
        elif operation.name == "STACK_GLOBAL":
            found.add(tuple(texts[-2:]))
        elif operation.name == "GLOBAL":
            found.add(tuple(argument.split(" ")))
        elif operation.name == "MEMOIZE" or operation.name.startswith("BINGET"):
            continue
    return found


def test_pickles_name_nothing_but_one_function_and_arrays():
    model = trained(nested)
    names = names_in(pickle.dumps(model, protocol=2))
    own = {(module, name) for module, name in names if module.startswith("geartrain")}
    assert own == {("geartrain.configurable", "rebuilt")}
    assert {module.partition(".")[0] for module, _ in names - own} <= {"numpy", "_codecs"}


def test_a_forged_pickle_reaches_no_other_class():
    for reference in (("os", "system"), ("keras.utils", "get_file"), dict, print, "keras.layers"):
        with pytest.raises(
            (TypeError, ValueError), match=r"none of Keras's|expected a class of|Unknown class"
        ):
            configurable.rebuilt(reference, {})
    with pytest.raises(ValueError, match="a lambda, which is code"):
        configurable.rebuilt(
            ("keras.layers", "Lambda"),
            {"function": {"class_name": "__lambda__", "config": {"value": ""}}},
        )


def test_shapes_of_symbolic_inputs_do_not_matter():
    layer = layers.Dense(2)
    layer(KerasTensor((None, 4)))
    twin = copy.deepcopy(layer)
    assert twin(X).shape == (16, 2)
    assert not twin._calls
