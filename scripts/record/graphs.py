"""Random models made of calls: the order of their layers, and the calls that a config lists."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras

from record.common import Recording

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.models.graphs import build, random_program, structure

GRAPHS = 40


def record() -> Recording:
    """Programs of tests/models/graphs.py, and the structure of the configs of what they make."""
    recording = Recording("`program` makes a model, whose config has the structure `expected`.")
    for seed in range(GRAPHS):
        keras.utils.clear_session()
        program = random_program(seed)
        config = json.loads(build(keras, program).to_json())["config"]
        recording.case(name=f"graph {seed}", program=program, expected=structure(config))
    return recording
