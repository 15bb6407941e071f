"""Configurations and tensors put side by side: which are whose, and what contradicts what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from geartrain.commands.inspection import configs
from geartrain.commands.inspection.account import Account, Layer
from geartrain.commands.inspection.values import number_in
from geartrain.saving.legacy import OPTIMIZER_WEIGHTS
from geartrain.saving.metadata import CONFIG
from geartrain.saving.store import Store


def tell_model(config: Any, store: Store, account: Account) -> None:
    """The layers of a configuration with their tensors, and what contradicts it."""
    if config is not None:
        tell_config(config, CONFIG, account)
    layers = account.layers
    account.layers = with_tensors(layers, store)
    account.optimizer = optimizer_of(config, store)
    if layers:
        _tell_contradictions(layers, store, account)


def tell_config(config: Any, where: str, account: Account) -> None:
    """What a configuration alone says."""
    if not configs.is_object(config):
        account.refuse(f"{where}: expected the configuration of a model. Received: {config!r:.80}")
        return
    name = configs.config_of(config).get("name")
    account.model = {"class": str(config["class_name"])[:80], "name": str(name or "")[:80]}
    account.layers = configs.layers_of(config)
    configs.look_through(config, "", account)
    account.training = configs.training_of(config.get("compile_config"))


def with_tensors(layers: list[Layer], store: Store) -> list[Layer]:
    """Layers with their tensors; what belongs to none of them has entries of its own."""
    by_path = {layer.path: layer for layer in layers}
    others: dict[str, Layer] = {}
    for path, tensor in store.tensors.items():
        if is_of_optimizer(path):
            continue
        owner = owner_of(path, by_path)
        if owner is None:
            place = _without_vars(path)
            name = store.names.get(place, "")
            owner = others.setdefault(place, Layer(place, name))
        owner.tensors.append(tensor)
    rest = list(others.values())
    if store.names:  # an HDF5 file, which sorts its groups
        rest.sort(key=lambda layer: _numbers_as_such(layer.path))
    return [*layers, *rest]


def _around(place: str) -> Iterator[str]:
    """A place, and those that it is inside of."""
    while place:
        yield place
        place = place.rpartition("/")[0]


def _numbers_as_such(path: str) -> list[tuple[str, int]]:
    """What sorts `dense_2` before `dense_10`, as HDF5 files do not."""
    parts = [part.rpartition("_") for part in path.split("/")]
    return [
        (base, int(number)) if number.isdecimal() else ("_".join(filter(None, (base, number))), 0)
        for base, _, number in parts
    ]


def owner_of(path: str, by_path: dict[str, Layer]) -> Layer | None:
    """The innermost layer that a tensor's path is in."""
    parts = path.split("/")
    for length in range(len(parts) - 1, 0, -1):
        found = by_path.get("/".join(parts[:length]))
        if found is not None:
            return found
    return None


def _without_vars(path: str) -> str:
    """The place of the object that a tensor belongs to."""
    owner = path.rpartition("/")[0]
    return owner.removesuffix("/vars") if owner != "vars" else ""


def is_of_optimizer(path: str) -> bool:
    """Whether a tensor is part of an optimizer's state."""
    return path.startswith(("optimizer/", f"{OPTIMIZER_WEIGHTS}/"))


def optimizer_of(config: Any, store: Store) -> Layer | None:
    """The optimizer that a configuration tells of, or that has tensors."""
    compiled = config.get("compile_config") if isinstance(config, dict) else None
    described = compiled.get("optimizer") if isinstance(compiled, dict) else None
    tensors = [tensor for path, tensor in store.tensors.items() if is_of_optimizer(path)]
    if not tensors and not described:
        return None
    kind, arguments = "", {}
    if configs.is_object(described):
        kind = str(described["class_name"])[:80]
        arguments = described["config"] if isinstance(described["config"], dict) else {}
    elif isinstance(described, str):
        kind = described
    return Layer("optimizer", str(arguments.get("name", "")), kind, arguments, 0, tensors)


def step_and_rate(optimizer: Layer) -> tuple[Any, Any]:
    """The optimizer's step and learning rate, as far as the file tells."""
    tensors = {tensor.path: tensor for tensor in optimizer.tensors}
    inner = "optimizer/inner_optimizer/vars"
    base = inner if f"{inner}/0" in tensors else "optimizer/vars"
    first, second = tensors.get(f"{base}/0"), tensors.get(f"{base}/1")
    for path, tensor in tensors.items():  # legacy files, which name them
        last = path.rpartition("/")[2].removesuffix(":0")
        first = tensor if last in ("iteration", "iter") else first
        second = tensor if last == "learning_rate" else second
    step = number_in(first)
    rate = number_in(second) if second is not None and second.dtype.startswith("float") else None
    described = optimizer.config.get("learning_rate")
    if rate is None:
        rate = described if isinstance(described, float | int) else configs.in_words(described)
    return (step if isinstance(step, int) else None), rate


def _tell_contradictions(layers: list[Layer], store: Store, account: Account) -> None:
    """Tell of layers that the weights do not know, and of weights that no layer is for."""
    places = {*store.names, *(_without_vars(path) for path in store.tensors)}
    known = {around for place in places for around in _around(place)}
    for layer in layers:
        if store.tensors and layer.path not in known:
            account.odd(f"{layer.path}: the weights have nothing for the layer {layer.name!r}")
        _tell_sizes(layer, account)
    ours = {layer.path for layer in layers}
    for layer in account.layers:
        if layer.path not in ours and layer.path.startswith("layers/"):
            account.odd(f"{layer.path}: weights that no layer of the configuration is for")


_SIZES = ("units", "filters", "input_dim", "output_dim", "key_dim", "head_dim")


def _tell_sizes(layer: Layer, account: Account) -> None:
    """Tell of a layer that declares more than its weights hold."""
    for key in _SIZES:
        size = layer.config.get(key)
        if isinstance(size, int) and layer.tensors and size > layer.parameters:
            account.refuse(
                f"{layer.path}: declares {key}={size:,}, and its weights have "
                f"{layer.parameters:,} values"
            )
        elif isinstance(size, int) and not layer.tensors and size > 1 << 24:
            account.refuse(f"{layer.path}: declares {key}={size:,}, and has no weights in the file")
