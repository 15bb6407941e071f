"""The programs of a model: one for each form of the data, the latest of them kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

# Data whose samples have another length, or another size of any axis but the first, are of another
# form. A model that meets more lengths than this makes some of its programs again.
MOST_PROGRAMS = 64


class ProgramKey(NamedTuple):
    """What decides which program a step needs.

    Attributes:
        kind: "train", "test" or "predict".
        specs: shape without rows, and dtype, of each array.
        form: which parts of the data there are, and how they are nested.
        rows: how many rows each array has, or the open batch axis.
        settings: what is written into a program and may change.
    """

    kind: str
    specs: tuple[Any, ...]
    form: Any
    rows: tuple[Any, ...]
    settings: tuple[Any, ...]

    @property
    def data(self) -> tuple[Any, ...]:
        """The kind and the form of the data, for any number of rows."""
        return self.kind, self.specs, self.form


class Programs(OrderedDict[ProgramKey, Any]):
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
