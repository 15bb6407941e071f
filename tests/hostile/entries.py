"""Every way into Geartrain for data that somebody else has made.

An entry is a function of a path. It reads what is there, and returns a fingerprint of what it got:
equal files give equal ones, and another weight or another setting gives another.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import geartrain
from geartrain import (
    activations,
    constraints,
    datasets,
    dtype_policies,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    saving,
)
from geartrain.datasets.idx import read_idx
from geartrain.datasets.npz import read_npz
from tests.hostile.sources import row

Entry = Callable[[Path], str]
FAMILIES: dict[str, Any] = {
    "layers": layers,
    "losses": losses,
    "metrics": metrics,
    "optimizers": optimizers,
    "optimizers.schedules": optimizers.schedules,
    "initializers": initializers,
    "regularizers": regularizers,
    "constraints": constraints,
    "activations": activations,
    "dtype_policies": dtype_policies,
}


def fingerprint(model: Any) -> str:
    """A digest of a model's configuration, weights and optimizer."""
    variables = list(model.weights)
    if getattr(model, "optimizer", None) is not None:
        variables += model.optimizer.variables
    found = hashlib.sha256(json.dumps(described(model), sort_keys=True).encode())
    for variable in variables:
        found.update(f"{variable.dtype} {variable.shape}".encode())
        found.update(np.ascontiguousarray(variable.array).tobytes())
    return found.hexdigest()


def described(value: Any) -> Any:
    """What an object says of itself, as plain data."""
    made = json.loads(json.dumps(saving.serialize_keras_object(value), default=str))
    if isinstance(made, dict):
        made.pop("build_config", None)
    return made


def bytes_of(model: Any) -> str:
    """A digest of a model's weights and the state of its optimizer."""
    found = hashlib.sha256()
    for variable in [*model.weights, *model.optimizer.variables]:
        found.update(variable.array.tobytes())
    return found.hexdigest()


class Given(layers.Layer):
    """A layer of the program's own, with a part that a file describes."""

    described: Any = None

    def __init__(self, part: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.part = part

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "part": self.described}


def entries() -> dict[str, Entry]:
    """The entries by name. Those that fill models fill one with other weights than the files."""
    victim = row(seed=6)
    made: dict[str, Entry] = {
        "load_model": lambda path: fingerprint(models.load_model(path)),
        "load_model without compile": lambda path: fingerprint(
            models.load_model(path, compile=False)
        ),
        "KerasFileEditor": edited,
        "model_from_json": lambda path: fingerprint(models.model_from_json(text(path))),
        "Sequential.from_config": lambda path: fingerprint(
            models.Sequential.from_config(inner(path))
        ),
        "Model.from_config": lambda path: fingerprint(models.Model.from_config(inner(path))),
        "deserialize_keras_object": lambda path: str(
            described(saving.deserialize_keras_object(plain(path)))
        ),
        "clone_model": cloned,
        "compile_from_config": lambda path: compiled(victim, path),
        "pickle.loads": lambda path: unpickled(path.read_bytes()),
        "read_npz": lambda path: digest(
            read_npz(path, {"x": ((2, 3), "float32"), "y": ((4,), "int64")})
        ),
        "read_idx": lambda path: digest({"x": read_idx(path)}),
        "mnist.load_data": lambda path: str(datasets.mnist.load_data(path)),
        "describe": described_by_command,
    }
    for name, options in {
        "load_weights": {},
        "load_weights by position": {"by_name": False},
        "load_weights by name": {"by_name": True},
        "load_weights of what fits": {"skip_mismatch": True},
    }.items():
        made[name] = filling(victim, options)
    whole = made["load_weights"]
    made["load_weights of shards"] = lambda path: whole(path.with_name("row.weights.json"))
    for family, module in FAMILIES.items():
        made[f"{family}.deserialize"] = lambda path, module=module: str(
            described(module.deserialize(plain(path)))
        )
        if hasattr(module, "get"):
            made[f"{family}.get"] = lambda path, module=module: str(
                described(module.get(plain(path)))
            )
    return made


def plain(path: Path) -> Any:
    """The data of a file: a program's own reading, which is not what is tested."""
    return json.loads(text(path))


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def inner(path: Path) -> Any:
    return plain(path)["config"]


def digest(arrays: dict[str, np.ndarray]) -> str:
    found = hashlib.sha256()
    for name, array in arrays.items():
        found.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return found.hexdigest()


def edited(path: Path) -> str:
    """What KerasFileEditor finds."""
    editor = saving.KerasFileEditor(path)
    found: dict[str, np.ndarray] = {}

    def collect(tree: dict[str, Any], place: str) -> None:
        for key, item in tree.items():
            if isinstance(item, dict):
                collect(item, f"{place}/{key}")
            else:
                found[f"{place}/{key}"] = item

    collect(editor.weights_dict, "")
    return digest(dict(sorted(found.items())))


def filling(victim: Any, options: dict[str, Any]) -> Entry:
    """Loading weights into a model, which must stay as it was on an error."""

    def fill(path: Path) -> str:
        before = bytes_of(victim)
        try:
            victim.load_weights(path, **options)
        except Exception:
            assert bytes_of(victim) == before, "the model was changed by what was refused"
            raise
        return bytes_of(victim)

    return fill


def compiled(victim: Any, path: Path) -> str:
    victim.compile_from_config(plain(path))
    return fingerprint(victim)


def cloned(path: Path) -> str:
    """A model with a layer that tells what is in a file as a part of its config, cloned."""
    layer = Given(name="given")
    layer.described = plain(path)
    model = models.Sequential([geartrain.Input((3,)), layers.Dense(2), layer])
    return fingerprint(models.clone_model(model))


def unpickled(data: bytes) -> str:
    made = pickle.loads(data)
    with contextlib.suppress(AttributeError):
        return fingerprint(made)
    return str(described(made))


def described_by_command(path: Path) -> str:
    """`geartrain describe FILE`, which tells its errors in one line."""
    from geartrain.commands.data.contents import contents

    return str(contents(str(path)))
