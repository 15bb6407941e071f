"""Loops over the batches of a data set: in native code many steps at a time, or one by one.

Where the program of a step is compiled as a whole, the data are arrays, and no callback must hear
of each batch, a native call does as many steps as fit into a short time: long enough to cost
nothing, short enough for the progress bar and for Ctrl-C.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.models.data import ArrayBatches, Batch, Batches
from geartrain.runtime.function import Program

CALL_SECONDS = 0.05  # how long a native call should take


def batches_run(
    model: Any,
    kind: str,
    data: Batches,
    order: np.ndarray | None,
    listeners: Any,
    key: tuple[Any, ...] | None = None,
) -> Iterator[Any]:
    """Run the steps of one epoch; yields logs, or predictions, after one or more batches.

    Args:
        kind: "train", "test" or "predict".
        order: the numbers of the samples in the order to take them; as they come if None.
        listeners: the callbacks.
        key: which program to run, if that is known before; see `Steps.program_key`.
    """
    begin = getattr(listeners, f"on_{kind}_batch_begin")
    end = getattr(listeners, f"on_{kind}_batch_end")
    whole = isinstance(data, ArrayBatches) and data.steps is None and data.total
    if whole and not listeners.wants_batches(kind):
        program, form = model.program_known(key) or model.program_of(kind, data.first())
        if program.whole_epochs:
            for last, results in _native(program, data.whole, data, order):
                yield _told(end, last, kind, tree.pack_sequence_as(form, results))
                if model.stop_training and kind == "train":
                    return
            return
    for number, batch in enumerate(data.epoch(order)):
        begin(number)
        yield _told(end, number, kind, model.run_step(kind, batch))
        if model.stop_training and kind == "train":
            return


def _told(end: Callable[..., None], batch: int, kind: str, result: Any) -> Any:
    """Tell the callbacks what a step returned; the logs, or the predictions."""
    if kind == "predict":
        end(batch, {"outputs": result})
        return result
    logs = plain(result)
    end(batch, logs)
    return logs


def _native(
    program: Program, whole: Batch, data: ArrayBatches, order: np.ndarray | None
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """The number of the last batch done, and the step's results, after each native call."""
    arrays = [leaf for leaf in tree.flatten(list(whole)) if leaf is not None]
    assert data.total is not None
    batch, total, done = data.batch_size, data.total, 0
    if batch < total and program.rows_apart:
        batch = program.rows_in_cache(batch)
    while done < total:
        full = (total - done) // batch
        rows = batch if full else total - done
        steps = min(data.pace.get(rows, 1), max(full, 1))
        taken = rows * steps
        before = time.perf_counter()
        if order is None:
            cut = [array[done : done + taken] for array in arrays]
            results = program.run_steps(cut, rows, steps)
        else:
            chosen = np.ascontiguousarray(order[done : done + taken], np.int64)
            results = program.run_steps(arrays, rows, steps, chosen)
        seconds = time.perf_counter() - before
        done += taken
        if full:
            more = int(steps * CALL_SECONDS / max(seconds, 1e-6))
            data.pace[rows] = max(1, min(4 * steps, more))
        yield -(-done // data.batch_size) - 1, results


def plain(logs: Any) -> dict[str, float]:
    """Logs as Python numbers, in the order of their names."""
    return {name: float(value) for name, value in sorted(logs.items())}
