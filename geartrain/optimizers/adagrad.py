"""Steps in units of all gradients so far: Adagrad, Adadelta and Ftrl."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.optimizers.checks import check_range
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import register
from geartrain.runtime.variable import Variable


@register("optimizers")
class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares so far.

        accumulator += gradient ** 2
        variable -= learning_rate * gradient / sqrt(accumulator + epsilon)

    Args:
        learning_rate: number, schedule or function.
        initial_accumulator_value: what accumulators start from.
        epsilon: keeps the division finite.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Source: Duchi et al., https://jmlr.org/papers/v12/duchi11a.html

    >>> w = Variable([1.0], name="w")
    >>> Adagrad(learning_rate=0.1, initial_accumulator_value=0.75).apply([[0.5]], [w])
    >>> w.numpy()
    array([0.95], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())

    def slot_names(self) -> Any:
        """The sum of squares."""
        return [("accumulator",)]

    def first_value(self, slot: str, variable: Variable) -> np.ndarray:
        """`initial_accumulator_value` everywhere."""
        return super().first_value(slot, variable) + self.initial_accumulator_value

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go down the gradient, in units of all gradients so far."""
        accumulator = self.slots_of(variable)["accumulator"]
        self.assign_add(accumulator, ops.square(gradient))
        self.assign_sub(variable, learning_rate * gradient / ops.sqrt(accumulator + self.epsilon))


@register("optimizers")
class Adadelta(Optimizer):
    """Gradients in the units of the variable: times its recent changes, by their recent size.

        grads = rho * grads + (1 - rho) * gradient ** 2
        change = -gradient * sqrt(changes + epsilon) / sqrt(grads + epsilon)
        changes = rho * changes + (1 - rho) * change ** 2
        variable += learning_rate * change

    Args:
        learning_rate: number, schedule or function. The paper's method has 1.
        rho: the weight of the old averages.
        epsilon: keeps the division finite, and the first changes above zero.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Source: Zeiler, https://arxiv.org/abs/1212.5701

    >>> w = Variable([1.0], name="w")
    >>> Adadelta(learning_rate=1.0, epsilon=0.01).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.5636], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())

    def slot_names(self) -> Any:
        """The mean squares of gradients and of changes."""
        return [("accumulated_grad", "accumulated_delta_var")]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go down the gradient, in units of the variable's recent changes."""
        slots, rho = self.slots_of(variable), self.rho
        grads, changes = slots["accumulated_grad"], slots["accumulated_delta_var"]
        self.assign(grads, rho * grads + (1 - rho) * ops.square(gradient))
        step = ops.sqrt(changes + self.epsilon)
        change = -(step * gradient / ops.sqrt(grads + self.epsilon))
        self.assign(changes, rho * changes + (1 - rho) * ops.square(change))
        self.assign_add(variable, learning_rate * change)


@register("optimizers")
class Ftrl(Optimizer):
    """Follow the regularized leader: the best variable for all gradients so far.

        sigma = ((accumulator + gradient ** 2) ** -p - accumulator ** -p) / learning_rate
        linear += gradient + 2 * l2_shrinkage * variable - sigma * variable
        accumulator += gradient ** 2
        curvature = (accumulator ** -p + beta) / learning_rate + 2 * l2
        variable = (clip(linear, -l1, l1) - linear) / curvature

    Args:
        learning_rate: number, schedule or function.
        learning_rate_power: p, at most 0; 0 keeps the learning rate fixed.
        initial_accumulator_value: what accumulators start from, at least 0.
        l1_regularization_strength: l1, which makes small variables exactly 0.
        l2_regularization_strength: l2.
        l2_shrinkage_regularization_strength: l2_shrinkage, a penalty on the variable itself.
        beta: added to the curvature, in units of 1 / learning_rate.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Raises ValueError for a value out of range.
    Source: McMahan et al., Ad Click Prediction, https://research.google.com/pubs/archive/41159.pdf

    >>> w = Variable([0.0], name="w")
    >>> Ftrl(learning_rate=0.1, initial_accumulator_value=0.75).apply([[0.5]], [w])
    >>> w.numpy()
    array([-0.05], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1, l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0,
        weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())
        check_range(self, "learning_rate_power", float("-inf"), 0)
        for option in (
            "initial_accumulator_value", "l1_regularization_strength",
            "l2_regularization_strength", "l2_shrinkage_regularization_strength",
        ):  # fmt: skip
            check_range(self, option, 0)

    def slot_names(self) -> Any:
        """The sum of squares, and the sum of gradients made linear."""
        return [("accumulator", "linear")]

    def first_value(self, slot: str, variable: Variable) -> np.ndarray:
        """`initial_accumulator_value` for accumulators, zeros for the rest."""
        start = self.initial_accumulator_value if slot == "accumulator" else 0.0
        return super().first_value(slot, variable) + start

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Solve for the variable."""
        slots, power = self.slots_of(variable), -self.learning_rate_power
        accumulator, linear = slots["accumulator"], slots["linear"]
        total = accumulator + ops.square(gradient)
        l2 = self.l2_regularization_strength + self.beta / (2.0 * learning_rate)
        pull = gradient + 2 * self.l2_shrinkage_regularization_strength * variable
        sigma = (ops.power(total, power) - ops.power(accumulator, power)) / learning_rate
        self.assign_add(linear, pull - sigma * variable)
        curvature = ops.power(total, power) / learning_rate + 2 * l2
        l1 = self.l1_regularization_strength
        self.assign(variable, (ops.clip(linear, -l1, l1) - linear) / curvature)
        self.assign(accumulator, total)
