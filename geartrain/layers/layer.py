"""The layer: weights, and a function of tensors that uses them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geartrain import activations, ops, regularizers, tree
from geartrain.dtype_policies import DTypePolicy
from geartrain.errors import shown
from geartrain.graph.dtypes import is_float
from geartrain.graph.eager import eager
from geartrain.graph.node import Node
from geartrain.layers.arguments import sizes_of
from geartrain.layers.context import call_scope, called, current_context
from geartrain.layers.input_spec import InputSpec, check_input
from geartrain.layers.stateless import Stateless
from geartrain.layers.symbolic import (
    of_model,
    record_call,
    shapes_of,
    tree_of_shapes,
    tree_of_tensors,
)
from geartrain.layers.trials import inferred
from geartrain.ops.masks import mask_of, set_mask
from geartrain.ops.operands import dtype_of, extents_of, number_of, operand
from geartrain.registry import signature
from geartrain.runtime.variable import Trace, Variable, concrete_scope, current_trace
from geartrain.serialization import count_work, serialize

_COMMON = (
    "name", "dtype", "trainable", "activity_regularizer", "autocast",
    "input_shape", "batch_input_shape", "batch_shape",
)  # fmt: skip


# What the config of every layer begins with.
COMMON_KEYS = ("name", "trainable", "dtype")


@functools.cache
def _signature(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: None if p.default is p.empty else p.default for p in parameters}


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the parameters, of a method without `self`; no layer is kept in mind by it."""
    own = getattr(function, "__func__", function)
    return tuple(_signature(own))[own is not function :]


class Layer(Stateless):
    """A building block of models: weights made by `build`, used by `call`.

    Write a layer of your own by overriding `build(self, input_shape)`, which makes weights with
    `add_weight`, and `call(self, inputs)`, which computes with `geartrain.ops`.

    Args:
        activity_regularizer: a penalty on the output, added to the loss.
        trainable: whether optimizers update the weights.
        dtype: a dtype's name or a `DTypePolicy`.
        autocast: whether float inputs are cast to the compute dtype.
        name: the layer's name; by default the class's, numbered.

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(np.ones((1, 2), "float32"))
    array([[1., 1.]], dtype=float32)
    """

    accepts = _COMMON

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        input_shape: Sequence[int | None] | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        batch_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(trainable, name)
        self._call_losses: list[Any] = []
        self.dtype_policy = DTypePolicy.of(dtype, self.name)
        self.autocast = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = self._building = False
        self._build_shapes: dict[str, Any] = {}
        self.supports_masking = False
        self.input_spec: Any = None
        batch_shape = batch_input_shape or batch_shape
        if input_shape is not None:
            batch_shape = (None, *sizes_of(self._who(), input_shape))
        self._declared_shape = None if batch_shape is None else sizes_of(self._who(), batch_shape)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _built_by(cls.build)  # type: ignore[method-assign]

    # -- types ------------------------------------------------------------------------------------

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self.dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype that float inputs are cast to."""
        return self.dtype_policy.compute_dtype

    # -- calls ------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape. Nothing to make by default."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's function. Override it."""
        raise NotImplementedError(f"{self._who()}: a layer needs a method call(self, inputs).")

    @property
    def training_by_default(self) -> bool | None:  # type: ignore[override]
        """Whether a call is for training where nobody says: the default in the layer's `call`."""
        default = _signature(getattr(self.call, "__func__", self.call)).get("training")
        return default if isinstance(default, bool) else None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Build if need be, check the input, call, and collect losses."""
        count_work()
        if not args:
            args = self._leading(kwargs)
        if args and isinstance(args[0], list) and not any(map(_is_tensor, tree.flatten(args[0]))):
            args = (operand(args[0]), *args[1:])
        if kwargs.get("training") is None:  # so that a model, not its making, decides
            kwargs.pop("training", None)
        if not current_trace() and of_model(args, kwargs):
            return record_call(self, args, kwargs, self._cast_and_run)
        return self._cast_and_run(args, kwargs)

    def _leading(self, kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The tensors given by the names of the first parameters, taken from the keywords."""
        found = []
        for name in _parameters(self.call):
            value = kwargs.get(name)
            if not isinstance(value, list) and not any(map(_is_tensor, tree.flatten(value))):
                break
            found.append(kwargs.pop(name))
        return tuple(found)

    def _cast_and_run(self, args: Any, kwargs: Any) -> Any:
        return self._run(*tree.map_structure(self._as_operand, (args, kwargs)))

    def _run(self, args: Any, kwargs: Any) -> Any:
        context = current_context()
        training = kwargs.pop("training", context.training if context else None)
        if "training" in _parameters(self.call):
            training = self.training_by_default if training is None else training
            kwargs["training"] = bool(training)
        dtype = self.compute_dtype if self.autocast else None
        with call_scope(self.name, training, dtype) as context:
            if len(context.path) == 1:
                for layer in self._flatten_layers():
                    layer._call_losses.clear()
            self._check(args)
            self._build_once(args, kwargs)
            self._check(args)
            self._hand_masks(args, kwargs)
            outputs = eager(called(self, args, kwargs))
            self._pass_masks(args, kwargs.get("mask"), outputs)
            if self.activity_regularizer is not None:
                for output in tree.flatten(outputs):
                    penalty = self.activity_regularizer(output)
                    batch = number_of(extents_of(output)[0], dtype_of(output))
                    self.add_loss(ops.divide(penalty, batch))
        return outputs

    def _as_operand(self, value: Any) -> Any:
        if _is_tensor(value):
            tensor = operand(value)
            if self.autocast and is_float(dtype_of(tensor)):
                tensor = operand(tensor, self.compute_dtype)
            if tensor is not value:
                set_mask(tensor, mask_of(value))
            return tensor
        return value

    def _check(self, args: Any) -> None:
        if self.input_spec is None:
            return
        specs, tensors = tree.flatten(self.input_spec), tree.flatten(args[:1])
        if len(specs) != len(tensors):
            raise ValueError(
                f"{self._who()}: expected {len(specs)} inputs. Received: {len(tensors)}. Write "
                "layer(x), or layer([x1, x2]) for several."
            )
        for spec, tensor in zip(specs, tensors, strict=True):
            if not hasattr(tensor, "shape"):
                raise TypeError(f"{self._who()}: expected a tensor. Received: {shown(tensor)}")
            if isinstance(spec, InputSpec):
                check_input(self._who(), spec, tuple(tensor.shape))

    def _build_once(self, args: Any, kwargs: Any) -> None:
        if self.built or self._building:  # a model is built by calling it
            return
        shapes = [shapes_of(argument) for argument in args]
        expected = _parameters(self.build)
        if len(expected) <= 1:
            shapes = shapes[: len(expected)]
        else:
            names = _parameters(self.call)
            given = {f"{name}_shape": s for name, s in zip(names, shapes, strict=False)}
            given |= {f"{name}_shape": shapes_of(value) for name, value in kwargs.items()}
            shapes = [given.get(name) for name in expected]
        self.build(*shapes)
        self.built = True

    def _hand_masks(self, args: Any, kwargs: Any) -> None:
        """The masks of the tensors as arguments of the call, where it takes them: see `call`.

        `mask` is that of the first argument; `query_mask` that of an argument `query`, and so on.
        """
        names = _parameters(self.call)
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        wanted = {"mask": args[0]} if args else {}
        wanted |= {f"{name}_mask": value for name, value in given.items()}
        for name, value in wanted.items():
            if name in names and given.get(name) is None:
                masks = tree.map_structure(mask_of, value)
                if any(mask is not None for mask in tree.flatten(masks)):
                    kwargs[name] = masks

    def _pass_masks(self, args: Any, masks: Any, outputs: Any) -> None:
        if not args:
            return
        if masks is None:
            masks = tree.map_structure(mask_of, args[0])
        custom = type(self).compute_mask is not Layer.compute_mask
        if not custom and all(mask is None for mask in tree.flatten(masks)):
            return
        made = self.compute_mask(args[0], masks)
        if made is not None:
            for output, mask in zip(tree.flatten(outputs), tree.flatten(made), strict=False):
                set_mask(output, mask)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the output: the input's where the layer passes masks on."""
        return previous_mask if self.supports_masking else None

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The output's shape for an input shape, with None for the batch axis."""
        shapes = (*args, *kwargs.values())
        inputs = [tree_of_tensors(shape, self.compute_dtype) for shape in shapes]
        with Trace():
            outputs = inferred(self._run, tuple(inputs), {})
        return tree.map_structure(lambda tensor: tensor.shape, outputs)

    # -- losses -----------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a scalar to the loss of the call that is under way."""
        self._call_losses.extend(tree.flatten(loss))

    @property
    def losses(self) -> list[Any]:
        """Penalties: those added in the last call, and those of regularized weights."""
        found = [loss for layer in self._flatten_layers() for loss in layer._call_losses]
        for weight in self.trainable_weights:
            if weight.regularizer is not None:
                found.append(weight.regularizer(weight))
        return found

    # -- description ------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make the same layer again, without its weights."""
        common = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": serialize(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            common["activity_regularizer"] = serialize(self.activity_regularizer)
        taken = signature(type(self)).parameters
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
            common = {name: value for name, value in common.items() if name in taken}
        return {**common, **{k: v for k, v in super().get_config().items() if k not in common}}

    def _config_value(self, name: str) -> Any:
        value = super()._config_value(name)
        return activations.serialize(value) if name.endswith("activation") and value else value

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer made from what `get_config` returned."""
        return super().from_config(config)

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that the layer was built for, in the form of files; None before it is.

        >>> layer = Layer()
        >>> layer.build((None, 3))
        >>> layer.get_build_config()
        {'input_shape': (None, 3)}
        """
        if not self._build_shapes:
            return None
        if len(self._build_shapes) == 1:
            return {"input_shape": next(iter(self._build_shapes.values()))}
        return {"shapes_dict": dict(self._build_shapes)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shapes that `get_build_config` gave.

        >>> layer = Layer()
        >>> layer.build_from_config({"input_shape": [None, 3]})
        >>> layer.built
        True
        """
        shapes = tree_of_shapes(config.get("shapes_dict", {}))
        if "input_shape" in config:
            self.build(tree_of_shapes(config["input_shape"]))
        elif shapes:
            self.build(**shapes)

    # -- copies -----------------------------------------------------------------------------------

    def _own_layers(self, parts: list[Any]) -> list[Any]:
        """This layer and those below it, without `parts` and what is below them."""
        outside = {id(part) for part in parts}
        found, stack = dict[int, Any](), [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in found and id(layer) not in outside:
                found[id(layer)] = layer
                stack.extend(reversed(layer._sublayers()))  # type: ignore[arg-type]
        return list(found.values())

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        layers = self._own_layers(parts)
        variables = [variable for layer in layers for variable in layer._kept_variables()]
        return {
            "built": [(layer.built, layer.get_build_config()) for layer in layers],
            "arrays": [variable.array for variable in variables],
            "variables": [(one.name, one.path, one.trainable) for one in variables],
            "layers": [(layer.name, layer._trainable) for layer in layers],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the values of the layer that this one is a copy of."""
        parts = self.__dict__.pop("_parts", [])
        self._build_as(state["built"], parts)
        layers = self._own_layers(parts)
        variables = [variable for layer in layers for variable in layer._kept_variables()]
        shapes = [[one.shape for one in of] for of in (state["arrays"], variables)]
        if shapes[0] != shapes[1] or len(layers) != len(state["layers"]):
            raise ValueError(
                f"{self._who()}: expected a copy with variables of the shapes {shapes[0]}. "
                f"Received, when it was made again of its config: {shapes[1]}. Let get_config and "
                "get_build_config tell all that they depend on."
            )
        for variable, array, known in zip(
            variables, state["arrays"], state["variables"], strict=True
        ):
            variable.assign(array)
            variable.name, variable.path, variable.trainable = known
        for layer, (name, trainable) in zip(layers, state["layers"], strict=True):
            vars(layer).update(name=name, _trainable=trainable)

    def _build_as(self, built: list[tuple[bool, Any]], parts: list[Any]) -> None:
        """Build what was built, from the outside to the inside, each layer for its own shapes."""
        layers = self._own_layers(parts)
        for place, (was_built, config) in enumerate(built[: len(layers)]):
            if was_built and not layers[place].built:
                if config is not None:
                    layers[place].build_from_config(config)
                layers[place].built = True
                layers = self._own_layers(parts)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _built_by(build: Callable[..., None]) -> Callable[..., None]:
    """A `build` that names its weights after the layer, and notes for which shapes they are."""

    @functools.wraps(build)
    def wrapped(layer: Any, *args: Any, **kwargs: Any) -> None:
        within, layer._building = layer._building, True
        try:
            with concrete_scope(), call_scope(layer.name, None) as context:
                layer._path = "/".join(context.path)
                build(layer, *args, **kwargs)
        finally:
            layer._building = within
        shapes = dict(zip(_parameters(build)[1:], args, strict=False)) | kwargs
        layer._build_shapes = {name: one for name, one in shapes.items() if one is not None}
        if any(shape is not None for shape in (*args, *kwargs.values())):
            layer.built = True

    return wrapped


Layer.build = _built_by(Layer.build)  # type: ignore[method-assign]


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Node | np.ndarray | np.generic | Variable)
