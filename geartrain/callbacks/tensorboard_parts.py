"""What the TensorBoard callback writes besides scalars: graph, weights, embeddings, a profile."""

from __future__ import annotations

import gzip
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import files, registry, summaries
from geartrain.callbacks.counts import is_count
from geartrain.errors import describe_value, nearest, shown, warn


def batch_to_profile(given: Any) -> int:
    """The batch after which to profile; 0 for none. Texts such as "5" and "2,5" are taken too.

    >>> batch_to_profile((2, 5)), batch_to_profile("7"), batch_to_profile(0)
    (5, 7, 0)
    """
    value = given
    if isinstance(value, str) and all(part.strip().isdecimal() for part in value.split(",")):
        value = [int(part) for part in value.split(",")]
    batches = list(value) if isinstance(value, list | tuple) else [value, value]
    batches *= 2 if len(batches) == 1 else 1
    if len(batches) != 2 or not all(map(is_count, batches)) or batches[0] > batches[1]:
        raise ValueError(
            "TensorBoard: profile_batch must be a non-negative integer or a 2-tuple of positive "
            f"integers, the first and the last batch. Received: {describe_value(given)}"
        )
    return int(batches[1])


def learning_rate(optimizer: Any) -> dict[str, float]:
    """The optimizer's learning rate, if it has one."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    rate = getattr(optimizer, "learning_rate", None)
    return {} if rate is None else {"learning_rate": float(np.asarray(rate))}


def write_model(model: Any) -> None:
    """Write the model's layers; a model that has no JSON gets a warning and no graph."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a file would lack is no matter for a picture
            config = model.to_json()
    except (ValueError, TypeError, NotImplementedError) as error:
        warn(f"TensorBoard: the model's graph is left out, since it has no JSON: {error}")
        return
    summaries.keras_model("keras", config, step=0)


# Weights.


def write_weights(model: Any, images: bool) -> None:
    """Write a histogram of each weight, and an image where it can be one."""
    for layer in model.layers:
        for weight in layer.weights:
            name = weight.path.replace(":", "_")
            value = np.asarray(weight.numpy())
            summaries.histogram(f"{name}/histogram", value)
            picture = weight_image(value) if images else None
            if picture is not None:
                summaries.image(f"{name}/image", picture)


def weight_image(weight: np.ndarray) -> np.ndarray | None:
    """A weight as images, from black for its least value to white for its greatest.

    A vector is a row, a matrix lies on its longer side, and of three axes the last tells images
    apart. Other weights have no image.

    >>> weight_image(np.array([[1.0], [2.0], [3.0]])).ravel().tolist()
    [0.0, 0.5, 1.0]
    >>> weight_image(np.zeros((3, 3, 8))).shape, weight_image(np.zeros((3, 3, 4, 8)))
    ((8, 3, 3, 1), None)
    """
    pixels = np.nan_to_num(np.squeeze(weight).astype("float32"))
    if pixels.ndim not in (1, 2, 3) or not pixels.size:
        return None
    low, high = pixels.min(), pixels.max()
    pixels = (pixels - low) / (high - low or 1)
    if pixels.ndim == 1:
        return pixels[None, :, None, None]
    if pixels.ndim == 2:
        return (pixels.T if pixels.shape[0] > pixels.shape[1] else pixels)[None, :, :, None]
    return pixels.transpose(2, 0, 1)[..., None]


# Embeddings.


def _embeddings(model: Any) -> list[Any]:
    kind = registry.member("layers", "Embedding")
    return [layer for layer in model._flatten_layers() if isinstance(layer, kind)]


def check_metadata(model: Any, metadata: Any) -> None:
    """Refuse names that no embedding has."""
    if not isinstance(metadata, dict):
        return
    names = [layer.name for layer in _embeddings(model)]
    for name in metadata:
        if name not in names:
            guess = nearest(str(name), names)
            hint = f" Did you mean {guess!r}?" if guess else ""
            raise ValueError(
                "TensorBoard: expected names of Embedding layers in embeddings_metadata: "
                f"{', '.join(names) or 'the model has none'}. Received: Unrecognized "
                f"{shown(name)}.{hint}"
            )


def write_embeddings(model: Any, folder: Path, metadata: Any) -> None:
    """Write the embeddings as tables, and the file that tells the projector of them."""
    texts = []
    for layer in _embeddings(model):
        table = np.asarray(layer.embeddings.numpy(), "float32")
        lines = ("\t".join(f"{value:.6g}" for value in row) for row in table.tolist())
        path = folder / "embeddings" / f"{layer.name.replace('/', '_')}.tsv"
        files.make_folder(path.parent)
        with files.replacing(path) as stream:
            stream.write("\n".join([*lines, ""]).encode())
        entries = {"tensor_name": f"{layer.name}/embeddings"}
        names = metadata.get(layer.name) if isinstance(metadata, dict) else metadata
        if names is not None:
            entries["metadata_path"] = str(names)
        entries["tensor_path"] = f"embeddings/{path.name}"
        body = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in entries.items())
        texts.append(f"embeddings {{\n{body}}}\n")
    with files.replacing(folder / "projector_config.pbtxt") as stream:
        stream.write("".join(texts).encode())


# The profile.


def write_profile(model: Any, params: dict[str, Any], folder: Path) -> None:
    """Measure the kernels of a step, on zeros; write them as a table and as a trace."""
    import socket

    kernels = _kernels(model, params)
    if not kernels:
        warn(
            "TensorBoard: profile_batch measures compiled kernels, and this model's step has none. "
            "Compile it without run_eagerly=True."
        )
        return
    summaries.text("profile", _table(kernels))
    events: list[dict[str, Any]] = [
        {"ph": "M", "pid": 1, "name": "process_name", "args": {"name": f"step of {model.name}"}}
    ]
    start = 0.0
    for one in kernels:
        events.append(
            {
                "ph": "X", "pid": 1, "tid": 1, "name": f"{one.name} {one.kind}", "ts": start,
                "dur": one.seconds * 1e6,
                "args": {"stores": one.result, "flops": one.flops, "bytes": one.bytes},
            }
        )  # fmt: skip
        start += one.seconds * 1e6
    place = folder / "plugins" / "profile" / time.strftime("%Y_%m_%d_%H_%M_%S")
    files.make_folder(place)
    with files.replacing(place / f"{socket.gethostname()}.trace.json.gz") as stream:
        trace = {"displayTimeUnit": "ns", "traceEvents": events}
        stream.write(gzip.compress(json.dumps(trace).encode()))


def _kernels(model: Any, params: dict[str, Any]) -> list[Any]:
    from geartrain.compiler.targets.target import host
    from geartrain.graph.formula import Names
    from geartrain.graph.shapes import resolve
    from geartrain.runtime.executable import Executable
    from geartrain.runtime.profiling import measured_kernels

    programs = [program for key, (program, _) in model._programs.items() if key.kind == "train"]
    if not programs or not programs[-1].compiled:
        return []
    program = programs[-1]
    samples, steps = params.get("samples"), params.get("steps")
    rows = -(-samples // steps) if samples and steps else 32
    values = {
        node.leaf: np.zeros([int(resolve(one, rows)) for one in node.extents], node.dtype)
        for node in program.inputs
    }
    executable = Executable(program.outputs, program.updates, host(), measurable=True)
    return measured_kernels(executable, values, rows, Names(model.name))


def _table(kernels: list[Any]) -> str:
    lines = [
        "| kernel | kind | MFLOP | MB | us | GFLOP/s | stores |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for one in kernels:
        rate = one.flops / max(one.seconds, 1e-9) / 1e9
        lines.append(
            f"| {one.name} | {one.kind} | {one.flops / 1e6:.3f} | {one.bytes / 1e6:.3f} | "
            f"{one.seconds * 1e6:.1f} | {rate:.1f} | {one.result} |"
        )
    total = sum(one.seconds for one in kernels) * 1e6
    return "\n".join([*lines, "", f"{total:.1f} us in all, each kernel started apart."])
