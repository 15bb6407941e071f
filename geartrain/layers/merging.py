"""Layers that make one tensor of several: `Add()([x1, x2])`, or in one step `add([x1, x2])`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from geartrain import ops
from geartrain.errors import shown
from geartrain.layers.layer import Layer
from geartrain.ops.operands import promoted
from geartrain.registry import register


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, Sequence) and all(v is None or isinstance(v, int) for v in shape)


class _Merge(Layer):
    """Base of layers that take a list of tensors."""

    exactly: int | None = None  # how many inputs, if that is fixed

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Check the number of inputs."""
        wanted = "a list of tensors" if self.exactly is None else f"a list of {self.exactly}"
        if _is_shape(input_shape) or not isinstance(input_shape, Sequence) or not input_shape:
            raise ValueError(
                f"{self._who()}: expected {wanted} as input. Received shape {input_shape}. Write "
                "layer([x1, x2])."
            )
        if self.exactly is not None and len(input_shape) != self.exactly:
            raise ValueError(
                f"{self._who()}: expected {wanted} as input. Received: {len(input_shape)} of "
                f"shapes {[tuple(shape) for shape in input_shape]}"
            )

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """A position counts if it does in one of the inputs; None if an input has no mask."""
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        first, *rest = previous_mask
        for mask in rest:
            first = ops.logical_or(first, mask)
        return first


class _Elementwise(_Merge):
    """Base of layers that combine tensors element by element.

    Tensors of lower rank get axes of size 1 behind the batch axis.
    """

    def build(self, input_shape: Any) -> None:
        """Check the number of inputs, and that their shapes fit."""
        super().build(input_shape)
        rank = max(map(len, input_shape))
        rows = [(*shape[:1], *(1,) * (rank - len(shape)), *shape[1:]) for shape in input_shape]
        for axis, found in enumerate(zip(*rows, strict=True)):
            sizes = set(found) - {None} - ({1} if axis else set())
            if len(sizes) > 1:
                place = "sizes that are equal, or 1" if axis else "batches of one size"
                raise ValueError(
                    f"{self._who()}: expected inputs with {place}. Received shapes "
                    f"{', '.join(str(tuple(shape)) for shape in input_shape)}"
                )

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The inputs combined."""
        masks = mask if isinstance(mask, list | tuple) else [None] * len(inputs)
        rank = max(len(x.shape) for x in inputs)
        return self._combined([_of_rank(x, rank) for x in inputs], list(masks))

    def _combined(self, inputs: list[Any], masks: list[Any]) -> Any:
        raise NotImplementedError


def _of_rank(x: Any, rank: int) -> Any:
    while len(x.shape) < rank:
        x = ops.expand_dims(x, 1)
    return x


def _sum(inputs: list[Any]) -> Any:
    total, *rest = inputs
    for x in rest:
        total = ops.add(total, x)
    return total


@register("layers")
class Add(_Elementwise):
    """`x1 + x2 + ...`.

    >>> import numpy as np
    >>> Add()([np.float32([1, 2]), np.float32([3, 4])])
    array([4., 6.], dtype=float32)
    """

    def _combined(self, inputs: list[Any], masks: list[Any]) -> Any:
        return _sum(inputs)


@register("layers")
class Subtract(_Elementwise):
    """`x1 - x2`, for exactly two inputs.

    >>> import numpy as np
    >>> Subtract()([np.float32([1, 2]), np.float32([3, 5])])
    array([-2., -3.], dtype=float32)
    """

    exactly = 2

    def _combined(self, inputs: list[Any], masks: list[Any]) -> Any:
        return ops.subtract(*inputs)


@register("layers")
class Multiply(_Elementwise):
    """`x1 * x2 * ...`. Positions that an input's mask leaves out count as 1.

    >>> import numpy as np
    >>> Multiply()([np.float32([1, 2]), np.float32([3, 4])])
    array([3., 8.], dtype=float32)
    """

    def _combined(self, inputs: list[Any], masks: list[Any]) -> Any:
        pairs = zip(inputs, masks, strict=True)
        kept = [
            x if m is None else ops.where(_widened(m, x), x, ops.ones_like(x)) for x, m in pairs
        ]
        product, *rest = kept
        for x in rest:
            product = ops.multiply(product, x)
        return product


@register("layers")
class Average(_Elementwise):
    """`(x1 + x2 + ...) / n`.

    >>> import numpy as np
    >>> Average()([np.float32([1, 2]), np.float32([3, 4])])
    array([2., 3.], dtype=float32)
    """

    def _combined(self, inputs: list[Any], masks: list[Any]) -> Any:
        return ops.divide(_sum(inputs), len(inputs))


class _Extreme(_Elementwise):
    """Maximum or minimum: positions that an input's mask leaves out do not compete."""

    choose: Callable[[Any, Any], Any]

    def _combined(self, inputs: list[Any], masks: list[Any]) -> Any:
        best, best_mask = inputs[0], masks[0]
        for x, mask in zip(inputs[1:], masks[1:], strict=True):
            rival = x if mask is None else ops.where(_widened(mask, x), x, best)
            if best_mask is not None:
                best = ops.where(_widened(best_mask, best), best, rival)
            both = mask is not None and best_mask is not None
            best_mask = ops.logical_or(best_mask, mask) if both else None
            best = type(self).choose(best, rival)
        return best


def _widened(mask: Any, x: Any) -> Any:
    """The mask with axes of size 1 behind, up to the rank of `x`."""
    while len(mask.shape) < len(x.shape):
        mask = ops.expand_dims(mask, -1)
    return mask


@register("layers")
class Maximum(_Extreme):
    """The largest of the inputs, element by element.

    >>> import numpy as np
    >>> Maximum()([np.float32([1, 5]), np.float32([3, 4])])
    array([3., 5.], dtype=float32)
    """

    choose = staticmethod(ops.maximum)


@register("layers")
class Minimum(_Extreme):
    """The smallest of the inputs, element by element.

    >>> import numpy as np
    >>> Minimum()([np.float32([1, 5]), np.float32([3, 4])])
    array([1., 4.], dtype=float32)
    """

    choose = staticmethod(ops.minimum)


@register("layers")
class Concatenate(_Merge):
    """The inputs end to end along an axis.

    Args:
        axis: the axis; all others must have equal sizes.

    Raises ValueError for inputs that differ along another axis.

    >>> import numpy as np
    >>> Concatenate()([np.zeros((5, 2)), np.zeros((5, 3))]).shape
    (5, 5)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Check the shapes."""
        super().build(input_shape)
        shapes = [list(shape) for shape in input_shape]
        ranks = {len(shape) for shape in shapes}
        rank = min(ranks)
        fits = len(ranks) == 1 and -rank <= self.axis < rank
        if fits:
            for place in range(rank):
                found = {shape[place] for shape in shapes} - {None}
                fits = fits and (place == self.axis % rank or len(found) < 2)
        if not fits:
            raise ValueError(
                f"{self._who()}: expected inputs of equal sizes, except along axis {self.axis}. "
                f"Received shapes {[tuple(shape) for shape in shapes]}"
            )

    def call(self, inputs: Any) -> Any:
        """The inputs joined."""
        return ops.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks joined; an input without one counts everywhere. None if none has one."""
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        masks = []
        for x, mask in zip(inputs, previous_mask, strict=True):
            full = ops.ones_like(x, dtype="bool")
            masks.append(full if mask is None else ops.logical_and(_widened(mask, x), full))
        return ops.any(ops.concatenate(masks, axis=self.axis), axis=-1)


@register("layers")
class Dot(_Merge):
    """The product of two tensors, sample by sample, summed along one axis of each.

    Args:
        axes: the axis of both, or one axis for each input.
        normalize: scale the vectors along these axes to length 1 first: the result is the cosine.

    Raises TypeError or ValueError for other axes, and for axes of unequal sizes.

    >>> import numpy as np
    >>> Dot(axes=1)([np.float32([[1, 2]]), np.float32([[3, 4]])])
    array([[11.]], dtype=float32)
    """

    exactly = 2

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        several = list(axes) if isinstance(axes, Sequence) else [axes, axes]
        if len(several) != 2 or not all(isinstance(axis, int) for axis in several):
            raise ValueError(
                f"{self._who()}: expected axes as a whole number or two. Received: {shown(axes)}"
            )
        self.axes, self.normalize = axes, normalize

    def build(self, input_shape: Any) -> None:
        """Check the shapes."""
        super().build(input_shape)
        first, second = self._axes_of(*map(len, input_shape))
        sizes = input_shape[0][first], input_shape[1][second]
        if None not in sizes and sizes[0] != sizes[1]:
            raise ValueError(
                f"{self._who()}: expected equal sizes along axis {first} of the first input and "
                f"axis {second} of the second. Received shapes {tuple(input_shape[0])} and "
                f"{tuple(input_shape[1])}"
            )

    def _axes_of(self, *ranks: int) -> tuple[int, int]:
        several = self.axes if isinstance(self.axes, Sequence) else (self.axes,) * 2
        places = [axis + rank * (axis < 0) for axis, rank in zip(several, ranks, strict=True)]
        for place, rank in zip(places, ranks, strict=True):
            if not 0 < place < rank:
                raise ValueError(
                    f"{self._who()}: expected axes behind the batch axis of inputs of rank "
                    f"{ranks[0]} and {ranks[1]}. Received: axes={self.axes}"
                )
        return places[0], places[1]

    def call(self, inputs: Any) -> Any:
        """The products."""
        x, y = promoted(*inputs)
        first, second = self._axes_of(len(x.shape), len(y.shape))
        if self.normalize:
            x, y = ops.normalize(x, axis=first), ops.normalize(y, axis=second)
        letters = "abcdefghijklmnopqrstuvwxyz"
        left = list(letters[: len(x.shape)])
        right = list(letters[len(left) : len(left) + len(y.shape)])
        right[0], right[second] = left[0], left[first]
        kept = [c for c in left if c != left[first]] + [c for c in right if c not in left]
        result = ops.einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x, y)
        return ops.expand_dims(result, -1) if len(kept) == 1 else result

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """None: the positions are summed."""
        return


def add(inputs: Any, **kwargs: Any) -> Any:
    """`Add(**kwargs)(inputs)`.

    >>> import numpy as np
    >>> add([np.float32([1]), np.float32([2])])
    array([3.], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """`Subtract(**kwargs)(inputs)`.

    >>> import numpy as np
    >>> subtract([np.float32([1]), np.float32([2])])
    array([-1.], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """`Multiply(**kwargs)(inputs)`.

    >>> import numpy as np
    >>> multiply([np.float32([3]), np.float32([2])])
    array([6.], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """`Average(**kwargs)(inputs)`.

    >>> import numpy as np
    >>> average([np.float32([1]), np.float32([2])])
    array([1.5], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """`Maximum(**kwargs)(inputs)`.

    >>> import numpy as np
    >>> maximum([np.float32([1]), np.float32([2])])
    array([2.], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """`Minimum(**kwargs)(inputs)`.

    >>> import numpy as np
    >>> minimum([np.float32([1]), np.float32([2])])
    array([1.], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis, **kwargs)(inputs)`.

    >>> import numpy as np
    >>> concatenate([np.float32([[1]]), np.float32([[2]])])
    array([[1., 2.]], dtype=float32)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """`Dot(axes, **kwargs)(inputs)`.

    >>> import numpy as np
    >>> dot([np.float32([[1, 2]]), np.float32([[3, 4]])])
    array([[11.]], dtype=float32)
    """
    return Dot(axes=axes, **kwargs)(inputs)
