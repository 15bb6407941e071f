"""What one step of training, evaluation or prediction is.

Each kind of step (train, test, predict) is a method that computes with ops. It is traced once for
each form of the data, into a program with an open batch axis; running the program updates weights,
optimizer slots and metrics together, or, if anything fails, none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import ops, tree
from geartrain.models.batch_functions import BatchFunctions
from geartrain.models.compilation import Compilation
from geartrain.models.compiled import CompiledLoss, CompiledMetrics
from geartrain.models.compiling import Compiling
from geartrain.models.data import unpack_x_y_sample_weight
from geartrain.models.step_programs import StepPrograms
from geartrain.ops.operands import extents_of, number_of
from geartrain.runtime.function import gradients_of
from geartrain.runtime.staging import Staging


class Steps(Compiling, StepPrograms, BatchFunctions):
    """The part of a model that computes single steps: what it was compiled with, and programs.

    Any layer can have it, to be trained like a model: `class Learner(Trainer, Dense)`.
    """

    _graph: Any = None
    output_names: Any = None

    def __init__(self) -> None:
        StepPrograms.__init__(self)
        self.stop_training = False
        self.compiled = False
        self.optimizer: Any = None
        self.loss: Any = None
        self.run_eagerly = False
        self.steps_per_execution = 1
        self._jit: bool | str = "auto"
        self.history: Any = None
        self._training: Any = None  # while `fit` runs
        self._compile_loss: CompiledLoss | None = None
        self._compile_metrics: CompiledMetrics | None = None
        self._loss_tracker: Any = None
        self._compilation: Compilation | None = None

    # -- steps: override these to train in a way of your own --------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on a batch: x, `(x, y)` or `(x, y, sample_weight)`, as was given.

        Returns the logs. To take any, use `keras.utils.unpack_x_y_sample_weight(data)`.

        It is traced: compute with ops, and change variables by `assign` or the optimizer only.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        if self.optimizer is None:
            raise ValueError(
                f"{self._who()}: expected an optimizer to train with. Received: "
                "compile(optimizer=None). Compile with one, such as optimizer='rmsprop'."
            )
        trainable = self.trainable_variables
        y_pred = self(x, training=True)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        self._track_loss(loss, x)
        scaled = self.optimizer.scale_loss(loss)
        self.optimizer.apply(gradients_of(scaled, trainable), trainable)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation on a batch, as `train_step` gets it; returns the logs."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False
        )
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The predictions for a batch."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

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

    def stateless_compute_loss(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        metrics_variables: Sequence[Any],
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tuple[Any, tuple[Sequence[Any], list[Any], list[Any]]]:
        """`compute_loss` with given values of the variables, which stay as they are.

        Args:
            trainable_variables: a value for each of `trainable_variables`; the other two likewise.
            x, y, y_pred, sample_weight, training: see `compute_loss`.

        Returns:
            The loss, and the values of the three groups of variables after it.

        Raises ValueError for values that do not fit.

        >>> import numpy as np, geartrain as keras
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> values = [variable.value for variable in model.trainable_variables]
        >>> y, y_pred = np.float32([[1], [2]]), np.float32([[2], [4]])
        >>> loss, _ = model.stateless_compute_loss(values, [], [0.0, 0.0], y=y, y_pred=y_pred)
        >>> float(loss)
        2.5
        """
        given = (trainable_variables, non_trainable_variables, metrics_variables)
        groups = ("trainable_variables", "non_trainable_variables", "metrics_variables")
        with Staging() as staged:
            for name, values in zip(groups, given, strict=True):
                self._assign_each(name, getattr(self, name), values)  # type: ignore[attr-defined]
            loss = self.compute_loss(x, y, y_pred, sample_weight, training)
            _, fixed, measured = [
                [staged.read(variable) for variable in getattr(self, name)] for name in groups
            ]
        return loss, (trainable_variables, fixed, measured)

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
    def layers(self) -> list[Any]:
        """The layers inside."""
        return self._sublayers()  # type: ignore[attr-defined, no-any-return]

    @property
    def metrics(self) -> list[Any]:
        """The metric objects: the loss's mean, the compiled ones, those of layers inside."""
        found: list[Any] = []
        if self.compiled:
            assert self._compile_loss is not None and self._compile_metrics is not None
            found = [self._loss_tracker, *self._compile_metrics.metrics]
            found += self._compile_loss.trackers.values()
        return list(dict.fromkeys([*found, *self._own_metrics()]))

    def _own_metrics(self) -> list[Any]:
        """The metrics that the model and the layers inside have as attributes."""
        inside = self._metrics_inside()  # type: ignore[attr-defined]
        return [metric for metric in inside if metric is not self._loss_tracker]

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
        assert self._compile_metrics is not None
        logs: dict[str, Any] = {}
        labelled = self._compile_metrics.metrics
        for metric in self.metrics:
            if metric not in labelled:
                value = metric.result()
                logs.update(value if isinstance(value, dict) else {metric.name: value})
            elif metric is labelled[0]:
                logs.update(self._compile_metrics.result())
        return logs
