"""Errors that say who failed, what was expected, what was received, and the likely remedy.

Users meet `ValueError` and `TypeError` with a full sentence; `assert` is kept for the library's
own invariants. The helpers here word the parts that many errors share.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import Any

_PACKAGE = __file__.removesuffix("errors.py")


class GeartrainWarning(UserWarning):
    """A hint about something odd that does not stop the work."""


class UnknownSize(TypeError, ValueError):
    """What was asked needs the size of an axis as a number, or may fit or not as it turns out.

    While a model is made, or a step traced, some sizes are not known yet. Who made them symbolic
    catches this and tries again with numbers, where it can.

    Attributes:
        fitting: for sizes that are not known yet, two numbers each with which it would fit.
    """

    fitting: Mapping[Any, tuple[int, int]] = {}


class UnknownKeyword(TypeError, ValueError):
    """A keyword that is not taken: a TypeError, as Python's own, and a ValueError, as in Keras."""


def warn(message: str, category: type[Warning] = GeartrainWarning) -> None:
    """Warn at the line outside of this library that led here: the one its user can change."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and (
        frame.f_code.co_filename.startswith(_PACKAGE) or of_import(frame)
    ):
        frame = frame.f_back
        level += not of_import(frame)  # these are not counted
    warnings.warn(message, category, stacklevel=level)


def of_import(frame: FrameType) -> bool:
    """Whether a frame is of Python's own code that imports modules."""
    return frame.f_code.co_filename.startswith("<frozen importlib")


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`, or None if nothing is close.

    >>> nearest("rmspropp", ["sgd", "rmsprop", "adam"])
    'rmsprop'
    """
    import difflib

    by_lower = {candidate.lower(): candidate for candidate in candidates}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def unknown_name(kind: str, name: object, candidates: Iterable[str]) -> ValueError:
    """The error for a name that is not one of `candidates`.

    >>> str(unknown_name("optimizer", "rmspropp", ["adam", "rmsprop"]))
    "Unknown optimizer: 'rmspropp'. Did you mean 'rmsprop'? Known: adam, rmsprop."
    """
    known = sorted(candidates)
    guess = nearest(name, known) if isinstance(name, str) else None
    hint = f" Did you mean {guess!r}?" if guess else ""
    return ValueError(f"Unknown {kind}: {shown(name)}.{hint} Known: {', '.join(known)}.")


def unknown_keywords(
    who: str,
    received: Iterable[str],
    allowed: Iterable[str],
    renamed: dict[str, str] | None = None,
) -> UnknownKeyword:
    """The error for keywords that `who` does not take; `renamed` maps old names to remedies.

    >>> str(unknown_keywords("fit", ["epoch"], ["x", "y", "epochs"]))
    "fit got an unexpected keyword 'epoch'. Did you mean 'epochs'? It takes: x, y, epochs."
    """
    allowed, parts = list(dict.fromkeys(allowed)), []
    for name in received:
        remedy = (renamed or {}).get(name)
        guess = None if remedy else nearest(name, allowed)
        hint = f" {remedy}" if remedy else f" Did you mean {guess!r}?" if guess else ""
        parts.append(f"{who} got an unexpected keyword {name!r}.{hint}")
    return UnknownKeyword(f"{' '.join(parts)} It takes: {', '.join(allowed)}.")


def describe_value(value: Any) -> str:
    """A short account of a received value: its shape and dtype if it is a tensor, else itself.

    >>> import numpy as np
    >>> describe_value(np.zeros((2, 3), "float32"))
    'shape (2, 3), dtype float32'
    """
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"shape {tuple(value.shape)}, dtype {value.dtype}"
    return shown(value)


def shown(value: Any, most: int = 80) -> str:
    """A received value in a message: its representation, without addresses, cut where it is long.

    >>> shown(object()), shown("a" * 100, most=10)
    ('<object object>', "'aaaaaa...")
    """
    text = re.sub(r" at 0x[0-9A-Fa-f]+", "", repr(value))
    return f"{text[: most - 3]}..." if len(text) > most else text
