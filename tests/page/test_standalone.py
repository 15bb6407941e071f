"""Views in a single file: whole, small, and without a word to any server."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from geartrain import Sequential, layers
from geartrain.callbacks import History
from geartrain.explanation import STAGES, explain
from geartrain.standalone import STATIC, key, page

MOST_BYTES = 3 * 2**20


def answers_of(text):
    found = re.search(
        r'<script type="application/json" id="answers">(.*?)</script>', text, re.DOTALL
    )
    return json.loads(found[1])


def history():
    record = History()
    for epoch, loss in enumerate([1.0, 0.5, float("nan")]):
        record.on_epoch_end(epoch, {"loss": loss, "val_loss": 2 * loss})
    return record


def test_a_history_is_saved_with_its_curves(tmp_path):
    history().save(tmp_path / "run.html")
    text = (tmp_path / "run.html").read_text("utf-8")
    assert len(text) < MOST_BYTES
    (run,) = answers_of(text)["train/status"]["runs"]
    assert run["points"] == [[1, 0, {"loss": 1.0}], [2, 1, {"loss": 0.5}], [3, 2, {"loss": None}]]
    assert run["epochs"][1] == [2, 1, {"loss": 0.5, "val_loss": 1.0}]


def test_an_explanation_is_saved_with_all_stages(tmp_path):
    model = Sequential([layers.Input((6,)), layers.Dense(4, activation="relu"), layers.Dense(2)])
    explanation = explain(model, np.ones((8, 6), "float32"))
    explanation.save(tmp_path / "gears.html")
    text = (tmp_path / "gears.html").read_text("utf-8")
    assert len(text) < MOST_BYTES
    found = answers_of(text)
    assert set(found) == {
        key("gears/open", layer="", stage=stage) for stage in STAGES if stage != "sizes"
    }
    loops = found[key("gears/open", layer="", stage="loops")]
    assert "\n".join(line for line, _ in loops["lines"]) == explanation.stage("loops")
    assert {kernel for _, kernel in loops["lines"]} >= {"k0"}
    assert "k0" in {
        kernel for _, kernel in found[key("gears/open", layer="", stage="llvm")]["lines"]
    }


def test_nothing_is_asked_from_anywhere():
    text = page("</title><script>", ["train", "gears"], {"x": "</script><script>alert(1)"})
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in text
    assert answers_of(text) == {"x": "</script><script>alert(1)"}
    rest = re.sub(r"data:[^\"')]+", "", text).replace("http://www.w3.org/", "")
    assert not re.search(r"https?:|url\((?!\))(?!data)|src=\"[^\"]|href=\"(?!#)", rest)


def test_every_module_that_a_view_imports_is_inside():
    for view in STATIC.glob("views/*.js"):
        text = page("t", [view.stem], {})
        imports = json.loads(re.search(r'type="importmap">(.*?)</script>', text)[1])["imports"]
        for path in (view, STATIC / "main.js", STATIC / "parts.js"):
            for name in re.findall(r'from "\.{1,2}/([^"]+)"', path.read_text("utf-8")):
                assert name in imports, (view.stem, name)


@pytest.mark.parametrize("name", ["run.pdf", "run"])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"save: expected a path that ends in .html. Received"):
        history().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_notebooks_show_them():
    assert "<td>nan</td>" in history()._repr_html_()
    explanation = explain(lambda x: x * 2.0, np.ones(3, "float32"))
    assert "<summary>loops</summary>" in explanation._repr_html_()
