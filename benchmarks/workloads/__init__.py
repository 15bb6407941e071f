"""The workloads, one file each: a file's `WORKLOADS` are found by their names."""

from __future__ import annotations

import importlib
import pkgutil

from workload import Workload


def load() -> dict[str, Workload]:
    """Every workload by its name, in the order of the files' names."""
    found: dict[str, Workload] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        for workload in importlib.import_module(f"workloads.{module.name}").WORKLOADS:
            assert workload.name not in found, workload.name
            found[workload.name] = workload
    return found
