"""Adam and its relatives: averages of the gradients and of their sizes."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.optimizers.clipping import norm
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import register
from geartrain.runtime.variable import Variable


def _approach(average: Variable, value: Any, rate: float) -> Any:
    """The moving average after one more value, which gets the weight `rate`."""
    return average + (value - average) * rate


class _Moments(Optimizer):
    """The first two moments of the gradients: their averages, and those of their squares."""

    beta_1: float
    beta_2: float
    epsilon: float

    def slot_names(self) -> Any:
        """The two averages."""
        return [("momentum", "velocity")]

    def advance(self, gradient: Any, variable: Variable) -> tuple[Variable, Variable]:
        """Let both averages see the gradient, and return them."""
        slots = self.slots_of(variable)
        momentum, velocity = slots["momentum"], slots["velocity"]
        self.assign(momentum, _approach(momentum, gradient, 1 - self.beta_1))
        self.assign(velocity, _approach(velocity, ops.square(gradient), 1 - self.beta_2))
        return momentum, velocity

    def power_of_step(self, base: float, dtype: str, ahead: int = 1) -> Any:
        """base ** t, where t = 1 in the first step."""
        return ops.power(ops.cast(base, dtype), ops.cast(self.iterations + ahead, dtype))


@register("optimizers")
class Adam(_Moments):
    """Averaged gradients divided by a moving average of their size.

        momentum += (1 - beta_1) * (gradient - momentum)
        velocity += (1 - beta_2) * (gradient ** 2 - velocity)
        rate = learning_rate * sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t)     in step t = 1, 2, ...
        variable -= rate * momentum / (sqrt(velocity) + epsilon)

    The rate makes up for averages that start from zero.

    Args:
        learning_rate: number, schedule or function.
        beta_1, beta_2: the weights of the old averages.
        epsilon: keeps the division finite. It is added after the square root.
        amsgrad: whether to divide by the greatest velocity so far.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Source: Kingma and Ba, https://arxiv.org/abs/1412.6980

    >>> w = Variable([1.0, 1.0], name="w")
    >>> Adam(learning_rate=0.1).apply([[0.5, -50.0]], [w])
    >>> w.numpy().round(5)
    array([0.9, 1.1], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())

    def slot_names(self) -> Any:
        """The two averages, and with amsgrad the greatest velocity."""
        return [("momentum", "velocity"), ("velocity_hat",)][: 1 + bool(self.amsgrad)]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go down the average gradient, in units of its recent size."""
        dtype = variable.dtype
        bias_1 = 1 - self.power_of_step(self.beta_1, dtype)
        bias_2 = 1 - self.power_of_step(self.beta_2, dtype)
        rate = learning_rate * ops.sqrt(bias_2) / bias_1
        momentum, velocity = self.advance(gradient, variable)
        if self.amsgrad:
            greatest = self.slots_of(variable)["velocity_hat"]
            self.assign(greatest, ops.maximum(greatest, velocity))
            velocity = greatest
        self.assign_sub(variable, momentum * rate / (ops.sqrt(velocity) + self.epsilon))


@register("optimizers")
class AdamW(Adam):
    """Adam, with weights that shrink at each step.

        variable -= learning_rate * weight_decay * variable, then as in `Adam`

    Args:
        learning_rate: number, schedule or function.
        weight_decay: how fast weights shrink.
        beta_1, beta_2, epsilon, amsgrad: see `Adam`.
        clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: see `Optimizer`.

    Raises ValueError for weight_decay=None.
    Source: Loshchilov and Hutter, https://arxiv.org/abs/1711.05101

    >>> w = Variable([1.0], name="w")
    >>> AdamW(learning_rate=0.1, weight_decay=0.5).apply([[0.0]], [w])
    >>> w.numpy()
    array([0.95], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9,
        beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())
        if weight_decay is None:
            raise ValueError(
                "AdamW: expected weight_decay to be a number. Received: None. Use Adam for none."
            )


@register("optimizers")
class Adamax(Optimizer):
    """Adam with the greatest recent gradient in place of the average size.

        momentum += (1 - beta_1) * (gradient - momentum)
        norm = max(beta_2 * norm, abs(gradient))
        variable -= learning_rate * momentum / ((1 - beta_1 ** t) * (norm + epsilon))

    Args:
        learning_rate: number, schedule or function.
        beta_1: the weight of the old average.
        beta_2: how slowly the greatest gradient is forgotten.
        epsilon: keeps the division finite.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Source: Kingma and Ba, section 7.1, https://arxiv.org/abs/1412.6980

    >>> w = Variable([1.0, 1.0], name="w")
    >>> Adamax(learning_rate=0.1).apply([[0.5, -50.0]], [w])
    >>> w.numpy().round(5)
    array([0.9, 1.1], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())

    def slot_names(self) -> Any:
        """The average gradient, and the greatest."""
        return [("momentum", "norm")]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go down the average gradient, in units of the greatest recent one."""
        slots = self.slots_of(variable)
        momentum, norm = slots["momentum"], slots["norm"]
        step = ops.cast(self.iterations + 1, variable.dtype)
        bias = 1 - ops.power(ops.cast(self.beta_1, variable.dtype), step)
        self.assign(momentum, _approach(momentum, gradient, 1 - self.beta_1))
        self.assign(norm, ops.maximum(self.beta_2 * norm, ops.abs(gradient)))
        self.assign_sub(variable, learning_rate * momentum / (bias * (norm + self.epsilon)))


@register("optimizers")
class Nadam(_Moments):
    """Adam that looks one step ahead along the momentum.

        u(t) = beta_1 * (1 - 0.96 ** t / 2),  U(t) = u(1) * u(2) * ... * u(t)
        momentum, velocity as in `Adam`
        ahead = u(t+1) * momentum / (1 - U(t+1)) + (1 - u(t)) * gradient / (1 - U(t))
        variable -= learning_rate * ahead / (sqrt(velocity / (1 - beta_2 ** t)) + epsilon)

    Args:
        learning_rate: number, schedule or function.
        beta_1, beta_2: the weights of the old averages.
        epsilon: keeps the division finite.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Source: Dozat, https://cs229.stanford.edu/proj2015/054_report.pdf

    >>> w = Variable([1.0, 1.0], name="w")
    >>> Nadam(learning_rate=0.1).apply([[0.5, -50.0]], [w])
    >>> w.numpy().round(3)
    array([0.894, 1.106], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())

    def build(self, variables: Any) -> None:
        """Make the slots, and the product U(t)."""
        if not self.built:
            super().build(variables)
            dtype = self._trainable_variables[0].dtype if self._trainable_variables else None
            self._u_product = self.add_variable((), "ones", dtype, name="u_product")

    def _u(self, ahead: int, dtype: str) -> Any:
        return self.beta_1 * (1.0 - 0.5 * self.power_of_step(0.96, dtype, ahead))

    def _update(self, grads: list[Any], variables: list[Variable]) -> None:
        self.assign(self._u_product, self._u_product * self._u(1, self._u_product.dtype))
        super()._update(grads, variables)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go down the average gradient as it will be, in units of its recent size."""
        dtype = variable.dtype
        product, now, later = ops.cast(self._u_product, dtype), self._u(1, dtype), self._u(2, dtype)
        momentum, velocity = self.advance(gradient, variable)
        ahead = later * momentum / (1 - product * later) + (1 - now) * gradient / (1 - product)
        size = ops.sqrt(velocity / (1 - self.power_of_step(self.beta_2, dtype)))
        self.assign_sub(variable, ahead * learning_rate / (size + self.epsilon))


@register("optimizers")
class Lamb(_Moments):
    """Adam with steps in proportion to the variable: for large batches.

        change = momentum / (1 - beta_1 ** t) / (sqrt(velocity / (1 - beta_2 ** t)) + epsilon)
        variable -= learning_rate * change * norm(variable) / norm(change)

    The ratio of norms is 1 where one of them is 0.

    Args:
        learning_rate: number, schedule or function.
        beta_1, beta_2: the weights of the old averages.
        epsilon: keeps the division finite.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name: see
            `Optimizer`.

    Source: You et al., https://arxiv.org/abs/1904.00962

    >>> w = Variable([3.0, 4.0], name="w")
    >>> Lamb(learning_rate=0.1).apply([[0.5, -50.0]], [w])
    >>> w.numpy().round(3)
    array([2.646, 4.354], dtype=float32)
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._configure(locals())

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Go down Adam's direction, by a step in proportion to the variable's norm."""
        dtype = variable.dtype
        momentum, velocity = self.advance(gradient, variable)
        mean = momentum / (1 - self.power_of_step(self.beta_1, dtype))
        size = ops.sqrt(velocity / (1 - self.power_of_step(self.beta_2, dtype)))
        change = mean / (size + self.epsilon)
        length, step = norm(variable), norm(change)
        defined = ops.logical_and(length > 0, step > 0)
        self.assign_sub(variable, ops.where(defined, length / step, 1.0) * learning_rate * change)
