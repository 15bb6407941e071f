"""Draw how training time grows with the batch, the width, the depth and the number of samples.

Each curve changes one of them in a network of dense layers on images of digits; every point is a
process of its own, in alternating rounds, as in `run.py`. A dashed line shows the time that the
multiplications and additions alone take at the CPU's peak: nothing can be below it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from frameworks import FRAMEWORKS
from report import machine
from run import Setting, child, write_data
from workload import layer
from workloads.chapter import CHAPTER

DOCS = Path(__file__).parent.parent / "docs"
QUICK = ("geartrain", "numpy", "torch", "jax-scan")
COLOURS = dict(zip(QUICK, ("#C0392B", "#7F8C8D", "#D68910", "#2471A3"), strict=True))
MARKERS = dict(zip(QUICK, "osD^", strict=True))


@dataclass(frozen=True)
class Point:
    """A network and its training."""

    batch: int = 128
    width: int = 512
    depth: int = 1
    samples: int = 6_400

    def changes(self) -> dict:
        """What differs from the chapter's workload."""
        hidden = [layer("Dense", units=self.width, activation="relu")] * self.depth
        layers = [*hidden, layer("Dense", units=10, activation="softmax")]
        return {"layers": layers, "batch": self.batch, "operations": self.operations()}

    def operations(self) -> int:
        """Multiplications and additions a sample: three passes, less the first input gradient."""
        inner = (self.depth - 1) * self.width**2
        return 2 * (2 * 784 * self.width + 3 * inner + 3 * self.width * 10)


CURVES = {
    "batch": ("samples in a batch", Point(), [32 * 2**n for n in range(8)]),
    "width": ("units in the hidden layer", Point(samples=2_560), [64 * 2**n for n in range(7)]),
    "depth": ("hidden layers", Point(width=256), [2**n for n in range(6)]),
    "samples": ("samples", Point(), [1_600 * 2**n for n in range(6)]),
}


def measure(name: str, options: argparse.Namespace, setting: Setting) -> dict:
    """The median seconds an epoch of each framework at each point, None where there are none."""
    _, base, values = CURVES[name]
    values = [value for value in values if value <= options.most]
    points = [shrunk(replace(base, **{name: value}), options.scale) for value in values]
    found = {framework: [[] for _ in values] for framework in options.frameworks}
    peaks = []
    for _ in range(options.rounds):
        for at, point in enumerate(points):
            made = child("peak", "peak", {"threads": setting.threads}, setting)
            peaks += [made["rate"]] if "rate" in made else []
            data = write_data(replace(CHAPTER, samples=point.samples), setting.folder)
            spec = {"threads": setting.threads, **data, "changes": point.changes()}
            spec["settings"] = {"epochs": options.epochs}
            for framework, seconds in found.items():
                made = child("chapter", framework, spec, setting)
                seconds[at] += made.get("seconds", [])
                print(f"{name} {values[at]}, {framework}: {made}", file=sys.stderr)
    here = machine()
    peak = max(peaks, default=None)  # what is below it was disturbed by other work
    least = [one.samples * one.operations() / peak / 1e9 if peak else None for one in points]
    medians = {framework: [median(one) for one in each] for framework, each in found.items()}
    return {
        "values": [getattr(point, name) for point in points],
        "samples": points[0].samples,
        "threads": setting.threads,
        "rounds": options.rounds,
        "peak": peak,
        "machine": f"{here['processors']} processors, {here['processor']}",
        "at the peak": least,
        "seconds": medians,
    }


def shrunk(point: Point, scale: float) -> Point:
    """The point with a share of its samples."""
    return replace(point, samples=max(1, round(point.samples * scale)))


def draw(name: str, measured: dict, path: Path) -> None:
    """One curve's plot, with both axes logarithmic: a straight line at 45 degrees is growth 1:1."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    label, base, _ = CURVES[name]
    figure = Figure(figsize=(8, 4.6), dpi=120, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    values = measured["values"]
    for framework, seconds in measured["seconds"].items():
        known = [(v, s) for v, s in zip(values, seconds, strict=True) if s is not None]
        if known:
            own = framework == "geartrain"
            axes.plot(
                *zip(*known, strict=True), label=framework, marker=MARKERS.get(framework, "x"),
                color=COLOURS.get(framework), linewidth=2.6 if own else 1.6, zorder=3 if own else 2,
            )  # fmt: skip
    if None not in measured["at the peak"]:
        axes.plot(
            values, measured["at the peak"], color="black", linestyle="--", linewidth=1,
            label="the CPU's peak", zorder=1,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=label, ylabel="seconds an epoch")
    axes.set_xticks(values, [f"{value:,}" for value in values])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
    axes.minorticks_off()
    axes.grid(color="#DDDDDD", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, fontsize=9, loc="outside right upper")  # it hides no line
    parts = {
        "depth": f"{base.depth} hidden layer{'s' if base.depth > 1 else ''}",
        "width": f"{base.width} units",
        "batch": f"batches of {base.batch}",
        "samples": f"{measured['samples']:,} samples",
    }
    fixed = ", ".join(text for part, text in parts.items() if part != name)
    axes.set_title(f"Training time against {label}", loc="left", weight="bold", size=11, pad=20)
    threads = f"{measured['threads']} thread{'s' if measured['threads'] > 1 else ''}"
    note = f"{fixed}; {threads}; {measured['machine']}"
    axes.text(0, 1.02, note, transform=axes.transAxes, fontsize=8, color="#666666")
    figure.savefig(path)


def median(values: list[float]) -> float | None:
    """The median, None of nothing."""
    return statistics.median(values) if values else None


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=CURVES, default=list(CURVES))
    parser.add_argument("--frameworks", nargs="+", choices=FRAMEWORKS, default=list(QUICK))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0, help="a share of the samples")
    parser.add_argument("--most", type=float, default=float("inf"), help="no larger points")
    parser.add_argument("--python", default=sys.executable, help="an interpreter with the rivals")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the plots go")
    parser.add_argument("--json", type=Path, help="write what was measured")
    parser.add_argument("--draw", type=Path, help="draw such a file again, and measure nothing")
    return parser.parse_args()


def main() -> None:
    """Measure and draw."""
    options = arguments()
    sys.path.append(str(DOCS.parent))  # Geartrain need not be installed
    measured = json.loads(options.draw.read_text(encoding="utf-8")) if options.draw else {}
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(options.python, Path(folder), options.threads)
        for name in options.only:
            if not options.draw:
                measured[name] = measure(name, options, setting)
            if options.json:
                options.json.write_text(json.dumps(measured, indent=1), encoding="utf-8")
            draw(name, measured[name], options.folder / f"curves-{name}.png")


if __name__ == "__main__":
    main()
