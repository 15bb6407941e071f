"""What must be the same where a training goes on, so that it ends in the same bits."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain import config
from geartrain._version import __version__
from geartrain.errors import warn
from geartrain.random import global_seed
from geartrain.saving.store import bytes_of
from geartrain.serialization import serialize

_SHOWN = 120  # characters of a text that is kept as it is
_WHOLE = 16 << 20  # bytes up to which all of an array is hashed
_BLOCK = 1 << 20
_ITEMS = 100_000  # texts that are hashed, of as many as there are
_AUTOMATIC = re.compile(r"_\d+(?=[\"/])")  # the numbers of automatic names
# What may differ where bits need not be the same.
OF_BITS = ("geartrain", "numpy", "cpu")
_REMEDIES = {
    "data": "Give it the same data, in the same order and dtype",
    "validation": "Give it the same validation data",
    "geartrain": "Install that version",
    "numpy": "Install that version",
    "cpu": "Go on with such a processor",
}


def identity_of(model: Any, data: Any, held: Any, settings: dict[str, Any]) -> dict[str, str]:
    """The identity of a training, each part of it as a short text.

    Args:
        model: a compiled model.
        data: the batches for training.
        held: those for validation, or None.
        settings: further settings by name.
    """
    arguments = {} if model._compilation is None else model._compilation.arguments
    compiled = {name: _told(value) for name, value in arguments.items() if value is not None}
    return {
        "model": f"{type(model).__name__} {_told(_config_of(model))}",
        **compiled,
        "data": told_data(data),
        "validation": "none" if held is None else told_data(held),
        **{name: _told(value) for name, value in settings.items()},
        "seed": str(global_seed()),
        "floats": f"{config.floatx()}, {model.dtype_policy.name}",
        "geartrain": __version__,
        "numpy": np.__version__,
        "cpu": _cpu(),
    }


def check_same(
    there: dict[str, str], here: dict[str, str], who: str, folder: str, exact: bool
) -> None:
    """Refuse to go on with another training.

    Args:
        there: the identity in the checkpoint.
        here: that of the program.
        who: the caller, for the error.
        folder: where the checkpoint is.
        exact: whether versions and the processor must be the same too; else they are told of.

    Raises ValueError for the first difference.
    """
    for name in dict.fromkeys([*there, *here]):
        before, now = there.get(name, "none"), here.get(name, "none")
        if before == now:
            continue
        if name in OF_BITS and not exact:
            warn(
                f"{who}: {name} is {now} now, and was {before} when {folder!r} was written: the "
                "bits may become others than those of a training in one piece."
            )
            continue
        remedy = _REMEDIES.get(name, f"Let {name} be what it was")
        if name in OF_BITS:
            remedy += ", or pass resume.Checkpoints(..., exact=False) to go on with other bits"
        raise ValueError(
            f"{who}: expected the training that {folder!r} holds, to go on with it. Received: "
            f"another {name}: {now}, rather than {before}. {remedy}; or give another folder, or "
            "remove this one, to begin anew."
        )


def told_data(batches: Any) -> str:
    """Data in a line: of arrays their kinds and digests, of streams what they are."""
    arrays = getattr(batches, "data", None)
    if arrays is None:
        return f"{type(batches.source).__name__}, batches: {batches.count}"
    parts = []
    for name, part in zip(arrays._fields, arrays, strict=True):
        for leaf in _leaves(part):
            kind = f"{name} {leaf.dtype}{list(leaf.shape)}"
            parts.append(f"{kind} {digest_of_array(leaf)}")
    return "; ".join(parts)


def _leaves(part: Any) -> Iterable[np.ndarray]:
    from geartrain import tree

    return [leaf for leaf in tree.flatten(part) if leaf is not None]


def digest_of_array(array: np.ndarray) -> str:
    """The start of the SHA-256 of an array; of one over 16 MiB, of 16 blocks of it.

    Of texts, about 100,000 are taken at equal distances.

    >>> digest_of_array(np.zeros(4, "float32"))
    '374708fff771'
    """
    found = hashlib.sha256()
    if array.dtype.hasobject:
        for item in array.reshape(-1)[:: max(1, array.size // _ITEMS)]:
            found.update(repr(item).encode())
    elif array.nbytes <= _WHOLE:
        found.update(bytes_of(np.ascontiguousarray(array)))
    else:
        rows = max(1, _BLOCK * len(array) // array.nbytes)
        for start in np.linspace(0, len(array) - rows, _WHOLE // _BLOCK).astype(int).tolist():
            found.update(bytes_of(np.ascontiguousarray(array[start : start + rows])))
    return found.hexdigest()[:12]


def _told(value: Any) -> str:
    """A setting as a short text: its config without automatic numbers, or the digest of it."""
    if isinstance(value, bool | int | float | str | None):
        return str(value)
    try:
        text = json.dumps(serialize(value), sort_keys=True, default=str)
    except (TypeError, ValueError):  # what no file can tell
        text = getattr(value, "__qualname__", type(value).__qualname__)
    text = _AUTOMATIC.sub("", text)
    if len(text) <= _SHOWN:
        return text
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _config_of(model: Any) -> Any:
    """What a model says of itself, without what it was compiled with, which is told apart."""
    try:
        return serialize(model)["config"]
    except (TypeError, ValueError):  # its variables say what it is
        return [variable.path for variable in model.variables]


def _cpu() -> str:
    """The instruction set: other vectors sum in another order."""
    try:
        from geartrain.compiler.targets.target import host

        target = host()
    except ImportError:  # no llvmlite: NumPy computes
        return platform.machine()
    features = hashlib.sha256(target.features.encode()).hexdigest()[:8]
    return f"{target.cpu} {features}"
