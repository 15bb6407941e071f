"""Each primitive op, exported and run by onnxruntime on its samples, gives what NumPy gives."""

import numpy as np
import pytest

import geartrain.ops  # noqa: F401 - declares the ops
from geartrain import ops
from geartrain.graph.node import placeholder
from geartrain.graph.op import REGISTRY
from geartrain.graph.shapes import BATCH, Dim
from geartrain.ops.scan import before_steps, scan
from geartrain.saving.onnx.export.exporter import Exporter
from geartrain.saving.onnx.export.extents import Extents
from geartrain.saving.onnx.export.graph import OnnxGraph, Unsupported
from geartrain.saving.onnx.export.primitives import TRANSLATIONS
from geartrain.saving.onnx.export.primitives.lacking import LACKING
from geartrain.saving.onnx.export.protobuf import model_proto
from geartrain.saving.onnx.export.signature import Tensor, shown
from tests.saving.onnx.running import SINGLE, run, session

TIME = Dim({(("axis", "time"),): 1})


def exported(symbols, node):
    """The function from symbols to a node, ready to run."""
    graph = OnnxGraph()
    names = [graph.name(f"x{number}") for number in range(len(symbols))]
    sources = {}
    for name, symbol in zip(names, symbols, strict=True):
        for axis, extent in enumerate(symbol.extents):
            if isinstance(extent, Dim):
                sources.setdefault(extent.terms[0][0][0], (name, axis))
    exporter = Exporter(graph, Extents(graph, sources))
    exporter.values.update(zip(symbols, names, strict=True))
    (out,) = graph.deliver([exporter.value(node)], ["y"])
    inputs = [
        Tensor(name, exporter.dtype(symbol.dtype), shown(symbol.extents))
        for name, symbol in zip(names, symbols, strict=True)
    ]
    output = Tensor(out, exporter.dtype(node.dtype), shown(node.extents))
    return session(model_proto(graph, "one", inputs, [output], {}))


def test_every_primitive_has_a_translation_and_none_is_left_over():
    assert set(TRANSLATIONS) == set(REGISTRY)


RANDOM = ("random_bits", "bits_of_rows")  # which no other runtime draws alike
SAMPLES = [
    pytest.param(op, sample, dtype, id=f"{op.name}-{number}-{dtype}")
    for op in REGISTRY.values()
    for number, sample in enumerate(op.samples())
    for dtype in ("float32", "float64")
    if not (dtype == "float64" and op.name in SINGLE)
    and not sample.params.get("paired")
    and op.name not in (*RANDOM, *LACKING)
]


ROUNDED = {"fourier"}  # onnxruntime computes it in float32


@pytest.mark.parametrize(("op", "sample", "dtype"), SAMPLES)
def test_primitives_on_their_samples(op, sample, dtype):
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in sample.arrays]
    symbols = [placeholder(a.shape, a.dtype.name) for a in arrays]
    params = {k: dtype if v == "float64" else v for k, v in sample.params.items()}
    wanted = op(*arrays, **params)
    (found,) = run(exported(symbols, op.node(*symbols, **params)), arrays)
    assert found.dtype == wanted.dtype
    accuracy = 1e-5 if dtype == "float32" or op.name in ROUNDED else 1e-12
    np.testing.assert_allclose(found, wanted, rtol=accuracy, atol=accuracy / 10)


@pytest.mark.parametrize("name", sorted(SINGLE))
def test_functions_that_runtimes_lack_in_double_precision_are_refused(name):
    op = REGISTRY[name]
    arrays = next(iter(op.samples())).arrays
    symbols = [placeholder(a.shape, "float64") for a in arrays]
    with pytest.raises(Unsupported, match=f"it takes {name} of float64, which ONNX runtimes"):
        exported(symbols, op.node(*symbols))


UNARY = [
    ops.expm1, ops.log1p, ops.erfinv, ops.trunc, ops.rsqrt, ops.isnan, ops.isinf, ops.isfinite,
    ops.softplus, ops.sigmoid, ops.tanh, ops.relu, ops.round, ops.sign,
]  # fmt: skip
ODD = np.float32([0.0, 1e-7, -1e-7, 1e-4, 0.5, -0.5, 1.5, 2.5, -0.999, 0.999, 20, 90, -90])


@pytest.mark.parametrize("function", UNARY, ids=lambda one: one.__name__)
def test_functions_at_odd_places(function):
    x = np.concatenate([ODD, np.float32([np.inf, -np.inf, np.nan])])
    if function is ops.erfinv:
        x = np.float32([0.0, 1e-6, 0.5, -0.9, 0.99, 0.9999, 1.0, -1.0, 2.0])
    if function in (ops.round, ops.sign, ops.relu):
        x = ODD
    symbol = placeholder(x.shape, "float32")
    (found,) = run(exported([symbol], function(symbol)), [x])
    np.testing.assert_allclose(found, function(x), rtol=2e-6, atol=1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "uint32", "int64"])
@pytest.mark.parametrize(
    "function",
    [ops.add, ops.subtract, ops.multiply, ops.floor_divide, ops.mod, ops.maximum, ops.less],
    ids=lambda one: one.__name__,
)
def test_whole_numbers_wrap_around_and_round_down_as_here(function, dtype):
    top = np.iinfo(dtype).max
    a = np.asarray([0, 1, 7, top, top, top - 1, 100], dtype)
    b = np.asarray([3, 2, 3, 2, top, 5, 0], dtype)
    if np.iinfo(dtype).min:
        a[2] = -7
    symbols = [placeholder(a.shape, dtype) for _ in range(2)]
    with np.errstate(all="ignore"):
        wanted = function(a, b)
    (found,) = run(exported(symbols, function(*symbols)), [a, b])
    assert found.dtype == wanted.dtype
    rest = slice(None, -1) if function in (ops.floor_divide, ops.mod) else slice(None)
    np.testing.assert_array_equal(found[rest], wanted[rest])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.flip(x, axis=1),
        lambda x: x[:, 1:],
        lambda x: x[:, ::-2],
        lambda x: x[:, -1],
        lambda x: ops.reshape(x, (-1, 2)),
        lambda x: ops.transpose(ops.concatenate([x, x], axis=1), (1, 0, 2)),
        lambda x: ops.cumsum(x, axis=1),
        lambda x: ops.sort(x, axis=1),
        lambda x: ops.argmax(x, axis=1),
        lambda x: ops.mean(x, axis=(0, 1)),
        lambda x: ops.pad(x, ((0, 0), (2, 1), (0, 3))),
        lambda x: ops.softmax(ops.matmul(x, ops.swapaxes(x, 1, 2))),
        lambda x: ops.einsum("bti,bsi->bts", x, x),
        lambda x: ops.add(x, ops.arange(4, dtype="float32")),
        lambda x: ops.cast(ops.shape(x)[2], "float32") * ops.ones_like(x),
        lambda x: ops.repeat(x, 3, axis=1),
        lambda x: ops.max_pool(x, 2, padding="same"),
        lambda x: ops.average_pool(x, 3, strides=2, padding="same"),
        lambda x: ops.conv(x, np.ones((3, 4, 5), "float32"), strides=2, padding="same"),
        lambda x: ops.conv_transpose(x, np.ones((3, 5, 4), "float32"), strides=2, padding="same"),
    ],
)
def test_sizes_that_are_not_known_before(function):
    symbol = placeholder((BATCH, TIME, 4), "float32")
    runtime = exported([symbol], ops.multiply(function(symbol), 1))
    for batch, time in ((3, 5), (1, 8), (2, 2)):
        x = np.random.default_rng(time).normal(size=(batch, time, 4)).astype("float32")
        (found,) = run(runtime, [x])
        wanted = np.asarray(function(x))
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_what_only_gradients_need_and_random_numbers_and_factors_are_refused():
    for op in REGISTRY.values():
        for sample in op.samples():
            if sample.params.get("paired") or op.name in (*RANDOM, *LACKING):
                symbols = [placeholder(a.shape, a.dtype.name) for a in sample.arrays]
                with pytest.raises(Unsupported, match=r"random numbers|gradient|no operators"):
                    exported(symbols, op.node(*symbols, **sample.params))


@pytest.mark.parametrize("reverse", [False, True])
def test_loops_both_ways(reverse):
    state, items = placeholder((BATCH, 2), "float32"), placeholder((TIME, BATCH, 2), "float32")

    def turn(states, now):
        return [states[0] * 0.5 + now[0]], [states[0] - now[0]]

    found = scan(turn, [state], [items], reverse=reverse)
    runtime = exported([state, items], ops.add(ops.multiply(found[0], 2), found[1]))
    random = np.random.default_rng(0)
    for time in (1, 4):
        first = random.normal(size=(3, 2)).astype("float32")
        sequence = random.normal(size=(time, 3, 2)).astype("float32")
        states, others = scan(turn, [first], [sequence], reverse=reverse)
        (array,) = run(runtime, [first, sequence])
        np.testing.assert_allclose(array, 2 * states + others, rtol=1e-6, atol=1e-6)


def test_what_a_state_was_before_each_turn_is_for_gradients_alone():
    state, items = placeholder((BATCH, 2), "float32"), placeholder((TIME, BATCH, 2), "float32")
    (states,) = scan(lambda before, now: ([before[0] + now[0]], []), [state], [items])
    (loop,) = states.sources
    (before,) = before_steps(loop, loop.params["body"], TIME, reverse=False)
    with pytest.raises(Unsupported, match="it holds the gradient of a loop"):
        exported([state, items], before)
