"""The words of the page: each in both languages, each used, none missing."""

from __future__ import annotations

import json
import re

from geartrain.page.app import STATIC
from geartrain.page.surfaces import KNOWN
from geartrain.page.views.gears import STAGES
from geartrain.page.walk import steps

WORDS = json.loads((STATIC / "words.json").read_text("utf-8"))
SOURCES = {
    path: path.read_text("utf-8")
    for path in [*STATIC.glob("*.js"), *STATIC.glob("views/*.js"), STATIC / "index.html"]
}


def test_each_is_said_in_both_languages_with_the_same_values():
    for name, said in WORDS.items():
        assert len(said) == 2, name
        assert all(text.strip() for text in said), name
        values = [sorted(re.findall(r"\{(\w+)\}", text)) for text in said]
        assert values[0] == values[1], name
        if name not in ("stage fold", "stage llvm"):
            assert re.search("[가-힣]", said[1]), name


def test_what_the_page_says_has_words():
    said = {
        word
        for text in SOURCES.values()
        for word in re.findall(r'\bt\("([^"]+)"', text)
        + re.findall(r'data-(?:t|label)="([^"]+)"', text)
    }
    assert len(said) > 80
    assert said <= WORDS.keys()


def test_no_words_are_left_over():
    everything = "\n".join(SOURCES.values())
    made = {
        *(f"points {name}" for name in ("moons", "spirals", "rings", "paper", "own")),
        *(f"surface {name}" for name in (*KNOWN, "network")),
        *(f"stage {name}" for name in STAGES),
        *(f"walk {step.name}" for step in steps()),
    }
    assert made <= WORDS.keys()
    unused = [name for name in WORDS if f'"{name}"' not in everything and name not in made]
    assert not unused


def test_nothing_is_fetched_from_elsewhere():
    for path in STATIC.rglob("*"):
        if path.suffix in (".js", ".html", ".css", ".svg") and "libraries" not in path.parts:
            text = path.read_text("utf-8").replace("http://www.w3.org/", "")
            assert "http:" not in text and "https:" not in text, path
