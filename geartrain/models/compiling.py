"""`compile`: how a model is trained, and what files hold of that."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from geartrain import metrics, optimizers
from geartrain.compat.keywords import METHODS, modern
from geartrain.errors import unknown_keywords, warn
from geartrain.models.compilation import Compilation, compile_again, copy_compilation
from geartrain.models.compiled import CompiledLoss, CompiledMetrics
from geartrain.models.programs import Programs
from geartrain.registry import signature_names

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


class Compiling:
    """The part of a model that keeps what it was compiled with."""

    _compilation: Compilation | None = None
    _jit: bool | str = "auto"
    run_eagerly: bool

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
        if run_eagerly and jit_compile is True:
            warn(
                "compile: expected run_eagerly or jit_compile. Received: both. The steps are run "
                "eagerly."
            )
        self.loss, self.run_eagerly = loss, bool(run_eagerly)
        self._jit = jit_compile
        self.train_function = self.test_function = self.predict_function = None
        self.steps_per_execution = steps_per_execution
        self._compile_loss = CompiledLoss(loss, loss_weights)
        self._compile_metrics = CompiledMetrics(metrics, weighted_metrics)
        self._loss_tracker = _mean("loss")
        self._programs, self._fixed_settings = Programs(), None
        self.stop_training = False
        self.compiled = True

    @property
    def jit_compile(self) -> bool:
        """Whether steps are machine code: unless they are run eagerly, or it was not wanted."""
        return bool(self._jit) and not self.run_eagerly

    @jit_compile.setter
    def jit_compile(self, value: bool | str) -> None:
        self._jit = value

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
        known = type(self).compile is Compiling.compile
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


def _mean(name: str) -> Any:
    return metrics.Mean(name=name)
