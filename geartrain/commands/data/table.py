"""Tables in text files: numbers or words, a row a line, a column for each quantity."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geartrain.errors import unknown_name


@dataclass(frozen=True)
class Table:
    """The columns of a text file.

    Attributes:
        path: the file.
        columns: float64 arrays, or arrays of texts where a cell is no number, by name; without a
            first line of names these are "1", "2", ...
        first_line: the number of the line with the first row.
    """

    path: Path
    columns: dict[str, np.ndarray]
    first_line: int

    def numbers(self) -> np.ndarray:
        """All columns as one array, shape (rows, columns).

        Raises ValueError for a cell that is no number.
        """
        for name, column in self.columns.items():
            if column.dtype.kind != "f":
                row = next(i for i, cell in enumerate(column) if _number(cell) is None)
                raise ValueError(
                    f"{self.path}: expected numbers, a row a line. Received: {str(column[row])!r} "
                    f"in line {self.first_line + row}, column {name!r}. Take that column as the "
                    f"--target, leave it out with --drop {name}, or give its words numbers."
                )
        return np.stack(list(self.columns.values()), axis=1)

    def column(self, name: str) -> np.ndarray:
        """The column of that name.

        Raises ValueError, with the nearest name, if there is none.
        """
        if name not in self.columns:
            raise ValueError(f"{self.path}: {unknown_name('column', name, self.columns)}")
        return self.columns[name]

    def without(self, names: list[str]) -> Table:
        """The table without some columns."""
        for name in names:
            self.column(name)
        kept = {name: column for name, column in self.columns.items() if name not in names}
        return Table(self.path, kept, self.first_line)


def read_table(path: Path) -> Table:
    """The table in a file with commas, tabs, semicolons or spaces between cells.

    Empty cells are NaN among numbers.

    Raises:
        ValueError: rows of unequal length, or no rows; a file that is no text.
    """
    try:
        return _read(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: expected a text in UTF-8. Received: {error}") from None


def _read(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        separator = next((mark for mark in ("\t", ",", ";") if mark in first), None)
        cells = next(csv.reader([first], delimiter=separator), []) if separator else first.split()
        if not cells:
            raise ValueError(f"{path}: expected a table. Received: an empty first line")
        named = any(_number(cell) is None for cell in cells)
        if not named:
            file.seek(0)
        names = (
            [name.strip() for name in cells] if named else [str(i + 1) for i in range(len(cells))]
        )
        if len(set(names)) < len(names):
            raise ValueError(f"{path}: expected each name of a column once. Received: {names}")
        columns = _columns(path, file, separator, names, 2 if named else 1)
    return Table(path, dict(zip(names, columns, strict=True)), 2 if named else 1)


def _columns(
    path: Path, file: Any, separator: str | None, names: list[str], first_line: int
) -> list[np.ndarray]:
    start = file.tell()
    try:
        quick = np.loadtxt(file, delimiter=separator, ndmin=2, dtype="float64", comments=None)
        if quick.shape[1] == len(names) and len(quick):
            return list(quick.T)
    except ValueError:
        pass  # words, quotes or empty cells
    file.seek(start)
    rows = csv.reader(file, delimiter=separator) if separator else map(str.split, file)
    found = []
    for number, row in enumerate(rows):
        if row and len(row) != len(names):
            raise ValueError(
                f"{path}: expected {len(names)} cells in each line, as the first has. Received: "
                f"{len(row)} in line {first_line + number}"
            )
        if any("\0" in cell for cell in row):  # which NumPy's texts would lose
            raise ValueError(
                f"{path}: expected a text. Received: a zero byte in line {first_line + number}"
            )
        if row:
            found.append([cell.strip() for cell in row])
    if not found:
        raise ValueError(f"{path}: expected at least a row. Received: none")
    return [_column(cells) for cells in zip(*found, strict=True)]


def _column(cells: tuple[str, ...]) -> np.ndarray:
    """Numbers, if all cells are such."""
    numbers = [_number(cell) for cell in cells]
    return np.array(cells) if None in numbers else np.array(numbers, "float64")


def _number(cell: str) -> float | None:
    """The number in a cell; NaN for an empty one, None for a word."""
    try:
        return float(cell or "nan")
    except ValueError:
        return None
