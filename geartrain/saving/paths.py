"""Where in a file the parts of a model are.

Files of weights are folders within folders, and this is the tree that Keras gives a model. A part
is a layer, an optimizer, a loss or a metric. From the part at path P the walk goes on to

1. the `layers` of a `Sequential` or `Functional` model;
2. then all its attributes by name, those that begin with `_` last, except what every layer (loss,
   metric, optimizer) has. A part there is at `P/attribute`; lists, tuples and dicts are containers.

The items of a container at P are at `P/dense`, `P/dense_1`, `P/conv2d`, ..., after their classes
and in their order; a container within at `P/container`, `P/container_1`. Names that users gave
play no part, so that a model that is made again has the same paths. A part that is reached twice
is kept once, at the first path; its own weights are at `P/vars/0`, `P/vars/1`, ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from inspect import getattr_static
from types import FunctionType
from typing import Any

from geartrain.layers.layer import Layer
from geartrain.losses.loss import Loss
from geartrain.metrics.metric import Metric
from geartrain.optimizers.optimizer import Optimizer
from geartrain.registry import snake_case

Part = Layer | Optimizer | Loss | Metric
CONTAINERS = list | tuple | dict
MOST_TRIES = 8  # paths by which a part is tried; else parts that share parts could take for ever


class Walk:
    """A walk over the parts of a model, in the order of files.

    Args:
        visit: called with a path and the part there; whether all is well with the part. If not,
            the part is visited again where another path leads to it.
        skipped: parts to leave out, with all that is reached through them alone.

    Attributes:
        nested: the paths of containers within containers.
        left_out: the paths where skipped parts are.

    >>> from geartrain.layers import Dense
    >>> class Tower(Layer):
    ...     def __init__(self):
    ...         super().__init__(name="tower")
    ...         self.blocks = [Dense(3), Dense(2)]
    ...         self.head = self.blocks[1]
    >>> def visit(path, part):
    ...     print(repr(path), type(part).__name__)
    ...     return True
    >>> Walk(visit).run(Tower())
    '' Tower
    'blocks/dense' Dense
    'blocks/dense_1' Dense
    """

    def __init__(self, visit: Callable[[str, Any], bool], skipped: Iterable[Any] = ()) -> None:
        self._visit = visit
        self._skipped = {id(part): part for part in skipped}
        self._good: dict[int, Any] = {}  # those that need no other path; kept, since ids are reused
        self._done: dict[int, Any] = {}  # those of which the same is true of all below them
        self._active: set[int] = set()
        self._tries: dict[int, int] = {}
        self.nested: set[str] = set()
        self.left_out: set[str] = set()

    def run(self, whole: Part) -> None:
        """Walk over a model, a layer or an optimizer, and all below it."""
        self._part("", whole)

    def _part(self, path: str, part: Any) -> bool:
        key = id(part)
        if key in self._skipped:
            self.left_out.add(path)
            return True
        if key in self._done or key in self._active:
            return True
        if self._tries.get(key, 0) == MOST_TRIES:
            return False
        self._tries[key] = self._tries.get(key, 0) + 1
        self._active.add(key)
        good = key in self._good or self._visit(path, part)
        if good:
            self._good[key] = part
        for name, child in children(part):
            below = f"{path}/{name}" if path else name
            if isinstance(child, Part):
                good &= self._part(below, child)
            else:
                good &= self._container(below, child, set())
        self._active.discard(key)
        if good:
            self._done[key] = part
        return good

    def _container(self, path: str, container: Any, within: set[int]) -> bool:
        if id(container) in within:
            return True
        within.add(id(container))
        good, counts = True, dict[str, int]()
        for item in container.values() if isinstance(container, dict) else container:
            if isinstance(item, Part):
                base = snake_case(type(item).__name__)
                good &= self._part(f"{path}/{_numbered(base, counts)}", item)
            elif isinstance(item, CONTAINERS):
                below = f"{path}/{_numbered('container', counts)}"
                self.nested.add(below)
                good &= self._container(below, item, within)
        return good


def _numbered(base: str, counts: dict[str, int]) -> str:
    count = counts.get(base, 0)
    counts[base] = count + 1
    return f"{base}_{count}" if count else base


def children(part: Any) -> Iterator[tuple[str, Any]]:
    """The parts and containers that are attributes of a part, by name, in the order of files.

    >>> from geartrain.layers import Dense, TimeDistributed
    >>> [name for name, _ in children(TimeDistributed(Dense(2)))]
    ['layer']
    """
    if type(part).family == "models" and _keeps_layers(part):
        yield "layers", part.layers
    names = {*_of_class(type(part)), *vars(part)} - _shared(type(part))
    for name in sorted(names, key=lambda name: (name.startswith("_"), name)):
        if name.startswith("__"):
            continue
        try:
            child = getattr(part, name)
        except Exception:  # a property that has no value now has no weights either
            continue
        if isinstance(child, Part | CONTAINERS):
            yield name, child


def _keeps_layers(model: Any) -> bool:
    """Whether a model's layers are known by themselves, not by attributes."""
    return any(cls.__name__ in ("Sequential", "Functional") for cls in type(model).__mro__)


@cache
def _of_class(cls: type) -> frozenset[str]:
    """The names of a class that may hold parts: properties, and containers shared by instances."""
    found = {name: getattr_static(cls, name, None) for name in dir(cls)}
    plain = (FunctionType, classmethod, staticmethod, type, str, int, float, bool, type(None))
    return frozenset(name for name, value in found.items() if not isinstance(value, plain))


@cache
def _shared(cls: type) -> frozenset[str]:
    """The names that say nothing of one part, since every one of its kind has them."""
    if issubclass(cls, Layer):
        return frozenset({*dir(Layer(name="bare")), "metrics", *cls.not_in_files})
    if issubclass(cls, Optimizer):
        return frozenset(dir(Optimizer(1.0, name="bare")))
    bare: Any = Loss(name="bare") if issubclass(cls, Loss) else Metric(name="bare")
    return frozenset(dir(bare))
