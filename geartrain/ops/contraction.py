"""Einstein's notation for sums of products."""

from __future__ import annotations

from typing import Any

from geartrain.graph.shapes import Extent, conflict, public
from geartrain.ops import views
from geartrain.ops.linear import LETTERS, factors, paired, summed_out
from geartrain.ops.matrices import diagonal
from geartrain.ops.operands import Tensor, extents_of, rank_of

__all__ = ["einsum"]


def einsum(subscripts: str, *operands: Tensor, **kwargs: Any) -> Tensor:
    """Sums of products in Einstein's notation: a letter an axis; letters not after `->` are summed.

    `einsum("ij,jk->ik", a, b)` is `z[i, k] = sum_j a[i, j] b[j, k]`, the matrix product. Three or
    more tensors are multiplied from left to right, each letter summed as soon as it can be.

    Args:
        subscripts: letters for the axes of each tensor, separated by commas; `...` stands for any
            further axes; after `->` the axes of the result. Without `->`: the letters that occur
            once, in the alphabet's order. A letter twice in one tensor is its diagonal.
        *operands: the tensors; axes of one letter have one size, or size 1.
        **kwargs: none are taken.

    Raises ValueError for subscripts that do not fit the tensors.

    >>> einsum("ij,j->i", [[1, 2], [3, 4]], [10, 1])
    array([12, 34], dtype=int32)
    """
    if kwargs:
        raise TypeError(f"einsum: expected no keywords. Received: {', '.join(kwargs)}")
    tensors = factors(*operands) if operands else []
    inputs, out = _parsed(subscripts, [rank_of(x) for x in tensors])
    _check_sizes(subscripts, inputs, tensors)
    terms = [_diagonals(x, letters) for x, letters in zip(tensors, inputs, strict=True)]
    result, letters = terms[0]
    for index, (factor, names) in enumerate(terms[1:], start=1):
        later = set(out).union(*(names for _, names in terms[index + 1 :]))
        kept = "".join(dict.fromkeys(c for c in letters + names if c in later))
        if index == len(terms) - 1 and (out[-1:] in letters) != (out[-1:] in names):
            kept = out  # in its own order at once, unless the last axis is common to both
        result, letters = paired(result, letters, factor, names, kept), kept
    result, letters = summed_out(result, letters, set(out))
    if letters == out:
        return result
    return views.permute(result, order=tuple(letters.index(c) for c in out))


def _parsed(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each tensor and of the result, with letters for the axes under `...`."""
    text = subscripts.replace(" ", "")
    inputs, arrow, out = text.partition("->")
    parts = inputs.split(",")
    counts = [rank - len(part.replace("...", "")) for rank, part in zip(ranks, parts, strict=False)]
    known = set(text) <= set(LETTERS + ".,->")
    fits = len(parts) == len(ranks) and all(
        count == 0 if "..." not in part else count >= 0
        for count, part in zip(counts, parts, strict=False)
    )
    if not known or not fits:
        raise ValueError(
            f"einsum: expected subscripts with a letter (or ...) for each axis of each tensor. "
            f"Received: {subscripts!r} for tensors of ranks {ranks}"
        )
    spare = "".join(c for c in LETTERS if c not in text)
    dots = spare[: max([c for c, p in zip(counts, parts, strict=True) if "..." in p], default=0)]
    spelled = [
        part.replace("...", dots[len(dots) - count :] if count else "")
        for part, count in zip(parts, counts, strict=True)
    ]
    if not arrow:
        letters = inputs.replace("...", "").replace(",", "")
        out = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    result = out.replace("...", dots)
    if len(set(result)) != len(result) or not set(result) <= set("".join(spelled)):
        raise ValueError(
            f"einsum: expected after -> letters of the tensors, each once. Received: {subscripts!r}"
        )
    return spelled, result


def _check_sizes(subscripts: str, inputs: list[str], tensors: list[Tensor]) -> None:
    sizes: dict[str, Extent] = {}
    for letters, x in zip(inputs, tensors, strict=True):
        for letter, size in zip(letters, extents_of(x), strict=True):
            if size == 1:
                continue
            if sizes.setdefault(letter, size) != size:
                shapes = ", ".join(str(public(extents_of(x))) for x in tensors)
                raise conflict(
                    f"einsum: expected one size for each letter of {subscripts!r}. Received shapes "
                    f"{shapes}: {letter!r} would be {public((sizes[letter], size))}",
                    (sizes[letter], size),
                )


def _diagonals(x: Tensor, letters: str) -> tuple[Tensor, str]:
    """x with axes of one letter made one axis, their diagonal."""
    for letter in sorted(set(letters)):
        while letters.count(letter) > 1:
            first = letters.index(letter)
            second = letters.index(letter, first + 1)
            x = diagonal(x, axis1=first, axis2=second)
            rest = letters[:first] + letters[first + 1 : second] + letters[second + 1 :]
            letters = rest + letter
    return x, letters
