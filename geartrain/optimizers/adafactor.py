"""Adam for little memory: the sizes of a matrix's gradients by row and by column."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import register
from geartrain.runtime.variable import Variable


@register("optimizers")
class Adafactor(Optimizer):
    """Gradients divided by their size, of which matrices keep a number a row and one a column.

        beta = 1 - t ** beta_2_decay                                      in step t = 1, 2, ...
        r = beta * r + (1 - beta) * mean(gradient ** 2 + epsilon_1, along rows)
        c = beta * c + (1 - beta) * mean(gradient ** 2 + epsilon_1, along columns)
        velocity = r / mean(r) * c             (for vectors, the average of gradient ** 2 itself)
        change = gradient / sqrt(velocity)
        change /= max(1, rms(change) / clip_threshold)
        variable -= max(epsilon_2, rms(variable)) * min(learning_rate, 1 / sqrt(t)) * change

    where rms(x) = sqrt(mean(x ** 2)).

    Args:
        learning_rate: number, schedule or function.
        beta_2_decay: how the weight of the old averages grows with the steps.
        epsilon_1: keeps the division finite.
        epsilon_2: the least size of a variable.
        clip_threshold: the greatest size of a change.
        relative_step: accepted as in Keras; steps are relative in any case.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Source: Shazeer and Stern, https://arxiv.org/abs/1804.04235

    >>> w = Variable([[1.0, 1.0]], name="w")
    >>> Adafactor(learning_rate=0.1).apply([[[0.5, -50.0]]], [w])
    >>> w.numpy().round(5)
    array([[0.9, 1.1]], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_2_decay: float = -0.8, epsilon_1: float = 1e-30,
        epsilon_2: float = 0.001, clip_threshold: float = 1.0, relative_step: bool = True,
        weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())

    def slot_names(self) -> Any:
        """Sizes by row, by column, and their product."""
        return [("r", "c", "velocity")]

    def first_value(self, slot: str, variable: Variable) -> np.ndarray:
        """Zeros: r without the last axis, c without the one before; unused numbers for vectors."""
        zeros = super().first_value(slot, variable)
        if slot == "velocity":
            return zeros
        if zeros.ndim < 2:
            return np.zeros((), "int32")  # as files of Keras have them
        return zeros[..., 0] if slot == "r" else zeros[..., 0, :]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go down the gradient, in units of its size and of the variable's."""
        slots = self.slots_of(variable)
        r, c, velocity = slots["r"], slots["c"], slots["velocity"]
        step = ops.cast(self.iterations + 1, variable.dtype)
        rate = ops.minimum(learning_rate, 1 / ops.sqrt(step))
        beta = 1 - ops.power(step, self.beta_2_decay)
        square = ops.square(gradient) + self.epsilon_1
        if variable.ndim >= 2:
            self.assign(r, beta * r + (1 - beta) * ops.mean(square, axis=-1))
            self.assign(c, beta * c + (1 - beta) * ops.mean(square, axis=-2))
            share = r / ops.mean(r, axis=-1, keepdims=True)
            self.assign(velocity, ops.expand_dims(share, -1) * ops.expand_dims(c, -2))
        else:
            self.assign(velocity, beta * velocity + (1 - beta) * square)
        change = gradient / ops.sqrt(velocity)
        change = change / ops.maximum(1.0, _rms(change) / self.clip_threshold)
        self.assign_sub(variable, ops.maximum(self.epsilon_2, _rms(variable)) * rate * change)


def _rms(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))
