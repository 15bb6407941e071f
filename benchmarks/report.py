"""The report of a run, as Markdown: medians, ratios to Geartrain, and the bounds."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from workload import Workload

COLUMNS = {"first": "first s", "accuracy": "accuracy"}


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    return {
        "processor": name,
        "processors": os.cpu_count(),
        "load before": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def heading(found: dict[str, object], options: argparse.Namespace) -> str:
    """What holds for all tables."""
    share = "" if options.scale == 1 else f", {options.scale:.0%} of the samples"
    return (
        "# Benchmarks\n\n"
        f"{found['processor']}, {found['processors']} processors, load {found['load before']:.1f} "
        f"before the run; {options.rounds} rounds{share}. Medians over all rounds; each process is "
        "new, and what it does first (tracing, compiling, filling caches) is apart, in `first`."
    )


def values_of(rounds: Iterable[dict], name: str) -> list[float]:
    """All samples of a value in all rounds."""
    found: list[float] = []
    for one in rounds:
        value = one.get(name, [])
        found += value if isinstance(value, list) else [value]
    return found


def medians(rounds: Sequence[dict]) -> dict[str, float]:
    """The median of each value."""
    names = {name for one in rounds for name in one} - {"unavailable", "failed"}
    return {
        name: statistics.median(values) for name in names if (values := values_of(rounds, name))
    }


def table(workload: Workload, measured: dict) -> str:
    """The frameworks of a workload, then its bounds."""
    results = measured["results"]
    found = {name: medians(rounds) for name, rounds in results.items()}
    shown = [name for name in COLUMNS if any(name in one for one in found.values())]
    ours = values_of(results.get(workload.frameworks[0], []), workload.value)
    threads = f"{measured['threads']} thread{'s' if measured['threads'] > 1 else ''}"
    text = [f"\n## {workload.name}\n\n{workload.title}; {workload.samples:,} samples, {threads}.\n"]
    titles = ["framework", workload.unit, "fastest", "slowest", "ours / its", "of the fastest"]
    text += rows([[*titles, *(COLUMNS[name] for name in shown)]])
    text.append("| --- |" + " ---: |" * (len(titles) - 1 + len(shown)))
    for name, rounds in results.items():
        values = values_of(rounds, workload.value)
        if not values:
            text += rows([[name, reason(rounds), *[""] * (4 + len(shown))]])
            continue
        own = [number(value * workload.scale) for value in (median(values), *extremes(values))]
        ratios = [ratio(median(ours), median(values)), ratio(min(ours, default=None), min(values))]
        more = [number(found[name][one]) if one in found[name] else "" for one in shown]
        text += rows([[name, *own, *ratios, *more]])
    peak = max(values_of(measured["peak"], "rate"), default=None)  # others were disturbed
    judged = [bound.judge(found, peak) for bound in workload.bounds]
    says = {None: "not measured", True: "yes", False: "NO"}
    text += ["", *rows([["bound", "measured", "holds"]]), "| --- | --- | --- |"]
    text += rows([[one.bound, one.measured, says[one.holds]] for one in judged])
    return "\n".join(text)


def ratio(ours: float | None, its: float | None) -> str:
    """How many times its value ours is."""
    return f"{ours / its:.2f}" if ours is not None and its else ""


def reason(rounds: Sequence[dict]) -> str:
    """Why there are no values."""
    for one in rounds:
        if "failed" in one:
            return f"FAILED: {one['failed']}".replace("|", "/")
        if "unavailable" in one:
            return f"not available: {one['unavailable']}".replace("|", "/")
    return "not run"


def median(values: Sequence[float]) -> float | None:
    """The median, None of nothing."""
    return statistics.median(values) if values else None


def extremes(values: Sequence[float]) -> tuple[float, float]:
    """The least and the most."""
    return min(values), max(values)


def number(value: float) -> str:
    """Three or four digits that matter."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def rows(cells: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in cells]
