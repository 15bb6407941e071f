"""The state of optimizers in `.h5` files: slots by names that changed twice.

    Keras 3     adam/iteration, adam/learning_rate, adam/dense_kernel_momentum, ...: as here
    Keras 2.11  iteration:0, Adam/m/dense/kernel:0, Adam/v/dense/kernel:0, ...
    before      Adam/iter:0, Adam/dense/kernel/m:0, ..., Adam/dense/kernel/v:0, ...

In the two older forms the slots of one kind are in the order of the trained variables.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.runtime.variable import Variable
from geartrain.saving.store import MemoryTensor, StoredTensor
from geartrain.saving.weights import Pair, check_fits

# What a kind of slot is called here; for one optimizer, or for all.
_KINDS: dict[str, dict[str, str]] = {
    "": {"m": "momentum", "v": "velocity", "vhat": "velocity_hat"},
    "Adamax": {"m": "momentum", "u": "norm", "v": "norm"},
    "RMSprop": {"rms": "velocity", "mg": "average_gradient"},
    "Adadelta": {"accum_grad": "accumulated_grad", "accum_var": "accumulated_delta_var"},
}
_COUNTERS = ("iteration", "iter")
_MOST_STEPS = 10_000  # after which Nadam's product is 0 in any dtype


def pairs(optimizer: Any, names: list[str], tensors: list[StoredTensor]) -> list[Pair]:
    """Which tensor is for which variable of a built optimizer.

    Args:
        optimizer: the optimizer.
        names: what the file calls the tensors.
        tensors: the tensors.

    Raises:
        ValueError: a state that is not that of this optimizer.
    """
    variables = optimizer.variables
    if not any(name.endswith(":0") for name in names):  # Keras 3
        if len(tensors) == optimizer._before_slots:  # saved before any step: no slots yet
            variables = variables[: len(tensors)]
        if len(tensors) != len(variables):
            raise ValueError(
                f"{optimizer.name!r} has {len(variables)} variables, and the file {len(tensors)}"
            )
        found = [Pair(*pair) for pair in zip(tensors, variables, strict=True)]
    else:
        found = _by_kind(optimizer, names, tensors)
    for pair in found:
        check_fits(*pair, f"{optimizer.name!r}")
    return found


def _by_kind(optimizer: Any, names: list[str], tensors: list[StoredTensor]) -> list[Pair]:
    trained = optimizer._trainable_variables
    kinds: dict[str, list[StoredTensor]] = {}
    for name, tensor in zip(names, tensors, strict=True):
        kinds.setdefault(_kind_of(name, optimizer), []).append(tensor)
    wanted = {slot for slots in optimizer.slot_names() for slot in slots}
    if type(optimizer).__name__ == "SGD" and not wanted:  # it kept slots without any use for them
        kinds.pop("momentum", None)
    found: list[Pair] = []
    for kind, group in kinds.items():
        if kind == "iteration":
            found.append(Pair(group[0], optimizer._iterations))
        elif kind == "learning_rate" and isinstance(optimizer._learning_rate, Variable):
            found.append(Pair(group[0], optimizer._learning_rate))
        elif kind in wanted and len(group) == len(trained):
            wanted.remove(kind)
            found += [
                Pair(tensor, optimizer.slots_of(variable)[kind])
                for tensor, variable in zip(group, trained, strict=True)
            ]
        elif kind != "learning_rate":
            raise ValueError(f"{optimizer.name!r} has no {len(group)} slots {kind!r}")
    if wanted:
        raise ValueError(f"{optimizer.name!r} has slots {', '.join(wanted)}, and the file none")
    if "iteration" in kinds and type(optimizer).__name__ == "Nadam":
        found.append(_product(optimizer, int(kinds["iteration"][0].read())))
    return found


def _product(optimizer: Any, steps: int) -> Pair:
    """Nadam's product of all momenta so far, which Keras 2 did not save."""
    step = np.arange(1, min(steps, _MOST_STEPS) + 1)
    product = np.prod(optimizer.beta_1 * (1 - 0.5 * 0.96**step))
    variable = optimizer._u_product
    return Pair(MemoryTensor.of("u_product", product.astype(variable.dtype)), variable)


def _kind_of(name: str, optimizer: Any) -> str:
    """What a tensor is: `Adam/m/dense/kernel:0` and `Adam/dense/kernel/m:0` are a momentum."""
    parts = name.removesuffix(":0").split("/")
    known = {**_KINDS[""], **_KINDS.get(type(optimizer).__name__, {})}
    slots = {slot for group in optimizer.slot_names() for slot in group}
    if parts[-1] in _COUNTERS:
        return "iteration"
    if parts[-1] == "learning_rate":
        return "learning_rate"
    for part in (parts[-1], *parts[1:2], *parts[:1]):
        if type(optimizer).__name__ == "SGD" and part in ("m", "momentum"):
            return "momentum"
        if known.get(part, part) in slots:
            return known.get(part, part)
    return parts[-1]
