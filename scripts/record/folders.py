"""What the real Keras reads from folders of images, texts and sounds: tests/data/folders.py."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from record.common import Recording

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.data.folders import CASES, WRITERS, read


def record() -> Recording:
    """Every case, its tensors as arrays."""
    recording = Recording("The case `name` of tests/data/folders.py; texts are in the JSON.")
    for name, (function, _) in CASES.items():
        with tempfile.TemporaryDirectory() as around:
            folder = Path(around)
            WRITERS[function](folder)
            found = read(keras.utils, name, folder)
        for number, dataset in enumerate(found):
            key = f"{name}/{number}"
            dataset["elements"] = [
                [_kept(recording, f"{key}/{place}/{part}", tensor)
                 for part, tensor in enumerate(one if isinstance(one, tuple) else (one,))]
                for place, one in enumerate(dataset["elements"])
            ]  # fmt: skip
        recording.case(name=name, datasets=found)
    return recording


def _kept(recording: Recording, key: str, tensor: Any) -> Any:
    """A tensor's key, or a list of its texts."""
    array = np.asarray(tensor)
    if array.dtype == object or array.dtype.kind == "S":
        return [text.decode("latin-1") for text in array.reshape(-1).tolist()]
    return recording.array(key, array)
