"""One framework on one workload in this process: `child.py WORKLOAD FRAMEWORK SPEC`.

Prints what was measured as one line of JSON: values, or the reason why there are none.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace

import measures
import numpy as np
import workloads
from frameworks import FRAMEWORKS, Unavailable
from workload import Layer


def run(name: str, framework: str, spec: dict) -> dict:
    """What was measured."""
    if name == "peak":
        return measures.peak(spec["threads"])
    chosen = FRAMEWORKS[framework]
    try:
        importlib.import_module(chosen.library)
    except ModuleNotFoundError as error:
        raise Unavailable(str(error)) from error
    changes = spec.get("changes", {})
    if "layers" in changes:
        changes["layers"] = [Layer(*one) for one in changes["layers"]]
    workload = replace(workloads.load()[name], **changes)
    adapter = importlib.import_module(f"frameworks.{chosen.module}")
    x, y = np.load(spec["x"]), np.load(spec["y"])

    def make():
        return adapter.Network(workload, spec["threads"], **chosen.arguments)

    settings = {**workload.settings, **spec.get("settings", {})}
    return getattr(measures, workload.measure)(make, x, y, workload, **settings)


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
