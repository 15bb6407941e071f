"""What layers own: weights, other variables, and the layers inside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.errors import shown
from geartrain.graph.budget import LAYER_STEPS, current_budget
from geartrain.layers.operation import Operation
from geartrain.random import SeedGenerator
from geartrain.runtime.variable import Variable

_BOOKS = frozenset({"_call_losses", "_build_shapes"})  # a layer's own notes hold no layers


class Lock:
    """Whether a layer may have more variables and layers."""

    def __init__(self, layer: Owner) -> None:
        self.layer = layer

    @property
    def locked(self) -> bool:
        """Whether it may not."""
        return self.layer._locked

    def lock(self, msg: str | None = None) -> None:
        """Let it have no more. The message is accepted as in Keras."""
        self.layer._locked = True

    def unlock(self) -> None:
        """Let it have more."""
        self.layer._locked = False


class Owner(Operation):
    """Keeps track of the variables and layers that are set as its attributes.

    Args:
        trainable: whether optimizers update its weights.
        name: its name; by default the class's, numbered.
    """

    built: bool
    _building = False
    _path: str | None = None  # once it is built
    not_in_files: tuple[str, ...] = ()  # attributes where nobody need look for layers
    has_variables = True  # so that files tell one layer in two places from two layers
    stateful: bool = False  # whether it keeps a state for each row, from one batch to the next

    _locked = False  # whether it has all of its state

    def __init__(self, trainable: bool, name: str | None = None) -> None:
        super().__init__(name)
        budget = current_budget()
        if budget is not None:
            budget.spend(self._who(), LAYER_STEPS)
        if "_layers" not in self.__dict__:
            self._open_books()
        if not isinstance(trainable, bool):
            raise ValueError(
                f"{self._who()}: expected trainable as True or False. Received: {shown(trainable)}"
            )
        self._trainable = trainable

    def _open_books(self) -> None:
        """Begin to note what is set as attributes; before `__init__` if it sets some first."""
        self.__dict__.update(
            _growing={},  # lists and dicts among the attributes
            _variables={},
            _measures={},  # metrics among the attributes
            _layers={},
            _untrained=set(),  # of the variables, those never meant to be trained
        )

    _growing: dict[str, Any]
    _variables: dict[int, Variable]
    _measures: dict[str, Any]
    _layers: dict[int, Owner]
    _untrained: set[int]

    def _check_made(self) -> None:
        """Raise RuntimeError for a layer whose `__init__` left out that of `Layer`."""
        if "_trainable" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}: expected a layer that was made. Received one whose "
                "__init__ does not call super().__init__(). Call it there first."
            )

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        raise NotImplementedError

    def __setattr__(self, name: str, value: Any) -> None:
        if "_layers" not in self.__dict__ and isinstance(value, Owner | Variable):
            self._open_books()
        if "_layers" in self.__dict__ and not name.startswith("_arguments"):
            self._track(value, new=True)
            looked_at = name not in _BOOKS and name not in self.not_in_files
            if isinstance(value, list | dict) and looked_at:
                self._growing[name] = value
            else:
                self._growing.pop(name, None)
            if is_metric(value) or isinstance(value, tuple):
                self._measures[name] = value
            else:
                self._measures.pop(name, None)
        super().__setattr__(name, value)

    def _track(self, value: Any, new: bool = False) -> None:
        for leaf in _leaves(value):
            if isinstance(leaf, Owner) and leaf is not self:
                if new and id(leaf) not in self._layers:
                    self._check_unlocked(leaf)
                self._layers.setdefault(id(leaf), leaf)
            elif isinstance(leaf, Variable | SeedGenerator):
                variable = leaf.state if isinstance(leaf, SeedGenerator) else leaf
                if id(variable) in self._variables:
                    continue
                if new:
                    self._check_unlocked(leaf)
                if not variable.trainable:
                    self._untrained.add(id(variable))
                elif not self.__dict__.get("_trainable", True):
                    variable.trainable = False
                self._variables[id(variable)] = variable

    def _check_unlocked(self, leaf: Any) -> None:
        """Raise ValueError where a layer that has all of its state gets more."""
        if self._locked:
            raise ValueError(
                f"{self._who()}: expected no more variables and layers once it is built. Received: "
                f"{shown(leaf)}. Make them in __init__ or in build(self, input_shape)."
            )

    @property
    def _tracker(self) -> Lock:
        """What lets a layer of your own have more state after all, as in Keras."""
        return Lock(self)

    def _forget_programs(self) -> None:
        """Called when a setting of the layer is another."""

    def _untrack_variable(self, variable: Variable) -> None:
        """Forget a variable, as Keras lets layers of your own do."""
        self._variables.pop(id(variable), None)
        self._untrained.discard(id(variable))

    def __delattr__(self, name: str) -> None:
        value = self.__dict__.get(name)
        if isinstance(value, Variable):
            self._untrack_variable(value)
        super().__delattr__(name)

    def _kept_variables(self) -> list[Variable]:
        """The variables of this layer itself that a copy takes over."""
        return list(self._variables.values())

    def _sublayers(self) -> list[Owner]:
        for value in list(self._growing.values()):
            self._track(value)
        return list(self._layers.values())

    def _flatten_layers(self) -> Iterator[Owner]:
        """This layer and all below it, each once."""
        seen, stack = set(), [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in seen:
                seen.add(id(layer))
                below = layer._sublayers()  # which notes what lists have got since
                yield layer
                stack.extend(reversed(below))

    def _metrics_inside(self) -> list[Any]:
        """The metrics that this layer and those below have as attributes, each once."""
        found = [
            leaf
            for layer in self._flatten_layers()
            for value in (*layer._measures.values(), *layer._growing.values())
            for leaf in _leaves(value)
            if is_metric(leaf)
        ]
        return list(dict.fromkeys(found))

    @property
    def metrics(self) -> list[Any]:
        """The metrics that this layer and those below have as attributes."""
        return self._metrics_inside()

    @property
    def weights(self) -> list[Variable]:
        """All weights, layer by layer: in each those made to be trained, then the others."""
        found: dict[Variable, None] = {}
        for layer in self._flatten_layers():
            found.update(dict.fromkeys(layer._own_weights()))
        return list(found)

    def _own_weights(self) -> list[Variable]:
        """Those of `weights` that are not of layers below; frozen later or not, in one order."""
        own = [v for v in self._variables.values() if not is_state(v)]
        return sorted(own, key=lambda variable: id(variable) in self._untrained)

    @property
    def variables(self) -> list[Variable]:
        """All variables: `weights`, and what layers keep besides, such as random seeds."""
        found = [v for layer in self._flatten_layers() for v in layer._variables.values()]
        return list(dict.fromkeys(found))

    def _partition(self, wanted: bool) -> list[Variable]:
        def walk(layer: Owner, trainable: bool) -> Iterator[Variable]:
            trainable = trainable and layer._trainable
            sublayers = layer._sublayers()
            for variable in layer._variables.values():
                if (trainable and variable.trainable) is wanted and not is_state(variable):
                    yield variable
            for below in sublayers:
                yield from walk(below, trainable)

        return list(dict.fromkeys(walk(self, True)))

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that optimizers update."""
        return self._partition(True)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that optimizers leave alone."""
        return self._partition(False)

    trainable_variables = trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """All variables that optimizers leave alone, those that are no weights among them."""
        trained = set(self.trainable_variables)
        return [variable for variable in self.variables if variable not in trained]

    @property
    def trainable(self) -> bool:
        """Whether optimizers update the weights of this layer and those below."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer.__dict__["_trainable"] = bool(value)
            layer._forget_programs()
            for key, variable in layer._variables.items():
                if key not in layer._untrained:
                    variable.trainable = bool(value)

    def _frozen(self) -> list[Variable]:
        """The weights that would be trained, had no layer been told otherwise."""
        trained = set(self.trainable_weights)
        return [
            variable
            for layer in self._flatten_layers()
            for key, variable in layer._variables.items()
            if key not in layer._untrained and variable not in trained
        ]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights, all or none; the order and shapes are those of `get_weights`."""
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"{self._who()}: expected {len(own)} weights of shapes "
                f"{[weight.shape for weight in own]}. Received: {len(weights)}"
            )
        self._assign(own, weights)

    def save_own_variables(self, store: Any) -> None:
        """Put the weights of this layer, without those of layers below, into a mapping.

        Override it along with `load_own_variables` to keep something else in files.

        Args:
            store: what files get: arrays or variables under keys such as "0", "1".
        """
        for place, variable in enumerate(self._own_weights()):
            store[str(place)] = variable

    def load_own_variables(self, store: Any) -> None:
        """Take the weights of this layer, without those of layers below, from a mapping.

        Args:
            store: what `save_own_variables` made: arrays by key.

        Raises ValueError if there are more or fewer, or other shapes; nothing is changed then.
        """
        own = self._own_weights()
        self._check_count(own, len(store))
        self._assign(own, [store[str(place)] for place in range(len(own))])

    def _check_count(self, expected: Sequence[Variable], received: int) -> None:
        if received != len(expected):
            raise ValueError(wrong_count(self, expected, received))

    def _assign(self, variables: Sequence[Variable], given: Sequence[Any]) -> None:
        """Give each variable its value, once it is known that all of them fit."""
        values = [np.asarray(value) for value in given]
        for variable, value in zip(variables, values, strict=True):
            if variable.shape != value.shape:
                raise ValueError(
                    f"{self._who()}: expected shape {variable.shape} for {variable.path!r}. "
                    f"Received: {value.shape}"
                )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of values in all weights."""
        if not self.built:
            raise ValueError(f"{self._who()}: has no weights to count before it is built.")
        return sum(weight.array.size for weight in self.weights)


def _leaves(value: Any) -> Iterator[Any]:
    """The leaves of nested lists, tuples and dicts, in the order in which they were put there."""
    stack, seen = [value], set()
    while stack:
        item = stack.pop()
        if not tree.is_nested(item):
            yield item
        elif id(item) not in seen:  # a list may hold itself
            seen.add(id(item))
            stack.extend(reversed(item.values() if isinstance(item, dict) else item))


def is_metric(value: Any) -> bool:
    """Whether a value is a metric, whose state is kept over batches."""
    return getattr(type(value), "keeps_measure", False)


def is_state(variable: Variable) -> bool:
    """Whether a variable is bookkeeping (a random seed) rather than a weight."""
    return getattr(variable, "is_state", False)


def wrong_count(layer: Owner, expected: Sequence[Variable], received: int) -> str:
    """What to say of a layer whose weights in a file are more or fewer than its own."""
    said = (
        f"Layer {layer.name!r} expected {len(expected)} variables, but received {received} "
        f"variables during loading. Expected: {[variable.name for variable in expected]}."
    )
    if not expected and not layer.built:
        said += (
            " The layer was never built, so it has no weights yet: call it, or let the `build` of "
            "the layer around it build it."
        )
    return said
