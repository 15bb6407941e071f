"""Cases of convolutions and pooling: what plain loops compute."""

from __future__ import annotations

from tests.ops import loops
from tests.ops.cases import Table

table = Table(4)
case, plain, reals, integers = table.case, table.plain, table.reals, table.integers
LINE, IMAGE, VOLUME = reals(4, 6, 3), reals(4, 5, 4, 2), reals(1, 3, 4, 3, 2)
FIRST = reals(4, 4, 5, 3)  # no batch size is the first of a kernel: only one is a symbol
first = {"data_format": "channels_first"}

case("conv", LINE, reals(3, 3, 2), expected=loops.conv)
case("conv", LINE, reals(2, 1, 6), strides=2, padding="same", expected=loops.conv)
case("conv", LINE, reals(3, 3, 2), strides=2, dilation_rate=2, expected=loops.conv)
case("conv", IMAGE, reals(3, 2, 2, 3), expected=loops.conv)
case("conv", IMAGE, reals(2, 3, 2, 2), strides=(2, 1), padding="same", expected=loops.conv)
case("conv", FIRST, reals(3, 2, 2, 4), **first, dilation_rate=(2, 1), expected=loops.conv)
case("conv", FIRST, reals(2, 2, 4, 3), **first, padding="same", expected=loops.conv)
case("conv", IMAGE, reals(1, 1, 1, 2), strides=2, expected=loops.conv)
case("conv", VOLUME, reals(2, 2, 2, 2, 2), padding="same", expected=loops.conv)
plain("conv", integers(1, 4, 2), integers(2, 2, 2), expected=loops.conv)

case("depthwise_conv", LINE, reals(2, 3, 2), strides=2, expected=loops.depthwise_conv)
case("depthwise_conv", IMAGE, reals(2, 3, 2, 1), padding="same", expected=loops.depthwise_conv)
case(
    "depthwise_conv", FIRST, reals(2, 2, 4, 2), **first, dilation_rate=2,
    expected=loops.depthwise_conv,
)  # fmt: skip
case(
    "separable_conv", IMAGE, reals(3, 2, 2, 2), reals(1, 1, 4, 3), padding="same",
    strides=2, expected=loops.separable_conv,
)  # fmt: skip
case(
    "separable_conv", FIRST, reals(2, 2, 4, 1), reals(1, 1, 4, 2), **first,
    expected=loops.separable_conv,
)  # fmt: skip

for keywords in (
    {},
    {"strides": 2},
    {"strides": 3, "padding": "same"},
    {"strides": 3, "output_padding": 2},
    {"strides": 2, "output_padding": 0, "padding": "same"},
    {"dilation_rate": 2},
    {"padding": "same", "dilation_rate": 3},
):
    case("conv_transpose", LINE, reals(2, 2, 3), **keywords, expected=loops.conv_transpose)
    case("conv_transpose", LINE, reals(3, 2, 3), **keywords, expected=loops.conv_transpose)
case("conv_transpose", IMAGE, reals(1, 3, 2, 2), strides=2, expected=loops.conv_transpose)
case(
    "conv_transpose", FIRST, reals(2, 3, 2, 4), **first, strides=(1, 2), padding="same",
    expected=loops.conv_transpose,
)  # fmt: skip
case("conv_transpose", VOLUME, reals(2, 1, 2, 1, 2), strides=2, expected=loops.conv_transpose)

for name, slow in (("max_pool", loops.max_pool), ("average_pool", loops.average_pool)):
    case(name, LINE, pool_size=2, expected=slow)
    case(name, LINE, pool_size=3, strides=1, padding="same", expected=slow)
    case(name, IMAGE, pool_size=2, expected=slow)
    case(name, IMAGE, pool_size=(3, 2), strides=(1, 2), padding="same", expected=slow)
    case(name, FIRST, pool_size=2, padding="same", **first, expected=slow)
    case(name, VOLUME, pool_size=2, expected=slow)
    case(name, reals(1, 9, 9, 1), pool_size=9, expected=slow)
plain("max_pool", integers(1, 5, 2, low=-9, high=-3), pool_size=2, padding="same",
      expected=loops.max_pool)  # fmt: skip
plain("average_pool", integers(1, 5, 2), pool_size=2, padding="same",
      expected=lambda x, **keywords: loops.average_pool(x.astype(float), **keywords))  # fmt: skip

for name, slow in (
    ("adaptive_max_pool", loops.adaptive_max_pool),
    ("adaptive_average_pool", loops.adaptive_average_pool),
):
    case(name, LINE, output_size=2, expected=slow)
    case(name, LINE, output_size=4, expected=slow)
    case(name, IMAGE, output_size=(5, 7), expected=slow)
    case(name, FIRST, output_size=(3, 2), **first, expected=slow)
    case(name, VOLUME, output_size=2, expected=slow)
plain("adaptive_max_pool", integers(1, 5, 2), output_size=3, expected=loops.adaptive_max_pool)
