"""`geartrain inspect` on files that are odd, damaged or hostile: told of, and never loaded."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from geartrain import models
from tests.commands.model_files import (
    LAMBDA,
    NO_DATE,
    plain,
    rewritten,
    saved_as,
    texts,
    with_layer,
)

# -- configurations that are odd or hostile -------------------------------------------------------


def function(module, name):
    config = {"module": module, "class_name": "function", "config": name, "registered_name": name}
    return {
        "module": "keras.layers",
        "class_name": "Activation",
        "config": {"name": "a", "activation": config},
        "registered_name": None,
    }


def layer(module, name, registered=None):
    return {
        "module": module,
        "class_name": name,
        "config": {"name": "x"},
        "registered_name": registered,
    }


HOSTILE = {
    "bytecode": (LAMBDA, "config.layers[1].config.function: holds the bytecode of a function"),
    "os.system": (function("os", "system"), "activation: names 'os.system' of Python"),
    "eval": (function("builtins", "eval"), "activation: names 'builtins.eval' of Python"),
    "a class of Python": (layer("subprocess", "Popen"), "names 'subprocess.Popen' of Python"),
    "a gadget": (function("keras.utils", "get_file"), "'keras.utils.get_file' is not known"),
    "unknown to Keras": (layer("keras.layers", "Dens"), "'keras.layers.Dens' is not known"),
    "no name": ({"class_name": ["x"], "config": {}}, "stands where a name should"),
    "a bomb": (
        {"module": "keras.layers", "class_name": "Dense", "registered_name": None,
         "config": {"name": "b", "units": 10**12}},
        "declares units=1,000,000,000,000",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_configurations(case, trained, command):
    description, message = HOSTILE[case]
    path = rewritten(trained, config=with_layer(description))
    found = plain(command, path, code=1)
    assert any(message in text for text in texts(found, "refused")), found["findings"]
    assert len(found["layers"]) >= 4  # the rest is told all the same
    assert "REFUSED: " in command("inspect", path, code=1).out
    with pytest.raises(ValueError, match="changed"):
        models.load_model(path)


def test_bytecode_in_a_file_of_old(trained, command):
    path = saved_as(trained, ".h5")
    with h5py.File(path, "r+") as file:
        config = with_layer(LAMBDA)(file.attrs["model_config"].encode())
        file.attrs["model_config"] = config.decode()
    found = plain(command, path, code=1)
    assert any("holds the bytecode of a function" in text for text in texts(found, "refused"))


def test_a_class_of_the_user_is_odd_only(trained, command):
    path = rewritten(trained, config=with_layer(layer("my.code", "Mine", "my>Mine")))
    found = plain(command, path)
    assert texts(found, "refused") == []
    assert any("'my.code.Mine' is a class of the user's" in text for text in texts(found, "odd"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-5], "config.json: expected JSON in UTF-8"),
        (lambda data: b"[" * 100_000, "expected at most 64 levels"),
        (lambda data: b'{"class_name": "A", "class_name": "B"}', "Received: 'class_name' twice"),
        (lambda data: b'{"a": NaN}', "expected finite numbers"),
        (lambda data: b'["no model"]', "expected the configuration of a model"),
    ],
)
def test_configurations_that_are_none(change, message, trained, command):
    found = plain(command, rewritten(trained, config=change), code=1)
    assert any(message in text for text in texts(found, "refused")), found["findings"]
    assert sum(len(layer["tensors"]) for layer in found["layers"]) == 4


# -- weights that do not belong -------------------------------------------------------------------


def edited(change):
    """A change of the bytes of an HDF5 file by a function of the opened file."""

    def edit(data):
        import io

        stream = io.BytesIO(data)
        with h5py.File(stream, "r+") as file:
            change(file)
        return stream.getvalue()

    return edit


def test_a_flipped_bit_is_told_by_its_tensor(trained, command):
    data = bytearray(trained.read_bytes())
    kernel = models.load_model(trained).layers[-1].kernel.numpy().tobytes()
    data[data.index(kernel) + 5] ^= 1
    path = trained.with_name("flipped.keras")
    path.write_bytes(data)
    found = plain(command, path, code=1)
    states = {t["path"]: t["sha256"] for layer in found["layers"] for t in layer["tensors"]}
    assert [place for place, state in states.items() if state != "ok"] == ["layers/dense/vars/0"]
    assert any("Tensor 'layers/dense/vars/0'" in text for text in texts(found, "refused"))
    assert "SHA-256: 15 right, 1 WRONG" in command("inspect", path, code=1).out


def test_a_changed_configuration_is_told_and_read(trained, command):
    with zipfile.ZipFile(trained) as file:
        metadata = file.read("metadata.json")
    path = rewritten(
        trained, config=lambda data: data.replace(b'"last"', b'"lost"'), metadata=metadata
    )
    found = plain(command, path, code=1)
    assert found["sha256"]["config.json"] == "differs"
    assert found["layers"][-1]["name"] == "lost"
    assert any("config.json was damaged or changed" in text for text in texts(found, "refused"))


def test_weights_of_another_model(trained, command):
    def swap(file):
        del file["layers/dense"]
        file["layers/mystery/vars/0"] = np.ones(3, "float32")

    found = plain(command, rewritten(trained, weights=edited(swap)))
    odd = texts(found, "odd")
    assert "layers/dense: the weights have nothing for the layer 'last'" in odd
    assert "layers/mystery: weights that no layer of the configuration is for" in odd


def test_numbers_that_are_none(trained, command):
    model = models.load_model(trained)
    model.layers[-1].bias.assign([np.nan, np.inf])
    model.save(trained)
    (text,) = texts(plain(command, trained), "odd")
    assert text.startswith("layers/dense/vars/1: 2 of 2 values are NaN or infinite")


def _external_link(file):
    file["layers/secret"] = h5py.ExternalLink("/etc/passwd", "/")


def _soft_link(file):
    file["layers/again"] = h5py.SoftLink("/layers/dense")


def _alias(file):
    file["layers/again"] = file["layers/dense"]


def _external_storage(file):
    file.create_dataset("layers/secret/vars/0", (4,), "uint8", external=[("/etc/passwd", 0, 4)])


def _virtual(file):
    layout = h5py.VirtualLayout((4,), "uint8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset("layers/secret/vars/0", layout)


def _bomb(file):
    file.create_dataset(
        "layers/big/vars/0", (1 << 30,), "float32", chunks=(1 << 20,), compression="gzip",
        fillvalue=1,
    )  # fmt: skip


LINKS = {
    _external_link: "'layers/secret'. Received: an external link",
    _soft_link: "'layers/again'. Received: a soft link",
    _alias: "another name of ",
    _external_storage: "one with its bytes in other files",
    _virtual: "a virtual data set of other files",
    _bomb: "",
}


@pytest.mark.parametrize("change", LINKS, ids=lambda change: change.__name__.strip("_"))
def test_hostile_weights(change, trained, command):
    path = saved_as(trained, ".weights.h5")
    path.write_bytes(edited(change)(path.read_bytes()))
    found = plain(command, path, code=1)
    assert any(LINKS[change] in text for text in texts(found, "refused")), found["findings"]
    shapes = [t["shape"] for layer in found["layers"] for t in layer["tensors"]]
    assert [5, 2] in shapes  # what is sound is told
    model = models.load_model(trained)
    with pytest.raises(ValueError, match="other"):
        model.load_weights(path)


# -- containers -----------------------------------------------------------------------------------


def test_members_that_lead_elsewhere(trained, command):
    with zipfile.ZipFile(trained, "a") as file:
        file.writestr(zipfile.ZipInfo("../../outside", NO_DATE), b"x")
    found = plain(command, trained, code=1)
    assert any("'../../outside'" in text for text in texts(found, "refused"))
    assert found["layers"][-1]["name"] == "last"
    assert not Path(trained.parent.parent.parent, "outside").exists()


def test_a_zip_bomb_is_not_unpacked(trained, command, tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(trained) as before, zipfile.ZipFile(path, "w") as after:
        after.writestr(zipfile.ZipInfo("config.json", NO_DATE), before.read("config.json"))
        info = zipfile.ZipInfo("model.weights.h5", NO_DATE)
        info.compress_type = zipfile.ZIP_DEFLATED
        after.writestr(info, bytes(64 << 20))
    found = plain(command, path, code=1)
    refusals = texts(found, "refused")
    assert any("expected compressed files that grow at most 16 times" in text for text in refusals)
    assert any("not unpacked, since the archive is not sound" in text for text in refusals)
    assert found["members"]["model.weights.h5"] == 64 << 20
    assert len(found["layers"]) == 4


def test_a_folder_with_a_link(trained, command, tmp_path):
    folder = saved_as(trained, "")
    (folder / "assets" / "passwd").symlink_to("/etc/passwd")
    found = plain(command, folder, code=1)
    assert any("'assets/passwd', a link or device" in text for text in texts(found, "refused"))
    assert found["layers"][-1]["name"] == "last"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX's")
@pytest.mark.parametrize("ending", [".keras", ".h5", ".npy", ".onnx", ".safetensors"])
def test_a_pipe_is_not_waited_for(ending, command, tmp_path):
    os.mkfifo(tmp_path / f"m{ending}")
    assert texts(plain(command, tmp_path / f"m{ending}", code=1), "refused")


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
@pytest.mark.parametrize(
    "ending", ["", ".h5", ".onnx", ".weights.h5", ".weights.json", ".safetensors", ".npz"]
)
def test_files_that_were_cut_off(ending, part, trained, command):
    path = saved_as(trained, ending) if ending else trained
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    found = plain(command, path, code=1)
    assert texts(found, "refused")
    assert ("the file is empty" in texts(found, "odd")) == (part == 0.0)


def test_another_kind_than_the_name_says(trained, command):
    path = trained.with_name("m.h5")
    trained.rename(path)
    found = plain(command, path, code=1)
    assert "the file starts like a zip archive, as .keras and .npz files are" in texts(found, "odd")
    other = path.rename(path.with_name("m.pkl"))
    assert "expected an ending of" in texts(plain(command, other, code=1), "refused")[0]


def test_pickles_are_named_and_not_read(tmp_path, command):
    class Canary:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "touched"),))

    np.savez(tmp_path / "x.npz", x=np.array([Canary()], dtype=object))
    np.save(tmp_path / "x.npy", np.array([Canary()], dtype=object))
    for name in ("x.npz", "x.npy"):
        found = plain(command, tmp_path / name, code=1)
        assert any("Received: '|O'" in text for text in texts(found, "refused"))
    assert not (tmp_path / "touched").exists()
