"""Gradient descent, with or without momentum."""

from __future__ import annotations

from typing import Any

from geartrain.optimizers.checks import check_range
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import register
from geartrain.runtime.variable import Variable


@register("optimizers")
class SGD(Optimizer):
    """Stochastic gradient descent.

        variable -= learning_rate * gradient

    or with momentum m

        velocity = m * velocity - learning_rate * gradient
        variable += velocity                                     (or, with nesterov,
        variable += m * velocity - learning_rate * gradient)

    Args:
        learning_rate: number, schedule or function.
        momentum: how much of its velocity a variable keeps at each step, in [0, 1].
        nesterov: whether to look one step ahead along the velocity.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Raises ValueError for a momentum outside [0, 1].

    >>> w = Variable([1.0], name="w")
    >>> SGD(learning_rate=0.1).apply([[2.0]], [w])
    >>> w.numpy()
    array([0.8], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())
        check_range(self, "momentum", 0, 1)

    def slot_names(self) -> Any:
        """A momentum (its velocity), unless it is 0."""
        return [("momentum",)] if self.momentum else []

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go down the gradient."""
        change = gradient * learning_rate
        if not self.momentum:
            self.assign_sub(variable, change)
            return
        velocity = self.slots_of(variable)["momentum"]
        self.assign(velocity, velocity * self.momentum - change)
        self.assign_add(variable, velocity * self.momentum - change if self.nesterov else velocity)
