"""What every public function of `geartrain.ops` is tested on.

A case: the function's name, its arguments, its keywords, and what NumPy computes for them. All of
the arguments that are arrays become symbolic tensors where a test is about graphs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    name: str
    arrays: tuple[Any, ...]
    keywords: dict[str, Any]
    expected: Any  # the result, or a function that computes it of the arguments
    differentiable: bool = True
    symbolic: bool = True
    batched: bool = True  # whether axis 0 of the first array may be the batch axis


class Table(list[Case]):
    """Cases, ways to add one, and numbers that depend on what this table drew before alone."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = np.random.default_rng(seed)

    def case(
        self, name: str, *arrays: Any, expected: Any = None, differentiable: bool = True,
        symbolic: bool = True, batched: bool = True, **keywords: Any,
    ) -> None:  # fmt: skip
        """Add a case; without `expected` NumPy's function of that name tells it."""
        if expected is None:
            expected = getattr(np, name)
        self.append(Case(name, arrays, keywords, expected, differentiable, symbolic, batched))

    def plain(self, name: str, *arrays: Any, **keywords: Any) -> None:
        """Add a case without gradients."""
        self.case(name, *arrays, differentiable=False, **keywords)

    def reals(self, *shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
        """Numbers that differ from each other, and from 0, 1 and 6, by far more than a step."""
        count = math.prod(shape)
        ladder = low + (high - low) * (np.arange(count) + 0.37) / max(count, 1)
        return self.random.permutation(ladder).reshape(shape)

    def integers(self, *shape: int, low: int = 0, high: int = 5) -> np.ndarray:
        """Whole numbers of [low, high)."""
        return self.random.integers(low, high, shape).astype("int32")


_shared = Table(7)
reals, integers = _shared.reals, _shared.integers
X = reals(3, 4)
Y = reals(3, 4, low=-1.7, high=2.4)
POSITIVE = reals(3, 4, low=0.3, high=3.0)
UNIT = reals(3, 4, low=-0.9, high=0.9)
ROW = reals(4)
CUBE = reals(2, 3, 4)
SPECIAL = np.array([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan])
FLAGS = X > 0
WHOLE = integers(3, 4, low=-3, high=9)


def listed(function: Callable) -> Callable:
    """The function of one list of arrays as a function of the arrays."""
    return lambda *arrays, **keywords: function(arrays, **keywords)
