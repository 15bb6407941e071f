"""Branches and loops: what is computed when, variables in them, gradients, models, messages."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import grad, jit, ops
from geartrain.graph.node import placeholder, sorted_nodes
from tests.ops import cases_control
from tests.ops.test_public import PARAMS, called

X = np.float32([1, 2, 3])
CONTROL = [p for p in PARAMS if p.values[0].name in cases_control.CALLS]


def ops_in(*nodes):
    return {node.op.name for node in sorted_nodes(nodes) if node.op is not None}


# -- compiled -------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", CONTROL)
def test_compiled_functions_compute_what_eager_ones_do(one):
    arrays = [a.astype("float32") if a.dtype == "float64" else a for a in one.arrays]
    found = keras.tree.flatten(jit(lambda *x: called(one, *x))(*arrays))
    for left, right in zip(found, keras.tree.flatten(called(one, *arrays)), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)
        assert left.dtype == np.asarray(right).dtype


@pytest.mark.parametrize("one", [p for p in CONTROL if p.values[0].differentiable])
def test_compiled_gradients_are_those_of_the_reference(one):
    def loss(*arrays):
        floats = [x for x in keras.tree.flatten(called(one, *arrays)) if "float" in str(x.dtype)]
        return sum(ops.sum(ops.sin(x)) for x in floats)

    places = [n for n, a in enumerate(one.arrays) if a.dtype == "float64"]
    slope = grad(loss, argnums=places)
    for left, right in zip(jit(slope)(*one.arrays), slope(*one.arrays), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12)


def test_a_loop_whose_turns_can_be_counted_is_a_scan():
    x = placeholder((3,), "float32")
    counted = ops.while_loop(lambda i, _: i < 4, lambda i, x: (i + 1, x * 2), (0, x))[1]
    bounded = ops.while_loop(lambda x: ops.sum(x) < 9, lambda x: x * 2, x, 5)
    assert ops_in(counted) >= {"scan"}
    assert "repeat" not in ops_in(counted)
    assert ops_in(bounded) >= {"repeat"}


@pytest.mark.parametrize(("maximum", "turns"), [(0, 0), (2, 2), (9, 4)])
@pytest.mark.parametrize("run", [lambda f: f, jit], ids=["reference", "compiled"])
def test_no_more_turns_than_the_maximum(run, maximum, turns):
    def loop(x):
        return ops.while_loop(lambda i, _: i < 4, lambda i, x: (i + 1, x * 2), [0, x], maximum)

    count, x = run(loop)(X)
    assert int(count) == turns
    assert x.tolist() == (X * 2**turns).tolist()


def test_second_derivatives_of_counted_loops():
    def power(x):
        return ops.sum(ops.fori_loop(0, 4, lambda _, y: y * x, x))

    twice = jit(grad(lambda x: ops.sum(grad(power)(x))))
    np.testing.assert_allclose(twice(X), 20 * X**3, rtol=1e-6)


def test_only_the_branch_that_is_taken_is_computed():
    table = np.float32([1, 2])

    def pick(i):
        return ops.cond(i < 2, lambda: ops.take(table, i), lambda: ops.sum(table))

    assert jit(pick)(np.int32(1)) == 2
    assert jit(pick)(np.int32(7)) == 3  # taking row 7 would be an error
    with pytest.raises(ValueError, match=r"expected indices in \[0, 1\]"):
        jit(lambda i: ops.cond(i < 9, lambda: ops.take(table, i), lambda: ops.sum(table)))(
            np.int32(7)
        )


def test_loops_in_branches_in_loops():
    def body(total, x):
        longer = ops.cond(
            x > 1, lambda: ops.fori_loop(0, 3, lambda i, t: t + x, total), lambda: total
        )
        return longer, longer

    expected = ops.scan(body, np.float32(0), X)
    found = jit(lambda x: ops.scan(body, np.float32(0), x))(X)
    assert [x.tolist() for x in found] == [x.tolist() for x in expected] == [15.0, [0, 6, 15]]
    slope = jit(grad(lambda x: ops.scan(body, np.float32(0), x)[0]))(X)
    assert slope.tolist() == [0, 3, 3]


def test_states_of_several_dtypes_are_what_they_were():
    def run(x):
        return ops.scan(
            lambda c, x: ((c[0] + 1, c[1] ^ (x > 1), c[2] * x), None),
            (np.int32(2**24), np.array(False), x[0]), x,
        )[0]  # fmt: skip

    whole, flag, product = jit(run)(X)
    assert (whole.dtype, flag.dtype, product.dtype) == ("int32", "bool", "float32")
    assert (int(whole), bool(flag), float(product)) == (2**24 + 3, False, 6.0)


def test_scan_without_items_and_with_nothing_carried():
    for run in (lambda f: f, jit):
        last, every = run(lambda x: ops.scan(lambda c, _: (c * 2, c), x, length=3))(X)
        assert last.tolist() == (8 * X).tolist()
        assert every.tolist() == [X.tolist(), (2 * X).tolist(), (4 * X).tolist()]
        nothing, every = run(lambda x: ops.scan(lambda c, x: (None, x + 1), None, x))(X)
        assert nothing is None
        assert every.tolist() == [2, 3, 4]


def test_functions_that_use_symbolic_tensors_loop_over_arrays():
    turns = np.arange(100, dtype="float32")

    def every(x):
        return ops.map(lambda t: t * x, turns), ops.fori_loop(0, 100, lambda i, s: s + x, 0 * turns)

    node = placeholder((), "float32")
    assert ops_in(*every(node)) >= {"scan"}
    assert len(sorted_nodes(every(node))) < 40  # not unrolled
    products, total = jit(every)(np.float32(2))
    assert products.tolist() == (2 * turns).tolist()
    assert total.tolist() == [200.0] * 100


# -- variables ------------------------------------------------------------------------------------


def test_branches_and_loops_assign_variables():
    count = keras.Variable(1.0)

    def step(x):
        ops.cond(ops.sum(x) > 3, lambda: (count.assign_add(1.0), None)[1], lambda: None)
        ops.fori_loop(0, 3, lambda _, s: (count.assign_add(s), s)[1], x[0])
        ops.while_loop(
            lambda s: ops.sum(s) < 1000, lambda s: (count.assign(count * 2), s * 10)[1], x
        )
        return count * 1

    for run in (step, jit(step)):
        count.assign(1.0)
        assert run(X) == (1 + 1 + 3) * 2**3
        assert count.numpy() == 40


def test_random_numbers_in_loops_differ():
    seeds = keras.random.SeedGenerator(1)
    draw = jit(lambda x: ops.map(lambda _: keras.random.normal((2,), seed=seeds), x))
    first, second = draw(X), draw(X)
    assert len(np.unique(np.concatenate([first, second]))) == 12


# -- gradients of one's own -----------------------------------------------------------------------


@ops.custom_gradient
def reversed_slope(x):
    return ops.square(x), lambda upstream: -upstream * x


@pytest.mark.parametrize("run", [lambda f: f, jit], ids=["reference", "compiled"])
def test_the_gradient_is_the_authors(run):
    assert run(grad(lambda x: ops.sum(reversed_slope(x))))(X).tolist() == (-X).tolist()
    mapped = run(grad(lambda x: ops.sum(ops.map(reversed_slope, x))))(X)
    assert mapped.tolist() == (-X).tolist()
    twice = run(grad(lambda x: ops.sum(grad(lambda x: ops.sum(reversed_slope(x)))(x))))(X)
    assert twice.tolist() == [-1, -1, -1]


def test_several_results_and_arguments():
    @ops.custom_gradient
    def both(x, y):
        return (x * y, x + y), lambda first, second: (first * 10 + second, None)

    def loss(x, y):
        product, total = both(x, y)
        return ops.sum(product) + 2 * ops.sum(total)

    x_slope, y_slope = grad(loss, argnums=(0, 1))(X, X)
    assert x_slope.tolist() == [12, 12, 12]
    assert y_slope.tolist() == [0, 0, 0]


# -- models ---------------------------------------------------------------------------------------


def test_a_model_of_branches_and_loops_predicts_and_trains():
    x = keras.Input((3,))
    hidden = keras.layers.Dense(3)(x)
    chosen = ops.cond(ops.sum(x) > 0, lambda: hidden * 2, lambda: ops.sin(hidden))
    rows = ops.map(lambda row: ops.sum(row, keepdims=True), chosen)
    model = keras.Model(x, reversed_slope(rows))
    values = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    dense = values @ model.layers[1].kernel.numpy()
    for sign in (1, -1):
        inputs = sign * values
        inner = 2 * sign * dense if inputs.sum() > 0 else np.sin(sign * dense)
        expected = inner.sum(1, keepdims=True) ** 2
        np.testing.assert_allclose(model(inputs), expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, rtol=1e-4, atol=1e-5)
    model.compile("sgd", "mse")
    before = model.layers[1].kernel.numpy()
    model.fit(values, np.ones((5, 1)), verbose=0)
    assert not np.array_equal(before, model.layers[1].kernel.numpy())
    with pytest.raises(TypeError, match=r"a file can describe.*a call with functions"):
        model.get_config()


# -- messages -------------------------------------------------------------------------------------

REFUSED = {
    "cond: expected a function as true_fn": (TypeError, lambda x: ops.cond(True, 1, 2)),
    "cond: expected a scalar as pred.*ops.where": (
        ValueError, lambda x: ops.cond(x > 0, lambda: x, lambda: x)),
    r"cond: expected functions that return tensors .*float32\[\] and float32\[3\]": (
        ValueError, lambda x: ops.cond(x[0] > 0, lambda: x, lambda: x[0])),
    "cond: expected None from all functions": (
        ValueError, lambda x: ops.cond(x[0] > 0, lambda: x, lambda: None)),
    "cond: expected the function to return what it is given, in the same structure": (
        ValueError, lambda x: ops.cond(x[0] > 0, lambda: x, lambda: [x])),
    "switch: expected at least one branch": (ValueError, lambda x: ops.switch(x, [])),
    r"while_loop: expected the function to return .*float32\[3\].*int32\[3\]": (
        ValueError,
        lambda x: ops.while_loop(lambda x: x[0] > 0, lambda x: ops.cast(x, "int32"), x)),
    "while_loop: expected at most one derivative": (
        TypeError,
        lambda x: grad(lambda x: ops.sum(grad(lambda x: ops.sum(ops.while_loop(
            lambda x: ops.sum(x) < 9, lambda x: x * x, x)))(x)))(x)),
    "fori_loop: expected a function as body_fun": (
        TypeError, lambda x: ops.fori_loop(0, 3, None, x)),
    "fori_loop: expected no 64-bit integers beside": (
        TypeError,
        lambda x: ops.fori_loop(
            0, 3, lambda i, v: v, (x, np.arange(2), np.arange(2, dtype="float16")))),
    "scan: expected xs, or a length": (ValueError, lambda x: ops.scan(lambda c, x: (c, x), x)),
    "scan: expected length as a whole number": (
        TypeError, lambda x: ops.scan(lambda c, x: (c, x), x, length=2.0)),
    "scan: expected unroll as a positive": (
        ValueError, lambda x: ops.scan(lambda c, x: (c, x), x, x, unroll=0)),
    r"scan: expected tensors with one first axis, as long as length.*\(3,\).*length=2": (
        ValueError, lambda x: ops.scan(lambda c, x: (c, x), x, x, length=2)),
    "map: expected at least one item": (
        ValueError, lambda x: ops.map(lambda x: x, np.zeros((0, 2)))),
    "vectorized_map: expected a function as function": (
        TypeError, lambda x: ops.vectorized_map(1, x)),
    "associative_scan: expected a function as f": (
        TypeError, lambda x: ops.associative_scan(1, x)),
    "associative_scan: expected tensors of one size along the axis": (
        ValueError, lambda x: ops.associative_scan(ops.add, [x, np.ones(2)])),
    "vectorize: expected a function as pyfunc": (TypeError, lambda x: ops.vectorize(1)),
    r"vectorize: expected a signature such as .*'\(n\)->'": (
        ValueError, lambda x: ops.vectorize(ops.sum, signature="(n)->")),
    "vectorize: expected 2 arguments": (
        ValueError, lambda x: ops.vectorize(ops.sum, signature="(n),(n)->()")(x)),
    "vectorize: expected at least 2 axes": (
        ValueError, lambda x: ops.vectorize(ops.sum, signature="(n,m)->()")(x)),
    "custom_gradient: expected a function. Received: 1": (
        TypeError, lambda x: ops.custom_gradient(1)),
    "custom_gradient: expected <lambda> to return its result and a function": (
        TypeError, lambda x: ops.custom_gradient(lambda x: x)(x)),
    r"custom_gradient: expected the gradient of argument 0 of <lambda> in its shape \(3,\).*\(\)": (
        ValueError,
        lambda x: ops.custom_gradient(lambda x: (x, lambda g: ops.sum(g)))(x)),
    "custom_gradient: expected the gradient of <lambda> to have one tensor .* 1 arguments": (
        ValueError, lambda x: ops.custom_gradient(lambda x: (x, lambda g: (g, g)))(x)),
    "custom_gradient: expected <lambda> to return float tensors of one dtype. Received: int32": (
        ValueError,
        lambda x: ops.custom_gradient(lambda x: (ops.cast(x, "int32"), lambda g: g))(x)),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_messages(message):
    kind, call = REFUSED[message]
    with pytest.raises(kind, match=message):
        jit(call)(X)
