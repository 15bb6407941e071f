"""Run workloads in Geartrain and its rivals, each in a process of its own, in alternating rounds.

The process of a framework starts anew in every round, so a machine that slows down for a while
slows all of them. The Markdown report gives medians, ratios, and whether each stated bound holds.
"""

from __future__ import annotations

import argparse
import compileall
import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import measures
import numpy as np
import report
import workloads
from frameworks import FRAMEWORKS
from workload import OfPeak, Workload

HERE = Path(__file__).parent
LONGEST = 1200  # seconds that one process may take
LIMITS = (
    "GEARTRAIN_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC",
)  # fmt: skip


@dataclass
class Setting:
    """How all processes run.

    Attributes:
        python: the interpreter of the rivals; Geartrain runs in this one.
        folder: for data and caches, deleted at the end.
        threads: where the workload says nothing.
        settings: for the measuring functions, in place of the workloads' own.
    """

    python: str
    folder: Path
    threads: int
    settings: dict[str, float] = field(default_factory=dict)


def write_data(workload: Workload, folder: Path) -> dict[str, str]:
    """The same samples for every framework, as files."""
    x, y = workload.data(np.random.default_rng(0), workload.samples)
    paths = {name: str(folder / f"{workload.name}-{name}.npy") for name in "xy"}
    np.save(paths["x"], x)
    np.save(paths["y"], y)
    return paths


def environment(framework: str, threads: int, folder: Path) -> dict[str, str]:
    """The variables of a process."""
    outside = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    made = {**outside, **dict.fromkeys(LIMITS, str(threads))}
    made |= {"PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}
    made |= {"GEARTRAIN_CACHE": str(folder / "cache")}
    if threads == 1:
        made["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return made | (FRAMEWORKS[framework].environment if framework in FRAMEWORKS else {})


def child(name: str, framework: str, spec: dict, setting: Setting, **more: str) -> dict:
    """What a process measured, or why it did not."""
    own = framework not in FRAMEWORKS or FRAMEWORKS[framework].own
    python = sys.executable if own else setting.python
    variables = environment(framework, spec["threads"], setting.folder) | more
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [python, str(HERE / "child.py"), name, framework, json.dumps(spec)],
            env=variables, capture_output=True, text=True, timeout=LONGEST,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {LONGEST} s"}
    seconds = time.perf_counter() - start
    if done.returncode:
        return {"failed": (done.stderr.strip() or f"code {done.returncode}").splitlines()[-1]}
    return {"process": seconds, **json.loads(done.stdout.strip().splitlines()[-1])}


def run_workload(workload: Workload, names: list[str], rounds: int, setting: Setting) -> dict:
    """The results of all rounds: of each framework a list, and of the peak."""
    threads = workload.threads or setting.threads
    spec = {
        "threads": threads,
        "settings": setting.settings,
        **write_data(workload, setting.folder),
    }
    results: dict[str, list[dict]] = {name: [] for name in names}
    peaks: list[dict] = []
    for number in range(rounds):
        for name in names:
            if FRAMEWORKS[name].own and any(isinstance(one, OfPeak) for one in workload.bounds):
                peaks += [child("peak", "peak", spec, setting) for _ in range(2)]
            results[name].append(one_round(workload, name, spec, setting, number))
            print(f"{workload.name}: round {number + 1}, {name}", file=sys.stderr)
    return {"threads": threads, "peak": peaks, "results": results}


def accepts(workload: Workload) -> list[str]:
    """The settings that the workload's measuring function takes."""
    return list(inspect.signature(getattr(measures, workload.measure)).parameters)


def one_round(workload: Workload, name: str, spec: dict, setting: Setting, number: int) -> dict:
    """One process; where the cache is measured, one without and one with a filled cache."""
    if workload.measure != "compile_time":
        return child(workload.name, name, spec, setting)
    cache = {"GEARTRAIN_CACHE": str(setting.folder / f"fresh-{number}")}
    cold = child(workload.name, name, spec, setting, **cache)
    filled = child(workload.name, name, spec, setting, **cache, BENCHMARK_CACHE="filled")
    return {**cold, **filled}


def arguments() -> argparse.Namespace:
    """The command line."""
    known = workloads.load()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=known, default=list(known), metavar="NAME")
    parser.add_argument("--frameworks", nargs="+", choices=FRAMEWORKS, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0, help="a share of the samples")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=NUMBER",
        help="epochs, fits, ... in place of a workload's own",
    )  # fmt: skip
    parser.add_argument("--python", default=sys.executable, help="an interpreter with the rivals")
    parser.add_argument("--json", type=Path, help="write all that was measured")
    parser.add_argument("--list", action="store_true", help="name the workloads")
    return parser.parse_args()


def main() -> None:
    """Measure and report."""
    sys.path.append(str(HERE.parent))  # Geartrain need not be installed
    compileall.compile_dir(HERE.parent / "geartrain", quiet=1)  # but has bytecode, as if it were
    options, known = arguments(), workloads.load()
    if options.list:
        print("\n".join(f"{name:20} {one.title}" for name, one in known.items()))
        return
    settings = {name: int(number) for name, number in (one.split("=") for one in options.set)}
    everything = {"machine": report.machine(), "arguments": vars(options) | {"json": None}}
    print(report.heading(everything["machine"], options))
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only:
            samples = max(1, round(known[name].samples * options.scale))
            workload = replace(known[name], samples=samples)
            names = [f for f in workload.frameworks if f in (options.frameworks or FRAMEWORKS)]
            own = {key: settings[key] for key in settings if key in accepts(workload)}
            setting = Setting(options.python, Path(folder), options.threads, own)
            everything[name] = run_workload(workload, names, options.rounds, setting)
            print(report.table(workload, everything[name]), flush=True)
            if options.json:
                text = json.dumps(everything, indent=1, default=str)
                options.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
