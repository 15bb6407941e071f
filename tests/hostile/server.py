"""A process that hands hostile files to Geartrain's entries, each in a child of its own.

    python -m tests.hostile.server FOLDER

It reads a job a line, as JSON, and answers with a line. It has imported everything before, and read
a sound file of each kind, so that a child has no reason to import anything.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.hostile import jail, sources
from tests.hostile.entries import FAMILIES, entries
from tests.hostile.trials import trials

# What libraries import only once something is read, or goes wrong.
IMPORTED = (
    "concurrent.futures.thread", "csv", "decimal", "difflib", "encodings.idna", "encodings.utf_16",
    "gzip", "h5py", "json", "mmap", "numpy.lib.npyio", "pickle", "tempfile", "zipfile",
)  # fmt: skip
NOT_IMPORTED = ("geartrain.__main__", "geartrain.compiler", "geartrain.plots")


class Server:
    """The entries, and the folder of jobs.

    Args:
        folder: a new folder of the server's own.
    """

    def __init__(self, folder: Path) -> None:
        self.sound, self.temporary = folder / "sound", folder / "temporary"
        for place in (self.sound, self.temporary):
            place.mkdir()
        os.environ["TMPDIR"] = str(self.temporary)
        self.canaries = jail.Canaries(folder / "canary")
        self.entries = entries()
        sources.write_all(self.sound)
        self._warm_up()
        jail.freeze()

    def _warm_up(self) -> None:
        import geartrain

        for module in pkgutil.walk_packages(geartrain.__path__, "geartrain."):
            if not module.name.startswith(NOT_IMPORTED):
                importlib.import_module(module.name)
        for name in IMPORTED:
            importlib.import_module(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for entry in ("load_model", "load_weights", "KerasFileEditor", "model_from_json",
                          "pickle.loads", "describe"):  # fmt: skip
                for path in self.sound.iterdir():
                    self._try(entry, path)
            for family in FAMILIES:
                self._try(f"{family}.deserialize", self.sound / "row.json")
        self.entries = entries()  # those above are changed now

    def _try(self, entry: str, path: Path) -> None:
        try:
            self.entries[entry](path)
        except Exception:
            return  # of another kind than this entry reads

    def answer(self, jobs: list[dict[str, Any]]) -> dict[str, Any]:
        """What comes of jobs, one after the other in one child: a result for each.

        A job is a file for an entry, or mutations of a sound file (see `trials`). A child that dies
        has results for the jobs until then.
        """
        self.canaries.touched()
        paths = [Path(job["path"]) for job in jobs]
        folders = [path if path.is_dir() else path.parent for path in paths]
        folders += [Path(job["folder"]) for job in jobs if "folder" in job]

        def work(guard: jail.Guard) -> Iterator[dict[str, Any]]:
            for job in jobs:
                yield from self.results(job, guard)

        found = jail.in_child(work, folders[::-1])
        left = [path.name for path in self.temporary.iterdir()]
        return found | {"touched": self.canaries.touched(), "left": left}

    def results(self, job: dict[str, Any], guard: jail.Guard) -> Iterator[dict[str, Any]]:
        entry, path = self.entries[job["entry"]], Path(job["path"])
        if "seeds" in job:
            yield from trials(entry, path, job, guard)
        else:
            yield jail.guarded(lambda: entry(path), guard)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    server = Server(Path(sys.argv[1]))
    print(json.dumps({"secret": str(server.canaries.secret)}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(server.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
