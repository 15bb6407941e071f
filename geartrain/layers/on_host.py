"""The base of layers that compute with NumPy, before the compiled program: see `runtime.stage`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.errors import shown
from geartrain.graph.node import Node
from geartrain.layers.layer import Layer
from geartrain.layers.symbolic import KerasTensor, shapes_of
from geartrain.ops.operands import operand
from geartrain.runtime.stage import on_host
from geartrain.utils.texts import as_texts


class HostLayer(Layer):
    """Base: a layer whose function NumPy computes. Override `compute` and what it makes.

    Inside a model it runs on each batch before the compiled program does.
    """

    repeats = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """The layer's function, of arrays of numbers or of texts (Python's strings)."""
        raise NotImplementedError

    def output_dtype(self) -> str:
        """The dtype of what `compute` returns."""
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute at once, or take part in a model; lists and strings are arrays of texts."""
        if args and not isinstance(args[0], Node | np.ndarray):
            args = (self._given(args[0]), *args[1:])
        return super().__call__(*args, **kwargs)

    def _given(self, value: Any) -> Any:
        """The first argument of a call, which may be nested lists of plain values."""
        return self._one(value)

    def _one(self, value: Any) -> Any:
        if isinstance(value, Node) or hasattr(value, "__tensor__"):
            return value
        texts = as_texts(value)
        if texts is not None:
            return texts
        if _is_ragged(value):
            raise ValueError(
                f"{self._who()}: expected tensors, whose rows have one length. Received: "
                f"{shown(value)}, rows of several lengths. Pad them first."
            )
        return operand(value)

    def call(self, inputs: Any) -> Any:
        """What `compute` returns for the inputs."""
        tensors = tree.flatten(inputs)
        shape = self.compute_output_shape(shapes_of(inputs))
        return on_host(
            self.compute, tensors, lambda: KerasTensor(shape, self.output_dtype()),
            keeps_shape=None not in shape[1:],
        )  # fmt: skip


def _is_ragged(value: Any) -> bool:
    """Whether a list holds lists of several lengths."""
    return (
        isinstance(value, list | tuple)
        and all(isinstance(row, Sequence) and not isinstance(row, str) for row in value)
        and len(set(map(len, value))) > 1
    )
