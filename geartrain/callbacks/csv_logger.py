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
        if self.append or _goes_on(self.model):
            files.append_lines(path, b"")  # fails now if it will fail later
        else:
            with files.replacing(path):
                pass

    def get_state(self) -> dict[str, Any]:
        """The columns, and how long the file is."""
        length = Path(self.filename).stat().st_size
        return {"keys": self.keys, "needs_header": self._needs_header, "length": length}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on behind the lines of that time; what was written after it is written again.

        Raises OSError for a file that has become shorter.
        """
        files.cut(self.filename, state["length"])
        self.keys, self._needs_header = state["keys"], state["needs_header"]

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


def _goes_on(model: Any) -> bool:
    """Whether training goes on that was interrupted."""
    training = getattr(model, "_training", None)
    return training is not None and training.former is not None


def _text(value: Any) -> Any:
    if isinstance(value, str) or not getattr(value, "ndim", isinstance(value, list | tuple)):
        return value
    return f'"[{", ".join(map(str, value))}]"'
