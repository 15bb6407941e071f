"""AdamW without a schedule: weights that are an average of themselves as they are learnt."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import register
from geartrain.runtime.variable import Variable


@register("optimizers")
class ScheduleFreeAdamW(Optimizer):
    """Adam's steps taken by a second copy of the weights, towards whose average the weights move.

        velocity += (1 - beta_2) * (gradient ** 2 - velocity)
        average = (variable - (1 - beta_1) * momentum) / beta_1
        momentum -= rate * gradient / (sqrt(velocity / (1 - beta_2 ** t)) + epsilon)
        average += (momentum - average) / t                      in step t = 1, 2, ...
        variable = (1 - beta_1) * momentum + beta_1 * average

    where momentum starts as the variable itself, and the rate is `learning_rate` times
    `min(t / warmup_steps, 1)`.

    Args:
        learning_rate: number, schedule or function.
        beta_1: the share of the average in the weights.
        beta_2: the weight of the old average of squared gradients.
        epsilon: keeps the division finite.
        warmup_steps: in how many steps the rate rises to its value; 0 for at once.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Source: Defazio et al., https://arxiv.org/abs/2405.15682

    >>> w = Variable([1.0, 1.0], name="w")
    >>> ScheduleFreeAdamW(learning_rate=0.1).apply([[0.5, -50.0]], [w])
    >>> w.numpy().round(5)
    array([0.9, 1.1], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.0025, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, warmup_steps: int = 0, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())

    def slot_names(self) -> Any:
        """The weights that take the steps, and the average of squared gradients."""
        return [("momentum", "velocity")]

    def first_value(self, slot: str, variable: Variable) -> np.ndarray | None:
        """The variable itself for the momentum, and zeros."""
        return variable.numpy() if slot == "momentum" else super().first_value(slot, variable)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Take Adam's step with the momentum, and follow its average."""
        slots = self.slots_of(variable)
        momentum, velocity = slots["momentum"], slots["velocity"]
        step = ops.cast(self.iterations + 1, variable.dtype)
        if self.warmup_steps > 0:
            learning_rate = learning_rate * ops.minimum(step / self.warmup_steps, 1.0)
        average = (variable - (1 - self.beta_1) * momentum) / self.beta_1
        self.assign_add(velocity, (ops.square(gradient) - velocity) * (1 - self.beta_2))
        bias = 1 - ops.power(ops.cast(self.beta_2, variable.dtype), step)
        self.assign_sub(
            momentum, learning_rate * gradient / (ops.sqrt(velocity / bias) + self.epsilon)
        )
        average = average + (momentum - average) / step
        self.assign(variable, (1 - self.beta_1) * momentum + self.beta_1 * average)
