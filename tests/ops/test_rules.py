"""Each rule that rewrites graphs: what it makes, with the same values, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.graph.node import placeholder, sorted_nodes
from geartrain.graph.simplify import RULES, applied
from geartrain.ops.folds import contract, sum_
from geartrain.ops.views import pad, slice_
from geartrain.ops.windows import unwindow, window
from tests.ops.checks import evaluate

PLACE = {"strides": (1,), "dilations": (1,)}


def leaf(*shape):
    return placeholder(shape, "float32")


def whole(seed, *shape):
    """Whole numbers, as floats: every sum of them is exact."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype("float32")


def names(nodes):
    return [node.op.name for node in sorted_nodes(nodes) if node.op is not None]


def wide(x, length=5, size=2):
    """What the gradient of a window view does to a tensor with the windows' axes."""
    return unwindow(x, axes=(1,), lengths=(length,), sizes=(size,), starts=(0,), **PLACE,
                    paired=True)  # fmt: skip


def transposed(x, low, high):
    """What the gradient of an `unwindow` does: windows of padded windows."""
    x = pad(x, low=(0, low, 0), high=(0, high, 0), interior=(0, 0, 0))
    return window(x, axes=(1,), counts=(3,), sizes=(2,), **PLACE, paired=True)


def part(x, start, length, step):
    return slice_(x, start=start, length=length, step=step)


def conv_gradient():
    a, b = leaf(2, 4, 3), leaf(2, 3)  # (b, x, f), (p, f)
    return [a, b], sum_(wide(contract(a, b, spec="bxf,pf->bxp")), axes=(2,))


def transposed_gradient():
    a, b = leaf(2, 4, 3), leaf(2, 3)
    return [a, b], sum_(transposed(contract(a, b, spec="bxf,pf->bxp"), 0, 0), axes=(2,))


def sum_of_two():
    a, b, c = leaf(2, 4, 3), leaf(2, 3), leaf(2, 4, 2)
    both = contract(a, b, spec="bxf,pf->bxp") + c
    return [a, b, c], sum_(wide(both), axes=(2,))


def rows_of_a_product():
    a, b = leaf(5, 3), leaf(3, 4)
    return [a, b], part(ops.matmul(a, b), (1, 0), (2, 4), (2, 1))


def columns_of_a_product():
    a, b = leaf(5, 3), leaf(3, 4)
    return [a, b], part(ops.matmul(a, b), (0, 1), (5, 2), (1, 1))


def two_halves():
    x, y = leaf(2, 3), leaf(2, 4)
    first = pad(x, low=(0, 0), high=(0, 4), interior=(0, 0))
    return [x, y], pad(y, low=(0, 3), high=(0, 0), interior=(0, 0)) + first


def depthwise():
    x, kernel = leaf(2, 5, 8), leaf(3, 8, 1)
    return [x, kernel], ops.depthwise_conv(x, kernel, padding="valid")


CHANGED = {  # by rule: graphs, and the ops that are left of them
    "sum over windows of a contraction": [
        (conv_gradient, {"pad", "window", "slice", "contract"}),
        (transposed_gradient, {"window", "contract"}),
        (sum_of_two, {"pad", "window", "slice", "contract", "unwindow", "sum", "add"}),
    ],
    "slice of a contraction": [
        (rows_of_a_product, {"slice", "contract"}), (columns_of_a_product, {"slice", "contract"}),
    ],
    "padded parts that fill an axis": [(two_halves, {"concatenate"})],
    "depthwise convolution": [
        (depthwise, {"window", "slice", "reshape", "expand", "multiply", "add"})
    ],
}  # fmt: skip


def shared_windows():
    a, b = leaf(2, 4, 3), leaf(2, 3)
    made = wide(contract(a, b, spec="bxf,pf->bxp"))
    return sum_(made, axes=(2,)) + part(made, (0, 0, 0), (2, 5, 1), (1, 1, 1))[..., 0]


KEPT = {  # what a rule does not touch
    "windows of something else": lambda: sum_(wide(ops.exp(leaf(2, 4, 2))), axes=(2,)),
    "another axis is summed": lambda: sum_(
        wide(contract(leaf(2, 4, 3), leaf(2, 3), spec="bxf,pf->bxp")), axes=(0,)
    ),
    "the windows are used again": shared_windows,
    "the axis is in both operands": lambda: sum_(
        wide(contract(leaf(2, 4, 3), leaf(2, 4, 3), spec="bxf,pxf->bxp")), axes=(2,)
    ),
    "the window's axis is in both": lambda: sum_(
        wide(contract(leaf(2, 4, 2, 3), leaf(2, 3), spec="bxpf,pf->bxp")), axes=(2,)
    ),
    "both axes are of one operand": lambda: sum_(
        wide(contract(leaf(2, 3), leaf(4, 2, 3), spec="bf,xpf->bxp")), axes=(2,)
    ),
    "a slice of rows and of columns": lambda: part(
        ops.matmul(leaf(5, 3), leaf(3, 4)), (1, 1), (2, 2), (1, 1)
    ),
    "a slice of a batch": lambda: part(
        contract(leaf(5, 3, 2), leaf(5, 2, 4), spec="bij,bjk->bik"), (1, 0, 0), (2, 3, 4),
        (1, 1, 1),
    ),
    "parts with a gap": lambda: pad(leaf(2, 3), low=(0, 0), high=(0, 4), interior=(0, 0))
    + pad(leaf(2, 3), low=(0, 4), high=(0, 0), interior=(0, 0)),
    "a convolution with many filters": lambda: ops.depthwise_conv(leaf(2, 5, 8), leaf(3, 8, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_rule_makes_what_it_says_with_the_same_values(name):
    assert RULES[name].before and RULES[name].after
    for graph, left in CHANGED[name]:
        leaves, before = graph()
        (after,) = applied(RULES[name], [before])
        assert set(names([after])) == left, graph.__name__
        assert (after.extents, after.dtype) == (before.extents, before.dtype)
        values = [whole(n, *one.extents) for n, one in enumerate(leaves)]
        (found,), (expected,) = (evaluate([node], leaves, values) for node in (after, before))
        np.testing.assert_array_equal(found, expected)
        assert applied(RULES[name], [before], given={before}) == [before]


@pytest.mark.parametrize("case", KEPT)
def test_rules_leave_what_they_are_not_about(case):
    before = KEPT[case]()
    for rule in RULES.values():
        assert applied(rule, [before])[0] is before, rule.name


def test_what_is_read_elsewhere_is_not_computed_twice():
    product = ops.matmul(leaf(5, 3), leaf(3, 4))
    rows = part(product, (1, 0), (2, 4), (1, 1))
    found = applied(RULES["slice of a contraction"], [rows, ops.exp(product)])
    assert found[0] is rows
