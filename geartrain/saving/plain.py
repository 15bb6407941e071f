"""JSON from a file as plain data, and nothing but: bounded, without repetitions and oddities.

Python's own reader takes what no model file needs and what later code could stumble over: the
last of two equal keys, NaN, numbers of thousands of digits, and a depth that ends in a
RecursionError.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MOST_BYTES = 64 << 20  # of one text
MOST_DEPTH = 64
MOST_DIGITS = 400  # of one number

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_SURROGATE = re.compile(rb"\\u[dD][89abABcCdDeEfF]")


def parse(data: bytes, what: str) -> Any:
    """The plain data that a JSON text holds.

    Args:
        data: the text, in UTF-8.
        what: what the text is, for errors: `"config.json"`.

    Raises:
        ValueError: a text that is no JSON, and one that is over the bounds of this module.

    >>> parse(b'{"units": [3, 1.5, null]}', "config.json")
    {'units': [3, 1.5, None]}
    >>> parse(b'{"units": 3, "units": 4}', "config.json")
    Traceback (most recent call last):
    ValueError: config.json: expected each key once in an object. Received: 'units' twice
    """
    if len(data) > MOST_BYTES:
        raise ValueError(
            f"{what}: expected a text of at most {MOST_BYTES} bytes. Received: {len(data)} bytes"
        )
    _check_depth(data, what)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise ValueError(
                f"{what}: expected each key once in an object. Received: {twice!r} twice"
            )
        return made

    def number(digits: str) -> int | float:
        value = int(digits) if len(digits) <= MOST_DIGITS else math.inf
        return _finite(value, digits, what)

    def real(digits: str) -> float:
        return _finite(float(digits) if len(digits) <= MOST_DIGITS else math.inf, digits, what)

    def constant(name: str) -> Any:
        raise ValueError(f"{what}: expected finite numbers. Received: {name}")

    try:
        text = data.decode("utf-8")
        made = json.loads(
            text,
            object_pairs_hook=unique,
            parse_int=number,
            parse_float=real,
            parse_constant=constant,
        )
        if _SURROGATE.search(data):
            json.dumps(made, ensure_ascii=False).encode("utf-8")
    except (json.JSONDecodeError, UnicodeError) as error:
        raise ValueError(
            f"{what}: expected JSON in UTF-8. Received: {data[:40]!r}... ({error}). The file was "
            "damaged, or is not of the kind that its name says."
        ) from None
    return made


def dump(value: Any) -> bytes:
    """Plain data as JSON, as Keras writes it.

    >>> dump({"units": [3, None]})
    b'{"units": [3, null]}'
    """
    return json.dumps(value, allow_nan=False).encode("utf-8")


def _finite(value: Any, digits: str, what: str) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(
            f"{what}: expected numbers of at most {MOST_DIGITS} digits that a float64 can hold. "
            f"Received: {digits[:20]}{'...' if len(digits) > 20 else ''}, of {len(digits)} digits"
        )
    return value


def _check_depth(data: bytes, what: str) -> None:
    """Count brackets outside of strings: a reader that calls itself must not meet too many."""
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", data)):
        depth += 1 if bracket in (b"[", b"{") else -1
        if depth > MOST_DEPTH:
            raise ValueError(
                f"{what}: expected at most {MOST_DEPTH} levels of lists and objects in each "
                f"other. Received: more"
            )
