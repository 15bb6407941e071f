"""Pictures of models: what is in them, where it stands, and in which files they end."""

from __future__ import annotations

import io
import itertools
import os
import re
import stat
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from geartrain import Input, Model, Sequential, layers, ops, utils
from geartrain.diagrams import plotting, rendering
from geartrain.diagrams.drawing import draw
from geartrain.diagrams.layout import apart, crossings, inversions, layout, neighbours, ordered
from geartrain.diagrams.structure import Group, Options, structure_of

ALL = {f"show_{name}": True for name in
       ("shapes", "dtype", "layer_names", "layer_activations", "trainable")}  # fmt: skip


def tickets():
    title, tags = Input((32,), name="title", dtype="int32"), Input((12,), name="tags")
    words = layers.Embedding(100, 8, name="words", trainable=False)
    inner = Sequential([Input((20,)), layers.Dense(5, name="first"), layers.ReLU(name="second")])
    pooled = layers.GlobalAveragePooling1D(name="pooled")(words(title))
    both = layers.Concatenate(name="both")([pooled, tags])
    outer = Model(x := Input((20,), name="x"), inner(x), name="outer")
    urgent = layers.Dense(1, activation="sigmoid", name="urgent")(ops.tanh(outer(both)))
    return Model([title, tags], [urgent, layers.Dense(4, name="<who>")(both)], name="tickets")


def title_of(box):
    return re.sub(r"tanh_\d+", "tanh", box.rows[0][0].value)  # numbered by its use


def image(path):
    from PIL import Image

    return Image.open(io.BytesIO(path.read_bytes()))


def lines_of(group):
    found = {(title_of(one), title_of(other)) for one, other in group.lines}
    for item in group.items:
        found |= lines_of(item) if isinstance(item, Group) else set()
    return found


def test_boxes_and_lines():
    closed = structure_of(tickets(), Options(**ALL))
    assert lines_of(closed) == {
        ("title", "words"), ("words", "pooled"), ("pooled", "both"), ("tags", "both"),
        ("both", "outer"), ("outer", "tanh"), ("tanh", "urgent"), ("both", "<who>"),
    }  # fmt: skip
    boxes = {title_of(box): box for box in closed.boxes()}
    texts = {
        name: [cell.text + cell.value for row in boxes[name].rows[1:] for cell in row]
        for name in ("title", "words", "both", "urgent")
    }
    assert texts["title"] == ["Output shape: (None, 32)", "Output dtype: int32"]
    assert texts["words"][-1] == "Non-trainable" and texts["urgent"][-1] == "Trainable"
    assert texts["both"][0] == "Input shape: [(None, 8), (None, 12)]"
    assert texts["urgent"][0] == "Activation: sigmoid"


def test_models_inside():
    group = structure_of(tickets(), Options(expand_nested=True))
    assert lines_of(group) == {
        ("title", "words"), ("words", "pooled"), ("pooled", "both"), ("tags", "both"),
        ("both", "x"), ("x", "first"), ("first", "second"), ("second", "tanh"),
        ("tanh", "urgent"), ("both", "<who>"),
    }  # fmt: skip
    (outer,) = [item for item in group.items if isinstance(item, Group)]
    (inner,) = [item for item in outer.items if isinstance(item, Group)]
    assert [title_of(box) for box in inner.items] == ["first", "second"]


def test_a_model_without_a_graph_is_one_box():
    class Own(Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    model(np.zeros((1, 3)))
    group = structure_of(model, Options(show_shapes=True))
    assert [title_of(box) for box in group.boxes()] == ["own"] and not group.lines


def network(seed, size):
    """A random network: each box leads to some later ones."""
    random = np.random.default_rng(seed)
    sizes = {n: (float(random.integers(20, 200)), float(random.integers(20, 90)))
             for n in range(size)}  # fmt: skip
    pairs = itertools.combinations(range(size), 2)
    return sizes, [pair for pair in pairs if random.random() < 2.0 / size]


@pytest.mark.parametrize(("seed", "size"), [(0, 1), (1, 5), (2, 20), (3, 60), (4, 20)])
def test_no_box_covers_another_and_lines_lead_down(seed, size):
    sizes, lines = network(seed, size)
    made = layout(sizes, lines)
    corners = {n: (*made.places[n], *np.add(made.places[n], sizes[n])) for n in sizes}
    for one, other in itertools.combinations(corners.values(), 2):
        apart_across = one[2] < other[0] or other[2] < one[0]
        assert apart_across or one[3] < other[1] or other[3] < one[1]
    for (start, end), bends in zip(lines, made.bends, strict=True):
        heights = [corners[start][3], *(y for _, y in bends), corners[end][1]]
        assert heights == sorted(heights)
        for (x, top), (_, bottom) in zip(bends[::2], bends[1::2], strict=True):
            for left, up, right, down in corners.values():  # no line goes through a box
                assert not (left < x < right and up < bottom and down > top)
    assert min(x for x, *_ in corners.values()) >= 0
    assert max(x for *_, x, _ in corners.values()) <= made.size[0] + 1e-6


def test_crossings_are_counted_and_avoided():
    random = np.random.default_rng(0)
    for _ in range(20):
        numbers = random.integers(0, 9, 12).tolist()
        pairs = itertools.combinations(numbers, 2)
        assert inversions(numbers) == sum(one > other for one, other in pairs)
    rows = [["a", "b", "c"], ["x", "y", "z"]]
    lines = [("a", "z"), ("b", "y"), ("c", "x")]
    above, below = neighbours(dict.fromkeys("abcxyz", 1.0), lines)
    assert crossings(rows, below) == 3
    assert crossings(ordered(rows, above, below), below) == 0


def test_places_are_the_nearest_that_keep_their_distance():
    random = np.random.default_rng(1)
    wanted = random.normal(size=6) * 3
    weights, gaps = random.uniform(1, 5, 6), random.uniform(0, 2, 5)
    found = np.array(apart(wanted.tolist(), weights.tolist(), gaps.tolist()))
    assert (np.diff(found) >= gaps - 1e-9).all()

    def cost(places):
        return (weights * (places - wanted) ** 2).sum()

    for _ in range(200):  # no other places that keep the gaps are nearer
        other = found + random.normal(size=6) * 0.1
        if (np.diff(other) >= gaps).all():
            assert cost(other) >= cost(found)


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_svg_in_all_directions(tmp_path, monkeypatch, rankdir):
    monkeypatch.setattr(plotting, "graphviz", lambda: None)
    path = tmp_path / "model.svg"
    assert utils.plot_model(tickets(), path, rankdir=rankdir, expand_nested=True, **ALL) is None
    svg = ElementTree.parse(path).getroot()
    texts = ["".join(one.itertext()) for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "<who> (Dense)" in texts and "outer" in texts and "Activation: sigmoid" in texts
    drawing = draw(structure_of(tickets(), Options()), rankdir)
    axis, sign = (1, 1 if rankdir == "TB" else -1) if rankdir in ("TB", "BT") else (
        0, 1 if rankdir == "LR" else -1)  # fmt: skip
    for line in drawing.lines:
        assert sign * (line.points[-1][axis] - line.points[0][axis]) > 0
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in line.points)


def test_png_and_pdf_without_graphviz(tmp_path, monkeypatch):
    monkeypatch.setattr(plotting, "graphviz", lambda: None)
    model = Sequential([Input((4,)), layers.Dense(2), layers.ReLU()])
    for name, dpi in (("low", 50), ("high", 100)):
        utils.plot_model(model, tmp_path / name, dpi=dpi)  # without an ending
    low, high = (image(tmp_path / name) for name in ("low", "high"))
    assert low.format == "PNG" and abs(high.width - 2 * low.width) <= 1
    assert np.asarray(low.convert("L")).min() == 0
    utils.plot_model(model, tmp_path / "model.pdf", splines="line")
    assert (tmp_path / "model.pdf").read_bytes().startswith(b"%PDF")
    monkeypatch.setattr(rendering, "_MOST_PIXELS", 100)
    utils.plot_model(model, tmp_path / "small.png")
    assert max(image(tmp_path / "small.png").size) <= 101


def test_without_graphviz_and_matplotlib(tmp_path, monkeypatch):
    def missing(*_):
        raise ImportError("no matplotlib")

    monkeypatch.setattr(plotting, "graphviz", lambda: None)
    monkeypatch.setattr(rendering, "by_matplotlib", missing)
    model = Sequential([Input((4,)), layers.Dense(2)])
    with pytest.warns(UserWarning, match=r"expected Graphviz or matplotlib.*model\.svg' instead"):
        utils.plot_model(model, tmp_path / "model.png")
    assert [one.name for one in tmp_path.iterdir()] == ["model.svg"]
    with pytest.raises(ValueError, match=r"to end in \.svg, \.dot or .*model\.gif'"):
        utils.plot_model(model, tmp_path / "model.gif")


def graphviz_in(folder, script):
    """A program `dot` that does what the script says."""
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_graphviz_draws_where_it_is(tmp_path, monkeypatch):
    model = Sequential([Input((4,)), layers.Dense(2), layers.ReLU()])
    graphviz_in(tmp_path, 'echo "$@"; cat')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    utils.plot_model(model, tmp_path / "model.jpg", rankdir="LR", dpi=77, splines="curved")
    head, *rest = (tmp_path / "model.jpg").read_text().splitlines()
    assert head == "-Tjpg" and '  rankdir="LR";' in rest and "  dpi=77;" in rest
    assert '  splines="curved";' in rest and "  n0 -> n1 [penwidth=2];" in rest
    monkeypatch.setitem(__import__("sys").modules, "pydot", None)  # as if it were not installed
    dot = utils.model_to_dot(model)
    assert dot.create_svg().startswith(b"-Tsvg\n") and dot.create(format="dot") == str(dot).encode()
    dot.write_png(tmp_path / "a")
    assert (tmp_path / "a").read_bytes().startswith(b"-Tpng\n")
    graphviz_in(tmp_path, "echo it is Tuesday >&2; exit 3")
    with pytest.raises(RuntimeError, match="Graphviz failed to draw as 'svg': it is Tuesday"):
        dot.create_svg()
    with pytest.raises(AttributeError, match="picture has no 'get_nodes'"):
        dot.get_nodes()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(ImportError, match=r"Graphviz's program 'dot'.*utils.plot_model"):
        dot.create_svg()


def test_dot_text(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "pydot", None)
    text = utils.model_to_dot(tickets(), expand_nested=True, **ALL).to_string()
    assert 'subgraph "cluster_outer" {' in text and "&lt;who&gt;" in text
    assert text.count("->") == 10 and text.count("{") == text.count("}")
    part = utils.model_to_dot(tickets(), subgraph=True).to_string()
    assert part.startswith('subgraph "cluster_tickets" {')
    utils.plot_model(tickets(), tmp_path / "model.dot", show_layer_names=True)
    assert (tmp_path / "model.dot").read_text().startswith("digraph G {")


@pytest.mark.parametrize("function", [utils.plot_model, utils.model_to_dot])
@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"model": Sequential([layers.Dense(2)])}, ValueError, "has not yet been built"),
        ({"model": 3}, TypeError, "expected a model. Received: 3"),
        ({"rankdir": "UP"}, ValueError, "Unknown rankdir of .*'UP'"),
        ({"splines": "curly"}, ValueError, "Unknown splines of .*'curly'"),
        ({"layer_range": ["a", "b"]}, ValueError, "Argument `layer_range` is no longer supported"),
        ({"show_shape": True}, TypeError, "keyword 'show_shape'. Did you mean 'show_shapes'"),
    ],
)
def test_wrong_arguments(function, options, kind, message):
    options = {"model": Sequential([Input((4,)), layers.Dense(2)]), **options}
    with pytest.raises(kind, match=message) as caught:
        function(**options)
    assert function.__name__ in str(caught.value)


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")  # of pydot
def test_graphviz_and_pydot_take_it(tmp_path):
    from PIL import Image

    pydot = pytest.importorskip("pydot")
    if plotting.graphviz() is None:
        pytest.skip("Graphviz is not installed")
    dot = utils.model_to_dot(tickets(), expand_nested=True, **ALL)
    assert isinstance(dot, pydot.Dot) and len(dot.get_edges()) == 8
    assert Image.open(io.BytesIO(dot.create_png())).format == "PNG"
    part = utils.model_to_dot(tickets(), subgraph=True)
    assert isinstance(part, pydot.Subgraph)
    utils.plot_model(tickets(), tmp_path / "model.png", expand_nested=True, **ALL)
    assert image(tmp_path / "model.png").width > 500
