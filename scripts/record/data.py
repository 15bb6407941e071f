"""What TensorFlow's data sets give: the pipelines of tests/data/pipelines.py."""

from __future__ import annotations

import sys
from pathlib import Path

import tensorflow as tf

from record.common import Recording

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.data.pipelines import PIPELINES, described


def record() -> Recording:
    """The elements, the number of them and their spec, of each pipeline."""
    recording = Recording("The pipeline `name` of tests/data/pipelines.py, by tf.data.Dataset.")
    for name, make in PIPELINES.items():
        recording.case(name=name, **described(make(tf.data.Dataset)))
    return recording
