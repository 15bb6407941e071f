"""Models that are trained in shards by one process learn what they learn from whole batches."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import distribution, layers, ops
from geartrain.graph.parting import MixesRows

CLASSES = 3


def dense():
    return [
        keras.Input((6,)),
        layers.Dense(16, "relu", kernel_regularizer="l2"),
        layers.Dropout(0.4),
        layers.GaussianNoise(0.1),
    ]


def normalized():
    return [
        keras.Input((6,)),
        layers.Dense(8),
        layers.BatchNormalization(synchronized=True),
        layers.ReLU(),
    ]


def convolutional():
    return [
        keras.Input((6,)),
        layers.Reshape((3, 2, 1)),
        layers.Conv2D(4, 2, padding="same", activation="relu"),
        layers.SpatialDropout2D(0.3),
        layers.MaxPooling2D((3, 1)),
        layers.Flatten(),
    ]


def recurrent():
    return [
        keras.Input((6,)),
        layers.Reshape((3, 2)),
        layers.Masking(0.0),
        layers.Bidirectional(layers.LSTM(4, recurrent_dropout=0.3, return_sequences=True)),
        layers.GRU(4),
    ]


def attention():
    return [
        keras.Input((6,)),
        layers.Reshape((3, 2)),
        layers.TimeDistributed(layers.Dense(4)),
        layers.LayerNormalization(),
        layers.GlobalMaxPooling1D(),
    ]


MODELS = [dense, normalized, convolutional, recurrent, attention]


def data(samples):
    random = np.random.default_rng(0)
    x = random.normal(size=(samples, 6)).astype("float32")
    x[::3, :2] = 0  # which masking leaves out
    return x, random.integers(0, CLASSES, samples), random.random(samples).astype("float32")


def trained(make, shards, weighted=True):
    """Weights, history, evaluation and predictions after some training."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([*make(), layers.Dense(CLASSES, activation="softmax")])
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=1.0),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        weighted_metrics=[keras.metrics.SparseTopKCategoricalAccuracy(2)],
        run_eagerly=True,
    )
    x, y, weights = data(21)
    parallel = None
    if shards:
        parallel = distribution.DataParallel()
        parallel.shards = shards
    before = distribution.distribution()
    distribution.set_distribution(parallel)
    try:
        model.fit(x, y, 10, 2, 0, sample_weight=weights if weighted else None, validation_split=0.2)
        scores = model.evaluate(x, y, batch_size=8, verbose=0)
        predictions = model.predict(x, batch_size=5, verbose=0)
    finally:
        distribution.set_distribution(before)
    return model.get_weights(), model.history.history, scores, predictions


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_shards_learn_what_whole_batches_do(make):
    expected, found = trained(make, None), trained(make, 8)
    for one, other in zip(expected[0], found[0], strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-4, atol=2e-5)
    for name, values in expected[1].items():
        np.testing.assert_allclose(found[1][name], values, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(found[2], expected[2], rtol=1e-4)
    np.testing.assert_allclose(found[3], expected[3], rtol=1e-4, atol=1e-6)


def test_bits_depend_on_the_shards_alone():
    def bits(shards):
        return b"".join(array.tobytes() for array in trained(dense, shards)[0])

    assert bits(8) == bits(8) != bits(3)


def test_steps_of_ones_own_and_several_outputs_and_metrics_that_count():
    """A step that meets its batch twice on the way, an extreme, and curves."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Dense(4, name="first"), layers.Dense(1, name="second")
            self.largest = keras.metrics.Mean(name="largest")

        def call(self, x):
            hidden = self.first(x)
            hidden = hidden / ops.sqrt(ops.mean(ops.square(hidden - ops.mean(hidden, 0)), 0))
            return {"hidden": hidden, "out": ops.sigmoid(self.second(hidden))}

        def train_step(self, given):
            logs = super().train_step(given)
            self.largest.update_state(ops.max(given[0]))
            return {**logs, "largest": self.largest.result()}

    def run(parallel):
        keras.utils.set_random_seed(2)
        model = Model()
        model.compile(
            "sgd", {"out": "binary_crossentropy"}, metrics={"out": [keras.metrics.AUC(name="auc")]},
            run_eagerly=True,
        )  # fmt: skip
        x, y, _ = data(20)
        with parallel.scope() if parallel else keras.name_scope("none"):
            found = model.fit(x, {"out": (y > 0)[:, None]}, 8, 2, 0).history
            logs = model.train_on_batch(x, {"out": (y > 0)[:, None]}, return_dict=True)
            return found, logs, model.predict(x, verbose=0)

    expected, found = run(None), run(distribution.DataParallel())
    assert set(expected[0]) == set(found[0]) and len(found[0]) >= 3
    for name, values in expected[0].items():
        np.testing.assert_allclose(found[0][name], values, rtol=1e-4, err_msg=name)
    assert found[1] == pytest.approx(expected[1], rel=1e-4)
    np.testing.assert_allclose(found[2]["hidden"], expected[2]["hidden"], rtol=1e-3, atol=1e-5)


def test_steps_that_mix_samples_are_refused():
    x, _, _ = data(16)
    stateful = keras.Sequential(
        [keras.Input((6,), batch_size=8), layers.Reshape((3, 2)), layers.LSTM(2, stateful=True)]
    )
    turned = keras.Sequential([keras.Input((6,)), layers.Lambda(lambda x: ops.flip(x, 0))])
    for model, told in ((stateful, "fixed number"), (turned, "change their places")):
        model.compile(loss="mse")
        with distribution.DataParallel().scope(), pytest.raises(MixesRows, match=told):
            model.predict(x, batch_size=8, verbose=0)


def test_a_program_belongs_to_the_distribution_that_made_it():
    x, _, _ = data(12)
    model = keras.Sequential([keras.Input((6,)), layers.Dense(2)])
    alone = model.predict(x, verbose=0)
    with distribution.DataParallel().scope():
        np.testing.assert_allclose(model.predict(x, verbose=0), alone, rtol=1e-5)
        assert len(model._programs) == 2
    model.predict(x, verbose=0)
    assert len(model._programs) == 2


def test_wrong_distributions_are_refused():
    with pytest.raises(TypeError, match=r"expected a distribution.*Received: 8"):
        distribution.set_distribution(8)
    with pytest.raises(ValueError, match="Expect `mesh` to be an instance of `DeviceMesh`"):
        distribution.DataParallel(device_mesh="mesh")
    with pytest.raises(ValueError, match="expected auto_shard_dataset=True"):
        distribution.DataParallel(auto_shard_dataset=False)
    with pytest.raises(ValueError, match=r"shards: expected a whole number.*Received: 0"):
        distribution.DataParallel().shards = 0
    with pytest.raises(ValueError, match="You must specify a layout_map"):
        distribution.ModelParallel()
    mesh = distribution.DeviceMesh((1, 2), ["batch", "model"], ["cpu:0", "cpu:1"])
    with pytest.raises(ValueError, match="Every rank holds the whole model"):
        distribution.ModelParallel(layout_map=distribution.LayoutMap(mesh))


def test_initialize_wants_the_numbers_of_the_launcher(monkeypatch):
    distribution.initialize(num_processes=1, process_id=0)
    with pytest.raises(ValueError, match=r"expected num_processes=1.*geartrain launch -n 4"):
        distribution.initialize(num_processes=4, process_id=0)
    monkeypatch.setenv("KERAS_DISTRIBUTION_PROCESS_ID", "3")
    with pytest.raises(ValueError, match="process_id=3"):
        distribution.initialize()


def test_variables_with_a_value_for_each_sample_are_refused():
    kept = keras.Variable(np.zeros(8, "float32"), trainable=False, name="kept")

    class Model(keras.Model):
        def test_step(self, given):
            kept.assign(given[1] * 2)
            return {"loss": ops.sum(given[1])}

    model = Model()
    model.compile(loss="mse", run_eagerly=True)
    with distribution.DataParallel().scope(), pytest.raises(ValueError, match="fixed number"):
        model.evaluate(np.zeros((8, 1)), np.zeros(8), verbose=0)
