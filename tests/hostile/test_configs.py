"""Hostile configurations, in every file and through every entry that reads one."""

from __future__ import annotations

import base64
import json
import marshal
import types

import pytest

from tests.hostile.configs import (
    BOMBS,
    CODE,
    FORMS,
    GADGETS,
    GRAPHS,
    HARMLESS,
    NO_MODELS,
    OBJECTS,
    POSITIONS,
    RUN,
    SECRET,
    UNSUPPORTED,
    described,
    files,
)

PROMISE = "a hostile configuration is refused by every entry"
# Where each object stands besides the place of a layer.
CASES = [(name, "layer") for name in OBJECTS]
CASES += [(name, place) for name in RUN for place in POSITIONS if place != "layer"]
ELSEWHERE = ("m.keras", "m.h5", "json", "pickle")
FAMILIES = ("losses", "metrics", "optimizers", "initializers", "regularizers", "constraints",
            "activations")  # fmt: skip


def with_secret(whole, client):
    return json.loads(json.dumps(whole).replace(SECRET, client.secret))


@pytest.mark.parametrize(("name", "position"), CASES)
def test_objects(client, refused, tmp_path, count_cases, name, position):
    whole = with_secret(POSITIONS[position](OBJECTS[name]), client)
    pairs = files(tmp_path, whole, client.sound)
    if position != "layer":  # one entry of each kind: how they are reached is tried above
        pairs = [(entry, path) for entry, path in pairs if path.name in ELSEWHERE]
    refused(pairs, may_pass=name in HARMLESS)
    count_cases(PROMISE, len(pairs))


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(client, refused, tmp_path, count_cases, name):
    pairs = files(tmp_path, GRAPHS[name], client.sound)
    refused(pairs, may_pass=name in HARMLESS)
    count_cases(PROMISE, len(pairs))


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(client, refused, tmp_path, count_cases, name):
    pairs = files(tmp_path, BOMBS[name], client.sound)
    pairs = [pair for pair in pairs if pair[0] in ("load_model", "model_from_json")]
    assert all(path.stat().st_size < 1 << 20 for _, path in pairs if path.is_file())
    refused(pairs)
    count_cases(PROMISE, len(pairs))


@pytest.mark.parametrize("name", NO_MODELS)
def test_other_objects_are_no_models(client, refused, tmp_path, count_cases, name):
    pairs = files(tmp_path, NO_MODELS[name], client.sound)
    pairs = [pair for pair in pairs if pair[0] in ("load_model", "model_from_json")]
    refused(pairs)
    count_cases(PROMISE, len(pairs))


@pytest.mark.parametrize("name", [*RUN, *GADGETS, *UNSUPPORTED, *FORMS])
def test_families(client, refused, tmp_path, count_cases, name):
    path = tmp_path / "described"
    path.write_text(json.dumps(with_secret(OBJECTS[name], client)), encoding="ascii")
    ways = ("deserialize", "get")
    pairs = [(f"{family}.{way}", path) for family in FAMILIES for way in ways]
    pairs += [("optimizers.schedules.deserialize", path), ("dtype_policies.deserialize", path)]
    refused(pairs)
    count_cases(PROMISE, len(pairs))


@pytest.mark.parametrize("name", RUN)
def test_compiling(client, refused, tmp_path, count_cases, name):
    for key in ("optimizer", "loss", "metrics", "weighted_metrics", "loss_weights"):
        path = tmp_path / key
        config = {"optimizer": "sgd", "loss": "mse", key: RUN[name]}
        path.write_text(json.dumps(with_secret(config, client)), encoding="ascii")
        refused([("compile_from_config", path)])
        count_cases(PROMISE, 1)


def test_the_code_would_run(tmp_path):
    """The marshalled code is code: what refuses it refuses something."""
    code = marshal.loads(base64.b64decode(CODE))
    path = tmp_path / "secret"
    names = tuple(
        one.replace(SECRET, str(path)) if isinstance(one, str) else one for one in code.co_consts
    )
    types.FunctionType(code.replace(co_consts=names), {"open": open})(None).close()
    assert (tmp_path / "secret.written").exists()


def test_what_is_sound_passes(client, tmp_path):
    """The same files and entries without an attack are read: nothing is refused for its form."""
    whole = POSITIONS["layer"](described("Dense", {"units": 2, "name": "last"}))
    for entry, path in files(tmp_path, whole, client.sound)[3:]:
        [result] = client.ask([{"entry": entry, "path": str(path)}])["results"]
        assert result["outcome"] == "done", f"{entry}: {result}"
        assert not result["escapes"], f"{entry}: {result}"
