"""Looking into files of weights, and changing them, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from geartrain.saving.store import MemoryTensor, Store
from geartrain.saving.weight_files import model_text, reading, writing
from geartrain.saving.weights import collect

Tree = dict[str, Any]  # objects within objects, and arrays by the keys of weights


class KerasFileEditor:
    """The weights in a file, as a tree that can be shown, compared, changed and saved again.

    It helps when a model has changed since its weights were saved. The file is read through the
    same checks as by `load_weights`.

    Args:
        filepath: a `.keras` file or a file of weights.

    Attributes:
        weights_dict: the tree: `{"layers": {"dense": {"0": array, "1": array}}}`.
        object_metadata: the names of the objects: `{"layers/dense": {"name": "hidden"}}`.
        metadata, config: what a `.keras` file says of itself; None for weights alone.

    >>> import tempfile
    >>> from geartrain import Sequential, layers
    >>> model = Sequential([layers.Dense(2, input_shape=(3,), name="hidden")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "m.weights.h5")
    ...     model.save_weights(path)
    ...     editor = KerasFileEditor(path)
    >>> editor.weights_dict["layers"]["dense"]["0"].shape
    (3, 2)
    >>> editor.delete_weight("dense", "1")
    >>> editor.compare(model)["status"]
    In the model, missing from the file: layers/dense/1, shape (2,)
    1 error, 1 matching weight
    'error'
    """

    def __init__(self, filepath: Any) -> None:
        self.filepath = str(filepath)
        self.metadata, self.config = model_text(Path(filepath), self._who())
        with reading(Path(filepath), self._who()) as store:
            self.weights_dict: Tree = {}
            for path, tensor in store.tensors.items():
                *owners, key = [step for step in path.split("/") if step != "vars"]
                branch = self.weights_dict
                for owner in owners:
                    branch = branch.setdefault(owner, {})
                branch[key] = tensor.read()
            self.object_metadata = {path: {"name": name} for path, name in store.names.items()}

    def _who(self) -> str:
        return f"KerasFileEditor({self.filepath!r})"

    def summary(self) -> None:
        """Print the tree, with shapes and dtypes."""
        if self.metadata is not None:
            saved = [self.metadata.get(key) for key in ("keras_version", "date_saved")]
            print(f"Keras model file {self.filepath!r}, of Keras {saved[0]}, saved {saved[1]}")
        print("Weights structure")
        self._print(self.weights_dict, "", "  ")

    def _print(self, branch: Tree, path: str, indent: str) -> None:
        for key, item in branch.items():
            inner = f"{path}/{key}" if path else key
            if isinstance(item, dict):
                name = self.object_metadata.get(inner, {}).get("name")
                print(f"{indent}{key}" + (f" ({name!r})" if name else ""))
                self._print(item, inner, f"{indent}    ")
            else:
                print(f"{indent}{key}: shape={item.shape}, dtype={item.dtype}")

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Print where the file and a model differ in their weights and shapes.

        Args:
            reference_model: the model.

        Returns:
            `{"status": "success" or "error", "error_count": n, "match_count": n}`.
        """
        there = _flat(self.weights_dict)
        model = collect(reference_model).tensors
        wanted = {path.replace("vars/", ""): tensor for path, tensor in model.items()}
        problems = []
        for path, tensor in wanted.items():
            if path not in there:
                problems.append(
                    f"In the model, missing from the file: {path}, shape {tensor.shape}"
                )
            elif there[path].shape != tensor.shape:
                problems.append(
                    f"Of another shape: {path}, {there[path].shape} in the file, {tensor.shape} in "
                    "the model"
                )
        problems += [
            f"In the file, missing from the model: {path}, shape {array.shape}"
            for path, array in there.items()
            if path not in wanted
        ]
        matching = sum(path in there and there[path].shape == t.shape for path, t in wanted.items())
        print(*problems, sep="\n", end="\n" if problems else "")
        print(f"{_count(len(problems), 'error')}, {_count(matching, 'matching weight')}")
        status = "error" if problems else "success"
        return {"status": status, "error_count": len(problems), "match_count": matching}

    # -- changes ----------------------------------------------------------------------------------

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Give an object, named or by its path, another name at its place."""
        if "/" in new_name:
            raise ValueError(
                f"{self._who()}: expected a name without '/' as new_name. Received: {new_name!r}"
            )

        def rename(branch: Tree, key: str) -> None:
            branch[new_name] = branch.pop(key)

        self._edit(object_name, rename)

    def delete_object(self, object_name: str) -> None:
        """Take out an object, named or by its path, and all within."""
        self._edit(object_name, lambda branch, key: branch.pop(key))

    def add_object(self, object_path: str, weights: dict[str, Any]) -> None:
        """Put in a new object at a path, with its weights: `{"0": kernel, "1": bias}`."""
        *owners, name = object_path.split("/")
        branch = self.weights_dict
        for owner in owners:
            if not isinstance(branch.get(owner), dict):
                raise ValueError(
                    f"{self._who()}: Path {'/'.join(owners)!r} not found in model. There is: "
                    f"{', '.join(self._paths())}."
                )
            branch = branch[owner]
        branch[name] = self._arrays(weights)

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Take a weight, such as `"0"`, out of an object."""

        def delete(branch: Tree, key: str) -> None:
            if weight_name not in branch[key]:
                raise ValueError(
                    f"{self._who()}: Weight {weight_name} not found in object {object_name}. "
                    f"Weights found: {list(branch[key])}"
                )
            branch[key].pop(weight_name)

        self._edit(object_name, delete)

    def add_weights(self, object_name: str, weights: dict[str, Any]) -> None:
        """Put further weights into an object."""
        arrays = self._arrays(weights)
        self._edit(object_name, lambda branch, key: branch[key].update(arrays))

    def save(self, filepath: Any) -> None:
        """Save the weights: the file's name ends in `.weights.h5`."""
        write = writing(Path(filepath), f"{self._who()}.save")
        tensors = {}
        for path, array in _flat(self.weights_dict).items():
            owner, _, key = path.rpartition("/")
            place = f"{owner}/vars/{key}" if owner else f"vars/{key}"
            tensors[place] = MemoryTensor.of(place, array)
        names = {path: entry["name"] for path, entry in self.object_metadata.items()}
        there = {"", *self._paths()}
        write(Store(tensors, {p: name for p, name in names.items() if p in there}), Path(filepath))

    def resave_weights(self, filepath: Any) -> None:
        """The same as `save`."""
        self.save(filepath)

    def _arrays(self, weights: Any) -> Tree:
        if not isinstance(weights, dict):
            raise ValueError(
                f"{self._who()}: expected a dictionary of arrays as weights, such as "
                f"{{'0': kernel}}. Received: {type(weights).__name__}"
            )
        return {key: np.asarray(value) for key, value in weights.items()}

    def _paths(self) -> list[str]:
        return [path for path, _ in _objects(self.weights_dict, "")]

    def _edit(self, name: str, change: Callable[[Tree, str], Any]) -> None:
        """Change the one object of that name or path."""
        found = [
            (path, branch)
            for path, branch in _objects(self.weights_dict, "")
            if path == name or ("/" not in name and path.rpartition("/")[2] == name)
        ]
        exact = [one for one in found if one[0] == name and "/" in name]
        found = exact or found
        if len(found) != 1:
            many = f"occurs {len(found)} times: give a whole path" if found else "is not there"
            raise ValueError(
                f"{self._who()}: expected an object of the file. Received: {name!r}, which {many}. "
                f"There is: {', '.join(self._paths())}."
            )
        path, branch = found[0]
        change(branch, path.rpartition("/")[2])


def _objects(branch: Tree, path: str) -> Iterator[tuple[str, Tree]]:
    """Each object's path, and the branch that holds it."""
    for key, item in branch.items():
        if isinstance(item, dict):
            inner = f"{path}/{key}" if path else key
            yield inner, branch
            yield from _objects(item, inner)


def _flat(branch: Tree, path: str = "") -> dict[str, Any]:
    """The arrays by their paths."""
    found: dict[str, Any] = {}
    for key, item in branch.items():
        inner = f"{path}/{key}" if path else key
        found |= _flat(item, inner) if isinstance(item, dict) else {inner: item}
    return found


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
