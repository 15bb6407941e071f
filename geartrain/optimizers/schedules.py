"""Learning rates that follow the number of steps taken.

A schedule is a function of the step, computed with ops, so that a running program evaluates it
from the optimizer's step counter. Steps count from 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from geartrain import config, ops
from geartrain.configurable import Configurable
from geartrain.errors import describe_value
from geartrain.identifiers import Family
from geartrain.registry import register

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


def _number(value: Any) -> Any:
    return ops.cast(value, config.floatx())


def _check_positive(schedule: Any, name: str) -> None:
    value = getattr(schedule, name)
    if not value > 0:
        raise ValueError(
            f"{type(schedule).__name__}: expected {name} > 0. Received: {describe_value(value)}"
        )


class LearningRateSchedule(Configurable):
    """A learning rate for each step. Write one of your own by overriding `__call__`.

    >>> class Halving(LearningRateSchedule):
    ...     def __init__(self, start):
    ...         self.start = start
    ...     def __call__(self, step):
    ...         return ops.multiply(self.start, ops.power(0.5, step))
    >>> Halving(1.0)(3), Halving(1.0).get_config()
    (array(0.125, dtype=float32), {'start': 1.0})
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`: an integer, or a tensor of them."""
        raise NotImplementedError(
            f"{type(self).__name__}: a learning rate schedule must override __call__(self, step)."
        )


@register("optimizers.schedules")
class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps).

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: after so many steps the rate is multiplied by `decay_rate`.
        decay_rate: the factor.
        staircase: whether the exponent is rounded down, so that the rate falls in jumps.
        name: a name.

    Raises ValueError unless `decay_steps` is positive.

    >>> schedule = ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> [round(float(schedule(step)), 4) for step in (0, 10, 15)]
    [0.1, 0.05, 0.0354]
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float,
        staircase: bool = False, name: str = "ExponentialDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name
        _check_positive(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        periods = _number(step) / _number(self.decay_steps)
        periods = ops.floor(periods) if self.staircase else periods
        return self.initial_learning_rate * ops.power(_number(self.decay_rate), periods)


@register("optimizers.schedules")
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and including step boundaries[0], then values[1], and so on.

    Args:
        boundaries: the last step of each value but the last, in rising order.
        values: the learning rates, one more than boundaries.
        name: a name.

    Raises ValueError for numbers of boundaries and values that do not fit.

    >>> schedule = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    >>> [round(float(schedule(step)), 4) for step in (0, 10, 11, 21)]
    [1.0, 1.0, 0.5, 0.1]
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        self.boundaries, self.values, self.name = boundaries, values, name
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "PiecewiseConstantDecay: expected one value more than boundaries. Received: "
                f"{len(boundaries)} boundaries and {len(values)} values"
            )

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        rate = _number(self.values[-1])
        for boundary, value in reversed(list(zip(self.boundaries, self.values, strict=False))):
            rate = ops.where(ops.less_equal(step, boundary), _number(value), rate)
        return rate


@register("optimizers.schedules")
class PolynomialDecay(LearningRateSchedule):
    """(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps) ** power + end.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the step from which the rate stays at its end.
        end_learning_rate: the rate at the end.
        power: the exponent; 1 is a straight line.
        cycle: whether `decay_steps` is doubled, tripled, ... once the step is beyond it, so that
            the rate rises and decays again.
        name: a name.

    Raises ValueError unless `decay_steps` is positive.

    >>> schedule = PolynomialDecay(0.1, decay_steps=10, end_learning_rate=0.0)
    >>> [round(float(schedule(step)), 4) for step in (0, 5, 10, 20)]
    [0.1, 0.05, 0.0, 0.0]
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001,
        power: float = 1.0, cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power = end_learning_rate, power
        self.cycle, self.name = cycle, name
        _check_positive(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        step, decay_steps = _number(step), _number(self.decay_steps)
        if self.cycle:
            cycles = ops.maximum(ops.ceil(step / decay_steps), 1.0)
            decay_steps = decay_steps * cycles
        else:
            step = ops.minimum(step, decay_steps)
        initial, end = _number(self.initial_learning_rate), _number(self.end_learning_rate)
        left = ops.power(1 - step / decay_steps, _number(self.power))
        return (initial - end) * left + end


@register("optimizers.schedules")
class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: how many steps count as one.
        decay_rate: how fast the rate decays.
        staircase: whether step / decay_steps is rounded down, so that the rate falls in jumps.
        name: a name.

    Raises ValueError unless `decay_steps` is positive.

    >>> schedule = InverseTimeDecay(0.1, decay_steps=10, decay_rate=1.0)
    >>> [round(float(schedule(step)), 4) for step in (0, 10, 30)]
    [0.1, 0.05, 0.025]
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float,
        staircase: bool = False, name: str = "InverseTimeDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name
        _check_positive(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        periods = _number(step) / _number(self.decay_steps)
        periods = ops.floor(periods) if self.staircase else periods
        return _number(self.initial_learning_rate) / (1 + self.decay_rate * periods)


@register("optimizers.schedules")
class CosineDecay(LearningRateSchedule):
    """initial_learning_rate * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha).

    With `warmup_target`, the rate first rises in a straight line from `initial_learning_rate` to
    the target, over `warmup_steps`, and decays from there.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: how many steps the decay takes.
        alpha: the rate at the end, as a fraction of the rate that it decays from.
        name: a name.
        warmup_target: the rate after the warm-up; None for no warm-up.
        warmup_steps: how many steps the warm-up takes.

    Raises ValueError unless `decay_steps` is positive.
    Source: Loshchilov and Hutter, SGDR, https://arxiv.org/abs/1608.03983

    >>> schedule = CosineDecay(0.0, decay_steps=10, warmup_target=0.1, warmup_steps=4)
    >>> [round(float(schedule(step)), 4) for step in (0, 2, 4, 9, 14)]
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0,
        name: str = "CosineDecay", warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.alpha, self.name = alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps
        _check_positive(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        step, initial = _number(step), _number(self.initial_learning_rate)
        if self.warmup_target is None:
            return self._decay(step, initial)
        target, warmup_steps = _number(self.warmup_target), _number(self.warmup_steps)
        rising = (target - initial) * ops.divide(step, warmup_steps) + initial
        return ops.where(step < warmup_steps, rising, self._decay(step - warmup_steps, target))

    def _decay(self, step: Any, initial: Any) -> Any:
        done = ops.minimum(step, self.decay_steps) / _number(self.decay_steps)
        return initial * ((1 - self.alpha) * _half_wave(done) + self.alpha)


@register("optimizers.schedules")
class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decays, one after the other, each starting afresh.

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: how many steps the first decay takes.
        t_mul: each decay takes `t_mul` times as many steps as the one before.
        m_mul: each decay starts at `m_mul` times the rate of the one before.
        alpha: the rate that decays end at, as a fraction of `initial_learning_rate`.
        name: a name.

    Raises ValueError unless `first_decay_steps` is positive.
    Source: Loshchilov and Hutter, SGDR, https://arxiv.org/abs/1608.03983

    >>> schedule = CosineDecayRestarts(0.1, first_decay_steps=10)
    >>> [round(float(schedule(step)), 4) for step in (0, 5, 10, 20, 30)]
    [0.1, 0.05, 0.1, 0.05, 0.1]
    """

    def __init__(
        self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0,
        m_mul: float = 1.0, alpha: float = 0.0, name: str = "SGDRDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps, self.t_mul, self.m_mul = first_decay_steps, t_mul, m_mul
        self.alpha, self.name = alpha, name
        _check_positive(self, "first_decay_steps")

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        restarts, done = self._phase(_number(step) / _number(self.first_decay_steps))
        wave = ops.power(_number(self.m_mul), restarts) * _half_wave(done)
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)

    def _phase(self, periods: Any) -> tuple[Any, Any]:
        """How many restarts there were, and which fraction of the decay since then is done."""
        if self.t_mul == 1.0:
            restarts = ops.floor(periods)
            return restarts, periods - restarts
        ratio = _number(self.t_mul)
        # n decays take (1 - t_mul**n) / (1 - t_mul) times the first; solved for n.
        restarts = ops.floor(ops.log(1.0 - periods * (1.0 - ratio)) / ops.log(ratio))
        length = ops.power(ratio, restarts)
        return restarts, (periods - (1.0 - length) / (1.0 - ratio)) / length


def _half_wave(done: Any) -> Any:
    """From 1 at done = 0 to 0 at done = 1, as a cosine."""
    return 0.5 * (1.0 + ops.cos(math.pi * done))


_family = Family("optimizers.schedules", "learning rate schedule")
deserialize = _family.deserialize


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The schedule as plain data, from which `deserialize` makes it again.

    >>> serialize(PiecewiseConstantDecay([1], [0.5, 0.1]))["config"]
    {'boundaries': [1], 'values': [0.5, 0.1], 'name': 'PiecewiseConstant'}
    """
    return _family.serialize(learning_rate_schedule)
