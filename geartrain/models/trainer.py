"""Training: `compile`, `fit`, `evaluate`, `predict`, and the same for single batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import callbacks as callback_module
from geartrain import config, tree
from geartrain.distribution import current, together
from geartrain.graph.node import Node
from geartrain.models import arguments, checks
from geartrain.models.batches import DEFAULT_BATCH_SIZE, Batches, batches_of
from geartrain.models.compiling import helpful
from geartrain.models.data import Batch, is_stream, prepare, prepared, split
from geartrain.models.loops import Loop, plain
from geartrain.models.resuming import keeping
from geartrain.models.steps import Steps
from geartrain.models.training import Training, evaluated

MOST_REMEMBERED = 256  # shapes of arrays to predict for


class Trainer(Steps):
    """The part of a model that trains it, step after step."""

    # -- whole data sets --------------------------------------------------------------------------

    @helpful
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        resume: Any = None,
    ) -> Any:
        """Train for some epochs.

        Args:
            x: inputs: an array, a list or dict of arrays for several inputs, or a stream of
                batches `(x, y)` or `(x, y, sample_weight)` (a `PyDataset` or any iterable).
            y: targets, in the same way.
            batch_size: samples a step; 32 by default.
            epochs: the number of the last epoch.
            verbose: 0 silent, 1 a progress bar, 2 one line an epoch; "auto" is 1.
            callbacks: `Callback` objects.
            validation_split: the fraction at the end of the data to keep for validation.
            validation_data: `(x, y)` or `(x, y, sample_weight)` to evaluate after each epoch.
            shuffle: whether to take the samples in a new order each epoch; of a `PyDataset` its
                batches. Other streams have an order of their own.
            class_weight: a weight for each class.
            sample_weight: a weight for each sample.
            initial_epoch: the number of the first epoch, to go on with earlier training.
            steps_per_epoch: batches an epoch, where it is not all of them. The next epoch goes on
                where this one stopped.
            validation_steps: batches a validation, which begins with the first of them each time
                (a generator goes on).
            validation_batch_size: samples a step of validation; `batch_size` by default.
            validation_freq: validate after every so many epochs, or after those in a list.
            resume: a folder for checkpoints, or `resume.Checkpoints`: when the same program is
                started again after any interruption, it goes on from the last one, to the same
                bits.

        Returns:
            A `History`, whose `history` holds the values of each metric by epoch.
        """
        self._needs_compile("fit")
        arguments.check_counts("fit", epochs=epochs, initial_epoch=initial_epoch)
        epochs = arguments.limited_epochs(epochs)
        arguments.check_given_counts(
            "fit", steps_per_epoch=steps_per_epoch, validation_steps=validation_steps
        )
        arguments.check_frequency(validation_freq)
        arguments.check_class_weight("fit", class_weight)
        validation = None
        if validation_split and validation_data is None:
            if is_stream(x):
                raise ValueError(
                    "fit: expected arrays with validation_split. Received: x of type "
                    f"{type(x).__name__}. Give validation_data instead."
                )
            whole = batches_of("fit", x, y, sample_weight, batch_size).data
            (x, y, sample_weight), validation = split("fit", whole, validation_split)
        elif validation_data is not None:
            validation = arguments.validation_batch(validation_data)
        data = batches_of(
            "fit", x, y, sample_weight, batch_size, class_weight, steps_per_epoch, goes_on=True
        )
        checks.check_training_data(self, data)
        held = None
        if validation is not None:
            size = validation_batch_size or batch_size
            held = batches_of("fit (validation)", *validation, size, steps=validation_steps)
            checks.check_labels(self, held)
        together.warn_if_unasked()
        training = Training(self, Loop(self, "train", data), held and Loop(self, "test", held))
        training.find_programs()  # so that data which do not fit are refused before any training
        training.listeners = self._listeners(callbacks, verbose, epochs=epochs, data=data)
        training.shuffle, training.validation_freq = shuffle, validation_freq
        settings = {
            "batch_size": batch_size, "shuffle": shuffle, "class_weight": class_weight,
            "steps_per_epoch": steps_per_epoch, "validation_steps": validation_steps,
            "validation_freq": validation_freq, "initial_epoch": initial_epoch,
            "shards": current.shards(),
        }  # fmt: skip
        self.stop_training, self._initial_epoch = False, initial_epoch
        with (
            self._settings_fixed(training.loop.key, data.first),
            training.of_the_model(),
            keeping(training, resume, settings),
        ):
            training.listeners.on_train_begin()
            first = together.shared(self._initial_epoch)  # which a callback may have set
            training.run(first, epochs)
        if self.optimizer is not None:
            self.optimizer.finalize_variable_values(self.trainable_variables)
        training.listeners.on_train_end(training.logs)
        together.agree_on_variables(training.loop.program()[0])
        return self.history

    @helpful
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and metrics over some data, in test mode.

        Returns:
            The loss; with metrics the list `[loss, ...]`; with `return_dict` values by name.
        """
        self._needs_compile("evaluate")
        arguments.check_given_counts("evaluate", steps=steps)
        data = batches_of("evaluate", x, y, sample_weight, batch_size, steps=steps)
        checks.check_numbers("evaluate", data)
        checks.check_labels(self, data)
        listeners = self._listeners(callbacks, verbose, data=data, history=False)
        logs = evaluated(Loop(self, "test", data), listeners)
        return logs if return_dict else self._in_order(logs)

    @helpful
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's outputs for some inputs, as arrays, in test mode."""
        if verbose == 0 and callbacks is None and type(x) is np.ndarray:
            known = self._programs.direct.get(self._small(x))  # the way of small, frequent calls
            if known is not None and len(x) <= (batch_size or DEFAULT_BATCH_SIZE):
                return known(x)
        checks.check_built(self, x)
        arguments.check_given_counts("predict", steps=steps)
        data = batches_of("predict", x, batch_size=batch_size, steps=steps)
        listeners = self._listeners(callbacks, verbose, data=data, history=False)
        listeners.on_predict_begin()
        parts = list(Loop(self, "predict", data).run(listeners))
        listeners.on_predict_end()
        if not parts:
            parts = [self.run_step("predict", data.first())]
        self._remember(x)
        return tree.map_structure(lambda *pieces: np.concatenate(pieces), *parts)

    def _remember(self, x: Any) -> None:
        """Note what predicts for arrays like x, so that the next call finds it at once."""
        if type(x) is not np.ndarray or prepare(x) is not x or self._rows_are_fixed():
            return
        if len(x) and len(self._programs.direct) < MOST_REMEMBERED:
            program, form = self.program_of("predict", Batch(x))
            direct = program.direct(len(x)) if isinstance(form, Node) else None
            self._programs.direct[self._small(x)] = direct or (
                lambda x: tree.pack_sequence_as(form, program.run(x))
            )

    def _small(self, x: np.ndarray) -> tuple[Any, ...]:
        return (
            x.shape, x.dtype, config.computing(), self.run_eagerly, self.jit_compile, current.key()
        )  # fmt: skip

    # -- single batches ---------------------------------------------------------------------------

    @helpful
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step of training; the loss and metrics of this batch."""
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    @helpful
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step of evaluation; the loss and metrics of this batch."""
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    @helpful
    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        checks.check_built(self, x)
        return self.run_step("predict", prepared(batches_of("predict_on_batch", x).data, None))

    def _on_batch(
        self, kind: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, as_dict: bool
    ) -> Any:
        who = f"{kind}_on_batch"
        self._needs_compile(who)
        arguments.check_class_weight(who, class_weight)
        data = batches_of(who, x, y, sample_weight, class_weight=class_weight)
        checks.check_labels(self, data)
        self.reset_metrics()
        logs = plain(self.run_step(kind, prepared(data.data, class_weight)))
        return logs if as_dict else self._in_order(logs)

    # -- helpers ----------------------------------------------------------------------------------

    def _in_order(self, logs: dict[str, float]) -> float | list[float]:
        """The values of logs in the order of the metrics, the rest by name; alone if only one."""
        names = dict.fromkeys([*(metric.name for metric in self.metrics), *sorted(logs)])
        values = [logs[name] for name in names if name in logs]
        return values[0] if len(values) == 1 else values

    def _training_outside(self) -> Training:
        """What is known of a training whose loop is the user's own."""
        return Training(self)

    def _needs_compile(self, who: str) -> None:
        if not self.compiled:
            raise ValueError(
                f"{who}: expected a compiled model. Received: {self._who()}, not compiled. Call "
                "model.compile(optimizer=..., loss=..., metrics=[...]) first."
            )

    def _listeners(
        self, given: Any, verbose: Any, data: Batches, epochs: int = 1, history: bool = True
    ) -> Any:
        if isinstance(given, callback_module.CallbackList):
            if not current.together():
                return given
            given = given.callbacks
        arguments.check_verbose(data.who, verbose)
        if verbose == "auto":
            verbose = 1 if config.is_interactive_logging_enabled() else 2
        return together.listeners(
            given, add_history=history, add_progbar=verbose != 0, model=self, verbose=verbose,
            epochs=epochs, steps=data.count, samples=data.samples,
        )  # fmt: skip
