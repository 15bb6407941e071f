"""Several optimizers for the variables of one model, chosen by their paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from geartrain.configurable import Configurable
from geartrain.errors import shown
from geartrain.optimizers.loss_scale import LossScaleOptimizer
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import register
from geartrain.runtime.variable import Variable
from geartrain.serialization import serialize


@register("optimizers")
class OptimizerMap(Configurable, MutableMapping[str, Optimizer]):
    """Which optimizer updates which variable, by patterns of paths.

    A path such as `"sequential/encoder/kernel"` belongs to the key that equals it, else to the one
    regular expression among the keys that fits all of it, else to the default.

    Args:
        default_optimizer: the optimizer of all other variables.
        optimizer_map: a dict of optimizers by path or pattern.

    Raises:
        TypeError: a default that is no optimizer, a map that is no dict.
        ValueError: a key that is there already or is no text; what is no optimizer, or is made of
            others; a path that several patterns fit.

    >>> from geartrain.optimizers import SGD, Adam
    >>> chosen = OptimizerMap(SGD(name="rest"), {".*/encoder/.*": Adam(name="encoder's")})
    >>> chosen["model/encoder/kernel"].name, chosen["model/decoder/kernel"].name
    ("encoder's", 'rest')
    """

    def __init__(
        self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None
    ) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(
                "OptimizerMap: expected default_optimizer as an optimizer, such as "
                f"optimizers.SGD(). Received: {shown(default_optimizer)}"
            )
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(
                "OptimizerMap: expected optimizer_map as a dict of optimizers by path. "
                f"Received: {shown(optimizer_map)}"
            )
        self.default_optimizer = default_optimizer
        self.optimizer_map: dict[str, Optimizer] = {}
        self.update(optimizer_map or {})

    def __getitem__(self, key: str) -> Optimizer:
        if key in self.optimizer_map:
            return self.optimizer_map[key]
        fitting = [pattern for pattern in self.optimizer_map if re.fullmatch(pattern, key)]
        if len(fitting) > 1:
            raise ValueError(
                f"OptimizerMap: expected one pattern for each variable. Received: {key!r}, which "
                f"{' and '.join(map(repr, fitting))} fit. Make one of them narrower."
            )
        return self.optimizer_map[fitting[0]] if fitting else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if not isinstance(key, str):
            raise ValueError(f"OptimizerMap: expected a path as the key. Received: {shown(key)}")
        if key in self.optimizer_map:
            raise ValueError(
                f"OptimizerMap: expected a new key. Received: {key!r}, which has the optimizer "
                f"{self.optimizer_map[key].name!r}. Take it out first, by del."
            )
        _check_alone("OptimizerMap", optimizer, repr(key))
        self.optimizer_map[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self.optimizer_map[key]

    def __len__(self) -> int:
        return len(self.optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self.optimizer_map)

    def __call__(self, variable: Variable) -> Optimizer:
        """The optimizer of a variable."""
        return self[variable.path]


@register("optimizers")
class MultiOptimizer(Optimizer):
    """Updates each variable by one of several optimizers, which all take their step together.

    Args:
        optimizer_map: an `OptimizerMap`, or a function that returns the optimizer of a variable.
        loss_scale_factor: the factor of the loss, in the place of what the optimizers have.
        name: a name; by default the class's, numbered.

    Its `optimizers` have the learning rates; it has none itself, and raises AttributeError.

    Raises ValueError where no optimizer is chosen, or one that is made of others.

    >>> from geartrain.optimizers import SGD
    >>> w, b = Variable([1.0], name="w"), Variable([1.0], name="b")
    >>> optimizer = MultiOptimizer(OptimizerMap(SGD(0.5), {"b": SGD(0.1)}))
    >>> optimizer.apply([[1.0], [1.0]], [w, b])
    >>> w.numpy(), b.numpy()
    (array([0.5], dtype=float32), array([0.9], dtype=float32))
    """

    config_order = ("optimizer_map", "loss_scale_factor", "name")

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        if not callable(optimizer_map):
            raise TypeError(
                "MultiOptimizer: expected an OptimizerMap, or a function that returns the "
                f"optimizer of a variable. Received: {shown(optimizer_map)}"
            )
        self.__dict__.update(_optimizers=[], _chosen={}, _loss_scale_factor=None)
        super().__init__(learning_rate=0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        if isinstance(optimizer_map, OptimizerMap):
            for one in (*optimizer_map.optimizer_map.values(), optimizer_map.default_optimizer):
                self._add(one)

    def _add(self, optimizer: Optimizer) -> None:
        if not any(one is optimizer for one in self._optimizers):
            optimizer.loss_scale_factor = self.loss_scale_factor
            self._optimizers.append(optimizer)

    def build(self, variables: Iterable[Variable]) -> None:
        """Choose the optimizer of each variable, and make their slots."""
        if self.built:
            return
        variables = list(variables)
        for variable in variables:
            optimizer = self.optimizer_map(variable)
            _check_alone("MultiOptimizer", optimizer, f"the variable {variable.path!r}")
            self._chosen[variable] = optimizer
            self._add(optimizer)
        for optimizer, own, _ in self._shares(variables, variables):
            optimizer.build(own)
        super().build(variables)

    def _shares(
        self, variables: list[Variable], values: list[Any]
    ) -> Iterator[tuple[Optimizer, list[Variable], list[Any]]]:
        """Each optimizer with its variables, and the values that belong to them."""
        for optimizer in self._optimizers:
            pairs = [
                (variable, value)
                for variable, value in zip(variables, values, strict=True)
                if self._chosen[variable] is optimizer
            ]
            if pairs:
                yield optimizer, [one for one, _ in pairs], [one for _, one in pairs]

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers: those of the map, and those that the function returned."""
        return self._optimizers

    @property
    def variables(self) -> list[Variable]:
        """Its step count and a rate that nothing reads, then the variables of the optimizers."""
        return [*super().variables, *(v for one in self._optimizers for v in one.variables)]

    @property
    def learning_rate(self) -> Any:
        """There is none: its optimizers have theirs."""
        raise AttributeError(
            f"{self._who()}: expected the learning rate to be read from one of its optimizers. "
            "Received: a use of its own, which it has not. Write optimizer.optimizers[0]."
            "learning_rate."
        )

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if "_learning_rate" in self.__dict__:
            raise AttributeError(
                f"{self._who()}: expected the learning rate to be set on one of its optimizers. "
                f"Received: {shown(value)}. Write optimizer.optimizers[0].learning_rate = ..."
            )
        self._learning_rate = self._track(value, "float32", "learning_rate")

    @property
    def loss_scale_factor(self) -> float | None:
        """The factor of the loss, which all its optimizers take out of the gradients."""
        factor: float | None = self.__dict__["_loss_scale_factor"]
        return factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        self.__dict__["_loss_scale_factor"] = value
        for one in self._optimizers:
            one.loss_scale_factor = value

    @property
    def calls_rate(self) -> bool:
        """Whether a function gives the learning rate of one of the optimizers."""
        return any(one.calls_rate for one in self._optimizers)

    def refresh_rate(self) -> None:
        """Let programs have what those functions give now."""
        for one in self._optimizers:
            one.refresh_rate()

    def _step(self, grads: list[Any], variables: list[Variable]) -> None:
        for optimizer, own, gradients in self._shares(variables, grads):
            optimizer._step(gradients, own)
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Put the moving averages of the optimizers, if any, in the place of the variables."""
        variables = list(var_list)
        for optimizer, own, _ in self._shares(variables, variables):
            optimizer.finalize_variable_values(own)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, as plain values."""
        return {name: serialize(getattr(self, name)) for name in self.config_order}


def _check_alone(who: str, optimizer: Any, place: str) -> None:
    """Refuse what is no optimizer, or is made of other optimizers."""
    if not isinstance(optimizer, Optimizer) or isinstance(
        optimizer, LossScaleOptimizer | MultiOptimizer
    ):
        raise ValueError(
            f"{who}: expected an optimizer for {place} that is not made of others. "
            f"Received: {shown(optimizer)}"
        )
