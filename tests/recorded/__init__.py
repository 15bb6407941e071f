"""Numbers recorded from the real Keras by `scripts/record_keras.py`, and their reader.

`optimizers, arrays = load("optimizers")`: a dictionary of facts whose "cases" is a list of
dictionaries, and the arrays that they refer to by key. Each file's "note" tells what they mean.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent


def load(group: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The facts and cases of a group, and its arrays by key."""
    facts = json.loads((FOLDER / f"{group}.json").read_text())
    path = FOLDER / f"{group}.npz"
    if not path.exists():
        return facts, {}
    with np.load(path, allow_pickle=False) as archive:
        return facts, {key: archive[key] for key in archive.files}
