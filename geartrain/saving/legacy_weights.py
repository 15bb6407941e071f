"""Weights in the HDF5 files of Keras 2, and of Keras 3 where a name ends in `.h5`.

A group for each layer, and the order in attributes:

    layer_names = ["conv", "flatten", "dense"]
    dense/      weight_names = ["dense/kernel:0", "dense/bias:0"]
    dense/dense/kernel:0, dense/dense/bias:0        the tensors

Layers are matched by their order among those that have weights, or by their names. Within a layer
weights come in one order: those that are trained, then the others, with those of layers inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from geartrain.errors import warn
from geartrain.runtime.variable import Variable
from geartrain.saving.hdf5 import read_hdf5
from geartrain.saving.store import Store, StoredTensor, opened
from geartrain.saving.weights import Pair, assign_all, check_fits, values_of

MODEL_WEIGHTS, TOP_LEVEL = "model_weights", "top_level_model_weights"


class LegacyFile(NamedTuple):
    """An open file.

    Attributes:
        store: its tensors.
        attributes: the texts, and lists of texts, of each group by its path.
        who: what errors begin with.
    """

    store: Store
    attributes: dict[str, dict[str, Any]]
    who: str

    def text(self, name: str) -> str | None:
        """A text that belongs to the whole file."""
        found = self.attributes.get("", {}).get(name)
        return found if isinstance(found, str) else None

    def names(self, group: str, attribute: str) -> list[str]:
        """A list of names, which is in several attributes if it is long."""
        found = self.attributes.get(group, {})
        if attribute in found:
            parts = [found[attribute]]
        else:
            several = takewhile(found.__contains__, (f"{attribute}{n}" for n in count()))
            parts = [found[name] for name in several]
        return [name for part in parts for name in ([part] if isinstance(part, str) else part)]

    def tensors(self, group: str) -> list[StoredTensor]:
        """The tensors of a group, in the order that its attribute tells."""
        paths = [f"{group}/{name}".lstrip("/") for name in self.names(group, "weight_names")]
        for path in paths:
            if path not in self.store.tensors:
                raise ValueError(
                    f"{self.who}: expected a tensor {path!r}, which weight_names of {group!r} "
                    "lists. Received: a file without. It was damaged or changed."
                )
        return [self.store.tensors[path] for path in paths]

    def layers(self) -> list[tuple[str, list[StoredTensor]]]:
        """The layers with their tensors, in order."""
        root = self.root()
        names = self.names(root, "layer_names")
        if len(set(names)) < len(names):
            raise ValueError(f"{self.who}: expected each layer once. Received: {names!r:.200}")
        return [(name, self.tensors(f"{root}/{name}".lstrip("/"))) for name in names]

    def root(self) -> str:
        """The group of the weights: in files of weights alone they are at the top."""
        root = self.attributes.get("", {})
        at_top = "layer_names" in root or "layer_names0" in root
        return "" if at_top or MODEL_WEIGHTS not in self.attributes else MODEL_WEIGHTS


@contextmanager
def legacy_file(path: Path, who: str, problems: list[str] | None = None) -> Iterator[LegacyFile]:
    """An `.h5` file, which is open within the block; `problems` as for `read_hdf5`."""
    attributes: dict[str, dict[str, Any]] = {}
    with (
        opened(path, who) as (file, size),
        read_hdf5(file, 0, size, who, attributes, problems) as store,
    ):
        yield LegacyFile(store, attributes, who)


def load_legacy_weights(
    model: Any, path: Path, who: str, by_name: bool, skip_mismatch: bool
) -> None:
    """Load weights, all or on any error none."""
    with legacy_file(path, who) as file:
        if by_name:
            plan = _by_name(model, file, skip_mismatch)
        else:
            plan = by_position(model, file, skip_mismatch)
        assign_all(values_of(list(plan)))


def by_position(model: Any, file: LegacyFile, skip_mismatch: bool = False) -> list[Pair]:
    """Which tensor is for which variable: the first layer with weights gets the first's there."""
    layers = [layer for layer in model.layers if layer.weights]
    saved = [(name, tensors) for name, tensors in file.layers() if tensors]
    if len(layers) != len(saved):
        raise ValueError(
            f"{file.who}: Layer count mismatch when loading weights from file. Model expected "
            f"{len(layers)} layers ({_listed(layer.name for layer in layers)}), found {len(saved)} "
            f"saved layers ({_listed(name for name, _ in saved)}). The file must come from the "
            "same architecture; by_name=True loads the layers whose names are there."
        )
    plan: list[Pair] = []
    for number, (layer, (name, tensors)) in enumerate(zip(layers, saved, strict=True)):
        called = "" if layer.name == name else f", {name!r} in the file"
        plan += _pairs(file, f"layer #{number} (named {layer.name!r}{called})", _weights(layer),
                       tensors, skip_mismatch)  # fmt: skip
    return plan + _top_level(model, file, skip_mismatch)


def _by_name(model: Any, file: LegacyFile, skip_mismatch: bool) -> list[Pair]:
    plan: list[Pair] = []
    known: dict[str, list[Any]] = {}
    for layer in model.layers:
        known.setdefault(layer.name, []).append(layer)
    saved = file.layers()
    for number, (name, tensors) in enumerate(saved):
        for layer in known.get(name, ()):
            plan += _pairs(file, f"layer #{number} (named {name!r})", _weights(layer), tensors,
                           skip_mismatch)  # fmt: skip
    if not any(name in known for name, _ in saved):
        warn(
            f"{file.who}: no layer has a name that the file knows, so nothing was loaded. The "
            f"model's layers: {_listed(known)}; the file's: {_listed(name for name, _ in saved)}."
        )
    return plan + _top_level(model, file, skip_mismatch)


def _top_level(model: Any, file: LegacyFile, skip_mismatch: bool) -> list[Pair]:
    """The pairs of weights that belong to the model itself, not to a layer of it."""
    group = f"{file.root()}/{TOP_LEVEL}".lstrip("/")
    tensors = file.tensors(group) if group in file.attributes else []
    own = model._own_weights()
    return _pairs(file, "the model itself", own, tensors, skip_mismatch) if own or tensors else []


def _weights(layer: Any) -> list[Variable]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _pairs(
    file: LegacyFile, what: str, variables: list[Variable], tensors: list[StoredTensor], skip: bool
) -> list[Pair]:
    """Each variable of a layer with its tensor; none, with a warning, if they do not fit."""
    try:
        if len(variables) != len(tensors):
            raise ValueError(
                f"Weight count mismatch for {what}: expected {len(variables)} weights "
                f"({_listed(variable.name for variable in variables)}). Received {len(tensors)} "
                "saved weights"
            )
        for tensor, variable in zip(tensors, variables, strict=True):
            check_fits(tensor, variable, f"Shape mismatch in {what}:")
    except ValueError as error:
        if not skip:
            raise ValueError(
                f"{file.who}: {error}. Nothing was changed. skip_mismatch=True loads what fits."
            ) from None
        warn(f"{file.who}: left {what} as it is. {error}")
        return []
    return [Pair(*pair) for pair in zip(tensors, variables, strict=True)]


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") or "none"
