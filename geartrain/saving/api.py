"""`save_model`, `load_model`, `save_weights` and `load_weights`: which file is of which kind."""

from __future__ import annotations

import math
import os
from functools import partial
from pathlib import Path
from typing import Any

from geartrain.errors import unknown_keywords, warn
from geartrain.saving.weight_files import NAMED, not_found, reading, writing
from geartrain.saving.weights import collect, restore
from geartrain.serialization import check_safe_mode

_LEGACY = (".h5", ".hdf5")


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
) -> None:
    """Save a model: its configuration, its weights and the state of its training.

    The file is written whole or not at all: until the end, a former file of that name is as it was.
    `model.save(filepath)` does the same.

    Args:
        model: the model.
        filepath: where to. It ends in `.keras`, or in `.h5` for Keras's legacy format. Or a binary
            stream, which gets what a `.keras` file would hold.
        overwrite: whether to replace a file that is there; else the user is asked.
        zipped: False for a folder instead of one file.
        kwargs: `include_optimizer`, for the legacy format alone.

    Raises:
        ValueError: another ending, and what has no configuration that could be loaded.
        OSError: the file cannot be written.

    >>> import tempfile
    >>> from geartrain import Sequential, layers
    >>> model = Sequential([layers.Dense(2, input_shape=(3,))])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, Path(folder, "model.keras"))
    ...     load_model(Path(folder, "model.keras")).count_params()
    8
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    save_format = kwargs.pop("save_format", None)
    if hasattr(filepath, "write"):
        from geartrain.saving.model_file import write_model_to

        write_model_to(filepath, model)
        return
    path = _local(filepath, "save_model")
    known = path.name.endswith((".keras", *_LEGACY))
    if kwargs:
        raise unknown_keywords("save_model", kwargs, ("overwrite", "zipped", "include_optimizer"))
    if save_format is not None and not known:
        raise ValueError(
            "save_model: the file's ending says its format. Received: "
            f"save_format={save_format!r}, filepath={str(path)!r}. Leave save_format out, and let "
            "the name end in '.keras'."
        )
    if zipped is False and path.name.endswith(".keras"):
        raise ValueError(
            "save_model: expected a folder's name with zipped=False, without '.keras'. Received: "
            f"filepath={str(path)!r}"
        )
    if zipped is not False and not known:
        raise ValueError(
            "save_model: Invalid filepath extension for saving: expected '.keras', or '.h5' for "
            f"the legacy format. Received: filepath={str(path)!r}. For a folder write "
            "zipped=False, for ONNX use model.export(filepath)."
        )
    if not _may_write(path, overwrite, "save_model"):
        return
    if not model.built:
        warn(
            f"{model._who()}: saved before it was built, so without weights. Call it on data, or "
            "model.build(input_shape), first."
        )
    if zipped is not False and path.name.endswith(_LEGACY):
        from geartrain.saving.legacy import write_legacy_model

        write_legacy_model(model, path, include_optimizer)
        return
    from geartrain.saving.model_file import write_model

    write_model(model, path, zipped is not False)


def load_model(
    filepath: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Load a model that `save_model` of Geartrain or Keras wrote, or that was exported to ONNX.

    No file can run code, and none takes more memory than its weights. Files of Geartrain are
    checked by their SHA-256s: a changed bit is an error that names the tensor.

    Args:
        filepath: a `.keras` file, a folder that was saved with `zipped=False`, an `.h5` file of
            older Keras versions, or an `.onnx` file that any library exported. Or a binary stream
            of what a `.keras` file holds.
        custom_objects: classes and functions of your own by name, besides those that
            `register_keras_serializable` made known.
        compile: whether to compile the model as it was, and load the state of its optimizer.
        safe_mode: True. Code in files is refused in any case.

    Raises:
        ValueError: no such file; a file that is damaged, hostile or of another kind; a class that
            is not known; weights that do not fit.
    """
    check_safe_mode("load_model", safe_mode)
    if hasattr(filepath, "read"):
        from geartrain.saving.model_file import read_model_from

        return read_model_from(filepath, custom_objects, compile)
    path = _local(filepath, "load_model")
    if path.is_dir() and not (path / "config.json").is_file():
        raise ValueError(
            f"load_model: expected a folder with a file 'config.json'. Received: {str(path)!r}, a "
            "folder without. A SavedModel of TensorFlow cannot be loaded: load it there, and save "
            "it as '.keras'."
        )
    if not path.exists():
        raise not_found(path, "load_model")
    if path.is_dir() or path.name.endswith(".keras"):
        from geartrain.saving.model_file import read_model

        return read_model(path, custom_objects, compile)
    if path.name.endswith(_LEGACY):
        from geartrain.saving.legacy import read_legacy_model

        return read_legacy_model(path, custom_objects, compile)
    if path.name.endswith(".onnx"):
        from geartrain.saving.onnx.reader import load_onnx

        return load_onnx(path, f"load_model({str(path)!r})")
    raise ValueError(
        "load_model: File format not supported: expected '.keras', '.h5', '.onnx' or a folder. "
        "Received: "
        f"filepath={str(path)!r}. Weights alone are loaded by model.load_weights."
    )


def save_weights(
    model: Any, filepath: Any, overwrite: bool = True, max_shard_size: Any = None, **kwargs: Any
) -> None:
    """Save a model's weights, and the state of its optimizer, without its configuration.

    Args:
        model: a model that is built.
        filepath: where to. It ends in `.weights.h5`; in `.safetensors` or `.npz` for files that
            other libraries read, whose tensors are called after the variables: `dense/kernel`.
        overwrite: whether to replace a file that is there; else the user is asked.
        max_shard_size: the most gigabytes of one file: then there are several, and `filepath` ends
            in `.weights.json`.
        kwargs: `objects_to_skip`, a list of layers to leave out.

    Raises:
        ValueError: another ending, or a model that is not built.
        OSError: the file cannot be written.
    """
    skipped = kwargs.pop("objects_to_skip", None) or ()
    if kwargs:
        raise unknown_keywords(
            "save_weights", kwargs, ("overwrite", "max_shard_size", "objects_to_skip")
        )
    path = _local(filepath, "save_weights")
    if max_shard_size is None:
        write = writing(path, "save_weights")
    else:
        path, most = _index_of_shards(path), _positive_size(max_shard_size)
        from geartrain.saving.shards import write_shards

        write = partial(write_shards, max_shard_size=most)
    _check_built(model, "save_weights", "its weights are made")
    if _may_write(path, overwrite, "save_weights"):
        store = collect(model, skipped)
        if path.name.endswith(NAMED):
            from geartrain.saving.variable_names import by_name

            store = by_name(model, store, skipped)
        write(store, path)


def _index_of_shards(path: Path) -> Path:
    """The path of the index, whichever of the two endings is given."""
    if not path.name.endswith((".weights.json", ".weights.h5")):
        raise ValueError(
            "save_weights: The filename must end in '.weights.json' when max_shard_size is given. "
            f"Received: filepath={str(path)!r}"
        )
    if path.suffix == ".json":
        return path
    index = path.with_suffix(".json")
    warn(f"save_weights: weights in several files have an index, which is at {str(index)!r}.")
    return index


def _positive_size(size: Any) -> float:
    if isinstance(size, bool) or not isinstance(size, int | float) or not 0 < size < math.inf:
        raise ValueError(
            "save_weights: expected max_shard_size as a number of gigabytes above 0. "
            f"Received: {size!r}"
        )
    return float(size)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Load weights into a model: all of them, or on any error none.

    Args:
        model: a model of the same layers, which is built.
        filepath: a `.weights.h5` or `.keras` file; the index `.weights.json` of several;
            `.safetensors` or `.npz` with tensors named after the variables; `.h5` as
            older versions of Keras wrote it, with or without the model.
        skip_mismatch: whether to leave layers as they are, with a warning, that do not fit.
        kwargs: `objects_to_skip`, a list of layers to leave as they are; for `.h5` also `by_name`:
            True loads layers by their names, wherever they are, and leaves others as they are.

    Raises:
        ValueError: no such file; a file that is damaged or of another kind; weights that do not
            fit the model.
    """
    skipped = kwargs.pop("objects_to_skip", None) or ()
    layers_by_name = kwargs.pop("by_name", None)
    if kwargs:
        raise unknown_keywords(
            "load_weights", kwargs, ("skip_mismatch", "objects_to_skip", "by_name")
        )
    path = _local(filepath, "load_weights")
    who = f"load_weights({str(path)!r})"
    _check_built(model, "load_weights", "it has weights to load into")
    if path.name.endswith(_LEGACY) and not path.name.endswith(".weights.h5"):
        from geartrain.saving.legacy_weights import load_legacy_weights

        if skipped:
            raise ValueError(
                f"{who}: objects_to_skip only supports loading '.weights.h5' files. Received: "
                f"{len(skipped)} objects. Give the others names, and load them by_name=True."
            )
        if not path.exists():
            raise not_found(path, who)

        load_legacy_weights(model, path, who, bool(layers_by_name), skip_mismatch)
        return
    if layers_by_name is not None:
        raise ValueError(
            f"{who}: by_name only supports loading legacy '.h5' or '.hdf5' files. Received: "
            f"by_name={layers_by_name!r}. Other files know layers by their places."
        )
    with reading(path, who) as store:
        if path.name.endswith(NAMED):
            from geartrain.saving.variable_names import by_place

            store = by_place(model, store, who, skip_mismatch, skipped)
            if not store.group("optimizer"):  # files of other libraries have weights alone
                skipped = [*skipped, model.optimizer]
        restore(model, store, who, skip_mismatch=skip_mismatch, skipped=skipped)


def _check_built(model: Any, who: str, until: str) -> None:
    if not model.built:
        raise ValueError(
            f"{who}: expected a model that is built: before, no weights exist. Received: "
            f"{model._who()}, not built. Call it on data, or model.build(input_shape), so that "
            f"{until}."
        )


def _local(filepath: Any, who: str) -> Path:
    """The path of a file on this machine."""
    if not isinstance(filepath, str | os.PathLike):
        raise TypeError(f"{who}: expected a path as filepath. Received: {type(filepath).__name__}")
    text = os.fspath(filepath)
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    if "://" in text:
        raise ValueError(
            f"{who}: expected a file on this machine. Received: filepath={text!r}. Download it "
            "first: nothing is fetched by loading."
        )
    return Path(text)


def _may_write(path: Path, overwrite: bool, who: str) -> bool:
    """Whether to write: a file that is there is replaced by order or by consent."""
    if overwrite or not path.exists():
        return True
    question = f"[WARNING] {path} already exists - overwrite? [y/n]"
    try:
        answer = input(question).strip().lower()
        while answer not in ("y", "n"):
            answer = input('Enter "y" (overwrite) or "n" (cancel).').strip().lower()
    except EOFError:
        raise FileExistsError(
            f"{who}: {str(path)!r} exists, overwrite=False, and nobody is there to be asked. "
            "Choose another name, or write overwrite=True."
        ) from None
    return answer == "y"
