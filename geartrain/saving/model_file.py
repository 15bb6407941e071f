"""Whole models in files: configuration, weights and the state of training.

Loading goes through the same stages whatever the file, and each refuses what is not sound before
the next one sees it: the container's directory; strict JSON; the weights' file without its tensors
(its digest, then a walk that reads no tensor); classes from the closed list, built symbolically
and without memory beyond what the weights take; names, shapes and dtypes of all tensors; and only
then their values, into the model's own arrays, each checked by its digest. A model that any stage
refuses is never seen by anybody.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from geartrain import serialization
from geartrain.files import replacing, replacing_folder
from geartrain.graph.budget import Budget
from geartrain.layers.layer import Layer
from geartrain.saving import plain
from geartrain.saving.archive import Archive
from geartrain.saving.assets import ASSETS, MOST_ASSET, assets_in, collect_assets, restore_assets
from geartrain.saving.hdf5 import read_hdf5
from geartrain.saving.hdf5_writer import Laid
from geartrain.saving.metadata import (
    CONFIG,
    METADATA,
    MOST_BYTES,
    WEIGHTS,
    Metadata,
    read_metadata,
    write_metadata,
)
from geartrain.saving.store import Store
from geartrain.saving.weights import collect, restore
from geartrain.saving.zip_writer import ZipWriter

_NPZ = "model.weights.npz"


def write_model(model: Any, path: Path, zipped: bool) -> None:
    """Write a model as a zip archive, or as a folder."""
    config = config_of(model)
    laid, assets = Laid(collect(model)), collect_assets(model)
    if zipped:
        with replacing(path) as stream:
            _write_zip(stream, config, laid, assets)
        return
    with replacing_folder(path, (METADATA, CONFIG, WEIGHTS, _NPZ, ASSETS)) as folder:
        with (folder / WEIGHTS).open("wb") as stream:
            laid.write(stream)
        (folder / METADATA).write_bytes(write_metadata(config, laid, assets))
        (folder / CONFIG).write_bytes(config)
        (folder / ASSETS).mkdir()
        for name, content in assets.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)


def write_model_to(stream: IO[bytes], model: Any) -> None:
    """Write a model to a stream as the zip archive."""
    archive = BytesIO()
    _write_zip(archive, config_of(model), Laid(collect(model)), collect_assets(model))
    stream.write(archive.getbuffer())


def _write_zip(stream: IO[bytes], config: bytes, laid: Laid, assets: dict[str, bytes]) -> None:
    """Write the weights, and then what tells of them: it comes first, and its length is known."""
    room = len(write_metadata(config, laid, assets))
    sizes = {name: len(content) for name, content in assets.items()}
    archive = ZipWriter({METADATA: room, CONFIG: len(config), WEIGHTS: laid.size, **sizes})
    checksums = {WEIGHTS: laid.write(stream, archive.places[WEIGHTS], checksum=True)}
    metadata = write_metadata(config, laid, assets)
    assert len(metadata) == room
    for name, text in {METADATA: metadata, CONFIG: config, **assets}.items():
        stream.seek(archive.places[name])
        stream.write(text)
        checksums[name] = zlib.crc32(text)
    archive.write_directory(stream, checksums)


def config_of(model: Any) -> bytes:
    """A model's configuration as JSON, as files hold it."""
    described = serialization.serialize(model)
    try:
        return plain.dump(described)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{model._who()}: expected plain numbers, texts, lists and dictionaries from "
            f"get_config. Received: what JSON cannot say ({error}). Let get_config of your own "
            "classes return plain values."
        ) from error


def read_model_from(
    stream: IO[bytes], custom_objects: dict[str, Any] | None, compiled: bool
) -> Any:
    """The model in a zip archive that a stream gives."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        with replacing(path) as copy:
            shutil.copyfileobj(stream, copy)
        return read_model(path, custom_objects, compiled, f"load_model({type(stream).__name__})")


def read_model(
    path: Path, custom_objects: dict[str, Any] | None, compiled: bool, who: str = ""
) -> Any:
    """The model in a zip archive or a folder."""
    who = who or f"load_model({str(path)!r})"
    with Archive(path, who=who) as archive:
        config, metadata = read_config(archive, who)
        if not compiled:
            config["compile_config"] = None
        with open_weights(archive, metadata, who) as store:
            model = rebuilt(config, store, custom_objects, who)
        try:
            restore_assets(model, archive)
        except (ValueError, OSError) as error:
            raise ValueError(f"{who}: {error}") from error
        return model


def rebuilt(config: Any, store: Store, custom_objects: dict[str, Any] | None, who: str) -> Any:
    """The model that a configuration describes, with the weights of a store."""
    with Budget(store.nbytes, len(store.tensors), len(store.tensors) + len(store.names)) as budget:
        try:
            model = serialization.deserialize(config, custom_objects)
        except ValueError as error:
            raise ValueError(f"{who}: {error}") from error
        if not isinstance(model, Layer):
            raise ValueError(
                f"{who}: expected the configuration of a model in {CONFIG}. Received: that of "
                f"{type(model).__name__}"
            )
        filled = restore(model, store, who, fresh=True)
        budget.settle(filled)
    return model


def read_config(archive: Archive, who: str) -> tuple[dict[str, Any], Metadata]:
    """The configuration in a container, and what is known of its files."""
    metadata = Metadata()
    if METADATA in archive.members:
        metadata = read_metadata(archive.read(METADATA, MOST_BYTES), who)
    text = archive.read(CONFIG, plain.MOST_BYTES)
    metadata.check_config(text, who)
    check_assets(archive, metadata, who)
    config = plain.parse(text, f"{who}: {CONFIG}")
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError(
            f"{who}: expected the configuration of a model in {CONFIG}. Received: {config!r:.80}"
        )
    return config, metadata


def open_weights(archive: Archive, metadata: Metadata, who: str) -> Store:
    """The weights in a container, checked but not read yet."""
    if WEIGHTS not in archive.members and _NPZ in archive.members:
        raise archive.refuse(
            f"weights as {WEIGHTS}", f"{_NPZ}, which holds pickles, and these can run code"
        )
    file, offset, size = archive.place(WEIGHTS, verify=metadata.structure is None)
    metadata.check_structure(file, offset, size, who)
    store = read_hdf5(file, offset, size, f"{who}: {WEIGHTS}")
    try:
        metadata.check_tensors(store, who)
    except BaseException:
        store.close()
        raise
    return store


def check_assets(archive: Archive, metadata: Metadata, who: str) -> None:
    """Refuse files of layers that were changed since they were written."""
    found = {name: archive.read(name, MOST_ASSET) for name in assets_in(archive)}
    metadata.check_assets(found, who)
