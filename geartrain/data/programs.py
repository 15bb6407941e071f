"""Functions of elements as programs: `map` of many rows in memory runs as machine code.

TensorFlow traces the function of a `map` once. So does a data set of many rows: if the function
computes with tensors alone, it is a loop over rows in native code, random numbers drawn row by row.
Where it asks for a value or changes what Python holds, it runs on each element, as in small data
sets.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.data.base import applied
from geartrain.data.elements import Form, map_leaves
from geartrain.data.rows import Rows
from geartrain.data.spec import TensorSpec, spec_of, without_rows
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.eager import eager
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.graph.taping import no_tapes
from geartrain.ops.operands import operand
from geartrain.ops.scanning import map as each_turn
from geartrain.random.seeds import global_generator
from geartrain.runtime.function import Program, native_code, trace
from geartrain.runtime.variable import Variable

FEWEST = 512  # elements, of which a function is traced


def program_of_rows(function: Callable[..., Any], spec: Any) -> Callable[[Any], Any] | None:
    """What makes of a block of rows a block of the function's results; None if no program can.

    Args:
        function: of an element.
        spec: of the elements.
    """
    leaves = tree.flatten(spec)
    if not native_code() or not all(map(_is_known, leaves)):
        return None
    symbols = [placeholder((BATCH, *one.shape), one.dtype, "rows") for one in leaves]
    global_generator()  # which is made of one of Python's random numbers
    before = _held(function)
    try:
        with no_tapes():
            made, scope = trace(_Rows(function, spec).results, symbols)
    except Exception:  # whatever it is, the function itself raises it again, or does not
        return None
    if _held(function) != before:
        return None
    structure, outputs = made
    return _Computed(Form(spec), symbols, Form(structure), outputs, scope.updates)


def _is_known(spec: Any) -> bool:
    return (
        isinstance(spec, TensorSpec) and spec.dtype != "string"
        and spec.shape is not None and None not in spec.shape
    )  # fmt: skip


class _Rows:
    """The function of an element, for symbolic rows."""

    def __init__(self, function: Callable[..., Any], spec: Any) -> None:
        self.function, self.form = function, Form(spec)
        self.structure: Any = None
        self.same: list[int | None] = []  # for each result the input that it is

    def results(self, symbols: list[Node]) -> tuple[Any, list[Node]]:
        """The structure of a result, and the rows of each of its tensors."""
        computed = iter(tree.flatten(each_turn(self._turn, symbols)))
        outputs = [next(computed) if one is None else symbols[one] for one in self.same]
        return self.structure, outputs

    def _turn(self, items: list[Node]) -> list[Any]:
        self.structure = _as_symbols(applied(self.function, self.form.packed(items)))
        flat = tree.flatten(self.structure)
        self.same = [
            next((place for place, item in enumerate(items) if item is one), None) for one in flat
        ]
        computed = [one for one, place in zip(flat, self.same, strict=True) if place is None]
        return computed or items  # a loop gives something


def _as_symbols(value: Any) -> Any:
    """A result as an element: tuples and dicts of symbolic tensors; a list is a tensor."""
    if isinstance(value, dict):
        return {name: _as_symbols(one) for name, one in value.items()}
    if isinstance(value, tuple):
        items = [_as_symbols(one) for one in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return Node.wrap(operand(value))


class _Computed:
    """A program of rows, of which some results are the rows themselves."""

    def __init__(
        self, given: Form, symbols: list[Node], results: Form, outputs: list[Node],
        updates: dict[Variable, Node],
    ) -> None:  # fmt: skip
        self.given, self.results, self.outputs = given, results, outputs
        self.places = {symbol: place for place, symbol in enumerate(symbols)}
        computed = [node for node in outputs if node not in self.places]
        self.program: Program | None = None
        if computed or updates:
            self.program = Program(symbols, computed, updates, compiled=True)

    def __call__(self, block: Any) -> Any:
        rows = [np.asarray(leaf) for leaf in self.given.leaves(block)]
        made = iter(self.program.run(*rows) if self.program and len(rows[0]) else ())
        return self.results.packed(
            [
                eager(
                    rows[self.places[node]] if node in self.places
                    else next(made) if len(rows[0]) else _none_of(node)
                )
                for node in self.outputs
            ]
        )  # fmt: skip


def _none_of(node: Node) -> np.ndarray:
    return np.empty((0, *resolve(node.extents[1:], 0)), numpy_dtype(node.dtype))


def _held(function: Callable[..., Any]) -> list[Any]:
    """The state of what a function can change: random numbers, and values of names that it uses."""
    held: list[Any] = [random.getstate(), repr(np.random.get_state(legacy=False))]
    code = getattr(function, "__code__", None)
    if code is not None:
        cells = [cell for cell in function.__closure__ or () if _is_filled(cell)]
        values = [cell.cell_contents for cell in cells]
        values += [function.__globals__.get(name) for name in code.co_names]
        held += [_mark(value) for value in values]
    return held


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _mark(value: Any) -> Any:
    """What is different of a value after it was changed."""
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, list | dict | set):
        return id(value), len(value)
    return value if isinstance(value, int | float | str) else id(value)


def whole(blocks: Any, count: int) -> Any:
    """Blocks of rows, one after the other, as one block of `count` rows."""
    made: Any = None
    start = 0
    for block in blocks:
        if made is None:
            made = map_leaves(lambda leaf: np.empty((count, *leaf.shape[1:]), leaf.dtype), block)
        size = len(tree.flatten(block)[0])
        for rows, part in zip(tree.flatten(made), tree.flatten(block), strict=True):
            rows[start : start + size] = part
        start += size
    return map_leaves(eager, made)


def spec_of_rows(rows: Rows) -> Any:
    """The spec of elements that are computed of rows."""
    return without_rows(spec_of(rows.gathered(range(1)) if rows.then else rows.block))
