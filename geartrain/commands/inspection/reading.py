"""A file's account, by the stages that loading goes through too; see `saving.model_file`.

Each stage is the one that loading uses. Where it refuses something, that is noted, and what was
sound before is told all the same. Nothing is built, and no tensor larger than its file is read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from geartrain.commands.formats import FOLDER, MODELS, WEIGHTS, bytes_on_disk
from geartrain.commands.inspection.account import Account, Layer
from geartrain.commands.inspection.hdf5 import tell_hdf5
from geartrain.commands.inspection.matching import tell_model
from geartrain.commands.inspection.values import check_values
from geartrain.saving import metadata as described
from geartrain.saving import plain
from geartrain.saving.archive import Archive
from geartrain.saving.hdf5 import SIGNATURE, read_hdf5
from geartrain.saving.metadata import CONFIG, METADATA, Metadata
from geartrain.saving.model_file import check_assets, open_weights
from geartrain.saving.npz import npy_tensor, npz_file
from geartrain.saving.safetensors import safetensors_file
from geartrain.saving.shards import sharded_file
from geartrain.saving.store import Store, StoredTensor, opened

_KINDS = {**MODELS, **WEIGHTS, ".npy": "NumPy array"}
_NAMED = {".weights.json": sharded_file, ".safetensors": safetensors_file, ".npz": npz_file}
_STARTS = {
    b"PK\3\4": "a zip archive, as .keras and .npz files are",
    SIGNATURE: "an HDF5 file, as .h5 files are",
    b"\x93NUMPY": "an .npy array",
}


def read_account(path: Path, values: bool = True) -> Account:
    """The account of a file or folder.

    Args:
        path: it.
        values: whether to read the tensors' values, to check their SHA-256s and numbers.

    Raises:
        FileNotFoundError: there is none.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected a file or folder. Received: no such file")
    ending = _ending(path)
    account = Account(path, _KINDS.get(ending, "unknown format"), bytes_on_disk(path))
    read = _READERS.get(ending)
    with account.judged():
        if read is None:
            raise ValueError(f"expected an ending of {', '.join(k for k in _KINDS if k != FOLDER)}")
        read(account)
    if not account.tensors:
        _look_at_start(account, ending)
    if values:
        check_values(account)
    return account


def _ending(path: Path) -> str:
    if path.is_dir():
        return FOLDER
    name = path.name.lower()
    return next((one for one in (*WEIGHTS, *_KINDS) if one != FOLDER and name.endswith(one)), "")


def _look_at_start(account: Account, ending: str) -> None:
    """Tell of a file that is of another kind than its name says."""
    if not account.path.is_file() or not account.refused:
        return
    with account.path.open("rb") as file:
        start = file.read(8)
    found = next((what for sign, what in _STARTS.items() if start.startswith(sign)), None)
    fits = {b"PK\3\4": (".keras", ".npz"), SIGNATURE: (".h5", ".hdf5", ".weights.h5")}
    right = any(ending in ends and start.startswith(sign) for sign, ends in fits.items())
    if found and not right:
        account.odd(f"the file starts like {found}")
    elif not start:
        account.odd("the file is empty")


# -- .keras files and folders ---------------------------------------------------------------------


def _container(account: Account) -> None:
    problems: list[str] = []
    archive = account.opened.enter_context(Archive(account.path, problems))
    account.members = {name: member.size for name, member in archive.members.items()}
    for problem in problems:
        with account.judged():
            raise ValueError(problem)
    metadata = Metadata()
    if METADATA in archive.members:
        with account.judged():
            metadata = described.read_metadata(
                archive.read(METADATA, described.MOST_BYTES), METADATA
            )
            _tell_versions(metadata, account)
    config: Any = None
    with account.judged():
        text = archive.read(CONFIG, plain.MOST_BYTES)
        with account.judged(), account.hashed(CONFIG, metadata.config):
            metadata.check_config(text, "inspect")
        config = plain.parse(text, CONFIG)
    with account.judged():
        check_assets(archive, metadata, "inspect")
    store = Store({})
    with account.judged():
        if problems and archive.member(described.WEIGHTS).deflated:
            raise ValueError(f"{described.WEIGHTS}: not unpacked, since the archive is not sound")
        store = _weights_in(archive, metadata, account)
    tell_model(config, store, account)


def _weights_in(archive: Archive, metadata: Metadata, account: Account) -> Store:
    """The tensors of a container; if something is wrong with them, those that are sound."""
    try:
        with account.hashed(described.WEIGHTS, metadata.structure):
            return account.opened.enter_context(open_weights(archive, metadata, "inspect"))
    except ValueError as error:
        with account.judged():
            raise error
    problems: list[str] = []
    place = archive.place(described.WEIGHTS, verify=False)
    store = account.opened.enter_context(read_hdf5(*place, described.WEIGHTS, problems=problems))
    for problem in problems:
        account.refuse(problem)
    return store


def _tell_versions(metadata: Metadata, account: Account) -> None:
    text = metadata.text
    own = text.get("geartrain")
    found = {
        "Keras": text.get("keras_version"),
        "Geartrain": own.get("version") if isinstance(own, dict) else None,
        "saved": str(text.get("date_saved", "")).replace("@", " ") or None,
    }
    account.versions = {name: str(one)[:40] for name, one in found.items() if one is not None}


# -- other files ----------------------------------------------------------------------------------


def _weights(account: Account) -> None:
    """Files whose tensors are called after variables, or are in several files."""
    reader = _NAMED[_ending(account.path)]
    store = account.opened.enter_context(reader(account.path, "inspect"))
    library = store.metadata.get("format")
    account.versions = {"format": library[:40]} if library else {}
    tell_model(None, store, account)


def _array(account: Account) -> None:
    """An `.npy` file: one array, which is told like a tensor."""
    file, size = account.opened.enter_context(opened(account.path, "inspect"))
    tensor: StoredTensor = npy_tensor("array", file, 0, size, "inspect")
    account.layers = [Layer("", tensors=[tensor])]


def _onnx(account: Account) -> None:
    from geartrain.commands.inspection.onnx import tell_onnx

    tell_onnx(account)


_READERS: dict[str, Callable[[Account], None]] = {
    ".keras": _container,
    FOLDER: _container,
    ".h5": tell_hdf5,
    ".hdf5": tell_hdf5,
    ".weights.h5": tell_hdf5,
    **dict.fromkeys(_NAMED, _weights),
    ".npy": _array,
    ".onnx": _onnx,
}
