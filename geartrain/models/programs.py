"""The programs of a model: one for each form of the data, the latest of them kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

# Data whose samples have another length, or another size of any axis but the first, are of another
# form. A model that meets more lengths than this makes some of its programs again.
MOST_PROGRAMS = 64


class Programs(OrderedDict[Any, Any]):
    """Programs by what decides which one a step needs, with what is known about them.

    Attributes:
        direct: the shortest ways to predictions, by the shape of the array.
        of_fixed_rows: the forms of data for which a step must know how many rows there are, so that
            each number of rows has a program of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.direct: dict[Any, Callable[[Any], Any]] = {}
        self.of_fixed_rows: set[Any] = set()

    def __getitem__(self, key: Any) -> Any:
        self.move_to_end(key)
        return super().__getitem__(key)

    def __setitem__(self, key: Any, program: Any) -> None:
        super().__setitem__(key, program)
        if len(self) > MOST_PROGRAMS:
            self.popitem(last=False)
            self.direct.clear()  # one of them may be the way to that program

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self.direct.clear()
        self.of_fixed_rows.clear()
