"""Fails a run in which a test is skipped that `skips.toml` does not expect.

    python -m pytest -p tests.expected_skips

A test that is skipped in silence is one that nobody runs. Each entry of the list says which tests
may be skipped, for which reason, and under which condition; one that no test needed is told.
"""

from __future__ import annotations

import fnmatch
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

LIST = Path(__file__).with_name("skips.toml")


class Skip(NamedTuple):
    """A test, or a file of tests, that was skipped."""

    test: str
    reason: str


class ExpectedSkips:
    """Compares the skips of a run with the list at its end.

    Args:
        entries: those of the list: `tests`, a pattern of ids; `reason`, a regular expression;
            `when`, which is "always", "on some machines" or "without NAME", a variable of the
            environment; `most`, how many tests it stands for.
    """

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self.entries = entries
        self.skips: list[Skip] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: Any) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            _, _, reason = report.longrepr
            skip = Skip(report.nodeid, reason.removeprefix("Skipped: "))
            if skip not in self.skips:  # each worker of pytest-xdist tells of a file's skip
                self.skips.append(skip)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unexpected() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        unexpected, unused = self.unexpected(), self.unused()
        if unexpected:
            terminalreporter.section("skips that tests/skips.toml does not expect: this run fails")
        for test, reason in unexpected:
            terminalreporter.line(f"{test}: {reason}")
        if unused:
            terminalreporter.section("skips that tests/skips.toml lists, and nothing needed")
        for entry in unused:
            terminalreporter.line(f"{entry['tests']}: {entry['reason']} ({entry['when']})")

    def unexpected(self) -> list[Skip]:
        """The skips that no entry stands for, or that are more than an entry allows."""
        left = list(self.skips)
        for entry in self.entries:
            if _holds(entry["when"]):
                covered = list(_matching(entry, left))[: entry["most"]]
                left = [one for one in left if one not in covered]
        return left

    def unused(self) -> list[dict[str, Any]]:
        """The entries whose tests ran: they can go from the list."""
        return [
            entry
            for entry in self.entries
            if entry["when"] == "always" and not list(_matching(entry, self.skips))
        ]


def _holds(when: str) -> bool:
    if when.startswith("without "):
        return not os.environ.get(when.removeprefix("without "))
    assert when in ("always", "on some machines"), when
    return True


def _matching(entry: dict[str, Any], skips: Iterable[Skip]) -> Iterable[Skip]:
    for one in skips:
        if fnmatch.fnmatchcase(one.test, entry["tests"]) and re.search(entry["reason"], one.reason):
            yield one


def pytest_configure(config: pytest.Config) -> None:
    entries = tomllib.loads(LIST.read_text(encoding="utf-8"))["skip"]
    config.pluginmanager.register(ExpectedSkips(entries), "expected skips")
