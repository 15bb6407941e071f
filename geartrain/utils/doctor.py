"""What `geartrain doctor` tells: this machine as Geartrain sees it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from geartrain import config
from geartrain._version import __version__

_OPTIONAL = {
    "matplotlib": "plots",
    "ml_dtypes": "bfloat16 tensors",
    "h5py": "HDF5 files",
}
_FEATURES = ("sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_bf16", "amx_tile", "asimd")
_GIB = 2**30


class Finding(NamedTuple):
    """One line of the report: what it is about, what was found, and what to do if it is bad."""

    subject: str
    text: str
    problem: str = ""

    def __str__(self) -> str:
        line = f"{self.subject:<14} {self.text}".rstrip()
        return f"{line}\n    PROBLEM: {self.problem}" if self.problem else line


def report() -> dict[str, list[Finding]]:
    """What was found, by section. Nothing is downloaded, and nothing on disk is changed.

    >>> list(report())
    ['Versions', 'Processor', 'Terminal', 'Folders', 'Data sets', 'Checks']
    """
    sections: dict[str, Callable[[], Iterator[Finding]]] = {
        "Versions": _versions,
        "Processor": _processor,
        "Terminal": _terminal,
        "Folders": _folders,
        "Data sets": _data_sets,
        "Checks": _checks,
    }
    return {title: list(section()) for title, section in sections.items()}


def peak(seconds: float = 0.01) -> list[Finding]:
    """The processor's multiplications and additions a second, measured in registers alone.

    Args:
        seconds: how long one of the runs takes, whose median is told.

    >>> peak(1e-4)[0].subject
    'float32'
    """
    try:
        from geartrain.compiler.targets.target import host
        from geartrain.runtime import threads
        from geartrain.runtime.peak import measure

        narrow = host().bf16_dot or host().bf16_tiles
        dtypes = ("float32", "bfloat16") if narrow else ("float32",)
    except ImportError as error:
        return [Finding("float32", "not measured", f"{error}. Install llvmlite.")]
    counts = sorted({1, threads.thread_count()})
    return [
        Finding(
            dtype, f"{measure(count, dtype, seconds=seconds):,.0f} GFLOP/s with {_threads(count)}"
        )
        for dtype in dtypes
        for count in counts
    ]


def _threads(count: int) -> str:
    return f"{count} thread{'' if count == 1 else 's'}"


def _versions() -> Iterator[Finding]:
    import platform
    from importlib.util import find_spec

    import numpy as np

    yield Finding("geartrain", f"{__version__}, in {Path(__file__).parent.parent}")
    implementation = platform.python_implementation()
    yield Finding("Python", f"{platform.python_version()} ({implementation}), {sys.executable}")
    yield Finding("system", platform.platform())
    yield Finding("numpy", f"{np.__version__}, products by {_blas()}")
    yield Finding("llvmlite", f"{_version_of('llvmlite')}, LLVM {_llvm()}")
    yield Finding("rich", _version_of("rich"))
    for name, use in _OPTIONAL.items():
        there = find_spec(name) is not None
        text = _version_of(name) if there else f"not installed; needed for {use} alone"
        yield Finding(name, text)


def _version_of(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"


def _llvm() -> str:
    """The version of the code generator inside llvmlite."""
    try:
        from llvmlite import binding

        return ".".join(map(str, binding.llvm_version_info))
    except (ImportError, OSError) as error:
        return f"cannot be loaded: {error}"


def _blas() -> str:
    """The library that NumPy multiplies matrices with."""
    import numpy as np

    try:
        built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{built['name']} {built['version']}"
    except (KeyError, TypeError):
        return "an unknown library"


def _processor() -> Iterator[Finding]:
    import platform

    facts = _facts("/proc/cpuinfo")
    name = facts.get("model name") or platform.processor() or platform.machine()
    yield Finding("name", name)
    flags = facts.get("flags", facts.get("Features", "")).split()
    yield Finding("features", " ".join(f for f in _FEATURES if f in flags) or "unknown")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("processors", f"{usable} of {os.cpu_count()} usable")
    try:
        yield Finding("threads", f"{config.threads()}, from {_source_of_threads()}")
    except ValueError as error:
        yield Finding("threads", "unknown", f"{error}. Unset the variable, or set a number.")
    memory = _facts("/proc/meminfo")
    if "MemTotal" in memory and "MemAvailable" in memory:
        total, free = (int(memory[k].split()[0]) / 2**20 for k in ("MemTotal", "MemAvailable"))
        yield Finding("memory", f"{total:.1f} GiB, {free:.1f} GiB of it free")


def _source_of_threads() -> str:
    for name in ("GEARTRAIN_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").split(",")[0].strip():
            return name
    return "the processors that this process may use"


def _facts(path: str) -> dict[str, str]:
    """The first value of each name in a file of `name : value` lines; empty without the file."""
    facts: dict[str, str] = {}
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return facts
    for line in lines:
        name, separator, value = line.partition(":")
        if separator:
            facts.setdefault(name.strip(), value.strip())
    return facts


def _terminal() -> Iterator[Finding]:
    import shutil

    out = sys.stdout
    in_place = hasattr(out, "isatty") and out.isatty() and os.environ.get("TERM") != "dumb"
    bars = "in place" if in_place else "one line an epoch (the output is no terminal)"
    yield Finding("progress", bars)
    yield Finding("encoding", getattr(out, "encoding", None) or "unknown")
    yield Finding("columns", str(shutil.get_terminal_size().columns))


def _folders() -> Iterator[Finding]:
    for name in ("GEARTRAIN_DATA", "GEARTRAIN_CACHE"):
        folder = os.environ.get(name)
        missing = bool(folder) and not Path(str(folder)).expanduser().is_dir()
        problem = f"There is no such folder. Make it, or unset {name}." if missing else ""
        problem = "" if name == "GEARTRAIN_CACHE" else problem  # made when it is needed
        yield Finding(name, folder or "not set", problem)
    yield _cache()


def _cache() -> Finding:
    import shutil

    folder = config.cache_home()
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        remedy = "Set GEARTRAIN_CACHE to a folder that can be written."
        return Finding("cache", str(folder), f"{existing} cannot be written. {remedy}")
    free = shutil.disk_usage(existing).free / _GIB
    held = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    state = f"{held / 2**20:.1f} MiB in it" if folder.exists() else "made when needed"
    return Finding("cache", f"{folder}, {state}, {free:.1f} GiB free")


def _data_sets() -> Iterator[Finding]:
    from geartrain import datasets

    absent = ""
    for name in datasets.NAMES:
        place = datasets.find(name)
        if place is not None:
            yield Finding(name, f"{place.found} ({place.label})")
            continue
        absent = absent or name
        yield Finding(name, "not on this machine; it is downloaded when asked for")
    for looked in datasets.places(absent) if absent else ():
        folder = f" ({looked.folder})" if looked.folder else ""
        yield Finding("", f"  {absent} looked for in {looked.label}{folder}: {looked.note}")


def _checks() -> Iterator[Finding]:
    """Whether computing gives what it should: a gradient, and a training."""
    for subject, check in (("gradients", _gradient_error), ("training", _loss_ratio)):
        try:
            text, good = check()
        except Exception as error:
            yield Finding(subject, "failed", f"{type(error).__name__}: {error}")
            continue
        remedy = "" if good else "The numbers are wrong. Install numpy and geartrain again."
        yield Finding(subject, text, remedy)


def _gradient_error() -> tuple[str, bool]:
    """The gradient of a small network against finite differences, in float64."""
    import numpy as np

    from geartrain import ops
    from geartrain.runtime.function import value_and_grad

    random = np.random.default_rng(0)
    x, y = random.normal(size=(4, 5)), np.eye(3)[[0, 1, 2, 0]]
    w = random.normal(size=(5, 3))

    def loss(w: object) -> object:
        return -ops.mean(ops.sum(y * ops.log_softmax(ops.matmul(x, w)), axis=-1))

    direction, step = random.normal(size=w.shape), 1e-6
    _, slope = value_and_grad(loss)(w)
    difference = np.asarray(loss(w + step * direction)) - np.asarray(loss(w - step * direction))
    error = abs(float(np.sum(slope * direction)) - float(difference) / (2 * step))
    return f"exact to {error:.0e}", bool(error < 1e-7)


def _loss_ratio() -> tuple[str, bool]:
    """How far a few steps bring the loss of a network down on the sample of digits."""
    from geartrain import layers, models
    from geartrain.datasets import digits

    (x, y), _ = digits.load_data()
    x = x[:512].reshape(512, 784).astype("float32") / 255
    network = models.Sequential([layers.Dense(32, "relu"), layers.Dense(10, "softmax")])
    network.compile("rmsprop", "sparse_categorical_crossentropy")
    losses = network.fit(x, y[:512], epochs=8, verbose=0).history["loss"]
    return f"loss {losses[0]:.2f} to {losses[-1]:.2f} in 8 epochs", losses[-1] < 0.8 * losses[0]
