"""Shards and the tree of their sums; what ranks tell one another, tried by threads."""

import threading

import numpy as np
import pytest

from geartrain.distribution.exchange import exchanged, joined, rows_of_all
from geartrain.distribution.ranks import Ranks
from geartrain.distribution.tree import Branch, branches, owned, rows_of, summed
from geartrain.graph.node import placeholder


@pytest.mark.parametrize("total", [0, 3, 8, 29])
@pytest.mark.parametrize("ranks", [1, 2, 3, 8, 11])
def test_all_rows_are_somebodys_once(ranks, total):
    shards = [shard for rank in range(ranks) for shard in owned(rank, ranks, 8)]
    assert shards == list(range(8))
    assert [row for shard in shards for row in rows_of(shard, 8, total)] == list(range(total))


@pytest.mark.parametrize("shards", [1, 5, 8, 12])
@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 7])
def test_the_tree_is_the_same_for_any_number_of_ranks(ranks, shards):
    top = Branch(0, shards)
    leaves = {Branch(n, n + 1): str(n) for n in range(shards)}

    def join(first, second):
        return f"({first} {second})"

    known = {}
    for rank in range(ranks):
        for branch in branches(owned(rank, ranks, shards), top):
            known[branch] = summed(branch, leaves, join)
    assert summed(top, known, join) == summed(top, leaves, join)


class ThreadRanks(Ranks):
    """Ranks that are threads of this process."""

    def __init__(self, rank, size, barrier, board):
        self.rank, self.size, self._barrier, self._board = rank, size, barrier, board

    def _exchange(self, own):
        self._board[self.rank] = own
        self._barrier.wait(30)
        found = [self._board[rank] for rank in range(self.size)]
        self._barrier.wait(30)
        return found

    def all_gather(self, own, counts):
        found = self._exchange(own.copy())
        assert [len(one) for one in found] == list(counts)
        return np.concatenate(found)

    def all_to_all(self, own, counts, arriving):
        ends = np.cumsum(counts)
        assert ends[-1] == len(own)
        pieces = [one[self.rank] for one in self._exchange(np.split(own.copy(), ends[:-1]))]
        assert [len(one) for one in pieces] == list(arriving)
        return np.concatenate(pieces)


def in_threads(size, function):
    barrier, board, found, failed = threading.Barrier(size), {}, {}, []

    def run(rank):
        try:
            found[rank] = function(ThreadRanks(rank, size, barrier, board))
        except BaseException as error:
            failed.append(error)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [found[rank] for rank in range(size)]


@pytest.mark.parametrize("length", [3, 20_001], ids=["little", "much"])
@pytest.mark.parametrize(("size", "total"), [(1, 30), (2, 30), (3, 5), (5, 30), (11, 3)])
def test_all_ranks_have_the_sum_in_the_bits_of_the_tree(size, total, length):
    random, top = np.random.default_rng(0), Branch(0, 8)
    sums = {
        placeholder((length,), "float32"): np.add,
        placeholder((2, 2), "float32"): np.add,
        placeholder((), "float32"): np.maximum,
        placeholder((4,), "int64"): np.add,
    }
    leaves = {}
    for shard in range(8):
        part = [random.normal(size=length), random.normal(size=(2, 2)), random.normal()]
        part = [np.array(one, "float32") for one in part] + [np.arange(4) + shard]
        leaves[Branch(shard, shard + 1)] = part if rows_of(shard, 8, total) else None

    def copied(part):
        return None if part is None else [one.copy() for one in part]

    join = joined(list(sums.values()))
    whole = summed(top, {branch: copied(part) for branch, part in leaves.items()}, join)
    of_ranks = [branches(owned(rank, size, 8), top) for rank in range(size)]
    filled = [[one for one in several if one.rows(8, total)] for several in of_ranks]

    def of_rank(ranks):
        mine = {branch: copied(part) for branch, part in leaves.items()}
        own = {one: summed(one, mine, join) for one in of_ranks[ranks.rank]}
        return exchanged(ranks, own, filled, sums, top)

    for found in in_threads(size, of_rank):
        for one, expected in zip(found, whole, strict=True):
            assert one.dtype == expected.dtype
            np.testing.assert_array_equal(one, expected)


def test_rows_of_all_ranks_come_in_order():
    rows = np.arange(24).reshape(2, 6, 2)
    node = placeholder((2, 6, 2), "int64")
    pieces = [[rows[:, :1], rows[:, 1:2]], [], [rows[:, 2:]]]

    def gathered(ranks):
        return rows_of_all(ranks, node, 1, pieces[ranks.rank], [2, 0, 4])

    for found in in_threads(3, gathered):
        np.testing.assert_array_equal(found, rows)
