"""`geartrain describe`: files of each kind, and files that are not what they seem."""

from __future__ import annotations

import gzip
import os
import zipfile

import numpy as np
import pytest

from geartrain.cli import main
from geartrain.datasets.idx import encode_idx


def described(capsys, *names):
    assert main(["describe", *map(str, names)]) == 0
    return capsys.readouterr().out


SERIES = np.zeros((250, 390, 3), "float32")


def test_describe_npy(tmp_path, capsys):
    np.save(tmp_path / "x.npy", SERIES)
    printed = described(capsys, tmp_path / "x.npy")
    assert printed.startswith("Time series: 250 samples of 390 timesteps with 3 features\n")
    assert "shape   (250, 390, 3), rank 3" in printed


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_describe_npz(save, tmp_path, capsys):
    save(tmp_path / "x.npz", x=np.asfortranarray(np.arange(6.0).reshape(2, 3)), y=np.arange(2))
    printed = described(capsys, tmp_path / "x.npz")
    assert "x = " in printed
    assert "y = " in printed
    assert "shape   (2, 3), rank 2" in printed
    assert "values  0 to 5, mean 2.5" in printed


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_describe_idx(pack, tmp_path, capsys):
    (tmp_path / "images").write_bytes(pack(encode_idx(np.zeros((9, 28, 28), "uint8"))))
    assert described(capsys, tmp_path / "images").startswith("Images: 9 samples of 28 x 28 pixels")


@pytest.mark.parametrize(
    "text", ["height,weight\n1.5,60\n1.8,80\n1.7,70\n", "1.5\t60\n1.8\t80\n1.7\t70\n"]
)
def test_describe_csv(text, tmp_path, capsys):
    (tmp_path / "people.csv").write_text(text)
    printed = described(capsys, tmp_path / "people.csv")
    assert "shape   (3, 2), rank 2" in printed
    assert "values  1.5 to 80" in printed


def test_describe_a_data_set(capsys):
    printed = described(capsys, "digits")
    assert "x_train = Images: 4,000 samples of 28 x 28 pixels, greyscale" in printed


def test_describe_several_files(tmp_path, capsys):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", SERIES)
    printed = described(capsys, tmp_path / "a.npy", tmp_path / "b.npy")
    assert f"{tmp_path / 'a.npy'}: Time series" in printed
    assert f"\n\n{tmp_path / 'b.npy'}: Time series" in printed


def refused(capsys, path):
    assert main(["describe", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(path) in error
    return error


def test_describe_what_is_not_there(capsys):
    error = refused(capsys, "gone.npy")
    assert "expected a file, or one of the data sets boston_housing, california_housing" in error


def test_describe_texts_of_a_data_set_as_rows(capsys, monkeypatch):
    texts = np.empty(2, object)
    texts[:] = [[1, 2, 3], list(range(600))]
    part = texts, np.array([0, 1])
    monkeypatch.setattr("geartrain.datasets.imdb.load_data", lambda: (part, part))
    assert "(2, 500)" in described(capsys, "imdb")


def test_describe_a_folder(tmp_path, capsys):
    assert "expected a file. Received: a folder" in refused(capsys, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.pdf", b"%PDF-1.7", "expected .npy, .npz, IDX (also gzipped) or .csv"),
        ("empty", b"", "Received: a file that starts with nothing"),
        ("x.csv", b"a,b\nred,2\n", "expected numbers, a row a line"),
        ("x.npz", b"PK\x03\x04damaged", "expected a zip archive as model.save writes it"),
        ("x.npy", b"\x93NUMPY\x01\x00", "expected a header with descr"),
        ("x.idx", b"\0\0\x08\x01\0\0\0\x09", "expected 9 bytes of elements"),
    ],
)
def test_describe_a_damaged_file(name, content, message, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert message in refused(capsys, tmp_path / name)


def test_describe_never_unpickles(tmp_path, capsys):
    class Canary:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "touched"),))

    bomb = np.array([Canary()], dtype=object)
    np.save(tmp_path / "x.npy", bomb)
    np.savez(tmp_path / "x.npz", x=bomb)
    refused(capsys, tmp_path / "x.npy")
    assert "pickled Python objects, not read" in refused(capsys, tmp_path / "x.npz")
    assert not (tmp_path / "touched").exists()


def test_describe_reads_no_more_than_there_is(tmp_path, capsys):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1125899906842624,), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    (tmp_path / "x.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", content)
    for name in ("x.npy", "x.npz"):
        message = "expected 9007199254740992 bytes for shape"
        assert message in refused(capsys, tmp_path / name)


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5", "m.onnx", "m.safetensors"])
def test_describe_a_model(name, tmp_path, capsys):
    (tmp_path / name).write_bytes(b"PK")
    error = refused(capsys, tmp_path / name)
    assert "expected data. Received: a file of a model or of weights" in error
    assert f"`geartrain inspect {tmp_path / name}`" in error
