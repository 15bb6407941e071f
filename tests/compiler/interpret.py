"""An interpreter of loop nests, in plain Python: what is shown by `explain` and written as code."""

from __future__ import annotations

import itertools

import numpy as np

from geartrain.compiler.loops.grammar import PART, By, Product
from geartrain.graph.affine import Affine
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.node import Constant
from geartrain.graph.op import Contraction, Cumulative, Map, Reduce, View
from geartrain.graph.shapes import resolve


class Interpreter:
    """Runs nests on arrays, element by element.

    Args:
        arrays: of each node in memory, which nests read; what they store is added.
        batch: the number of rows.
    """

    def __init__(self, arrays, batch):
        self.arrays, self.batch = dict(arrays), batch
        self.parts, self.made = {}, {}  # of folds that are done in parts; of the nest that runs

    def run(self, nest):
        """All loops of a nest."""
        for store in nest.stores:
            if not store.part:
                shape = resolve(store.node.extents, self.batch)
                self.made[store.node] = np.zeros(shape, numpy_dtype(store.node.dtype))
        for loops in self._loops(nest.loops, {}):
            self._results(nest, loops)
        self.arrays |= self.made
        self.made = {}

    def _loops(self, loops, outside):
        """The settings of all loop variables, in order; vectors are loops like others."""
        ranges = []
        for loop in loops:
            assert isinstance(loop.by, By)
            size = range(resolve(loop.extent, self.batch))
            if loop.parts:
                chunk = -(-len(size) // loop.parts)
                size = size[outside[PART] * chunk : (outside[PART] + 1) * chunk]
            ranges.append(size)
        for found in itertools.product(*ranges):
            yield outside | dict(zip((loop.variable for loop in loops), found, strict=True))

    def _results(self, nest, loops):
        known, fold = {}, nest.fold
        if fold is not None:
            total = fold.core.op.lower.identity(fold.core.dtype)
            for inner in self._loops(fold.loops, loops):
                total = combined(fold.core, total, self._element(fold.element, inner))
                if fold.cumulative:
                    self._store(nest.stores[0], total, inner)
            if fold.cumulative:
                return
            known[fold.core] = total
        for store in nest.stores:
            value = known[fold.core] if store.part else None
            if value is None:
                value = self.value(store.node, self._place(store.index, loops), known)
                known[store.node] = value
            self._store(store, value, loops)

    def _store(self, store, value, loops):
        place = self._place(store.index, loops)
        if store.part:
            self.parts[store.node, (loops[PART], *place)] = value
        else:
            self.made[store.node][place] = value

    def _element(self, one, loops):
        if isinstance(one, Product):
            return self._element(one.left, loops) * self._element(one.right, loops)
        place = self._place(one.index, loops)
        return self.parts[one.node, place] if one.part else self.value(one.node, place, {})

    def _place(self, index, loops):
        return tuple(self._number(one, loops) for one in index)

    def _number(self, one: Affine, loops):
        terms = (resolve(factor, self.batch) * loops[name] for name, factor in one.terms.items())
        return resolve(one.constant, self.batch) + sum(terms)

    def value(self, node, place, known):
        """The element of a node at a place: from memory, or from what it is made of."""
        if node in known:
            return known[node]
        if node in self.arrays:
            return self.arrays[node][place]
        if isinstance(node.leaf, Constant):
            return node.leaf.value[place]
        lower = node.op.lower
        if isinstance(lower, Map) and not lower.indexed:
            values = [self.value(source, place, known) for source in node.sources]
            params = {name: resolve(one, self.batch) for name, one in node.params.items()}
            return node.op.numpy(*map(np.asarray, values), **params)
        if isinstance(lower, View) and lower.same_order:
            (source,) = node.sources
            shapes = [resolve(one.extents, self.batch) for one in (node, source)]
            flat = int(np.ravel_multi_index(place, shapes[0])) if place else 0
            return self.value(source, tuple(map(int, np.unravel_index(flat, shapes[1]))), known)
        if isinstance(lower, View):
            return self._viewed(node, lower, place, known)
        if isinstance(lower, Reduce):
            (source,), axes = node.sources, node.params["axes"]
            total = lower.identity(node.dtype)
            kept = [n for n in range(source.ndim) if n not in axes]
            for inner in itertools.product(*(range(source.extents[axis]) for axis in axes)):
                at = dict(zip(axes, inner, strict=True)) | dict(zip(kept, place, strict=True))
                element = self.value(source, tuple(at[n] for n in range(source.ndim)), known)
                total = combined(node, total, element)
            return total
        return self._whole(node, known)[place]

    def _viewed(self, node, lower, place, known):
        index = tuple(Affine(number) for number in place)
        for reading in lower.index(index, *(s.extents for s in node.sources), **node.params):
            at = {one: self._number(one, {}) for one in reading.index}
            inside = True
            for guard in reading.guards:
                value = self._number(guard.value, {})
                inside = inside and value % guard.divisor == 0
                value //= guard.divisor
                inside = inside and 0 <= value < resolve(guard.size, self.batch)
                if guard.divisor != 1:
                    at[guard.value] = value
            if inside:
                source = node.sources[reading.source]
                return self.value(source, tuple(at[one] for one in reading.index), known)
        return np.zeros((), numpy_dtype(node.dtype))

    def _whole(self, node, known):
        """All of a node whose elements depend on their places: by its reference."""
        arrays = []
        for source in node.sources:
            shape = resolve(source.extents, self.batch)
            array = np.empty(shape, numpy_dtype(source.dtype))
            for place in np.ndindex(*shape):
                array[place] = self.value(source, place, known)
            arrays.append(array)
        return node.op.run(arrays, node.params, self.batch)


def combined(core, total, element):
    """The total with one more element."""
    if isinstance(core.op.lower, Contraction | Cumulative):
        return total + element
    pair = np.asarray([total, element], numpy_dtype(core.sources[0].dtype))
    return core.op.numpy(pair, axes=(0,))
