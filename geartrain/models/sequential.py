"""A model that is a plain row of layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain.dtype_policies import DTypePolicy
from geartrain.errors import shown
from geartrain.layers.context import call_scope
from geartrain.layers.input_layer import InputLayer
from geartrain.layers.layer import Layer
from geartrain.layers.symbolic import KerasTensor, tree_of_shapes
from geartrain.models.model import Model
from geartrain.registry import register, signature
from geartrain.serialization import at, check_form, deserialize, reading, refused, serialize


@register("models")
class Sequential(Model):
    """Layers one after the other, each with one input and one output.

    Args:
        layers: the layers; more can be added with `add`.
        trainable: whether optimizers update the weights.
        name: the model's name.

    >>> from geartrain import layers
    >>> network = Sequential()
    >>> network.add(layers.Dense(512, activation="relu", input_shape=(28 * 28,)))
    >>> network.add(layers.Dense(10, activation="softmax"))
    >>> network.output_shape, network.count_params()
    ((None, 10), 407050)
    """

    not_in_files = (*Model.not_in_files, "_row")

    def __init__(
        self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self._row: list[Layer] = []
        if layers is not None and not isinstance(layers, Iterable):
            raise TypeError(
                f"{self._who()}: expected a list of layers. Received: {shown(layers)}. Write "
                "Sequential([layer])."
            )
        self._extend(layers or [])

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end of the row."""
        self._extend([layer])

    def _extend(self, layers: Iterable[Any]) -> None:
        """Put layers at the end of the row, all or none."""
        before, row = self._row, list(self._row)
        named = {layer.name: layer for layer in row}
        for layer in layers:
            row.append(self._checked(layer, named))
            named[row[-1].name] = row[-1]
        self._row = row
        self._programs.clear()
        try:
            self._connect(added=len(row) - len(before))
        except Exception:
            self._row = before
            raise

    def _checked(self, layer: Any, named: dict[str, Layer]) -> Layer:
        """The layer, if it can be added to these others; it may be one of them, used again."""
        if isinstance(layer, KerasTensor):
            layer = layer.call.operation if layer.call else layer
        if not isinstance(layer, Layer):
            raise ValueError(
                f"{self._who()}: expected a layer to add. Received: {shown(layer)}. Instances go "
                "in, not classes: layers.Dense(10)."
            )
        if named.get(layer.name, layer) is not layer:
            raise ValueError(
                f"{self._who()}: expected layers with different names. Received another "
                f"{layer.name!r}. Give it another name=."
            )
        return layer

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off the row and return it."""
        if not self._row:
            raise ValueError(f"{self._who()}: has no layers. Received: pop()")
        *rest, last = self._row
        self._row = rest
        if all(layer is not last for layer in rest):
            self._layers.pop(id(last), None)
        self._graph, self.built = None, False
        self._programs.clear()
        self._connect()
        return last

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the one that only stands for the input."""
        return [layer for layer in self._row if not _is_input(layer)]

    def _connect(self, batch_shape: Any = None, dtype: str | None = None, added: int = 0) -> None:
        """Call the layers on a symbolic input, if its shape is known; or the last ones alone."""
        with call_scope(self.name, None):  # weights are "sequential/dense/kernel", as in Keras
            self._call_layers(batch_shape, dtype, added)

    def _call_layers(self, batch_shape: Any, dtype: str | None, added: int) -> None:
        if not self._row:
            return
        first, *rest = self._row
        if any(map(_is_input, rest)):
            raise ValueError(f"{self._who()}: an Input can only come first.")
        if self._graph is not None and batch_shape is None:
            tensor = self._graph.outputs
            for layer in self._row[len(self._row) - added :]:
                tensor = layer(tensor)
            self._set_graph(self._graph.inputs, tensor)
            return
        if not _is_input(first):
            shape = batch_shape or _input_shape_of(first)
            if shape is None:
                return
            rest = self._row
            first = InputLayer(batch_shape=shape, dtype=dtype or first.compute_dtype)
            first.is_guessed = dtype is not None  # as the data that came first have it
        if not rest:
            return
        tensor = first.output
        for layer in rest:
            tensor = layer(tensor)
        self._set_graph(first.output, tensor)
        self._row = [first, *rest]

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of this shape, with None for the batch axis."""
        if self._graph is None and input_shape is not None:
            self._connect(tuple(input_shape))

    def _build_once(self, args: Any, kwargs: Any) -> None:
        unknown = self._graph is None
        super()._build_once(args, kwargs)
        if unknown and self._graph is not None:  # a call has told the sizes, not its user
            self._row[0].is_guessed = True  # type: ignore[attr-defined]

    def build_from(self, x: Any) -> None:
        """Make the weights for inputs like `x`."""
        if not isinstance(x, np.ndarray):
            raise ValueError(
                f"{self._who()}: expected one array as input. Received: {type(x).__name__}. Models "
                "with several inputs are made with Model(inputs, outputs)."
            )
        if self._graph is None:
            if not self._row:
                raise ValueError(f"{self._who()}: has no layers. Add some with model.add(layer).")
            self._connect((None, *x.shape[1:]), x.dtype.name)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The last layer's output."""
        if self._graph is not None:
            return super().call(inputs, training, mask)
        if not self._row:
            raise ValueError(f"{self._who()}: has no layers. Add some with model.add(layer).")
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make the same model again, without its weights.

        Of a class that makes its layers itself, this is what its `__init__` takes.
        """
        taken = signature(type(self)).parameters
        if "layers" not in taken:
            config = super().get_config()  # without the dtype, which no row takes
            return {k: v for k, v in config.items() if k != "dtype" or k in taken}
        config = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": serialize(self.dtype_policy),
        }
        with at("layers"):
            config["layers"] = serialize(self._row)
        if self._graph is not None:
            config["build_input_shape"] = list(self.input_shape)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A model made from what `get_config` returned, which shares nothing with any other.

        Args:
            config: plain data; in old files, the list of layers alone.
            custom_objects: classes and functions of your own by name.

        Raises ValueError for a config without layers, with the place of what is wrong.
        """
        if "layers" not in signature(cls).parameters:
            return super().from_config(config, custom_objects)
        if isinstance(config, list):
            config = {"layers": config}
        if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
            raise ValueError(
                f"{cls.__name__}.from_config: expected a dictionary with a list of layers. "
                f"Received: {shown(config)}"
            )
        with reading(custom_objects):
            check_form(config)
            given = {k: config[k] for k in ("name", "trainable") if config.get(k) is not None}
            model = cls(**given)
            if config.get("dtype") is not None:
                with at("dtype"):
                    model.dtype_policy = DTypePolicy.of(deserialize(config["dtype"]))
            with at("layers"):
                layers = deserialize(config["layers"], family="layers")
                for number, layer in enumerate(layers):
                    if not isinstance(layer, Layer):
                        with at(f"[{number}]"):
                            raise refused(f"expected a layer. Received: {shown(layer)}")
            model._extend(layers)
            if model._graph is None and config.get("build_input_shape"):
                model.build(tree_of_shapes(config["build_input_shape"]))
        return model

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape of the input, once it is known."""
        return {"input_shape": self.input_shape} if self._graph is not None else None


def _is_input(layer: Layer) -> bool:
    return isinstance(layer, InputLayer)


def _input_shape_of(layer: Layer) -> Any:
    if isinstance(layer, Model) and layer._graph is not None:
        return layer.input_shape
    return layer._declared_shape
