"""The layer: weights, and a function of tensors that uses them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geartrain import activations, ops, regularizers, tree
from geartrain.errors import shown
from geartrain.graph.dtypes import is_float
from geartrain.graph.eager import eager
from geartrain.graph.node import Node
from geartrain.layers.arguments import sizes_of
from geartrain.layers.building import built_by, default_of, parameters, shapes_for
from geartrain.layers.context import call_scope, called, current_context, values_for
from geartrain.layers.input_spec import InputSpec, check_input
from geartrain.layers.remat_scope import current_remat_mode
from geartrain.layers.repeating import Repeating
from geartrain.layers.symbolic import (
    KerasTensor,
    of_model,
    record_call,
    tensors_of,
    tree_of_tensors,
)
from geartrain.layers.trials import inferred
from geartrain.ops.masks import mask_of, set_mask
from geartrain.ops.operands import dtype_of, extents_of, number_of, operand
from geartrain.registry import signature
from geartrain.runtime.staging import StatelessScope
from geartrain.runtime.variable import Trace, Variable, current_trace
from geartrain.serialization import count_work, serialize
from geartrain.utils.texts import as_texts

_SHAPES = ("input_shape", "batch_input_shape", "batch_shape")
_COMMON = ("name", "dtype", "trainable", "activity_regularizer", "autocast", *_SHAPES)


# What the config of every layer begins with.
COMMON_KEYS = ("name", "trainable", "dtype")


class Layer(Repeating):
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
    has_state = True  # whether there may be something to build
    _locks_when_built = True
    _called = False
    _handed_on: tuple[str, ...] = ()

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
        self.dtype_policy = dtype
        self.autocast = autocast
        if current_remat_mode() is not None:
            self.__dict__["_remat_mode"] = current_remat_mode()
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = self._building = False
        self._build_shapes: dict[str, Any] = {}
        self.supports_masking = False
        self.input_spec: Any = None
        batch_shape = batch_input_shape or batch_shape
        if input_shape is not None:
            batch_shape = (None, *sizes_of(self._who(), input_shape))
        self._declared_shape = None if batch_shape is None else sizes_of(self._who(), batch_shape)
        if not self.has_state:
            self._build_at_init()

    def _build_at_init(self) -> None:
        """Take the layer for built, unless a subclass has a `build`: for those without state."""
        if type(self).build is Layer.build:
            self.built = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = built_by(cls.build)  # type: ignore[method-assign]

    # -- calls ------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape. Nothing to make by default."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's function. Override it."""
        raise NotImplementedError(f"{self._who()}: a layer needs a method call(self, inputs).")

    @property
    def training_by_default(self) -> bool | None:  # type: ignore[override]
        """Whether a call is for training where nobody says: the default in the layer's `call`."""
        default = default_of(self.call, "training")
        return default if isinstance(default, bool) else None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Build if need be, check the input, call, and collect losses."""
        count_work()
        self._check_made()
        if not args:
            args = self._leading(kwargs)
        if args and hasattr(args[0], "columns") and hasattr(args[0], "__array__"):
            args = (np.asarray(args[0]), *args[1:])  # of a data frame
        if args and isinstance(args[0], list) and not any(map(_is_tensor, tree.flatten(args[0]))):
            args = (self._array_of(args[0]), *args[1:])
        if kwargs.get("training") is None:  # so that a model, not its making, decides
            kwargs.pop("training", None)
        if not current_trace() and of_model(args, kwargs):
            made = record_call(
                self, args, kwargs, functools.partial(self._cast_and_run, symbolic=True)
            )
            self._forget_losses()  # of symbols
            return made
        return self._cast_and_run(args, kwargs)

    def _leading(self, kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The tensors given by the names of the first parameters, taken from the keywords."""
        found = []
        for name in parameters(self.call):
            value = kwargs.get(name)
            if not isinstance(value, list) and not any(map(_is_tensor, tree.flatten(value))):
                break
            found.append(kwargs.pop(name))
        return tuple(found)

    def _cast_and_run(self, args: Any, kwargs: Any, symbolic: bool = False) -> Any:
        return self._run(*tree.map_structure(self._as_operand, (args, kwargs)), symbolic=symbolic)

    def _run(self, args: Any, kwargs: Any, symbolic: bool = False) -> Any:
        for value in tree.flatten(args[1:]):
            if value is not None and not _is_tensor(value):
                raise ValueError(
                    f"{self._who()}: expected tensors only by position. Received: "
                    f"{shown(value)}. Give anything else by keyword."
                )
        context = current_context()
        training = kwargs.pop("training", context.training if context else None)
        if training is None:
            training = self.training_by_default
        if training is not None and "training" in parameters(self.call):
            kwargs["training"] = bool(training)
        self._called = True
        values = values_for(self._handed_on, parameters(self.call), kwargs)
        compute = functools.partial(
            self._compute, training=training, values=values, symbolic=symbolic
        )
        if symbolic or values or current_trace() or not self._repeats():
            return compute(args, kwargs)
        return self._repeated(compute, args, kwargs, training)

    def _compute(self, args: Any, kwargs: Any, training: Any, values: Any, symbolic: bool) -> Any:
        """The call itself, where it is known whether it is for training."""
        dtype = self.compute_dtype if self.autocast else None
        with call_scope(self.name, training, dtype, values) as context:
            if len(context.path) == 1:
                self._forget_losses()
            self._check(args)
            self._build_once(args, kwargs)
            self._check(args)
            self._hand_masks(args, kwargs)
            spec = self._own_spec() if symbolic else None
            outputs = spec(*args, **kwargs) if spec else eager(called(self, args, kwargs))
            self._pass_masks(args, kwargs.get("mask"), outputs)
            if self.activity_regularizer is not None:
                for output in tree.flatten(outputs):
                    penalty = self.activity_regularizer(output)
                    if extents_of(output):
                        batch = number_of(extents_of(output)[0], dtype_of(penalty))
                        penalty = ops.divide_no_nan(penalty, batch)
                    self.add_loss(penalty)
        return outputs

    def _register_call_context_args(self, *names: str) -> None:
        """Let calls hand on these keywords to the layers inside, as they do with `training`.

        A layer that registers a name takes it by keyword, even if its `call` does not; those that
        are called within it, and register it too, get its value.
        """
        if self._called:
            raise RuntimeError(
                f"{self._who()}: expected names to hand on before the first call. "
                f"Received: {', '.join(names)}, after it"
            )
        self._handed_on = (*self._handed_on, *names)

    @property
    def _call_context_args(self) -> set[str]:
        return {"training", *self._handed_on}

    def _forget_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._call_losses.clear()  # type: ignore[attr-defined]

    def _array_of(self, values: Any) -> Any:
        """Lists or an array as an array, of numbers or of texts."""
        texts = as_texts(values)
        return operand(values) if texts is None else texts

    def _as_operand(self, value: Any) -> Any:
        if _is_tensor(value):
            if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "OUST":
                return self._array_of(value)
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
                raise ValueError(f"{self._who()}: expected a tensor. Received: {shown(tensor)}")
            if isinstance(spec, InputSpec):
                check_input(self._who(), spec, tuple(tensor.shape))

    def _build_once(self, args: Any, kwargs: Any) -> None:
        if self.built or self._building:  # a model is built by calling it
            return
        self.build(**shapes_for(self._who(), self.build, self.call, args, kwargs))
        self.built = True

    def _hand_masks(self, args: Any, kwargs: Any) -> None:
        """The masks of the tensors as arguments of the call, where it takes them: see `call`.

        `mask` is that of the first argument; `query_mask` that of an argument `query`, and so on.
        """
        names = parameters(self.call)
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
        if not custom and not self.supports_masking:
            return
        if not custom and all(mask is None for mask in tree.flatten(masks)):
            return
        made = self.compute_mask(args[0], masks)
        if made is not None:
            for output, mask in zip(tree.flatten(outputs), tree.flatten(made), strict=False):
                set_mask(output, mask)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the output: the input's. A call asks where `supports_masking` is set."""
        return previous_mask

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The output's shape for an input shape, with None for the batch axis."""
        if type(self).call is Layer.call:
            raise NotImplementedError(
                f"{self._who()}: expected a layer with a method call(self, inputs), or "
                "compute_output_shape(self, input_shape). Received one without."
            )
        shapes = (*args, *kwargs.values())
        inputs = [tree_of_tensors(shape, self.compute_dtype) for shape in shapes]
        outputs = self._tried(self._run, tuple(inputs), {})
        return tree.map_structure(lambda tensor: tensor.shape, outputs)

    def _tried(self, run: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The nodes that a call gives; the layer is as it was after it, built or not."""
        before = None if self.built else self._notes()
        with Trace():
            found = inferred(run, args, kwargs)
        self._forget_losses()
        if before is not None:
            self._restore(before)
        return found

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors with the shapes and dtypes of the results.

        They are found by `compute_output_shape` where a layer of yours has one, else by `call`.

        >>> from geartrain import layers
        >>> layers.Dense(3).compute_output_spec(KerasTensor((None, 8)))
        <KerasTensor shape=(None, 3), dtype=float32>
        """
        spec = self._own_shapes()
        if spec is not None:
            return spec(*args, **kwargs)
        found = self._tried(self._cast_and_run, args, kwargs)
        return tree.map_structure(
            lambda x: KerasTensor.made_by(None, extents_of(x), dtype_of(x)), found
        )

    def _own_spec(self) -> Callable[..., Any] | None:
        """What a class of yours says of the results, so that `call` need not be run for that."""
        if type(self).compute_output_spec is not Layer.compute_output_spec:
            return self.compute_output_spec
        return self._own_shapes()

    def _own_shapes(self) -> Callable[..., Any] | None:
        of = type(self).compute_output_shape
        return None if of.__module__.startswith("geartrain.") else self._spec_of_shapes

    def _spec_of_shapes(self, *args: Any, **kwargs: Any) -> Any:
        shapes = shapes_for(self._who(), self.compute_output_shape, self.call, args, kwargs)
        return tensors_of(self._who(), self.compute_output_shape(**shapes), self.compute_dtype)

    # -- losses -----------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a scalar to the loss of the call that is under way."""
        for one in tree.flatten(loss):
            if not _is_tensor(one):
                raise ValueError(
                    f"{self._who()}: expected a tensor as loss. Received: {shown(one)}"
                )
            self._call_losses.append(one)
            scope = current_trace()
            if isinstance(scope, StatelessScope) and scope.collect_losses:
                scope.add_loss(one)

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
        more = super().get_config().items()
        return common | {
            k: v for k, v in more if k not in common and (v is not None or k not in _SHAPES)
        }

    def _config_value(self, name: str) -> Any:
        value = super()._config_value(name)
        return activations.serialize(value) if name.endswith("activation") and value else value

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer made from what `get_config` returned."""
        return super().from_config(config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


Layer.build = built_by(Layer.build)  # type: ignore[method-assign]


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Node | np.ndarray | np.generic | Variable)
