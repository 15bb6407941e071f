"""Gear zero, the engine in plain Python, against the large one and against finite differences."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import geartrain as keras
from geartrain import ops
from geartrain.naive import engine

RNG = np.random.default_rng(0)
ARRAYS = {
    "x": RNG.normal(size=(4, 3)),
    "w": RNG.normal(size=(3, 5)),
    "b": RNG.normal(size=5),
    "v": RNG.normal(size=(5, 2)),
}


def symbols():
    return {name: engine.tensor(name, *array.shape) for name, array in ARRAYS.items()}


def numbers(arrays):
    return {name: array.ravel().tolist() for name, array in arrays.items()}


def zero_log(x):
    return engine.elementwise("log", x)


# Each loss, as gear zero and as the large engine say it.
LOSSES = {
    "product": (
        lambda x, w, b, v: engine.total(engine.dot(engine.dot(x, w), v)),
        lambda x, w, b, v: ops.sum(x @ w @ v),
    ),
    "two layers": (
        lambda x, w, b, v: engine.total(engine.dot(engine.relu(engine.dot(x, w) + b), v)),
        lambda x, w, b, v: ops.sum(ops.relu(x @ w + b) @ v),
    ),
    "cross-entropy": (
        lambda x, w, b, v: engine.total(zero_log(engine.softmax(engine.dot(x, w) + b)) * b),
        lambda x, w, b, v: ops.sum(ops.log(ops.softmax(x @ w + b)) * b),
    ),
    "transposed, shared": (
        lambda x, w, b, v: engine.total(
            engine.dot(engine.view(engine.dot(x, w), (1, 0), (5, 4)), x * x - 0.5) / 3.0
        ),
        lambda x, w, b, v: ops.sum(ops.transpose(x @ w) @ (x * x - 0.5) / 3.0),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_values_and_gradients_are_those_of_the_large_engine(name):
    zero, large = LOSSES[name]
    nodes = symbols()
    loss = zero(**nodes)
    slopes = engine.gradients(loss, *nodes.values())
    program = engine.compiled(
        loss=loss, **{f"d_{n}": g for n, g in zip(nodes, slopes, strict=True)}
    )
    got = program(**numbers(ARRAYS))
    value, expected = keras.value_and_grad(lambda arrays: large(**arrays))(ARRAYS)
    np.testing.assert_allclose(got["loss"], [value], rtol=1e-9)
    for n in nodes:
        np.testing.assert_allclose(got[f"d_{n}"], np.ravel(expected[n]), rtol=1e-9, atol=1e-12)


def test_gradients_have_gradients():
    x = engine.tensor("x", 3)
    cube = engine.total(x * x * x)
    (slope,) = engine.gradients(cube, x)
    (bend,) = engine.gradients(engine.total(slope), x)
    got = engine.compiled(slope=slope, bend=bend)(x=[1.0, -2.0, 0.5])
    assert got == {"slope": [3.0, 12.0, 0.75], "bend": [6.0, -12.0, 3.0]}


def test_gradients_are_slopes():
    nodes = symbols()
    zero, _ = LOSSES["cross-entropy"]
    loss = zero(**nodes)
    program = engine.compiled(loss=loss, slope=engine.gradients(loss, nodes["w"])[0])
    given = {name: array for name, array in numbers(ARRAYS).items() if name != "v"}
    slopes, step = program(**given)["slope"], 1e-6
    for place, slope in enumerate(slopes):
        at = [
            program(**given | {"w": [w + d * (i == place) for i, w in enumerate(given["w"])]})[
                "loss"
            ][0]
            for d in (-step, step)
        ]
        assert (at[1] - at[0]) / (2 * step) == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_what_is_common_is_one_node_and_chains_are_one_loop():
    x = engine.tensor("x", 8)
    assert engine.relu(x) is engine.relu(x)
    program = engine.compiled(y=engine.relu(x * 2.0 + 1.0) * 3.0)
    assert program.source.count(" for ") == 1


def test_a_deep_graph_needs_no_recursion_to_be_walked():
    x = engine.tensor("x", 2)
    z = x
    for _ in range(3000):
        z = z + x
    assert len(engine.gradients(engine.total(z), x)) == 1


@pytest.mark.parametrize("name", ["t1", "i0", "k12", "no name", ""])
def test_names_that_loops_use_are_refused(name):
    with pytest.raises(ValueError, match=r"tensor expected a name such as .* Received"):
        engine.tensor(name, 2)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"view expected x with axes .* Received: shape \(4, 2\)"):
        engine.dot(engine.tensor("a", 2, 3), engine.tensor("c", 4, 2))


def test_it_is_small_and_plain():
    lines = Path(engine.__file__).read_text("utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 150
    imports = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert imports == {"__future__", "math", "collections", "collections.abc", "typing"}


def test_the_page_that_builds_it_shows_its_text():
    page = (Path(__file__).parents[1] / "docs" / "gear-zero.md").read_text("utf-8")
    source = Path(engine.__file__).read_text("utf-8")
    blocks = [
        block
        for block in re.findall(r"```python\n(.*?)\n```", page, re.DOTALL)
        if ">>>" not in block
    ]
    assert len(blocks) >= 5
    for block in blocks:
        for part in block.split("\n\n\n"):
            assert part in source
