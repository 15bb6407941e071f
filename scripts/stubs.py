"""Tell editors and type checkers what lazy packages have: writes their `__init__.pyi`.

    python scripts/stubs.py && ruff format geartrain && ruff check --fix geartrain

Names that a package's table has become imports; what stands in its `__init__.py` is imported from
where that has it, or declared as it is there.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the packages of this very folder, wherever else there are some

from geartrain import lazy  # noqa: E402

PACKAGES = (
    "geartrain", "geartrain.applications", "geartrain.callbacks", "geartrain.data",
    "geartrain.distribution", "geartrain.layers", "geartrain.models", "geartrain.preprocessing",
    "geartrain.resume",
    "geartrain.saving", "geartrain.utils", "geartrain.wrappers",
)  # fmt: skip


def path_of(package: str) -> Path:
    """Where a package's stub lies."""
    return ROOT / package.replace(".", "/") / "__init__.pyi"


def stub(package: str) -> str:
    """The text of a package's stub."""
    module = importlib.import_module(package)
    table = lazy.PACKAGES[package]
    lines = []
    for name, place in table.items():
        where, colon, other = place.partition(":")
        if colon and not other:
            where, _, other = where.rpartition(".")
        lines.append(f"from {where} import {other or name} as {name}")
    own = [name for name in module.__all__ if name not in table]
    lines += _own(path_of(package).with_suffix(".py"), own)
    lines.append(f"\n__all__ = {sorted(module.__all__)!r}")
    return "# Written by scripts/stubs.py.\n" + "\n".join(lines) + "\n"


def _own(source: Path, names: list[str]) -> list[str]:
    """Declarations of names that a package's `__init__.py` defines or imports itself."""
    found = []
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            found += [f"from {node.module} import {one.name} as {one.name}"
                      for one in node.names if one.name in names]  # fmt: skip
        elif isinstance(node, ast.FunctionDef) and node.name in names:
            returns = ast.unparse(node.returns) if node.returns else "Any"
            found.append(f"def {node.name}({ast.unparse(node.args)}) -> {returns}: ...")
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in names:
            found.append(f"{ast.unparse(node.targets[0])}: Any")
    return ["from typing import Any", *found] if any("Any" in one for one in found) else found


if __name__ == "__main__":
    for package in PACKAGES:
        path_of(package).write_text(stub(package), encoding="utf-8")
