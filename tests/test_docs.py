"""The code blocks of the documents run, and print what they say."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from geartrain.utils import set_random_seed

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "name",
    [
        "docs/internals.md",
        "docs/tensors.md",
        "docs/saving.md",
        "docs/resume.md",
        "docs/onnx.md",
        "docs/data.md",
        "docs/keras.md",
        "docs/gear-zero.md",
    ],
)
def test_sessions_print_what_they_say(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where pages may write files
    failures, count = doctest.testfile(str(ROOT / name), module_relative=False)
    assert count > 5
    assert failures == 0


@pytest.mark.nightly
def test_a_million_tweets_are_streamed():
    page = (ROOT / "docs/tensors.md").read_text("utf-8")
    assert "count = 4_000 " in page
    page = page.replace("count = 4_000 ", "count = 1_000_000 ")
    session = doctest.DocTestParser().get_doctest(page, {}, "tensors.md", None, 0)
    assert doctest.DocTestRunner().run(session).failed == 0


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_the_chapter_of_the_readme_learns(name):
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
    names: dict = {}
    set_random_seed(1)
    exec(compile(block, name, "exec"), names)
    assert names["test_acc"] > 0.9
