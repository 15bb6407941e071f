"""The table of docs/reliability.md: figures come from the tests alone, and every row has a test."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("reliability", ROOT / "scripts" / "reliability.py")
assert spec is not None and spec.loader is not None
reliability = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reliability)


def page(*rows: str) -> str:
    table = "".join(f"{row}\n" for row in rows)
    return f"# Title\n\n{reliability.HEAD}{table}\nThe end.\n"


def test_figures_are_put_into_the_table():
    before = page("| old | 5 (2026-01-01) | 90 (2026-01-02) |", "| both | 1 (2026-01-01) |  |")
    found = {False: Counter({"both": 1200, "new": 3}), True: Counter({"both": 7})}
    assert reliability.updated(before, found, "2026-02-03") == page(
        "| old | 5 (2026-01-01) | 90 (2026-01-02) |",
        "| both | 1,200 (2026-02-03) | 7 (2026-02-03) |",
        "| new | 3 (2026-02-03) |  |",
    )


def test_every_row_has_a_test_and_a_figure():
    text = reliability.PAGE.read_text(encoding="utf-8")
    table = text[text.index(reliability.HEAD) + len(reliability.HEAD) :].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py"))
    assert len(rows) >= 5
    for promise, commit, night in rows:
        assert f'"{promise}"' in sources, promise
        assert "(20" in commit or "(20" in night, promise


SKIPPING = """
import pytest

@pytest.mark.skip(reason="no such machine: 7")
def test_one(): pass

@pytest.mark.skip(reason="not today")
@pytest.mark.parametrize("number", [1, 2])
def test_two(number): pass

def test_three(): pass
"""
ENTRIES = {
    "machine": {"tests": "*::test_one", "reason": "machine", "when": "on some machines", "most": 1},
    "today": {"tests": "*::test_two*", "reason": "today$", "when": "always", "most": 2},
    "too few": {"tests": "*::test_two*", "reason": "today$", "when": "always", "most": 1},
    "unset": {"tests": "*::test_two*", "reason": "today", "when": "without NOT_SET", "most": 9},
    "set": {"tests": "*::test_two*", "reason": "today", "when": "without IS_SET", "most": 9},
    "gone": {"tests": "*::test_three", "reason": "", "when": "always", "most": 1},
}


@pytest.mark.parametrize(
    ("entries", "code", "message"),
    [
        (["machine", "today"], 0, ""),
        (["machine", "unset"], 0, ""),
        (["today"], 1, "test_one: no such machine: 7"),
        (["machine"], 1, "test_two[1]: not today"),
        (["machine", "too few"], 1, "test_two[2]: not today"),
        (["machine", "set"], 1, "does not expect: this run fails"),
        (["machine", "today", "gone"], 0, "*::test_three:  (always)"),
    ],
)
def test_an_unexpected_skip_fails_the_run(tmp_path, monkeypatch, entries, code, message):
    (tmp_path / "test_skipping.py").write_text(SKIPPING, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(
        "from tests.expected_skips import ExpectedSkips\n"
        "def pytest_configure(config):\n"
        f"    entries = {[ENTRIES[name] for name in entries]!r}\n"
        "    config.pluginmanager.register(ExpectedSkips(entries))\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("IS_SET", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, message in done.stdout) == (code, True), done.stdout
