"""A wrapper that keeps the largest singular value of a kernel at 1."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.initializers import TruncatedNormal
from geartrain.layers.arguments import positive
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.wrappers import Wrapper
from geartrain.ops.operands import dtype_of
from geartrain.registry import register


@register("layers")
class SpectralNormalization(Wrapper):
    """In training, the kernel of the layer inside is divided by its largest singular value.

    That bounds how much the layer's output changes with its input. The singular value is found by
    power iteration, which goes on from one call to the next.

    Args:
        layer: a layer with a `kernel` or `embeddings`.
        power_iterations: the steps of the iteration in each call.

    Weights: those of the layer; vector_u (1, size of the kernel's last axis), not trained.

    Raises ValueError for a layer without a kernel, or fewer than one iteration.

    Source: Miyato et al., "Spectral normalization for generative adversarial networks", 2018.

    >>> import numpy as np
    >>> from geartrain.layers import Dense
    >>> layer = SpectralNormalization(Dense(2, kernel_initializer="ones"), power_iterations=10)
    >>> layer(np.ones((1, 8), "float32"), training=True).round(2)
    array([[2., 2.]], dtype=float32)
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = positive(self, "power_iterations", power_iterations)

    def build(self, input_shape: Any = None) -> None:
        """Make the layer's weights, and the vector that the iteration starts from."""
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        self.kernel = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if self.kernel is None:
            raise ValueError(
                f"{self._who()}: expected a layer with a kernel or embeddings, such as Dense, "
                f"Conv2D or Embedding. Received: {self.layer!r}"
            )
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, self.kernel.shape[-1]),
            initializer=TruncatedNormal(stddev=0.02),
            dtype=self.kernel.dtype,
            trainable=False,
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The layer's outputs."""
        if training:
            kernel, vector_u = self.kernel.value, self.vector_u.value
            nothing = ops.all(ops.equal(kernel, 0))  # has no direction to normalize
            new, size = self._iterated(kernel, vector_u)
            self.vector_u.assign(ops.where(nothing, vector_u, new))
            self.kernel.assign(ops.divide(kernel, ops.where(nothing, 1.0, size)))
        return ops.cast(self.layer(inputs), dtype_of(inputs))

    def _iterated(self, kernel: Any, vector_u: Any) -> tuple[Any, Any]:
        """The next vector, and the largest singular value of the kernel as a matrix."""
        matrix = ops.reshape(kernel, (-1, self.kernel.shape[-1]))
        for _ in range(self.power_iterations):
            vector_v = ops.normalize(ops.matmul(vector_u, ops.transpose(matrix)), axis=None)
            vector_u = ops.normalize(ops.matmul(vector_v, matrix), axis=None)
        vector_u, vector_v = ops.stop_gradient(vector_u), ops.stop_gradient(vector_v)
        size = ops.matmul(ops.matmul(vector_v, matrix), ops.transpose(vector_u))
        return vector_u, ops.reshape(size, ())
