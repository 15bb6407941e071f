"""Expressions give what TensorFlow gave: values and dtypes, as recorded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from geartrain import script
from tests.compat.tensorflow.expressions import LINES, evaluated, plain

RECORDED = Path(__file__).parents[2] / "recorded" / "tensorflow.json"
EXPECTED = json.loads(RECORDED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tf():
    with script.stand_in():
        import tensorflow

        yield tensorflow


@pytest.mark.parametrize("text", LINES)
def test_an_expression_gives_what_tensorflow_gives(text, tf):
    compare(plain(evaluated(text, tf)), EXPECTED[text])


def compare(found, expected):
    if isinstance(expected, dict) and set(expected) == {"dtype", "value"}:
        assert found["dtype"] == expected["dtype"]
        if "string" in expected["dtype"] or "object" in expected["dtype"]:
            assert found["value"] == expected["value"]
        else:
            np.testing.assert_allclose(found["value"], expected["value"], rtol=2e-5, atol=2e-6)
    elif isinstance(expected, dict):
        assert set(found) == set(expected)
        for name in expected:
            compare(found[name], expected[name])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            compare(one, other)
    else:
        assert found == expected
