"""Steps in units of each gradient's recent size."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import register
from geartrain.runtime.variable import Variable


@register("optimizers")
class RMSprop(Optimizer):
    """Gradients divided by a moving average of their size.

        velocity = rho * velocity + (1 - rho) * gradient ** 2
        variable -= learning_rate * gradient / sqrt(velocity + epsilon)

    With `centered`, the square of the gradients' moving average is taken off velocity: it is
    then their variance. With momentum m, the change goes into m * momentum + change first.

    Args:
        learning_rate: number, schedule or function.
        rho: the weight of the old average.
        momentum: how much of the last changes to repeat.
        epsilon: keeps the division finite.
        centered: whether to divide by the variance.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Source: Hinton, Neural Networks for Machine Learning, lecture 6.

    >>> w = Variable([1.0, 1.0], name="w")
    >>> RMSprop(learning_rate=0.1).apply([[0.5, -50.0]], [w])
    >>> w.numpy().round(4)
    array([0.6838, 1.3162], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0,
        epsilon: float = 1e-7, centered: bool = False, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())

    def slot_names(self) -> Any:
        """The mean square, and as the options want it the last change and the mean."""
        wanted = {
            "velocity": True,
            "momentum": self.momentum > 0,
            "average_gradient": self.centered,
        }
        return [(name,) for name, kept in wanted.items() if kept]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go down the gradient, in units of its recent size."""
        slots, rho = self.slots_of(variable), self.rho
        velocity = slots["velocity"]
        self.assign(velocity, rho * velocity + (1 - rho) * ops.square(gradient))
        size = velocity
        if self.centered:
            mean = slots["average_gradient"]
            self.assign(mean, rho * mean + (1 - rho) * gradient)
            size = velocity - ops.square(mean)
        change = learning_rate * gradient / ops.sqrt(size + self.epsilon)
        if self.momentum > 0:
            last = slots["momentum"]
            self.assign(last, self.momentum * last + change)
            change = last
        self.assign_sub(variable, change)
