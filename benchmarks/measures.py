"""What is measured in a framework's own process: each function gives values by their names.

`make()` builds the network; `x`, `y` are the data. Lists are samples of one value, in seconds.
What compiles or fills caches comes first and is reported apart, as `first`.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Values = dict[str, Any]


def seconds_of(call: Callable[[], object]) -> float:
    """The time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def accuracy(network, x, y) -> Values:
    """The share of training samples that the network has learned, where there are classes."""
    if y.ndim > 1:
        return {}
    found = np.asarray(network.predict(x[:10_000])).argmax(1)
    return {"accuracy": float((found == y[:10_000]).mean())}


def epochs(make, x, y, workload, epochs: int = 3) -> Values:
    """The seconds of each epoch of one training, the first apart."""
    network = make()
    first, *others = network.fit(x, y, 1 + epochs)
    rates = [workload.operations * len(x) / one / 1e9 for one in others]
    rate = {"rate": rates} if workload.operations else {}
    return {"first": first, "seconds": others, **rate, **accuracy(network, x, y)}


def script(make, x, y, workload, epochs: int) -> Values:
    """A whole training; the run adds the time of the process."""
    return {"seconds": make().fit(x, y, epochs)}


def fits(make, x, y, workload, epochs: int, fits: int) -> Values:
    """The seconds of whole calls of `fit`, the first apart."""
    network = make()
    first = seconds_of(lambda: network.fit(x, y, epochs))
    return {
        "first": first,
        "seconds": [seconds_of(lambda: network.fit(x, y, epochs)) for _ in range(fits)],
    }


def predictions(make, x, y, workload, seconds: float) -> Values:
    """The seconds of single calls of `predict`, after as long a warm-up."""
    network = make()
    first = seconds_of(lambda: network.predict(x))
    for _ in range(2):
        found: list[float] = []
        end = time.perf_counter() + seconds / 2
        while time.perf_counter() < end or len(found) < 3:
            found.append(seconds_of(lambda: network.predict(x)))
    return {"first": first, "seconds": float(np.median(found))}


def compile_time(make, x, y, workload, epochs: int = 0) -> Values:
    """The first training step's time beyond that of a later one, in this process's cache."""
    network = make()
    first = seconds_of(lambda: network.fit(x, y, 1))
    later = [seconds_of(lambda: network.fit(x, y, 1)) for _ in range(5)]
    name = "disk cache" if os.environ.get("BENCHMARK_CACHE") == "filled" else "cold cache"
    return {"first": first, name: first - float(np.median(later)), "seconds": later}


def resident() -> int:
    """The bytes of memory in use now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak_memory(make, x, y, workload, epochs: int) -> Values:
    """The most memory that the process ever used, and how much of it is not the data."""
    found = make().fit(x, y, epochs)
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"peak": peak, "beyond data": peak - x.nbytes - y.nbytes, "seconds": found}


def resident_growth(make, x, y, workload, predictions: int, fits: int) -> Values:
    """By how much memory grows over many calls, after a tenth of them; the CPU's use after all."""
    network, values = make(), {}
    calls = {
        "predictions": (predictions, lambda: network.predict(x[:1])),
        "fits": (fits, lambda: network.fit(x, y, 1)),
    }
    for name, (count, call) in calls.items():
        for _ in range(count // 10 + 1):
            call()
        before = resident()
        for _ in range(count - count // 10):
            call()
        values[f"growth by {name}"] = resident() / before - 1
    busy = time.process_time()
    time.sleep(1)
    values["idle CPU"] = time.process_time() - busy
    return values


def peak(threads: int) -> Values:
    """Multiplications and additions a second that the CPU can do."""
    from geartrain.runtime.peak import measure

    return {"rate": measure(threads)}
