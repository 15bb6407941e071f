"""clone_model: the same layers anew, for every kind of model and every argument."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.models import clone_model
from tests.models.kinds import (
    KINDS,
    X,
    Y,
    data_for,
    flat,
    functional,
    nested,
    sequential,
    subclassed,
)


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("recursive", [False, True])
def test_a_clone_computes_the_same_with_layers_of_its_own(make, recursive):
    model = make()
    copy = clone_model(model, recursive=recursive)
    assert isinstance(model, type(copy))
    if not copy.built:
        copy.build((None, 4))
    ours, theirs = ({id(layer) for layer in one._flatten_layers()} for one in (model, copy))
    assert not ours & theirs
    copy.set_weights(model.get_weights())
    for left, right in zip(flat(copy(data_for(make))), flat(model(data_for(make))), strict=True):
        np.testing.assert_array_equal(left, right)
    assert list(map(type, copy.layers)) == list(map(type, model.layers))


def test_a_clone_has_fresh_weights():
    model = functional()
    assert not np.array_equal(clone_model(model).get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("make", [sequential, functional, subclassed])
def test_a_clone_is_compiled_alike_with_an_optimizer_of_its_own(make):
    model = make()
    model.compile(keras.optimizers.Adam(0.01), "mae", metrics=["mse"])
    copy = clone_model(model)
    assert copy.optimizer is not model.optimizer
    assert sorted(copy.fit(X, Y, verbose=0).history) == ["loss", "mse"]
    assert float(copy.optimizer.learning_rate) == pytest.approx(0.01)
    assert int(model.optimizer.iterations) == 0


def test_a_layer_that_is_called_several_times_is_cloned_once():
    x = keras.Input((4,))
    twice = layers.Dense(4)
    seen = []

    def clone(layer):
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    copy = clone_model(keras.Model(x, ops.relu(twice(twice(x)))), clone_function=clone)
    assert len(copy.weights) == 2
    assert sorted(seen) == sorted([twice.name, copy.operations[-1].name])


def test_a_clone_function_may_hand_back_the_layer_itself():
    model = functional()
    copy = clone_model(model, clone_function=lambda layer: layer)
    np.testing.assert_array_equal(copy(X), model(X))
    assert copy.get_layer("y") is model.get_layer("y")


def test_a_call_function_puts_layers_behind_others():
    def call(layer, *args, **kwargs):
        made = layer(*args, **kwargs)
        return layers.Dropout(0.5)(made) if isinstance(layer, layers.Dense) else made

    copy = clone_model(functional(), call_function=call)
    assert [type(layer).__name__ for layer in copy.layers] == [
        "InputLayer", "Dense", "Dropout", "Add", "Dense", "Dropout"
    ]  # fmt: skip


def test_recursion_reaches_inner_layers():
    def narrow(layer):
        if isinstance(layer, layers.Dense) and layer.name == "hidden":
            return layers.Dense(4, use_bias=False, name="hidden")
        return type(layer).from_config(layer.get_config())

    model = nested()
    assert clone_model(model, clone_function=narrow).count_params() == model.count_params()
    reached = clone_model(model, clone_function=narrow, recursive=True)
    assert reached.count_params() == model.count_params() - 8


def test_input_tensors():
    x = keras.Input((4,), name="mine")
    assert clone_model(functional(), input_tensors=x).input is x
    assert clone_model(sequential(), input_tensors=[x]).input_shape == (None, 4)
    behind = layers.Dense(4, name="before")(x)
    copy = clone_model(functional(), input_tensors=behind)
    assert [type(layer).__name__ for layer in copy.layers] == [
        "InputLayer",
        "Dense",
        "Add",
        "Dense",
    ]


def test_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    x = keras.Input((4,))
    with pytest.raises(TypeError, match=r"clone_model: expected a model\. Received: 3"):
        clone_model(3)
    with pytest.raises(ValueError, match=r"Received: .*Sequential.* Use clone_function"):
        clone_model(sequential(), call_function=lambda layer, x: layer(x))
    with pytest.raises(ValueError, match=r"which has its own call\. Write clone_model\(model\)"):
        clone_model(Own(), clone_function=lambda layer: layer)
    with pytest.raises(ValueError, match="expected one symbolic tensor as input_tensors"):
        clone_model(sequential(), input_tensors=[x, x])
    with pytest.raises(ValueError, match="in the structure <KerasTensor"):
        clone_model(functional(), input_tensors=[x])
    with pytest.raises(ValueError, match="expected symbolic tensors as input_tensors"):
        clone_model(functional(), input_tensors=X)
