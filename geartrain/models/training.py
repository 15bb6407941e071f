"""The epochs of one call of `fit`, and where they stand.

What decides how training goes on is small and explicit: the values of variables, the place in the
epoch, the generator that shuffles, how far the data are read, what callbacks have seen, and the
process's own random numbers. `Training.state` tells all of it, and `Training.take_up` goes on from
there, in another process too, to the same bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import random
from geartrain.distribution.together import shared
from geartrain.models import arguments, checks
from geartrain.models.loops import Loop
from geartrain.models.nonfinite import Lookback
from geartrain.resume.replaying import program_of_process
from geartrain.resume.state import TrainingState, named_variables, put_back, values_of
from geartrain.runtime.variable import Variable


class Training:
    """Epochs of steps, each with its validation.

    Args:
        model: the model.
        loop: the steps over the data for training; None for a loop of the user's own, of which
            only variables are known.
        validating: those over the data for validation, if there are any.
        listeners: the callbacks.
        shuffle: whether samples come in another order each epoch.
        validation_freq: after which epochs to validate.

    Attributes:
        epoch: the number of the epoch that is under way, or comes next.
        batch: how many of its batches are done.
        steps: how many steps of all epochs are done.
        logs: of the epoch: so far, or once it is over.
        order: the generator that shuffles.
        identity: what must be the same where this training goes on; see `resume.identity`.
        former: the state to go on from, if there is one.
        keeper: keeps checkpoints, if any are kept.
        lookback: finds out where the loss was lost.
    """

    def __init__(
        self, model: Any, loop: Any = None, validating: Any = None, listeners: Any = None,
        shuffle: bool = True, validation_freq: Any = 1,
    ) -> None:  # fmt: skip
        self.model, self.listeners = model, listeners
        self.loop: Loop = loop
        self.validating: Loop | None = validating
        self.shuffle, self.validation_freq = shuffle, validation_freq
        self.epoch = self.batch = self.steps = 0
        self.logs: dict[str, Any] = {}
        self.order = np.random.default_rng(0)
        self._order_before: Any = None  # its state before it shuffled for this epoch
        self._order_of_pass: Any = None  # and before it did so for the pass through the data
        self.identity: dict[str, str] = {}
        self.former: TrainingState | None = None
        self.keeper: Any = None
        self.lookback = Lookback(self)

    def find_programs(self) -> None:
        """Trace the steps, and draw the seed of all orders."""
        self.loop.program()
        if self.validating is not None:
            self.validating.program()
        self.order = np.random.default_rng(shared(random.fresh_seed()))

    @contextmanager
    def of_the_model(self) -> Iterator[None]:
        """Let the model know its training, for callbacks, in a `with` block."""
        before, self.model._training = self.model._training, self
        try:
            yield
        finally:
            self.model._training = before

    # -- the loop ---------------------------------------------------------------------------------

    def run(self, first: int, epochs: int) -> None:
        """Train from the epoch with the number `first` up to the one with the number `epochs`."""
        model, listeners = self.model, self.listeners
        self.epoch = first
        if self.former is not None:
            self._go_on(self.former)
        for epoch in range(self.epoch, epochs):
            midway = self.batch > 0
            if not midway:
                if self.former is not None and model.stop_training:
                    break  # it was complete
                self.epoch, self.logs = epoch, {}
                model.reset_metrics()
                listeners.on_epoch_begin(epoch)
            if not (midway and model.stop_training):
                self._train()
            checks.check_loss(model, self.logs, self.lookback)
            model.stop_training = model.stop_training or not self.logs  # no data are left
            self._validate()
            listeners.on_epoch_end(epoch, self.logs)
            model.stop_training = shared(model.stop_training)
            self.epoch, self.batch = epoch + 1, 0
            if self.keeper is not None:
                self.keeper.after_epoch(self.steps, self.logs)
            if model.stop_training:
                break

    def _train(self) -> None:
        """The rest of the steps of the epoch."""
        data = self.loop.data
        self._order_before = self.order.bit_generator.state
        shuffled = data.shuffled(self.order) if self.shuffle else None
        self.lookback.begin()
        if self.keeper is not None:
            self.keeper.begin(self.steps)
        for found in self.loop.run(self.listeners, shuffled, self.batch):
            self.logs = found
            self.steps += self.loop.done - self.batch
            self.batch = self.loop.done
            self.lookback.note(found)
            if shuffled is not None and data.order_of_pass is shuffled:
                self._order_of_pass = self._order_before
            if self.keeper is not None:
                self.keeper.after_steps(self.steps)

    def _validate(self) -> None:
        if not self.logs or self.validating is None:
            return
        if arguments.validates(self.epoch, self.validation_freq):
            found = evaluated(self.validating, self.listeners)
            self.logs = {**self.logs, **{f"val_{name}": value for name, value in found.items()}}

    # -- its state --------------------------------------------------------------------------------

    def variables(self) -> dict[str, Variable]:
        """All that steps read or change, by name."""
        others: dict[Variable, None] = {}
        for loop in (self.loop, self.validating):
            if loop is not None:
                others |= dict.fromkeys(loop.updated())
        return named_variables(self.model, others)

    def state(self) -> TrainingState:
        """All that decides how training goes on, as it is now, copied."""
        return self._state(self.epoch, self.batch, self.logs)

    def _state(self, epoch: int, batch: int, logs: Any, told: Any = None) -> TrainingState:
        """The state with the place that is given.

        Args:
            epoch, batch, logs: the place.
            told: where a callback asks in its hook, that callback: those behind it have not heard
                of the place yet.
        """
        facts: dict[str, Any] = {
            "epoch": epoch,
            "batch": batch,
            "logs": dict(logs),
            "stopped": bool(self.model.stop_training),
            "swapped": [one._are_swapped for one in _optimizers(self.model)],
            "random": random.global_state(),
        }
        if self.loop is not None:
            facts["order"] = self._order_before if batch else self.order.bit_generator.state
            facts["order_of_pass"] = self._order_of_pass
            facts["data"] = self.loop.data.place()
            held = self.validating
            facts["held"] = None if held is None else held.data.place()
            facts["best"] = None if self.keeper is None else self.keeper.best
            facts["program"] = program_of_process()
            facts["callbacks"] = []
            has_heard = True
            for one in self.listeners.callbacks:
                facts["callbacks"].append([type(one).__name__, one.get_state(), has_heard])
                has_heard = has_heard and one is not told
        step = self.steps + (batch - self.batch if batch else 0)
        return TrainingState(step, values_of(self.variables()), facts, self.identity)

    def write(self, path: Path, callback: Any, epoch: int, batch: int, logs: Any) -> None:
        """Write the state for a callback, in one of its hooks; see `_state`."""
        from geartrain.resume.checkpoint import write_checkpoint

        write_checkpoint(self._state(epoch, batch, logs, callback), path)

    def read(self, path: Path, who: str) -> TrainingState:
        """A state that was written.

        Raises ValueError for a damaged file.
        """
        from geartrain.resume.checkpoint import read_checkpoint

        return read_checkpoint(path, who)

    def take_up(self, state: TrainingState) -> None:
        """Go on from a state, once training begins; a loop of the user's own does so at once."""
        put_back(self.variables(), state.values, "fit", check_only=self.loop is not None)
        self.former = state
        if self.loop is None:
            self._set_process(state.facts)
            self.epoch, self.batch = state.facts["epoch"], state.facts["batch"]
            put_back(self.variables(), state.values, "fit")

    def check_callbacks(self, state: TrainingState, folder: str) -> None:
        """Refuse other callbacks than those whose states there are.

        Raises ValueError.
        """
        there = Counter(name for name, _, _ in state.facts["callbacks"])
        here = Counter(type(one).__name__ for one in self.listeners.callbacks)
        counts = {name for name, seen, _ in state.facts["callbacks"] if seen}
        counts |= {type(one).__name__ for one in self.listeners.callbacks if one.get_state()}
        if any(here[name] != there[name] for name in counts):
            raise ValueError(
                f"fit: expected the callbacks of the training that {folder!r} holds: "
                f"{', '.join(there)}. Received: {', '.join(here)}. Give the same ones, or another "
                "folder to begin anew."
            )

    def _go_on(self, state: TrainingState) -> None:
        """Stand where the state was told: callbacks have begun, and then get what they had seen."""
        facts = state.facts
        self.epoch, self.batch, self.steps = facts["epoch"], facts["batch"], state.step
        self.logs = facts["logs"]
        midway = self.batch > 0
        if midway:
            self.listeners.on_epoch_begin(self.epoch)
        if not facts["stopped"]:
            order = None
            self._order_of_pass = facts["order_of_pass"]
            if self.shuffle and self._order_of_pass is not None:
                self.order.bit_generator.state = self._order_of_pass
                order = self.loop.data.shuffled(self.order)
            self.order.bit_generator.state = facts["order"]
            self.loop.data.go_on(facts["data"], order, midway)
            if self.validating is not None:
                self.validating.data.go_on(facts["held"], None, midway=False)
        put_back(self.variables(), state.values, "fit")
        self._set_process(facts)
        self._tell(facts)

    def _tell(self, facts: dict[str, Any]) -> None:
        """Give callbacks what they had seen, and tell those that had not heard of the place yet."""
        known = list(facts["callbacks"])
        silent = []
        for callback in self.listeners.callbacks:
            names = [name for name, _, _ in known]
            if type(callback).__name__ not in names:
                continue
            _, seen, has_heard = known[names.index(type(callback).__name__)]
            del known[: names.index(type(callback).__name__) + 1]
            callback.set_state(seen)
            if not has_heard:
                silent.append(callback)
        for callback in silent:
            if self.batch:
                callback.on_train_batch_end(self.batch - 1, self.logs)
            else:
                callback.on_epoch_end(self.epoch - 1, self.logs)

    def _set_process(self, facts: dict[str, Any]) -> None:
        self.model.stop_training = facts["stopped"]
        for optimizer, swapped in zip(_optimizers(self.model), facts["swapped"], strict=True):
            optimizer._are_swapped = swapped
        random.set_global_state(facts["random"])


def _optimizers(model: Any) -> list[Any]:
    """The optimizer, and the one inside of it that takes the steps, if any."""
    optimizer = model.optimizer
    if optimizer is None:
        return []
    inner = getattr(optimizer, "inner_optimizer", None)
    return [optimizer] if inner is None else [optimizer, inner]


def evaluated(loop: Loop, listeners: Any) -> dict[str, Any]:
    """The loss and metrics over the data of a loop, in test mode."""
    loop.model.reset_metrics()
    listeners.on_test_begin()
    logs: dict[str, Any] = {}
    for found in loop.run(listeners):
        logs = found
    listeners.on_test_end(logs)
    return logs
