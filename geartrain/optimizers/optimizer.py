"""The optimizer: what all of them share around the one update that makes each of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from geartrain import config, ops
from geartrain.compat.methods import Older
from geartrain.graph.node import Node
from geartrain.optimizers import checks
from geartrain.optimizers.clipping import clip_by_global_norm, clip_by_norm
from geartrain.optimizers.schedules import LearningRateSchedule
from geartrain.optimizers.state import OptimizerState
from geartrain.registry import automatic_name, signature, snake_case
from geartrain.runtime.repeating import by_settings
from geartrain.runtime.staging import Staging
from geartrain.runtime.variable import Variable, concrete_scope
from geartrain.serialization import serialize

# In the order of the configuration in files.
SHARED = (
    "name", "learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema",
    "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps",
)  # fmt: skip


class Optimizer(OptimizerState):
    """The update of variables from gradients.

    An optimizer is two methods: `slot_names` tells what it remembers of each variable, and
    `update_step` assigns a variable and its slots their new values. A step is

        gradients -> divide by loss_scale_factor -> average over accumulated steps -> clip
        variable  -> shrink by weight_decay -> update_step -> moving average -> constraint

    and all its assignments happen together: a step that fails changes nothing.

    Args:
        learning_rate: a number, a `LearningRateSchedule`, or a function without arguments that
            returns the rate.
        weight_decay: if w, each step first takes `learning_rate * w * variable` off the variable.
        clipnorm: the greatest norm of each gradient.
        clipvalue: the greatest absolute value of each gradient's elements.
        global_clipnorm: the greatest norm of all gradients together. At most one of the three.
        use_ema: whether to keep a moving average of each variable, which
            `finalize_variable_values` puts in place.
        ema_momentum: the weight of the old average at each step, in [0, 1].
        ema_overwrite_frequency: put the averages in place after every so many steps.
        loss_scale_factor: the factor of the loss in `scale_loss`, taken out of the gradients.
        gradient_accumulation_steps: update only at every so many steps, from the mean gradient.
        name: a name; by default the class's, numbered.

    Raises ValueError for options that contradict each other, or out of range.

    >>> class SignDescent(Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, learning_rate * ops.sign(gradient))
    >>> w = Variable([1.0, 2.0], name="w")
    >>> SignDescent(learning_rate=0.5).apply([[3.0, -4.0]], [w])
    >>> w.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    config_order = SHARED
    lr = Older("learning_rate")

    def __init__(
        self, learning_rate: Any, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None,
        use_ema: bool = False, ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None, loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.name = name or automatic_name(snake_case(type(self).__name__))
        self.weight_decay, self.loss_scale_factor = weight_decay, loss_scale_factor
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum = use_ema, ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.gradient_accumulation_steps = gradient_accumulation_steps
        checks.check_options(self)
        self._not_decayed: tuple[set[Variable], re.Pattern[str] | None] = (set(), None)
        self._excluded_paths: set[str] = set()  # of a copy, whose variables are others
        self._iterations = self.add_variable((), dtype="int32", name="iteration")
        self._called_rate: Variable | None = None
        self.learning_rate = learning_rate

    def _configure(self, arguments: dict[str, Any]) -> None:
        """For `__init__`, with its `locals()`: pass on what is shared, keep the rest by name."""
        own = {k: v for k, v in arguments.items() if k not in SHARED and k != "self"}
        self.__dict__.update(own)
        Optimizer.__init__(self, **{name: arguments[name] for name in SHARED})

    # -- what to override -------------------------------------------------------------------------

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Assign `variable` and its slots their values after a step.

        Args:
            gradient: tensor of the variable's shape and dtype.
            variable: the variable to update. `slots_of(variable)` holds its slots.
            learning_rate: scalar tensor of the variable's dtype.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: an optimizer must override "
            "update_step(self, gradient, variable, learning_rate)."
        )

    # -- counters ---------------------------------------------------------------------------------

    @property
    def iterations(self) -> Any:
        """How many updates were made: a variable; with accumulated gradients a tensor."""
        steps = self.gradient_accumulation_steps
        return ops.floor_divide(self._iterations, steps) if steps else self._iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate now: a variable, a schedule's value at this step, or a number."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        if isinstance(rate, Variable):
            return rate
        if not isinstance(self._iterations.value, Node):  # nothing is traced
            return rate()
        assert self._called_rate is not None
        if np.isnan(self._called_rate.array):
            with concrete_scope():
                self.refresh_rate()
        return self._called_rate

    @property
    def calls_rate(self) -> bool:
        """Whether a function gives the learning rate, which is called before each step."""
        return self._called_rate is not None

    def refresh_rate(self) -> None:
        """Let programs have what the function that gives the learning rate, if any, gives now.

        `fit` does so before each step. A function traced by `jit` has what it gave then.
        """
        if self._called_rate is not None:
            self._called_rate.assign(self._learning_rate())

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        previous = self.__dict__.get("_learning_rate")
        checks.check_learning_rate(self, value, previous)
        if callable(value):
            self._variables[:] = [one for one in self._variables if one is not previous]
            self._learning_rate = value
            if isinstance(value, LearningRateSchedule):
                self._called_rate = None
            elif self._called_rate is None:
                with concrete_scope():
                    self._called_rate = Variable(np.nan, dtype=config.floatx(), trainable=False)
        elif previous is None:
            self._learning_rate = self._track(value, config.floatx(), "learning_rate")
        else:
            previous.assign(value)

    def assign(self, variable: Variable, value: Any) -> None:
        """Give a variable a new value."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    # -- a step -----------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Take a step with pairs of a gradient and its variable; returns the step counter."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(
        self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None
    ) -> None:
        """Take a step: update the variables from their gradients.

        Args:
            grads: a gradient for each variable, of its shape. None leaves the variable alone.
            trainable_variables: the variables; by default those that the optimizer was built
                with. The first call builds the optimizer for them.

        Raises ValueError, and changes nothing, for gradients that do not fit the variables, for
        no gradient at all, and for variables that the optimizer was not built with.
        """
        checks.check_initialized(self)
        grads = list(grads)
        if not grads:
            return
        variables = checks.variables_for(self, grads, trainable_variables)
        pairs = checks.present(self, grads, variables)
        if not self.built:
            self.build(variables)
        gradients, updated = (list(several) for several in zip(*pairs, strict=True))
        step = functools.partial(self._committed, updated)
        if self.calls_rate or not all(map(_updates_alike, updated)):
            step(gradients)
        else:
            by_settings(self, step, (gradients,), {}, tuple(map(id, updated)))

    def _committed(self, variables: list[Variable], grads: list[Any]) -> None:
        """A step of which all assignments are made together."""
        with np.errstate(all="ignore"), Staging() as staged:
            self._step(grads, variables)
        staged.commit()

    def _step(self, grads: list[Any], variables: list[Variable]) -> None:
        pairs = list(zip(grads, variables, strict=True))
        for gradient, variable in pairs:
            if variable.overwrite_with_gradient:
                variable.assign(gradient)
        pairs = [pair for pair in pairs if not pair[1].overwrite_with_gradient]
        grads, variables = [one for one, _ in pairs], [one for _, one in pairs]
        if self.loss_scale_factor is not None:
            grads = [gradient / self.loss_scale_factor for gradient in grads]
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables)
        else:
            self._update(grads, variables)
        if self.use_ema:
            self._average()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        self._iterations.assign_add(1)

    def _update(self, grads: list[Any], variables: list[Variable]) -> None:
        grads = self._clip(grads)
        rate = self.learning_rate
        for variable in variables:
            decay = self._decay_of(variable)
            if decay is not None:
                shrunk = variable * decay * ops.cast(rate, variable.dtype)
                self.assign_sub(variable, shrunk)
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(gradient, variable, ops.cast(rate, variable.dtype))

    def _accumulate(self, grads: list[Any], variables: list[Variable]) -> None:
        """Update with the mean of the last gradients, but only where a whole number is complete.

        The step is computed in any case and then kept or not, since in a program the counter's
        value is not known.
        """
        steps = self.gradient_accumulation_steps
        complete = ops.equal(ops.mod(self._iterations + 1, steps), 0)
        sums = [self._accumulated[self._places[variable]] for variable in variables]
        totals = [ops.add(one, total) for one, total in zip(grads, sums, strict=True)]
        with Staging() as staged:
            self._update([total / steps for total in totals], variables)
        for variable, new in staged.assigned():
            variable.assign(ops.where(complete, new, variable))
        for total, new in zip(sums, totals, strict=True):
            total.assign(ops.where(complete, ops.zeros_like(new), new))

    def _clip(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm:
            return [clip_by_norm(gradient, self.clipnorm) for gradient in grads]
        if self.global_clipnorm:
            return clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue:
            return [ops.clip(gradient, -self.clipvalue, self.clipvalue) for gradient in grads]
        return grads

    def _average(self) -> None:
        every = self.ema_overwrite_frequency
        for variable, average in zip(self._trainable_variables, self._averages, strict=True):
            started = ops.cast(ops.not_equal(self.iterations, 0), variable.dtype)
            momentum = started * self.ema_momentum
            average.assign(momentum * average + (1 - momentum) * variable)
            if every:
                due = ops.equal(ops.mod(self.iterations + 1, every), 0)
                variable.assign(ops.where(due, average, variable))

    def _decay_of(self, variable: Variable) -> float | None:
        """The weight decay of a variable; None where there is none."""
        return None if self._keeps_its_size(variable) else self.weight_decay

    def _keeps_its_size(self, variable: Variable) -> bool:
        """Whether a variable was excluded from weight decay."""
        excluded, pattern = self._not_decayed
        named = pattern is not None and pattern.search(variable.name) is not None
        return named or variable in excluded or variable.path in self._excluded_paths

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Let some variables keep out of weight decay. To be called before the first step.

        Args:
            var_list: the variables.
            var_names: patterns; variables whose names contain one are excluded.
        """
        if self.built:
            raise ValueError(
                f"{self._who()}: expected exclude_from_weight_decay before the optimizer is built. "
                f"Received: an optimizer built for {len(self._trainable_variables)} variables"
            )
        pattern = re.compile("|".join(var_names)) if var_names else None
        self._not_decayed = (set(var_list or ()), pattern)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, for gradients that would vanish in float16."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Put the moving averages, if any, in the place of the variables."""
        if not self.use_ema or not self.built:
            return
        if self._are_swapped:
            self.swap_averages()
        variables = list(var_list)
        checks.check_known(self, variables)
        for variable in variables:
            variable.assign(self._averages[self._places[variable]])

    def swap_averages(self) -> None:
        """Let the variables and their moving averages change places, until the next time."""
        self._are_swapped = not self._are_swapped
        for variable, average in zip(self._trainable_variables, self._averages, strict=True):
            value = variable.numpy()
            variable.assign(average)
            average.assign(value)

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any],
        trainable_variables: Sequence[Any],
    ) -> tuple[list[Any], list[Any]]:  # fmt: skip
        """What a step makes of given values, while the variables themselves stay.

        Args:
            optimizer_variables: a tensor for each of `variables`.
            grads: the gradients.
            trainable_variables: a tensor for each variable that the optimizer was built with.

        Returns:
            The new values of the trainable variables, and of the optimizer's.
        """
        own, trained = self.variables, self._trainable_variables
        checks.check_values(self, "optimizer_variables", optimizer_variables, own)
        checks.check_values(self, "trainable_variables", trainable_variables, trained)
        with Staging() as staged:
            for variable, value in zip(
                [*own, *trained], [*optimizer_variables, *trainable_variables], strict=True
            ):
                variable.assign(value)
            self.apply(grads)
        return [staged.read(v) for v in trained], [staged.read(v) for v in own]

    # -- files ------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, as plain values."""
        config = super().get_config()
        config |= {name: serialize(self._config_value(name)) for name in SHARED}
        parameters = signature(type(self)).parameters.values()
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return config
        accepted = {parameter.name for parameter in parameters}
        return {name: value for name, value in config.items() if name in accepted}

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        excluded, pattern = self._not_decayed
        return {
            "arrays": [variable.array for variable in self._variables],
            "not_decayed": [*self._excluded_paths, *(variable.path for variable in excluded)],
            "pattern": pattern and pattern.pattern,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the values of the optimizer that this one is a copy of.

        Those of slots wait until it is built, for variables of the same shapes.
        """
        arrays = state["arrays"]
        for variable, array in zip(self._variables, arrays, strict=False):
            variable.assign(array)
        made = len(self._variables)
        self._awaited = dict(enumerate(arrays[made:], made))
        pattern = state["pattern"]
        self._not_decayed = (set(), pattern and re.compile(pattern))
        self._excluded_paths = set(state["not_decayed"])

    def _config_value(self, name: str) -> Any:
        if name == "learning_rate":
            rate = self._learning_rate
            return float(rate) if isinstance(rate, Variable) else rate
        return getattr(self, name) if name in SHARED else super()._config_value(name)


def _updates_alike(variable: Variable) -> bool:
    """Whether a variable's update depends on no function of its user's."""
    return variable.constraint is None and not variable.overwrite_with_gradient
