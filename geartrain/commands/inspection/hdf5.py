"""The account of HDF5 files: of weights as Keras 3 writes them, and the legacy ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from geartrain.commands.inspection.account import Account, Layer
from geartrain.commands.inspection.matching import (
    is_of_optimizer,
    optimizer_of,
    owner_of,
    tell_config,
    tell_model,
)
from geartrain.saving import plain
from geartrain.saving.legacy import take_optimizer
from geartrain.saving.legacy_config import modern
from geartrain.saving.legacy_weights import LegacyFile, legacy_file
from geartrain.saving.store import StoredTensor


def tell_hdf5(account: Account) -> None:
    """Tell of a file with or without a model's configuration."""
    problems: list[str] = []
    file = account.opened.enter_context(legacy_file(account.path, "inspect", problems))
    for problem in problems:
        with account.judged():
            raise ValueError(problem)
    text = file.text("model_config")
    if text is None and not file.names(file.root(), "layer_names"):
        tell_model(None, file.store, account)
        return
    version = file.text("keras_version") or _text_of(file, file.root(), "keras_version")
    backend = file.text("backend") or _text_of(file, file.root(), "backend")
    found = {"Keras": version, "backend": backend}
    account.versions = {name: one[:40] for name, one in found.items() if one}
    account.kind = "legacy Keras model" if text else "legacy Keras weights"
    config = _parsed(text, "model_config", account)
    training = _parsed(file.text("training_config"), "training_config", account)
    if isinstance(config, dict) and isinstance(training, dict):
        optimizer = take_optimizer(training)
        config["compile_config"] = {**training, "optimizer": optimizer}
    _tell_legacy(config, file, account)


def _text_of(file: LegacyFile, group: str, name: str) -> str | None:
    found = file.attributes.get(group, {}).get(name)
    return found if isinstance(found, str) else None


def _parsed(text: str | None, what: str, account: Account) -> Any:
    """A legacy configuration in today's words."""
    if text is not None:
        with account.judged():
            return modern(plain.parse(text.encode(), what))
    return None


def _tell_legacy(config: Any, file: LegacyFile, account: Account) -> None:
    """Layers have their weights by their names there."""
    root = file.root()
    prefix = f"{root}/" if root else ""
    if config is not None:
        tell_config(config, "model_config", account)
    by_path: dict[str, Layer] = {}
    for layer in account.layers:
        if layer.depth == 0:
            by_path[f"{prefix}{layer.name}"] = layer
    for name in file.names(root, "layer_names"):
        if f"{prefix}{name}" not in by_path:
            layer = by_path[f"{prefix}{name}"] = Layer(name, name)
            account.layers.append(layer)
            if account.model:
                account.odd(f"{name}: weights that no layer of the configuration is for")
    for path, tensor in _in_order(file, by_path, account).items():
        owner = owner_of(path, by_path)
        if owner is not None:
            owner.tensors.append(tensor)
        elif not is_of_optimizer(path):
            account.odd(f"{path}: a tensor that belongs to no layer")
    account.optimizer = optimizer_of(config, file.store)


def _in_order(file: LegacyFile, groups: Iterable[str], account: Account) -> dict[str, StoredTensor]:
    """The tensors in the order that attributes tell; what these forget comes last."""
    told: dict[str, StoredTensor] = {}
    for group in groups:
        with account.judged():
            told.update((tensor.path, tensor) for tensor in file.tensors(group))
    return {**told, **file.store.tensors}
