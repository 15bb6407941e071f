"""Where data sets come from: folders on this machine first, then a download, always verified.

Every array is known by the SHA-256 of its uncompressed IDX file, so the answer is the same bits
from whichever place it comes, and a damaged or foreign file is never taken for the data. Where the
data can be had from nowhere, files in the same form under the data set's own name are taken, with a
warning: those of a set of one's own, as in tests.

| place, in this order | folder |
| --- | --- |
| `GEARTRAIN_DATA` | the folder that this environment variable names |
| Geartrain's cache | `datasets` in `geartrain.config.cache_home()` |
| Keras's cache | `datasets` in `$KERAS_HOME`, `~/.keras` if unset |
| the system | `datasets` in each of `$XDG_DATA_DIRS`, `/usr/local/share:/usr/share` if unset |

In each place a data set may lie in a subfolder of its own name or in the folder itself, as IDX
files, compressed by gzip or not, or as Keras's single `.npz`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geartrain import config
from geartrain.datasets.idx import encode_header, encode_idx, read_idx
from geartrain.errors import warn

Array = np.ndarray[Any, Any]
Split = tuple[tuple[Array, Array], tuple[Array, Array]]

_SLACK = 1 << 16  # what gzip, zip and npy headers may add to data that does not shrink


class Part(NamedTuple):
    """One array of a data set: uint8, with the SHA-256 of its uncompressed IDX file."""

    key: str
    file: str
    shape: tuple[int, ...]
    sha256: str


class DataSet(NamedTuple):
    """What there is to know of a data set of images and labels.

    `folders` are the subfolders it is looked for in, the first being its folder in the cache;
    `parts` are x_train, y_train, x_test, y_test; a mirror is the address of a folder of gzipped
    IDX files, ending in a slash, or of an `.npz`; `package` is the Debian package that has it;
    `inside` is the folder of a data set that comes with Geartrain, the only place it is sought.
    """

    title: str
    folders: tuple[str, ...]
    parts: tuple[Part, ...]
    mirrors: tuple[str, ...] = ()
    npz: str = ""
    npz_sha256: str = ""
    package: str = ""
    inside: Path | None = None


class Place(NamedTuple):
    """One place looked in: its label, the folder, and where the data lies if it is there.

    `found` is the folder of IDX files, the `.npz` file, or None; `note` then says why not.
    """

    label: str
    folder: Path | None
    found: Path | None
    note: str


def image_parts(train: int, test: int, hashes: tuple[str, str, str, str]) -> tuple[Part, ...]:
    """The parts of a data set with MNIST's file names and 28 x 28 images.

    >>> image_parts(4, 2, ("a", "b", "c", "d"))[2]
    Part(key='x_test', file='t10k-images-idx3-ubyte', shape=(2, 28, 28), sha256='c')
    """
    x_train, y_train, x_test, y_test = hashes
    return (
        Part("x_train", "train-images-idx3-ubyte", (train, 28, 28), x_train),
        Part("y_train", "train-labels-idx1-ubyte", (train,), y_train),
        Part("x_test", "t10k-images-idx3-ubyte", (test, 28, 28), x_test),
        Part("y_test", "t10k-labels-idx1-ubyte", (test,), y_test),
    )


def places(dataset: DataSet) -> Iterator[Place]:
    """Every place on this machine in order, each looked into when it is asked for.

    A place counts as found if all files are there and the test labels, the smallest, are right:
    Fashion-MNIST's files bear MNIST's names. `load` verifies the rest. Nothing is downloaded.
    """
    for label, folder in [("the package", dataset.inside)] if dataset.inside else roots():
        if folder is None:
            yield Place(label, None, None, "not set")
            continue
        try:
            yield Place(label, folder, *_look_in(dataset, folder))
        except OSError as error:
            yield Place(label, folder, None, str(error))


def find(dataset: DataSet) -> Place | None:
    """The first place on this machine that has the data set, or None. Nothing is downloaded."""
    return next((place for place in places(dataset) if place.found), None)


def load(dataset: DataSet, path: str | os.PathLike[str] | None = None) -> Split:
    """The verified arrays: from `path` if given, else from the first place that has them.

    Args:
        dataset: what to load.
        path: an `.npz` file or a folder; a bare file name that exists nowhere means the usual
            places, as in Keras, where it names the file in the cache.

    Returns:
        `(x_train, y_train), (x_test, y_test)`.

    Raises:
        FileNotFoundError: the data set is nowhere on this machine and cannot be downloaded, or
            `path` does not exist. The message lists every place.
        ValueError: the file or folder at `path` does not hold the data set.
        TypeError: `path` is no path.
    """
    given = _given(dataset, path)
    if given is not None:
        return read(dataset, given)
    notes = []
    for place in places(dataset):
        note = place.note
        if place.found:
            try:
                return read(dataset, place.found)
            except (ValueError, OSError) as error:
                note = str(error)
                warn(f"{note} Passing over {place.label}.")
        notes.append(f"{place.label}{f' ({place.folder})' if place.folder else ''}: {note}")
    arrays = _download(dataset, notes) or _own(dataset)
    if arrays is None:
        raise FileNotFoundError(_not_found(dataset, notes))
    return _split(arrays)


def read(dataset: DataSet, found: Path) -> Split:
    """Read and verify a data set from an `.npz` file or from the folder that holds it.

    Raises:
        ValueError: the data is not there, or not what it should be. The message names the file.
    """
    if found.is_dir():
        where, note = _look_in(dataset, found)
        if where is None:
            raise ValueError(f"{found}: expected the files of {dataset.title}. Received: {note}.")
        found = where
    if found.is_dir():
        return _split({part.key: _read_part(dataset, part, found) for part in dataset.parts})
    return _split(_read_npz(dataset, found, str(found)))


def _split(arrays: dict[str, Array]) -> Split:
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def roots() -> Iterator[tuple[str, Path | None]]:
    """The places of the table above: label and folder."""
    yield "GEARTRAIN_DATA", config.data_home()
    yield "Geartrain's cache", config.cache_home() / "datasets"
    yield "Keras's cache", config.keras_home() / "datasets"
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for folder in shared.split(os.pathsep):
        if folder:
            yield "the system", Path(folder) / "datasets"


def _look_in(dataset: DataSet, root: Path) -> tuple[Path | None, str]:
    """Where in `root` the data lies, or None and the reason why it is not taken."""
    if not root.is_dir():
        return None, "no such folder"
    note = "no files of this name"
    for folder in (*(root / name for name in dataset.folders), root):
        files = [_file_of(part, folder) for part in dataset.parts]
        labels, path = dataset.parts[-1], files[-1]
        if path and all(files):
            try:
                if _sha256(read_idx(path, shape=labels.shape, dtype="uint8")) == labels.sha256:
                    return folder, ""
                note = f"{path} is not of {dataset.title}"
            except (ValueError, OSError) as error:
                note = str(error).rstrip(".")
        elif any(files):
            lacking = [p.file for p, file in zip(dataset.parts, files, strict=True) if not file]
            note = f"{folder} lacks {', '.join(lacking)}"
        if dataset.npz and (folder / dataset.npz).is_file():
            return folder / dataset.npz, ""
    return None, note


def _file_of(part: Part, folder: Path) -> Path | None:
    """The part's file in a folder: plain, gzipped, or with the dot that some copies have."""
    for name in (part.file, part.file.replace("-idx", ".idx")):
        for suffix in ("", ".gz"):
            if (folder / f"{name}{suffix}").is_file():
                return folder / f"{name}{suffix}"
    return None


def _read_part(dataset: DataSet, part: Part, folder: Path) -> Array:
    """Read one IDX file of a folder and verify it."""
    path = _file_of(part, folder)
    if path is None:
        raise ValueError(
            f"{folder}: expected {part.file}, plain or gzipped. Received no such file."
        )
    return _verified(dataset, part, read_idx(path, shape=part.shape, dtype="uint8"), str(path))


def _read_npz(dataset: DataSet, source: Path | bytes, name: str) -> dict[str, Array]:
    """Read an `.npz` and verify it, array by array or else as Keras's very file."""
    import hashlib

    from geartrain.datasets.npz import read_npz

    expected = {part.key: (part.shape, "uint8") for part in dataset.parts}
    arrays = read_npz(source, expected, name=name)
    try:
        for part in dataset.parts:
            _verified(dataset, part, arrays[part.key], f"{name}, member {part.key}.npy")
    except ValueError:
        content = source if isinstance(source, bytes) else source.read_bytes()
        if hashlib.sha256(content).hexdigest() != dataset.npz_sha256:
            raise
    return arrays


def _verified(dataset: DataSet, part: Part, array: Array, name: str) -> Array:
    """The array, if its hash is the one that the data set is known by."""
    received = _sha256(array)
    if received != part.sha256:
        raise ValueError(
            f"{name}: expected {part.key} of {dataset.title}, SHA-256 {part.sha256}. "
            f"Received: SHA-256 {received}. It is damaged, or of another data set."
        )
    return array


def _sha256(array: Array) -> str:
    """The SHA-256 of the uncompressed IDX file that holds the array."""
    import hashlib

    digest = hashlib.sha256(encode_header(array))
    digest.update(np.ascontiguousarray(array, "uint8"))
    return digest.hexdigest()


def _given(dataset: DataSet, path: str | os.PathLike[str] | None) -> Path | None:
    """The file or folder that the argument `path` names, or None for the usual places."""
    if path is None or path == dataset.npz:
        return None
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"load_data expected path to be a path or None. Received: {path!r}")
    given = Path(path).expanduser()
    caches = [folder for label, folder in roots() if folder and "cache" in label]
    for candidate in (given, *(cache / given for cache in caches)):
        if candidate.exists():
            return candidate
    if given.name == str(given):
        return None
    raise FileNotFoundError(
        f"load_data expected path to be a file or folder that exists. Received: {str(path)!r}. "
        f"Without path, {dataset.title} is looked for in the usual places and downloaded."
    )


def _download(dataset: DataSet, notes: list[str]) -> dict[str, Array] | None:
    """Fetch, verify and keep the data set; None if no mirror has it, adding reasons to `notes`."""
    from geartrain.downloads.fetch import fetch

    if not dataset.mirrors:
        return None
    folder = config.cache_home() / "datasets" / dataset.folders[0]
    arrays: dict[str, Array] = {}
    for mirror in dataset.mirrors:
        try:
            if mirror.endswith(".npz"):
                content = fetch(mirror, sum(_largest(part) for part in dataset.parts))
                arrays = _read_npz(dataset, content, mirror)
                keep(folder / dataset.npz, content)
            for part in dataset.parts:
                if part.key not in arrays:
                    arrays[part.key] = _fetch_part(dataset, part, mirror, folder)
        except (ConnectionError, ValueError) as error:
            notes.append(str(error))
        else:
            return arrays
    return None


def _own(dataset: DataSet) -> dict[str, Array] | None:
    """Other arrays in the data set's form, from its own folder or `.npz` on this machine."""
    for _, root in () if dataset.inside else roots():
        for found in (*(root / one for one in dataset.folders), root / dataset.npz) if root else ():
            try:
                arrays = _unverified(dataset, found)
            except (ValueError, OSError):  # damaged, or not there
                continue
            if arrays is None:
                continue
            warn(
                f"{found} is not {dataset.title}, which cannot be downloaded: SHA-256s differ. Its "
                f"own {len(arrays['x_train'])} and {len(arrays['x_test'])} images are taken."
            )
            return arrays
    return None


def _unverified(dataset: DataSet, found: Path) -> dict[str, Array] | None:
    """The arrays in a folder or an `.npz`, of the same form and of any number; None for others."""
    if found.is_file():
        from geartrain.datasets.npz import read_loose

        most = sum(_largest(part) for part in dataset.parts)
        if found.stat().st_size > most:
            return None
        kinds = dict.fromkeys((part.key for part in dataset.parts), "u")
        arrays = read_loose(found.read_bytes(), kinds, most)
    else:
        files = {part.key: _file_of(part, found) for part in dataset.parts}
        arrays = {key: read_idx(path, dtype="uint8") for key, path in files.items() if path}
    for images, labels in (("x_train", "y_train"), ("x_test", "y_test")):
        x, y = arrays.get(images), arrays.get(labels)
        if x is None or y is None or x.shape[1:] != (28, 28) or y.shape != x.shape[:1]:
            return None
    return arrays


def _fetch_part(dataset: DataSet, part: Part, mirror: str, folder: Path) -> Array:
    """One array from the cache, if an earlier download got so far, else from the mirror."""
    from geartrain.downloads.fetch import fetch

    try:
        return _read_part(dataset, part, folder)
    except (ValueError, OSError):
        url = f"{mirror}{part.file}.gz"
        content = read_idx(fetch(url, _largest(part)), shape=part.shape, dtype="uint8", name=url)
    array = _verified(dataset, part, content, url)
    keep(folder / part.file, encode_idx(array))
    return array


def _largest(part: Part) -> int:
    """The number of bytes that a part takes at most, however it is packed."""
    return int(np.prod(part.shape)) + _SLACK


def keep(path: Path, content: bytes) -> None:
    """Store a verified file in the cache; where that fails, the data at hand is still good."""
    from geartrain.downloads.fetch import store

    try:
        store(path, content)
    except OSError as error:
        warn(
            f"{path} could not be written, so it will be downloaded again: {error}. "
            "Set GEARTRAIN_CACHE to a folder that can be written."
        )


def _not_found(dataset: DataSet, notes: list[str]) -> str:
    """The message that lists every place looked in, and what can be done."""
    looked = f"{dataset.title} was not found. Looked in:" + "".join(f"\n  {n}" for n in notes)
    if dataset.inside:
        return f"{looked}\nInstall Geartrain again: these files are part of it."
    files = ", ".join(part.file for part in dataset.parts)
    archive = f", or {dataset.npz}" if dataset.npz else ""
    package = f"install Debian's package {dataset.package}; " if dataset.package else ""
    return (
        f"{looked}\nDo one of these: set GEARTRAIN_DATA to a folder with {files}, plain or "
        f"gzipped{archive}; {package}or use geartrain.datasets.digits, 5,000 images of MNIST "
        "that come with Geartrain."
    )
