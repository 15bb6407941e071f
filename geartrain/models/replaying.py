"""Doing the steps of a training again, and telling what each of them did."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.graph.node import Node
from geartrain.models.data import Batch, digest_of, unpack_x_y_sample_weight
from geartrain.models.nonfinite import first_not_finite
from geartrain.random import global_state, set_global_state
from geartrain.resume.replaying import Done, Request
from geartrain.runtime.function import Program, gradients_of


class Replayer:
    """In the place of what keeps checkpoints: looks at steps instead.

    Args:
        training: the training.
        request: what is asked for.
        step: how many steps are done at the start.
    """

    best = None

    def __init__(self, training: Any, request: Request, step: int) -> None:
        self._training, self._request, self.started = training, request, step
        self._before: dict[str, np.ndarray] = {}
        self._random: dict[str, Any] = {}

    def until_done(self, done: int) -> int:
        """How many steps may be done at once."""
        training, last = self._training, self._request.last
        step = training.steps + done - training.batch
        return 1 if last is None or step >= last - 1 else last - 1 - step

    def begin(self, step: int) -> None:
        """Look at where an epoch stands."""
        if self._request.last is None and step == self.started:
            self._request.tell(step, {"tensors": self._digests()})
        self._note(step)

    def _note(self, step: int) -> None:
        last = self._request.last
        if last is not None and step == last - 1:
            self._before = {n: one.array.copy() for n, one in self._training.variables().items()}
            self._random = global_state()

    def after_steps(self, step: int) -> None:
        """Tell of the step that was done, if it was asked for."""
        last = self._request.last
        if last is None:
            batch = digest_of(self._batch())
            place = {"epoch": self._training.epoch + 1, "batch": self._training.batch - 1}
            self._request.tell(step, {"tensors": self._digests(), "data": batch, **place})
        elif step == last:
            self._request.tell(step, self._look())
            raise Done
        else:
            self._note(step)

    def after_epoch(self, step: int, logs: dict[str, Any]) -> None:
        """Between epochs callbacks may change variables: that is seen with the next step."""

    def _digests(self) -> dict[str, int]:
        variables = self._training.variables()
        return {name: zlib.crc32(one.array.tobytes()) for name, one in variables.items()}

    def _batch(self) -> Batch | None:
        """The batch of the latest step."""
        loop = self._training.loop
        if not loop.by_number:
            latest: Batch | None = loop.data.latest
            return latest
        return next(loop.data.again(loop.order, loop.data.taken - 1, loop.data.taken))

    def _samples(self) -> list[int] | None:
        """The numbers of the samples of the latest step, of arrays."""
        loop = self._training.loop
        if not loop.by_number:
            return None
        size = loop.data.batch_size
        numbers = np.arange(loop.data.total) if loop.order is None else loop.order
        found: list[int] = numbers[size * (loop.data.taken - 1) : size * loop.data.taken].tolist()
        return found

    def _look(self) -> dict[str, Any]:
        """What the latest step did: it is done again from where it began."""
        training, model = self._training, self._training.model
        told: dict[str, Any] = {
            "epoch": training.epoch + 1, "batch": training.batch - 1, "from": self.started,
            "samples": self._samples(), "logs": training.logs,
        }  # fmt: skip
        batch = self._batch()
        if batch is None or not self._before:
            return told
        for name, one in training.variables().items():
            np.copyto(one.array, self._before[name])
        set_global_state(self._random)
        told["loss"], told["gradients"] = loss_and_norms(model, batch)
        told["not finite"] = first_not_finite(model, batch)
        return told


def loss_and_norms(model: Any, batch: Batch) -> tuple[float, dict[str, float]]:
    """The loss of a batch in training mode, and the norm of its gradient by variable."""
    trained: list[Any] = []

    def probe_step(data: Any) -> list[Any]:
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = model(x, training=True)
        loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        slopes = gradients_of(loss, model.trainable_variables)
        pairs = zip(model.trainable_variables, slopes, strict=True)
        present = [(one, slope) for one, slope in pairs if slope is not None]
        trained[:] = [one for one, _ in present]
        return [loss, *(slope for _, slope in present)]

    model.__dict__["probe_step"] = probe_step
    try:
        stage, result, _ = model._traced_step("probe", batch)
    finally:
        del model.__dict__["probe_step"]
    leaves = [leaf for leaf in tree.flatten(list(batch)) if leaf is not None]
    found = stage.run(leaves)
    made = [call.output for call in stage.calls]
    read = [node for node in (*stage.inputs, *made) if node in found and node.dtype != "string"]
    program = Program(read, [Node.wrap(one) for one in result])
    loss, *slopes = program.run(*(found[node] for node in read))
    norms = [float(np.sqrt(np.sum(np.square(slope, dtype=np.float64)))) for slope in slopes]
    return float(loss), {one.path: norm for one, norm in zip(trained, norms, strict=True)}
