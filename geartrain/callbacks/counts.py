"""Whole numbers among the arguments of callbacks."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_count(value: Any, least: int = 0) -> bool:
    """Whether a value is a whole number, `least` or more.

    >>> is_count(3), is_count(True), is_count(2, least=5), is_count(2.0)
    (True, False, False, False)
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least
