"""Training: `compile`, `fit`, `evaluate`, `predict`, and the same for single batches.

Each kind of step (train, test, predict) is a method that computes with ops. It is traced once for
each form of the data, into a program with an open batch axis; running the program updates weights,
optimizer slots and metrics together, or, if anything fails, none of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import callbacks as callback_module
from geartrain import config, metrics, ops, optimizers, random, tree
from geartrain.errors import unknown_keywords
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.models import checks
from geartrain.models.compiled import CompiledLoss, CompiledMetrics
from geartrain.models.data import (
    DEFAULT_BATCH_SIZE,
    Batch,
    Batches,
    batches_of,
    is_stream,
    prepare,
    prepared,
    split,
)
from geartrain.models.loops import batches_run, plain
from geartrain.ops.operands import extents_of, number_of
from geartrain.registry import RENAMED, signature_names
from geartrain.runtime.function import Program, gradients_of, trace

Method = Callable[..., Any]


def helpful(method: Method) -> Method:
    """Refuse keywords that `method` does not have, with the nearest one that it has."""
    allowed = signature_names(method)

    @functools.wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        wrong = [name for name in kwargs if name not in allowed]
        if wrong:
            raise unknown_keywords(method.__name__, wrong, allowed, RENAMED)
        return method(self, *args, **kwargs)

    return checked


class Trainer:
    """The part of a model that trains it."""

    def __init__(self) -> None:
        self.stop_training = False
        self.compiled = False
        self.optimizer: Any = None
        self.loss: Any = None
        self.run_eagerly = False
        self.steps_per_execution = 1
        self.jit_compile: bool | str = "auto"
        self.history: Any = None
        self._compile_loss: CompiledLoss | None = None
        self._compile_metrics: CompiledMetrics | None = None
        self._loss_tracker: Any = None
        self._programs: dict[Any, Any] = {}

    @helpful
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose how the model is trained.

        Args:
            optimizer: name or object.
            loss: name, object or function `(y_true, y_pred)`; several in a list or a dict by
                output name.
            loss_weights: the factor of each output's loss.
            metrics: names or objects; for several outputs a list or dict of them.
            weighted_metrics: metrics that see the sample weights.
            run_eagerly: compute with the NumPy reference, node by node.
            steps_per_execution, auto_scale_loss: accepted as in Keras.
            jit_compile: False has the same effect as `run_eagerly`.
        """
        self.optimizer = optimizers.get(optimizer)
        self.loss, self.run_eagerly, self.jit_compile = loss, bool(run_eagerly), jit_compile
        self.steps_per_execution = steps_per_execution
        self._compile_loss = CompiledLoss(loss, loss_weights)
        self._compile_metrics = CompiledMetrics(metrics, weighted_metrics)
        self._loss_tracker = _mean("loss")
        self._programs = {}
        self.stop_training = False
        self.compiled = True

    # -- steps: override these to train in a way of your own --------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on a batch `(x, y, sample_weight)`; returns the logs.

        It is traced: compute with ops, and change variables by `assign` or the optimizer only.
        """
        x, y, sample_weight = Batch(*data)
        trainable = self.trainable_variables
        y_pred = self(x, training=True)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        self._track_loss(loss, x)
        scaled = self.optimizer.scale_loss(loss)
        self.optimizer.apply(gradients_of(scaled, trainable), trainable)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation on a batch `(x, y, sample_weight)`; returns the logs."""
        x, y, sample_weight = Batch(*data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False
        )
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The predictions for a batch."""
        return self(Batch(*data).x, training=False)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss to minimise: the compiled losses, and the penalties of the layers."""
        assert self._compile_loss is not None
        total = self._compile_loss(y, y_pred, sample_weight, self.output_names)
        for penalty in self.losses:
            total = penalty if total is None else total + ops.sum(penalty)
        if total is None:
            raise ValueError(
                f"{self._who()}: nothing to minimise. Received: compile(loss=None) and no layer "
                "with a penalty. Compile with a loss, such as loss='mse'."
            )
        return total

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Update the compiled metrics; returns the value of every metric by name."""
        assert self._compile_metrics is not None
        self._compile_metrics.update_state(y, y_pred, sample_weight, self.output_names)
        return self.get_metrics_result()

    def _track_loss(self, loss: Any, x: Any) -> None:
        rows = number_of(extents_of(tree.flatten(x)[0])[0], "float32")
        self._loss_tracker.update_state(loss, sample_weight=rows)

    @property
    def metrics(self) -> list[Any]:
        """The metric objects: the loss's mean, then the compiled ones."""
        if not self.compiled:
            return []
        assert self._compile_loss is not None and self._compile_metrics is not None
        own = [m for m in self.__dict__.values() if isinstance(m, metrics.Metric)]
        found = [self._loss_tracker, *self._compile_loss.trackers.values()]
        return list(dict.fromkeys([*found, *self._compile_metrics.metrics, *own]))

    @property
    def metrics_names(self) -> list[str]:
        """The names of the metrics."""
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Start all metrics afresh."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The value of every metric by name."""
        assert self._compile_loss is not None and self._compile_metrics is not None
        logs = {"loss": self._loss_tracker.result()}
        for tracker in self._compile_loss.trackers.values():
            logs[tracker.name] = tracker.result()
        logs.update(self._compile_metrics.result())
        return logs

    # -- programs ---------------------------------------------------------------------------------

    def program_of(self, kind: str, batch: Batch) -> tuple[Program, Any]:
        """The program of a step for data of this form, and the form of its result."""
        leaves = [leaf for leaf in tree.flatten(list(batch)) if leaf is not None]
        specs = tuple((leaf.shape[1:], leaf.dtype.name) for leaf in leaves)
        form = repr(tree.map_structure(lambda leaf: leaf is None, list(batch)))
        key = (kind, specs, form, *self._settings(kind))
        if key not in self._programs:
            self._prepare(kind, batch)
            names = self._leaf_names(batch)
            inputs = [
                placeholder((BATCH, *shape), dtype, name)
                for (shape, dtype), name in zip(specs, names, strict=True)
            ]
            remaining = iter(inputs)
            data = tree.map_structure(
                lambda leaf: None if leaf is None else next(remaining), tuple(batch)
            )
            step = getattr(self, f"{kind}_step")
            result, scope = trace(lambda: step(Batch(*data)))
            flat = tree.flatten(result)
            outputs = [Node.wrap(leaf) for leaf in flat]
            program = Program(
                inputs, outputs, scope.updates, compiled=not self.run_eagerly and self.jit_compile
            )
            key = (kind, specs, form, *self._settings(kind))  # building made the variables
            self._programs[key] = (program, result)
        return self._programs[key]

    def _settings(self, kind: str) -> tuple[Any, ...]:
        """What is written into a program and may change: other settings need another program."""
        if kind != "train" or self.optimizer is None:
            return ()
        settings = [
            value if isinstance(value, bool | int | float | str | None) else id(value)
            for value in vars(self.optimizer).values()
        ]
        return (*settings, *(id(variable) for variable in self.trainable_variables))

    def _prepare(self, kind: str, batch: Batch) -> None:
        """Make the weights and the optimizer's slots, before anything is traced."""
        if not self.built:
            self.build_from(batch.x)
        if kind == "train" and self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)

    def build_from(self, x: Any) -> None:
        """Make the weights for inputs like `x`."""
        symbols = tree.map_structure(
            lambda leaf: placeholder((BATCH, *leaf.shape[1:]), leaf.dtype.name), x
        )
        trace(lambda: self(symbols, training=False))

    def _leaf_names(self, batch: Batch) -> list[str]:
        names = []
        for part, name in zip(batch, batch._fields, strict=True):
            count = len([leaf for leaf in tree.flatten(part) if leaf is not None])
            names += [name if count == 1 else f"{name}[{number}]" for number in range(count)]
        return names

    def run_step(self, kind: str, batch: Batch) -> Any:
        """Run one step; the result has the form that the step returned."""
        program, result = self.program_of(kind, batch)
        leaves = [leaf for leaf in tree.flatten(list(batch)) if leaf is not None]
        return tree.pack_sequence_as(result, program.run(*leaves))

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
        validation_freq: int = 1,
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
            shuffle: whether to draw the samples in a new order each epoch (arrays only).
            class_weight: a weight for each class.
            sample_weight: a weight for each sample.
            initial_epoch: the number of the first epoch, to go on with earlier training.
            steps_per_epoch: batches an epoch, where it is not all of them.
            validation_steps, validation_batch_size: the same for validation.
            validation_freq: validate after every so many epochs.

        Returns:
            A `History`, whose `history` holds the values of each metric by epoch.
        """
        self._needs_compile("fit")
        checks.check_counts("fit", epochs=epochs, initial_epoch=initial_epoch)
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
            validation = (
                Batch(validation_data) if is_stream(validation_data) else Batch(*validation_data)
            )
        data = batches_of("fit", x, y, sample_weight, batch_size, class_weight, steps_per_epoch)
        checks.check_training_data(self, data)
        held = None
        if validation is not None:
            size = validation_batch_size or batch_size
            held = batches_of("fit", *validation, size, steps=validation_steps)
        self.program_of("train", data.first())
        listeners = self._listeners(callbacks, verbose, epochs=epochs, data=data)
        self.stop_training = False
        order = np.random.default_rng(random.fresh_seed())
        listeners.on_train_begin()
        logs: dict[str, float] = {}
        for epoch in range(initial_epoch, epochs):
            self.reset_metrics()
            listeners.on_epoch_begin(epoch)
            samples = order.permutation(data.total) if shuffle and data.total else None
            logs = {}
            for result in batches_run(self, "train", data, samples, listeners):
                logs = plain(result)
            checks.check_loss(self, logs)
            if held is not None and (epoch + 1 - initial_epoch) % validation_freq == 0:
                found = self._evaluate(held, listeners)
                logs = {**logs, **{f"val_{name}": value for name, value in found.items()}}
            data.on_epoch_end()
            listeners.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        self.optimizer.finalize_variable_values(self.trainable_variables)
        listeners.on_train_end(logs)
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
        data = batches_of("evaluate", x, y, sample_weight, batch_size, steps=steps)
        checks.check_labels(self, data)
        listeners = self._listeners(callbacks, verbose, data=data, history=False)
        logs = self._evaluate(data, listeners)
        return logs if return_dict else in_order(logs)

    def _evaluate(self, data: Batches, listeners: Any) -> dict[str, float]:
        self.reset_metrics()
        listeners.on_test_begin()
        logs: dict[str, float] = {}
        for result in batches_run(self, "test", data, None, listeners):
            logs = plain(result)
        listeners.on_test_end(logs)
        return logs

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
            known = self._programs.get((x.shape[1:], x.dtype))  # the way of small, frequent calls
            if known is not None and 0 < len(x) <= (batch_size or DEFAULT_BATCH_SIZE):
                results = known[0].run(x)
                return results[0] if known[1] is None else tree.pack_sequence_as(known[1], results)
        checks.check_built(self, x)
        data = batches_of("predict", x, batch_size=batch_size, steps=steps)
        listeners = self._listeners(callbacks, verbose, data=data, history=False)
        listeners.on_predict_begin()
        parts = list(batches_run(self, "predict", data, None, listeners))
        listeners.on_predict_end()
        if not parts:
            parts = [self.run_step("predict", data.first())]
        self._remember(x)
        return tree.map_structure(lambda *pieces: np.concatenate(pieces), *parts)

    def _remember(self, x: Any) -> None:
        """Note which program predicts for arrays like x, so that the next call finds it at once."""
        if type(x) is np.ndarray and prepare(x) is x:
            program, form = self.program_of("predict", Batch(x))
            nested = None if isinstance(form, Node) else form
            self._programs[x.shape[1:], x.dtype] = program, nested

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
        data = batches_of(who, x, y, sample_weight, class_weight=class_weight)
        checks.check_labels(self, data)
        self.reset_metrics()
        logs = plain(self.run_step(kind, prepared(data.data, class_weight)))
        return logs if as_dict else in_order(logs)

    # -- helpers ----------------------------------------------------------------------------------

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
            return given
        if verbose == "auto":
            verbose = 1 if config.is_interactive_logging_enabled() else 2
        return callback_module.CallbackList(
            given, add_history=history, add_progbar=verbose != 0, model=self, verbose=verbose,
            epochs=epochs, steps=data.count, samples=data.samples,
        )  # fmt: skip


def in_order(logs: dict[str, float]) -> float | list[float]:
    """The values of logs, the loss first; alone if it is the only one."""
    values = [logs["loss"]] if "loss" in logs else []
    values += [value for name, value in logs.items() if name != "loss"]
    return values[0] if len(values) == 1 else values


def _mean(name: str) -> Any:
    return metrics.Mean(name=name)
