"""The reader of pickles: data as Python's own reads them, and nothing that does anything else."""

from __future__ import annotations

import collections
import datetime
import os
import pickle
import random
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


HOSTILE = {
    "a command": pickle.dumps(Trap(os.system, "echo trapped > trap")),
    "a process": pickle.dumps([Trap(subprocess.call, ["true"])], 4),
    "eval": pickle.dumps(Trap(eval, "1"), 2),
    "a class": pickle.dumps(collections.OrderedDict(a=1)),
    "an object": pickle.dumps(datetime.date(2020, 1, 1)),
    "a set": pickle.dumps({1, 2}),
    "NumPy's loader": pickle.dumps(Trap(np.load, "file"), 2),
    "another encoding": pickle.dumps(Trap(__import__("codecs").encode, "a", "rot13"), 2),
    "a dtype of objects inside": pickle.dumps(np.zeros(2, [("a", "O")])),
    "text": pickle.dumps(np.array(["a", "b"])),
    "times": pickle.dumps(np.array(["2020"], "datetime64[D]")),
    "a large number": pickle.dumps(2**100),
    "a copied reference": b"\x80\x02)" + b"2\x86" * 60 + b"}p0\n.",
    "a key made of keys": b"\x80\x02}"
    + b")\x85q\x00h\x00"
    + b"\x86q\x00h\x00" * 60
    + b"\x86K\x01s.",
    "a persistent id": b"\x80\x04\x8c\x01aQ.",
    "the shape of more": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
    b"U\x01b\x87R(K\x01J\xff\xff\xff\x7f\x85cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R\x89U\x01atb.",
    "a shape below zero": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n(tU\x01b"
    b"\x87R(K\x01J\xff\xff\xff\xff\x85cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R\x89U\x00tb.",
    "no elements": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n(tU\x01b\x87R.",
    "a type called": b"\x80\x02cnumpy\nndarray\nK\x05\x85R.",
    "what is not there": b"\x80\x02\x87.",
    "an empty stack": b"\x80\x02e.",
    "an unknown memo": b"\x80\x02h\x07.",
    "more bytes than it has": b"\x80\x03B\xff\xff\xff\xffa.",
    "nothing": b"",
    "text that is none": b"hello\n",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_refuses_all_else(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^set\.npz, byte \d+: expected data alone\. Received: "):
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
