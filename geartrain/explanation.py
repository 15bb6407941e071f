"""Opening the gears: what became of a model or a function, stage by stage.

Sizes, formula and graph, fused loops, LLVM IR, assembly, and a profile of the kernels against the
processor's measured peak.
"""

from __future__ import annotations

import os
import re
from html import escape
from typing import Any

import numpy as np

from geartrain import standalone, tree
from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.analysis.loop_text import loop_nest, nest_text
from geartrain.compiler.pipeline import Reference
from geartrain.compiler.targets.target import host
from geartrain.errors import unknown_name
from geartrain.graph.formula import Names, formula_text
from geartrain.graph.node import Node
from geartrain.graph.printer import graph_text
from geartrain.graph.shapes import BATCH
from geartrain.models.batches import batches_of
from geartrain.models.data import Batch
from geartrain.models.programs import MOST_PROGRAMS
from geartrain.runtime import native
from geartrain.runtime.executable import Executable
from geartrain.runtime.function import Program, program_for
from geartrain.runtime.profiling import KernelProfile, measured_kernels

STAGES = ("sizes", "formula", "graph", "passes", "loops", "naive", "llvm", "assembly", "profile")
MOST_LINES = 1500  # of a stage in a file or on a page
_SHOWN = 60  # lines of IR or assembly that are shown unless all are asked for


class Explanation:
    """What became of a function: each stage as text, and the costs of its kernels.

    Printing it shows all stages, code cut short; `stage(name)` gives one of them whole.

    Args:
        program: what became of it.
        arrays: an example of its inputs.
        model: the model's name, if it is one.
        kept: how many programs are kept, for inputs of other sizes.
    """

    def __init__(
        self, program: Program, arrays: list[np.ndarray], model: str = "", kept: int = 0
    ) -> None:
        self._arrays, self._program, self._kept = arrays, program, kept
        self.batch = program.batch_of(arrays)
        self.outputs = [*program.outputs, *program.updates.values()]
        self.executable = Executable(program.outputs, program.updates, host(), measurable=True)
        self._model, self._names = model, Names(model)
        for variable, value in program.updates.items():
            del value
            self._names.of(variable.node)

    def stage(self, name: str) -> str:
        """One of `STAGES`, as text."""
        if name not in STAGES:
            raise unknown_name("stage of explain", name, STAGES)
        return str(getattr(self, name)())

    def lines(self, stage: str) -> tuple[list[tuple[str, str]], int]:
        """A stage line by line, each with the kernel whose part it is in: `k3`, or nothing.

        Of a long stage `MOST_LINES` with most multiplications, and how many are left out.
        """
        lines = _with_kernels(self.stage(stage).splitlines())
        left = max(len(lines) - MOST_LINES, 0)
        return (_heart(lines, MOST_LINES) if left else lines), left

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all stages into one file of HTML, lines of one kernel linked, to open anywhere.

        Raises ValueError for another ending than .html, OSError where it cannot be written.
        """
        answers: dict[str, Any] = {}
        formula = self.formula()
        stages = [stage for stage in STAGES if stage != "sizes"]
        for stage in stages:
            lines, cut = self.lines(stage)
            answers[standalone.key("gears/open", layer="", stage=stage)] = {
                "layers": [], "stages": stages, "cut": cut, "lines": lines, "code": [],
                "formula": rf"\verb|{formula}|" if "\n" not in formula else "",
            }  # fmt: skip
        standalone.save(path, f"{self._model or 'function'}: gears", ["gears"], answers)

    def _repr_html_(self) -> str:
        """All stages, folded, in a notebook."""
        parts = (
            f"<details><summary>{stage}</summary><pre>{escape(self.stage(stage))}</pre></details>"
            for stage in STAGES
            if stage not in ("llvm", "assembly", "profile")
        )
        return "".join(parts)

    def sizes(self) -> str:
        """For which sizes of its inputs the program is made, and what other sizes need."""
        lines = []
        for node, array in zip(self._program.inputs, self._arrays, strict=True):
            name = node.leaf.name if node.leaf is not None else "input"
            lines.append(f"{name}: made for shape {node.shape}, here {array.shape}")
        kept = f" The latest {self._kept} are kept." if self._kept else ""
        if any(BATCH in node.extents[:1] for node in self._program.inputs):
            lines.append("None: one program for any number of rows.")
        elif self._kept:
            lines.append(
                "The step must know how many rows there are: each number of rows needs another "
                "program."
            )
        lines.append(f"Other sizes than these need another program.{kept}")
        return "\n".join(lines)

    def formula(self) -> str:
        """What is returned, and the new values of variables (`<-`), as formulas."""
        updates = {variable.node: value for variable, value in self._program.updates.items()}
        return formula_text(self._program.outputs, updates, self._model)

    def graph(self) -> str:
        """The nodes, in the order of their use."""
        return graph_text(self.outputs, self._model)

    def passes(self) -> str:
        """The passes of the compiler, in order: how long each took, and what there was after it."""
        return "\n".join(map(str, self.executable.assembly.passes))

    def loops(self) -> str:
        """Each kernel as loops; what has no code says so."""
        without = {
            id(step.fused): step.why
            for step in self.executable.assembly.steps
            if isinstance(step, Reference)
        }
        parts = []
        for number, fused in enumerate(self.executable.assembly.groups):
            why = without.get(id(fused))
            head = f"# kernel k{number}"
            if why is not None:
                head = f"# computed by NumPy: {why}"
            parts.append(f"{head}\n{self._nests(number, fused)}")
        return "\n\n".join(parts)

    def _nests(self, number: int, fused: FusionGroup) -> str:
        """The loops that the kernels of a group were written of; of other kinds, what they do."""
        name = re.compile(rf"k{number}(_parts)?$")
        nests = [one.nest for one in self._kernels() if name.match(one.name)]
        if not nests or None in nests:
            return loop_nest(fused, self._names)
        return "\n".join(nest_text(fused, nest, self._names) for nest in nests)

    def naive(self) -> str:
        """The same operations as the naive loops of the textbook."""
        import inspect

        from geartrain import naive

        kinds = {kernel.kind.split()[0] for kernel in self._kernels()}
        ops = {node.op.name for node in _nodes(self.outputs) if node.op is not None}
        wanted = [
            ("contraction" in kinds, naive.naive_matrix_dot),
            ("relu" in ops, naive.naive_relu),
        ]
        wanted += [("window" in ops, naive.naive_conv2d)]
        found = [inspect.getsource(function) for fits, function in wanted if fits]
        return "\n\n".join(found) or "# none of the textbook's operations"

    def llvm(self) -> str:
        """The module as LLVM IR."""
        return self.executable.assembly.text

    def assembly(self) -> str:
        """The machine code as assembly."""
        return native.assembly(self.executable.assembly.text, host())

    def kernels(self, repeats: int = 20) -> list[KernelProfile]:
        """Measure each kernel; variables are put back as they were."""
        values = {
            node.leaf: array for node, array in zip(self._program.inputs, self._arrays, strict=True)
        }
        return measured_kernels(self.executable, values, self.batch, self._names, repeats)

    def profile(self) -> str:
        """A table of the kernels: shapes, operations, bytes, time, and the share of the peak."""
        from geartrain.runtime.peak import measure

        self.loops()  # names come in the order of the loops
        peak = measure()
        lines = [
            f"{'kernel':14} {'kind':21} {'MFLOP':>9} {'MB':>8} {'us':>9} {'GFLOP/s':>8} {'peak':>5}"
            "  stores"
        ]
        total, fastest = 0.0, 0.0
        for one in self.kernels():
            rate = one.flops / max(one.seconds, 1e-9) / 1e9
            total, fastest = total + one.seconds, max(fastest, rate)
            lines.append(
                f"{one.name:14} {one.kind:21} {one.flops / 1e6:9.3f} {one.bytes / 1e6:8.3f} "
                f"{one.seconds * 1e6:9.1f} {rate:8.1f} {rate / peak:5.0%}  {one.result}"
            )
        lines.append(
            f"{total * 1e6:.1f} us in all, each kernel started apart. "
            f"The peak is {peak:.0f} GFLOP/s of float32."
        )
        if fastest > 1.05 * peak:
            lines.append("Above 100%: matrix tiles, which multiply more at once than vectors do.")
        return "\n".join(lines)

    def _kernels(self) -> list[Any]:
        steps = self.executable.assembly.steps
        return [kernel for step in steps if isinstance(step, list) for kernel in step]

    def __str__(self) -> str:
        parts = []
        for name in STAGES:
            text = self.stage(name)
            lines = text.splitlines()
            if name in ("llvm", "assembly") and len(lines) > _SHOWN:
                text = "\n".join([*_interesting(name, lines), f"... {len(lines)} lines in all"])
            parts.append(f"-- {name} {'-' * (76 - len(name))}\n\n{text}\n")
        return "\n".join(parts)


def explain(model_or_function: Any, *example: Any) -> Explanation:
    """What became of a model or a function, for inputs like the example.

    Args:
        model_or_function: a model, or a function of ops.
        *example: for a model `x`, for what predicting does, or `x, y`, for a step of training; for
            a function its arguments.

    Returns:
        An `Explanation`: print it, or ask for one `stage`.

    >>> from geartrain import ops
    >>> explanation = explain(lambda x: ops.sum(ops.relu(x) * 2.0), np.ones((3, 4), "float32"))
    >>> print(explanation.stage("loops"))
    # kernel k0
    total = 0
    for i in range(3):
        for j in range(4):
            total += relu(x[i, j]) * 2
    sum = total
    """
    if not hasattr(model_or_function, "program_of"):
        program, arrays = program_for(model_or_function, *example)
        return Explanation(program, arrays)
    if not 1 <= len(example) <= 2:
        raise ValueError(
            f"explain: expected x, or x and y, as examples for a model. Received: {len(example)} "
            "arguments after it."
        )
    data = batches_of("explain", *example, batch_size=len(tree.flatten(example[0])[0]))
    batch: Batch = data.first()
    program, _ = model_or_function.program_of("train" if len(example) == 2 else "predict", batch)
    arrays = [leaf for leaf in tree.flatten(list(batch)) if leaf is not None]
    return Explanation(program, arrays, model_or_function.name, MOST_PROGRAMS)


def _nodes(outputs: list[Node]) -> list[Node]:
    from geartrain.graph.node import sorted_nodes

    return sorted_nodes(outputs)


def _interesting(stage: str, lines: list[str]) -> list[str]:
    """The part of the code with most multiplications: the heart of a kernel, if there is one."""
    best = _densest(lines, "fma" if stage == "llvm" else r"\bv?fn?m(add|la)", _SHOWN)
    return [f"... from line {best + 1}:", *lines[best : best + _SHOWN]]


def _with_kernels(lines: list[str]) -> list[tuple[str, str]]:
    """Each line with the kernel whose part it is in: `k3`, or nothing."""
    blocks = any(line.startswith("define ") for line in lines)  # LLVM's labels are of a function
    told, kernel = [], ""
    for line in lines:
        head = re.match(r"(?:# kernel |define [^@]*@|)(k\d+)(?:\b|_)", line)
        if head:
            kernel = head[1]
        elif re.match(r"define |declare |@|; " if blocks else r"[a-z_]\w*:$", line):
            kernel = ""
        told.append((line, kernel))
    return told


def _heart(lines: list[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """So many lines around those with most multiplications."""
    best = _densest([line for line, _ in lines], r"fma|vfn?m(add|la)|tdp", most)
    return lines[best : best + most]


def _densest(lines: list[str], mark: str, most: int) -> int:
    """Where the first of those `most` lines in a row begins that have most marks."""
    sums = np.concatenate([[0], np.cumsum([bool(re.search(mark, line)) for line in lines])])
    return int(np.argmax(sums[most:] - sums[:-most]))
