"""Windows: what convolutions and pooling do on any shape, and that their gradients stay fused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain import naive, ops
from geartrain.graph.node import placeholder, sorted_nodes
from geartrain.graph.shapes import BATCH, Dim
from geartrain.ops.rules import gradients
from geartrain.ops.windows import window
from tests.ops import loops
from tests.ops.checks import evaluate, leaves_of, symbolic

quick = settings(max_examples=60, deadline=None, derandomize=True)
BOTH = st.sampled_from(["channels_last", "channels_first"])


def whole(seed, *shape):
    """Whole numbers, as floats: every sum of them is exact."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype("float32")


def image(seed, batch, sizes, channels, data_format):
    first = data_format == "channels_first"
    return whole(seed, batch, *((channels, *sizes) if first else (*sizes, channels)))


@st.composite
def geometry(draw, largest=3):
    """The arguments of windows that fit, and sizes of a tensor for them."""
    rank = draw(st.integers(1, 3))
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    strides = tuple(draw(st.integers(1, largest)) for _ in range(rank))
    dilations = tuple(draw(st.integers(1, largest)) for _ in range(rank))
    covered = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    sizes = tuple(c + draw(st.integers(0, 3)) for c in covered)
    padding = draw(st.sampled_from(["valid", "same"]))
    if padding == "same":
        sizes = tuple(draw(st.integers(1, 5)) for _ in range(rank))
    return kernel, strides, dilations, sizes, padding


def gradients_of(function, arrays, seed_values):
    leaves = leaves_of(arrays)
    output = function(*leaves)
    seed = placeholder(output.extents, output.dtype)
    return evaluate(gradients([output], leaves, [seed]), [*leaves, seed], [*arrays, seed_values])


@quick
@given(geometry(), st.integers(0, 2), st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), BOTH)
def test_conv_and_its_gradients_are_those_of_loops(place, batch, inner, groups, share, form):
    kernel_size, strides, dilations, sizes, padding = place
    x = image(1, batch, sizes, inner * groups, form)
    kernel = whole(2, *kernel_size, inner, groups * share)
    keywords = {"strides": strides, "padding": padding, "dilation_rate": dilations}
    keywords["data_format"] = form
    expected = loops.conv(x, kernel, **keywords)
    np.testing.assert_array_equal(ops.conv(x, kernel, **keywords), expected, strict=True)
    np.testing.assert_array_equal(
        symbolic(lambda a, b: ops.conv(a, b, **keywords), [x, kernel]), expected
    )
    g = whole(3, *expected.shape)
    dx, dkernel = gradients_of(lambda a, b: ops.conv(a, b, **keywords), [x, kernel], g)
    # the result is bilinear, so <g, conv(v, kernel)> = <dx, v> for every v, and alike for kernels
    v, w = whole(4, *x.shape), whole(5, *kernel.shape)
    assert np.sum(g * loops.conv(v, kernel, **keywords)) == np.sum(dx * v)
    assert np.sum(g * loops.conv(x, w, **keywords)) == np.sum(dkernel * w)


@quick
@given(geometry(), st.integers(0, 2), st.integers(1, 2), BOTH)
def test_depthwise_conv_is_that_of_loops(place, batch, multiplier, form):
    kernel_size, strides, dilations, sizes, padding = place
    x, kernel = image(1, batch, sizes, 2, form), whole(2, *kernel_size, 2, multiplier)
    keywords = {"strides": strides, "padding": padding, "dilation_rate": dilations}
    keywords["data_format"] = form
    expected = loops.depthwise_conv(x, kernel, **keywords)
    np.testing.assert_array_equal(ops.depthwise_conv(x, kernel, **keywords), expected, strict=True)


@quick
@given(geometry(), st.integers(0, 2), st.booleans(), BOTH)
def test_conv_transpose_and_its_gradients_are_those_of_loops(place, batch, more, form):
    kernel_size, strides, dilations, sizes, padding = place
    x, kernel = image(1, batch, sizes, 2, form), whole(2, *kernel_size, 3, 2)
    keywords = {"strides": strides, "padding": padding, "dilation_rate": dilations}
    keywords |= {"data_format": form, "output_padding": [s - 1 for s in strides] if more else None}
    expected = loops.conv_transpose(x, kernel, **keywords)
    found = ops.conv_transpose(x, kernel, **keywords)
    np.testing.assert_array_equal(found, expected, strict=True)
    g = whole(3, *expected.shape)
    dx, dkernel = gradients_of(lambda a, b: ops.conv_transpose(a, b, **keywords), [x, kernel], g)
    v, w = whole(4, *x.shape), whole(5, *kernel.shape)
    assert np.sum(g * loops.conv_transpose(v, kernel, **keywords)) == np.sum(dx * v)
    assert np.sum(g * loops.conv_transpose(x, w, **keywords)) == np.sum(dkernel * w)


@quick
@given(geometry(), st.integers(0, 2), BOTH)
def test_pooling_and_its_gradients_are_those_of_loops(place, batch, form):
    size, strides, _, sizes, padding = place
    sizes = tuple(max(pair) for pair in zip(size, sizes, strict=True))
    x = image(1, batch, sizes, 2, form)  # few different numbers: there are many ties
    further = {"strides": strides, "padding": padding, "data_format": form}
    largest = loops.max_pool(x, size, **further)
    np.testing.assert_array_equal(ops.max_pool(x, size, **further), largest, strict=True)
    means = loops.average_pool(x, size, **further)
    np.testing.assert_allclose(ops.average_pool(x, size, **further), means, 1e-6, strict=True)
    g = whole(3, *largest.shape)
    if batch:
        (dx,) = gradients_of(lambda a: ops.max_pool(a, size, **further), [x], g)
        slow = np.moveaxis if form == "channels_first" else lambda a, *_: a
        expected = loops.max_pool_gradient(slow(x, 1, -1), slow(g, 1, -1), size, strides, padding)
        np.testing.assert_array_equal(dx, slow(expected, -1, 1))
    v = whole(4, *x.shape)
    (dx,) = gradients_of(lambda a: ops.average_pool(a, size, **further), [x], g)
    assert np.sum(dx * v) == pytest.approx(
        np.sum(g * loops.average_pool(v, size, **further)), rel=1e-4, abs=1e-4
    )


@quick
@given(st.integers(0, 9), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_images_are_those_of_the_naive_loops(seed, rows, columns, stride):
    x, kernel = whole(seed, 2, 5, 6, 2), whole(seed + 1, rows, columns, 2, 3)
    expected = naive.naive_conv2d(x, kernel, stride)
    np.testing.assert_array_equal(ops.conv(x, kernel, stride), expected, strict=True)
    expected = naive.naive_max_pool2d(x, rows, stride)
    np.testing.assert_array_equal(ops.max_pool(x, rows, stride), expected, strict=True)


# -- how the gradients are built --------------------------------------------------------------

X = placeholder((BATCH, 9, 8, 4), "float32", "x")
KERNEL = placeholder((3, 3, 4, 6), "float32", "kernel")


def ops_of(*nodes):
    return [node.op.name for node in sorted_nodes(nodes) if node.op is not None]


def slopes(output, *wrt):
    seed = placeholder(output.extents, output.dtype, "g")
    return gradients([output], wrt, [seed])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2])
def test_each_gradient_of_a_convolution_is_one_contraction_of_the_size_of_the_input(
    padding, stride
):
    dx, dkernel = slopes(ops.conv(X, KERNEL, stride, padding), X, KERNEL)
    assert "sum" not in ops_of(dx) + ops_of(dkernel)
    assert dx.op.name == dkernel.op.name == "contract"
    assert [dx.extents, dkernel.extents] == [X.extents, KERNEL.extents]
    assert ops_of(dx).count("contract") == ops_of(dkernel).count("contract") == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.conv(x, placeholder((3, 3, 2, 6), "float32")),
        lambda x: ops.conv(x, KERNEL, dilation_rate=2, padding="same"),
        lambda x: ops.depthwise_conv(x, placeholder((3, 3, 4, 2), "float32"), padding="same"),
        lambda x: ops.conv_transpose(x, placeholder((3, 3, 6, 4), "float32"), 2, "same"),
        lambda x: ops.conv(x, placeholder((3, 3, 9, 6), "float32"), data_format="channels_first"),
    ],
    ids=["groups", "dilation", "depthwise", "transpose", "channels_first"],
)
def test_other_convolutions_have_gradients_of_one_contraction_too(function):
    (dx,) = slopes(function(X), X)
    assert "sum" not in ops_of(dx)
    assert ops_of(dx).count("contract") == 1


def test_two_convolutions_of_one_input_keep_two_contractions():
    other = placeholder(KERNEL.extents, "float32")
    total = ops.add(ops.conv(X, KERNEL), ops.conv(X, other))
    (dx,) = slopes(total, X)
    assert sorted(set(ops_of(dx))) == [
        "add", "contract", "pad", "slice", "window",
    ]  # fmt: skip
    assert ops_of(dx).count("contract") == 2


# -- edges ------------------------------------------------------------------------------------


def test_max_pool_of_a_tie_gives_all_to_the_first():
    x = np.zeros((1, 4, 4, 1), "float32")
    (dx,) = gradients_of(lambda a: ops.max_pool(a, 2), [x], np.ones((1, 2, 2, 1), "float32"))
    expected = np.zeros((4, 4))
    expected[::2, ::2] = 1
    np.testing.assert_array_equal(dx[0, :, :, 0], expected)


def test_max_pool_sees_no_padding_and_passes_nan_and_infinity():
    x = np.array([-np.inf, -np.inf, -5, np.nan, -7]).reshape(1, 5, 1)
    found = ops.max_pool(x, 2, padding="same")
    np.testing.assert_array_equal(found[0, :, 0], [-np.inf, np.nan, -7])
    (dx,) = gradients_of(
        lambda a: ops.max_pool(a, 2, padding="same"), [x], np.array([[[1.0], [2.0], [3.0]]])
    )
    assert dx.sum() == 6  # where the largest is NaN, the first element counts as largest


def test_the_gradient_of_a_maximum_of_nothing_passes_through():
    from geartrain.ops.pooling import first_max

    x = whole(0, 3)
    (dx,) = gradients_of(lambda a: first_max.node(a, axes=()), [x], x + 1)
    np.testing.assert_array_equal(dx, x + 1)


def test_sizes_known_later_only():
    later = Dim({(("axis", 1),): 1})
    x = placeholder((BATCH, later, 8, 4), "float32")
    assert ops.conv(x, KERNEL, 2, "same").shape == (None, None, 4, 6)
    assert ops.conv(x, KERNEL).extents[1] == later - 2
    assert ops.average_pool(x, 2, padding="same").shape == (None, None, 4, 4)
    assert ops.conv_transpose(x, placeholder((2, 2, 1, 4), "float32"), 2).extents[1] == later * 2


def test_sizes_known_at_run_time_give_what_known_sizes_give():
    x, kernel = whole(0, 6, 7, 1), whole(1, 3, 1, 2)

    def later(a, b):  # the axis that slides is the batch axis
        moved = ops.transpose(a, (1, 0, 2))
        results = [ops.conv(moved, b, 2, padding) for padding in ("valid", "same")]
        return [*results, ops.average_pool(moved, 3, 2, "same"), ops.max_pool(moved, 2)]

    found = symbolic(later, [x, kernel], batch=6)
    for one, other in zip(found, later(x, kernel), strict=True):
        np.testing.assert_array_equal(one, other)


def test_windows_are_views_of_the_array_and_stay_inside():
    x = np.arange(10.0)
    place = {"axes": (0,), "sizes": (3,), "strides": (3,), "dilations": (2,), "paired": False}
    found = window(x, counts=(2,), **place)
    np.testing.assert_array_equal(found, [[0, 2, 4], [3, 5, 7]])
    assert np.shares_memory(found, x)
    assert not found.flags.writeable
    with pytest.raises(AssertionError, match="windows inside"):
        window(x, counts=(4,), **place)
