"""Algebraic rewrites of graphs: a list of named rules, each with what it makes of what.

Gradient rules say what is right, in the plainest ops; what is cheaper to compute is said here. A
rule is declared beside the ops that it is about (`geartrain/ops/rules.py`), and has a stage:

    GRADIENT   right after differentiation, on what that has made: the forward graph stays as it is
    BODY       the same within the body of a loop over time
    COMPILED   when a program is compiled; the NumPy reference does without
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.rewrite import same

GRADIENT, BODY, COMPILED = "gradient", "body", "compiled"


class Use(NamedTuple):
    """A node that a rule may exchange.

    Attributes:
        node: the node; its sources are rewritten already.
        free: for each source, whether nothing else reads it, and it may be rewritten at all.
    """

    node: Node
    free: tuple[bool, ...]


class Rule(NamedTuple):
    """One rewrite.

    Attributes:
        name: what it is called.
        before, after: what it makes of what, as formulas.
        stage: when it applies.
        apply: the node instead; None where the rule does not fit.
    """

    name: str
    before: str
    after: str
    stage: str
    apply: Callable[[Use], Node | None]


RULES: dict[str, Rule] = {}


def rule(
    name: str, before: str, after: str, stage: str = GRADIENT
) -> Callable[[Callable[[Use], Node | None]], Rule]:
    """Declare a rule; rules of a stage apply in the order of their declarations."""

    def declared(apply: Callable[[Use], Node | None]) -> Rule:
        assert name not in RULES, f"rule {name!r} is declared twice"
        RULES[name] = Rule(name, before, after, stage, apply)
        return RULES[name]

    return declared


def simplify(outputs: Sequence[Node], stage: str, given: Collection[Node] = ()) -> list[Node]:
    """`outputs` after all rules of a stage, one after the other.

    Args:
        outputs: nodes.
        stage: which rules.
        given: nodes that stay as they are, with all that they are made of.
    """
    found = list(outputs)
    for one in RULES.values():
        if one.stage == stage:
            found = applied(one, found, given)
    return found


def simplified(
    nodes: Sequence[Node | None], stage: str, given: Collection[Node] = ()
) -> list[Node | None]:
    """The same of nodes of which some may be missing."""
    found = iter(simplify([node for node in nodes if node is not None], stage, set(given)))
    return [None if node is None else next(found) for node in nodes]


def applied(one: Rule, outputs: Sequence[Node], given: Collection[Node] = ()) -> list[Node]:
    """`outputs` after one rule: sources first, so what it makes of them is seen by their readers.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> x = placeholder((2,), "float32")
    >>> def inverse(use):
    ...     log, exp = (ops.log(x).op, ops.exp(x).op)
    ...     inner = use.node.sources[0] if use.node.op is log else use.node
    ...     return inner.sources[0] if inner is not use.node and inner.op is exp else None
    >>> applied(Rule("", "log(exp(x))", "x", "", inverse), [ops.log(ops.exp(x)) + 1]) == [x + 1]
    True
    """
    order = sorted_nodes(outputs, given)
    readers: dict[Node, int] = dict.fromkeys(order, 0)
    inner = (node for node in order if node not in given)
    for read in [*outputs, *(source for node in inner for source in node.sources)]:
        readers[read] += 1
    new: dict[Node, Node] = {}
    for node in order:
        if node.op is None or node in given:
            new[node] = node
            continue
        sources = tuple(new[source] for source in node.sources)
        made = node if same(sources, node.sources) else Node.of(node.op, sources, node.params)
        free = tuple(readers[source] == 1 and source not in given for source in node.sources)
        instead = one.apply(Use(made, free))
        new[node] = made if instead is None else instead
    return [new[node] for node in outputs]
