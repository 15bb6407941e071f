"""The npz reader: exactly the expected members, and no pickle, no bomb, no surprise."""

from __future__ import annotations

import io
import pickle
import random
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from geartrain.datasets.npz import read_npz

X = np.arange(24, dtype="uint8").reshape(2, 3, 4)
Y = np.array([5, 6], "uint8")
EXPECTED = {"x": ((2, 3, 4), "uint8"), "y": ((2,), "uint8")}


def npy(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def header(text, version=b"\1\0"):
    length = len(text).to_bytes(2 if version[0] == 1 else 4, "little")
    return b"\x93NUMPY" + version + length + text


def archive(members, compression=zipfile.ZIP_DEFLATED):
    """A zip archive of (name, content) pairs, in which a name may come twice."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of the duplicate that a test wants
        with zipfile.ZipFile(file, "w", compression) as out:
            for name, content in members:
                out.writestr(name, content)
    return file.getvalue()


def with_x(content):
    return archive([("x.npy", content), ("y.npy", npy(Y))])


GOOD = with_x(npy(X))


def patched(offset, value):
    """GOOD with bytes replaced in the first entry of its directory."""
    start = GOOD.index(b"PK\1\2") + offset
    return GOOD[:start] + value + GOOD[start + len(value) :]


class Trap:
    """An object whose unpickling leaves a trace."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


def pickled_array():
    file = io.BytesIO()
    np.save(file, np.array([Trap(), Trap()], object), allow_pickle=True)
    return file.getvalue()


SHAPE = b"(2, 3, 4)"
HEADER = b"{'descr': '|u1', 'fortran_order': False, 'shape': %s, }\n"
HOSTILE = {
    "empty": (b"", "expected a whole .npz archive. Received: File is not a zip file"),
    "text": (b"<html>not found</html>", "expected a whole .npz archive"),
    "bare npy": (npy(X), "expected a whole .npz archive"),
    "cut": (GOOD[:-30], "expected a whole .npz archive"),
    "no member": (archive([]), r"the members \['x.npy', 'y.npy'\]. Received: \[\]"),
    "one lacks": (archive([("x.npy", npy(X))]), r"Received: \['x.npy'\]"),
    "one more": (
        archive([("x.npy", npy(X)), ("y.npy", npy(Y)), ("z.npy", npy(Y))]),
        r"Received: \['x.npy', 'y.npy', 'z.npy'\]",
    ),
    "twice": (
        archive([("x.npy", npy(X)), ("x.npy", npy(X)), ("y.npy", npy(Y))]),
        r"Received: \['x.npy', 'x.npy', 'y.npy'\]",
    ),
    "path": (archive([("../x.npy", npy(X)), ("y.npy", npy(Y))]), r"Received: \['\.\./x.npy'"),
    "many": (archive([(f"{i}.npy", b"") for i in range(999)]), r"Received: \['0.npy', .*\.\.\."),
    "other shape": (with_x(npy(X.reshape(4, 6))), r"Received: shape \(4, 6\), dtype uint8"),
    "other dtype": (with_x(npy(X.astype("int8"))), r"shape \(2, 3, 4\), dtype \|i1"),
    "wider dtype": (with_x(npy(X.astype("float64"))), r"shape \(2, 3, 4\), dtype <f8"),
    "structured": (with_x(npy(np.zeros(24, [("a", "u1")]))), "header with descr, fortran_order"),
    "pickled objects": (with_x(pickled_array()), r"shape \(2,\), dtype \|O"),
    "bare pickle": (with_x(pickle.dumps(Trap()).ljust(99, b".")), "expected a .npy array. Receiv"),
    "Fortran order": (with_x(npy(np.asfortranarray(X))), "expected rows first .* Fortran order"),
    "huge shape": (
        with_x(header(HEADER % b"(1125899906842624, 3, 4)") + X.tobytes()),
        r"Received: shape \(1125899906842624, 3, 4\)",
    ),
    "negative shape": (with_x(header(HEADER % b"(-2, 3, 4)") + X.tobytes()), "expected a header"),
    "code in the header": (
        with_x(header(HEADER % b"(print(1), 3, 4)") + X.tobytes()),
        "expected a header with descr",
    ),
    "nested header": (with_x(header(HEADER % (b"(" * 900)) + X.tobytes()), "expected a header"),
    "version 9": (with_x(header(HEADER % SHAPE, b"\x09\0") + X.tobytes()), "4e 55 4d 50 59 09"),
    "long header": (
        with_x(b"\x93NUMPY\2\0\xff\xff\xff\x7f" + X.tobytes()),
        "expected at most 4096 bytes of header. Received: 2147483647",
    ),
    "header cut": (with_x(npy(X)[:40]), "expected a header with descr"),
    "too short": (with_x(npy(X)[:-1]), "expected 24 bytes of elements. Received: 23"),
    "too long": (with_x(npy(X) + b"more"), "expected 24 bytes of elements. Received: more"),
    "tiny member": (with_x(b"short"), "expected 24 to 4120 bytes. Received: 5"),
    "bomb": (with_x(npy(X) + bytes(100 << 20)), "expected 24 to 4120 bytes. Received: 104857"),
    "bomb that lies": (
        with_x(npy(X) + bytes(100 << 20)).replace(
            (len(npy(X)) + (100 << 20)).to_bytes(4, "little"), (152).to_bytes(4, "little")
        ),
        "Received: Bad CRC-32",
    ),
    "bzip2": (
        archive([("x.npy", npy(X)), ("y.npy", npy(Y))], zipfile.ZIP_BZIP2),
        "expected it stored or deflated. Received compression type 12",
    ),
    "unknown compression": (patched(10, b"\x63\0"), "Received compression type 99"),
    "encrypted": (patched(8, b"\1\0"), "expected no encryption. Received"),
    "name that is not UTF-8": (
        patched(8, b"\0\x08").replace(b"x.npy", b"\xff.npy"),
        "expected a whole .npz archive. Received: 'utf-8' codec can't decode",
    ),
    "wrong checksum": (patched(16, b"\1\2\3\4"), "Received: Bad CRC-32 for file 'x.npy'"),
    "offset beyond": (patched(42, b"\xff\xff\xff\x0f"), "expected a whole .npz archive"),
    "directory too large": (
        GOOD[:-10] + b"\xff\xff\xff\x7f" + GOOD[-6:],
        "expected a whole .npz archive",
    ),
    "directory shifted": (
        GOOD[:-6] + (int.from_bytes(GOOD[-6:-2], "little") + 64).to_bytes(4, "little") + GOOD[-2:],
        "expected it inside the file. Received a negative offset",
    ),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_refuses(content, message, tmp_path):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"^the mirror.*{message}"):
            read_npz(content, EXPECTED, name="the mirror")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
    assert not Trap.sprung
    path = tmp_path / "hostile.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"hostile\.npz"):
        read_npz(path, EXPECTED)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(save, tmp_path):
    path = tmp_path / "data.npz"
    save(path, x=X, y=Y)
    for source in (path, str(path), path.read_bytes()):
        arrays = read_npz(source, EXPECTED)
        assert list(arrays) == ["x", "y"]
        np.testing.assert_array_equal(arrays["x"], X)
        np.testing.assert_array_equal(arrays["y"], Y)
        assert arrays["x"].flags.writeable


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_reads_every_version_of_the_header(version):
    file = io.BytesIO()
    np.lib.format.write_array(file, X, version)
    np.testing.assert_array_equal(read_npz(with_x(file.getvalue()), EXPECTED)["x"], X)


def test_reads_the_long_integers_of_python_2():
    content = with_x(header(HEADER % b"(2L, 3L, 4L)") + X.tobytes())
    np.testing.assert_array_equal(read_npz(content, EXPECTED)["x"], X)


def test_reads_an_empty_array():
    content = archive([("x.npy", npy(np.zeros((0, 4), "float32")))])
    assert read_npz(content, {"x": ((0, 4), "float32")})["x"].shape == (0, 4)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.npz"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match=r"large.npz: expected at most 73754 bytes. Received: 109"):
        read_npz(path, EXPECTED)


def test_a_folder_is_refused_and_a_missing_file_named(tmp_path):
    with pytest.raises(ValueError, match=r"expected a regular file. Received another kind"):
        read_npz(tmp_path, EXPECTED)
    with pytest.raises(FileNotFoundError, match=r"missing\.npz"):
        read_npz(tmp_path / "missing.npz", EXPECTED)


def test_mutations_are_refused_by_name_or_leave_the_arrays_whole():
    rng = random.Random(0)
    for trial in range(600):
        damaged = bytearray(GOOD)
        if trial % 5 == 0:
            del damaged[rng.randrange(len(damaged)) :]
        else:
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        try:
            arrays = read_npz(bytes(damaged), EXPECTED, name="file")
        except ValueError as error:
            assert str(error).startswith("file")
        else:
            assert (arrays["x"] == X).all() and (arrays["y"] == Y).all()
