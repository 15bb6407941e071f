"""Several optimizers for one model: the update of each variable is its own optimizer's."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, optimizers
from geartrain.optimizers import SGD, Adam, LossScaleOptimizer, MultiOptimizer, OptimizerMap

# As Keras 3.15.1 on JAX records them for this network, data and optimizers.
RECORDED = [12.57997, 20.04981, 0.18656]


def network(optimizer):
    random = np.random.default_rng(0)
    rows = [layers.Dense(4, name="enc"), layers.Dense(1, name="dec")]
    model = keras.Sequential([keras.Input((3,)), *rows])
    model.set_weights([random.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    model.compile(optimizer, "mse")
    x = random.normal(size=(8, 3)).astype("float32")
    return model, x, random.normal(size=(8, 1)).astype("float32")


def trained(optimizer, epochs=3):
    model, x, y = network(optimizer)
    history = model.fit(x, y, epochs=epochs, batch_size=4, shuffle=False, verbose=0)
    return model, history.history["loss"]


def test_losses_are_those_of_keras():
    _, losses = trained(MultiOptimizer(OptimizerMap(SGD(0.1), {"enc/.*": Adam(0.01)})))
    np.testing.assert_allclose(losses, RECORDED, rtol=1e-4)


@pytest.mark.parametrize("eager", [False, True])
def test_each_variable_follows_its_own_optimizer(eager):
    rates = {"enc": 0.02, "dec": 0.05}
    chosen = {"enc": Adam(rates["enc"]), "dec": SGD(rates["dec"], momentum=0.5)}
    several = MultiOptimizer(lambda variable: chosen["enc" if "enc" in variable.path else "dec"])
    model, x, y = network(several)
    model.run_eagerly = eager
    expected = [w.copy() for w in model.get_weights()]
    single = {"enc": Adam(rates["enc"]), "dec": SGD(rates["dec"], momentum=0.5)}
    held = [keras.Variable(w, name=v.name) for w, v in zip(expected, model.weights, strict=True)]
    for _ in range(3):

        def loss(values):
            found = ((x @ values[0] + values[1]) @ values[2] + values[3] - y) ** 2
            return keras.ops.mean(found)

        slopes = keras.grad(loss)([v.numpy() for v in held])
        single["enc"].apply(slopes[:2], held[:2])
        single["dec"].apply(slopes[2:], held[2:])
        model.train_on_batch(x, y)
    for one, other in zip(model.get_weights(), held, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-5, atol=1e-6)
    assert [int(one.iterations) for one in (several, *several.optimizers)] == [3, 3, 3]


def test_files_and_copies_go_on_alike(tmp_path):
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.1), {".*enc/.*": Adam(0.01)}))
    model, _ = trained(optimizer, epochs=2)
    model.save(tmp_path / "model.keras")
    read = keras.models.load_model(tmp_path / "model.keras")
    assert [type(one).__name__ for one in read.optimizer.optimizers] == [
        type(one).__name__ for one in optimizer.optimizers
    ]
    _, x, y = network("sgd")
    for one in (model, read):
        one.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    for one, other in zip(model.get_weights(), read.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    values = [v.numpy() for v in model.trainable_variables]
    new, own = optimizer.stateless_apply(
        [v.numpy() for v in optimizer.variables], [np.ones_like(v) for v in values], values
    )
    np.testing.assert_allclose(new[-1], values[-1] - 0.1, rtol=1e-5)
    assert len(own) == len(optimizer.variables) and int(own[0]) == int(optimizer.iterations) + 1


def test_the_rates_and_the_scale_of_the_loss_belong_to_the_optimizers():
    inner, rest = Adam(lambda: 0.01), SGD(loss_scale_factor=2.0)
    optimizer = MultiOptimizer(OptimizerMap(rest, {"w": inner}), loss_scale_factor=4.0)
    assert inner.loss_scale_factor == rest.loss_scale_factor == 4.0 and optimizer.calls_rate
    assert float(optimizer.scale_loss(2.0)) == 8.0
    with pytest.raises(AttributeError, match="to be read from one of its optimizers"):
        _ = optimizer.learning_rate
    with pytest.raises(AttributeError, match=r"to be set on one of its optimizers\. Received: 1"):
        optimizer.learning_rate = 1


def test_maps_find_what_fits():
    rest, first, second = SGD(), Adam(), SGD()
    chosen = OptimizerMap(rest, {"a/kernel": first})
    chosen["a/.*"] = second
    assert chosen["a/kernel"] is first and chosen["a/bias"] is second and chosen["b"] is rest
    assert list(chosen) == ["a/kernel", "a/.*"] and len(chosen) == 2
    del chosen["a/kernel"]
    assert chosen["a/kernel"] is second
    assert optimizers.deserialize(optimizers.serialize(MultiOptimizer(chosen))).optimizers


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: OptimizerMap(3), TypeError, "expected default_optimizer as an optimizer"),
        (lambda: OptimizerMap(SGD(), 3), TypeError, "expected optimizer_map as a dict"),
        (lambda: OptimizerMap(SGD(), {3: SGD()}), ValueError, "expected a path as the key"),
        (lambda: OptimizerMap(SGD(), {"a": 3}), ValueError, "that is not made of others"),
        (lambda: OptimizerMap(SGD(), {"a": LossScaleOptimizer(SGD())}), ValueError, "of others"),
        (lambda: OptimizerMap(SGD(), {"a": SGD()}).update({"a": SGD()}), ValueError, "a new key"),
        (lambda: OptimizerMap(SGD(), {"a.": SGD(), ".b": SGD()})["ab"], ValueError, "one pattern"),
        (lambda: MultiOptimizer(3), TypeError, "expected an OptimizerMap, or a function"),
        (lambda: MultiOptimizer(lambda v: 3).build([keras.Variable(1.0)]), ValueError,
         "an optimizer for the variable .*Received: 3"),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_choice_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
