"""What an optimizer remembers: its step count, its learning rate, and slots of each variable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from geartrain import initializers
from geartrain.configurable import Configurable
from geartrain.errors import warn
from geartrain.graph.budget import current_budget
from geartrain.graph.dtypes import is_float, numpy_dtype
from geartrain.optimizers import checks
from geartrain.runtime.variable import Variable


class OptimizerState(Configurable):
    """The variables of an optimizer, in the order of files."""

    name: str
    use_ema: bool
    gradient_accumulation_steps: int | None

    def __init__(self) -> None:
        self.built = False
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._places: dict[Variable, int] = {}
        self._slots: dict[Variable, dict[str, Variable]] = {}
        self._before_slots = 0  # of the variables, those that are there before it is built
        self._averages: list[Variable] = []
        self._are_swapped = False  # whether averages and variables have changed places
        self._accumulated: list[Variable] = []
        self._awaited: dict[int, Any] = {}  # of a copy: values for slots that are not made yet

    def slot_names(self) -> Sequence[Sequence[str]]:
        """The names of the variables kept for each trainable one, in groups.

        The groups follow each other in files; within a group, slots go variable by variable.
        """
        return ()

    def first_value(self, slot: str, variable: Variable) -> np.ndarray | None:
        """What a variable's slot holds before the first step: zeros, unless overridden.

        None for a variable that has no such slot.
        """
        return np.zeros(variable.shape, numpy_dtype(variable.dtype))

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables, in the order of files: step count, rate, slots."""
        return list(self._variables)

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots for these trainable variables. A second call has no effect."""
        if self.built:
            return
        variables = checks.check_variables(self, variables)
        self._before_slots = len(self._variables)
        budget = current_budget()
        if budget is not None:
            slots = sum(map(len, self.slot_names())) + 2  # an average, accumulated gradients
            budget.allow(slots * sum(variable.array.nbytes for variable in variables))
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated = self.add_optimizer_variables(variables, "gradient_accumulator")
        self._trainable_variables = variables
        self._places = {variable: place for place, variable in enumerate(variables)}
        self._slots = {variable: {} for variable in variables}
        for group in self.slot_names():
            for variable in variables:
                for name in group:
                    value = self.first_value(name, variable)
                    if value is None:
                        continue
                    dtype = variable.dtype if is_float(value.dtype.name) else value.dtype.name
                    slot = self._track(value, dtype, _slot(variable, name))
                    self._slots[variable][name] = slot
        self.built = True

    def slots_of(self, variable: Variable) -> dict[str, Variable]:
        """The slots of a trainable variable by name."""
        return self._slots[variable]

    def _track(self, value: Any, dtype: str, name: str | None) -> Variable:
        made = Variable(value, dtype=dtype, trainable=False, name=name)
        made.path = f"{self.name}/{made.name}"
        awaited = self._awaited.pop(len(self._variables), None)
        if awaited is not None and awaited.shape == made.shape:
            made.assign(awaited)
        self._variables.append(made)
        return made

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, aggregation: str = "none",
        layout: Any = None, name: str | None = None,
    ) -> Variable:  # fmt: skip
        """Make a variable of the optimizer's own."""
        checks.check_initialized(self)
        value = initializers.get(initializer)(tuple(shape), dtype=dtype)
        return self._track(value, dtype, name)

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a variable with the shape and dtype of another."""
        reference = reference_variable
        name = _slot(reference, name or "var")
        return self.add_variable(reference.shape, initializer, reference.dtype, name=name)

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Make a variable for each trainable one; with a list of names a list for each name."""
        names = [name] if isinstance(name, str) else list(name)
        starts = initializer if isinstance(initializer, list | tuple) else [initializer]
        starts = list(starts) * len(names) if len(starts) == 1 else list(starts)
        if len(starts) != len(names):
            raise ValueError(
                f"{type(self).__name__}: expected an initializer for each of the names {names}. "
                f"Received: {len(starts)} initializers"
            )
        rows = [
            [self.add_variable_from_reference(v, *pair) for pair in zip(names, starts, strict=True)]
            for v in trainable_variables
        ]
        columns = tuple([row[place] for row in rows] for place in range(len(names)))
        return columns[0] if isinstance(name, str) else columns

    def _get_variable_index(self, variable: Variable) -> int:
        return self._places[variable]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all of `variables`, all or none."""
        checks.check_values(self, "weights", weights, self.variables)
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Put the values of `variables` into a mapping, under "0", "1", ..."""
        for place, variable in enumerate(self.variables):
            store[str(place)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take the values of `variables` from a mapping; skipped with a warning if too few."""
        if len(store.keys()) != len(self.variables):
            hint = "" if self.built else " It has no slots yet: build it first."
            warn(
                f"{self._who()}: its state was not loaded, since it has {len(self.variables)} "
                f"variables and the file has {len(store.keys())}.{hint}"
            )
            return
        self.set_weights([np.asarray(store[str(place)]) for place in range(len(self.variables))])

    def _who(self) -> str:
        return f"{type(self).__name__} {self.name!r}"


def _slot(variable: Variable, name: str) -> str:
    return f"{variable.path.replace('/', '_')}_{name}"
