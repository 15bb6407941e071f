"""What the files about the project say of it is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import geartrain

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_citation_names_this_version_and_its_licences():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == geartrain.__version__
    licences = re.findall(r"^  - ([A-Z]\S+)$", citation, re.MULTILINE)
    assert " AND ".join(licences) == PROJECT["license"]


def test_the_oldest_python_that_is_promised_is_tested():
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert re.search(r"python: \[(.*)\]", workflow)[1].startswith(f'"{oldest}"')


def test_the_paths_that_contributors_are_sent_to_exist():
    for page in (ROOT / ".github").glob("*.md"):
        text = page.read_text("utf-8")
        links = re.findall(r"\]\(([^)#]+)\)", text)
        named = re.findall(r"`((?:geartrain|tests|scripts|benchmarks)/[\w/.]*)`", text)
        assert links or named
        assert all((page.parent / link).exists() for link in links)
        assert all((ROOT / name).exists() for name in named)
