"""The progress bar of `fit`, `evaluate` and `predict`, in plain text.

While training, one line that redraws itself; afterwards, one line that stays:

    12800/60000 [===>................] 100 batches - ETA 1s - loss: 0.5120
    60000/60000 [====================] 469 batches - 1s 12us/sample - loss: 0.2571
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any, TextIO

import numpy as np

from geartrain.errors import shown

_SHORTEST_BAR = 5


class Progbar:
    """Shows how far a loop of `target` steps has come, how long it takes, and its metrics.

    On a terminal and in a notebook the line redraws itself in place, never wider than the
    terminal. In a file or a CI log, only the finished line is written, once.

    Args:
        target: how many steps there are, None if unknown.
        width: how many characters wide the bar is.
        verbose: 0 shows nothing; 1 the bar; 2 one line at the end, without the bar.
        interval: the least time between two drawings, in seconds.
        stateful_metrics: names of the values that are shown as given, while all others are
            averaged over the steps.
        stateless_metrics: the other way round: names of the values to average, while all others
            are shown as given. Give one of the two at most.
        unit_name: what a step is called in the times, e.g. 2ms/step.
        samples: how many samples the target's steps cover. With it the line counts samples,
            and the steps are called batches.
        batch_size: samples in a step; `samples / target`, rounded up, if None.
        stream: where to write; `sys.stdout` at the time of writing if None.

    >>> import io
    >>> stream = io.StringIO()
    >>> bar = Progbar(3, samples=300, verbose=2, stream=stream)
    >>> bar.update(1, [("loss", 0.75)])
    >>> bar.update(3, [("loss", 0.25)])
    >>> stream.getvalue().partition(" - ")[0]
    '300/300 3 batches'
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
        *,
        samples: int | None = None,
        batch_size: int | None = None,
        stream: TextIO | None = None,
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "Progbar expected stateful_metrics or stateless_metrics, not both. Received: "
                f"{sorted(stateful_metrics)} and {sorted(stateless_metrics)}. "
                "Name the values shown as given, or the values to average."
            )
        if verbose not in (0, 1, 2):
            raise ValueError(
                "Progbar expected verbose to be 0 (silent), 1 (a bar) or 2 (one line). "
                f"Received: {shown(verbose)}"
            )
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.stateful_metrics: set[str] | None = None
        self.stateless_metrics: set[str] | None = None
        if stateless_metrics is None:
            self.stateful_metrics = set(stateful_metrics or ())
        else:
            self.stateless_metrics = set(stateless_metrics)
        self.unit_name, self.samples, self.stream = unit_name, samples, stream
        if batch_size is None and samples is not None and target:
            batch_size = -(-samples // target)
        self.batch_size = batch_size
        self._averages: dict[str, tuple[Any, int]] = {}  # name: (sum of values, their weight)
        self._seen = 0
        self._start = _now()
        self._first: tuple[int, float] | None = None  # the first update's step and time
        self._drawn_at = -np.inf
        self._drawn_width = 0

    def update(
        self,
        current: int,
        values: Sequence[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Show that `current` steps are done.

        Args:
            current: how many steps are done by now.
            values: pairs of a name and the value in the steps since the last update. Averages
                weigh each value by its number of steps; the values of the last update, which
                finalizes, are taken for those of the whole.
            finalize: whether this is the last update; `current >= target` if None.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._take(values or (), max(current - self._seen, 1), finalize)
        self._seen = current
        now = _now()
        if self._first is None and current > 0:
            self._first = (current, now)
        stream = self.stream if self.stream is not None else sys.stdout
        if self.verbose == 0 or stream is None:
            return
        redraws = self.verbose == 1 and _redraws(stream)
        if not finalize and not (redraws and now - self._drawn_at >= self.interval):
            return
        self._drawn_at = now
        self._draw(stream, redraws, now, finalize)

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Show that `n` more steps are done."""
        self.update(self._seen + n, values)

    def _take(self, values: Iterable[tuple[str, Any]], steps: int, finalize: bool) -> None:
        for name, value in values:
            if self.stateless_metrics is not None:
                average = name in self.stateless_metrics
            else:
                average = name not in (self.stateful_metrics or ())
            if average and not finalize:
                total, weight = self._averages.get(name, (0.0, 0))
                self._averages[name] = (total + np.mean(value) * steps, weight + steps)
            else:
                self._averages[name] = (value, 1)

    def _draw(self, stream: TextIO, redraws: bool, now: float, finalize: bool) -> None:
        count, batches, timing, metrics = self._parts(now, finalize)
        if self.verbose == 1:
            shortest = min(self.width, _SHORTEST_BAR)
            bars = (self._bar(width) for width in range(self.width, shortest - 1, -1))
            line = _fit(count, bars, batches, timing, metrics, _columns(stream), finalize)
        else:
            line = f"{count}{batches}{timing}{metrics}"
        line = _encodable(line, stream)
        if redraws:
            first, fold, rest = line.partition("\n")
            width = _display_width(first)
            # spaces hide what is left of a longer line before
            line = f"\r{first}{' ' * (self._drawn_width - width)}{fold}{rest}"
            self._drawn_width = 0 if finalize else width
        stream.write(f"{line}\n" if finalize else line)
        stream.flush()

    def _parts(self, now: float, finalize: bool) -> tuple[str, str, str, str]:
        """What is done of what, how many batches that is, the time, and the metrics."""
        current, target = self._seen, self.target
        unit, done, total, batches = self.unit_name, current, target, ""
        if self.batch_size and (self.samples is not None or target is None):
            unit, done, total = "sample", current * self.batch_size, self.samples
            done = done if total is None else min(done, total)
            batches = f" {current} {'batch' if current == 1 else 'batches'}"
        count = f"{done}/unknown" if total is None else f"{done:>{len(str(total))}}/{total}"
        timing = ""
        if finalize or not target:
            elapsed = now - self._start
            timing = f" - {_duration(elapsed)}"
            timing += f" {_duration(elapsed / done, one_unit=True)}/{unit}" if done else ""
        elif current:
            timing = f" - ETA {_duration(ceil(self._remaining(now)))}"
        metrics = "".join(
            f" - {name}: {_format_value(value, weight)}"
            for name, (value, weight) in self._averages.items()
        )
        return count, batches, timing, metrics

    def _remaining(self, now: float) -> float:
        """Seconds to go. The first steps, which may include compiling, do not count."""
        assert self.target is not None
        current = self._seen
        first, then = self._first or (current, now)
        if current == first:
            first, then = 0, self._start
        return (now - then) / (current - first) * max(self.target - current, 0)

    def _bar(self, width: int) -> str:
        """`[===>......]`, or nothing where the target is unknown."""
        if not self.target:
            return ""
        full = int(width * min(self._seen / self.target, 1.0))
        arrow = ">" if full < width else ""
        return f" [{'=' * full}{arrow}{'.' * (width - full - 1)}]"


def _now() -> float:
    return time.perf_counter()


def _is_terminal(stream: TextIO) -> bool:
    """Whether a person watches; what replaces `sys.stdout` may lack the question."""
    return hasattr(stream, "isatty") and stream.isatty()


def _redraws(stream: TextIO) -> bool:
    """Whether a carriage return goes back to the start of the line: a terminal or a notebook."""
    if type(stream).__module__.partition(".")[0] == "ipykernel" or "PYCHARM_HOSTED" in os.environ:
        return True
    return _is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _columns(stream: TextIO) -> int:
    """How many characters fit in a line of `stream`: any number, unless it is a terminal."""
    if not _is_terminal(stream):
        return sys.maxsize
    chosen = os.environ.get("COLUMNS", "")
    if chosen.isdecimal() and int(chosen) > 0:
        return int(chosen) - 1
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return (columns or 80) - 1  # some terminals start a new line after the last column


def _fit(
    count: str,
    bars: Iterable[str],
    batches: str,
    timing: str,
    metrics: str,
    columns: int,
    finalize: bool,
) -> str:
    """The line, made to fit in `columns`: the bar shrinks, then goes, then batches, then times.

    If it is still too long, the last line is folded, and one that will be redrawn is cut.
    """
    for bar in bars:
        line = f"{count}{bar}{batches}{timing}{metrics}"
        if _display_width(line) <= columns:
            return line
    for line in (f"{count}{batches}{timing}{metrics}", f"{count}{timing}{metrics}"):
        if _display_width(line) <= columns:
            return line
    if finalize:
        return _fold(f"{count}{timing}{metrics}", columns)
    line = f"{count}{metrics}"
    if _display_width(line) <= columns:
        return line
    while _display_width(line) > max(columns - 3, 0):
        line = line[:-1]
    return f"{line}..."[:columns]


def _fold(line: str, columns: int) -> str:
    """`line` in lines that fit in `columns`, broken before its dashes."""
    first, *parts = line.split(" - ")
    lines = [first]
    for part in parts:
        if _display_width(f"{lines[-1]} - {part}") <= columns:
            lines[-1] += f" - {part}"
        else:
            lines.append(f"  - {part}")
    return "\n".join(lines)


def _display_width(text: str) -> int:
    """How many columns `text` takes; East Asian characters take two, accents none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _encodable(text: str, stream: TextIO) -> str:
    """`text` with a question mark for what the stream's encoding cannot write."""
    if text.isascii():
        return text
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, errors="replace").decode(encoding)


def _duration(seconds: float, one_unit: bool = False) -> str:
    """Seconds for a reader: 12us, 480ms, 3s, 1:05, 2:03:04; `one_unit` never shows minutes.

    >>> [_duration(t) for t in (0.0000124, 0.4804, 3.2, 65, 7384)]
    ['12us', '480ms', '3s', '1:05', '2:03:04']
    """
    if (one_unit and seconds >= 1) or 0.9995 <= seconds < 59.5 or not seconds:
        return f"{seconds:.0f}s"
    if seconds < 0.9995:
        scaled, unit = (seconds * 1e3, "ms") if seconds >= 0.9995e-3 else (seconds * 1e6, "us")
        return f"{scaled:.0f}{unit}" if scaled >= 0.95 else f"{scaled:.1f}{unit}"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _format_value(total: Any, weight: int) -> str:
    """A metric with 4 decimals, or in powers of ten where these would say little."""
    if isinstance(total, str):
        return total
    value = float(np.mean(total)) / max(weight, 1)
    if value and not 1e-3 <= abs(value) < 1e7 and np.isfinite(value):
        return f"{value:.4e}"
    return f"{value:.4f}"
