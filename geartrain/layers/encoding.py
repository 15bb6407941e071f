"""Layers that make vectors of categories, and categories of numbers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import config, ops
from geartrain.layers.arguments import dense, one_of, positive
from geartrain.layers.layer import Layer
from geartrain.layers.rescaling import adapted_batches
from geartrain.registry import register

_MODES = ("multi_hot", "one_hot", "count")


def _encoded(x: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Class numbers as vectors of `depth`: see `CategoryEncoding`."""
    if not x.shape:
        x = ops.reshape(x, (1,))
    if mode == "multi_hot":
        return ops.multi_hot(x, depth, dtype=dtype)
    if mode == "one_hot":
        alone = len(x.shape) > 1 and x.shape[-1] == 1
        return ops.one_hot(ops.squeeze(x, -1) if alone else x, depth, dtype=dtype)
    vectors = ops.one_hot(x, depth, dtype=dtype)
    if weights is not None:
        vectors = ops.multiply(vectors, ops.expand_dims(weights, -1))
    return ops.sum(vectors, axis=min(1, len(x.shape) - 1))


@register("layers")
class CategoryEncoding(Layer):
    """Class numbers as vectors.

    Args:
        num_tokens: the number of classes, which is the length of the vectors.
        output_mode: `"one_hot"`, a vector with a single 1 for each number; `"multi_hot"`, one for
            each sample, with a 1 for each class that it names; `"count"`, how often it names each.
        sparse: there are only dense tensors here, so True is refused.

    Call: integers of shape (batch, size) give (batch, num_tokens), in mode "one_hot"
    (batch, size, num_tokens), where a size of 1 is dropped. In mode "count" `count_weights`, of the
    inputs' shape, says how much each counts. What is not one of 0 to num_tokens - 1 counts nowhere.

    Raises ValueError for another mode, no `num_tokens`, or `count_weights` in another mode.

    >>> CategoryEncoding(4)([[0, 1], [3, 3]])
    array([[1., 1., 0., 0.],
           [0., 0., 0., 1.]], dtype=float32)
    >>> CategoryEncoding(4, output_mode="count")([[3, 3]])
    array([[0., 0., 0., 2.]], dtype=float32)
    """

    unless_default = ("sparse",)

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        mode = "multi_hot" if output_mode == "binary" else output_mode
        self.num_tokens = positive(self, "num_tokens", num_tokens)
        self.output_mode = one_of(self, "output_mode", mode, _MODES)
        self.sparse = dense(self, sparse)

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """The vectors."""
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                f"{self._who()}: expected count_weights with output_mode='count' only. Received: "
                f"output_mode={self.output_mode!r}"
            )
        return _encoded(
            ops.cast(inputs, "int32"), self.output_mode, self.num_tokens, self.compute_dtype,
            count_weights,
        )  # fmt: skip


@register("layers")
class Discretization(Layer):
    """The number of the bin that each number falls into.

    Bin 0 is below the first boundary, bin i from boundary i - 1 up to but without boundary i.

    Args:
        bin_boundaries: rising numbers; None to find them with `adapt`.
        num_bins: how many bins `adapt` makes, each of about as many samples.
        epsilon: how far, as a fraction of the samples, `adapt` may be off.
        output_mode: `"int"` for the numbers of the bins, or vectors as of `CategoryEncoding`.
        sparse: there are only dense tensors here, so True is refused.
        dtype, name: see `Layer`.

    Call: numbers of any shape.

    Raises ValueError unless one of bin_boundaries and num_bins is given, for another mode, and for
    a call before there are boundaries.

    >>> Discretization([0.0, 10.0])([[-1.0, 0.0, 3.0, 10.0]])
    array([[0, 1, 1, 2]], dtype=int32)
    >>> layer = Discretization(num_bins=2)
    >>> layer.adapt(np.float32([1, 2, 3, 4]))
    >>> layer.bin_boundaries
    [2.0]
    """

    def __init__(
        self, bin_boundaries: Sequence[float] | None = None, num_bins: int | None = None,
        epsilon: float = 0.01, output_mode: str = "int", sparse: bool = False, dtype: Any = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"{self._who()}: expected bin_boundaries, or num_bins for adapt to find them. "
                f"Received: bin_boundaries={bin_boundaries}, num_bins={num_bins}"
            )
        self.num_bins = None if num_bins is None else positive(self, "num_bins", num_bins)
        self.bin_boundaries = None if bin_boundaries is None else [*map(float, bin_boundaries)]
        if self.bin_boundaries is not None and sorted(self.bin_boundaries) != self.bin_boundaries:
            raise ValueError(
                f"{self._who()}: expected bin_boundaries that rise. Received: {bin_boundaries}"
            )
        self.epsilon = epsilon
        self.output_mode = one_of(self, "output_mode", output_mode, ("int", *_MODES))
        self.sparse = dense(self, sparse)
        self.reset_state()

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find boundaries between bins of about as many samples of `data` each.

        Args:
            data: an array, or an iterable of batches.
            steps: how many batches to look at; all of them if None.

        Raises ValueError where the boundaries were given, and for no data.
        """
        if self.num_bins is None:
            raise ValueError(
                f"{self._who()}: bin_boundaries are given, so adapt has no use. Give num_bins."
            )
        self.reset_state()
        plain = isinstance(data, list | tuple) and not any(hasattr(one, "shape") for one in data)
        batches = adapted_batches(self._who(), np.asarray(data) if plain else data)
        for batch in itertools.islice(batches, steps):
            self.update_state(batch)
        if not self._seen.size:
            raise ValueError(f"{self._who()}: adapt expected data. Received none.")
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget what `update_state` saw."""
        self._seen = np.zeros((2, 0), "float32")

    def update_state(self, data: Any) -> None:
        """Look at a batch of numbers."""
        batch = np.asarray(data)
        if batch.size:
            both = np.concatenate([_summary(batch, self.epsilon), self._seen], axis=1)
            self._seen = _compressed(both[:, np.argsort(both[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Find the boundaries between bins of about as many of the numbers seen."""
        if self.num_bins is not None:
            self.bin_boundaries = _compressed(self._seen, 1 / self.num_bins)[0, :-1].tolist()

    @property
    def input_dtype(self) -> str:
        """The dtype of the numbers."""
        return config.floatx()

    @property
    def output_dtype(self) -> str:
        """That of the bins' numbers, int32, or of the vectors."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def compute_output_shape(self, input_shape: Any) -> Any:  # type: ignore[override]
        """That of the inputs, or with vectors in place of an axis, or behind them."""
        shape, found = tuple(input_shape), self.bin_boundaries
        if self.output_mode == "int":
            return shape
        depth = self.num_bins if found is None else len(found) + 1
        if self.output_mode == "one_hot":
            return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
        return (*shape[:1], *shape[2:], depth) if len(shape) > 1 else (depth,)

    def call(self, inputs: Any) -> Any:
        """The bins' numbers, or vectors."""
        if self.bin_boundaries is None:
            raise ValueError(f"{self._who()}: has no bin_boundaries yet. Call adapt(data) first.")
        bins = ops.digitize(inputs, np.float32(self.bin_boundaries))
        if self.output_mode == "int":
            return bins
        depth = len(self.bin_boundaries) + 1
        return _encoded(bins, self.output_mode, depth, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments, and boundaries that were found."""
        kept = (
            "bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse", "name", "dtype",
        )  # fmt: skip
        return {name: getattr(self, name) for name in kept}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that `get_config` described, with the boundaries that it had found."""
        if config.get("bin_boundaries") is None or config.get("num_bins") is None:
            return super().from_config(config)
        made = super().from_config({**config, "bin_boundaries": None})
        made.bin_boundaries = cls(config["bin_boundaries"], name=made.name).bin_boundaries
        return made


def _summary(values: np.ndarray, epsilon: float) -> np.ndarray:
    """Some of the values in order, and how many each stands for: an array of shape (2, n)."""
    step = max(values.size * epsilon, 1.0)
    chosen = np.sort(values, axis=None).astype("float32")[int(step - 1) :: int(step)]
    return np.stack([chosen, np.full_like(chosen, step)])


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """A summary of about `1 / epsilon` values, found between those of a longer one."""
    if summary.shape[1] * epsilon < 1:
        return summary
    percents = epsilon + np.arange(0.0, 1.0, epsilon)
    counts = summary[1].cumsum()
    shares = counts / counts[-1]
    values = np.interp(percents, shares, summary[0])
    counts = np.interp(percents, shares, counts)
    return np.stack([values, np.diff(counts, prepend=0.0)]).astype("float32")
