"""Steps of matrices whose directions all have one length."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.optimizers.optimizer import SHARED, Optimizer
from geartrain.registry import register
from geartrain.runtime.variable import Variable


@register("optimizers")
class Muon(Optimizer):
    """Averaged gradients of matrices, made orthogonal; Adam for all other variables.

        momentum = momentum_rate * momentum + gradient
        update = orthogonal(gradient + momentum_rate * momentum)
        variable -= learning_rate * update * sqrt(max(rows, columns)) * rms_rate

    where `orthogonal(x)` nearly makes all singular values 1: x over its norm, then `ns_steps` times
    `x = a x + (b s + c s s) x` with `s = x transpose(x)`.

    Args:
        learning_rate: number, schedule or function.
        adam_beta_1, adam_beta_2, epsilon: of Adam's steps.
        adam_weight_decay, weight_decay: how fast weights shrink: Adam's, and the matrices.
        exclude_layers: patterns; matrices whose paths match one are Adam's.
        exclude_embeddings: whether embeddings are Adam's.
        muon_a, muon_b, muon_c: the numbers a, b and c.
        adam_lr_ratio: Adam's learning rate, in units of `learning_rate`.
        momentum: the weight of the old average.
        ns_steps: how often it is made more orthogonal.
        nesterov: whether the update looks a step ahead; else it is the momentum's.
        rms_rate: the size of the updates; None leaves it as it is.
        clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: see `Optimizer`.

    Source: Jordan et al., https://kellerjordan.github.io/posts/muon; Liu et al.,
    https://arxiv.org/abs/2502.16982

    >>> w = Variable([[1.0, 0.0], [0.0, 1.0]], name="w")
    >>> Muon(learning_rate=0.1, weight_decay=None).apply([[[5.0, 0.0], [0.0, 5.0]]], [w])
    >>> bool(w.numpy()[0, 0] < 1), float(w.numpy()[0, 1])
    (True, 0.0)
    """

    config_order = (
        *SHARED, "adam_beta_1", "adam_beta_2", "epsilon", "exclude_layers", "muon_a", "muon_b",
        "muon_c", "adam_lr_ratio", "momentum", "ns_steps", "nesterov", "exclude_embeddings",
        "adam_weight_decay", "rms_rate",
    )  # fmt: skip

    def __init__(
        self, learning_rate: Any = 0.001, adam_beta_1: float = 0.9, adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004, epsilon: float = 1e-7,
        weight_decay: float | None = 0.004, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None,
        use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
        exclude_layers: Sequence[str] | None = None, exclude_embeddings: bool = True,
        muon_a: float = 3.4445, muon_b: float = -4.775, muon_c: float = 2.0315,
        adam_lr_ratio: float = 1, momentum: float = 0.95, ns_steps: int = 5,
        nesterov: bool = True, rms_rate: float | None = 0.2,
    ) -> None:  # fmt: skip
        exclude_layers = list(exclude_layers or [])
        self._configure(locals())

    def _is_adams(self, variable: Variable) -> bool:
        """Whether a variable is no matrix, or one that was excluded."""
        if len(variable.shape) != 2:
            return True
        if self.exclude_embeddings and "embedding" in variable.path.lower():
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def slot_names(self) -> Any:
        """The average gradient, and for Adam that of its squares."""
        return [("momentum", "velocity")]

    def first_value(self, slot: str, variable: Variable) -> np.ndarray | None:
        """Zeros; matrices have no velocity."""
        if slot == "velocity" and not self._is_adams(variable):
            return None
        return super().first_value(slot, variable)

    def _decay_of(self, variable: Variable) -> float | None:
        if self._keeps_its_size(variable):
            return None
        return self.adam_weight_decay if self._is_adams(variable) else self.weight_decay

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Take the step of a matrix, or Adam's."""
        slots = self.slots_of(variable)
        if "velocity" in slots:
            rate = learning_rate * self.adam_lr_ratio
            self._adam_step(gradient, variable, rate, slots["momentum"], slots["velocity"])
            return
        momentum = slots["momentum"]
        self.assign(momentum, self.momentum * momentum + gradient)
        ahead = gradient + self.momentum * momentum if self.nesterov else momentum
        update = self.zeropower_via_newtonschulz5(ahead, self.ns_steps)
        self.assign_sub(variable, self.lr_adjust(learning_rate * update))

    def _adam_step(
        self, gradient: Any, variable: Variable, rate: Any, momentum: Variable, velocity: Variable
    ) -> None:
        step = ops.cast(self.iterations + 1, variable.dtype)
        bias_1, bias_2 = (
            1 - ops.power(ops.cast(base, variable.dtype), step)
            for base in (self.adam_beta_1, self.adam_beta_2)
        )
        self.assign_add(momentum, (gradient - momentum) * (1 - self.adam_beta_1))
        self.assign_add(velocity, (ops.square(gradient) - velocity) * (1 - self.adam_beta_2))
        size = ops.sqrt(velocity) + self.epsilon
        self.assign_sub(variable, momentum * (rate * ops.sqrt(bias_2) / bias_1) / size)

    def lr_adjust(self, x: Any) -> Any:
        """The update of a matrix in a size like that of Adam's."""
        if self.rms_rate is None:
            return x
        return x * (max(x.shape[0], x.shape[1]) ** 0.5 * self.rms_rate)

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """A matrix with the same singular vectors, and singular values near 1."""
        high = x.shape[-2] > x.shape[-1]
        x = ops.swapaxes(x, -1, -2) if high else x
        x = x / (ops.norm(x, axis=(-2, -1), keepdims=True) + 1e-7)
        for _ in range(steps):
            square = x @ ops.swapaxes(x, -1, -2)
            x = self.muon_a * x + (self.muon_b * square + self.muon_c * (square @ square)) @ x
        return ops.swapaxes(x, -1, -2) if high else x
