"""The program of a step that NumPy begins: its stage first, and then machine code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from geartrain.graph.node import Node
from geartrain.models.programs import MOST_PROGRAMS
from geartrain.runtime.function import Program
from geartrain.runtime.stage import STRING, Stage

if TYPE_CHECKING:
    from geartrain.runtime.executable import Executable
    from geartrain.runtime.frame import Samples

# What a stage makes of whole data is kept for all epochs if it is no larger than this many bytes.
MOST_BYTES = 256 << 20


class StagedProgram:
    """A stage, and a program for each form of what it makes; it runs as a `Program` does.

    Texts have as many words as they have: where the width of a result depends on the batch, there
    is a program for each width.

    Args:
        stage: the stage of the step.
        outputs: what the step returned, some of it perhaps made by the stage.
        program: makes a program of placeholders and outputs.
        again: traces the step for other arrays: their stage and outputs.
    """

    def __init__(
        self,
        stage: Stage,
        outputs: Sequence[Node],
        program: Callable[[list[Node], list[Node]], Program],
        again: Callable[[list[np.ndarray]], StagedProgram],
    ) -> None:
        self._stage, self._again = stage, again
        made = [call.output for call in stage.calls]
        self._read = [node for node in (*stage.inputs, *made) if node.dtype != STRING]
        self._texts = {place: node for place, node in enumerate(outputs) if node.dtype == STRING}
        computed = [node for node in outputs if node.dtype != STRING]
        self.program = program(self._read, computed)
        self._programs: dict[Any, StagedProgram] = {}

    def run(self, *arrays: np.ndarray, **place: Any) -> list[np.ndarray]:
        """Run the stage and the program; what the step returned."""
        found = self._stage.run(arrays)
        given = [found[node] for node in self._read]
        form = tuple((array.shape[1:], array.dtype) for array in given)
        if not self._programs:
            self._programs[form] = self
        if form not in self._programs:
            if len(self._programs) >= MOST_PROGRAMS:
                self._programs.pop(next(iter(self._programs)))
            self._programs[form] = self._again(list(arrays))
        results = iter(self._programs[form].program.run(*given, **place))
        count = len(self._texts) + len(self.program.outputs)
        return [
            found[self._texts[place]] if place in self._texts else next(results)
            for place in range(count)
        ]

    def direct(self, batch: int) -> None:
        """There is no shorter way than `run`."""

    @property
    def pace(self) -> dict[int, int]:
        """See `Program`."""
        return self.program.pace

    @property
    def native(self) -> Executable | None:
        """The program's code, if the stage can run on whole data, and then that on many batches."""
        return self.program.native if self._stage.keeps_shapes and not self._texts else None

    @property
    def rows_independent(self) -> bool:
        """See `Program`."""
        return self.program.rows_independent

    def samples(self, arrays: Sequence[np.ndarray]) -> Samples | None:
        """What the stage makes of whole data, for many steps; None if that is too much to keep."""
        first = self._stage.run([array[:1] for array in arrays])
        rows = max(len(array) for array in arrays)
        if rows * sum(first[node].nbytes for node in self._read) > MOST_BYTES:
            return None
        found = self._stage.run(arrays)
        return self.program.samples([np.ascontiguousarray(found[node]) for node in self._read])
