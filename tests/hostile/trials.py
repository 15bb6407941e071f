"""Mutated files, many in one child: each is refused, or gives what the sound one gives."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.hostile import jail
from tests.hostile.mutations import KINDS

COLLECTED = 20  # trials after which what is left of models is freed


def trials(
    entry: Any, sound: Path, job: dict[str, Any], guard: jail.Guard
) -> Iterator[dict[str, Any]]:
    """What comes of the seeds of a job, one after the other.

    Args:
        entry: what reads the file.
        sound: the file that is mutated.
        job: `kind`, one of KINDS; `seeds`, the first and the last but one; `folder`, where the
            mutated file is written.
        guard: watches while the file is read.
    """
    _, _, strict, mutations = KINDS[job["kind"]]
    data, path = sound.read_bytes(), Path(job["folder"], sound.name)
    expected = jail.guarded(lambda: entry(sound), guard)
    for seed in range(*job["seeds"]):
        random = Random(f"{job['kind']} {seed}")
        path.write_bytes(random.choice(mutations)(random, data))
        result = jail.guarded(lambda: entry(path), guard)
        problem = wrong(result, expected, strict)
        yield {
            "seed": seed,
            "told": result["outcome"] == "error",
            "problem": f"{problem}: {result}" if problem else "",
            "seconds": result["seconds"],
            "grown": result["grown"],
            "escapes": result["escapes"],
            "message": "",
        }
        if seed % COLLECTED == 0:
            gc.collect()


def wrong(result: dict[str, Any], expected: dict[str, Any], strict: bool) -> str:
    """What is wrong with what came of a file; nothing, as a rule."""
    if result["escapes"]:
        return "did what it must not"
    if result["outcome"] == "error":
        if not result["plain"]:
            return "an error that nobody expects"
        return "" if len(result["message"]) > 20 else "an error that does not tell"
    if strict and result["value"] != expected["value"] and not result["warned"]:
        return "other numbers in silence"
    return ""
