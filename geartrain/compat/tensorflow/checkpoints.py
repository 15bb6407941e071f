"""`tf.train`: checkpoints, and the step of training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import files
from geartrain.compat.tensorflow.debugging import NotFoundError
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.variables import Module, Variable
from geartrain.errors import shown
from geartrain.layers.layer import Layer
from geartrain.optimizers.optimizer import Optimizer
from geartrain.runtime import variable


def variables_of(value: Any) -> list[Any]:
    """The variables of a variable, a layer, a model with its optimizer, a module, or a list."""
    if isinstance(value, variable.Variable):
        return [value]
    if isinstance(value, list | tuple):
        return [one for part in value for one in variables_of(part)]
    if isinstance(value, dict):
        return [one for name in sorted(value) for one in variables_of(value[name])]
    if isinstance(value, Layer):
        own = list(value.weights)
        optimizer = getattr(value, "optimizer", None)
        return own + (list(optimizer.variables) if isinstance(optimizer, Optimizer) else [])
    if isinstance(value, Module | Optimizer):
        return list(value.variables)
    if hasattr(value, "variables"):
        return list(value.variables)
    return []


class Checkpoint:
    """Things with variables, saved to a file and brought back.

    The file is NumPy's `.npz`: an array for each variable, by the name that the thing was given.

    Args:
        root: a thing whose names are those of the checkpoint itself.
        kwargs: the things by name.
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self._things = dict(kwargs)
        if root is not None:
            self._things["root"] = root
        self.save_counter = Variable(0, trainable=False, dtype="int64", name="save_counter")

    def __getattr__(self, name: str) -> Any:
        things = self.__dict__.get("_things", {})
        if name in things:
            return things[name]
        raise AttributeError(f"Checkpoint: has no {name!r}. It has: {', '.join(things)}.")

    def _named(self) -> dict[str, Any]:
        found = {"save_counter": self.save_counter}
        for name, thing in self._things.items():
            for place, one in enumerate(variables_of(thing)):
                found[f"{name}/{place}"] = one
        return found

    def write(self, file_prefix: Any, options: Any = None) -> str:
        """Save to a file; returns the path without its ending."""
        path = Path(f"{file_prefix}.npz")
        files.make_folder(path.parent)
        with files.replacing(path) as file:
            np.savez(file, **{name: one.numpy() for name, one in self._named().items()})
        return str(file_prefix)

    def save(self, file_prefix: Any, options: Any = None) -> str:
        """Save to a file with a number; returns the path without its ending."""
        self.save_counter.assign_add(1)
        path = self.write(f"{file_prefix}-{int(self.save_counter)}")
        _note_latest(Path(path).parent, [Path(path).name])
        return path

    def read(self, save_path: Any, options: Any = None) -> Status:
        """Bring the values back from a file of `write`."""
        values = _values("Checkpoint", save_path)
        named = self._named()
        for name, one in named.items():
            if name in values and values[name].shape == tuple(one.shape):
                one.assign(values[name])
        return Status(set(named) - set(values), set(values) - set(named))

    def restore(self, save_path: Any, options: Any = None) -> Status:
        """Bring the values back; with None nothing, as there may be no checkpoint yet."""
        return Status(set(), set()) if save_path is None else self.read(save_path)


class Status:
    """What of a checkpoint found its variable.

    Attributes:
        missing: variables that the file does not have.
        left: values of the file without a variable.
    """

    def __init__(self, missing: set[str], left: set[str]) -> None:
        self.missing, self.left = missing, left

    def assert_consumed(self) -> Status:
        """Raise AssertionError where a value of the file, or a variable, was left over."""
        if self.missing or self.left:
            raise AssertionError(
                f"Checkpoint: expected as many variables as values. Variables without a value: "
                f"{sorted(self.missing)}; values without a variable: {sorted(self.left)}. Build "
                "the models (call them once) before restoring."
            )
        return self

    def assert_existing_objects_matched(self) -> Status:
        """Raise AssertionError where a variable was not in the file."""
        if self.missing:
            raise AssertionError(f"Checkpoint: variables without a value: {sorted(self.missing)}")
        return self

    def expect_partial(self) -> Status:
        """Accept what was left over."""
        return self


def _values(who: str, save_path: Any) -> dict[str, np.ndarray]:
    path = Path(f"{save_path}.npz")
    if not path.is_file():
        raise FileNotFoundError(
            f"tf.train.{who}: expected a checkpoint. Received: {shown(str(save_path))}, "
            f"for which there is no {path.name}. (Files of TensorFlow itself are not read.)"
        )
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """The names and shapes of what a checkpoint has."""
    path = latest_checkpoint(ckpt_dir_or_file) or ckpt_dir_or_file
    found = _values("list_variables", path)
    return [(name, list(found[name].shape)) for name in sorted(found)]


def load_variable(ckpt_dir_or_file: Any, name: str) -> np.ndarray:
    """One value of a checkpoint."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name)


def load_checkpoint(ckpt_dir_or_file: Any) -> Reader:
    """What reads the values of a checkpoint."""
    path = latest_checkpoint(ckpt_dir_or_file) or ckpt_dir_or_file
    return Reader(_values("load_checkpoint", path))


class Reader:
    """The values of a checkpoint by name."""

    def __init__(self, values: dict[str, np.ndarray]) -> None:
        self._values = values

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shapes by name."""
        return {name: list(value.shape) for name, value in self._values.items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """The types by name."""
        return {name: as_dtype(value.dtype) for name, value in self._values.items()}

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is a value of this name."""
        return tensor_str in self._values

    def get_tensor(self, tensor_str: str) -> np.ndarray:
        """The value of a name. Raises NotFoundError where there is none."""
        if tensor_str not in self._values:
            raise NotFoundError(
                None, None,
                f"tf.train.load_checkpoint: expected one of {', '.join(sorted(self._values))}. "
                f"Received: {shown(tensor_str)}",
            )  # fmt: skip
        return self._values[tensor_str]


def _note_latest(folder: Path, names: list[str]) -> None:
    with files.replacing(folder / "checkpoint") as file:
        file.write(json.dumps({"latest": names[-1], "all": names}).encode())


def latest_checkpoint(checkpoint_dir: Any, latest_filename: Any = None) -> str | None:
    """The path of the newest checkpoint of a folder; None where there is none."""
    note = Path(checkpoint_dir) / (latest_filename or "checkpoint")
    if not note.is_file():
        return None
    return str(Path(checkpoint_dir) / json.loads(note.read_text())["latest"])


class CheckpointManager:
    """Saves checkpoints with numbers, and removes old ones.

    Args:
        checkpoint: what to save.
        directory: where.
        max_to_keep: how many files stay; None for all.
        checkpoint_name: how their names begin.
    """

    def __init__(
        self, checkpoint: Checkpoint, directory: Any, max_to_keep: int | None,
        keep_checkpoint_every_n_hours: Any = None, checkpoint_name: str = "ckpt",
        step_counter: Any = None, checkpoint_interval: Any = None, init_fn: Any = None,
        last_checkpoint_step: Any = None,
    ) -> None:  # fmt: skip
        self.checkpoint, self.directory = checkpoint, Path(directory)
        self._most, self._name = max_to_keep, checkpoint_name
        note = self.directory / "checkpoint"
        names = json.loads(note.read_text())["all"] if note.is_file() else []
        self._names = [one for one in names if (self.directory / f"{one}.npz").is_file()]

    @property
    def checkpoints(self) -> list[str]:
        """The paths of those that are kept."""
        return [str(self.directory / name) for name in self._names]

    @property
    def latest_checkpoint(self) -> str | None:
        """The path of the newest; None where there is none."""
        return self.checkpoints[-1] if self._names else None

    def save(
        self, checkpoint_number: Any = None, check_interval: bool = True, options: Any = None
    ) -> str:
        """Save the next; returns its path."""
        counter = self.checkpoint.save_counter
        counter.assign_add(1)
        number = int(counter) if checkpoint_number is None else int(checkpoint_number)
        path = self.checkpoint.write(self.directory / f"{self._name}-{number}")
        self._names = [one for one in self._names if one != Path(path).name] + [Path(path).name]
        while self._most is not None and len(self._names) > self._most:
            (self.directory / f"{self._names.pop(0)}.npz").unlink(missing_ok=True)
        _note_latest(self.directory, self._names)
        return path

    def restore_or_initialize(self) -> str | None:
        """Bring the newest back; returns its path, None where there is none."""
        if self.latest_checkpoint is not None:
            self.checkpoint.restore(self.latest_checkpoint)
        return self.latest_checkpoint


__all__ = [
    "Checkpoint", "CheckpointManager", "latest_checkpoint", "list_variables", "load_checkpoint",
    "load_variable",
]  # fmt: skip
