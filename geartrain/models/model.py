"""The model: a layer that can be trained, and that describes itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from geartrain import tree
from geartrain.compat import methods
from geartrain.errors import shown, unknown_keywords
from geartrain.graph.dtypes import no_numbers
from geartrain.layers.input_spec import InputSpec, check_input
from geartrain.layers.layer import Layer
from geartrain.layers.operation import Operation
from geartrain.layers.symbolic import shapes_of, tree_of_shapes, tree_of_tensors
from geartrain.layers.trials import inferred
from geartrain.models.added_losses import AddedLosses
from geartrain.models.call_graph import CallGraph
from geartrain.models.graph_config import graph_config, graph_from_config
from geartrain.models.saved import Saved
from geartrain.models.state_tree import StateTree
from geartrain.models.summary import print_summary
from geartrain.models.trainer import Trainer
from geartrain.ops.masks import set_mask
from geartrain.registry import register, signature
from geartrain.runtime.stage import STRING, dtype_of_data
from geartrain.runtime.variable import Trace
from geartrain.serialization import check_form, deserialize_each, reading, serialize


@register("models")
class Model(Trainer, Saved, StateTree, AddedLosses, Layer):
    """Layers with inputs and outputs, and methods to train, evaluate and use them.

    There are three ways to make one: `Sequential([...])` for a plain row of layers;
    `Model(inputs, outputs)` for any arrangement of calls; a subclass with layers as attributes
    and a method `call(self, inputs)`.

    Args:
        inputs: what `keras.Input` returned; nested for several.
        outputs: what calling layers on them gave; nested for several.
        name: the model's name.
        trainable: whether optimizers update its weights.

    >>> import numpy as np
    >>> from geartrain import Input, layers
    >>> x = Input((4,))
    >>> model = Model(x, layers.Dense(2)(x))
    >>> model.predict(np.zeros((3, 4)), verbose=0).shape
    (3, 2)
    """

    _locks_when_built = False
    not_in_files = ("operations", "_programs")  # `layers` has those with weights

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """A `Functional` where inputs and outputs are given."""
        if cls is Model and (args or not {"inputs", "input"}.isdisjoint(kwargs)):
            return super().__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, **kwargs: Any
    ) -> None:
        Layer.__init__(self, name=name, **kwargs)
        Trainer.__init__(self)
        self._graph: CallGraph | None = None
        self._called_with: list[Any] | None = None  # specs of the first call's arguments
        if inputs is not None or outputs is not None:
            if inputs is None or outputs is None:
                raise ValueError(
                    f"{self._who()}: expected inputs and outputs. Received: "
                    f"inputs={shown(inputs)}, outputs={shown(outputs)}"
                )
            self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        self._graph = CallGraph(inputs, outputs)
        self._track(self._graph.layers)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs for these inputs, with masks for them if there are any."""
        if self._graph is None:
            raise NotImplementedError(
                f"{self._who()}: a subclassed model needs a method call(self, inputs)."
            )
        for tensor, one in zip(tree.flatten(inputs), tree.flatten(mask), strict=False):
            if one is not None:
                set_mask(tensor, one)
        self._check_inputs(self._graph, inputs)
        self._graph.check_structure(inputs)
        return _unpacked(self._run_graph(inputs))

    def _as_operand(self, value: Any) -> Any:
        """Tensors as they are, where the inputs of a graph say what they become."""
        return value if self._graph is not None else super()._as_operand(value)

    def _has_call(self) -> bool:
        return self._graph is not None or type(self).call is not Model.call

    def _check_inputs(self, graph: CallGraph, given: Any) -> None:
        for node, tensor in zip(graph.input_nodes, graph.arranged(given), strict=True):
            if tensor is None:
                if not node.call.operation.optional:  # type: ignore[union-attr]
                    raise ValueError(
                        f"{self._who()}: expected a tensor for the input {node.name!r}, which is "
                        "not optional. Received: None. Make it by keras.Input(..., optional=True)."
                    )
                continue
            if node.dtype != STRING and dtype_of_data(tensor) == STRING:
                raise no_numbers(self._who())
            shape = tuple(tensor.shape)
            rank = len(node.shape)
            axes = {axis: size for axis, size in enumerate(node.shape) if axis and size is not None}
            if rank and rank - 1 in axes:
                axes[-1] = axes.pop(rank - 1)
            if node.call.operation.is_guessed:  # nobody said what the sizes should be
                axes = {axis: size for axis, size in axes.items() if axis == -1}
            if (len(shape) == rank - 1 and node.shape[-1] == 1) or (
                len(shape) == rank + 1 and shape[-1] == 1
            ):
                continue
            if len(shape) > rank and -1 in axes:  # first say what the sizes show
                check_input(self._who(), InputSpec(axes={-1: axes[-1]}), shape)
            check_input(self._who(), InputSpec(ndim=rank, axes=axes), shape)

    # -- structure --------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers of this model, without those inside of them."""
        return self._graph.layers if self._graph else self._sublayers()

    @property
    def operations(self) -> list[Operation]:
        """The layers of this model, and the ops between them, in the order of files."""
        return list(self._graph.operations) if self._graph else list(self.layers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that place."""
        layers = self.layers
        if (index is None) == (name is None):
            raise ValueError(
                f"{self._who()}: get_layer expected a name or an index. "
                f"Received: {'neither' if name is None else 'both'}"
            )
        if index is not None:
            if not hasattr(index, "__index__"):
                raise TypeError(
                    f"{self._who()}: get_layer expected index as a whole number. "
                    f"Received: {shown(index)}. A name is given as name=..."
                )
            if not -len(layers) <= index < len(layers):
                raise ValueError(
                    f"{self._who()}: has {len(layers)} layers. Received: index={index}"
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in layers)
        raise ValueError(f"{self._who()}: has no layer {shown(name)}. Its layers: {names}.")

    @property
    def inputs(self) -> list[Any] | None:
        """The symbolic inputs, as a list."""
        return tree.flatten(self._graph.inputs) if self._graph else None

    @property
    def outputs(self) -> list[Any] | None:
        """The symbolic outputs, as a list."""
        return tree.flatten(self._graph.outputs) if self._graph else None

    @property
    def input(self) -> Any:
        """The symbolic input."""
        return self._needed_graph("input").inputs

    @property
    def output(self) -> Any:
        """The symbolic output."""
        return self._needed_graph("output").outputs

    @property
    def input_shape(self) -> Any:
        """The shape of the input, with None for the batch axis."""
        return _shapes(self._needed_graph("input_shape").inputs)

    @property
    def output_shape(self) -> Any:
        """The shape of the output, with None for the batch axis."""
        return _shapes(self._needed_graph("output_shape").outputs)

    def _needed_graph(self, what: str) -> CallGraph:
        if self._graph is None:
            raise AttributeError(
                f"{self._who()}: {what} is known only after its input shape is. Start with "
                "keras.Input(shape), or call build or fit first."
            )
        return self._graph

    @property
    def input_names(self) -> list[str] | None:
        """The names of the inputs."""
        return self._graph.input_names() if self._graph else None

    @property
    def output_names(self) -> list[str] | None:
        """The names of the outputs: of the layers that make them."""
        if self._graph is None:
            return None
        return [node.call.operation.name for node in tree.flatten(self._graph.outputs)]

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print the layers with their output shapes, parameters and bytes.

        Args:
            line_length: the width in characters; the terminal's by default.
            positions: accepted as in Keras; columns find their own widths.
            print_fn: called with the text instead of printing it.
            expand_nested: show the layers inside of layers too.
            show_trainable: show whether each layer is trained.
            layer_range: names of the first and last layer to show.
        """
        print_summary(self, line_length, print_fn, expand_nested, show_trainable, layer_range)

    # -- description ------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make a model with the same layers anew.

        The layers and their calls, if the model was made of inputs and outputs; else, as for
        layers, the arguments of `__init__`. A class whose arguments cannot be told so needs a
        `get_config` of its own.

        >>> from geartrain import Input, layers
        >>> x = Input((4,), name="x")
        >>> config = Model(x, layers.Dense(2, name="y")(x)).get_config()
        >>> config["input_layers"], config["output_layers"]
        (['x', 0, 0], ['y', 0, 0])
        """
        if self._graph is not None and made_of_a_graph(type(self)):
            head = {"name": self.name, "trainable": self._trainable}
            return {**head, **graph_config(self._graph, Functional)}
        config = super().get_config()
        taken = signature(type(self)).parameters
        return {
            name: value
            for name, value in config.items()
            if name not in ("inputs", "outputs") or (name in taken and value is not None)
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A model made from what `get_config` returned, which shares nothing with any other.

        Args:
            config: plain data.
            custom_objects: classes and functions of your own by name.

        Raises ValueError for a config that describes no model, with the place of what is wrong.
        """
        graph = ("layers", "input_layers", "output_layers")
        with reading(custom_objects):
            if not (made_of_a_graph(cls) and all(key in config for key in graph)):
                return super().from_config(config)
            check_form(config)
            inputs, outputs = graph_from_config(config, Functional)
            rest = deserialize_each({k: v for k, v in config.items() if k not in graph})
            if rest.get("trainable") is None:
                rest.pop("trainable", None)
            return cls(inputs=inputs, outputs=outputs, **rest)

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that the model was built for; none for a model made of a graph."""
        if self._graph is not None and made_of_a_graph(type(self)):
            return {"input_shape": None}
        return super().get_build_config()

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shapes that `get_build_config` gave, by a call if there are several."""
        shapes = tree_of_shapes(config.get("shapes_dict") or {})
        if not shapes or type(self).build is not Model.build:
            super().build_from_config(config)
        else:
            tensors = {
                name.removesuffix("_shape"): tree_of_tensors(shape, self.compute_dtype)
                for name, shape in shapes.items()
            }
            with Trace():
                self._run((), tensors)

    def to_json(self, **kwargs: Any) -> str:
        """The model's layers and settings, without weights, as JSON: see `model_from_json`.

        Args:
            **kwargs: for `json.dumps`, such as `indent`.
        """
        import json

        return json.dumps(serialize(self), **{"allow_nan": False, **kwargs})

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape, with None for the batch axis."""
        if self._graph is None and not self.built:
            with Trace():
                inferred(self._run, (tree_of_tensors(input_shape, self.compute_dtype),), {})
            self._forget_losses()
            self.built = True

    def _build_once(self, args: Any, kwargs: Any) -> None:
        """A model that has no `build` of its own is built by its call, whatever that takes."""
        if not self.built:
            self._called_with = tree.map_structure(_any_batch, list(args))
        if self._graph is not None or type(self).build is not Model.build:
            super()._build_once(args, kwargs)
        elif not self.built:
            names = inspect.signature(self.call).parameters
            shapes = {**dict(zip(names, args, strict=False)), **kwargs}
            shapes = {f"{k}_shape": shapes_of(v) for k, v in shapes.items() if k != "mask"}
            self._build_shapes = {k: v for k, v in shapes.items() if v is not None}
            self.built = True

    def export(
        self,
        filepath: Any,
        format: str = "onnx",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Write the model's predictions as a file for other runtimes, such as ONNX Runtime.

        Layers become ONNX's operators of the same kind, with symbolic batch and time axes. Inputs
        and outputs have the names that they have here, or the keys of dicts.

        Args:
            filepath: where to write it, such as `"model.onnx"`.
            format: `"onnx"`.
            verbose: whether to say that the file is written; None means yes.
            input_signature: the shapes and dtypes of the inputs (`InputSpec`, symbolic tensors or
                arrays), as a list of the arguments; by default those the model was built with.
            **kwargs: `opset_version`, the version of ONNX's operators to keep to; by default the
                oldest that has what the model needs.

        Raises:
            ValueError: another format; a model that is not built; a layer that ONNX cannot say.
            ImportError: without the package onnx, which `geartrain[onnx]` installs.
        """
        from geartrain.saving.onnx.export.model_file import export_onnx

        if format != "onnx":
            raise ValueError(
                f'{self._who()}: export writes the format "onnx". Received: '
                f"format={shown(format)}. "
                'Write export("model.onnx", format="onnx"), or keep the model whole with '
                'save("model.keras").'
            )
        unknown = set(kwargs) - {"opset_version"}
        if unknown:
            raise unknown_keywords(
                "Model.export", sorted(unknown),
                ["filepath", "format", "verbose", "input_signature", "opset_version"],
            )  # fmt: skip
        export_onnx(self, filepath, verbose, input_signature, **kwargs)

    def __getattr__(self, name: str) -> Any:
        older = methods.OF_MODELS.get(name)
        if older is not None:
            return functools.partial(older, self)
        return super().__getattr__(name)


@register("models")
class Functional(Model):
    """A model made of connected layer calls; what `Model(inputs, outputs)` returns."""


def _unpacked(structure: Any) -> Any:
    """What is alone in a list, as Keras hands it out; anything else as it is."""
    alone = isinstance(structure, list | tuple) and len(structure) == 1
    return structure[0] if alone else structure


def _shapes(tensors: Any) -> Any:
    return tree.map_structure(lambda tensor: tensor.shape, _unpacked(tensors))


def made_of_a_graph(cls: Any) -> bool:
    """Whether inputs and outputs are what a class is made of, as far as its `__init__` tells."""
    parameters = signature(cls).parameters.values()
    named = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    kinds = {p.kind for p in parameters}
    open_ended = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds
    return open_ended or named[:2] == ["inputs", "outputs"]


def _any_batch(argument: Any) -> Any:
    """What is known of a tensor that a model was called with, for any number of rows."""
    if not hasattr(argument, "shape"):
        return argument
    shape = tuple(argument.shape)
    return InputSpec(shape=(None, *shape[1:]) if shape else (), dtype=str(argument.dtype))
