"""Where boxes and lines go, where Graphviz is not there: a layered drawing.

Boxes stand in ranks, so that each line leads to a later rank. A line over several ranks bends at a
point in each. Within the ranks, the order is the one with the fewest crossings of several tries;
then boxes and points come as near to the mean of their neighbours as their order allows.

Source: Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
structures", 1981; the places within a rank by the pool-adjacent-violators algorithm.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

Name = Hashable
RANK_GAP, ORDER_GAP, POINT_WIDTH = 40.0, 28.0, 14.0
_TRIES, _SETTLINGS = 12, 40
# How much a line wants to be straight between two boxes, a box and a point, two points.
_STRAIGHT = {0: 4.0, 1: 1.0, 2: 8.0}


@dataclass
class Layout:
    """Places in a plane whose y grows down the ranks.

    Attributes:
        places: the left upper corner of each box.
        bends: for each line, points between its ends, two for each rank that it passes.
        edges: for each line, how far the rank of its start reaches down, and that of its end up.
        size: width and height.
    """

    places: dict[Name, tuple[float, float]] = field(default_factory=dict)
    bends: list[list[tuple[float, float]]] = field(default_factory=list)
    edges: list[tuple[float, float]] = field(default_factory=list)
    size: tuple[float, float] = (0.0, 0.0)


def layout(sizes: Mapping[Name, tuple[float, float]], lines: Sequence[tuple[Name, Name]]) -> Layout:
    """Lay out boxes of these sizes with these lines between them, which make no circle.

    >>> made = layout({"a": (40, 20), "b": (40, 20)}, [("a", "b")])
    >>> made.places["b"][1] - made.places["a"][1]
    60.0
    """
    rank = ranks(list(sizes), lines)
    nodes: dict[Name, float] = {name: width for name, (width, _) in sizes.items()}
    short: list[tuple[Name, Name]] = []  # lines from one rank to the next
    points: list[list[Name]] = []
    for number, (start, end) in enumerate(lines):
        passed: list[Name] = [("point", number, r) for r in range(rank[start] + 1, rank[end])]
        for _, _, place in passed:  # type: ignore[misc]
            rank["point", number, place] = place
            nodes["point", number, place] = POINT_WIDTH
        points.append(passed)
        way = [start, *passed, end]
        short += itertools.pairwise(way)
    rows: list[list[Name]] = [[] for _ in range(max(rank.values(), default=0) + 1)]
    for name in nodes:
        rows[rank[name]].append(name)
    above, below = neighbours(nodes, short)
    rows = ordered(rows, above, below)
    centres = settled(rows, nodes, above, below, set(sizes))
    left = min((centres[name] - nodes[name] / 2 for name in nodes), default=0.0)
    tops, bottoms, y = [], [], 0.0
    for row in rows:
        height = max((sizes[name][1] for name in row if name in sizes), default=0.0)
        tops.append(y)
        bottoms.append(y + height)
        y += height + RANK_GAP
    made = Layout()
    for name, (width, height) in sizes.items():
        slack = bottoms[rank[name]] - tops[rank[name]] - height
        made.places[name] = (
            centres[name] - width / 2 - left, tops[rank[name]] + slack / 2,
        )  # fmt: skip
    for (start, end), passed in zip(lines, points, strict=True):
        made.edges.append((bottoms[rank[start]], tops[rank[end]]))
        made.bends.append(
            [
                (centres[name] - left, edge)
                for name in passed
                for edge in (tops[rank[name]], bottoms[rank[name]])
            ]
        )
    right = max((centres[name] + nodes[name] / 2 for name in nodes), default=0.0)
    made.size = (right - left, max(y - RANK_GAP, 0.0))
    return made


def ranks(names: Sequence[Name], lines: Sequence[tuple[Name, Name]]) -> dict[Name, int]:
    """The rank of each box: behind all that lead to it; one that nothing leads to, near its next.

    >>> ranks("abcd", [("a", "b"), ("b", "c"), ("d", "c")])
    {'a': 0, 'b': 1, 'c': 2, 'd': 1}
    """
    after: dict[Name, list[Name]] = {name: [] for name in names}
    missing = dict.fromkeys(names, 0)
    for start, end in lines:
        after[start].append(end)
        missing[end] += 1
    first = [name for name in names if not missing[name]]
    found = dict.fromkeys(names, 0)
    ready = [*first]
    for name in ready:  # which grows
        for end in after[name]:
            found[end] = max(found[end], found[name] + 1)
            missing[end] -= 1
            if not missing[end]:
                ready.append(end)
    for name in first:
        if after[name]:
            found[name] = min(found[end] for end in after[name]) - 1
    return found


def neighbours(
    names: Mapping[Name, float], lines: Sequence[tuple[Name, Name]]
) -> tuple[dict[Name, list[Name]], dict[Name, list[Name]]]:
    """For each box and point, what leads to it and what it leads to."""
    above: dict[Name, list[Name]] = {name: [] for name in names}
    below: dict[Name, list[Name]] = {name: [] for name in names}
    for start, end in lines:
        above[end].append(start)
        below[start].append(end)
    return above, below


def ordered(
    rows: list[list[Name]], above: Mapping[Name, list[Name]], below: Mapping[Name, list[Name]]
) -> list[list[Name]]:
    """The rows in the order with the fewest crossings that sweeps down and up have found."""
    best, fewest = [[*row] for row in rows], crossings(rows, below)
    rows = [[*row] for row in rows]
    for attempt in range(_TRIES):
        if not fewest:
            break
        down = attempt % 2 == 0
        for row in rows if down else rows[::-1]:
            place = {name: index for other in rows for index, name in enumerate(other)}
            near = above if down else below
            own = {name: index for index, name in enumerate(row)}

            def middle(
                name: Name, near: Mapping[Name, list[Name]] = near,
                place: dict[Name, int] = place, own: dict[Name, int] = own,
            ) -> float:  # fmt: skip
                found = [place[other] for other in near[name]]
                return sum(found) / len(found) if found else own[name]

            row.sort(key=middle)
        count = crossings(rows, below)
        if count < fewest:
            best, fewest = [[*row] for row in rows], count
    return best


def crossings(rows: list[list[Name]], below: Mapping[Name, list[Name]]) -> int:
    """How many pairs of lines cross.

    >>> crossings([["a", "b"], ["c", "d"]], {"a": ["d"], "b": ["c"]})
    1
    """
    total = 0
    for row, after in itertools.pairwise(rows):
        place = {name: index for index, name in enumerate(after)}
        ends = [end for name in row for end in sorted(place[other] for other in below[name])]
        total += inversions(ends)
    return total


def inversions(numbers: list[int]) -> int:
    """How many pairs stand in the wrong order, by merging halves."""
    if len(numbers) < 2:
        return 0
    middle = len(numbers) // 2
    left, right = numbers[:middle], numbers[middle:]
    total = inversions(left) + inversions(right)
    left.sort()
    right.sort()
    index = 0
    for number in left:
        while index < len(right) and right[index] < number:
            index += 1
        total += index
    return total


def settled(
    rows: list[list[Name]],
    widths: Mapping[Name, float],
    above: Mapping[Name, list[Name]],
    below: Mapping[Name, list[Name]],
    boxes: set[Name],
) -> dict[Name, float]:
    """The middle of each box and point, near those of its neighbours, in the given order."""
    centres: dict[Name, float] = {}
    for row in rows:
        x = -sum(widths[name] + ORDER_GAP for name in row) / 2
        for name in row:
            centres[name] = x + widths[name] / 2
            x += widths[name] + ORDER_GAP
    for attempt in range(_SETTLINGS):
        for row in rows if attempt % 2 == 0 else rows[::-1]:
            wanted, weights = [], []
            for name in row:
                near = above[name] + below[name]
                pulls = [_STRAIGHT[(name not in boxes) + (one not in boxes)] for one in near]
                pulled = sum(p * centres[one] for p, one in zip(pulls, near, strict=True))
                wanted.append(pulled / sum(pulls) if near else centres[name])
                weights.append(sum(pulls) or 1.0)
            gaps = [
                (widths[one] + widths[other]) / 2 + ORDER_GAP
                for one, other in itertools.pairwise(row)
            ]
            for name, x in zip(row, apart(wanted, weights, gaps), strict=True):
                centres[name] = x
    return centres


def apart(wanted: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """The places nearest to the wanted ones, in weighted squares, that keep these gaps.

    >>> apart([0.0, 0.0], [1.0, 1.0], [4.0])
    [-2.0, 2.0]
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[list[float]] = []  # sums of weight times value, of weights, and counts
    for value, weight, offset in zip(wanted, weights, offsets, strict=False):
        pools.append([weight * (value - offset), weight, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1] = [one + other for one, other in zip(pools[-1], last, strict=True)]
    found = [total / weight for total, weight, count in pools for _ in range(int(count))]
    return [value + offset for value, offset in zip(found, offsets, strict=False)]
