"""A table of the logs in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geartrain import files
from geartrain.callbacks.callback import Callback


class CSVLogger(Callback):
    """Writes the logs of each epoch as a line of a CSV file.

    After each epoch the file is on the disk, and it holds whole lines alone, whatever happens
    meanwhile: a full disk is an error and leaves the lines so far. A value that later epochs lack
    is written as NA.

    Args:
        filename: the file.
        separator: what stands between the values.
        append: whether to go on with a file that is there, rather than replace it.

    >>> CSVLogger("log.csv", separator=";").separator
    ';'
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        self.filename, self.separator, self.append = str(filename), separator, append
        self.keys: list[str] | None = None
        self._needs_header = True

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the file."""
        self.keys = None
        path = Path(self.filename)
        self._needs_header = not (self.append and path.exists() and path.stat().st_size)
        if self.append:
            files.append_lines(path, b"")  # fails now if it will fail later
        else:
            with files.replacing(path):
                pass

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a line."""
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):  # may come in a later epoch
                self.keys += [f"val_{key}" for key in self.keys]
        rows = [[epoch, *(_text(logs.get(key, "NA")) for key in self.keys)]]
        if self._needs_header:
            rows.insert(0, ["epoch", *self.keys])
        self._write(rows)
        self._needs_header = False

    def _write(self, rows: list[list[Any]]) -> None:
        import csv
        import io

        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.separator).writerows(rows)
        files.append_lines(self.filename, text.getvalue().encode())


def _text(value: Any) -> Any:
    if isinstance(value, str) or not getattr(value, "ndim", isinstance(value, list | tuple)):
        return value
    return f'"[{", ".join(map(str, value))}]"'
