"""From the text of a module to machine code in memory, by way of the cache of objects.

llvmlite is imported here alone, and only when something is compiled or loaded.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

from geartrain.compiler.targets.target import Target
from geartrain.runtime import cache

lock = threading.RLock()  # programs are compiled by one thread at a time
if hasattr(os, "register_at_fork"):  # and no child is forked in the middle of it
    os.register_at_fork(
        before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
    )


class Library:
    """Machine code that is loaded: `address` finds its functions."""

    def __init__(self, code: bytes, target: Target) -> None:
        llvm = _llvm()
        with lock:
            empty = llvm.parse_assembly(f'target triple = "{target.triple}"')
            # the engine frees its machine in the end, so it has one of its own
            self._engine = llvm.create_mcjit_compiler(empty, _machine(target, jit=True))
            self._object = llvm.ObjectFileRef.from_data(code)
            self._engine.add_object_file(self._object)
            self._engine.finalize_object()
        self._addresses: dict[str, int] = {}

    def address(self, name: str) -> int:
        """The address of a function of the module."""
        if name not in self._addresses:
            with lock:
                self._addresses[name] = self._engine.get_function_address(name)
            assert self._addresses[name], f"no function {name!r}"
        return self._addresses[name]


def available() -> bool:
    """Whether llvmlite is installed, and can be loaded."""
    try:
        _llvm()
    except (ImportError, OSError):
        return False
    return True


def load(text: str, target: Target) -> Library:
    """The module `text`, compiled for `target` (or found in the cache) and loaded."""
    key = cache.key_of(text, _llvm_version(), target.triple, target.cpu, target.features)
    code = cache.read(key)
    if code is None:
        code = compiled(text, target)
        cache.write(key, code)
    return Library(code, target)


def compiled(text: str, target: Target) -> bytes:
    """The object code of a module, after LLVM has verified it."""
    with lock:
        module = _parsed(text)
        code: bytes = _machine(target, jit=True).emit_object(module)
    return code


def assembly(text: str, target: Target) -> str:
    """The assembly of a module for any target that this LLVM knows."""
    with lock:
        found: str = _machine(target, jit=False).emit_assembly(_parsed(text))
    return found


def _parsed(text: str) -> Any:
    module = _llvm().parse_assembly(text)
    module.verify()
    return module


@functools.cache
def _llvm() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@functools.cache
def _llvm_version() -> str:
    import llvmlite

    return f"llvmlite {llvmlite.__version__}"


def _machine(target: Target, jit: bool) -> Any:
    """LLVM's code generator for a target; level 1, since higher levels gain nothing."""
    llvm = _llvm()
    if not target.triple.startswith(llvm.get_process_triple().partition("-")[0]):
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
    kind = llvm.Target.from_triple(target.triple)
    return kind.create_target_machine(cpu=target.cpu, features=target.features, opt=1, jit=jit)
