"""Every transformation gives what TensorFlow's gives: elements, dtypes, their number and specs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from geartrain.data import Dataset
from tests.data.pipelines import PIPELINES, described

RECORDED = json.loads((Path(__file__).parents[1] / "recorded" / "data.json").read_text())
CASES = {case["name"]: case for case in RECORDED["cases"]}


def test_all_pipelines_are_recorded():
    assert CASES.keys() == PIPELINES.keys()


@pytest.mark.parametrize("name", PIPELINES)
def test_a_data_set_gives_what_that_of_tensorflow_gives(name):
    found = described(PIPELINES[name](Dataset))
    expected = {key: CASES[name][key] for key in found}
    assert found["elements"] == expected["elements"]
    assert found == expected
