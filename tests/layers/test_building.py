"""When layers are built, what they may still get then, and what is known of them before."""

from __future__ import annotations

import re

import numpy as np
import pytest

from geartrain import (
    DTypePolicy,
    KerasTensor,
    Layer,
    Sequential,
    Variable,
    layers,
    metrics,
    ops,
    random,
    tree,
)

X = np.ones((2, 3), "float32")


@pytest.mark.parametrize(
    "make",
    [
        lambda of: of(layers.Dropout)(0.5),
        lambda of: of(layers.AveragePooling2D)(2),
        lambda of: of(layers.GlobalMaxPooling1D)(),
        lambda of: of(layers.Activation)("relu"),
        lambda of: of(layers.Identity)(),
    ],
)
def test_layers_without_state_are_built_when_made(make):
    def with_a_build(cls):
        return type("Other", (cls,), {"build": lambda self, shape: None})

    assert make(lambda cls: cls).built
    assert not make(with_a_build).built
    assert not layers.Dense(1).built


def test_build_gets_shapes_by_the_names_of_the_arguments():
    class Two(Layer):
        def build(self, y_shape, x_shape):
            self.shapes = {"x": x_shape, "y": y_shape}

        def call(self, x, y=None):
            return x if y is None else x + y

    first, second = Two(), Two()
    first(X, X[:1])
    second(X, y=X[:1])
    assert first.shapes == second.shapes == {"x": (2, 3), "y": (1, 3)}
    assert first.built

    class Any(Two):
        def build(self, anything):
            self.shapes = anything

    one = Any()
    one(X, X[:1])
    assert one.shapes == (2, 3)


@pytest.mark.parametrize("parameters", ["x_shape, y", "x_shape, z_shape"])
def test_parameters_of_build_that_name_no_argument_are_refused(parameters):
    scope = {}
    exec(f"def build(self, {parameters}): pass", scope)
    made = type("Two", (Layer,), {"build": scope["build"], "call": lambda self, x, y: x})
    with pytest.raises(ValueError, match=re.escape(f"Received: build({parameters}) beside call(")):
        made()(X, X)


def test_no_state_after_build():
    class Late(Layer):
        def call(self, x):
            self.w = self.add_weight(shape=(), initializer="zeros")
            return x

    with pytest.raises(ValueError, match=r"no more variables and layers once it is built.*Make"):
        Late()(X)
    dense = layers.Dense(2)
    dense.build((None, 3))
    for late in (Variable(1.0), layers.Dense(1), random.SeedGenerator(1)):
        with pytest.raises(ValueError, match="expected no more variables and layers"):
            dense.late = late
    dense.kernel = dense.kernel  # no new one
    model = Sequential([dense])
    model.build((None, 3))
    model.extra = layers.Dense(1)  # models grow

    class Lazy(Layer):  # its parts are built by its call
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(2)

        def call(self, x):
            return self.inner(x)

    assert Lazy()(X).shape == (2, 2)


def test_attributes_may_be_set_before_init():
    class Early(Layer):
        def __init__(self):
            self.w = Variable([1.0, 2.0])
            self.inner = layers.Dense(2)
            super().__init__(trainable=False)

        def call(self, x):
            return x

    layer = Early()
    assert layer.weights == [layer.w] and not layer.trainable_weights
    layer(X)


def test_shapes_of_ones_own_stand_for_the_call():
    class Own(Layer):
        def __init__(self, of):
            super().__init__()
            self.of = of

        def call(self, x):
            raise RuntimeError("never called")

        def compute_output_shape(self, input_shape):
            return self.of(input_shape)

    tensor = KerasTensor((None, 3))
    for of in (lambda s: s, list, lambda s: [s, s], lambda s: {"a": s, "b": (s, (s,))}):
        for given in (Own(of).compute_output_spec(tensor), Own(of)(tensor)):
            assert all(isinstance(x, KerasTensor) for x in tree.flatten(given))
            assert {x.shape for x in tree.flatten(given)} == {(None, 3)}
    with pytest.raises(ValueError, match=r"expected a shape.*from compute_output_shape. Rec.*'no'"):
        Own(lambda s: "no").compute_output_spec(tensor)
    with pytest.raises(NotImplementedError, match="expected a layer with a method call"):
        Layer().compute_output_shape((2, 3))

    class Spec(Own):
        def compute_output_spec(self, x):
            return KerasTensor((*x.shape, 7), "int32")

    made = Spec(None)(tensor)
    assert (made.shape, made.dtype) == ((None, 3, 7), "int32")


def test_the_spec_of_a_mixed_layer_is_what_its_call_gives():
    layer = layers.Dense(2, dtype="mixed_float16")
    assert layer.compute_output_spec(KerasTensor((5, 3))).dtype == layer(X).dtype == "float16"


def test_symbolic_calls_leave_no_losses():
    class Lossy(Layer):
        def call(self, x):
            self.add_loss(ops.sum(x))
            return x

    layer = Lossy(activity_regularizer="l1")
    layer(KerasTensor((None, 3)))
    assert layer.losses == []
    model = Sequential([layer])
    model(X)
    np.testing.assert_allclose(model.losses, [6.0, 0.03])
    np.testing.assert_allclose(Lossy(activity_regularizer="l2")(X[:0]).shape, (0, 3))


def test_freezing_a_layer_freezes_its_variables():
    inner = layers.BatchNormalization()
    outer = Sequential([inner])
    outer.build((None, 3))
    outer.trainable = False
    assert not inner.gamma.trainable and len(outer.non_trainable_weights) == 4
    outer.trainable = True
    assert inner.gamma.trainable and not inner.moving_mean.trainable
    frozen = layers.Dense(2, trainable=False)
    frozen.build((None, 3))
    assert not frozen.kernel.trainable
    frozen.trainable = True
    assert frozen.trainable_weights == [frozen.kernel, frozen.bias]


def test_weights_by_place():
    layer = Layer()
    weight = layer.add_weight((3,), "ones", "float64")
    assert (weight.dtype, weight.numpy().tolist()) == ("float64", [1, 1, 1])
    assert layer.add_variable((), "zeros", name="v").name == "v"
    for call, error, message in [
        (lambda: layer.add_weight("w", name="v"), ValueError, "add_weight expected one name"),
        (lambda: layer.add_weight((3,), shape=(3,)), ValueError, "expected shape once"),
        (lambda: layer.add_weight((3,), "ones", None, "w"), TypeError, "at most 3.*Received: 4"),
        (lambda: layer.add_metric(metrics.Mean()), NotImplementedError, "add_metric is of Keras 2"),
        (lambda: layers.Dense(2, trainable=1), ValueError, "True or False. Received: 1"),
        (lambda: layers.Activation("relu")(X, True), ValueError, "tensors only by position"),
    ]:
        with pytest.raises(error, match=message):
            call()
    del layer.__dict__["_arguments"]
    layer.w = weight
    del layer.w
    assert [one.name for one in layer.weights] == ["v"]


def test_training_is_the_default_of_call_where_nobody_says():
    class Says(Layer):
        def call(self, x, training=True):
            self.said = training
            return x

    layer = Says()
    for given, said in ({}, True), ({"training": None}, True), ({"training": False}, False):
        layer(X, **given)
        assert layer.said is said


def test_keywords_that_are_handed_on():
    class Inner(Layer):
        def __init__(self):
            super().__init__()
            self._register_call_context_args("mode")

        def call(self, x, mode=None):
            return x + (0 if mode is None else mode)

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self._register_call_context_args("mode")
            self.inner = Inner()

        def call(self, x):
            return self.inner(x)

    layer = Outer()
    assert layer(X, mode=2).max() == 3 and layer(X).max() == 1
    with pytest.raises(RuntimeError, match=r"before the first call. Received: other"):
        layer._register_call_context_args("other")
    assert layer._call_context_args == {"training", "mode"}


def test_a_layer_may_be_unlocked():
    layer = layers.Dense(1)
    layer.build((None, 2))
    assert layer._tracker.locked
    layer._tracker.unlock()
    layer.scale = layer.add_weight(name="scale")
    assert layer.scale.path == f"{layer.name}/scale"
    layer._tracker.lock()
    assert [one.name for one in layer.weights] == ["kernel", "bias", "scale"]
    layer._untrack_variable(layer.bias)
    del layer.bias
    assert [one.name for one in layer.weights] == ["kernel", "scale"]
    with pytest.raises(ValueError, match="no more variables"):
        layer.more = Variable(1.0)


def test_lists_that_have_grown_are_looked_into():
    layer = Layer()
    layer.seeds, layer.inner = [], []
    layer.seeds.append(random.SeedGenerator(1))
    assert layer.variables == layer.non_trainable_variables == [layer.seeds[0].state]
    layer.inner.append(Variable(1.0))
    assert layer.trainable_variables == [layer.inner[0]]


def test_asking_for_shapes_builds_nothing():
    inner = layers.Dense(2)
    outer = Sequential([inner])
    norm = layers.BatchNormalization()
    for layer in (inner, norm):
        assert layer.compute_output_shape((None, 3)) == (None, 2 if layer is inner else 3)
        assert layer.compute_output_spec(KerasTensor((None, 3))).shape[1] in (2, 3)
        assert not layer.built and layer.weights == [] and layer.get_build_config() is None
    assert outer.compute_output_shape((None, 3)) == (None, 2)
    inner.build((None, 3))
    with pytest.raises(ValueError, match="no more variables and layers once it is built"):
        inner.build((None, 3))
    assert [one.name for one in inner.weights] == ["kernel", "bias"]


def test_policies_are_set_by_name():
    layer = layers.Dense(1)
    layer.dtype_policy = "mixed_float16"
    assert (layer.compute_dtype, layer.variable_dtype) == ("float16", "float32")
    assert isinstance(layer.dtype_policy, DTypePolicy)


def test_policies_say_what_inputs_become():
    policy = DTypePolicy("mixed_float16")
    assert policy.quantization_mode is None
    assert policy.convert_input(X, True, "float16").dtype == "float16"
    assert policy.convert_input(X, False, "float16").dtype == "float32"
    assert policy.convert_input(np.int32([1]), True, "float16").dtype == "int32"
    assert policy.convert_input("text", True, "float16") == "text"
