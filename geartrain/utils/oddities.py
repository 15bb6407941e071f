"""What is odd in a tensor or in a data set, each with a remedy: the notes of `describe`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from geartrain.utils.kinds import Facts, counted

if TYPE_CHECKING:
    from geartrain.utils.describe import Description


def oddities(
    account: Description, x: Any, values: np.ndarray, facts: Facts, converted: bool
) -> Iterator[str]:
    """Notes on one tensor.

    Args:
        account: the description so far.
        x: the tensor, or a data set in a file that is indexed like one.
        values: the values that were read: all of x, or a part.
        facts: what kinds.py found out about them.
        converted: whether x came as a list, so that its dtype is nobody's choice.
    """
    yield from _emptiness(account)
    yield from _not_finite(account, values)
    yield from _constants(account, values)
    yield from _pixels(account, facts)
    yield from _labels(account, values)
    yield from _axes(account)
    yield from _storage(account, x, values, converted)


def oddities_of_parts(parts: dict[str, Description]) -> Iterator[str]:
    """Notes on a data set: parts that do not fit each other."""
    for split in ("", "_train", "_validation", "_test"):
        x, y = parts.get(f"x{split}"), parts.get(f"y{split}")
        if x and y and x.shape[:1] != y.shape[:1]:
            yield (
                f"x{split} has {_samples(x)} and y{split} has {_samples(y)}: "
                "they should be of one length, a target for each sample."
            )
    for name in ("x", "y"):
        train = parts.get(f"{name}_train")
        for split in ("validation", "test"):
            other = parts.get(f"{name}_{split}")
            if train and other:
                yield from _unlike(f"{name}_train", train, f"{name}_{split}", other)


def bytes_in_words(number: int) -> str:
    """A number of bytes in the unit that reads best.

    >>> [bytes_in_words(n) for n in (12, 2048, 47_040_000, 424_673_280, 2**40)]
    ['12 bytes', '2 KiB', '44.9 MiB', '405 MiB', '1 TiB']
    """
    if number < 1024:
        return counted(number, "byte")
    size, units = number / 1024, ["KiB", "MiB", "GiB", "TiB"]
    while size >= 999.95 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.1f}".removesuffix(".0") + f" {units[0]}"


def _emptiness(account: Description) -> Iterator[str]:
    for axis, (length, name) in enumerate(zip(account.shape, account.axes, strict=True)):
        if length == 0:
            yield f"Axis {axis} ({name}) is empty: there is not a single value."


def _not_finite(account: Description, values: np.ndarray) -> Iterator[str]:
    if values.dtype.kind not in "fc" or not values.size or np.isfinite(values).all():
        return
    nans, infinities = np.isnan(values), np.isinf(values)
    counts = [
        f"{int(mask.sum()):,} {name}"
        for mask, name in ((nans, "NaN"), (infinities, "infinite"))
        if mask.any()
    ]
    total = int(nans.sum() + infinities.sum())
    where = " in the sample" if account.sampled else ""
    if account.rank and not account.sampled:
        first = np.unravel_index(int((nans | infinities).argmax()), values.shape)
        where = f", the first at [{', '.join(str(int(i)) for i in first)}]"
    yield (
        f"{' and '.join(counts)} value{'' if total == 1 else 's'}{where}: "
        "the loss would become NaN. Drop these samples, or replace with np.nan_to_num(x)."
    )


def _constants(account: Description, values: np.ndarray) -> Iterator[str]:
    if values.dtype.kind not in "biuf" or values.size < 2:
        return
    low, high = values.min(), values.max()
    if low == high:
        yield f"All values are {account.minimum:g}."
        return
    if account.kind not in ("vector data", "series") or values.shape[-1] != account.shape[-1]:
        return
    across = tuple(range(account.rank - 1))
    if values.size == values.shape[-1]:
        return  # one sample says nothing of what varies
    constant = np.flatnonzero(values.min(across) == values.max(across))
    if constant.size:
        named = ", ".join(str(int(feature)) for feature in constant[:3])
        more = ", ..." if constant.size > 3 else ""
        yield (
            f"{constant.size} of {account.shape[-1]} features never change ({named}{more}): "
            "they tell a network nothing."
        )


def _pixels(account: Description, facts: Facts) -> Iterator[str]:
    pictures = account.kind in ("image", "video")
    if facts.pixels and (pictures or (facts.byte and account.kind == "vector data")):
        yield (
            f'Pixels go up to {account.maximum:g}: scale with x.astype("float32") / 255, '
            "or a Rescaling(1 / 255) layer."
        )


def _labels(account: Description, values: np.ndarray) -> Iterator[str]:
    if account.kind == "one-hot labels":
        yield (
            "One-hot labels go with categorical_crossentropy. y.argmax(-1) gives the integers back."
        )
    if account.kind != "labels" or not values.size:
        return
    classes, counts = np.unique(values, return_counts=True)
    if classes.tolist() == [0, 1]:
        yield "Labels 0 and 1 go with binary_crossentropy and one sigmoid unit."
    else:
        yield (
            "Integer labels go with sparse_categorical_crossentropy; "
            "categorical_crossentropy takes to_categorical(y)."
        )
    known = {int(label) for label in classes}
    missing = [label for label in range(min(max(known), 2 * len(known))) if label not in known]
    if missing == [0]:
        yield f"Labels count from 1 to {classes[-1]}: subtract 1, classes count from 0."
    elif missing and not account.sampled:
        yield f"No sample of class {', '.join(map(str, missing[:5]))}."
    if counts.max() >= 10 * counts.min():
        yield (
            f"Class {classes[counts.argmax()]} has {counts.max():,} samples and class "
            f"{classes[counts.argmin()]} only {counts.min():,}: consider class_weight in fit."
        )


def _axes(account: Description) -> Iterator[str]:
    if account.rank and not account.batch:
        what = "a lone vector, or the targets of a regression" if account.rank == 1 else "one image"
        batched = (1, *account.shape)
        yield f"No batch axis, this is {what}. A model takes x[None], of shape {batched}."
    if account.kind in ("image", "video") and "channels" not in account.axes:
        yield "No channels axis: a convolution takes x[..., None]."
    if account.data_format == "channels_first":
        axis = account.axes.index("channels")
        yield (
            "Channels come first, but layers expect them last: np.moveaxis(x, "
            f'{axis}, -1), or data_format="channels_first" in every layer.'
        )


def _storage(account: Description, x: Any, values: np.ndarray, converted: bool) -> Iterator[str]:
    dtype = account.dtype
    if dtype == np.float64 and account.rank and account.size and not converted:
        half = bytes_in_words(account.nbytes // 2)
        yield f'float64, but networks compute in float32: x.astype("float32") needs only {half}.'
    if dtype.kind == "O":
        yield _objects(values)
    if dtype.kind in "US":
        yield "Strings are not numbers yet: map each to an integer, or use a StringLookup layer."
    if dtype.kind in "Mm":
        yield 'Dates are not numbers yet: (x - x.min()) / np.timedelta64(1, "D") counts days.'
    if dtype.kind == "c":
        yield "Complex numbers: split into x.real and x.imag, layers take real numbers."
    if not dtype.isnative:
        yield f'Bytes in foreign order: x.astype("{dtype.name}") turns them once.'
    flags = getattr(x, "flags", None)  # a data set in a file has none
    if account.size > 1 and flags is not None and not flags.c_contiguous:
        yield (
            "Not C-contiguous (a transposed or strided view): np.ascontiguousarray(x) "
            "makes reading faster, for one copy."
        )


def _objects(x: np.ndarray) -> str:
    lengths = {len(row) for row in x.ravel()[:1000] if hasattr(row, "__len__")}
    if len(lengths) > 1:
        return (
            f"Rows of unequal lengths ({min(lengths)} to {max(lengths)}): pad them to one length, "
            "e.g. with pad_sequences(x)."
        )
    return 'dtype object holds Python objects, no numbers: try np.array(x.tolist(), "float32").'


def _samples(account: Description) -> str:
    return counted(account.shape[0] if account.shape else 0, "sample")


def _unlike(name: str, train: Description, other_name: str, other: Description) -> Iterator[str]:
    """How a part differs from the training part, where it should not."""
    if train.shape[1:] != other.shape[1:]:
        yield f"{name} has samples of shape {train.shape[1:]}, {other_name} of {other.shape[1:]}."
    elif train.dtype != other.dtype:
        yield f"{name} is {train.dtype}, {other_name} is {other.dtype}: prepare both alike."
    if train.maximum is None or other.maximum is None or train.minimum is None:
        return
    if train.kind == other.kind == "labels" and other.maximum > train.maximum:
        yield f"{other_name} has class {other.maximum:g}, which {name} never shows."
    elif train.kind in ("image", "video", "vector data") and train.maximum > train.minimum:
        ratio = other.maximum / train.maximum if train.maximum else 1.0
        if not 0.1 < ratio < 10:
            yield (
                f"{name} goes up to {train.maximum:.4g}, {other_name} up to {other.maximum:.4g}: "
                "scale both alike."
            )
