"""Summaries: as TensorFlow writes them, to the byte; whole after any failure; clear refusals."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from geartrain import Variable, jit, ops, summaries
from geartrain.files.records import crc32c, framed, records
from geartrain.summaries.messages import fields
from geartrain.summaries.png import encode_png
from tests.summaries.examples import RECORDED, write_all


def events_of(path):
    """The fields of each event, without its time."""
    with path.open("rb") as stream:
        return [
            [field for field in fields(record) if field[0] != 1]
            for record in records(stream, path.name)
        ]


def test_every_event_is_as_tensorflow_writes_it(tmp_path):
    ours, theirs = events_of(write_all(summaries, str(tmp_path))), events_of(RECORDED)
    assert len(ours) == len(theirs) == 15
    assert ours[0][0] == theirs[0][0] == (3, b"brain.Event:2")
    different = [n for n in range(1, 15) if ours[n] != theirs[n]]
    images = [n for n in range(1, 15) if b"\x89PNG" in dict(theirs[n])[5]]
    assert len(images) == 2 and set(different) <= set(images)  # compressed in another way


def test_what_is_read_is_what_was_written(tmp_path):
    from PIL import Image

    write_all(summaries, str(tmp_path))
    found = {event.tag: event for event in summaries.read(tmp_path)}
    assert (found["loss"].step, found["loss"].kind, found["loss"].value) == (0, "scalars", 0.5)
    assert found["default step"].step == 2 and "not written" not in found
    assert found["values"].value.tolist() == [[0, 2, 2], [2, 4, 3], [4, 6, 0], [6, 8, 1]]
    assert found["normal"].value[:, 2].sum() == 1000
    assert found["table"].value.tolist() == [[b"a", b"b"], [b"c", b"d"]]
    assert found["numbers"].value.tolist() == [[1, 2**40]] and found["numbers"].step == 2**33
    width, height, first, _ = found["bytes"].value
    assert (width, height) == (b"4", b"3")
    pixels = np.random.default_rng(0)
    pixels.normal(size=1000)
    expected = pixels.integers(0, 256, (2, 3, 4, 3)).astype("uint8")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(first))), expected[0])


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_png_as_another_library_reads_it(channels, mode):
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, channels)).astype("uint8")
    read = Image.open(io.BytesIO(encode_png(pixels)))
    assert read.mode == mode
    np.testing.assert_array_equal(np.asarray(read).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("size", [0, 1, 9, 16383, 16384, 16385, 100_003])
def test_checksums_of_short_and_long_data(size):
    """Against the definition: the rest of a division of polynomials over the numbers 0 and 1."""
    data = np.random.default_rng(size).bytes(size)
    register = 0xFFFFFFFF
    for byte in data[:3000]:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    assert crc32c(data[:3000]) == register ^ 0xFFFFFFFF
    # the sum of a text, of its parts and of a part of zeros is linear in the text
    other = np.random.default_rng(size + 1).bytes(size)
    both = bytes(one ^ two for one, two in zip(data, other, strict=True))
    assert crc32c(both) == crc32c(data) ^ crc32c(other) ^ crc32c(bytes(size))
    assert list(records(io.BytesIO(framed(data)), "x")) == [data]


def head_of(length):
    """The start of a record that claims this length, with a true checksum."""
    head = struct.pack("<Q", length)
    return head + framed(head)[-4:]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (0, "a length with its checksum"), (9, "a length with its checksum"),
        (13, "8 bytes with their checksum"), (20, "8 bytes with their checksum"),
    ],
)  # fmt: skip
def test_a_changed_bit_is_found(place, expected):
    data = bytearray(framed(b"a record"))
    data[place] ^= 4
    with pytest.raises(ValueError, match=rf"log: expected {expected} in record 1.*damaged"):
        list(records(io.BytesIO(data), "log"))
    with pytest.raises(ValueError, match=r"expected at most 2147483648 bytes in record 1"):
        list(records(io.BytesIO(head_of(2**40)), "log"))
    with pytest.raises(ValueError, match="record 2"):
        list(records(io.BytesIO(framed(b"one") + framed(b"two")[:-1]), "log"))


def test_without_a_writer_nothing_is_written_and_nothing_is_asked(tmp_path):
    assert summaries.scalar("x", 1.0) is False
    with summaries.create_noop_writer().as_default(step=1):
        assert summaries.scalar("x", 1.0) is True
    writer = summaries.create_file_writer(tmp_path)
    with writer.as_default():
        with pytest.raises(ValueError, match=r"summaries\.scalar: No step set.*Received: None"):
            summaries.scalar("x", 1.0)
        summaries.set_step(Variable(np.int64(7)))
        assert summaries.scalar("x", 1.0) is True
        summaries.set_step(None)
    assert summaries.get_step() is None
    assert [event.step for event in summaries.read(tmp_path)] == [7]


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda: summaries.scalar("x", [1.0, 2.0]), r"scalar: expected one number.*shape \(2,\)"),
        (lambda: summaries.histogram("x", ["a"]), r"histogram: expected numbers.*dtype <U1"),
        (
            lambda: summaries.image("x", np.zeros((3, 4, 3))),
            r"expected shape \(images, height, width, 1 to 4 channels\)",
        ),
        (
            lambda: summaries.image("x", np.zeros((1, 3, 4, 3), int)),
            r"expected floats from 0 to 1, or bytes \(uint8\).*int64",
        ),
        (lambda: summaries.text("x", 3.0), r"text: expected a text, or texts.*float64"),
        (lambda: summaries.audio("x", np.zeros((1, 4)), 8000), r"audio: expected floats of shape"),
        (
            lambda: summaries.audio("x", np.zeros((1, 4, 1)), 8000, encoding="mp3"),
            r"summaries\.audio: expected encoding='wav'.*'mp3'",
        ),
        (lambda: summaries.write("x", object()), "expected numbers or texts"),
    ],
)
def test_what_fits_no_kind_is_refused(tmp_path, write, message):
    with (
        summaries.create_file_writer(tmp_path).as_default(step=0),
        pytest.raises(ValueError, match=message),
    ):
        write()
    assert summaries.read(tmp_path) == []


def test_a_histogram_leaves_out_what_is_not_finite(tmp_path):
    with (
        summaries.create_file_writer(tmp_path).as_default(step=0),
        pytest.warns(UserWarning, match=r"1 of 3 values of 'x' are NaN or infinite"),
    ):
        summaries.histogram("x", [1.0, np.nan, 3.0], buckets=2)
    assert summaries.read(tmp_path)[0].value.tolist() == [[1, 2, 1], [2, 3, 1]]


def test_in_a_traced_function_the_error_says_what_to_do(tmp_path):
    def function(x):
        summaries.histogram("x", x, step=0)
        return ops.relu(x)

    with (
        summaries.create_file_writer(tmp_path).as_default(),
        pytest.raises(ValueError, match=r"While a step is traced .* in a callback"),
    ):
        jit(function)(np.ones(3, "float32"))


def test_writers_write_when_they_must(tmp_path):
    writer = summaries.create_file_writer(tmp_path / "a" / "b", max_queue=3)

    def count():
        return len(summaries.read(tmp_path / "a" / "b"))

    writer.set_as_default(step=1)
    try:
        summaries.scalar("x", 1.0)
        assert count() == 0
        summaries.flush()
        assert count() == 1
        for _ in range(4):
            summaries.scalar("x", 2.0)
        assert count() == 4
    finally:
        summaries.create_noop_writer().set_as_default()
        summaries.set_step(None)
    del writer
    assert count() == 5  # at the latest when nobody has the writer any more
    closed = summaries.create_file_writer(tmp_path)
    closed.close()
    with closed.as_default(step=0), pytest.raises(ValueError, match="expected an open writer"):
        summaries.scalar("x", 1.0)


def test_graphs_and_models(tmp_path):
    with summaries.create_file_writer(tmp_path).as_default(step=0):
        summaries.graph(
            [
                summaries.GraphNode("x", "Input"),
                summaries.GraphNode("group/y", "Dense", ("x",), {"shape": "(None, 3)"}),
            ]
        )
        summaries.keras_model("keras", "{}")
    _, graph, model = events_of(next(tmp_path.glob("*.tfevents.*")))
    nodes = [dict(fields(node)) for number, node in fields(dict(graph)[4]) if number == 1]
    assert nodes[1][1] == b"group/y" and nodes[1][3] == b"x" and b"(None, 3)" in nodes[1][5]
    assert b"graph_keras_model" in dict(model)[5]
