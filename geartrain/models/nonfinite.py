"""Where numbers were lost: the first value of a step that is not finite, and what computed it.

While `fit` runs, a copy of what steps change is taken from time to time. Once the loss is no
number, the steps since then are done again, one by one; the first bad one is traced again and
evaluated node by node, with NumPy. Then everything is put back as it was.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from geartrain import random, tree
from geartrain.distribution.current import together
from geartrain.graph.node import Node, sorted_nodes
from geartrain.models.data import Batch
from geartrain.models.loops import plain
from geartrain.runtime.function import Program
from geartrain.runtime.variable import Variable

_SECONDS = 1.0  # between two copies
_SHARE = 50  # copying takes at most one part in so many of the time
_MOST_BYTES = 256 << 20  # of variables that are copied, and of batches of streams
_MOST_BATCHES = 64  # of streams, that are kept to be used again


class Lookback:
    """The recent past of a training, to find out where its loss was lost.

    Args:
        training: an object with `model`, `loop`, `epoch` and `batch`.
    """

    def __init__(self, training: Any) -> None:
        self._training = training
        self._variables: list[Variable] | None = None  # that steps change
        self._values: list[np.ndarray] = []
        self._epoch = self._first = -1  # where the copy was taken; no epoch: there is none
        self._batches: list[Batch] = []  # since then, of streams
        self._bytes = 0  # of these
        self._next = 0.0
        self._found: str | None = None

    def begin(self) -> None:
        """Note that an epoch begins or goes on."""
        self._epoch = -1
        self._copy(at_least=0.0)

    def note(self, logs: dict[str, Any]) -> None:
        """Note that steps are done; what is behind is forgotten now and then."""
        loop, is_full = self._training.loop, False
        if not loop.by_number and self._epoch >= 0:
            self._batches.append(loop.data.latest)
            self._bytes += sum(leaf.nbytes for leaf in _leaves(loop.data.latest))
            is_full = len(self._batches) >= _MOST_BATCHES or self._bytes > _MOST_BYTES
        if math.isfinite(_loss_of(logs)):
            self._copy(at_least=0.0 if is_full else _SECONDS)
        if is_full and self._batches:
            self._epoch, self._batches, self._bytes = -1, [], 0

    def _copy(self, at_least: float) -> None:
        """Copy what steps change, if the last copy is long enough ago."""
        before = time.perf_counter()
        if before < self._next + (at_least if self._epoch >= 0 else 0.0):
            return
        if self._variables is None:
            self._variables = self._training.loop.updated()
            if sum(one.array.nbytes for one in self._variables) > _MOST_BYTES:
                self._next = math.inf
                return
            self._values = [np.empty_like(one.array) for one in self._variables]
        for one, value in zip(self._variables, self._values, strict=True):
            np.copyto(value, one.array)
        self._epoch, self._first = self._training.epoch, self._training.batch
        self._batches, self._bytes = [], 0
        self._next = before + _SHARE * (time.perf_counter() - before)

    def explain(self) -> str:
        """A sentence that names the first value that is not finite; empty if it is not found.

        What was found once is told again: later steps only spread it.
        """
        if self._found is None:
            self._found = self._searched() if self._epoch == self._training.epoch else ""
        return self._found

    def _searched(self) -> str:
        model = self._training.model
        if model.optimizer is None or model.optimizer.calls_rate:  # a function of the user's own
            return ""
        if together():  # the other ranks take no part in this
            return ""
        now, state = self._now(), random.global_state()
        try:
            self._set(self._values)
            for number, batch in self._steps():
                before = self._now()
                logs = plain(model.run_step("train", batch))
                if math.isfinite(_loss_of(logs)) and not self._lost(before):
                    continue
                self._set(before)
                where = first_not_finite(model, batch)
                place = f"epoch {self._epoch + 1}, batch {number}"
                return f"The first of all is in {place}: {where}." if where else ""
        finally:
            self._set(now)
            random.set_global_state(state)
        return ""

    def _now(self) -> list[np.ndarray]:
        return [one.array.copy() for one in self._variables or ()]

    def _set(self, values: list[np.ndarray]) -> None:
        for variable, value in zip(self._variables or (), values, strict=True):
            np.copyto(variable.array, value)

    def _lost(self, before: list[np.ndarray]) -> bool:
        """Whether a weight or a slot is no number now, and was one before."""
        metrics = {id(one) for metric in self._training.model.metrics for one in metric.variables}
        return any(
            id(one) not in metrics and not _is_finite(one.array) and _is_finite(value)
            for one, value in zip(self._variables or (), before, strict=True)
        )

    def _steps(self) -> Iterator[tuple[int, Batch]]:
        """The batches since the copy, with their numbers in the epoch."""
        loop = self._training.loop
        if loop.by_number:
            since = loop.data.again(loop.order, self._first, loop.data.taken)
        else:
            latest = loop.data.latest
            late = [] if self._batches and self._batches[-1] is latest else [latest]
            since = iter([*self._batches, *late])
        yield from enumerate(since, self._first)


def _leaves(batch: Batch) -> list[np.ndarray]:
    return [leaf for leaf in tree.flatten(list(batch)) if leaf is not None]


def _loss_of(logs: dict[str, Any]) -> float:
    loss = logs.get("loss", 0.0)
    if type(loss) is float:
        return loss
    return float(loss) if np.ndim(loss) == 0 else 0.0


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind not in "fV" or bool(np.isfinite(array.astype(np.float32)).all())


def first_not_finite(model: Any, batch: Batch) -> str:
    """What of a step of training is the first value that is not finite, in words; empty if none."""
    for name, part in zip(batch._fields, batch, strict=True):
        for leaf in _leaves(Batch(part)):
            if not _is_finite(leaf):
                return f"{_kind_of(leaf)} in {name} of the batch"
    for variable in model.variables:
        if not _is_finite(variable.array):
            return f"{_kind_of(variable.array)} in the variable {variable.path!r}"
    calls: list[tuple[str, list[Node], list[Node]]] = []
    with _noting_calls(model, calls):
        stage, result, scope = model._traced_step("train", batch)
    if stage.calls:  # NumPy begins the step: nothing is known of that
        return ""
    outputs = [Node.wrap(leaf) for leaf in tree.flatten(result)]
    program = Program(stage.inputs, outputs, scope.updates)
    lost: dict[Node, str] = {}  # nodes whose values are not finite, in the order of computing

    def watch(node: Node, value: np.ndarray) -> None:
        if not _is_finite(np.asarray(value)):
            lost[node] = _kind_of(np.asarray(value))

    program.watch(_leaves(batch), watch)
    if not lost:
        return ""
    places = _places(calls)

    def told(node: Node) -> str:
        assert node.op is not None
        updated = [one.path for one, new in scope.updates.items() if _needs(new, node)]
        place = places.get(node) or f"the gradients, or the update of {', '.join(updated[:3])}"
        return f"{lost[node]} from the op {node.op.name!r} in {place}"

    first = next((node for node in lost if lost[node] == "NaN"), next(iter(lost)))
    cause = first
    while infinite := [one for one in cause.sources if lost.get(one) == "infinity"]:
        cause = infinite[0]
    return told(first) if cause is first else f"{told(cause)}, which leads to {told(first)}"


def _kind_of(array: np.ndarray) -> str:
    return "NaN" if np.isnan(array.astype(np.float32)).any() else "infinity"


def _needs(output: Node, node: Node) -> bool:
    return any(one is node for one in sorted_nodes([output]))


@contextmanager
def _noting_calls(model: Any, calls: list[tuple[str, list[Node], list[Node]]]) -> Iterator[None]:
    """Note what goes into the layers' calls and into the loss, and what comes out."""

    def noting(name: str, function: Any) -> Any:
        @functools.wraps(function)
        def noted(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            calls.append((name, _nodes((args, kwargs)), _nodes(result)))
            return result

        return noted

    noted = [(layer, "call") for layer in model._flatten_layers() if layer is not model]
    for layer, method in noted:
        who = f"the layer {layer.name!r} ({type(layer).__name__})"
        layer.__dict__[method] = noting(who, getattr(layer, method))
    model.__dict__["compute_loss"] = noting("the loss", model.compute_loss)
    try:
        yield
    finally:
        for one, method in [*noted, (model, "compute_loss")]:
            del one.__dict__[method]


def _nodes(value: Any) -> list[Node]:
    return [leaf for leaf in tree.flatten(value) if isinstance(leaf, Node)]


def _places(calls: list[tuple[str, list[Node], list[Node]]]) -> dict[Node, str]:
    """In which call each node was made: of calls inside of calls, the innermost."""
    places: dict[Node, str] = {}
    for name, given, results in calls:
        known = set(given) | places.keys()
        for node in sorted_nodes(results, known):
            if node not in known and node.op is not None:
                places[node] = name
    return places
