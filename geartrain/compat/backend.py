"""Functions of the older `keras.backend` that today's `keras.ops` have in another form.

`geartrain.backend` finds them here, with a hint (see `names`); those that are the same in
`keras.ops` it finds there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geartrain import config, ops, random
from geartrain.compat.windows import conv1d as conv1d
from geartrain.compat.windows import conv2d as conv2d
from geartrain.compat.windows import conv2d_transpose as conv2d_transpose
from geartrain.compat.windows import conv3d as conv3d
from geartrain.compat.windows import depthwise_conv2d as depthwise_conv2d
from geartrain.compat.windows import pool2d as pool2d
from geartrain.compat.windows import pool3d as pool3d
from geartrain.compat.windows import resize_images as resize_images
from geartrain.compat.windows import separable_conv2d as separable_conv2d
from geartrain.compat.windows import spatial_2d_padding as spatial_2d_padding
from geartrain.compat.windows import spatial_3d_padding as spatial_3d_padding
from geartrain.compat.windows import temporal_padding as temporal_padding
from geartrain.errors import unknown_name
from geartrain.layers import dot as _dot
from geartrain.layers.input_layer import Input
from geartrain.ops.operands import dtype_of
from geartrain.runtime.variable import Variable

# -- values and shapes ----------------------------------------------------------------------------


def int_shape(x: Any) -> tuple[int | None, ...]:
    """The shape, with None where it is not known."""
    return tuple(x.shape)


def dtype(x: Any) -> str:
    """The dtype's name."""
    return dtype_of(x)


def count_params(x: Any) -> int:
    """The number of elements."""
    return int(np.prod(int_shape(x)))


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """A variable with a first value, of the default float type."""
    made = Variable(value, dtype=dtype or config.floatx(), name=name)
    made.constraint = constraint
    return made


def placeholder(
    shape: Any = None, ndim: int | None = None, dtype: Any = None, sparse: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """A symbolic input, of a shape with the batch axis."""
    return Input(batch_shape=shape or (None,) * (ndim or 0), dtype=dtype, sparse=sparse, name=name)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """A tensor of a value, spread over a shape."""
    made = ops.convert_to_tensor(value, dtype or config.floatx())
    return made if shape is None else ops.broadcast_to(made, shape)


_ORDERINGS = {"tf": "channels_last", "th": "channels_first"}


def image_dim_ordering() -> str:
    """The place of the channels in Keras 1's words: "tf" for last, "th" for first."""
    return {value: name for name, value in _ORDERINGS.items()}[config.image_data_format()]


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the place of the channels in Keras 1's words; see `image_dim_ordering`."""
    if dim_ordering not in _ORDERINGS:
        raise unknown_name("dim_ordering of set_image_dim_ordering", dim_ordering, _ORDERINGS)
    config.set_image_data_format(_ORDERINGS[dim_ordering])


def cast_to_floatx(x: Any) -> Any:
    """The tensor in the default float type."""
    return ops.cast(x, config.floatx())


def eval(x: Any) -> Any:
    """The value as an array."""
    return ops.convert_to_numpy(x)


get_value = eval


def set_value(x: Any, value: Any) -> None:
    """Give a variable a value."""
    x.assign(value)


def batch_get_value(tensors: Sequence[Any]) -> list[Any]:
    """The values of several tensors."""
    return [eval(tensor) for tensor in tensors]


def batch_set_value(tuples: Sequence[tuple[Any, Any]]) -> None:
    """Give variables their values, in pairs of both."""
    for target, value in tuples:
        target.assign(value)


def update(x: Any, new_x: Any) -> Any:
    """Give a variable a value."""
    x.assign(new_x)
    return x


def update_add(x: Any, increment: Any) -> Any:
    """Add to a variable."""
    x.assign_add(increment)
    return x


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtract from a variable."""
    x.assign_sub(decrement)
    return x


# -- other names and defaults ---------------------------------------------------------------------


def argmax(x: Any, axis: int = -1) -> Any:
    """The place of the greatest element along an axis."""
    return ops.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """The place of the least element along an axis."""
    return ops.argmin(x, axis)


def cumsum(x: Any, axis: int = 0) -> Any:
    """The sums so far along an axis."""
    return ops.cumsum(x, axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    """The products so far along an axis."""
    return ops.cumprod(x, axis)


def expand_dims(x: Any, axis: int = -1) -> Any:
    """The tensor with an axis of size 1 more."""
    return ops.expand_dims(x, axis)


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """The tensors one after another along an axis."""
    return ops.concatenate(list(tensors), axis)


def flatten(x: Any) -> Any:
    """All elements in a row."""
    return ops.ravel(x)


def batch_flatten(x: Any) -> Any:
    """The elements of each sample in a row."""
    return ops.reshape(x, (-1, int(np.prod(int_shape(x)[1:]))))


def permute_dimensions(x: Any, pattern: Sequence[int]) -> Any:
    """The axes in another order."""
    return ops.transpose(x, pattern)


def transpose(x: Any) -> Any:
    """The axes in the opposite order."""
    return ops.transpose(x)


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Each slice along an axis several times."""
    return ops.repeat(x, rep, axis)


def repeat(x: Any, n: int) -> Any:
    """Vectors (batch, size) as sequences (batch, n, size)."""
    return ops.repeat(ops.expand_dims(x, 1), n, 1)


def gather(reference: Any, indices: Any) -> Any:
    """The rows with these numbers."""
    return ops.take(reference, indices, 0)


def reverse(x: Any, axes: Any) -> Any:
    """The elements along axes in the opposite order."""
    return ops.flip(x, axes)


def pow(x: Any, a: Any) -> Any:
    """`x ** a`."""
    return ops.power(x, a)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """`x`, or `alpha * (exp(x) - 1)` where it is negative."""
    return ops.elu(x, alpha)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """The tensor divided by its norm, over all elements or along an axis."""
    if axis is None:
        return ops.reshape(ops.normalize(ops.ravel(x), axis=0), ops.shape(x))
    return ops.normalize(x, axis=axis)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two tensors, or of what two functions give, as the condition says."""
    one, other = (
        branch() if callable(branch) else branch for branch in (then_expression, else_expression)
    )
    missing = len(int_shape(one)) - len(int_shape(condition))
    for _ in range(missing):
        condition = ops.expand_dims(condition, -1)
    return ops.where(condition, one, other)


def stop_gradient(variables: Any) -> Any:
    """The tensors, as constants for gradients."""
    if isinstance(variables, list | tuple):
        return [ops.stop_gradient(one) for one in variables]
    return ops.stop_gradient(variables)


def map_fn(fn: Callable[[Any], Any], elems: Any, name: Any = None, dtype: Any = None) -> Any:
    """The function of each element along the first axis."""
    return ops.map(fn, elems)


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: Any = None
) -> Any:
    """What a function makes of the elements along the first axis, one after another."""
    start, rest = (elems[0], elems[1:]) if initializer is None else (initializer, elems)
    return ops.scan(lambda carry, x: (fn(carry, x), None), start, rest)[0]


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: Any = None
) -> Any:
    """`foldl` from the last element to the first."""
    return foldl(fn, ops.flip(elems, 0), initializer)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """The tensor with a bias for each channel."""
    if (data_format or config.image_data_format()) == "channels_first" and len(x.shape) > 2:
        bias = ops.reshape(bias, (-1,) + (1,) * (len(x.shape) - 2))
    return ops.add(x, bias)


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """The products of each sample with its partner, summed over an axis of both."""
    if axes is None:
        axes = (len(x.shape) - 1, max(len(y.shape) - 2, 1))
    return _dot([x, y], axes)


# -- losses ---------------------------------------------------------------------------------------


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Element by element."""
    return ops.binary_crossentropy(target, output, from_logits)


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """One number for each sample."""
    return ops.categorical_crossentropy(target, output, from_logits, axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """One number for each sample."""
    return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Whether each target is among the k greatest predictions."""
    return ops.in_top_k(targets, predictions, k)


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """The CTC loss of probabilities, the last class being the blank: (batch, 1)."""
    counts, frames = (ops.squeeze(one, -1) for one in (label_length, input_length))
    scores = ops.log(y_pred + config.epsilon())
    blank = ops.shape(y_pred)[-1] - 1
    return ops.expand_dims(ops.ctc_loss(y_true, scores, counts, frames, blank), 1)


def ctc_decode(
    y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[Any], Any]:
    """The labels that probabilities tell, one tensor for each path, filled with -1; and scores."""
    labels, scores = ops.ctc_decode(
        ops.log(y_pred + config.epsilon()), input_length, "greedy" if greedy else "beam_search",
        beam_width, top_paths, mask_index=None,
    )  # fmt: skip
    return [labels[path] for path in range(int(labels.shape[0]))], scores


# -- random numbers -------------------------------------------------------------------------------


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Numbers of the normal distribution."""
    return random.normal(shape, mean, stddev, dtype, seed)


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Numbers of a range, each as likely."""
    return random.uniform(shape, minval, maxval, dtype, seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Numbers of the normal distribution, none farther off than two deviations."""
    return random.truncated_normal(shape, mean, stddev, dtype, seed)


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: Any = None, seed: Any = None
) -> Any:
    """A variable of normal numbers."""
    return variable(random_normal(shape, mean, scale, dtype, seed), dtype, name)


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: Any = None, seed: Any = None
) -> Any:
    """A variable of numbers of a range."""
    return variable(random_uniform(shape, low, high, dtype, seed), dtype, name)


def random_bernoulli(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """Ones with probability p, else zeros."""
    drawn = random.uniform(shape, 0.0, 1.0, "float32", seed)
    return ops.cast(ops.less(drawn, p), dtype or config.floatx())


def dropout(x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """The tensor with a share of its elements set to 0, and the others grown."""
    return random.dropout(x, level, noise_shape, seed)
