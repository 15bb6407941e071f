"""The layer of any contraction of its input with one kernel."""

from __future__ import annotations

import re
from typing import Any

from geartrain import activations, constraints, initializers, ops, regularizers
from geartrain.initializers import VarianceScaling
from geartrain.layers.arguments import only_default
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import COMMON_KEYS
from geartrain.layers.low_rank import LowRank, adapted
from geartrain.registry import register

Shape = tuple[int | None, ...]
_MOST_LETTERS = 1_000
_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


@register("layers")
class EinsumDense(LowRank):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: as for `ops.einsum`: `"abc,cd->abd"` is `Dense` on inputs of rank 3. `...` may
            stand for axes in front, or behind, of both the input and the output.
        output_shape: the output's shape without the batch axis and without what `...` stands for;
            None for sizes that are the input's.
        activation: a function's name or a function; None for none.
        bias_axes: the letters of the output's axes that have a bias each; None for no bias.
        kernel_initializer, bias_initializer: the first values of the weights.
        kernel_regularizer, bias_regularizer: penalties on the weights.
        kernel_constraint, bias_constraint: projections of the weights after each update.
        lora_rank, lora_alpha: see `enable_lora`, which is called once the layer is built.
        gptq_unpacked_column_size, quantization_config: not supported; None only.

    Weights: kernel, of the sizes of its letters; bias.

    Raises ValueError for an equation of another form, or sizes that contradict each other.

    >>> import numpy as np
    >>> layer = EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")
    >>> layer(np.zeros((5, 32, 8))).shape, layer.kernel.shape, layer.bias.shape
    ((5, 32, 64), (8, 64), (64,))
    """

    kernel = adapted("kernel")
    config_order = (*COMMON_KEYS, "output_shape")
    unless_default = ("lora_rank", "lora_alpha")

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(equation) > _MOST_LETTERS:  # messages would fill the memory
            raise ValueError(
                f"{self._who()}: expected an equation of at most {_MOST_LETTERS} characters. "
                f"Received: {len(equation)} characters, {equation!r:.40}..."
            )
        self.equation, self.bias_axes = equation, bias_axes
        self.output_shape = (
            (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        )
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        only_default(
            self,
            gptq_unpacked_column_size=gptq_unpacked_column_size,
            quantization_config=quantization_config,
        )
        self._set_lora(lora_rank, lora_alpha)
        self._letters = self._parsed()

    def _parsed(self) -> tuple[str, str, str, str]:
        """The letters of input, kernel and output, and where `...` stands: "front", "behind"."""
        found = _FORM.fullmatch(self.equation.replace(" ", ""))
        if found:
            front, left, behind, kernel, out_front, out, out_behind = found.groups()
            kernel_known = set(kernel) <= set(left + out)
            output_known = set(out) <= set(left + kernel)
            same_dots = (front, behind) == (out_front, out_behind) and not (front and behind)
            if same_dots and kernel_known and output_known:
                return left, kernel, out, "front" if front else "behind" if behind else ""
        raise ValueError(
            f"{self._who()}: expected an equation like 'ab,bc->ac', '...ab,bc->...ac' or "
            f"'ab...,bc->ac...', whose letters all have a size. Received: {self.equation!r}"
        )

    def _sizes(self, input_shape: Shape) -> dict[str, int | None]:
        """The size of each letter."""
        left, _, out, dots = self._letters
        extra = len(input_shape) - len(left)
        if extra < 0 or (extra and not dots):
            more = " or more" if dots else ""
            raise ValueError(
                f"{self._who()}: expected inputs of rank {len(left)}{more} for the equation "
                f"{self.equation!r}. Received shape {tuple(input_shape)}"
            )
        first = extra if dots == "front" else 0
        sizes = dict(zip(left, input_shape[first : first + len(left)], strict=True))
        given = out if first else out[1:]  # without the batch axis, which `...` may stand for
        if len(given) != len(self.output_shape):
            raise ValueError(
                f"{self._who()}: expected output_shape with a size for each of {given!r}, the "
                f"output's letters without the batch axis. Received: {self.output_shape}"
            )
        for letter, size in zip(given, self.output_shape, strict=True):
            known = sizes.get(letter)
            if size is not None and known is not None and size != known:
                raise ValueError(
                    f"{self._who()}: expected size {known} for {letter!r} of the equation "
                    f"{self.equation!r}, as the input of shape {tuple(input_shape)} has. "
                    f"Received: output_shape={self.output_shape}"
                )
            sizes[letter] = size if known is None else known
        return sizes

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        _, letters, out, _ = self._letters
        sizes = self._sizes(tuple(input_shape))
        initializer = self.kernel_initializer
        if isinstance(initializer, VarianceScaling):
            inputs = [place for place, letter in enumerate(letters) if letter not in out]
            outputs = [place for place, letter in enumerate(letters) if letter in out]
            initializer = initializer.with_axes(inputs, outputs)
        self.kernel = self.add_weight(
            name="kernel",
            shape=[sizes[letter] for letter in letters],
            initializer=initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.bias_axes is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=self._bias_shape(sizes, len(input_shape)),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=len(input_shape))
        self._adapt()

    def _bias_shape(self, sizes: dict[str, int | None], rank: int) -> list[int | None]:
        """From the first letter with a bias on: its size, and 1 for axes without."""
        left, _, out, dots = self._letters
        wanted = self.bias_axes or ""
        if not wanted or not set(wanted) <= set(out):
            raise ValueError(
                f"{self._who()}: expected bias_axes among the output's letters {out!r}. "
                f"Received: {wanted!r}"
            )
        first = min(out.index(letter) for letter in wanted)
        shape = [sizes[letter] if letter in wanted else 1 for letter in out[first:]]
        return shape + [1] * (rank - len(left)) if dots == "behind" else shape

    def call(self, inputs: Any) -> Any:
        """The contraction of the inputs with the kernel."""
        outputs = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs) if self.activation is not None else outputs
