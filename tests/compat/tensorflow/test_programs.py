"""Programs in the style of public guides give what they give on TensorFlow, where that is fixed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from geartrain import script

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
RECORDED = Path(__file__).parents[2] / "recorded" / "tensorflow_programs.json"
EXPECTED = json.loads(RECORDED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_gives_what_it_gives_on_tensorflow(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hints for users of older names
        result = script.run(path)["result"]
    compare(result, EXPECTED[path.stem], path.stem)


def compare(found, expected, place):
    if isinstance(expected, list):
        assert len(found) == len(expected), place
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            compare(one, other, f"{place}[{number}]")
    elif isinstance(expected, float):
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-4, err_msg=place)
    else:
        assert found == expected, place


def test_every_program_is_recorded():
    assert set(EXPECTED) == {path.stem for path in PROGRAMS}
    assert len(PROGRAMS) >= 20
