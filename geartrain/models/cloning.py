"""Copies of models with layers, and so with weights, of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import tree
from geartrain.errors import shown
from geartrain.layers.input_layer import Input, InputLayer
from geartrain.layers.symbolic import KerasTensor
from geartrain.models.model import Functional, Model, made_of_a_graph
from geartrain.models.sequential import Sequential
from geartrain.serialization import deserialize, serialize

Cloner = Callable[[Any], Any]


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Cloner | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Any:
    """A model with the same layers anew, and with fresh weights; compiled as the model is.

    Args:
        model: the model to copy. One with its own `call` is made again from its config.
        input_tensors: symbolic tensors to build on, in the structure of `model.input`; new inputs
            by default.
        clone_function: called with each layer and op, inputs excepted, for the one to use in the
            copy; `type(layer).from_config(layer.get_config())` by default. A layer that is used
            several times is cloned once.
        call_function: called as `call_function(layer, *args, **kwargs)` in place of the layer. For
            models made of inputs and outputs only.
        recursive: whether models inside of the model are copied layer by layer too, rather than
            handed to `clone_function`.

    Raises ValueError for arguments that the kind of model does not take, or other input tensors,
    and TypeError for what is no model.

    >>> from geartrain import Input, Sequential, layers
    >>> model = Sequential([Input((4,)), layers.Dense(2, name="out")])
    >>> copy = clone_model(model)
    >>> copy.get_layer("out") is model.get_layer("out"), copy.count_params()
    (False, 10)

    With a `clone_function` the copy differs on purpose:

    >>> def wider(layer):
    ...     return layers.Dense(3) if layer.name == "out" else layer
    >>> clone_model(model, clone_function=wider).output_shape
    (None, 3)
    """
    if not isinstance(model, Model):
        raise TypeError(f"clone_model: expected a model. Received: {shown(model)}")
    cloner = _Cloner(clone_function, call_function, recursive)
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError(
                "clone_model: expected call_function with models made of inputs and outputs. "
                f"Received: {model!r}, whose layers are listed, not called. Use clone_function."
            )
        return cloner.sequential(model, input_tensors)
    if model._graph is not None and (made_of_a_graph(type(model)) or clone_function):
        return cloner.functional(model, input_tensors)
    if clone_function or call_function or input_tensors is not None:
        raise ValueError(
            "clone_model: expected a Sequential or functional model for input_tensors, "
            f"clone_function and call_function. Received: {model!r}, which has its own call. "
            "Write clone_model(model)."
        )
    return deserialize(serialize(model), {type(model).__name__: type(model)})


class _Cloner:
    """Clones operations, each once."""

    def __init__(
        self, clone: Cloner | None, call: Callable[..., Any] | None, recursive: bool
    ) -> None:
        self.function = clone or (lambda layer: type(layer).from_config(layer.get_config()))
        self.call = call or (lambda operation, *args, **kwargs: operation(*args, **kwargs))
        self.recursive = recursive
        self.clones: dict[Any, Any] = {}

    def clone(self, operation: Any) -> Any:
        if operation not in self.clones:
            if self.recursive and isinstance(operation, Sequential):
                self.clones[operation] = self.sequential(operation)
            elif self.recursive and isinstance(operation, Functional):
                self.clones[operation] = self.functional(operation)
            else:
                self.clones[operation] = self.function(operation)
        return self.clones[operation]

    def sequential(self, model: Sequential, input_tensors: Any = None) -> Any:
        layers = [self.clone(layer) for layer in model.layers]
        first = model._row[0] if model._row and isinstance(model._row[0], InputLayer) else None
        if input_tensors is not None:
            given = tree.flatten(input_tensors)
            if len(given) != 1 or not isinstance(given[0], KerasTensor):
                raise ValueError(
                    "clone_model: expected one symbolic tensor as input_tensors for a Sequential "
                    f"model. Received: {shown(input_tensors)}"
                )
            layers.insert(0, Input(tensor=given[0], name=first.name if first else None))
        elif first is not None:
            layers.insert(0, type(first).from_config(first.get_config()))
        return _compiled_like(
            model, Sequential(layers, trainable=model._trainable, name=model.name)
        )

    def functional(self, model: Model, input_tensors: Any = None) -> Any:
        graph = model._graph
        assert graph is not None
        if input_tensors is None:
            input_tensors = tree.map_structure(
                lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), graph.inputs
            )
        self._check_inputs(graph.inputs, input_tensors)
        outputs = graph.run(
            input_tensors,
            lambda operation, args, kwargs: self.call(self.clone(operation), *args, **kwargs),
        )
        cls = type(model) if made_of_a_graph(type(model)) else Functional
        made = cls(
            inputs=input_tensors, outputs=outputs, name=model.name, trainable=model._trainable
        )
        return _compiled_like(model, made)

    def _check_inputs(self, expected: Any, given: Any) -> None:
        like = tree.map_structure(lambda x: 0, given) == tree.map_structure(lambda x: 0, expected)
        if not like or not all(isinstance(x, KerasTensor) for x in tree.flatten(given)):
            raise ValueError(
                "clone_model: expected symbolic tensors as input_tensors, in the structure "
                f"{shown(expected)}. Received: {shown(given)}"
            )


def _compiled_like(model: Model, made: Any) -> Any:
    if model.compiled:
        made.compile_from_config(model.get_compile_config())
    return made
