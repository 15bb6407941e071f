"""The arguments of `fit` and its like that are not data: what they may be, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import describe_value, shown, warn
from geartrain.models.data import Batch, is_stream


def check_counts(who: str, least: int = 0, **counts: Any) -> None:
    """Refuse counts that are not whole numbers of at least `least`."""
    for name, value in counts.items():
        if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
            raise ValueError(
                f"{who}: expected {name} to be a whole number of {least} or more. "
                f"Received: {shown(value)}"
            )


def limited_epochs(epochs: int) -> int:
    """The number of epochs, as far as `config.set_max_epochs` lets it be."""
    most = config.max_epochs()
    if most is None or most >= epochs:
        return epochs
    warn(f"fit: limited to {most} epochs in place of {epochs} by config.set_max_epochs")
    return most


def check_given_counts(who: str, **counts: Any) -> None:
    """Refuse counts that are neither None nor whole numbers of at least 1."""
    check_counts(who, 1, **{name: value for name, value in counts.items() if value is not None})


def check_class_weight(who: str, class_weight: Any) -> None:
    """Refuse class weights that are no dict of numbers by class number."""
    if class_weight is None:
        return
    if not isinstance(class_weight, dict):
        in_order = isinstance(class_weight, list | tuple | np.ndarray)
        remedy = " Write dict(enumerate(weights))." if in_order else ""
        raise TypeError(
            f"{who}: expected class_weight as a dict of a number for each class, such as "
            f"{{0: 1.0, 1: 5.0}}. Received: {describe_value(class_weight)}.{remedy}"
        )
    for label, weight in class_weight.items():
        if not isinstance(label, int | np.integer) or not isinstance(
            weight, int | float | np.number
        ):
            raise TypeError(
                f"{who}: expected class_weight as a dict of a number for each class number. "
                f"Received: {shown(label)}: {shown(weight)}"
            )


def check_verbose(who: str, verbose: Any) -> None:
    """Refuse another verbosity than "auto", 0, 1 and 2."""
    if not isinstance(verbose, str | int | np.integer) or verbose not in ("auto", 0, 1, 2):
        raise ValueError(
            f"{who}: expected verbose to be 'auto', 0 (silent), 1 (a bar) or 2 (one line an "
            f"epoch). Received: {shown(verbose)}"
        )


def check_frequency(validation_freq: Any) -> None:
    """Refuse a `validation_freq` that is neither a number of epochs nor a list of epochs."""
    several = isinstance(validation_freq, list | tuple | set)
    for number in validation_freq if several else [validation_freq]:
        check_counts("fit", 1, validation_freq=number)


def validates(epoch: int, validation_freq: int | Sequence[int]) -> bool:
    """Whether to validate after an epoch (counted from 0): every so many, or after those named.

    >>> [validates(epoch, 2) for epoch in range(4)]
    [False, True, False, True]
    >>> [validates(epoch, [1, 4]) for epoch in range(4)]
    [True, False, False, True]
    """
    if isinstance(validation_freq, int | np.integer):
        return bool((epoch + 1) % validation_freq == 0)
    return epoch + 1 in validation_freq


def validation_batch(validation_data: Any) -> Batch:
    """What `fit(validation_data=...)` was given: a stream, or `(x, y)` with or without weights."""
    if is_stream(validation_data):
        return Batch(validation_data)
    if not isinstance(validation_data, tuple | list) or not 2 <= len(validation_data) <= 3:
        found = describe_value(validation_data)
        if isinstance(validation_data, tuple | list):
            found = f"a {type(validation_data).__name__} of {len(validation_data)}"
        raise ValueError(
            "fit: expected validation_data as (x, y) or (x, y, sample_weight), or as a stream of "
            f"batches. Received: {found}"
        )
    return Batch(*validation_data)
