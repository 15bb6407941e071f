"""The grammar of the loop IR, on one screen. A kernel of maps and reductions is a nest:

    nest    =  loop* fold? store*
    loop    =  for VARIABLE in range(EXTENT)     by units of work, one by one, or in vectors
    fold    =  total = identity                  of a reduction or contraction; of a cumulative
               loop*                             one, the stores are inside of its loop
                   total = combine(total, element)
    element =  NODE[INDEX]  |  NODE[INDEX] * NODE[INDEX]  |  parts[PART, INDEX]
    store   =  NODE[INDEX] = its value           |  parts[PART, INDEX] = total

What a node is at an index is written out down to memory: views become index arithmetic, maps code,
and the node of the fold the total. A loop over a part goes from part * chunk to the next one.

`analysis/nests.py` makes nests of fusion groups, `kernels/nest.py` writes them as code,
`analysis/loop_text.py` shows them, and the tests run them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from geartrain.graph.affine import Index
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, product


class By(Enum):
    """How a loop is walked."""

    UNITS = "units of work, which threads share"
    ONE = "one by one"
    VECTORS = "in vectors"


class Loop(NamedTuple):
    """`for variable in range(extent)`.

    Attributes:
        variable, extent: what it counts, and how far.
        by: how it is walked.
        unroll: so many vectors at a time.
        parts: of so many parts it walks the one that the variable `part` says; 0 for all.
    """

    variable: str
    extent: Extent
    by: By = By.ONE
    unroll: int = 1
    parts: int = 0


PART = "part"  # the variable that counts the parts of a fold


class At(NamedTuple):
    """The element of a node at an index; of a fold's part at (part, *index), if `part`."""

    node: Node
    index: Index  # type: ignore[assignment]  # (not what a tuple has by that name)
    part: bool = False


class Product(NamedTuple):
    """The product of two elements."""

    left: At
    right: At


class Fold(NamedTuple):
    """A total over some loops, of which `core` says how elements are combined."""

    core: Node
    loops: tuple[Loop, ...]
    element: At | Product
    cumulative: bool = False


class Nest(NamedTuple):
    """A kernel: loops around an optional fold, and stores."""

    loops: tuple[Loop, ...]
    fold: Fold | None
    stores: tuple[At, ...]

    @property
    def work(self) -> Extent:
        """How many elements it walks."""
        loops = [*self.loops, *(self.fold.loops if self.fold else ())]
        return product(loop.extent for loop in loops if loop.variable != PART)

    def of(self, nodes: Mapping[Node, Node]) -> Nest:
        """The same nest for other nodes."""

        def other(one: At) -> At:
            return one._replace(node=nodes.get(one.node, one.node))

        fold = self.fold
        if fold is not None:
            element = fold.element
            if isinstance(element, Product):
                element = Product(other(element.left), other(element.right))
            else:
                element = other(element)
            fold = fold._replace(core=nodes.get(fold.core, fold.core), element=element)
        return Nest(self.loops, fold, tuple(map(other, self.stores)))
