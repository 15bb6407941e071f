"""How checkpoints are kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from geartrain.errors import shown, unknown_name


class Checkpoints:
    """How `fit(resume=...)` keeps checkpoints: a path alone means these defaults.

    The file of a checkpoint is `step-….safetensors`, after the number of steps that are done. The
    last ones stay, and `best.safetensors`. An older one is removed only once a newer one is
    written and read again.

    Args:
        folder: where they are: a folder of this training's own, made if need be.
        steps: after how many steps to write one.
        seconds: after how many seconds to write one. Neither is done more often than so that
            writing takes a fiftieth of the time, unless `steps` is given.
        keep: how many of the last ones to keep, 1 or more.
        monitor: what is best at the end of an epoch: by default `"val_loss"`, or `"loss"` where
            there is no validation.
        mode: `"min"` if less is better, `"max"` if more is.
        exact: whether to refuse a checkpoint that another version of the library or another kind of
            processor wrote, since going on from it gives other bits; else that is a warning.

    Raises ValueError for other numbers and words.

    >>> Checkpoints("run", steps=100).seconds
    10.0
    """

    def __init__(
        self, folder: Any, steps: int | None = None, seconds: float = 10.0, keep: int = 2,
        monitor: str | None = None, mode: str = "min", exact: bool = True,
    ) -> None:  # fmt: skip
        if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
            raise ValueError(f"Checkpoints: expected a folder. Received: {shown(folder)}")
        self.folder = Path(os.fspath(folder))
        for name, value, least in (("steps", steps, 1), ("keep", keep, 1)):
            is_count = isinstance(value, int) and not isinstance(value, bool) and value >= least
            if not is_count and not (name == "steps" and value is None):
                raise ValueError(
                    f"Checkpoints: expected {name} as a whole number of {least} or more. "
                    f"Received: {shown(value)}"
                )
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
            raise ValueError(
                "Checkpoints: expected seconds as a number of 0 or more. "
                f"Received: {shown(seconds)}"
            )
        if mode not in ("min", "max"):
            raise unknown_name("mode of Checkpoints", mode, ("min", "max"))
        self.steps, self.seconds, self.keep = steps, float(seconds), keep
        self.monitor, self.mode, self.exact = monitor, mode, exact

    @classmethod
    def of(cls, given: Any) -> Checkpoints:
        """What `fit(resume=...)` was given: a path, or settings.

        Raises ValueError for anything else.
        """
        if isinstance(given, cls):
            return given
        if isinstance(given, str | os.PathLike) and os.fspath(given):
            return cls(given)
        raise ValueError(
            "fit: expected resume as the path of a folder, or resume.Checkpoints(...). "
            f"Received: {shown(given)}"
        )
