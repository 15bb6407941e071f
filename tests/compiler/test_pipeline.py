"""The passes of the compiler: their order, what they print, and that wrong results are noticed."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.compiler.passes import verify
from geartrain.compiler.pipeline import PASSES, assemble
from geartrain.compiler.targets.target import named
from geartrain.models.data import Batch

TARGET = named("x86_64-unknown-linux-gnu", "haswell", "", {"avx2": True, "fma": True})


def program():
    """A step of training: a window, a product, a softmax, and updates in place."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    stack = [layers.Conv1D(8, 3, padding="same", activation="relu"), layers.Flatten()]
    model = keras.Sequential([layers.Input((6, 4)), *stack, layers.Dense(5, "softmax")])
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    x = np.zeros((3, 6, 4), "float32")
    return model, model.program_of("train", Batch(x, np.zeros(3, "int64"), None))[0]


def made():
    step = program()[1]
    updates = {variable.node: value for variable, value in step.updates.items()}
    return assemble(step.outputs, updates, TARGET)


def test_each_pass_is_named_timed_and_documented():
    assembly = made()
    names = [one.name for one in PASSES]
    assert [one.name for one in assembly.passes] == names
    assert all(0 <= one.seconds < 60 and one.size for one in assembly.passes)
    import geartrain.compiler.pipeline as pipeline

    listed = [line[4:20].strip() for line in str(pipeline.__doc__).splitlines() if "->" in line]
    assert listed == names


def test_passes_are_shown_on_request(monkeypatch, capsys):
    monkeypatch.setenv("GEARTRAIN_SHOW", "passes, group rows")
    assembly = made()
    shown = capsys.readouterr().err
    for one in assembly.passes:
        assert str(one) in shown
    assert "-- group rows" in shown and "for i in range(batch):" in shown
    assert "-- fuse" not in shown


@pytest.mark.parametrize("number", range(len(PASSES)), ids=[one.name for one in PASSES])
def test_each_pass_shows_what_it_made(number, monkeypatch, capsys):
    monkeypatch.setenv("GEARTRAIN_SHOW", PASSES[number].name)
    assembly = made()
    text = capsys.readouterr().err
    assert text.startswith(f"-- {PASSES[number].name}\n") and len(text) > 40
    if number == len(PASSES) - 1:
        assert assembly.text in text


def test_an_unknown_pass_is_refused_with_the_nearest_name(monkeypatch):
    monkeypatch.setenv("GEARTRAIN_SHOW", "shedule")
    message = r"value of GEARTRAIN_SHOW: 'shedule'\. Did you mean 'schedule'\?"
    with pytest.raises(ValueError, match=message):
        made()


def test_explain_has_a_line_for_each_pass():
    model, _ = program()
    text = keras.explain(model, np.zeros((3, 6, 4), "float32")).stage("passes")
    assert [line.split("  ")[0] for line in text.splitlines()] == [one.name for one in PASSES]


def swapped(assembly):
    assembly.groups[0], assembly.groups[-1] = assembly.groups[-1], assembly.groups[0]


def forgotten(assembly):
    assembly.groups.pop()


def shared(assembly):
    first, *_, last = (group for group in assembly.groups if group.nodes)
    assembly.slots[first.nodes[0]] = assembly.slots[last.nodes[-1]]


def unnamed(assembly):
    assembly.kernels[0].name = assembly.kernels[1].name


def doubled(assembly):
    assembly.buffers.append(assembly.buffers[0])


def uncoded(assembly):
    assembly.kernels[0].code = ""


WRONG = {
    "groups in a wrong order": (swapped, verify.groups),
    "a group is missing": (forgotten, verify.groups),
    "two results share a place": (shared, verify.places),
    "two kernels share a name": (unnamed, verify.kernels),
    "one buffer is there twice": (doubled, verify.memory),
    "a kernel has no code": (uncoded, verify.text),
}


@pytest.mark.parametrize(("spoil", "check"), WRONG.values(), ids=WRONG)
def test_a_wrong_result_is_noticed(spoil, check):
    assembly = made()
    check(assembly)
    spoil(assembly)
    with pytest.raises(AssertionError):
        check(assembly)
