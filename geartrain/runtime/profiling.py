"""What each kernel of a program costs: operations, bytes and time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from geartrain.compiler.codegen.builder import BYTES
from geartrain.graph.formula import Names
from geartrain.graph.shapes import product, resolve
from geartrain.runtime.executable import Executable


@dataclass
class KernelProfile:
    """What one kernel costs.

    Attributes:
        name: its name in the loops and in the code.
        kind: map, fold, contraction, pack, ...
        result: the name and shape of what it stores.
        flops: about how many operations it does.
        bytes: how many bytes it reads and writes, each tensor once.
        seconds: the median time of a run.
    """

    name: str
    kind: str
    result: str
    flops: int
    bytes: int
    seconds: float


def measured_kernels(
    executable: Executable,
    values: Mapping[Any, np.ndarray],
    batch: int | None,
    names: Names,
    repeats: int = 20,
) -> list[KernelProfile]:
    """Measure each kernel; variables are put back as they were.

    Args:
        executable: code that was made with `measurable=True`.
        values: arrays for the inputs.
        batch: how many rows there are.
        names: of the tensors.
        repeats: how often each kernel runs.
    """
    kept = {variable: variable.numpy() for variable in executable.updates}
    try:
        measured = executable.measure(values, batch, repeats)
    finally:
        for variable, value in kept.items():
            variable.assign(value)
    found = []
    for kernel, seconds in measured:
        number = re.match(r"k(\d+)", kernel.name)
        tensors = list(kernel.nodes)
        if number is not None:
            tensors += executable.assembly.groups[int(number[1])].reads
        size = sum(
            int(resolve(product(node.extents), batch)) * BYTES[node.dtype] for node in tensors
        )
        result = ", ".join(
            f"{names.of(node)}{list(resolve(node.extents, batch))}" for node in kernel.nodes[:2]
        )
        flops = int(resolve(kernel.work, batch))
        found.append(KernelProfile(kernel.name, kernel.kind, result, flops, size, seconds))
    return found
