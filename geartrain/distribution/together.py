"""What ranks agree on while `fit`, `evaluate` and `predict` run: data, variables, order, callbacks.

Where they compute alone, or by no distribution, all of this does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.callbacks.callback_list import CallbackList
from geartrain.distribution import current
from geartrain.distribution.devices import launched
from geartrain.errors import warn

_SAMPLES = 64  # rows of an array by which it is told from others
_told = {"unasked": False}


def warn_if_unasked() -> None:
    """Tell once, at rank 0, that launched ranks train each for itself."""
    rank, size = launched()
    if size == 1 or current.distribution() is not None or rank or _told["unasked"]:
        return
    _told["unasked"] = True
    warn(
        f"fit: launched as {size} ranks, but no distribution is set, so each of them trains a "
        "model of its own. To train one together, begin the script with "
        "keras.distribution.initialize() and "
        "keras.distribution.set_distribution(keras.distribution.DataParallel())."
    )


def shared(value: Any) -> Any:
    """A value as rank 0 has it."""
    return current.ranks().broadcast(value) if current.together() else value


class Listeners(CallbackList):
    """Callbacks of rank 0, which computes alone meanwhile; the other ranks keep the history.

    Args: see `CallbackList`.
    """

    def __init__(
        self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False,
        model: Any = None, **params: Any,
    ) -> None:  # fmt: skip
        if current.ranks().rank:
            callbacks, add_progbar = None, False
        super().__init__(callbacks, add_history, add_progbar, model, **params)

    def _tell(self, hook: str, *place: int, logs: Any = None) -> None:
        with current.alone():
            super()._tell(hook, *place, logs=logs)


def listeners(*args: Any, **params: Any) -> CallbackList:
    """The callbacks of a loop: see `CallbackList`."""
    return (Listeners if current.together() else CallbackList)(*args, **params)


def agree_on_data(who: str, arrays: Iterable[Any]) -> None:
    """Raise ValueError where ranks have other data than rank 0."""
    if not current.together():
        return
    found = [_digest(array) for array in arrays]
    ranks = current.ranks()
    for rank, own in enumerate(ranks.all_values(found)):
        if own != found:
            raise ValueError(
                f"{who}: expected the same data at all ranks, of which each reads its part. "
                f"Received: {found} at rank {ranks.rank}, {own} at rank {rank}. Seed whatever is "
                "drawn at random, and let all read the same files."
            )


def _digest(array: Any) -> str:
    """What an array is, by its shape and some of its rows."""
    step = max(1, len(array) // _SAMPLES)
    some = np.asarray(array[::step])
    content = repr(some.tolist()).encode() if some.dtype.hasobject else some.tobytes()
    shape = "x".join(map(str, array.shape))
    return f"{shape} {some.dtype} {blake2b(content, digest_size=6).hexdigest()}"


def agree_on_variables(program: Any) -> None:
    """Let the variables of a program hold what they hold at rank 0."""
    if not current.together():
        return
    ranks = current.ranks()
    variables = getattr(program, "program", program).variables
    found = [blake2b(one.array.tobytes(), digest_size=8).digest() for one in variables]
    everywhere = ranks.all_values(found)
    if len({len(own) for own in everywhere}) > 1:
        raise ValueError(
            "fit: expected the same model at all ranks. Received: programs with "
            f"{', '.join(str(len(own)) for own in everywhere)} variables. Let all ranks build it "
            "alike."
        )
    for place, variable in enumerate(variables):
        if len({own[place] for own in everywhere}) > 1:
            variable.assign(ranks.broadcast(variable.array))


def first_of(batch: Any) -> list[Any]:
    """The arrays of a batch."""
    return [leaf for leaf in tree.flatten(list(batch)) if leaf is not None]
