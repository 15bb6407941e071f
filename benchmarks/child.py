"""One framework on one workload in this process: `child.py WORKLOAD FRAMEWORK SPEC`.

Prints what was measured as one line of JSON: values, or the reason why there are none.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from dataclasses import replace

import measures
import numpy as np
import workloads
from frameworks import FRAMEWORKS, Unavailable


def run(name: str, framework: str, spec: dict) -> dict:
    """What was measured."""
    if name == "peak":
        return measures.peak(spec["threads"])
    chosen = FRAMEWORKS[framework]
    start = time.perf_counter()
    try:
        importlib.import_module(chosen.library)
    except ModuleNotFoundError as error:
        raise Unavailable(str(error)) from error
    imported = time.perf_counter() - start
    workload = replace(workloads.load()[name], **spec.get("changes", {}))
    adapter = importlib.import_module(f"frameworks.{chosen.module}")
    x, y = np.load(spec["x"]), np.load(spec["y"])

    def make():
        return adapter.Network(workload, spec["threads"], **chosen.arguments)

    settings = {**workload.settings, **spec.get("settings", {})}
    values = getattr(measures, workload.measure)(make, x, y, workload, **settings)
    return {"import": imported, **values}


def main() -> None:
    """Run, and print; a failure is printed too, and is no crash."""
    name, framework, spec = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    try:
        made = run(name, framework, spec)
    except Unavailable as error:
        made = {"unavailable": str(error)}
    print(json.dumps(made))


if __name__ == "__main__":
    main()
