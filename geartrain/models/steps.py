"""What one step of training, evaluation or prediction is.

Each kind of step (train, test, predict) is a method that computes with ops. It is traced once for
each form of the data, into a program with an open batch axis; running the program updates weights,
optimizer slots and metrics together, or, if anything fails, none of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from geartrain import metrics, ops, optimizers, tree
from geartrain.compat.keywords import METHODS, modern
from geartrain.errors import unknown_keywords, warn
from geartrain.models.compilation import Compilation, compile_again, copy_compilation
from geartrain.models.compiled import CompiledLoss, CompiledMetrics
from geartrain.models.data import unpack_x_y_sample_weight
from geartrain.models.programs import Programs
from geartrain.models.step_programs import StepPrograms
from geartrain.ops.operands import extents_of, number_of
from geartrain.registry import signature_names
from geartrain.runtime.function import gradients_of

Method = Callable[..., Any]


def helpful(method: Method) -> Method:
    """Take keywords of older Keras; refuse others that `method` does not have, with the nearest."""
    allowed, older = signature_names(method), METHODS.get(method.__name__, {})

    @functools.wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except TypeError:
            wrong = [name for name in kwargs if name not in allowed]
            if not wrong:
                raise
        if not older.keys().isdisjoint(wrong):
            return checked(self, *args, **modern(method.__name__, older, kwargs))
        raise unknown_keywords(method.__name__, wrong, allowed)

    return checked


class Steps(StepPrograms):
    """The part of a model that computes single steps: what it was compiled with, and programs."""

    def __init__(self) -> None:
        super().__init__()
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
        self._compilation: Compilation | None = None

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
            steps_per_execution: accepted as in Keras.
            auto_scale_loss: whether a model of the policy "mixed_float16" gets a
                `LossScaleOptimizer` around its optimizer.
            jit_compile: False has the same effect as `run_eagerly`.
        """
        self.optimizer = optimizers.get(optimizer)
        self._compilation = Compilation(
            {
                "optimizer": self.optimizer,
                "loss": loss,
                "loss_weights": loss_weights,
                "metrics": metrics,
                "weighted_metrics": weighted_metrics,
                "run_eagerly": run_eagerly,
                "steps_per_execution": steps_per_execution,
                "jit_compile": jit_compile,
                "auto_scale_loss": auto_scale_loss,
            }
        )
        scaled = isinstance(self.optimizer, optimizers.LossScaleOptimizer)
        policy = self.dtype_policy.name  # type: ignore[attr-defined]
        if auto_scale_loss and policy == "mixed_float16" and self.optimizer and not scaled:
            self.optimizer = optimizers.LossScaleOptimizer(
                self.optimizer, name="loss_scale_optimizer"
            )
        self.loss, self.run_eagerly, self.jit_compile = loss, bool(run_eagerly), jit_compile
        self.steps_per_execution = steps_per_execution
        self._compile_loss = CompiledLoss(loss, loss_weights)
        self._compile_metrics = CompiledMetrics(metrics, weighted_metrics)
        self._loss_tracker = _mean("loss")
        self._programs, self._fixed_settings = Programs(), None
        self.stop_training = False
        self.compiled = True

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile` as plain data, in the form of Keras's files.

        Empty before `compile`. A function of your own stands there by its name, so register it with
        `register_keras_serializable`; what no file can hold is left out with a warning.

        >>> from geartrain import Sequential, layers
        >>> model = Sequential([layers.Dense(1)])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> config = model.get_compile_config()
        >>> config["optimizer"]["class_name"], config["loss"], config["metrics"]
        ('SGD', 'mse', ['mae'])
        """
        if self._compilation is None:
            return {}
        return self._compilation.config(self._who())  # type: ignore[attr-defined]

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` said.

        A model with a `compile` of its own is left alone, with a warning, unless it overrides this
        method too.

        Args:
            config: what `get_compile_config` returned.
        """
        if self._takes_compilation():
            compile_again(self, config)

    def _takes_compilation(self) -> bool:
        """Whether `compile` is the one of all models, so that its arguments are known."""
        known = type(self).compile is Steps.compile
        if not known:
            warn(
                f"{self._who()}: was not compiled, since its compile() is its own. Override "  # type: ignore[attr-defined]
                "get_compile_config() and compile_from_config(config) as well, or call compile() "
                "after loading."
            )
        return known

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        state = super()._copied_state(parts)  # type: ignore[misc]
        if self._compilation is not None:
            state["compilation"] = self._compilation.arguments
            if self.optimizer is not self._compilation.arguments["optimizer"]:
                state["around"] = self.optimizer._copied_state(parts)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over weights, and be compiled as the model that this one is a copy of."""
        super().__setstate__(state)  # type: ignore[misc]
        if "compilation" in state and self._takes_compilation():
            copy_compilation(self, state["compilation"], state.get("around"))

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


def _mean(name: str) -> Any:
    return metrics.Mean(name=name)
