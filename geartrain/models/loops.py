"""Loops over the batches of a data set: in native code many steps at a time, or one by one.

Where the program of a step is compiled as a whole, the data are arrays, and no callback must hear
of each batch, a native call does as many steps as fit into a short time: long enough to cost
nothing, short enough for the progress bar and for Ctrl-C.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from geartrain import tree
from geartrain.distribution.current import together
from geartrain.distribution.together import agree_on_data, agree_on_variables, first_of, shared
from geartrain.models.batches import ArrayBatches, Batches
from geartrain.models.data import pack_x_y_sample_weight

if TYPE_CHECKING:
    from geartrain.models.programs import ProgramKey
    from geartrain.runtime.frame import Samples
    from geartrain.runtime.function import Program
    from geartrain.runtime.variable import Variable

CALL_SECONDS = 0.05  # how long a native call should take


class Loop:
    """The steps of one kind over some data, as often as `run` is called.

    Args:
        model: the model.
        kind: "train", "test" or "predict".
        data: the batches.

    Attributes:
        key: which program to run, once that is known; see `Steps.program_key`.
        done: how many batches of the epoch are done.
        order: the order of its samples, of arrays that each epoch goes through as a whole; then
            `is_known`.
        most: how many more of them a native call may do at once, by how many are done; any number
            if None.
    """

    def __init__(self, model: Any, kind: str, data: Batches) -> None:
        self.model, self.kind, self.data = model, kind, data
        self.key: ProgramKey | None = None
        self.done = 0
        self.order: np.ndarray | None = None
        self.is_known = False
        self.most: Callable[[int], int] | None = None
        self._found: tuple[Program, Any] | None = None
        self._samples: Samples | None = None  # for the program found, if it can do many steps
        if together():
            arrays = data.leaves() if isinstance(data, ArrayBatches) else first_of(data.first())
            agree_on_data(data.who, arrays)

    def program(self) -> tuple[Program, Any]:
        """The program of a step, and the form of its result; traced now, if it is not known."""
        known = self.model.program_known(self.key)
        if known is None:
            self.key = self.model.traced(self.kind, self.data.first())
            known = self.model.program_known(self.key)
        return known  # type: ignore[no-any-return]

    @property
    def by_number(self) -> bool:
        """Whether the batches of the epoch can be had again, by their numbers."""
        return self.is_known and isinstance(self.data, ArrayBatches)

    def updated(self) -> list[Variable]:
        """The variables that its steps change."""
        program: Any = self.program()[0]
        return list(getattr(program, "program", program).updates)

    def run(self, listeners: Any, order: np.ndarray | None = None, first: int = 0) -> Iterator[Any]:
        """Run the steps of one epoch; yields logs, or predictions, after one or more batches.

        Args:
            listeners: the callbacks.
            order: the numbers of the samples, or of a `PyDataset`'s batches, in the order to take
                them; as they come if None.
            first: how many of its batches were done before.
        """
        data, kind, self.done = self.data, self.kind, first
        if not first:
            data.on_epoch_begin()
        if together():
            self.model.stop_training = shared(self.model.stop_training)
            agree_on_variables(self.program()[0])
        optimizer = self.model.optimizer if kind == "train" else None
        called = optimizer is not None and optimizer.calls_rate  # which a native call cannot
        whole = isinstance(data, ArrayBatches) and data.steps is None and data.total and not called
        if whole:
            order = shared(data.order(order))
        self.order, self.is_known = order, bool(whole)
        whole = whole and (order is None or kind != "predict") and data.stays
        own = self.model.own_function(kind)
        if own is not None:
            steps = self._by(own, listeners, order, first)
        elif whole and not listeners.wants_batches(kind) and self._can_do_many():
            steps = self._native(listeners, order, first)
        else:
            steps = self._one_by_one(listeners, order, first)
        end = getattr(listeners, f"on_{kind}_batch_end")
        changing = shared(listeners.wants_batches(kind)) and together()
        for batch, result in steps:
            self.done = batch + 1
            if kind == "predict":
                end(batch, {"outputs": result})
                yield result
            else:
                logs = plain(result)
                end(batch, logs)
                yield logs
            if changing:
                self.model.stop_training = shared(self.model.stop_training)
                agree_on_variables(self.program()[0])
            if self.model.stop_training and kind == "train":
                break
        data.on_epoch_end()

    def _one_by_one(
        self, listeners: Any, order: np.ndarray | None, first: int
    ) -> Iterator[tuple[int, Any]]:
        """The number of each batch, and its step's result."""
        begin = getattr(listeners, f"on_{self.kind}_batch_begin")
        own_order = together() and not isinstance(self.data, ArrayBatches)
        for number, batch in enumerate(self.data.epoch(order, first), first):
            if own_order:  # whatever drew it may have drawn another one elsewhere
                agree_on_data(self.data.who, first_of(batch))
            begin(number)
            yield number, self.model.run_step(self.kind, batch)

    def _by(
        self, own: Any, listeners: Any, order: np.ndarray | None, first: int
    ) -> Iterator[tuple[int, Any]]:
        """The same by a function of the model's own, which may take several batches at a time."""
        begin = getattr(listeners, f"on_{self.kind}_batch_begin")
        packed = itertools.starmap(pack_x_y_sample_weight, self.data.epoch(order, first))
        for number, one in enumerate(packed, first):
            begin(number)
            yield number, own(itertools.chain([one], packed))

    def _can_do_many(self) -> bool:
        """Whether native calls can do many steps; then the data are found for them."""
        found = self.program()
        if found is not self._found:
            self._found, self._samples = found, None
            native = found[0].native
            many = native is not None and native.whole_epochs
            if many and (self.kind != "predict" or native.gives_rows):
                assert isinstance(self.data, ArrayBatches)
                whole = tree.flatten(list(self.data.whole))
                self._samples = found[0].samples([leaf for leaf in whole if leaf is not None])
        return self._samples is not None

    def _native(
        self, listeners: Any, order: np.ndarray | None, first: int
    ) -> Iterator[tuple[int, Any]]:
        """The number of the last batch done, and its step's result, after each native call."""
        data, samples, found = self.data, self._samples, self._found
        assert found is not None and samples is not None and data.total is not None
        assert isinstance(data, ArrayBatches)
        program, form = found
        native = program.native
        assert native is not None
        done = data.begin(first) * data.batch_size
        if order is not None:
            order = np.ascontiguousarray(order, np.int64)
        batch = min(data.batch_size, data.total)
        if batch < data.total and program.rows_independent:
            batch = native.rows_in_cache(batch)
        while done < data.total:
            steps, most = program.pace.get(batch, 1), self._most_steps(listeners, done // batch)
            steps = steps if most is None else min(steps, most)
            rows = min(steps * batch, data.total - done)
            if steps > 1 and most is None and data.total - done - rows < batch:
                rows = data.total - done  # the last, smaller batch is no call of its own
            before = time.perf_counter()
            results = native.run_steps(samples, batch, rows, done, order)
            seconds = time.perf_counter() - before
            done += rows
            data.taken = -(-done // data.batch_size)
            data.reached(done)
            if rows >= batch:
                more = int(rows / batch * CALL_SECONDS / max(seconds, 1e-6))
                program.pace[batch] = max(1, min(4 * (rows // batch), more))
            yield data.taken - 1, tree.pack_sequence_as(form, results)

    def _most_steps(self, listeners: Any, done: int) -> int | None:
        """How many steps a native call may do, where anybody wants to come between; else None."""
        asked = (listeners.most_steps(), None if self.most is None else self.most(done))
        return min((most for most in asked if most is not None), default=None)


def plain(logs: Any) -> dict[str, Any]:
    """Logs as Python numbers, in the order of their names; metrics of several are arrays."""
    return {
        name: np.asarray(value) if np.ndim(value) else float(value)
        for name, value in sorted(logs.items())
    }
