"""Products of matrices: the layer `Dense` where one of them is a stored weight."""

from __future__ import annotations

from typing import Any

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.ops.operands import rank_of
from geartrain.saving.onnx.reader.network import Use
from geartrain.saving.onnx.reader.place import Place, expect, policy
from geartrain.saving.onnx.reader.table import operator
from geartrain.saving.onnx.reader.values import Initial


def _is_kernel(at: Place, x: Any, w: Any) -> bool:
    """Whether a product is what `Dense` does."""
    tied = isinstance(w, Initial) and w.name in at.builder.tied
    return isinstance(x, Node) and rank_of(x) > 1 and at.builder.is_weight(w) and (
        len(w.shape) == 2 and not tied
    )  # fmt: skip


def _dense(at: Place, x: Node, kernel: Initial, bias: Any) -> Node:
    expect(x, -1, kernel.shape[0], f"the weight {kernel.name!r}")
    units = kernel.shape[1]
    weights = {"kernel": (kernel, None)}
    if bias is not None:
        weights["bias"] = (at.weight(bias, "the bias"), lambda b: b.reshape(units))
    made = at.layer(layers.Dense, weights, units=units, use_bias=bias is not None, dtype=policy(x))
    return made(x)


def _fits_bias(value: Any, units: int) -> bool:
    return isinstance(value, Initial) and value.shape in ((units,), (1, units))


@operator("Gemm")
def gemm(
    at: Place, a: Any, b: Any, c: Any = None, *, alpha: float = 1.0, beta: float = 1.0,
    transA: int = 0, transB: int = 0,
) -> Any:  # fmt: skip
    """`alpha * a @ b + beta * c`, with either matrix transposed."""
    if isinstance(b, Initial) and transB and len(b.shape) == 2:
        b, transB = b.transposed((1, 0)), 0
    plain = alpha == 1.0 and beta == 1.0 and not transA and not transB and _is_kernel(at, a, b)
    if plain and (c is None or _fits_bias(c, b.shape[1])):
        return _dense(at, a, b, c)

    def run(x: Any, y: Any, z: Any = None) -> Any:
        product = ops.matmul(ops.transpose(x) if transA else x, ops.transpose(y) if transB else y)
        product = product if alpha == 1.0 else ops.multiply(product, alpha)
        if z is None:
            return product
        return ops.add(product, z if beta == 1.0 else ops.multiply(z, beta))

    given = [at.tensor(a, "a"), b] if not isinstance(b, Node) else [a, b]
    return at.compute(run, *given, *([] if c is None else [c]))


@operator("MatMul")
def matmul(at: Place, a: Any, b: Any) -> Any:
    """`a @ b`; with a bias that is added next, if nothing else reads the product."""
    if not _is_kernel(at, a, b):
        at.tensor(a if isinstance(a, Node) or at.builder.is_weight(a) else b, "an input")
        return at.compute(ops.matmul, a, b)
    after = _only_add(at)
    bias = None
    if after is not None:
        other = next(name for name in after.inputs if name != at.use.outputs[0])
        found = at.builder.values.get(other)
        fits = _fits_bias(found, b.shape[1]) and rank_of(a) >= len(found.shape)
        if fits and found.name not in at.builder.tied:
            bias = found
    made = _dense(at, a, b, bias)
    if bias is not None and after is not None:
        at.builder.absorb(after, made)
    return made


def _only_add(at: Place) -> Use | None:
    """The addition that alone reads this node's output."""
    readers = at.builder.consumers(at.use.outputs[0])
    if (
        len(readers) != 1
        or readers[0].operator != "Add"
        or at.use.outputs[0] not in readers[0].inputs
    ):
        return None
    return readers[0] if readers[0].inputs[0] != readers[0].inputs[1] else None


@operator("Einsum")
def einsum(at: Place, *operands: Any, equation: str) -> Any:
    """Sums of products, by a formula."""
    if len(equation) > 200:
        raise ValueError(f"expected a formula of at most 200 characters. Received: {len(equation)}")
    at.tensor(next((x for x in operands if isinstance(x, Node)), operands[0]))
    return at.compute(lambda *xs: ops.einsum(equation.replace(" ", ""), *xs), *operands)
