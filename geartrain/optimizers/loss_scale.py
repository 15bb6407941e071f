"""Dynamic scaling of the loss, so that small gradients do not vanish in float16."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from geartrain import ops
from geartrain.errors import shown
from geartrain.initializers import Constant
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import register
from geartrain.runtime.staging import Staging
from geartrain.runtime.variable import Variable
from geartrain.serialization import serialize

# What old files hold for it, and Keras itself takes no longer: the inner optimizer has these.
_INNER = {
    "weight_decay": None, "clipnorm": None, "global_clipnorm": None, "clipvalue": None,
    "use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None,
    "loss_scale_factor": None, "gradient_accumulation_steps": None, "dynamic": True,
}  # fmt: skip


@register("optimizers")
class LossScaleOptimizer(Optimizer):
    """Another optimizer, with a scale of the loss that adapts itself.

    The loss is multiplied by the scale, and the gradients are divided by it. In float16, which has
    nothing below 6e-8, gradients survive that way that would be 0.

        all gradients finite: a step of the inner optimizer; the scale doubles after
                              dynamic_growth_steps such steps in a row
        otherwise:            no step; the scale is halved

    Args:
        inner_optimizer: the optimizer that takes the steps.
        initial_scale: the scale at first.
        dynamic_growth_steps: how many good steps it takes to double the scale.
        name: a name; by default the class's, numbered.

    Raises ValueError for anything but an optimizer, and for options that the inner optimizer has.

    >>> from geartrain.optimizers import SGD
    >>> w = Variable([1.0], name="w")
    >>> optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=8.0)
    >>> optimizer.build([w])
    >>> optimizer.scale_loss(3.0)
    array(24., dtype=float32)
    >>> optimizer.apply([[8.0]])
    >>> optimizer.apply([[float("inf")]])
    >>> w.numpy(), float(optimizer.dynamic_scale)
    (array([0.5], dtype=float32), 4.0)
    """

    config_order = ("name", "inner_optimizer", "initial_scale", "dynamic_growth_steps")
    accepts = tuple(_INNER)

    def __init__(
        self, inner_optimizer: Any, initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        for option, value in kwargs.items():
            if value != _INNER[option]:
                raise ValueError(
                    f"LossScaleOptimizer: does not take {option}. Received: {option}={value!r}. "
                    "Give it to the inner optimizer."
                )
        if not isinstance(inner_optimizer, Optimizer):
            raise ValueError(
                "LossScaleOptimizer: expected an optimizer to take the steps. "
                f"Received: {shown(inner_optimizer)}"
            )
        self.__dict__["inner_optimizer"] = inner_optimizer  # the learning rate is its
        super().__init__(learning_rate=0.0, name=name)
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None  # or gradients would be divided twice

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the scale, its counter, and the slots of the inner optimizer."""
        if self.built:
            return
        variables = list(variables)
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        self.dynamic_scale = self.add_variable(
            (), Constant(self.initial_scale), dtype="float32", name="dynamic_scale"
        )
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Its own: step count, rate, good steps in a row, scale; then the inner optimizer's."""
        return [*super().variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """How many steps the inner optimizer took."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if "_learning_rate" in self.__dict__:
            self.inner_optimizer.learning_rate = value
        else:  # its own variable, which files have though nothing reads it
            self._learning_rate = self._track(value, "float32", "learning_rate")

    @property
    def calls_rate(self) -> bool:
        """Whether a function gives the inner optimizer's learning rate."""
        return self.inner_optimizer.calls_rate

    def refresh_rate(self) -> None:
        """Let programs have what that function gives now."""
        self.inner_optimizer.refresh_rate()

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale."""
        return ops.multiply(loss, self.dynamic_scale if self.built else self.initial_scale)

    def _step(self, grads: list[Any], variables: list[Variable]) -> None:
        """A step that counts only if all gradients are finite: a program computes both cases."""
        finite = ops.all(ops.stack([ops.all(ops.isfinite(gradient)) for gradient in grads]))
        scale, steps = self.dynamic_scale.value, self.step_counter.value
        with Staging() as staged:
            unscaled = [ops.divide(one, ops.cast(scale, one.dtype)) for one in grads]
            self.inner_optimizer._step(unscaled, variables)
        for variable, new in staged.assigned():
            variable.assign(ops.where(finite, new, variable))
        grows = ops.equal(steps, self.dynamic_growth_steps - 1)
        factor = ops.where(finite, ops.where(grows, 2.0, 1.0), 0.5)
        self.dynamic_scale.assign(ops.multiply(scale, factor))
        counts = ops.logical_and(finite, ops.logical_not(grows))
        self.step_counter.assign(ops.where(counts, steps + 1, 0))

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Put the inner optimizer's moving averages, if any, in the place of the variables."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, as plain values."""
        return {name: serialize(getattr(self, name)) for name in self.config_order}
