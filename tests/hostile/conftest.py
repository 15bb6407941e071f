"""The process that hostile files are given to, and what is expected of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.jail import Canaries

ROOT = Path(__file__).parents[2]
MOST_GROWTH = 64 << 20


class Client:
    """Hands jobs to the server.

    Attributes:
        sound: the folder of sound files.
        secret: the file that must not be read.
    """

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "GEARTRAIN_CACHE": str(folder)}
        command = [sys.executable, "-m", "tests.hostile.server", str(folder)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.sound = folder / "sound"
        self.secret = json.loads(self._line())["secret"]

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def ask(self, jobs: list[dict[str, Any]]) -> dict[str, Any]:
        """What the server answers."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(jobs) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._line())
        return answer

    def close(self) -> None:
        """End the server."""
        self.process.communicate()


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    if not sys.platform.startswith("linux"):
        pytest.skip("limits of processes, and the watch over files, are those of Linux")
    made = Client(tmp_path_factory.mktemp("server"))
    yield made
    made.close()


Pairs = list[tuple[str, Path]]


@pytest.fixture
def refused(client: Client) -> Callable[..., list[str]]:
    """Give files to entries, and expect each to be refused without harm; returns the messages.

    What `may_pass` may be read too, as long as it does no harm.
    """

    def check(pairs: Pairs, may_pass: bool = False) -> list[str]:
        before = listing(pairs)
        answer = client.ask([{"entry": entry, "path": str(path)} for entry, path in pairs])
        harmless(answer, pairs, client)
        for (entry, _), result in zip(pairs, answer["results"], strict=True):
            told = f"{entry}: {result}"
            if may_pass and result["outcome"] == "done":
                continue
            assert result["outcome"] == "error", told
            assert result["plain"], told
            assert len(result["message"]) > 20, told
        assert listing(pairs) == before
        return [result["message"] for result in answer["results"]]

    return check


def harmless(answer: dict[str, Any], pairs: Pairs, client: Client) -> None:
    """Nothing was run, imported, opened, printed or taken without bound, and nothing crashed."""
    done = len(answer["results"])
    assert not answer["signal"], f"signal {answer['signal']} at {pairs[done:][:1]}"
    assert answer["printed"] == "", answer["printed"]
    assert not answer["left"], answer["left"]
    assert not answer["touched"], f"a canary was touched by one of {pairs}"
    assert sum(result["grown"] for result in answer["results"]) <= MOST_GROWTH, answer
    for (entry, _), result in zip(pairs, answer["results"], strict=True):
        assert not result["escapes"], f"{entry}: {result}"
        assert Canaries.SECRET not in result["message"], f"{entry}: {result}"


def listing(pairs: Pairs) -> list[Path]:
    """All files beside those of the pairs."""
    return sorted(one for folder in {path.parent for _, path in pairs} for one in folder.rglob("*"))
