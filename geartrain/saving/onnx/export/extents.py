"""Sizes of axes that are known at run time only, as ONNX computes them.

A size is a number, or a `Dim`: a polynomial in the sizes of the model's unknown input axes. These
are read off the inputs by `Shape`, and each polynomial is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geartrain.graph.shapes import Dim, Extent
from geartrain.saving.onnx.export.graph import OnnxGraph, Value

INT64 = "int64"


class Extents:
    """Sizes as values: vectors of int64.

    Args:
        graph: where their nodes go.
        sources: for each unknown size its input's name and axis.
    """

    def __init__(self, graph: OnnxGraph, sources: dict[Any, tuple[str, int]]) -> None:
        self.graph, self.sources = graph, sources
        self._made: dict[Any, Value] = {}

    def one(self, extent: Extent) -> Value:
        """A size as a vector of one."""
        if not isinstance(extent, Dim):
            return np.asarray([extent], INT64)
        return self._once(extent, lambda: self._polynomial(extent))

    def scalar(self, extent: Extent) -> Value:
        """A size as a scalar."""
        if not isinstance(extent, Dim):
            return np.asarray(extent, INT64)
        axes = np.zeros(1, INT64)
        return self._once(
            ("scalar", extent), lambda: self.graph.node("Squeeze", self.one(extent), axes)
        )

    def vector(self, extents: Sequence[Extent]) -> Value:
        """Sizes as one vector."""
        if not any(isinstance(extent, Dim) for extent in extents):
            return np.asarray(extents, INT64).reshape(-1)
        if len(extents) == 1:
            return self.one(extents[0])
        return self._once(
            tuple(extents), lambda: self.graph.node("Concat", *map(self.one, extents), axis=0)
        )

    def ladder(self, extent: Extent) -> Value:
        """The numbers from 0 up to a size, without it."""
        if not isinstance(extent, Dim):
            return np.arange(extent, dtype=INT64)
        zero, one = np.asarray(0, INT64), np.asarray(1, INT64)
        return self._once(
            ("ladder", extent), lambda: self.graph.node("Range", zero, self.scalar(extent), one)
        )

    def _once(self, key: Any, make: Callable[[], Value]) -> Value:
        """A value that is made where it is first needed, before any loop."""
        if key not in self._made:
            with self.graph.outside("sizes"):
                self._made[key] = make()
        return self._made[key]

    def computed(self, operator: str, first: Value, second: Value) -> Value:
        """The sum, difference, product or quotient of whole numbers, now if both are known."""
        if isinstance(first, str) or isinstance(second, str):
            return self.graph.node(operator, first, second)
        return _COMPUTED[operator](first, second)

    def _polynomial(self, dim: Dim) -> Value:
        total: Value = np.zeros(1, INT64)
        for monomial, count in dim.terms:
            term: Value = np.full(1, count, INT64)
            for atom in monomial:
                factor = self._atom(atom)
                term = factor if _is(term, 1) else self.computed("Mul", term, factor)
            total = term if _is(total, 0) else self.computed("Add", total, term)
        return total

    def _atom(self, atom: Any) -> Value:
        if atom in self._made:
            return self._made[atom]
        if atom in self.sources:
            name, axis = self.sources[atom]
            made: Value = self.graph.node("Shape", name, start=axis, end=axis + 1)
        else:
            function, *arguments = atom
            first, second = (self.one(argument) for argument in arguments)
            if function == "ceildiv":  # first + (-first mod second) is a multiple of second
                missing = self.computed("Mod", self.graph.node("Neg", first), second)
                made = self.computed("Div", self.computed("Add", first, missing), second)
            elif function == "floordiv":  # ONNX rounds towards zero
                whole = self.computed("Sub", first, self.computed("Mod", first, second))
                made = self.computed("Div", whole, second)
            else:
                names = {"min": "Min", "max": "Max", "mod": "Mod"}
                made = self.graph.node(names[function], first, second)
        self._made[atom] = made
        return made


_COMPUTED = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.floor_divide,
    "Mod": np.mod,
}


def _is(value: Value, number: int) -> bool:
    return not isinstance(value, str) and bool((value == number).all())
