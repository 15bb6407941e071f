"""Data as other libraries hold them: frames and columns, loaders, arrays on a disk."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.data import Dataset

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(48, 4)).astype("float32")
Y = (X.sum(1) > 0).astype("int64")


@pytest.fixture(scope="module")
def model():
    made = keras.Sequential([keras.Input((4,)), layers.Dense(1, "sigmoid")])
    made.compile("sgd", "binary_crossentropy")
    return made


@pytest.fixture(scope="module")
def by_name():
    inputs = {name: keras.Input((1,), name=name) for name in "abcd"}
    made = keras.Model(inputs, layers.Dense(1)(layers.concatenate(list(inputs.values()))))
    made.compile("sgd", "mse")
    return made


def test_frames_and_their_columns(model, by_name):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    label = pandas.Series(Y)
    mixed = frame.assign(b=label, c=frame["c"] > 0, d=label.astype(str))
    plain = np.array([mixed[name].astype("float32") for name in mixed]).T
    model.fit(mixed, label, validation_split=0.25, class_weight={0: 1, 1: 2}, verbose=0)
    np.testing.assert_allclose(model.predict(mixed, verbose=0), model.predict(plain, verbose=0))
    by_name.fit(dict(frame), label.to_frame(), sample_weight=label + 1, verbose=0)
    columns = {name: X[:, place] for place, name in enumerate("abcd")}
    expected = by_name.predict(columns, verbose=0)
    np.testing.assert_allclose(by_name.predict(dict(frame), verbose=0), expected)
    rows = Dataset.from_tensor_slices((dict(frame), label)).batch(16)
    np.testing.assert_allclose(by_name.predict(rows, verbose=0), expected)
    normalize = layers.Normalization()
    normalize.adapt(frame)
    np.testing.assert_allclose(normalize(frame), normalize(X))
    np.testing.assert_allclose(np.ravel(normalize.mean), X.mean(0), atol=1e-6)
    for wrong, message in (
        (frame.assign(a=pandas.Series([None, 1] * 24, dtype="Int64")), "Values are missing: repl"),
        (frame.assign(a=pandas.to_datetime(label)), "as dtype object"),
    ):
        with pytest.raises(TypeError, match=message):
            model.fit(wrong, label, verbose=0)


class Column(Sequence):
    """A column of a data set of Hugging Face: read when a part is asked for."""

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, key):
        return self.values[key]


def test_columns_that_are_read_when_asked_for(model):
    expected = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict(Column(X), verbose=0), expected)
    np.testing.assert_array_equal(model.predict(Column(X.tolist()), verbose=0), expected)
    assert model.evaluate(Column(X), Column(Y), verbose=0) == model.evaluate(X, Y, verbose=0)


class Loader:
    """What makes lists of tensors, as PyTorch's `DataLoader` does of tuples."""

    __module__ = "torch.utils.data.dataloader"

    def __init__(self, *arrays):
        self.arrays = arrays

    def __len__(self):
        return 3

    def __iter__(self):
        return ([array[start : start + 16] for array in self.arrays] for start in (0, 16, 32))


def loaders(*arrays):
    yield Loader(*arrays)
    try:
        from torch import tensor
        from torch.utils.data import DataLoader, TensorDataset
    except ImportError:
        return
    yield DataLoader(TensorDataset(*map(tensor, arrays)), batch_size=16)


def test_loaders_make_tuples_of_lists(model):
    for loader in loaders(X, Y, np.ones(48, "float32")):
        assert model.evaluate(loader, verbose=0) == pytest.approx(
            model.evaluate(X, Y, batch_size=16, verbose=0)
        )
        np.testing.assert_allclose(model.predict(loader, verbose=0), model.predict(X, verbose=0))
        model.fit(loader, epochs=2, validation_data=loader, verbose=0)
    for loader in loaders(X):
        np.testing.assert_allclose(model.predict(loader, verbose=0), model.predict(X, verbose=0))


class Slow(keras.utils.PyDataset):
    """Batches that take a while, made in whatever thread; endless if `count` is None."""

    def __init__(self, count=6, **kwargs):
        super().__init__(**kwargs)
        self.count, self.made = count, {}

    num_batches = property(lambda self: self.count)

    def __getitem__(self, index):
        self.made.setdefault(index, []).append(threading.current_thread().name)
        rows = slice(index % 6 * 8, index % 6 * 8 + 8)
        return X[rows], Y[rows]


def test_workers_make_batches_ahead_in_their_order(model):
    one, several = Slow(), Slow(workers=3, max_queue_size=2)
    expected = model.predict(X, verbose=0)
    for data in (one, several):
        np.testing.assert_allclose(model.predict(data, verbose=0), expected, rtol=1e-6)
    assert {len(names) for names in several.made.values()} == {1}
    assert all(name[0].startswith("Main") for name in one.made.values())
    others = [names[0] for index, names in several.made.items() if index]
    assert all(name.startswith("geartrain-data") for name in others)
    losses = [
        model.evaluate(data, steps=9, verbose=0) for data in (Slow(None), Slow(None, workers=2))
    ]
    assert losses[0] == losses[1]
    model.fit(Slow(workers=2), epochs=2, verbose=0)


def test_arrays_on_a_disk(model, tmp_path):
    np.save(tmp_path / "x.npy", X)
    on_disk = np.load(tmp_path / "x.npy", mmap_mode="r")
    expected = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict(on_disk, verbose=0), expected)
    rows = Dataset.from_tensor_slices((on_disk, Y)).shuffle(48).batch(16)
    for data in ((on_disk, Y), (rows,), (rows.map(lambda x, y: (x, y)),)):
        losses = model.fit(*data, epochs=2, verbose=0).history["loss"]
        assert np.isfinite(losses).all()
    assert np.load(tmp_path / "x.npy").tobytes() == X.tobytes()


def test_columns_have_a_value_for_each_sample():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))

    class Side(keras.Model):
        def call(self, inputs):
            return ops.concatenate(list(inputs.values()), axis=1)

    np.testing.assert_array_equal(Side().predict(dict(frame), verbose=0), X)
    single = keras.Sequential([keras.Input(()), layers.Rescaling(2.0)])
    np.testing.assert_array_equal(np.ravel(single.predict(frame["a"], verbose=0)), 2 * X[:, 0])


def test_rows_by_columns_are_refused(model):
    class Rows:
        column_names, features = ["text", "label"], {}

        def __iter__(self):
            return iter([{"text": 0, "label": 0}])

    with pytest.raises(
        ValueError, match=r"a Rows of rows with text, label\. .*fit\(data\[inputs\]"
    ):
        model.fit(Rows(), verbose=0)
    with pytest.raises(ValueError, match=r"let each batch of a stream be a pair \(x, y\)"):
        model.fit(iter([X[:4]]), verbose=0)
