"""Steps of one size, in the direction of the averaged gradient."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import register
from geartrain.runtime.variable import Variable


@register("optimizers")
class Lion(Optimizer):
    """The sign of an averaged gradient.

        variable -= learning_rate * sign(beta_1 * momentum + (1 - beta_1) * gradient)
        momentum = beta_2 * momentum + (1 - beta_2) * gradient

    Args:
        learning_rate: number, schedule or function; a third to a tenth of Adam's.
        beta_1: the weight of the old average in the step, in (0, 1].
        beta_2: the weight of the old average in the new one.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Raises ValueError for beta_1 outside (0, 1].
    Source: Chen et al., https://arxiv.org/abs/2302.06675

    >>> w = Variable([1.0, 1.0], name="w")
    >>> Lion(learning_rate=0.1).apply([[0.5, -50.0]], [w])
    >>> w.numpy()
    array([0.9, 1.1], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99,
        weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())
        if not 0 < beta_1 <= 1:
            raise ValueError(f"Lion: expected beta_1 in (0, 1]. Received: {beta_1!r}")

    def slot_names(self) -> Any:
        """The average gradient."""
        return [("momentum",)]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go one step against the averaged gradient's sign."""
        momentum = self.slots_of(variable)["momentum"]
        direction = momentum * self.beta_1 + gradient * (1.0 - self.beta_1)
        self.assign_sub(variable, learning_rate * ops.sign(direction))
        self.assign(momentum, momentum * self.beta_2 + gradient * (1.0 - self.beta_2))
