"""Running compiled programs: frames of memory, tables of addresses, and steps.

An `Executable` has the interface of `graph.evaluate.Plan`, and updates variables in place besides.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from geartrain.compiler.analysis.memory import plan
from geartrain.compiler.codegen.builder import REPORT
from geartrain.compiler.kernels.kernel import Kernel
from geartrain.compiler.pipeline import Reference, assemble
from geartrain.compiler.targets.target import Target
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Constant, Leaf, Node, sorted_nodes
from geartrain.graph.op import Lookup
from geartrain.graph.shapes import BATCH, holds_dim, resolve
from geartrain.ops import rules  # noqa: F401 (what the compiler's first pass applies)
from geartrain.ops.indexing import outside
from geartrain.runtime import native, threads
from geartrain.runtime.aligned import address_of
from geartrain.runtime.frame import Frame, Samples
from geartrain.runtime.variable import Variable

CACHE_BYTES = 2**22  # results of one step that stay near the processor
MOST_ROWS = 1024  # more rows a step gain nothing
MOST_FRAMES = 8  # batch sizes whose memory is kept


class Executable:
    """A compiled graph.

    Args:
        outputs: the nodes to compute.
        updates: for each variable to change, the node of its new value.
        target: the CPU.
        measurable: whether kernels can be run one by one, by `measure`.
    """

    def __init__(
        self,
        outputs: Sequence[Node],
        updates: Mapping[Variable, Node],
        target: Target,
        measurable: bool = False,
    ) -> None:
        by_node = {variable.node: value for variable, value in updates.items()}
        self.assembly = assembly = assemble(outputs, by_node, target, measurable)
        self.outputs = list(assembly.outputs)
        self.updates = dict(zip(updates, assembly.updates.values(), strict=True))
        self.library = native.load(assembly.text, target)
        self._jobs: dict[str, threads.Job] = {}
        self.steps: list[threads.Job | tuple[Reference, Plan]] = []
        for step in assembly.steps:
            if isinstance(step, Reference):
                nodes = step.fused.nodes
                self.steps.append((step, Plan(nodes, given=step.fused.reads)))
            else:
                count = sum(isinstance(one, threads.Job) for one in self.steps)
                self.steps.append(self._job(f"run_{count}"))
        self.fixed: dict[int, np.ndarray] = {}  # arrays that are the same in every run
        self.inputs: list[tuple[int, Node, np.dtype[Any]]] = []
        for node, slot in assembly.slots.items():
            assert isinstance(node, Node)
            if isinstance(node.leaf, Variable):
                self.fixed[slot] = node.leaf.array
            elif isinstance(node.leaf, Constant):
                self.fixed[slot] = np.ascontiguousarray(node.leaf.value)
            elif node.leaf is not None:
                self.inputs.append((slot, node, numpy_dtype(node.dtype)))
        self.results = [
            (None if node.op is None else assembly.slots[node], node, numpy_dtype(node.dtype))
            for node in self.outputs
        ]
        kernels = [one for step in assembly.steps if isinstance(step, list) for one in step]
        self.reports = any(kernel.reports for kernel in kernels)
        self.empty: Callable[..., np.ndarray] = np.empty  # makes the arrays of outputs
        self.rows_out = any(holds_dim(node.extents) for node in self.outputs)
        self._frames: dict[int, list[Frame]] = {}

    def _job(self, name: str) -> threads.Job:
        """A function of the module."""
        if name not in self._jobs:
            self._jobs[name] = threads.Job(self.library.address(name))
        return self._jobs[name]

    def run(
        self, values: Mapping[Leaf | None, np.ndarray], batch: int | None = None
    ) -> list[np.ndarray]:
        """Compute the outputs and update the variables."""
        frame = self._take(0 if batch is None else batch)
        held = self._fill(frame, values)
        outputs = frame.results or self._outputs(frame, values)
        self._do(frame, batch)
        del held
        if frame.results:
            outputs = [array.copy() for array in outputs]
        self._give_back(frame)
        return outputs

    def _do(self, frame: Frame, batch: int | None) -> None:
        for step in self.steps:
            if isinstance(step, threads.Job):
                threads.run(step, frame.address, frame.work)
                self._check(frame)
            else:
                self._reference(step[1], frame, batch)

    def direct(self, batch: int) -> Callable[[np.ndarray], np.ndarray] | None:
        """The shortest way from one small input to one small output; None if there is more.

        Returns:
            A function that does what `run` does, of an array with the dtype of the input. After a
            run, what Python needs has left the caches, so each step on the way counts double.
        """
        if len(self.steps) != 1 or not isinstance(job := self.steps[0], threads.Job):
            return None
        frame = self._take(batch)
        if len(self.inputs) > 1 or not frame.small:
            return None
        if len(frame.results) != 1:
            return None
        self._give_back(frame)

        def call(array: np.ndarray) -> np.ndarray:
            frame = self._take(batch)
            frame.small[0][1][...] = array
            threads.run(job, frame.address, frame.work)
            self._check(frame)
            result = frame.results[0].copy()
            self._give_back(frame)
            return result

        return call

    def _fill(self, frame: Frame, values: Mapping[Leaf | None, np.ndarray]) -> list[np.ndarray]:
        """Let the code find the inputs; what must live until it has run."""
        for leaf, own in frame.small:
            own[...] = values[leaf]
        held = []
        for slot, leaf, dtype in frame.large:
            array = values[leaf]
            if array.dtype != dtype or not array.flags.c_contiguous:
                array = np.ascontiguousarray(array, dtype)
            held.append(array)
            frame.table[slot] = address_of(array)
        return held

    def measure(
        self, values: Mapping[Leaf | None, np.ndarray], batch: int | None, repeats: int = 20
    ) -> list[tuple[Kernel, float]]:
        """The median time of each kernel, in seconds; variables are updated as if by training.

        Of kernels in several ways, the one that is chosen for that batch. The whole is done once
        before, so that each finds in memory what others leave there.
        """
        frame = self._take(0 if batch is None else batch)
        held = self._fill(frame, values)
        outputs = frame.results or self._outputs(frame, values)
        self._do(frame, batch)
        kernels = [
            kernel for step in self.assembly.steps if isinstance(step, list) for kernel in step
            if resolve(kernel.enabled, batch)
        ]  # fmt: skip
        times: list[list[float]] = [[] for _ in kernels]
        for _ in range(repeats):
            for kernel, measured in zip(kernels, times, strict=True):
                job = self._job(f"only_{kernel.name}")
                start = time.perf_counter()
                threads.run(job, frame.address, frame.work)
                measured.append(time.perf_counter() - start)
        del held, outputs
        self._give_back(frame)
        return [(k, float(np.median(t))) for k, t in zip(kernels, times, strict=True)]

    @property
    def whole_epochs(self) -> bool:
        """Whether `run_steps` can be called: all is native, and every input has a batch axis."""
        epoch = self.assembly.epoch
        return epoch is not None and len(epoch.inputs) == len(self.inputs)

    @property
    def gives_rows(self) -> bool:
        """Whether each output has a row for each of the batch: then those of steps make one."""
        return all(
            node.extents[:1] == (BATCH,) and not holds_dim(node.extents[1:])
            for node in self.outputs
        )

    def rows_in_cache(self, least: int) -> int:
        """How many rows a step should take: their results fit a cache, and are shared with gain."""
        results = [buffer for buffer in self.assembly.buffers if holds_dim(buffer.size)]
        rows = least
        while rows < MOST_ROWS and plan(results, 2 * rows)[1] <= CACHE_BYTES:
            rows *= 2
        return rows

    def run_steps(
        self,
        samples: Samples,
        batch: int,
        rows: int,
        first: int = 0,
        order: np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """Do the steps for some rows in one native call; the last may have fewer rows.

        Args:
            samples: what to take the rows from.
            batch: rows a step.
            rows: how many rows in all.
            first: the number of the first one.
            order: the numbers of the rows (int64) in the order in which to count them.

        Returns:
            The outputs of the last step; without an order, those with a batch axis hold the rows
            of all steps.
        """
        epoch = self.assembly.epoch
        assert epoch is not None and rows > 0
        steps = -(-rows // batch)
        last = rows - batch * (steps - 1)
        frame = self._take(batch, last)
        table = frame.table
        table[epoch.steps], table[epoch.last] = steps, last
        if order is None:
            job = self._job("sweep")
            for slot, _, address, width, _ in samples.places:
                table[slot] = address + first * width
        else:
            assert order.dtype == np.int64 and len(order) >= first + rows
            job = self._job("epoch")
            for slot, whole, address, _, node in samples.places:
                table[whole] = address
                table[slot] = frame.gathered(slot, node)
            table[epoch.order] = address_of(order) + first * order.itemsize
        copied = bool(frame.results) and not self.rows_out
        if copied:
            outputs = frame.results
        elif order is None:
            outputs = self._outputs(frame, samples.rows(first, rows), last, rows)
        else:
            outputs = self._outputs(frame, samples.data, last)
        threads.run(job, frame.address, frame.work)
        self._check(frame)
        if copied:
            outputs = [array.copy() for array in outputs]
        frame.restore()
        self._give_back(frame)
        return outputs

    def _check(self, frame: Frame) -> None:
        """Raise, if kernels noted an index outside a tensor; the frame is not used again."""
        if self.reports and frame.table[REPORT]:
            raise self._outside(int(frame.table[REPORT]))

    def _outside(self, word: int) -> ValueError:
        """The error of an index outside a tensor: what kernels noted, and in which variable."""
        size, wrong = (word & 0xFFFFFFFF) - 1, word >> 32
        for node in sorted_nodes([*self.outputs, *self.updates.values()]):
            if node.op is not None and isinstance(node.op.lower, Lookup) and node.sources:
                table = node.sources[0]
                while table.op is not None and len(table.sources) == 1:
                    table = table.sources[0]
                if isinstance(table.leaf, Variable) and table.extents[:1] == (size,):
                    return outside(wrong, size, table.leaf.path)
        return outside(wrong, size, "A compiled function")

    def _take(self, batch: int, last: int | None = None) -> Frame:
        """A frame that nobody uses now, with memory for steps of `batch` and of `last` rows."""
        try:
            frame = self._frames[batch].pop()  # one operation, so no two threads get the same
        except (KeyError, IndexError):
            return Frame(self, batch, last or batch)
        if last is None or frame.is_enough_for(last, self.assembly.buffers):
            return frame
        return Frame(self, batch, last)

    def _give_back(self, frame: Frame) -> None:
        if len(self._frames) > MOST_FRAMES:
            self._frames = {}
        self._frames.setdefault(frame.batch, []).append(frame)

    def _outputs(
        self,
        frame: Frame,
        values: Mapping[Leaf | None, np.ndarray],
        last: int | None = None,
        rows: int | None = None,
    ) -> list[np.ndarray]:
        """Fresh arrays for the outputs, which the table points to.

        Args:
            frame: of the run.
            values: of the inputs.
            last: the number of rows of the last step, where there are several steps.
            rows: the number of rows of all steps, where those of outputs follow each other.
        """
        made: dict[Node, np.ndarray] = {}
        for (place, node, dtype), shape in zip(self.results, frame.shapes, strict=True):
            if node in made:
                continue
            if place is None:
                made[node] = _leaf_value(node, values)
                continue
            follow = rows is not None and node.extents[:1] == (BATCH,)
            array = self.empty((rows, *shape[1:]) if follow else shape, dtype)
            frame.table[place] = address_of(array)
            if last is not None and not follow:
                shape = resolve(node.extents, last)
                array = array.reshape(-1)[: math.prod(shape)].reshape(shape)
            made[node] = array
        return [made[node] for node in self.outputs]

    def _reference(self, steps: Plan, frame: Frame, batch: int | None) -> None:
        """A step that has no code, by NumPy, on the same memory."""
        given = {node: self._view(node, frame, batch) for node in steps.given}
        results = steps.run({}, batch, given=given)
        for node, result in zip(steps.outputs, results, strict=True):
            self._view(node, frame, batch)[...] = result

    def _view(self, node: Node, frame: Frame, batch: int | None) -> np.ndarray:
        """The memory of a node as an array."""
        shape, dtype = resolve(node.extents, batch), numpy_dtype(node.dtype)
        size = int(np.prod(shape)) * dtype.itemsize
        if size == 0:
            return np.empty(shape, dtype)
        address = int(frame.table[self.assembly.slots[node]])
        memory = (ctypes.c_uint8 * size).from_address(address)
        array: np.ndarray = np.ctypeslib.as_array(memory).view(dtype).reshape(shape)
        return array


def _leaf_value(node: Node, values: Mapping[Leaf | None, np.ndarray]) -> np.ndarray:
    """An output that nothing computes: an input, a variable or a constant."""
    leaf = node.leaf
    if isinstance(leaf, Constant):
        return leaf.value
    return leaf.numpy() if isinstance(leaf, Variable) else values[leaf]
