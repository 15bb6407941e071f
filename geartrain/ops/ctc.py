"""Connectionist temporal classification: sequences of labels from frames not aligned with them.

Graves et al., "Connectionist temporal classification: labelling unsegmented sequence data with
recurrent neural networks" (2006). A path has a class for each frame; its labels are what is left
when repeated classes are joined and blanks (the class `mask_index`) left out.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain.graph.dtypes import result_type
from geartrain.graph.op import Op, Opaque, Sample
from geartrain.graph.shapes import Spec, public
from geartrain.ops import elementwise as primitive
from geartrain.ops import views
from geartrain.ops.activation import log_softmax
from geartrain.ops.arithmetic import add, clip, mod, multiply, negative, subtract
from geartrain.ops.logic import equal, less, logical_and, not_equal, where
from geartrain.ops.operands import (
    Tensor,
    dtype_of,
    extents_of,
    filled_like,
    indices_like,
    operand,
    rank_of,
    stretched,
    together,
)
from geartrain.ops.reductions import argmax, max, sum
from geartrain.ops.scanning import scan
from geartrain.ops.shaping import concatenate, expand_dims, stack, transpose
from geartrain.ops.slicing import take_along_axis
from geartrain.ops.sorting import argsort
from geartrain.ops.spatial import whole_numbers
from geartrain.ops.statistics import logsumexp

__all__ = ["ctc_decode", "ctc_loss"]

NEVER = -1e5  # the logarithm of the probability of what cannot be


def _checked(who: str, frames: Tensor, *others: tuple[str, Tensor, int]) -> list[Tensor]:
    x = operand(frames)
    ranks = [("output" if who == "ctc_loss" else "inputs", x, 3), *others]
    tensors = [operand(tensor, "int32" if tensor is not x else None) for _, tensor, _ in ranks]
    wrong = [
        f"{name} of shape {public(extents_of(tensor))}"
        for (name, _, rank), tensor in zip(ranks, tensors, strict=True)
        if rank_of(tensor) != rank
    ]
    if wrong:
        expected = ", ".join(f"{name} of rank {rank}" for name, _, rank in ranks)
        raise ValueError(f"{who}: expected {expected}. Received: {', '.join(wrong)}")
    tensors[0] = operand(tensors[0], result_type(dtype_of(x), "float32"))
    return together(*tensors)


def ctc_loss(
    target: Tensor, output: Tensor, target_length: Tensor, output_length: Tensor,
    mask_index: int = 0,
) -> Tensor:  # fmt: skip
    """Minus the log-probability of labels: of all paths that lead to them, added up.

    Args:
        target: the labels, integers of shape (batch, most labels).
        output: logits of shape (batch, most frames, classes).
        target_length, output_length: how many labels and frames count, of shape (batch,).
        mask_index: the class that stands for no label.

    Returns losses of shape (batch,). Labels for which there are too few frames have a loss of
    about 1e5.

    Raises ValueError for tensors of other ranks.

    >>> ctc_loss([[1]], [[[0.0, 0.0], [0.0, 0.0]]], [1], [2]).round(4)
    array([0.2877], dtype=float32)
    """
    frames, labels, label_count, frame_count = _checked(
        "ctc_loss", output, ("target", target, 2), ("target_length", target_length, 1),
        ("output_length", output_length, 1),
    )  # fmt: skip
    batch, most, classes = extents_of(frames)
    most_labels = extents_of(labels)[1]
    blank = filled_like(labels, mask_index)
    # blank, label, blank, label, ..., blank: what a path goes through
    pairs = views.reshape(stack([blank, labels], axis=2), shape=(batch, most_labels * 2))
    pairs = concatenate([pairs, blank[:, :1]], axis=1)
    states = extents_of(pairs)[1]
    chances = log_softmax(frames)
    at = clip(expand_dims(pairs, 1), 0, subtract(classes, 1))
    emitted = take_along_axis(chances, stretched(at, (batch, most, states)), -1)
    place = indices_like(pairs, 1)
    # Two labels that differ may follow each other without a blank in between.
    before = concatenate([filled_like(pairs[:, :2], -1), pairs[:, :-2]], axis=1)
    skips = logical_and(equal(mod(place, 2), 1), not_equal(pairs, before))
    start = where(equal(place, 0), 0.0, filled_like(emitted[:, 0], NEVER))
    frame = indices_like(frames[..., 0], 1)
    counted = transpose(less(frame, expand_dims(frame_count, 1)))

    def turn(scores: Tensor, now: Any) -> tuple[Tensor, None]:
        chance, counts = now
        ways = [scores, _moved(scores, 1), where(skips, _moved(scores, 2), NEVER)]
        reached = add(logsumexp(stack(ways), axis=0), chance)
        return where(expand_dims(counts, 1), reached, scores), None

    last, _ = scan(turn, start, (transpose(emitted, (1, 0, 2)), counted))
    end = expand_dims(multiply(label_count, 2), 1)
    ends = logical_and(less(subtract(end, 2), place), less(place, add(end, 1)))
    return negative(logsumexp(where(ends, last, NEVER), axis=1))


def _moved(scores: Tensor, by: int) -> Tensor:
    """The score of each state `by` states before."""
    return concatenate([filled_like(scores[:, :by], NEVER), scores[:, :-by]], axis=1)


def ctc_decode(
    inputs: Tensor, sequence_lengths: Tensor, strategy: str = "greedy", beam_width: int = 100,
    top_paths: int = 1, merge_repeated: bool = True, mask_index: int | None = 0,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The labels that frames tell.

    Args:
        inputs: logits of shape (batch, frames, classes).
        sequence_lengths: how many frames count, of shape (batch,).
        strategy: "greedy" takes the likeliest class of each frame; "beam_search" looks for the
            labels whose paths together are likeliest.
        beam_width: how many sequences of labels the search keeps from frame to frame.
        top_paths: how many to return of the search.
        merge_repeated: whether "greedy" joins repeated classes.
        mask_index: the class that stands for no label; None for the last one.

    Returns the labels, int32 of shape (top_paths, batch, frames), filled with -1; and scores of
    shape (batch, top_paths): log-probabilities, or for "greedy" minus the sum of the greatest
    logits.

    Raises ValueError for another strategy, or tensors of other ranks.

    >>> labels, scores = ctc_decode([[[0.0, 2.0], [0.0, 2.0], [3.0, 0.0]]], [3])
    >>> labels, scores
    (array([[[ 1, -1, -1]]], dtype=int32), array([[-7.]], dtype=float32))
    """
    x, lengths = _checked("ctc_decode", inputs, ("sequence_lengths", sequence_lengths, 1))
    last = extents_of(x)[2]
    blank = subtract(last, 1) if mask_index is None else mask_index
    if strategy == "greedy":
        return _greedy(x, lengths, blank, merge_repeated)
    if strategy != "beam_search":
        raise ValueError(
            f"ctc_decode: expected strategy 'greedy' or 'beam_search'. Received: {strategy!r}"
        )
    (width,) = whole_numbers("ctc_decode", "beam_width", beam_width, 1)
    (top,) = whole_numbers("ctc_decode", "top_paths", top_paths, 1)
    found = ctc_beams(log_softmax(x), lengths, width=width, top=top, blank=int(blank))
    paths = transpose(primitive.cast(found[..., 1:], dtype="int32"), (1, 0, 2))
    return paths, found[..., 0]


def _greedy(x: Tensor, lengths: Tensor, blank: Any, merge_repeated: bool) -> tuple[Tensor, Tensor]:
    chosen, score = argmax(x, axis=-1), max(x, axis=-1)
    frame = indices_like(chosen, 1)
    counted = less(frame, expand_dims(lengths, 1))
    chosen = where(counted, chosen, blank)
    if merge_repeated:
        before = concatenate([filled_like(chosen[:, :1], -1), chosen[:, :-1]], axis=1)
        chosen = where(equal(chosen, before), blank, chosen)
    nothing = equal(chosen, blank)
    order = argsort(primitive.cast(nothing, dtype="int32"), axis=1)  # stable: labels come first
    labels = take_along_axis(where(nothing, -1, chosen), order, 1)
    total = negative(sum(where(counted, score, 0.0), axis=1, keepdims=True))
    return expand_dims(labels, 0), total


# -- beam search ----------------------------------------------------------------------------------


def _beams_infer(x: Spec, lengths: Spec, width: int, top: int, blank: int) -> Spec:
    return Spec((x.shape[0], top, x.shape[1] + 1), x.dtype)


def _beams_reference(
    x: np.ndarray, lengths: np.ndarray, width: int, top: int, blank: int
) -> np.ndarray:
    """For each sample and sequence: its score, and behind it its labels, filled with -1."""
    rows = np.full((len(x), top, x.shape[1] + 1), -1, x.dtype)
    rows[..., 0] = -np.inf
    for row, chances, length in zip(rows, x, lengths, strict=True):
        counted = chances[: builtins.max(int(length), 1)]  # the first frame counts in any case
        for place, (score, labels) in enumerate(_search(counted, width, blank, top)):
            row[place, 0] = score
            row[place, 1 : 1 + len(labels)] = labels
    return rows


def _search(
    chances: np.ndarray, width: int, blank: int, top: int
) -> Iterable[tuple[float, list[int]]]:
    """The likeliest sequences of labels.

    A sequence is a number; `grown` knows it by the sequence without its last label and that label.
    Of each, `ending` holds the log-probabilities of its paths that end with a blank, and of those
    that do not.
    """
    grown: dict[tuple[int, int], int] = {}
    origin: list[tuple[int, int]] = [(-1, -1)]
    kept, ending = [0], np.array([[0.0, -np.inf]], chances.dtype)
    for frame in chances:
        last = np.array([origin[one][1] for one in kept])
        whole = np.logaddexp(*ending.T)
        stays = np.stack([whole + frame[blank], ending[:, 1] + frame[last]], axis=1)
        grows = whole[:, None] + frame
        again = np.flatnonzero(last >= 0)
        grows[again, last[again]] = ending[again, 0] + frame[last[again]]
        grows[:, blank] = -np.inf
        position = {one: place for place, one in enumerate(kept)}
        for place, one in enumerate(kept):  # a sequence that also grows from another kept one
            parent = position.get(origin[one][0])
            if parent is not None:
                label = origin[one][1]
                stays[place, 1] = np.logaddexp(stays[place, 1], grows[parent, label])
                grows[parent, label] = -np.inf
        every = np.concatenate([np.logaddexp(*stays.T), grows.ravel()])
        best = [b for b in np.argsort(-every, kind="stable")[:width] if every[b] > -np.inf]
        chosen, scores = [], []
        for one in best:
            if one < len(kept):
                chosen.append(kept[one])
                scores.append(stays[one])
                continue
            parent, label = divmod(int(one) - len(kept), frame.size)
            key = (kept[parent], label)
            if key not in grown:
                grown[key] = len(origin)
                origin.append(key)
            chosen.append(grown[key])
            scores.append(np.array([-np.inf, grows[parent, label]], chances.dtype))
        kept, ending = chosen, np.array(scores, chances.dtype).reshape(-1, 2)
    totals = np.logaddexp(*ending.T)
    for place in np.argsort(-totals, kind="stable")[:top]:
        labels, one = [], kept[place]
        while one:
            one, label = origin[one]
            labels.append(label)
        yield float(totals[place]), labels[::-1]


def _beams_samples() -> Iterable[Sample]:
    frames = np.random.default_rng(0).normal(size=(2, 4, 3))
    chances = frames - np.log(np.exp(frames).sum(-1, keepdims=True))
    yield Sample((chances, np.array([4, 2], "int32")), {"width": 5, "top": 2, "blank": 0})


ctc_beams: Op = Op(
    "ctc_beams", _beams_infer, _beams_reference, None, Opaque(), _beams_samples,
    differentiable=False,
)  # fmt: skip
