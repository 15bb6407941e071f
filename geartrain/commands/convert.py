"""Convert a file of a model, or of weights, into another format.

The endings say the formats: .keras, .h5 (legacy), .onnx, a name without an ending (a folder); and
for weights alone .weights.h5, .weights.json (several files), .safetensors, .npz.

    geartrain convert old.h5 new.keras
    geartrain convert mnist.keras mnist.onnx
    geartrain convert mnist.keras mnist.safetensors
    geartrain convert trained.safetensors mnist.keras --model mnist.keras

Weights alone do not say whose they are: where the other format needs to know, --model names a file
of the model. What the other format cannot hold is told.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from geartrain.commands import formats, notes
from geartrain.commands.formats import FOLDER, MODELS, WEIGHTS, format_of

HELP = "convert a file of a model, or of weights, into another format"
_PLACES, _NAMES = (".weights.h5", ".weights.json"), (".safetensors", ".npz")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("source", type=Path, help="a file of a model or of weights")
    parser.add_argument("target", type=Path, help="the new file; its ending says the format")
    parser.add_argument("--model", type=Path, help="the model that weights alone belong to")
    parser.add_argument("--overwrite", action="store_true", help="replace the target if it exists")


def execute(options: argparse.Namespace) -> int:
    """Write the new file, and say what it lacks."""
    source, target = options.source, options.target
    _check(options)
    with notes.told():
        lost = _converted(source, target, options.model)
    print(f"{_described(source)} -> {_described(target)}")
    if lost:
        print(f"Left out: {', '.join(lost)}.")
    return 0


def _check(options: argparse.Namespace) -> None:
    """Refuse, before any work, what cannot be."""
    source, target = options.source, options.target
    if not source.exists():
        raise FileNotFoundError(f"{source}: expected a file or folder. Received: no such file")
    kinds = format_of(source), format_of(target)
    if target.exists() and source.samefile(target):
        raise ValueError(f"expected two files. Received: {source} and {target}, which are one")
    if target.exists() and not options.overwrite:
        raise FileExistsError(
            f"{target}: expected a new file. Received: one that exists. Choose another name, or "
            "pass --overwrite to replace it."
        )
    formats.check_target(target)
    if options.model is not None and kinds[0] not in WEIGHTS:
        raise ValueError(
            f"--model: expected only with weights alone. Received: {source}, a whole model. Leave "
            "it out."
        )


def _converted(source: Path, target: Path, model: Path | None) -> list[str]:
    """Write the target; returns what it lacks."""
    before, after = format_of(source), format_of(target)
    if before in MODELS or model is not None:
        return _by_model(source, target, model)
    if after in MODELS:
        raise ValueError(
            f"{target}: expected a whole model to convert. Received: {source}, weights alone, "
            "which do not say of which layers. Name a file of the model: --model model.keras"
        )
    return _by_tensors(source, target)


def _by_model(source: Path, target: Path, of: Path | None) -> list[str]:
    """Load the model, and save it in the other format."""
    model = formats.load_model(of or source)
    if of is not None:
        model.load_weights(source)
    formats.save(model, target)
    return _lacking(model, target)


def _lacking(model: Any, target: Path) -> list[str]:
    """What of a model the target's format does not hold."""
    kind = format_of(target)
    lost = []
    if kind in WEIGHTS:
        lost.append("the layers and their arguments")
    if model.compiled and (kind in WEIGHTS or kind == ".onnx"):
        lost.append("loss, metrics and the optimizer's arguments")
    if model.compiled and model.optimizer is not None and kind == ".onnx":
        lost.append("the optimizer's state")
    return lost


def _by_tensors(source: Path, target: Path) -> list[str]:
    """Copy tensors from one file of weights into another, under the names that it has."""
    from geartrain.saving.weight_files import reading

    before, after = format_of(source), format_of(target)
    with ExitStack() as stack:
        store = stack.enter_context(reading(source, f"convert {source}"))
        if before in _PLACES and after in _NAMES:
            raise ValueError(
                f"{target}: expected to know what the variables are called, as {after} files tell "
                f"it. Received: {source}, which knows tensors by their places alone. Name a file "
                "of the model: --model model.keras"
            )
        if before in _NAMES and after in _PLACES:
            store = _placed(store, source)
        _write(store, target, after)
    return []


def _placed(store: Any, source: Path) -> Any:
    """Tensors at the places that a file of Geartrain tells beside their names."""
    from dataclasses import replace

    from geartrain.saving.store import Store
    from geartrain.saving.variable_names import recorded_places

    places = recorded_places(store, f"convert {source}")
    if not places or not set(places.values()) <= store.tensors.keys():
        raise ValueError(
            f"{source}: expected to know at which places of a model the tensors are. Received: "
            "names alone. Name a file of the model: --model model.keras"
        )
    return Store(
        {place: replace(store.tensors[name], path=place) for place, name in places.items()}
    )


def _write(store: Any, target: Path, kind: str) -> None:
    from geartrain.files import make_folder
    from geartrain.saving.shards import write_shards
    from geartrain.saving.weight_files import writing

    make_folder(target.absolute().parent)
    if kind == ".weights.json":
        write_shards(store, target, formats.GIGABYTES)
    else:
        writing(target, "convert")(store, target)


def _described(path: Path) -> str:
    """A file with its format and size."""
    from geartrain.models.summary import readable_bytes

    kind = format_of(path)
    name = {**MODELS, **WEIGHTS}[kind]
    size = readable_bytes(formats.bytes_on_disk(path))
    return f"{path}{'/' if kind == FOLDER else ''} ({name}, {size})"
