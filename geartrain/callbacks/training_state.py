"""How far a training has come, as a folder that is replaced in one step."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geartrain import files
from geartrain.errors import shown
from geartrain.files import replacing_folder

WEIGHTS, PLACE, FORMER = "latest.weights.h5", "training_metadata.json", ".bkp"
MEMBERS = [name + end for end in ("", FORMER) for name in (WEIGHTS, PLACE)]


@dataclass(frozen=True)
class TrainingState:
    """Where a training stands; its weights and its optimizer's state are in a file beside.

    Attributes:
        epoch: how many epochs are done: the number of the next one.
        batch: how many batches of the next one are done besides.

    >>> TrainingState(epoch=3, batch=10)
    TrainingState(epoch=3, batch=10)
    """

    epoch: int
    batch: int = 0

    def save(self, model: Any, folder: Path, keep_former: bool = False) -> None:
        """Put this place and the model's variables into a folder, both or neither.

        Args:
            model: the model, with its optimizer.
            folder: the folder, which holds nothing else.
            keep_former: whether to keep the state that was there too.

        Raises OSError where the folder cannot be written, or holds other files.
        """
        files.make_folder(folder.parent)
        with replacing_folder(folder, MEMBERS) as new:
            model.save_weights(new / WEIGHTS)
            (new / PLACE).write_text(json.dumps(asdict(self)), encoding="utf-8")
            for name in (WEIGHTS, PLACE) if keep_former else ():
                if (folder / name).exists():
                    (new / f"{name}{FORMER}").write_bytes((folder / name).read_bytes())

    @classmethod
    def restore(cls, model: Any, folder: Path) -> TrainingState | None:
        """Load a model's variables, and tell where it stood; None where there is no state.

        Where the latest state is damaged, the one before it is taken, if it was kept.

        Raises ValueError or OSError where none can be read; the model is then as it was.
        """
        if not (folder / WEIGHTS).exists():
            return None
        try:
            return cls._restored(model, folder, "")
        except (OSError, ValueError):
            if not (folder / f"{WEIGHTS}{FORMER}").exists():
                raise
        return cls._restored(model, folder, FORMER)

    @classmethod
    def _restored(cls, model: Any, folder: Path, end: str) -> TrainingState:
        place = folder / f"{PLACE}{end}"
        try:
            found = json.loads(place.read_text(encoding="utf-8"))
            state = cls(int(found["epoch"]), int(found["batch"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"BackupAndRestore: expected the place of a training in {str(place)!r}. Received: "
                f"{shown(place.read_bytes())}. Remove {str(folder)!r} to start anew."
            ) from error
        weights = folder / WEIGHTS
        if end:  # the kind of a file is told by the end of its name
            with files.replacing(folder / WEIGHTS) as stream:
                stream.write((folder / f"{WEIGHTS}{end}").read_bytes())
        model.load_weights(weights)
        return state

    @staticmethod
    def remove(folder: Path) -> None:
        """Remove the state, and the folder if nothing else is in it."""
        for name in MEMBERS:
            (folder / name).unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
