"""Record what TensorFlow gives: its functions' parameters, results of expressions and programs.

    python scripts/record_tensorflow.py        (in an environment with tensorflow)

Writes tests/recorded/tensorflow*.json, which the tests of `geartrain.compat.tensorflow` compare
with. Geartrain itself is read, not run.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "tests" / "recorded"


def loaded(path: str) -> ModuleType:
    """A module of the project by its file, without its package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parameters(value: Any) -> list[str]:
    """The names of a function's parameters; none of what cannot be called or does not tell."""
    if inspect.ismodule(value) or not callable(value):
        return []
    try:
        found = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return []
    return [one.name for one in found if one.kind is not one.VAR_POSITIONAL]


def names(tf: Any) -> dict[str, list[str]]:
    """For each name of the table the parameters. Raises AttributeError for one not TensorFlow's."""
    table = loaded("geartrain/compat/tensorflow/names.py")
    found = {}
    for space in table.TABLE:
        for name in table.names_of(space):
            full = f"{space}.{name}".lstrip(".")
            value = tf
            for part in full.split("."):
                value = getattr(value, part)
            found[full] = parameters(value)
    return found


def results(tf: Any) -> dict[str, Any]:
    """For each expression what it gives, with its dtype."""
    expressions = loaded("tests/compat/tensorflow/expressions.py")
    return {text: expressions.plain(expressions.evaluated(text, tf)) for text in expressions.LINES}


def programs() -> dict[str, Any]:
    """For each program its result."""
    folder = ROOT / "tests" / "compat" / "tensorflow" / "programs"
    return {path.stem: runpy.run_path(str(path))["result"] for path in sorted(folder.glob("*.py"))}


def main() -> None:
    """Record everything."""
    sys.path.insert(0, str(ROOT))
    import tensorflow as tf

    for file, found in (
        ("tensorflow_names", names(tf)),
        ("tensorflow", results(tf)),
        ("tensorflow_programs", programs()),
    ):
        text = json.dumps(found, indent=0, sort_keys=True)
        (RECORDED / f"{file}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
