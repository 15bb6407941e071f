"""What a picture of a model shows: boxes with their texts, groups of boxes, and lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from geartrain import tree
from geartrain.models import Functional, Sequential

BLACK, WHITE, GREEN, RED = "#000000", "#ffffff", "#228b22", "#b22222"


@dataclass
class Options:
    """What to show, as `plot_model` takes it."""

    show_shapes: bool = False
    show_dtype: bool = False
    show_layer_names: bool = True
    show_layer_activations: bool = False
    show_trainable: bool = False
    expand_nested: bool = False


@dataclass
class Cell:
    """A field of a box: `text`, and behind it `value` in bold."""

    text: str
    value: str
    fill: str = WHITE
    ink: str = BLACK


@dataclass(eq=False)
class Box:
    """A layer or an op: its rows of fields; the first row is the title."""

    rows: list[list[Cell]]


@dataclass(eq=False)
class Group:
    """A model: boxes and groups, and lines between boxes, which may be inside of groups."""

    name: str
    items: list[Box | Group] = field(default_factory=list)
    lines: list[tuple[Box, Box]] = field(default_factory=list)

    def boxes(self) -> Iterator[Box]:
        """All boxes, those of groups too."""
        for item in self.items:
            if isinstance(item, Group):
                yield from item.boxes()
            else:
                yield item


def structure_of(model: Any, options: Options) -> Group:
    """The boxes and lines of a model.

    A model of a graph shows its layers and the ops between them, a `Sequential` its layers, any
    other model itself alone.

    >>> from geartrain import layers
    >>> model = Sequential([layers.Input((4,)), layers.Dense(2, name="a"), layers.ReLU(name="b")])
    >>> group = structure_of(model, Options(show_shapes=True))
    >>> [cell.value for cell in group.items[0].rows[1]], len(group.lines)
    (['(None, 4)', '(None, 2)'], 1)
    """
    return _Builder(options).group(model)


class _Builder:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.made: dict[Any, Box | Group] = {}

    def group(self, model: Any) -> Group:
        group = Group(model.name)
        operations = _operations(model)
        for operation in operations:
            if self.options.expand_nested and _is_open(operation):
                made: Box | Group = self.group(operation)
            else:
                made = box_of(operation, self.options)
            self.made[operation] = made
            group.items.append(made)
        drawn: dict[tuple[Box, Box], None] = {}
        for line in self._lines(model, operations):
            drawn[line] = None
        group.lines = [*drawn]
        return group

    def _lines(self, model: Any, operations: list[Any]) -> Iterator[tuple[Box, Box]]:
        if isinstance(model, Sequential):
            for before, after in itertools.pairwise(operations):
                yield self._last(before, 0), self._first(after, 0)
        elif _is_open(model):
            for operation in operations:
                for call in model._graph.calls_of(operation):
                    for place, tensor in enumerate(call.inputs):
                        source, index = _source(tensor)
                        if source in self.made:
                            yield self._last(source, index), self._first(operation, place)

    def _last(self, operation: Any, index: int) -> Box:
        """The box that the output of this number comes out of."""
        while isinstance(self.made[operation], Group):
            if isinstance(operation, Sequential):
                operation = operation.layers[-1]
            else:
                operation, index = _source(tree.flatten(operation._graph.outputs)[index])
        box = self.made[operation]
        assert isinstance(box, Box)
        return box

    def _first(self, operation: Any, place: int) -> Box:
        """The box that the input of this number goes into."""
        while isinstance(self.made[operation], Group):
            if isinstance(operation, Sequential):
                operation = operation.layers[0]
            else:
                nodes = operation._graph.input_nodes
                operation = nodes[min(place, len(nodes) - 1)].call.operation
        box = self.made[operation]
        assert isinstance(box, Box)
        return box


def _is_open(operation: Any) -> bool:
    """Whether the layers inside are known one by one."""
    return isinstance(operation, Functional | Sequential) and operation._graph is not None


def _operations(model: Any) -> list[Any]:
    if isinstance(model, Sequential):
        return list(model.layers)
    return list(model._graph.operations) if _is_open(model) else [model]


def _source(tensor: Any) -> tuple[Any, int]:
    """The operation that made a tensor, and the tensor's number among its outputs."""
    call = tensor.call
    outputs = tree.flatten(call.outputs)
    return call.operation, next(n for n, one in enumerate(outputs) if one is tensor)


def box_of(layer: Any, options: Options) -> Box:
    """The box of a layer."""
    kind = type(layer).__name__
    title = Cell("", kind, BLACK, WHITE)
    if options.show_layer_names:
        title = Cell(f" ({kind})", layer.name, BLACK, WHITE)
    rows = [[title]]
    activation = getattr(layer, "activation", None)
    if options.show_layer_activations and activation is not None:
        name = getattr(activation, "name", None) or getattr(activation, "__name__", None)
        rows.append([Cell("Activation: ", str(name or type(activation).__name__))])
    fields = []
    if options.show_shapes:
        if kind != "InputLayer":
            fields.append(Cell("Input shape: ", _of_tensors(layer, "input", "shape")))
        fields.append(Cell("Output shape: ", _of_tensors(layer, "output", "shape")))
    if options.show_dtype:
        fields.append(Cell("Output dtype: ", _of_tensors(layer, "output", "dtype")))
    if options.show_trainable and getattr(layer, "weights", None):
        trained = Cell("", "Trainable", GREEN, WHITE), Cell("", "Non-trainable", RED, WHITE)
        fields.append(trained[not layer.trainable])
    return Box([*rows, fields] if fields else rows)


def _of_tensors(layer: Any, side: str, what: str) -> str:
    """The shapes or dtypes on one side of a layer; a question mark where they are not known."""
    calls = layer._calls
    if calls:
        tensors = calls[0].outputs if side == "output" else _alone(calls[0].inputs)
    else:
        try:
            tensors = getattr(layer, side)
        except (AttributeError, ValueError):
            return "?"
    found = tree.map_structure(lambda tensor: getattr(tensor, what), tensors)
    if isinstance(found, dict):
        return ", ".join(f"{key}: {value}" for key, value in found.items())
    return str(found)


def _alone(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors
