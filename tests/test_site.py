"""The site's chapters: each page of docs/ is in one, and each public package has a reference."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import geartrain

ROOT = Path(__file__).parents[1]
SITE = ROOT / "scripts" / "site"
# Packages whose names are no part of the API that programs use, and why there is no page on them.
NO_PAGE = {"errors", "backend", "resume"}  # exceptions; older Keras's functions; docs/resume.md


def test_every_page_is_in_a_chapter():
    listed = set(re.findall(r": ([\w-]+\.md)$", (SITE / "mkdocs.yml").read_text("utf-8"), re.M))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} == listed - {"index.md"}


def test_every_public_package_has_a_reference():
    text = (SITE / "reference.py").read_text("utf-8")
    table = text[text.index("PACKAGES = {") : text.index("}  # fmt")]
    pages = set(re.findall(r'"(\w+)": "', table))
    public = {n for n in geartrain.__all__ if inspect.ismodule(getattr(geartrain, n))}
    assert public - pages == NO_PAGE & public
    assert pages <= public
