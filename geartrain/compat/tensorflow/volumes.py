"""`tf.nn`: rarer windows, and losses over sequences and replicas."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.neural import _convolve, _padding, _pool, _spatial, conv2d
from geartrain.compat.tensorflow.shapes import axis_of, shape_of
from geartrain.compat.tensorflow.sparse import SparseTensor
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.ops.operands import dtype_of, extents_of, operand


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: Any, name: Any = None) -> Any:
    """A convolution with `rate - 1` pixels between those of a window."""
    return conv2d(value, filters, 1, padding, dilations=rate)


def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NDHWC",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The greatest element of each window of volumes."""
    return _pool(ops.max_pool, input, ksize, strides, padding, data_format, 3)


def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NDHWC",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The mean of each window of volumes."""
    return _pool(ops.average_pool, input, ksize, strides, padding, data_format, 3)


def _around(x: Any, size: Any, step: Any) -> tuple[Any, list[list[int]]]:
    """Images with the least number around, so that windows fit as in "same"; and how much of it."""
    margins = [
        max((-(-extent // s) - 1) * s + k - extent, 0)
        for extent, k, s in zip(extents_of(x)[1:3], size, step, strict=True)
    ]
    widths = [[0, 0], *[[one // 2, one - one // 2] for one in margins], [0, 0]]
    return ops.pad(x, widths, constant_values=float(np.finfo(dtype_of(x)).min)), widths


def max_pool_with_argmax(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NHWC",
    output_dtype: Any = "int64", include_batch_in_index: bool = False, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The greatest element of each window of images, and its place in the flat image."""
    x = operand(input)
    batch, rows, columns, channels = extents_of(x)
    count = rows * columns * channels
    places = np.arange(count, dtype="float64").reshape(1, rows, columns, channels)
    size, step = _spatial(ksize, 2), _spatial(strides, 2)
    if _padding(padding) == "same":
        x, margins = _around(x, size, step)
        places = np.pad(places, margins)
    high, wide = (
        (extent - k) // s + 1 for extent, k, s in zip(x.shape[1:3], size, step, strict=True)
    )

    def windows(image: Any) -> Any:
        return ops.stack(
            [
                image[:, i : i + (high - 1) * step[0] + 1 : step[0],
                      j : j + (wide - 1) * step[1] + 1 : step[1]]
                for i in range(size[0]) for j in range(size[1])
            ], axis=-1,
        )  # fmt: skip

    seen = windows(x)
    chosen = ops.expand_dims(ops.argmax(seen, -1), -1)
    at = ops.broadcast_to(windows(operand(places)), ops.shape(seen))
    found = ops.cast(ops.take_along_axis(at, chosen, -1)[..., 0], str(output_dtype))
    if include_batch_in_index:
        numbers = ops.reshape(ops.arange(batch, dtype=str(output_dtype)), (-1, 1, 1, 1))
        found = found + numbers * count
    return ops.take_along_axis(seen, chosen, -1)[..., 0], found


def dilation2d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: Any, dilations: Any,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The greatest of the elements plus the filter's, of each window: morphology of gray images."""
    x, kernel = operand(input), operand(filters)
    rows, columns, channels = extents_of(kernel)
    if _padding(padding) == "same":
        rates = _spatial(dilations, 2)
        seen = [(one - 1) * rate + 1 for one, rate in zip((rows, columns), rates, strict=True)]
        x, _ = _around(x, seen, _spatial(strides, 2))
    patches = ops.image.extract_patches(
        x, (rows, columns), tuple(strides[1:3]), dilations[1], "valid", data_format="channels_last"
    )
    batch, high, wide, _ = ops.shape(patches)
    seen = ops.reshape(patches, (batch, high, wide, rows * columns, channels))
    return ops.max(seen + ops.reshape(kernel, (rows * columns, channels)), axis=3)


def erosion2d(
    value: Any, filters: Any, strides: Any, padding: Any, data_format: Any, dilations: Any,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The least of the elements minus the filter's, of each window."""
    turned = ops.flip(operand(filters), (0, 1))
    return -dilation2d(-operand(value), turned, strides, padding, data_format, dilations)


def _transposed(x: Any, kernel: Any, output_shape: Any, strides: Any, padding: Any,
                dilations: Any, rank: int) -> Any:  # fmt: skip
    made = _convolve(x, kernel, strides, padding, None, dilations, rank, ops.conv_transpose)
    wanted = shape_of(output_shape)
    wanted = wanted[1:-1] if len(wanted) == rank + 2 else wanted
    return made[(slice(None), *(slice(0, one) for one in wanted))]


def conv1d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME",
    data_format: Any = "NWC", dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The transpose of a convolution along one axis."""
    return _transposed(input, filters, output_shape, strides, padding, dilations, 1)


def conv3d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME",
    data_format: Any = "NDHWC", dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The transpose of a convolution of volumes."""
    return _transposed(input, filters, output_shape, strides, padding, dilations, 3)


def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any]:
    """The mean and variance along axes, each element counted by its weight."""
    value, along = operand(x), axis_of(axes)
    weights = ops.broadcast_to(ops.cast(frequency_weights, dtype_of(value)), ops.shape(value))
    total = ops.sum(weights, axis=along, keepdims=True)
    mean = ops.sum(value * weights, axis=along, keepdims=True) / total
    variance = ops.sum(weights * ops.square(value - mean), axis=along, keepdims=True) / total
    return (mean, variance) if keepdims else tuple(ops.squeeze(y, along) for y in (mean, variance))


# -- losses ---------------------------------------------------------------------------------------


def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> Any:
    """The sum of the losses over the size of the batch of all replicas, of which there is one."""
    losses = operand(per_example_loss)
    losses = losses if sample_weight is None else losses * sample_weight
    size = ops.shape(losses)[0] if global_batch_size is None else global_batch_size
    return ops.sum(losses) / size


def scale_regularization_loss(regularization_loss: Any) -> Any:
    """The sum of the penalties, over the number of replicas, of which there is one."""
    return ops.sum(regularization_loss)


def ctc_loss(
    labels: Any, logits: Any, label_length: Any, logit_length: Any, logits_time_major: bool = True,
    unique: Any = None, blank_index: int | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Minus the log-probability of labels, dense or sparse, for each sample."""
    frames = ops.swapaxes(logits, 0, 1) if logits_time_major else operand(logits)
    classes = extents_of(frames)[-1]
    if isinstance(labels, SparseTensor):
        label_length = np.bincount(np.asarray(labels.indices)[:, 0], minlength=labels.shape[0])
        labels = labels.__tensor__()
        blank_index = classes - 1 if blank_index is None else blank_index
    blank = (blank_index or 0) % classes
    return ops.ctc_loss(labels, frames, label_length, logit_length, blank)


def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True, blank_index: Any = None
) -> tuple[list[SparseTensor], Any]:
    """The likeliest class of each frame, of logits (time, batch, classes); and scores."""
    labels, scores = ops.ctc_decode(
        ops.swapaxes(inputs, 0, 1), sequence_length, "greedy", merge_repeated=merge_repeated,
        mask_index=blank_index,
    )  # fmt: skip
    found = np.asarray(labels[0])
    places = np.argwhere(found >= 0)
    shape = (len(found), int((found >= 0).sum(1).max(initial=0)))
    return [SparseTensor(places, found[tuple(places.T)].astype("int64"), shape)], scores


def collapse_repeated(labels: Any, seq_length: Any, name: str | None = None) -> tuple[Any, Any]:
    """Labels without repetitions of the one before, and how many there are."""
    rows = [
        [one for n, one in enumerate(row[:length]) if n == 0 or one != row[n - 1]]
        for row, length in zip(
            np.asarray(labels).tolist(), np.asarray(seq_length).tolist(), strict=True
        )
    ]
    kinds = [np.asarray(convert_to_tensor(x)).dtype for x in (labels, seq_length)]
    made = np.zeros((len(rows), max(map(len, rows), default=0)), kinds[0])
    for place, row in enumerate(rows):
        made[place, : len(row)] = row
    lengths = np.array([len(row) for row in rows], kinds[1])
    return tensor(made), tensor(lengths)


__all__ = [
    "atrous_conv2d", "avg_pool3d", "collapse_repeated", "compute_average_loss",
    "conv1d_transpose", "conv3d_transpose", "ctc_greedy_decoder", "ctc_loss", "dilation2d",
    "erosion2d", "max_pool3d", "max_pool_with_argmax", "scale_regularization_loss",
    "weighted_moments",
]  # fmt: skip
