"""A checkpoint: the state of a training in one file, whole and checked.

The file is a safetensors file: each variable is a tensor under its name, arrays among the facts
are tensors under `state/`, and the rest is JSON in the metadata. It is written beside its place,
brought to the disk and renamed; every tensor has a SHA-256, and the header has one too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from geartrain._version import __version__
from geartrain.errors import shown
from geartrain.graph.dtypes import numpy_dtype
from geartrain.resume.state import TrainingState
from geartrain.resume.values import packed, unpacked
from geartrain.saving import plain
from geartrain.saving.safetensors import safetensors_file, write_safetensors
from geartrain.saving.store import MemoryTensor, Store, read_tensors

FORM = 1  # of the facts: other numbers are other ways to keep them
_FACTS, _STATE = "geartrain.training", "state"


def write_checkpoint(state: TrainingState, path: Path) -> None:
    """Write a state, whole or not at all.

    Raises:
        OSError: it cannot be written; what was there before is whole.
        TypeError: a callback's state that holds something else than plain values.
    """
    arrays: dict[str, np.ndarray] = {}
    facts = {
        "form": FORM, "version": __version__, "step": state.step, "identity": state.identity,
        "facts": packed(state.facts, arrays, _STATE),
    }  # fmt: skip
    tensors = {
        name: MemoryTensor.of(name, array) for name, array in {**state.values, **arrays}.items()
    }
    write_safetensors(Store(dict(tensors), metadata={_FACTS: plain.dump(facts).decode()}), path)


def read_checkpoint(path: Path, who: str = "fit") -> TrainingState:
    """Read a state and check it against its digests.

    Raises:
        ValueError: a file that is damaged, or no checkpoint, or one of another form.
        OSError: it cannot be read.
    """
    with safetensors_file(path, f"{who}: {str(path)!r}") as store:
        facts = _facts(store.metadata, path, who)
        arrays = {
            name: np.empty(one.shape, numpy_dtype(one.dtype)) for name, one in store.tensors.items()
        }
        read_tensors((store.tensors[name], array) for name, array in arrays.items())
    inside = f"{_STATE}/"
    kept = {name: array for name, array in arrays.items() if name.startswith(inside)}
    values = {name: array for name, array in arrays.items() if not name.startswith(inside)}
    return TrainingState(facts["step"], values, unpacked(facts["facts"], kept), facts["identity"])


def _facts(metadata: dict[str, str], path: Path, who: str) -> dict[str, Any]:
    if _FACTS not in metadata:
        raise ValueError(
            f"{who}: expected {str(path)!r} to hold the state of a training. Received: tensors "
            "alone. Load weights by model.load_weights."
        )
    facts = plain.parse(metadata[_FACTS].encode(), str(path))
    if not isinstance(facts, dict) or facts.get("form") != FORM:
        form = facts.get("form") if isinstance(facts, dict) else None
        raise ValueError(
            f"{who}: expected a checkpoint of form {FORM}, as Geartrain {__version__} writes it. "
            f"Received: form {shown(form)} in {str(path)!r}, by Geartrain "
            f"{shown(facts.get('version')) if isinstance(facts, dict) else 'unknown'}. Go on with "
            "that version, or begin anew in another folder."
        )
    return facts
