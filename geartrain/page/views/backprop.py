"""Backpropagation: a graph node by node, values forwards, then gradients backwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.graph.autodiff import gradients
from geartrain.graph.formula import leaf_name
from geartrain.graph.node import Constant, Leaf, Node, placeholder, sorted_nodes
from geartrain.page.probe import probe_of
from geartrain.page.subject import Subject
from geartrain.runtime.function import Program, trace
from geartrain.runtime.variable import Variable

STEP = 1e-3  # of the finite difference
# The gradient rule of each op that the chain has, for people.
RULES = {
    "multiply": "d(u·v) = v·du + u·dv", "tanh": "d tanh(u) = (1 - tanh²(u))·du",
    "relu": "d relu(u) = du if u > 0, else 0", "add": "d(u + v) = du + dv",
    "subtract": "d(u - v) = du - dv", "square": "d u² = 2u·du",
    "contract": "d(X·W) = dX·Wᵀ, Xᵀ·dW", "exp": "d exp(u) = exp(u)·du", "log": "d log(u) = du / u",
    "sum": "each summand gets the sum's gradient", "divide": "d(u / v) = du / v - u·dv / v²",
    "expand": "summed over the axes that were stretched",
    "reshape": "the same numbers, in the old shape",
    "negative": "d(-u) = -du",
}  # fmt: skip


def chain(
    subject: Subject, w1: Any = 0.8, w2: Any = -1.2, w3: Any = 1.5, x: Any = 0.7, y: Any = 0.3
) -> dict[str, Any]:
    """`f(W1, W2, W3) = a(W1, b(W2, c(W3)))`: c = tanh(W3·x), b = relu(-W2·c), a = (W1·b - y)²."""
    del subject
    values = {"W1": float(w1), "W2": float(w2), "W3": float(w3)}
    leaves = {name: placeholder((), "float32", name) for name in values}
    given = (float(x), float(y))

    def network(W1: Any, W2: Any, W3: Any) -> Any:
        c = ops.tanh(W3 * given[0])
        b = ops.relu(-(W2 * c))
        return ops.square(W1 * b - given[1])

    loss = network(*leaves.values())
    told = _told(loss, leaves, {leaf: np.float32(values[n]) for n, leaf in leaves.items()})

    def loss_at(**changed: float) -> float:
        return float(network(*(np.float64(v) for v in {**values, **changed}.values())))

    for name, value in values.items():
        rise = loss_at(**{name: value + STEP}) - loss_at(**{name: value - STEP})
        told["differences"][name] = rise / (2 * STEP)
    return {**told, "formula": "(W_1\\,\\mathrm{relu}(-W_2\\tanh(W_3\\,x)) - y)^2"}


def model(subject: Subject, sample: Any = 0) -> dict[str, Any]:
    """The graph of the own network's loss for one sample."""
    probe, samples = probe_of(subject), subject.needs("train")
    if samples.y is None:
        raise LookupError("expected samples with targets. Received: samples alone")
    k = int(sample) % len(samples)
    x = np.asarray(samples.x[k : k + 1])
    y = np.asarray(subject.targets(samples)[k : k + 1])
    inputs = [placeholder(a.shape, str(a.dtype), n) for a, n in ((x, "x"), (y, "y"))]
    variables = probe.model.trainable_variables
    values = [variable.value for variable in variables]
    leaves = {
        leaf_name(variable, probe.model.name): placeholder(v.shape, str(v.dtype), variable.path)
        for variable, v in zip(variables, values, strict=True)
    }
    loss, _ = trace(lambda: ops.mean(probe.each_loss(list(leaves.values()), *inputs)))
    feeds = dict(zip([*inputs, *leaves.values()], [x, y, *values], strict=True))
    return _told(loss, leaves, feeds)


def _told(loss: Any, leaves: dict[str, Node], feeds: dict[Node, Any]) -> dict[str, Any]:
    """Each node with its value, its gradient, and the rule by which its gradient is passed on."""
    nodes = sorted_nodes([loss])
    floats = [node for node in nodes if node.dtype.startswith("float")]
    one = Node.wrap(np.ones((), loss.dtype))
    slopes = dict(zip(floats, gradients([loss], floats, [one]), strict=True))
    wanted = [*nodes, *(slope for slope in slopes.values() if slope is not None)]
    placeholders = list(feeds)
    found = Program(placeholders, wanted, {}, compiled=False).run(*map(np.asarray, feeds.values()))
    numbers = dict(zip(wanted, found, strict=True))
    names = {node: name for name, node in leaves.items()}
    places = {node: place for place, node in enumerate(nodes)}
    rows = []
    for node in nodes:
        slope = slopes.get(node)
        name = names.get(node) or _name(node)
        rows.append({
            "name": name, "op": node.op.name if node.op else "",
            "sources": [places[source] for source in node.sources],
            "shape": list(node.shape), "value": _number(numbers[node]),
            "gradient": None if slope is None else _number(numbers[slope]),
            "rule": RULES.get(node.op.name, "") if node.op else "",
        })  # fmt: skip
    return {"nodes": rows, "leaves": [places[node] for node in leaves.values()], "differences": {}}


def _name(node: Node) -> str:
    if node.op is not None:
        return node.op.name
    leaf = node.leaf
    if isinstance(leaf, Constant):
        return f"{np.asarray(leaf.value).item():g}" if node.shape == () else "constant"
    assert isinstance(leaf, Leaf | Variable)
    return leaf_name(leaf)


def _number(value: Any) -> dict[str, Any]:
    """A number; of a tensor its length (norm) and its first numbers."""
    value = np.asarray(value, "float64")
    if value.ndim == 0:
        return {"number": float(value)}
    return {"norm": float(np.linalg.norm(value)), "first": value.reshape(-1)[:6]}


ASKED = {("GET", "chain"): chain, ("GET", "model"): model}
