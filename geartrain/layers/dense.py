"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from geartrain import activations, constraints, initializers, ops, regularizers
from geartrain.layers.arguments import known_size, only_default, positive
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.low_rank import LowRank, adapted
from geartrain.registry import register


@register("layers")
class Dense(LowRank):
    """`activation(inputs @ kernel + bias)`.

    Args:
        units: the size of the output's last axis.
        activation: a function's name or a function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: the first values of the weights.
        kernel_regularizer, bias_regularizer: penalties on the weights.
        activity_regularizer: a penalty on the output.
        kernel_constraint, bias_constraint: projections of the weights after each update.
        lora_rank, lora_alpha: see `enable_lora`, which is called once the layer is built.
        quantization_config: not supported; None only.

    Weights: kernel (inputs, units), bias (units,).

    Call: inputs of shape (batch, ..., inputs) give (batch, ..., units).

    Raises ValueError for inputs of rank 1, or whose last axis is not the kernel's first.

    >>> import numpy as np
    >>> layer = Dense(2, kernel_initializer="ones")
    >>> layer(np.float32([[1, 2, 3]]))
    array([[6., 6.]], dtype=float32)
    """

    kernel = adapted("kernel")

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._set_lora(lora_rank, lora_alpha)
        only_default(self, quantization_config=quantization_config)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        inputs = known_size(self, input_shape, -1)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(inputs, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: inputs})
        self._adapt()

    def call(self, inputs: Any) -> Any:
        """The weighted sums of the inputs, through the activation."""
        outputs = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs) if self.activation is not None else outputs
