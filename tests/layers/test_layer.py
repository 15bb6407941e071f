"""The base of all layers: what belongs to it, how it is called, its losses, masks and types."""

import gc
import weakref

import numpy as np
import pytest

import geartrain as keras
from geartrain import Model, Sequential, layers, losses, ops, regularizers
from geartrain.layers.context import current_context
from geartrain.layers.layer import Layer
from geartrain.runtime.function import jit
from geartrain.runtime.variable import Variable

X = np.float32([[1, 2, 3], [4, 5, 6]])


class Scale(Layer):
    """A layer as users write them."""

    def __init__(self, start="ones", **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight(
            shape=(input_shape[-1],), initializer=self.start, name="factor"
        )
        self.offset = self.add_weight(initializer="zeros", trainable=False, name="offset")

    def call(self, inputs):
        return inputs * self.factor + self.offset


class Pair(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(4, name="first")
        self.rest = [Scale(name="scale")]
        self.noise = layers.Dropout(0.5, seed=1)

    def call(self, inputs, training=False):
        hidden = self.noise(self.first(inputs))
        for layer in self.rest:
            hidden = layer(hidden)
        return hidden


def names(variables):
    return [variable.path for variable in variables]


def test_a_layer_of_ones_own():
    layer = Scale(name="mine")
    assert not layer.built
    np.testing.assert_array_equal(layer(X), X)
    assert layer.built
    assert names(layer.weights) == ["mine/factor", "mine/offset"]
    assert names(layer.trainable_weights) == names(layer.trainable_variables) == ["mine/factor"]
    assert names(layer.non_trainable_weights) == ["mine/offset"]
    assert layer.count_params() == 4
    twin = Scale.from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    assert twin.start == "ones"


def test_layers_inside_of_layers():
    layer = Pair(name="pair")
    layer(X)
    assert names(layer.trainable_weights) == [
        "pair/first/kernel", "pair/first/bias", "pair/scale/factor",
    ]  # fmt: skip
    assert names(layer.non_trainable_weights) == ["pair/scale/offset"]
    assert len(layer.variables) == 5  # the seed too
    layer.first.trainable = False
    assert names(layer.trainable_weights) == ["pair/scale/factor"]
    assert len(layer.weights) == 4
    layer.trainable = False
    assert layer.trainable_weights == []
    layer.trainable = True
    assert len(layer.trainable_weights) == 3


def test_a_list_may_grow_and_a_layer_may_be_shared():
    layer = Pair()
    layer.rest.append(layer.rest[0])
    layer.rest.append(Scale())
    layer(X)
    assert len(layer.trainable_weights) == 4


def test_variables_and_seeds_as_attributes():
    layer = Layer()
    layer.table = {"a": Variable([1.0]), "b": [Variable(2.0, trainable=False)]}
    layer.seeds = keras.random.SeedGenerator(1)
    assert len(layer.weights) == 2
    assert len(layer.variables) == 3


def test_set_weights_is_all_or_nothing():
    layer = layers.Dense(2)
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"expected shape \(2,\) for 'dense.*bias'.*\(3,\)"):
        layer.set_weights([np.ones((3, 2)), np.ones(3)])
    with pytest.raises(ValueError, match=r"expected 2 weights of shapes \[\(3, 2\), \(2,\)\].*: 1"):
        layer.set_weights([np.ones((3, 2))])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])
    layer.set_weights([np.ones((3, 2)), [1.0, 2.0]])
    np.testing.assert_array_equal(layer(X), [[7, 8], [16, 17]])
    layer.get_weights()[0][...] = 0
    assert layer.kernel.numpy().sum() == 6


def test_shapes_of_inputs_told_to_the_first_layer():
    for told in ({"input_shape": 3}, {"input_shape": (3,)}, {"batch_input_shape": (None, 3)}):
        assert keras.Sequential([layers.Dense(2, **told)]).output_shape == (None, 2)


def test_plain_lists_are_arrays():
    np.testing.assert_array_equal(Scale()([[1.0, 2.0]]), [[1, 2]])


def test_shapes_of_dictionaries():
    class Sum(Layer):
        def call(self, inputs):
            return inputs["a"] + inputs["b"]

    assert Sum().compute_output_shape({"a": (None, 3), "b": (None, 1)}) == (None, 3)


def test_default_names_are_numbered():
    class Peculiar(Layer):
        pass

    assert [Peculiar().name for _ in range(3)] == ["peculiar", "peculiar_1", "peculiar_2"]


def test_training_reaches_the_layers_inside():
    layer = Pair()
    layer(X)
    assert (layer(X, training=True) == 0).any()
    assert not (layer(X, training=False) == 0).any()
    assert not (layer(X) == 0).any()
    off = layers.TimeDistributed(layers.Dropout(0.5, seed=1))
    cube = np.ones((2, 3, 8), "float32")
    assert (off(cube, training=True) == 0).any()
    assert (off(cube) == 1).all()


def test_a_model_made_of_calls_trains_and_predicts():
    inputs = layers.Input((50,))
    model = keras.Model(inputs, layers.Dropout(0.5, seed=1)(inputs))
    ones = np.ones((4, 50), "float32")
    assert (model(ones, training=True) == 0).any()
    assert (model(ones) == 1).all()
    always = keras.Model(inputs, layers.Dropout(0.5, seed=1)(inputs, training=True))
    assert (always(ones, training=False) == 0).any()


def test_the_context_ends_with_the_call_even_if_it_fails():
    class Broken(Layer):
        def call(self, inputs):
            assert current_context().path == [self.name]
            raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        Broken()(X)
    assert current_context() is None


def test_masks_go_through_layers_that_pass_them_on():
    seen = {}

    class Look(Layer):
        def call(self, inputs, mask=None):
            seen[self.name] = mask
            return inputs

    class Stops(Layer):
        def call(self, inputs):
            return inputs * 1.0

    inputs = layers.Input((4,), dtype="int32")
    hidden = layers.Embedding(10, 3, mask_zero=True)(inputs)
    hidden = layers.Dropout(0.1)(layers.Activation("relu")(hidden))
    out = Look(name="after")(hidden)
    out = Look(name="stopped")(Stops()(out))
    keras.Model(inputs, out)(np.int32([[1, 2, 0, 0]]))
    np.testing.assert_array_equal(seen["after"], [[True, True, False, False]])
    assert seen["stopped"] is None
    Look(name="explicit")(X, mask=np.array([True, False]))
    np.testing.assert_array_equal(seen["explicit"], [True, False])


def test_losses_of_the_last_call():
    class Adds(Layer):
        def call(self, inputs):
            self.add_loss(ops.sum(inputs))
            return inputs

    class Outer(Layer):
        def __init__(self):
            super().__init__(activity_regularizer=regularizers.L2(1.0))
            self.inner = Adds()

        def call(self, inputs):
            return self.inner(inputs)

    layer = Outer()
    for _ in range(2):
        layer(X)
        assert sorted(float(loss) for loss in layer.losses) == [21.0, 91 / 2]
    assert float(jit(lambda x: ops.sum(layer(x)) + sum(layer.losses))(X)) == 21 + 21 + 91 / 2


def test_weights_that_are_not_trained_are_not_penalized():
    layer = layers.Dense(2, kernel_regularizer="l2", kernel_initializer="ones")
    layer(X)
    assert [float(loss) for loss in layer.losses] == [pytest.approx(0.06)]
    layer.trainable = False
    assert layer.losses == []


@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "float64"])
def test_policies(policy):
    layer = Scale(dtype=policy)
    output = layer(X)
    assert output.dtype == layer.compute_dtype == policy.removeprefix("mixed_")
    wanted = "float32" if policy.startswith("mixed") else policy
    assert layer.dtype == layer.variable_dtype == wanted
    assert all(weight.dtype == wanted for weight in layer.weights)
    assert layer.factor.value.dtype == wanted  # outside of a call
    assert layer(X.astype("int32")).dtype == layer.compute_dtype


def test_the_global_policy():
    keras.dtype_policies.set_dtype_policy("mixed_float16")
    assert Scale()(X).dtype == "float16"
    keras.dtype_policies.set_dtype_policy("float32")
    assert Scale()(X).dtype == "float32"


def test_a_weight_without_autocast_keeps_its_dtype_in_calls():
    class Both(Layer):
        def build(self, input_shape):
            self.cast = self.add_weight(shape=(3,), name="cast")
            self.kept = self.add_weight(shape=(3,), autocast=False, name="kept")
            self.count = self.add_weight(dtype="int32", initializer="zeros", name="count")

        def call(self, inputs):
            self.seen = [ops.dtype(w) for w in (self.cast, self.kept, self.count)]
            return inputs

    layer = Both(dtype="mixed_float16")
    layer(X)
    assert layer.seen == ["float16", "float32", "int32"]
    whole = Both(dtype="mixed_float16", autocast=False)
    assert whole(X).dtype == "float32"
    assert whole.seen == ["float32", "float32", "int32"]


def test_inputs_may_be_lists_dictionaries_or_several():
    class Sum(Layer):
        def call(self, inputs, further=None):
            tensors = inputs.values() if isinstance(inputs, dict) else inputs
            total = sum(tensors)
            return total if further is None else total + further

    assert float(Sum()([X, X])[0, 0]) == 2
    assert float(Sum()({"a": X, "b": X}, further=X)[0, 0]) == 3
    symbol = layers.Input((3,))
    out = Sum()({"a": symbol, "b": symbol}, further=symbol)
    np.testing.assert_array_equal(keras.Model(symbol, out)(X), 3 * X)


def test_build_may_take_the_shape_of_each_argument():
    class Two(Layer):
        def build(self, left_shape, right_shape):
            self.shapes = left_shape, right_shape

        def call(self, left, right):
            return left

    for right in ({"right": np.ones((2, 5))}, {}):
        layer = Two()
        layer(X, *([] if right else [np.ones((2, 5))]), **right)
        assert layer.shapes == ((2, 3), (2, 5))


def test_a_layer_that_was_built_by_hand_stays_built():
    layer = Scale(name="scale")
    layer.build((None, 3))
    assert layer.built
    factor = layer.factor
    layer(X)
    assert layer.factor is factor
    assert names(layer.weights) == ["scale/factor", "scale/offset"]


def test_weights_are_named_after_all_layers_around():
    layer = layers.TimeDistributed(layers.Dense(2, name="inner"), name="outer")
    layer.build((None, 4, 3))
    assert names(layer.weights) == ["outer/inner/kernel", "outer/inner/bias"]
    assert layer.layer.built

    class Mine(keras.Model):
        def __init__(self):
            super().__init__(name="mine")
            self.pair = Pair(name="pair")

        def call(self, inputs):
            return self.pair(inputs)

    for model in (Mine(), Mine()):
        if not model.built:
            model.build((None, 3))
        assert names(model.weights)[0] == "mine/pair/first/kernel"


def test_input_and_output():
    inputs = layers.Input((3,))
    layer = layers.Dense(2)
    outputs = layer(inputs)
    assert layer.input is inputs
    assert layer.output is outputs
    layer.compute_output_shape((None, 3))
    assert layer.output is outputs
    model = keras.Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(2)])
    features = keras.Model(model.inputs, model.layers[0].output)
    np.testing.assert_array_equal(features(X), model.layers[0](X))
    with pytest.raises(AttributeError, match='Dense "fresh": has no output before it is called'):
        _ = layers.Dense(2, name="fresh").output
    with pytest.raises(AttributeError, match="'Dense' object has no attribute 'kernal'"):
        _ = layer.kernal


def test_a_layer_without_a_call_or_without_init():
    with pytest.raises(NotImplementedError, match=r'Layer ".*": a layer needs a method call'):
        Layer()(X)

    class Forgets(Layer):
        def __init__(self):
            self.inner = layers.Dense(2)

    with pytest.raises(RuntimeError, match=r"Forgets: .*does not call super\(\).__init__\(\)"):
        Forgets().build((None, 3))

    class Empty(Layer):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match=r"Empty: .*does not call super\(\).__init__\(\)"):
        Empty()(X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: Layer(name="a/b"),
            "Layer: expected a name without '/' and control",
        ),
        (lambda: layers.Dense(2).count_params(), "has no weights to count before it is built"),
        (
            lambda: Scale().build((None, None)),
            r'Scale ".*": expected a weight of known shape. Received: \(None,\)',
        ),
        (lambda: layers.Dense(2)(), "expected 1 inputs. Received: 0. Write layer"),
        (lambda: layers.Dense(2)([X, X]), "expected 1 inputs. Received: 2"),
        (lambda: Layer(dtype="float31"), "Unknown dtype: 'float31'. Did you mean 'float32'"),
    ],
)
def test_errors_say_what_was_expected_and_received(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_no_tensor_is_refused():
    with pytest.raises(ValueError, match=r'Dense "d": expected a tensor. Received: None'):
        layers.Dense(2, name="d")(None)


class TrainsByDefault(layers.Layer):
    def call(self, x, training=True):
        self.told = training
        return x


@pytest.mark.parametrize(
    "make", [lambda layer: layer, lambda layer: Sequential([layer]), lambda layer: Around(layer)]
)
def test_a_call_is_for_training_where_the_layer_says_so_and_nobody_else(make):
    layer = TrainsByDefault()
    outer, x = make(layer), np.ones((2, 3), "float32")
    outer(x)
    assert layer.told is (not isinstance(outer, Around))
    outer(x, training=not layer.told)
    assert layer.told is isinstance(outer, Around)


class Around(Model):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, x, training=False):
        return self.layer(x)


def test_layers_that_nobody_holds_go_away():
    layer = layers.Dense(2)
    layer(np.ones((1, 3), "float32"))
    gone = weakref.ref(layer)
    del layer
    gc.collect()
    assert gone() is None


def test_a_config_does_not_tell_shapes_that_were_not_given():
    assert not {"input_shape", "batch_shape", "batch_input_shape"} & Layer().get_config().keys()
    assert Layer(input_shape=(3,)).get_config()["input_shape"] == (3,)
    assert layers.InputLayer((3,)).get_config()["batch_shape"] == (None, 3)


def test_a_mask_ends_at_a_layer_that_does_not_support_masks():
    mask = np.array([[True, False]])
    np.testing.assert_array_equal(Layer().compute_mask(X, mask), mask)

    class Plain(Layer):
        def call(self, inputs):
            return inputs + 1

    class Passes(Plain):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

    masked = layers.Masking()(np.float32([[[1], [0]]]))
    assert not hasattr(Plain()(masked), "_keras_mask")
    np.testing.assert_array_equal(Passes()(masked)._keras_mask, mask)


def test_masks_are_read_and_set_as_an_attribute_of_tensors():
    mask = np.array([True, False])
    y_pred = ops.ones((2, 3))
    y_pred._keras_mask = mask
    np.testing.assert_array_equal(losses.MeanSquaredError("none")(2 * y_pred, y_pred), mask)
    del y_pred._keras_mask
    assert not hasattr(y_pred, "_keras_mask")


def test_an_unknown_keyword_is_an_error_of_the_type_of_python_and_of_keras():
    for kind in (TypeError, ValueError):
        with pytest.raises(kind, match="Dense got an unexpected keyword 'unitz'"):
            layers.Dense(3, unitz=4)


def test_a_layer_may_stand_twice_in_a_row_and_another_of_its_name_may_not():
    twice = layers.Dense(3, name="d")
    model = Sequential([keras.Input((3,)), twice, twice])
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(model(x), twice(twice(x)))
    assert len(model.layers) == 2 and len(model.weights) == 2
    assert model.pop() is twice and len(model.weights) == 2
    with pytest.raises(ValueError, match="expected layers with different names"):
        model.add(layers.Dense(3, name="d"))
