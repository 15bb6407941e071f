"""The recorded files are whole: every key leads to an array, and the arrays are what they say."""

import json
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parent
# What TensorFlow gave has a form of its own, by expression and by program.
GROUPS = sorted(
    path.stem for path in FOLDER.glob("*.json") if not path.stem.startswith("tensorflow")
)


def refuse(name):
    raise AssertionError(f"{name} is not JSON that every reader takes")


def read(group):
    text = (FOLDER / f"{group}.json").read_text()
    facts = json.loads(text, parse_constant=refuse)
    path = FOLDER / f"{group}.npz"
    if not path.exists():
        return facts, {}
    with np.load(path, allow_pickle=False) as archive:
        return facts, {key: archive[key] for key in archive.files}


def strings(value):
    """Every string anywhere inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


@pytest.mark.parametrize("group", GROUPS)
def test_cases_are_named_once_and_come_from_one_keras(group):
    facts, _ = read(group)
    assert facts["keras"] == "3.15.1"
    assert facts["backend"] == "jax"
    names = [case["name"] for case in facts["cases"]]
    assert names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("group", GROUPS)
def test_every_array_is_reached_and_every_key_leads_to_one(group):
    facts, arrays = read(group)
    mentioned = set(strings(facts["cases"]))
    shared = {key for key in arrays if key.split("/")[0] in facts.get("shared", ())}
    assert set(arrays) - shared <= mentioned
    owners = {case["name"] for case in facts["cases"]} | set(facts.get("shared", ()))
    keys = {text for text in mentioned if "/" in text and text.split("/")[0] in owners}
    assert keys <= set(arrays)


@pytest.mark.parametrize("group", GROUPS)
def test_arrays_are_plain_numbers(group):
    _, arrays = read(group)
    kinds = {np.dtype(kind) for kind in ("float32", "float16", "int32", "uint8", "bool")}
    assert {array.dtype for array in arrays.values()} <= kinds


def test_the_recordings_stay_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) < 3_600_000
