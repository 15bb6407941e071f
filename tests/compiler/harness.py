"""Compiling single functions, and Map ops in loops over vectors, with no other part of the engine.

The code generator gets the IR as written: no IR passes run over it.
"""

from __future__ import annotations

import ctypes
import functools
import re

import llvmlite.binding as llvm
import numpy as np

from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.shapes import Spec

LANES = 16
llvm.initialize_native_target()
llvm.initialize_native_asmprinter()


def machine(cpu="", triple=""):
    """A code generator at the level that the engine uses: the host's, or that of another CPU."""
    features = "" if cpu else llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_triple(triple or llvm.get_process_triple())
    cpu = cpu or llvm.get_host_cpu_name()
    return target.create_target_machine(cpu=cpu, features=features, opt=1, jit=True)


def module_of(*builders: Builder) -> llvm.ModuleRef:
    """A module of the functions with what they declare, checked by LLVM's verifier."""
    declared = sorted(set().union(*(builder.declared for builder in builders)))
    text = "\n".join([*declared, *(builder.text() for builder in builders)])
    module = llvm.parse_assembly(text)
    module.verify()
    return module


def called_by(builder: Builder, cpu="", triple="") -> set[str]:
    """The names of the functions that the machine code calls."""
    module = module_of(builder)
    if triple:
        module.triple = triple
    code = machine(cpu, triple).emit_assembly(module)
    return set(re.findall(r"\b(?:movabsq[ \t]+\$|callq[ \t]+\*?|bl[ \t]+)([a-zA-Z_]\w*)", code))


class Compiled:
    """The machine code of one function, called with arrays (as pointers) and integers."""

    def __init__(self, builder: Builder, cpu: str = "") -> None:
        self.engine = llvm.create_mcjit_compiler(module_of(builder), machine(cpu))
        self.engine.finalize_object()
        self.address = self.engine.get_function_address(builder.name)

    def __call__(self, *arguments):
        passed = [a if isinstance(a, int) else a.ctypes.data for a in arguments]
        ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(passed))(self.address)(*passed)


def run(arguments, write, *values):
    """Write a function's body with `write(builder)`, compile it and call it with `values`."""
    builder = Builder("tested", [(type_, f"%{name}") for type_, name in arguments])
    write(builder)
    builder.line("ret void")
    Compiled(builder)(*values)


def map_builder(op, dtypes, result, lanes=LANES, params=None) -> Builder:
    """A loop that applies a Map op to `%n` elements, `lanes` at a time."""
    arguments = [("ptr", f"%x{i}") for i in range(len(dtypes))]
    b = Builder("map", [*arguments, ("ptr", "%y"), ("i64", "%n")])

    def body(i: Value, _: list[Value]) -> None:
        values = [
            b.load(b.pointer(f"%x{k}", i, dtype), dtype, lanes) for k, dtype in enumerate(dtypes)
        ]
        found = b.splat(op.lower.emit(b, *values, **(params or {})), lanes)
        assert found.dtype == result, (found, result)
        b.store(found, b.pointer("%y", i, result))

    b.loop(b.constant(0, "int64"), Value("%n", "int64"), lanes, body)
    b.line("ret void")
    return b


@functools.cache
def _compiled(op, dtypes, result, lanes, params, cpu) -> Compiled:
    return Compiled(map_builder(op, dtypes, result, lanes, dict(params)), cpu)


def apply(op, *arrays, lanes=LANES, cpu="", **params):
    """The compiled op on arrays of one length; what does not fill a vector is padded with 1."""
    size = len(arrays[0])
    padded = []
    for array in arrays:
        whole = np.ones(size + -size % lanes, array.dtype)
        whole[:size] = array
        padded.append(whole)
    dtypes = tuple(array.dtype.name for array in arrays)
    result = op.infer(*(Spec(a.shape, a.dtype.name) for a in arrays), **params).dtype
    found = np.zeros(len(padded[0]), numpy_dtype(result))
    code = _compiled(op, dtypes, result, lanes, tuple(sorted(params.items())), cpu)
    code(*padded, found, len(found))
    return found[:size]
