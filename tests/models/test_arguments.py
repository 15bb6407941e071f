"""Arguments of `fit` and its like that are not what they should be: each is refused in time."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.errors import GeartrainWarning

RANDOM = np.random.default_rng(0)
X = RANDOM.random((40, 784), dtype="float32")
Y = np.eye(10, dtype="float32")[RANDOM.integers(0, 10, 40)]


def network(loss="categorical_crossentropy", **compiled):
    model = keras.Sequential([layers.Dense(10, activation="softmax", input_shape=(784,))])
    model.compile(loss=loss, **compiled)
    return model


def batches(*items):
    return iter([item if isinstance(item, tuple) else (item,) for item in items])


REFUSED = [
    # counts and switches
    ({"epochs": 1.5}, ValueError, r"epochs to be a whole number of 0 or more. Received: 1.5"),
    ({"epochs": "5"}, ValueError, r"epochs .* Received: '5'"),
    ({"batch_size": True}, ValueError, r"batch_size .* of 1 or more. Received: True"),
    ({"steps_per_epoch": 0}, ValueError, r"steps_per_epoch .* of 1 or more. Received: 0"),
    ({"validation_steps": -1}, ValueError, r"validation_steps .* Received: -1"),
    ({"validation_freq": 0}, ValueError, r"validation_freq .* of 1 or more. Received: 0"),
    ({"validation_freq": [1, "2"]}, ValueError, r"validation_freq .* Received: '2'"),
    ({"validation_split": "a"}, ValueError, r"between 0 and 1. Received: 'a'"),
    ({"verbose": "yes"}, ValueError, r"verbose to be 'auto', 0 .* Received: 'yes'"),
    ({"verbose": 3}, ValueError, r"verbose to be 'auto', 0 .* Received: 3"),
    # data
    ({"x": None}, ValueError, r"fit: expected x as an array.* Received: None"),
    ({"x": "mnist.npz"}, TypeError, r"Received: 'mnist.npz'. Load the file"),
    ({"x": {1, 2}}, TypeError, r"Received: \{1, 2\}. A set has no order"),
    ({"x": lambda: X}, TypeError, r"Received: <function.* Call it"),
    ({"x": list(X)}, ValueError, r"x has 784, .* and 37 more. .* several inputs.* np.stack\(x\)"),
    ({"x": [[1, 2], [3]]}, ValueError, r"Received: \[\[1, 2\], \[3\]\].*utils.pad_sequences"),
    ({"x": X.astype(object)}, TypeError, r"as dtype object. If .* use x.astype\('float32'\)"),
    ({"x": X.astype(complex)}, TypeError, r"as dtype complex128. Give real and imaginary"),
    ({"x": X.astype("datetime64[s]")}, TypeError, r"as dtype datetime64.*Make numbers of times"),
    ({"x": X.astype(str)}, TypeError, r"one of strings. Encode strings as numbers first"),
    ({"x": X[:0], "y": Y[:0]}, ValueError, r"at least one sample. Received: x of shape \(0, 784"),
    ({"x": {"a": X}}, ValueError, r"x with the inputs input_layer\w*. Received: a dict with a"),
    ({"x": Y, "y": X}, ValueError, r"x of shape \(40, 10\), y .* They look swapped"),
    ({"x": batches((X, Y, Y, Y)), "y": None}, ValueError, r"a tuple of 4. Several inputs go into"),
    ({"y": None}, ValueError, r"Expected targets y for the loss 'categorical_cross.*y=None"),
    ({"x": batches((X, Y))}, ValueError, r"inside the batches of a stream. Received: x of type"),
    ({"x": batches((X, Y)), "y": None, "validation_split": 0.5}, ValueError,
     r"arrays with validation_split. Received: x of type list_iterator. Give validation_data"),
    ({"validation_split": 0.999}, ValueError, r"0.999 of 40 samples leaves nothing for training"),
    ({"x": 5.0}, ValueError, r"x with a first axis of samples. Received a scalar"),
    ({"x": iter(())}, ValueError, r"x of type tuple_iterator"),
    # weights
    ({"class_weight": {0: 1.0}, "sample_weight": np.ones(40)}, ValueError, r"Received: both."),
    ({"class_weight": "balanced"}, TypeError, r"a dict of a number.*Received: 'balanced'"),
    ({"class_weight": [1.0, 2.0]}, TypeError, r"dict\(enumerate\(weights\)\)"),
    ({"class_weight": {"a": 3}}, TypeError, r"each class number. Received: 'a': 3"),
    ({"sample_weight": np.ones((40, 3))}, ValueError, r"sample_weight .* shape \(None, 3"),
    # validation data: before any training
    ({"validation_data": X}, ValueError, r"as \(x, y\) or .* Received: shape \(40, 784\)"),
    ({"validation_data": (X, Y, Y, Y)}, ValueError, r"Received: a tuple of 4"),
    ({"validation_data": (X[:, 1:], Y)}, ValueError, r"last axis 784. Received shape \(None, 783"),
    ({"validation_data": (X, Y[:, 0])}, ValueError, r"one-hot rows.* Received: shape \(None,\)"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "error", "message"), REFUSED)
def test_refused(wrong, error, message):
    model = network()
    model.fit(X, Y, verbose=0)
    before = [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]
    with pytest.raises(error, match=message):
        model.fit(**{"x": X, "y": Y, "verbose": 0, **wrong})
    after = [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]
    assert all(map(np.array_equal, before, after)), "a failed call changed the model"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: network().evaluate(X, Y, steps=0), ValueError, r"evaluate: expected steps to be"),
        (lambda: network().predict(X, steps=-1), ValueError, r"predict: expected steps to be"),
        (lambda: network().evaluate(X[:0], Y[:0]), ValueError, r"evaluate: .* at least one sample"),
        (lambda: network().evaluate(X * np.nan, Y), ValueError, r"evaluate: .* NaN at \(0, 0\)"),
        (lambda: network().train_on_batch(X, Y, class_weight=[1]), TypeError, r"class_weight as a"),
        (lambda: network(optimizer=None).fit(X, Y), ValueError, r"compile\(optimizer=None\)"),
        (lambda: network().fit(iter(())), ValueError, r"gave no batch at all.*tuple_iterator"),
        (lambda: len(keras.utils.PyDataset()), NotImplementedError, r"PyDataset needs __len__"),
        (lambda: keras.utils.PyDataset()[0], NotImplementedError, r"needs __getitem__\(index\)"),
        (lambda: network().get_layer("head"), ValueError, r"no layer 'head'. Its layers: dense"),
        (lambda: network().get_layer(index="a"), TypeError, r"index as a whole number.*'a'"),
        (lambda: network().get_layer(), ValueError, r"a name or an index\. Received: neither"),
        (lambda: network().summary(line_length="x"), TypeError, r"summary: .*line_length.*'x'"),
        (lambda: keras.utils.pad_sequences(3), ValueError, r"pad_sequences: .* Received: 3"),
        (lambda: keras.utils.pad_sequences([[1]], "x"), TypeError, r"maxlen as a whole.*'x'"),
        (lambda: keras.utils.pad_sequences([[1]], dtype="foo"), TypeError, r"NumPy's, .*'foo'"),
        (
            lambda: network(loss_weights=["accuracy"]).fit(X, Y),
            TypeError,
            r"loss_weights as numbers.*'accuracy'.*metrics",
        ),
        (lambda: network().get_layer(index=9), ValueError, r"has 1 layers. Received: index=9"),
        (lambda: network().fit(X, Y, verbose=0).history["acc1"], KeyError, r"'acc1' was not"),
        (lambda: keras.Sequential().pop(), ValueError, r"has no layers. Received: pop\(\)"),
        (lambda: keras.Sequential().fit(X, Y), ValueError, r"expected a compiled model"),
        (lambda: keras.Sequential([layers.Dense]), ValueError, r"Instances go in, not classes"),
        (lambda: network(metrics=[5]), ValueError, r"Expected metric .* Received: 5"),
        (lambda: keras.Sequential(layers.Dense(3)), TypeError, r"Write Sequential\(\[layer\]\)"),
        (lambda: layers.Dense(3, input_shape=(78.4,)), ValueError, r"Received: \(78.4,\)"),
        (lambda: layers.Dense(3, input_shape="a"), ValueError, r"whole numbers .* Received: 'a'"),
        (lambda: network().predict(X[0].reshape(28, 28)), ValueError, r"one 28 x 28 image: use x"),
    ],
)
def test_refused_elsewhere(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_weights_that_are_made_for_a_prediction_are_at_random():
    with pytest.warns(GeartrainWarning, match="before build or fit"):
        keras.Sequential([layers.Dense(3)]).predict(X, verbose=0)


@pytest.mark.parametrize(("frequency", "expected"), [(2, [1, 3]), ([1, 4], [0, 3]), (9, [])])
def test_validation_after_some_epochs(frequency, expected):
    seen = []

    class Seen(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if "val_loss" in logs:
                seen.append(epoch)

    network().fit(
        X, Y, validation_data=(X, Y), validation_freq=frequency, epochs=4,
        verbose=0, callbacks=[Seen()],
    )  # fmt: skip
    assert seen == expected


def test_epochs_count_from_the_first_of_all():
    model = network()
    history = model.fit(
        X, Y, validation_data=(X, Y), validation_freq=2, initial_epoch=1, epochs=2, verbose=0
    )
    assert "val_loss" in history.history


@pytest.mark.parametrize("dtype", [">f4", "<f8", "longdouble", "float16", "bool"])
def test_any_kind_of_number_is_data(dtype):
    x = np.asfortranarray(X > 0.5).astype(dtype)
    model = network()
    same = model.predict((X > 0.5).astype("float32"), verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), same, rtol=1e-6)
