"""Mutated files of every format: no crash, no harm, and no other numbers in silence."""

from __future__ import annotations

import shutil

import pytest

from tests.hostile.conftest import MOST_GROWTH
from tests.hostile.mutations import KINDS

PROMISE = "a mutated file is refused, or gives the numbers of the sound one"
HARMLESS = "a mutated file without digests does no harm"
AT_ONCE = 40  # in one child


def check(client, folder, kind, seeds):
    """Try the seeds, and return how many of the files were refused."""
    name, entry, _, _ = KINDS[kind]
    for path in client.sound.glob("row*.weights.*"):  # shards belong to their index
        shutil.copy(path, folder)
    told, first = 0, seeds.start
    while first < seeds.stop:
        last = min(first + AT_ONCE, seeds.stop)
        job = {"entry": entry, "path": str(client.sound / name), "kind": kind}
        answer = client.ask([{**job, "folder": str(folder), "seeds": [first, last]}])
        results = answer["results"]
        assert not answer["signal"], f"{kind}, seed {first + len(results)}: {answer['signal']}"
        assert len(results) == last - first, answer["printed"]
        assert not answer["touched"]
        assert not answer["printed"]
        assert not answer["left"]
        for one in results:
            assert not one["problem"], f"{kind}, seed {one['seed']}: {one['problem']}"
        assert sum(one["grown"] for one in results) <= MOST_GROWTH, [kind, first]
        told += sum(one["told"] for one in results)
        first = last
    return told


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files(client, tmp_path, count_cases, kind):
    check(client, tmp_path, kind, range(75))
    count_cases(PROMISE if KINDS[kind][2] else HARMLESS, 75)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_many_mutated_files(client, tmp_path, count_cases, kind):
    check(client, tmp_path, kind, range(75, 3_800))
    count_cases(PROMISE if KINDS[kind][2] else HARMLESS, 3_725)
