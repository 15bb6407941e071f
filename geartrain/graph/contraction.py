"""What the axes of a contraction do: `"bik,bkj->bij"` is parsed here, once, for all who ask.

Each label is in one of these sets:

    batch      in both operands and the result, before its rows and columns     b
    group      in both operands and the result, behind some of these            (of depthwise: c)
    rows       in the first operand and the result                              i
    columns    in the second operand and the result                             j
    summed     in both operands alone                                           k

So matrix products, batched ones, grouped and depthwise convolutions are contractions all alike.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, Shape


@dataclass(frozen=True)
class ContractionSpec:
    """The labels of a contraction's axes.

    Attributes:
        left, right: those of the operands, in the order of their axes.
        out: those of the result.

    >>> spec = ContractionSpec.parse("bik,bkj->bij")
    >>> sorted(spec.batch), sorted(spec.rows), sorted(spec.columns), sorted(spec.summed)
    (['b'], ['i'], ['j'], ['k'])
    >>> print(spec.swapped)
    bkj,bik->bij
    """

    left: str
    right: str
    out: str

    @classmethod
    @functools.lru_cache(maxsize=1024)
    def parse(cls, text: str) -> ContractionSpec:
        """The spec that is written so."""
        inputs, out = text.split("->")
        left, right = inputs.split(",")
        return cls(left, right, out)

    def __str__(self) -> str:
        return f"{self.left},{self.right}->{self.out}"

    @functools.cached_property
    def shared(self) -> frozenset[str]:
        """Those of both operands and the result: batch and group together."""
        return frozenset(self.left) & frozenset(self.right) & frozenset(self.out)

    @functools.cached_property
    def batch(self) -> frozenset[str]:
        """Those that are outer loops around a product of matrices."""
        own = self.rows | self.columns
        first = min((self.out.index(label) for label in own), default=len(self.out))
        return frozenset(self.out[:first])

    @functools.cached_property
    def group(self) -> frozenset[str]:
        """Those that say which part of both operands meet, inside of rows or columns."""
        return self.shared - self.batch

    @functools.cached_property
    def rows(self) -> frozenset[str]:
        """Those of the first operand that the result has from it alone."""
        return frozenset(self.left) - frozenset(self.right)

    @functools.cached_property
    def columns(self) -> frozenset[str]:
        """Those of the second operand that the result has from it alone."""
        return frozenset(self.right) - frozenset(self.left)

    @functools.cached_property
    def summed(self) -> frozenset[str]:
        """Those that the result lacks."""
        return frozenset(self.left + self.right) - frozenset(self.out)

    @property
    def swapped(self) -> ContractionSpec:
        """The same products, with the operands exchanged."""
        return ContractionSpec(self.right, self.left, self.out)

    def sizes(self, left: Shape, right: Shape) -> dict[str, Extent]:
        """The size of each label, for operands of these shapes."""
        found: dict[str, Extent] = dict(zip(self.left, left, strict=True))
        found |= dict(zip(self.right, right, strict=True))
        return found


def spec_of(node: Node) -> ContractionSpec:
    """The labels of a node that is a contraction."""
    return ContractionSpec.parse(node.params["spec"])
