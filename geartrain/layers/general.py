"""Layers of no family: identity, any function, masks, embeddings of integers."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from geartrain import constraints, initializers, ops, registry, regularizers
from geartrain.errors import describe_value, shown
from geartrain.layers.arguments import only_default, positive
from geartrain.layers.layer import Layer
from geartrain.layers.low_rank import LowRank, adapted
from geartrain.ops.operands import dtype_of
from geartrain.registry import register
from geartrain.serialization import OWN_REMEDY, deserialize_each


@register("layers")
class Identity(Layer):
    """The inputs as they are.

    >>> Identity()([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """

    has_state = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs


@register("layers")
class Lambda(Layer):
    """`function(inputs)`, for any function of ops.

    The function is code, so no file can hold it, only its name: register it with
    `register_keras_serializable` where models are saved, or write a layer class of your own.

    Args:
        function: a function of the inputs; it may take `mask` and `training` too.
        output_shape: accepted as in Keras; the shape is found by running the function.
        mask: the output's mask, or a function of (inputs, mask) that makes it.
        arguments: further keywords for the function.

    Raises ValueError for anything but a function, also if a config holds it as code.

    >>> Lambda(lambda x: x ** 2)([1.0, 3.0])
    array([1., 9.], dtype=float32)
    """

    repeats = False  # the function may do anything

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ValueError(f"{self._who()}: expected a function. Received: {shown(function)}")
        self.function, self.output_shape, self.mask = function, output_shape, mask
        self.arguments = dict(arguments or {})
        self.supports_masking = mask is not None
        self._takes = set(signature(function).parameters) & {"mask", "training"}

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """The function's result."""
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{n: given[n] for n in self._takes})

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask that was given, or made by the function that was."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A layer whose functions are registered, or among `custom_objects`."""
        with registry.CustomObjectScope(custom_objects):
            made = deserialize_each(config)
            function = made.get("function")
            if isinstance(function, str):
                made["function"] = registry.custom_object(function)
        if not callable(made.get("function")):
            raise ValueError(
                "Lambda: expected a function that was registered with "
                f"register_keras_serializable(). Received: {shown(function)}. {OWN_REMEDY}"
            )
        return cls(**made)


@register("layers")
class Masking(Layer):
    """Leaves out the timesteps whose features all equal `mask_value`, in the layers that follow.

    Args:
        mask_value: the value.

    Call: inputs of shape (batch, time, features); masked ones become 0.

    >>> Masking(mask_value=9.0)([[[1.0, 2.0], [9.0, 9.0]]])
    array([[[1., 2.],
            [0., 0.]]], dtype=float32)
    """

    has_state = False

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.mask_value = mask_value

    def call(self, inputs: Any) -> Any:
        """The inputs, with zeros for what is masked."""
        kept = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return ops.where(kept, inputs, ops.zeros_like(inputs))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True for the timesteps that count."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)


@register("layers")
class Embedding(LowRank):
    """A vector for each integer: row i of a table that is learnt.

    Args:
        input_dim: the number of rows; the inputs are integers from 0 to `input_dim - 1`.
        output_dim: the length of the vectors.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: of the table.
        mask_zero: whether 0 is padding, which the layers that follow leave out.
        weights: the first values of the table, instead of an initializer.
        lora_rank, lora_alpha: see `enable_lora`, which is called once the layer is built.
        quantization_config: not supported; None only.

    Weights: embeddings (input_dim, output_dim).

    Call: integers of any shape give that shape with `output_dim` behind.

    Raises ValueError for an integer outside the table.

    >>> Embedding(3, 2, embeddings_initializer="ones")([[0, 2]])
    array([[[1., 1.],
            [1., 1.]]], dtype=float32)
    """

    embeddings = adapted("embeddings")
    lora_weight = "embeddings"
    unless_default = ("lora_rank", "lora_alpha")

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.input_dim = positive(self, "input_dim", input_dim)
        self.output_dim = positive(self, "output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = self.supports_masking = mask_zero
        self.autocast = False  # a float type too small would change the integers
        self._set_lora(lora_rank, lora_alpha)
        only_default(self, quantization_config=quantization_config)
        self._arguments.pop("weights", None)
        if weights is not None:
            self.build()
            self._fill(weights)

    def _fill(self, weights: Any) -> None:
        table = weights[0] if isinstance(weights, list) and len(weights) == 1 else weights
        array = np.asarray(table)
        if array.shape != self.embeddings.shape:
            raise ValueError(
                f"{self._who()}: expected weights of shape {self.embeddings.shape}. "
                f"Received: {describe_value(array)}"
            )
        self.embeddings.assign(array)

    def build(self, input_shape: Any = None) -> None:
        """Make the table."""
        if self.built:
            return
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        self._adapt()
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The rows."""
        if dtype_of(inputs) not in ("int32", "int64"):
            inputs = ops.cast(inputs, "int32")
        if isinstance(inputs, np.ndarray) and inputs.size:
            low, high = inputs.min(), inputs.max()
            if low < 0 or high >= self.input_dim:
                raise ValueError(
                    f"{self._who()}: expected integers from 0 to {self.input_dim - 1}. Received: "
                    f"{low if low < 0 else high}. Make input_dim larger, or clip the inputs."
                )
        return ops.cast(ops.take(self.embeddings, inputs, axis=0), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Where the inputs are not 0, with `mask_zero`."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None
