"""The memory of runs: frames with tables of addresses, and the data sets that steps read."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from geartrain.compiler.analysis.memory import Buffer, plan
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.node import Leaf, Node
from geartrain.graph.shapes import resolve
from geartrain.runtime.aligned import address_of, aligned_empty

if TYPE_CHECKING:
    from geartrain.runtime.executable import Executable

SMALL_BYTES = 16_384  # an array up to this size is copied sooner than its address is found


class Frame:
    """The memory of one run at one batch size: a table of addresses, and the block behind it.

    Small inputs and outputs have memory here too, into which and from which they are copied. The
    table points to it whenever the frame is not in use.

    Args:
        program: what is run.
        batch: the number of rows.
        last: another number of rows that the memory is enough for.

    Attributes:
        small: for each small input its leaf and its memory.
        large: for each other input its place in the table, its leaf and its dtype.
        results: the memory of the outputs; none if any is large, or nothing computes it.
        shapes: of the outputs.
        work: about how many scalar operations a run takes.
    """

    def __init__(self, program: Executable, batch: int, last: int) -> None:
        assembly = program.assembly
        offsets, size = plan(assembly.buffers, batch, last)
        self._enough = {batch, last}
        self.block = aligned_empty((size,), np.dtype(np.uint8))
        start = address_of(self.block)
        self.table = (ctypes.c_int64 * assembly.size)()
        self.table[0] = batch
        for slot, offset in offsets.items():
            self.table[slot] = start + offset
        for slot, array in program.fixed.items():
            self.table[slot] = address_of(array)
        self.address = ctypes.addressof(self.table)
        self.batch, self.work = batch, int(resolve(assembly.work, batch))
        self._own: dict[int, int] = {}  # addresses of memory of the frame's own, by place
        self._gathered: dict[int, tuple[int, np.ndarray]] = {}  # addresses and memory, by place
        self.small: list[tuple[Leaf | None, np.ndarray]] = []
        self.large: list[tuple[int, Leaf | None, np.dtype[Any]]] = []
        for slot, node, dtype in program.inputs:
            shape = resolve(node.extents, batch)
            if _is_small(shape, dtype):
                self.small.append((node.leaf, aligned_empty(shape, dtype)))
                self._own[slot] = address_of(self.small[-1][1])
            else:
                self.large.append((slot, node.leaf, dtype))
        self.shapes = [resolve(node.extents, batch) for node in program.outputs]
        self.results = self._small_results(program.results)
        self.restore()

    def _small_results(
        self, results: list[tuple[int | None, Node, np.dtype[Any]]]
    ) -> list[np.ndarray]:
        made: dict[int, np.ndarray] = {}
        for (slot, _, dtype), shape in zip(results, self.shapes, strict=True):
            if slot is None or not _is_small(shape, dtype):
                return []
            made[slot] = aligned_empty(shape, dtype)
        self._own |= {slot: address_of(array) for slot, array in made.items()}
        return [made[slot] for slot, _, _ in results if slot is not None]

    def is_enough_for(self, rows: int, buffers: list[Buffer]) -> bool:
        """Whether a step of so many rows finds room for its results; more rows often need more."""
        if rows not in self._enough:
            if any(resolve(one.size, rows) > resolve(one.size, self.batch) for one in buffers):
                return False
            self._enough.add(rows)
        return True

    def restore(self) -> None:
        """Let the table point to the frame's own memory again."""
        for slot, address in self._own.items():
            self.table[slot] = address

    def gathered(self, slot: int, node: Node) -> int:
        """Where one batch of an input has memory, into which whole epochs gather rows."""
        if slot not in self._gathered:
            shape = resolve(node.extents, self.batch)
            memory = aligned_empty(shape, numpy_dtype(node.dtype))
            self._gathered[slot] = address_of(memory), memory
        return self._gathered[slot][0]


def _is_small(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return math.prod(shape) * dtype.itemsize <= SMALL_BYTES


class Samples:
    """Data sets that many steps take their rows from: checked, and their addresses.

    Args:
        program: what will be run.
        data: the whole data of each input.

    Attributes:
        places: for each input its place in the table, the place of its whole data, the address of
            these, the bytes of a row, and its node.
    """

    def __init__(self, program: Executable, data: Mapping[Leaf | None, np.ndarray]) -> None:
        epoch = program.assembly.epoch
        assert epoch is not None
        self.data = dict(data)
        self.places: list[tuple[int, int, int, int, Node]] = []
        for slot, node, dtype in program.inputs:
            array = self.data[node.leaf]
            assert array.dtype == dtype and array.flags.c_contiguous
            width = array.strides[0] if len(array) > 1 else 0
            found = (slot, epoch.inputs[node], address_of(array), width, node)
            self.places.append(found)

    def rows(self, first: int, count: int) -> dict[Leaf | None, np.ndarray]:
        """Some rows of each input."""
        return {leaf: array[first : first + count] for leaf, array in self.data.items()}
