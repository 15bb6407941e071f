"""Names of Keras that programs use: all are here, but for those listed. The list only shrinks.

The names are in a JSON file, `{"tiers": {"1": ["keras.layers.Dense", ...], "2": [...]}}`, that the
environment variable GEARTRAIN_KERAS_TIERS names.
"""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

import geartrain
from geartrain import ops

NOT_YET = {f"keras.{name}" for name in []}


def found(name: str) -> Any:
    """What a name such as `keras.layers.Dense` stands for here; None if it is not here."""
    item: Any = geartrain
    parts = name.split(".")[1:]
    for place, part in enumerate(parts):
        try:
            item = getattr(item, part)
        except AttributeError:
            try:
                item = importlib.import_module(".".join(["geartrain", *parts[: place + 1]]))
            except ImportError:
                return None
    return item


def test_what_programs_use_is_here():
    path = os.environ.get("GEARTRAIN_KERAS_TIERS")
    if not path:
        pytest.skip("GEARTRAIN_KERAS_TIERS names no list of Keras's names")
    tiers = json.loads(Path(path).read_text())["tiers"]
    missing = {name for tier in "12" for name in tiers[tier] if found(name) is None}
    assert missing - NOT_YET == set(), "names that are not here any more"
    assert NOT_YET - missing == set(), "names that are here now: take them off the list"


@pytest.mark.parametrize("space", ["linalg", "nn", "numpy"])
def test_functions_are_found_in_the_namespaces_of_keras_too(space):
    module = getattr(ops, space)
    assert module.__all__ == sorted(module.__all__)
    assert all(getattr(module, name) is getattr(ops, name) for name in module.__all__)
    with pytest.raises(AttributeError, match=r"'geartrain\.ops' has no attribute 'lapack'"):
        ops.lapack  # noqa: B018
