"""The reader of pickles: data as Python's own reads them, and nothing that does anything else."""

from __future__ import annotations

import codecs
import collections
import datetime
import os
import pickle
import random
import re
import subprocess

import numpy as np
import pytest

from geartrain.datasets.pickles import read_pickle


def ragged(*lists):
    array = np.empty(len(lists), object)
    for place, one in enumerate(lists):
        array[place] = one
    return array


DATA = [
    {"data": np.arange(12, dtype="uint8").reshape(3, 4), "labels": [6, 9, 255], b"name": b"a"},
    [0, 255, 256, 65_535, 65_536, -1, -(2**31), 2**31, 2**62, True, False, None, 1.5, "é", b"\0"],
    (1, (2, (3, (4, 5, 6, 7)))),
    [np.arange(6.0).reshape(2, 3).T, np.zeros((0, 3), "float32"), np.array(7, "int16")],
    [np.ones(3, dtype) for dtype in (">i4", "<f2", ">f8", "bool", "uint64")],
    [np.float32(1.5), np.int64(-3)],
    ragged([1, 2, 300], [], [70_000], ["text"]),
    np.array([[1, 2], [3, 4]], object),
    list(range(5_000)),
    {str(number): number for number in range(3_000)},
    [[]] * 3,
    "x" * 300,
    b"x" * 70_000,
]


def same(one, other):
    """Whether two results are equal, all the way down."""
    if isinstance(one, np.ndarray):
        native = one.dtype.newbyteorder("=")
        assert type(other) is np.ndarray and (other.dtype, other.shape) == (native, one.shape)
        assert other.flags.writeable
        return all(same(*pair) for pair in zip(one.ravel(), other.ravel(), strict=True))
    assert type(one) is type(other)
    if isinstance(one, dict):
        one, other = list(one.items()), list(other.items())
    if isinstance(one, list | tuple):
        return all(same(*pair) for pair in zip(one, other, strict=True))
    return one == other


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("data", DATA, ids=range(len(DATA)))
def test_reads_data_as_python_does(data, protocol):
    content = pickle.dumps(data, protocol)
    assert same(pickle.loads(content), read_pickle(content))
    assert same(data, read_pickle(content))


def test_reads_what_python_2_wrote():
    """The layout of CIFAR's batches: byte strings for names and elements, NumPy's old place."""
    content = (
        b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03U\x06labelsq\x04]q\x05"
        b"(K\x06K\tM\x01\x01eU\x04dataq\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\n"
        b"ndarray\nq\x08K\x00\x85q\tU\x01bq\n\x87q\x0bRq\x0c(K\x01K\x02K\x03\x86q\rcnumpy\ndtype\n"
        b"q\x0eU\x02u1q\x0fK\x00K\x01\x87q\x10Rq\x11(K\x03U\x01|q\x12NNNJ\xff\xff\xff\xffJ\xff\xff"
        b"\xff\xffK\x00tq\x13b\x89U\x06abcdefq\x14tq\x15bu."
    )
    assert same(
        {
            b"batch_label": b"training batch 1 of 5",
            b"labels": [6, 9, 257],
            b"data": np.frombuffer(b"abcdef", "uint8").reshape(2, 3),
        },
        read_pickle(content),
    )


class Trap:
    """What calls a function where it is unpickled."""

    def __init__(self, function, *arguments):
        self.called = (function, arguments)

    def __reduce__(self):
        return self.called


def array_of(shape, dtype=b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R", elements=b"U\x01a"):
    """An array as NumPy is pickled by protocol 2, with any part of it replaced."""
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    return b"\x80\x02" + made + b"(K\x01" + shape + dtype + b"\x89" + elements + b"tb."


ONE = b"K\x01\x85"  # the shape (1,)
ORDER = b"cnumpy\ndtype\nU\x02i4K\x00K\x01\x87R(K\x03U\x01?NNNK\x00K\x00K\x00tb"
HOSTILE = [
    (pickle.dumps(Trap(os.system, "echo trapped > trap")), "a reference to 'posix.system'"),
    (pickle.dumps([Trap(subprocess.call, ["true"])], 4), "a reference to 'subprocess.call'"),
    (pickle.dumps(Trap(eval, "1"), 2), "a reference to '__builtin__.eval'"),
    (pickle.dumps(collections.OrderedDict(a=1)), "a reference to 'collections.OrderedDict'"),
    (pickle.dumps(datetime.date(2020, 1, 1)), "a reference to 'datetime.date'"),
    (pickle.dumps(Trap(np.load, "file"), 2), "a reference to 'numpy.load'"),
    (pickle.dumps({1, 2}), r"a step b'\x8f'"),
    (b"\x80\x02)" + b"2\x86" * 60 + b".", "a step b'2'"),
    (b"\x80\x04\x8c\x01aQ.", "a step b'Q'"),
    (pickle.dumps(Trap(codecs.encode, "a", "rot13"), 2), "an encoding 'rot13'"),
    (pickle.dumps(np.zeros(2, [("a", "O")])), "an array of 'V8'"),
    (pickle.dumps(np.array(["a", "b"])), "an array of 'U1'"),
    (pickle.dumps(np.array(["2020"], "datetime64[D]")), "an array of 'M8'"),
    (pickle.dumps(2**100), "a number of more than 64 bits"),
    (b"\x80\x02})\x85K\x01s.", "an entry whose name is no string or number"),
    (array_of(b"J\xff\xff\xff\x7f\x85"), "1 elements or bytes for an array of 2147483647"),
    (array_of(b"J\xff\xff\xff\xff\x85"), "an array of shape (-1,)"),
    (array_of(ONE, b"K\x01"), "an array without shape or dtype"),
    (array_of(ONE, ORDER), "an order of bytes '?'"),
    (array_of(ONE, elements=b"]"), "an array without elements"),
    (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nNNN\x87R.", "an array without elements"),
    (b"\x80\x02cnumpy\nndarray\nK\x05\x85R.", "a call"),
    (b"\x80\x02](K\x01tb.", "an object with a state"),
    (b"\x80\x02}(K\x01e.", "elements of what is no list"),
    (b"\x80\x02](K\x01K\x02u.", "entries of what is no dict"),
    (b"\x80\x02\x87.", "a step that takes what is not there"),
    (b"\x80\x03B\xff\xff\xff\xffa.", "4294967295 bytes after its end"),
    (b"\x80\x02e.", "a damaged pickle"),
    (b"\x80\x02h\x07.", "a damaged pickle"),
    (b"\x80\x02cnumpy", "a damaged pickle"),
    (b"", "a damaged pickle"),
]


@pytest.mark.parametrize(("content", "received"), HOSTILE)
def test_refuses_all_else(content, received, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = rf"^set\.npz, byte \d+: expected data alone\. Received: {re.escape(received)}\. It is"
    with pytest.raises(ValueError, match=message):
        read_pickle(content, "set.npz")
    assert not (tmp_path / "trap").exists()


def test_what_is_nested_deeply_is_read_and_costs_nothing():
    depth = 100_000
    value = read_pickle(b"\x80\x02]" + b"]" * depth + b"a" * depth + b".")
    for _ in range(depth):
        (value,) = value
    assert value == []


def test_damage_is_refused_or_gives_data():
    """Nothing but ValueError ever comes of it, whatever byte is changed and wherever it ends."""
    chance = random.Random(0)
    content = pickle.dumps(DATA[0], 2) + pickle.dumps(DATA[6], 4)
    for _ in range(2_000):
        damaged = bytearray(content[: chance.randrange(len(content) + 1)])
        for _ in range(chance.randrange(1, 4)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read_pickle(bytes(damaged))
        except ValueError as error:
            assert "expected data alone" in str(error)
