"""Tables in text files: rows as elements, or columns as batches of dicts."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from glob import glob
from typing import Any

import numpy as np

from geartrain.data.base import UNKNOWN
from geartrain.data.dataset import Dataset
from geartrain.data.elements import as_tensor
from geartrain.data.paths import paths_of
from geartrain.data.readers import opened
from geartrain.data.spec import TensorSpec, dtype_name
from geartrain.errors import nearest, shown
from geartrain.graph.eager import eager


def rows_of(
    who: str, path: str, compression: Any, delimiter: str, quoted: bool
) -> Iterator[list[str]]:
    """The fields of each line of a file that is not empty."""
    quoting: Any = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    with opened(who, path, compression) as stream:
        text = io.TextIOWrapper(stream, "utf-8", "surrogateescape", newline="")
        yield from filter(None, csv.reader(text, delimiter=delimiter, quoting=quoting))


class _Field:
    """One column of a table: its dtype, and what stands where a field is empty.

    Args:
        given: a dtype, for a column without empty fields, or what an empty field means.
    """

    def __init__(self, given: Any) -> None:
        self.default: Any = None
        if isinstance(given, str | type | np.dtype) or hasattr(given, "as_numpy_dtype"):
            try:
                self.dtype = dtype_name(given)
                return
            except (TypeError, ValueError):  # a text, then
                pass
        tensor = as_tensor(given)
        self.dtype = dtype_name(tensor.dtype)
        if tensor.size:
            self.default = tensor.reshape(-1)[0].item() if tensor.ndim else tensor.item()

    def values(self, who: str, name: Any, texts: Sequence[str], empty: str) -> np.ndarray:
        """The texts of a column as an array.

        Raises ValueError for what is no number, and for an empty field without a default.
        """
        if self.default is None and (empty in texts or "" in texts) and self.dtype != "string":
            raise ValueError(
                f"{who}: expected a value in column {name!r} of each row. Received: an empty "
                "field. Give the column a default instead of a dtype."
            )
        if self.dtype == "string":
            other = self.default if self.default is not None else ""
            other = other.decode() if isinstance(other, bytes) else other
            return np.array([other if text in (empty, "") else text for text in texts], np.str_)
        try:
            filled = [self.default if text in (empty, "") else text for text in texts]
            return np.array(filled).astype(self.dtype)
        except ValueError as error:
            raise ValueError(
                f"{who}: expected values of dtype {self.dtype} in column {name!r}. "
                f"Received: {error}"
            ) from None


class CsvDataset(Dataset):
    """The rows of CSV files, as tuples of a tensor for each column.

    Args:
        filenames: one name, a list, or a data set of names.
        record_defaults: for each column its dtype, or what an empty field means.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size: accepted as in TensorFlow.
        header: whether the first line of each file is left out.
        field_delim: what stands between two fields.
        use_quote_delim: whether quotes hold fields together.
        na_value: a text that stands for an empty field.
        select_cols: the numbers of the columns to read.
        exclude_cols: those to leave out.

    Raises, on iteration, ValueError for rows of other columns.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Sequence[Any],
        compression_type: Any = None,
        buffer_size: Any = None,
        header: bool = False,
        field_delim: str = ",",
        use_quote_delim: bool = True,
        na_value: str = "",
        select_cols: Sequence[int] | None = None,
        exclude_cols: Sequence[int] | None = None,
    ) -> None:
        columns = [_Field(one) for one in record_defaults]

        def make() -> Iterator[Any]:
            for path in paths_of("CsvDataset", filenames):
                rows = rows_of("CsvDataset", path, compression_type, field_delim, use_quote_delim)
                for number, row in enumerate(rows):
                    if number or not header:
                        yield element(row)

        def element(row: list[str]) -> tuple[Any, ...]:
            chosen = row if select_cols is None else [row[place] for place in select_cols]
            if exclude_cols is not None:
                chosen = [text for place, text in enumerate(row) if place not in exclude_cols]
            if len(chosen) != len(columns):
                raise ValueError(
                    f"CsvDataset: expected {len(columns)} columns, as record_defaults has. "
                    f"Received: {len(chosen)} in {shown(row)}"
                )
            return tuple(
                eager(column.values("CsvDataset", place, [text], na_value)[0, ...])
                for place, (column, text) in enumerate(zip(columns, chosen, strict=True))
            )

        spec = tuple(TensorSpec((), column.dtype) for column in columns)
        super().__init__(make, UNKNOWN, spec)


def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Sequence[str] | None = None,
    column_defaults: Sequence[Any] | None = None,
    label_name: str | None = None,
    select_columns: Sequence[Any] | None = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: Any = None,
    ignore_errors: bool = False,
) -> Any:
    """The rows of CSV files as batches: dicts of columns, or pairs of such a dict and the labels.

    The files are read at once.

    Args:
        file_pattern: names, or patterns with `*`; one or a list.
        batch_size: rows in a batch.
        column_names: the names of the columns; by default the first line of the first file.
        column_defaults: for each column that is read its dtype, or what an empty field means. By
            default dtypes are found by the first rows: int32, int64, float32, float64 or string.
        label_name: the column of the labels.
        select_columns: the names or the numbers of the columns to read.
        field_delim, use_quote_delim, na_value, compression_type: see `CsvDataset`.
        header: whether the first line of each file holds names.
        num_epochs: how many times to go through the rows; by default without end.
        shuffle, shuffle_buffer_size, shuffle_seed: see `Dataset.shuffle`.
        num_rows_for_inference: how many rows dtypes are found by; None for all.
        prefetch_buffer_size, num_parallel_reads, sloppy, ignore_errors: accepted as in TensorFlow.

    Raises ValueError where no file matches, for columns that are not there, and for fields that are
    no values.
    """
    who = "make_csv_dataset"
    files = sorted(f for one in paths_of(who, file_pattern) for f in glob(one))  # noqa: PTH207
    if not files:
        raise ValueError(f"{who}: expected files that match. Received: {shown(file_pattern)}")
    names: list[Any] = list(column_names or ())
    rows: list[list[str]] = []
    for path in files:
        found = list(rows_of(who, path, compression_type, field_delim, use_quote_delim))
        if header and found:
            names = names or found[0]
            found = found[1:]
        rows += found
    names = names or list(range(len(rows[0]) if rows else 0))
    uneven = next((row for row in rows if len(row) != len(names)), None)
    if uneven is not None:
        raise ValueError(
            f"{who}: expected {len(names)} columns in each row. Received: {shown(uneven)}"
        )
    chosen = _chosen(who, names, select_columns)
    texts = dict(zip(names, zip(*rows, strict=True), strict=True))
    columns = {}
    for place, name in enumerate(chosen):
        given = column_defaults[place] if column_defaults else _kind(
            texts[name][:num_rows_for_inference], na_value)  # fmt: skip
        columns[name] = _Field(given).values(who, name, texts[name], na_value)
    if label_name is not None and label_name not in columns:
        raise ValueError(
            f"{who}: expected label_name as one of the columns: {chosen}. Received: {label_name!r}."
            + _hint(label_name, chosen)
        )
    data: Any = columns if label_name is None else (columns, columns.pop(label_name))
    dataset = Dataset.from_tensor_slices(data)
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, seed=shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(num_epochs)
    return dataset.batch(batch_size, drop_remainder=num_epochs is None).prefetch(1)


def _hint(name: str, names: Sequence[Any]) -> str:
    guess = nearest(name, [str(one) for one in names])
    return f" Did you mean {guess!r}?" if guess else ""


def _chosen(who: str, names: Sequence[Any], wanted: Sequence[Any] | None) -> list[Any]:
    """The names of the columns to read, in the order of the file."""
    if wanted is None:
        return list(names)
    found = {names[one] if isinstance(one, int) else one for one in wanted}
    unknown = [one for one in found if one not in names]
    if unknown:
        raise ValueError(
            f"{who}: expected select_columns as some of the columns: {list(names)}. "
            f"Received: {unknown[0]!r}.{_hint(str(unknown[0]), names)}"
        )
    return [name for name in names if name in found]


def _kind(texts: Sequence[str], empty: str) -> Any:
    """What an empty field of a column means, in the narrowest dtype that holds these fields."""
    kinds: list[tuple[Callable[[str], Any], Any]] = [
        (int, np.int32(0)), (int, np.int64(0)), (float, np.float32(0)), (float, np.float64(0)),
    ]  # fmt: skip
    there = [text for text in texts if text not in (empty, "")]
    for read, zero in kinds if there else []:
        limits: Any = np.iinfo(zero.dtype) if zero.dtype.kind == "i" else np.finfo(zero.dtype)
        try:
            if all(limits.min <= read(text) <= limits.max for text in there):
                return zero
        except ValueError:
            continue
    return ""
