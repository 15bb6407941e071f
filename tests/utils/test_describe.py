"""What `describe` says of every kind of data, and every note with a tensor that deserves it."""

import importlib
import re

import ml_dtypes
import numpy as np
import pytest

from geartrain.utils import describe
from geartrain.utils.kinds import thinned

module = importlib.import_module("geartrain.utils.describe")
generator = np.random.default_rng(0)


def pixels(*shape):
    return generator.integers(0, 256, shape, dtype="uint8")


def normal(*shape):
    return generator.normal(size=shape).astype("float32")


def tokens(samples, length, symbols):
    return np.eye(symbols, dtype="uint8")[generator.integers(0, symbols, (samples, length))]


IMAGE_AXES = ("samples", "height", "width", "channels")
KINDS = [  # the tensor, its kind, its axes, the first line
    (np.array(12), "scalar", (), "Scalar: one number"),
    (3.5, "scalar", (), "Scalar: one number"),
    (np.array([12, 3, 6, 14, 7]), "vector", ("values",), "Vector: 5 values"),
    (normal(404), "vector", ("values",), "Vector: 404 values"),
    (np.zeros(3), "vector", ("values",), "Vector: 3 values"),
    (np.array([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]), "labels", ("samples",),
     "Labels: 10 samples of 7 classes"),
    (np.array([[0], [2], [1], [2]]), "labels", ("samples", "label"),
     "Labels: 4 samples of 3 classes"),
    (np.array([0.0, 1.0, 1.0]), "labels", ("samples",), "Labels: 3 samples of 2 classes"),
    (np.array([True, False, True]), "labels", ("samples",), "Labels: 3 samples of 2 classes"),
    (np.eye(10)[[1, 2, 2, 9]], "one-hot labels", ("samples", "classes"),
     "One-hot labels: 4 samples of 10 classes"),
    (normal(100000, 3), "vector data", ("samples", "features"),
     "Vector data: 100,000 samples of 3 features"),
    (generator.poisson(0.1, (500, 20000)), "vector data", ("samples", "features"),
     "Vector data: 500 samples of 20,000 features"),
    (np.zeros((1, 1)), "vector data", ("samples", "features"),
     "Vector data: 1 sample of 1 feature"),
    (normal(250, 390, 3), "series", ("samples", "timesteps", "features"),
     "Time series: 250 samples of 390 timesteps with 3 features"),
    (tokens(50, 280, 128), "series", ("samples", "timesteps", "features"),
     "Sequences: 50 samples of 280 timesteps, each one of 128 symbols (one-hot)"),
    (np.zeros((1000, 280, 128), "uint8"), "series", ("samples", "timesteps", "features"),
     "Time series: 1,000 samples of 280 timesteps with 128 features"),
    (pixels(28, 28), "image", ("height", "width"), "Image: 28 x 28 pixels, greyscale"),
    (pixels(480, 640), "image", ("height", "width"), "Image: 480 x 640 pixels, greyscale"),
    (pixels(100, 28, 28), "image", ("samples", "height", "width"),
     "Images: 100 samples of 28 x 28 pixels, greyscale"),
    (normal(100, 28, 28), "image", ("samples", "height", "width"),
     "Images: 100 samples of 28 x 28 pixels, greyscale"),
    (pixels(9, 30, 20), "image", ("samples", "height", "width"),
     "Images: 9 samples of 30 x 20 pixels, greyscale"),
    (pixels(250, 390, 3), "image", ("height", "width", "channels"),
     "Image: 250 x 390 pixels, colour"),
    (generator.random((64, 64, 4)), "image", ("height", "width", "channels"),
     "Image: 64 x 64 pixels, colour with transparency"),
    (pixels(128, 256, 256, 1), "image", IMAGE_AXES,
     "Images: 128 samples of 256 x 256 pixels, 1 channel (greyscale)"),
    (normal(8, 13, 13, 64), "image", IMAGE_AXES,
     "Images: 8 samples of 13 x 13 pixels, 64 channels"),
    (pixels(32, 3, 64, 48), "image", ("samples", "channels", "height", "width"),
     "Images: 32 samples of 64 x 48 pixels, 3 channels (colour)"),
    (pixels(10, 20, 64, 64), "video", ("samples", "frames", "height", "width"),
     "Videos: 10 samples of 20 frames of 64 x 64 pixels, greyscale"),
    (np.zeros((4, 24, 14, 25, 3), "float32"), "video",
     ("samples", "frames", "height", "width", "channels"),
     "Videos: 4 samples of 24 frames of 14 x 25 pixels, 3 channels (colour)"),
    (pixels(2, 3, 5, 16, 18), "video", ("samples", "channels", "frames", "height", "width"),
     "Videos: 2 samples of 5 frames of 16 x 18 pixels, 3 channels (colour)"),
    (pixels(2, 5, 3, 16, 18), "video", ("samples", "frames", "channels", "height", "width"),
     "Videos: 2 samples of 5 frames of 16 x 18 pixels, 3 channels (colour)"),
    (np.zeros((2, 2, 2, 2, 2, 2)), "tensor",
     ("samples", "axis 1", "axis 2", "axis 3", "axis 4", "axis 5"), "Tensor: 2 samples of rank 5"),
    (["yes", "no"], "text", ("samples",), "Text: 2 strings"),
    ([[1, 2], [3]], "objects", ("samples",), "Objects: 2 values of dtype object"),
]  # fmt: skip


@pytest.mark.parametrize(("x", "kind", "axes", "sentence"), KINDS)
def test_kinds_of_data(x, kind, axes, sentence):
    account = describe(x)
    assert (account.kind, account.axes, account.sentence) == (kind, axes, sentence)
    assert account.rank == len(account.shape) == len(axes)
    assert account.batch == (axes[:1] == ("samples",))
    text = str(account)
    assert text == repr(account)
    assert text.startswith(f"{sentence}\n  shape   {account.shape}, rank {len(axes)}\n")
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.parametrize("axis", [1, 4])
def test_the_order_of_channels(axis):
    x = np.moveaxis(pixels(2, 4, 20, 16, 3), 4, axis)
    assert describe(x).data_format == ("channels_first" if axis == 1 else "channels_last")
    assert describe(pixels(5, 9, 9)).data_format is None


def test_attributes():
    x = np.array([[1, 2, 3], [4, 5, 250]], "uint8")
    account = describe(x)
    assert (account.rank, account.shape, account.dtype) == (2, (2, 3), np.dtype("uint8"))
    assert (account.size, account.nbytes) == (6, 6)
    assert (account.minimum, account.maximum, account.mean) == (1, 250, 265 / 6)
    assert account.sampled is None


def test_the_videos_of_the_chapter_are_sampled():
    account = describe(np.zeros((4, 240, 144, 256, 3), "float32"))
    assert account.size == 106_168_320
    assert "dtype   float32, 405 MiB\n" in str(account)
    assert 2**21 <= account.sampled <= 2**22
    assert f"(in a sample of {account.sampled:,} of the 106,168,320 values)" in str(account)


def test_a_memory_map_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MOST_READ", 1000)
    monkeypatch.setattr(module, "_SAMPLE", 500)
    x = np.memmap(tmp_path / "x.dat", dtype="float32", mode="w+", shape=(100, 28, 28, 1))
    x[:] = 0.5
    x[0] = 0.25
    account = describe(x)
    assert (account.kind, account.shape, account.nbytes) == ("image", (100, 28, 28, 1), 313600)
    assert account.sampled <= 500
    assert (account.minimum, account.maximum) == (0.25, 0.5)


def test_a_data_set_in_a_file_is_read_by_slices(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = pixels(50, 12, 12, 3)
        assert describe(file["x"]).sampled is None
        monkeypatch.setattr(module, "_MOST_READ", 1000)
        account = describe(file["x"])
        assert (account.kind, account.shape, account.sampled) == ("image", (50, 12, 12, 3), 21600)


@pytest.mark.parametrize(
    "shape", [(), (0,), (7,), (1000,), (3, 1000), (1000, 3), (4, 24, 14, 25, 3), (0, 9), (1, 999)]
)
def test_a_thinned_tensor_has_few_values_of_every_part(shape):
    x = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    thin = thinned(x, 100)
    assert thin.ndim == x.ndim
    assert min(x.size, 25) <= thin.size <= 100
    assert np.isin(thin, x).all()
    np.testing.assert_array_equal(thinned(x, max(x.size, 1)), x)


NOTES = [  # a tensor, and a note that it gets
    (np.zeros((0, 5)), "Axis 0 (samples) is empty: there is not a single value."),
    (np.array([[1.0, np.nan], [np.inf, -np.inf]]),
     "1 NaN and 2 infinite values, the first at [0, 1]: the loss would become NaN. Drop these "
     "samples, or replace with np.nan_to_num(x)."),
    (np.array([[np.nan]]), "1 NaN value, the first at [0, 0]: the loss"),
    (np.array(np.inf), "1 infinite value: the loss"),
    (np.array([1j, np.nan]), "1 NaN value, the first at [1]"),
    (np.full((2, 3), 7), "All values are 7."),
    (np.array([[1, 5, 2, 2], [1, 6, 2, 2], [1, 7, 2, 2]]),
     "3 of 4 features never change (0, 2, 3): they tell a network nothing."),
    (np.eye(6)[[0, 1, 1]] * 2,
     "4 of 6 features never change (2, 3, 4, ...): they tell"),
    (pixels(5, 9, 9, 1),
     'Pixels go up to 255: scale with x.astype("float32") / 255, or a Rescaling(1 / 255) layer.'),
    (np.array([[0.0, 200.0], [3.0, 4.0]])[None, ..., None], "Pixels go up to 200: scale with"),
    (pixels(9, 64), "Pixels go up to 255: scale with"),
    (np.array([3, 1, 0, 1]), "Integer labels go with sparse_categorical_crossentropy; "
     "categorical_crossentropy takes to_categorical(y)."),
    (np.array([3, 1, 0, 1]), "No sample of class 2."),
    (np.array([3, 1, 2, 1]), "Labels count from 1 to 3: subtract 1, classes count from 0."),
    (np.array([0, 1, 1]), "Labels 0 and 1 go with binary_crossentropy and one sigmoid unit."),
    (np.array([0] * 30 + [1, 1, 1]),
     "Class 0 has 30 samples and class 1 only 3: consider class_weight in fit."),
    (np.eye(3)[[0, 1]], "One-hot labels go with categorical_crossentropy. y.argmax(-1) gives the "
     "integers back."),
    (np.ones(4), "No batch axis, this is a lone vector, or the targets of a regression. "
     "A model takes x[None], of shape (1, 4)."),
    (pixels(28, 28), "No batch axis, this is one image. A model takes x[None], of shape "
     "(1, 28, 28)."),
    (pixels(5, 28, 28), "No channels axis: a convolution takes x[..., None]."),
    (pixels(5, 3, 28, 28), "Channels come first, but layers expect them last: "
     'np.moveaxis(x, 1, -1), or data_format="channels_first" in every layer.'),
    (np.ones((1024, 1024)), "float64, but networks compute in float32: "
     'x.astype("float32") needs only 4 MiB.'),
    (np.array([[1, 2], [3, "x"]], object), "dtype object holds Python objects, no numbers: "
     'try np.array(x.tolist(), "float32").'),
    ([[1, 2], [3]], "Rows of unequal lengths (1 to 2): pad them to one length, e.g. with "
     "pad_sequences(x)."),
    (["a"], "Strings are not numbers yet: map each to an integer, or use a StringLookup layer."),
    (np.array(["2026-01-01"], "M8[D]"), "Dates are not numbers yet: (x - x.min()) / "
     'np.timedelta64(1, "D") counts days.'),
    (np.array([1j]), "Complex numbers: split into x.real and x.imag, layers take real numbers."),
    (np.ones((2, 3), ">f4"), 'Bytes in foreign order: x.astype("float32") turns them once.'),
    (normal(4, 6).T, "Not C-contiguous (a transposed or strided view): np.ascontiguousarray(x) "
     "makes reading faster, for one copy."),
]  # fmt: skip


@pytest.mark.parametrize(("x", "note"), NOTES)
def test_what_is_odd_is_said(x, note):
    account = describe(x)
    assert any(said.startswith(note) for said in account.notes), account.notes
    printed = " ".join(str(account).split())
    assert note in printed


@pytest.mark.parametrize(
    "x",
    [normal(30, 4), np.array(3), normal(9, 20, 5), normal(5, 8, 8, 3), normal(2, 3, 8, 8, 1)],
)
def test_nothing_is_said_of_what_is_in_order(x):
    assert describe(x).notes == ()


@pytest.mark.parametrize(
    ("x", "also"),
    [
        (pixels(9, 784), "images of 28 x 28 pixels, each laid out in a row"),
        (np.array([[4, 900], [7, 12]]), "sequences of 2 tokens, for an Embedding layer"),
        (normal(250, 390, 3), "one image of 250 x 390 pixels, colour"),
        (pixels(250, 390, 3), "time series: 250 samples of 390 timesteps with 3 features"),
        (pixels(3, 28, 28), "one image with 3 channels first, or time series: 3 samples"),
        (normal(240, 144, 256, 3), "one video of 240 frames"),
        (pixels(28, 28), "vector data: 28 samples of 28 features"),
        (normal(9, 3), ""),
    ],
)
def test_the_next_likely_reading_is_mentioned(x, also):
    account = describe(x)
    assert account.also.startswith(also)
    assert bool(also) == bool(account.also) == (" also " in str(account))


def test_ranges_leave_out_what_is_not_finite():
    account = describe(np.array([[np.nan, 1.0], [np.inf, 3.0]]))
    assert (account.minimum, account.maximum, account.mean) == (1.0, 3.0, 2.0)
    account = describe(np.array([np.nan]))
    assert (account.minimum, account.maximum, account.mean) == (None, None, None)
    assert "values" not in str(account).replace("axes    values", "").replace("1 values", "")
    assert describe(np.array([1e308, 1e308])).mean == np.inf  # the sum overflows, silently


def test_foreign_float_types():
    account = describe(normal(4, 3).astype(ml_dtypes.bfloat16))
    assert (account.kind, str(account.dtype), account.nbytes) == ("vector data", "bfloat16", 24)
    assert account.minimum < 0 < account.maximum


def test_a_list_is_not_blamed_for_its_dtype():
    assert describe([[0.5, 1.5], [2.5, 3.5]]).notes == ()
    assert "float64" in " ".join(describe(np.array([[0.5, 1.5], [2.5, 3.5]])).notes)


def test_a_data_set_in_two_parts():
    labels = np.arange(40) % 10
    data = describe(((pixels(40, 28, 28), labels), (pixels(20, 28, 28), labels[:20])))
    assert list(data.parts) == ["x_train", "y_train", "x_test", "y_test"]
    assert data["x_test"].shape == (20, 28, 28)
    text = str(data)
    assert text == repr(data)
    assert text.startswith("x_train = Images: 40 samples of 28 x 28 pixels, greyscale\n  shape ")
    assert "\ny_test = Labels: 20 samples of 10 classes\n" in text
    assert text.count("Pixels go up to 255") == 1  # what is said once is not said again
    assert data.notes == ()


def test_names_of_parts():
    x, y = normal(4, 3), np.array([0, 1, 0, 2])
    split = (x, y)
    assert list(describe(split).parts) == ["x", "y"]
    assert list(describe((x, None, normal(4))).parts) == ["x", "sample_weight"]
    assert list(describe((x,)).parts) == ["[0]"]
    assert list(describe(((x, x), y)).parts) == ["x.x", "x.y", "y"]
    assert list(describe({"image": x, "age": y}).parts) == ["image", "age"]
    three = describe((split, split, split))
    assert list(three.parts)[2:4] == ["x_validation", "y_validation"]
    assert describe((1, 2, 2)).kind == "labels"  # a tuple of numbers is a vector


SPLIT = (normal(4, 3), np.array([0, 1, 0, 1]))


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ((normal(4, 3), np.array([0, 1, 0])), "x has 4 samples and y has 3 samples: they should "
         "be of one length, a target for each sample."),
        ((SPLIT, (normal(1, 3), np.array([1, 0]))), "x_test has 1 sample and y_test has 2 samples"),
        ((SPLIT, (normal(4, 2), SPLIT[1])),
         "x_train has samples of shape (3,), x_test of (2,)."),
        ((SPLIT, (SPLIT[0].astype("float16"), SPLIT[1])),
         "x_train is float32, x_test is float16: prepare both alike."),
        ((SPLIT, (SPLIT[0], np.array([0, 1, 2, 2]))),
         "y_test has class 2, which y_train never shows."),
        ((SPLIT, (SPLIT[0] * 255, SPLIT[1])), "x_train goes up to "),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_each_other(data, note):
    account = describe(data)
    assert any(said.startswith(note) for said in account.notes), account.notes
    assert note in " ".join(str(account).split())


def test_a_symbolic_tensor_has_nothing_to_describe():
    class Symbolic:
        shape = (None, 784)

    message = (
        "describe expected a tensor with values. Received: a symbolic one of shape (None, 784), "
        "which gets its values when the model runs. Describe what you feed to the model."
    )
    with pytest.raises(TypeError, match=re.escape(message)):
        describe(Symbolic())


def test_an_outlier_among_labels_does_not_hang():
    labels = np.zeros(2**21, "int64")
    labels[::2], labels[3] = 1, 10**15  # seen by no evenly spaced sample
    assert describe(labels).kind in ("labels", "vector")
