"""Optimizers: how variables follow their gradients."""

from __future__ import annotations

from typing import Any

from geartrain.compat.names import finder
from geartrain.errors import describe_value
from geartrain.identifiers import Family
from geartrain.optimizers import schedules as schedules
from geartrain.optimizers.adafactor import Adafactor
from geartrain.optimizers.adagrad import Adadelta, Adagrad, Ftrl
from geartrain.optimizers.adam import Adam, Adamax, AdamW, Lamb, Nadam
from geartrain.optimizers.lion import Lion
from geartrain.optimizers.loss_scale import LossScaleOptimizer
from geartrain.optimizers.multi_optimizer import MultiOptimizer, OptimizerMap
from geartrain.optimizers.muon import Muon
from geartrain.optimizers.optimizer import Optimizer
from geartrain.optimizers.rmsprop import RMSprop
from geartrain.optimizers.schedule_free import ScheduleFreeAdamW
from geartrain.optimizers.sgd import SGD
from geartrain.registry import members

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "serialize",
]

_by_lower_case = {name.lower(): name for name in members("optimizers")}
_family = Family("optimizers", "optimizer", _by_lower_case)
deserialize = _family.deserialize


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The optimizer as plain data, from which `deserialize` makes it again, without its state.

    >>> serialize(SGD(0.5, name="mine"))["config"]["learning_rate"]
    0.5
    """
    return _family.serialize(optimizer)


def get(identifier: Any) -> Any:
    """The optimizer that `identifier` means.

    Args:
        identifier: a name such as `"rmsprop"`, in capitals or not, an `Optimizer` or its class,
            a config, or None.

    Raises ValueError for an unknown name, with the nearest one, and for anything else.

    >>> get("rmsprop").rho
    0.9
    """
    found = identifier
    if isinstance(identifier, str):
        found = _family.get(_by_lower_case.get(identifier.lower(), identifier))
    elif isinstance(identifier, dict | type):
        found = _family.get(identifier)
    if found is None or isinstance(found, Optimizer):
        return found
    raise ValueError(
        "Expected an optimizer: a name such as 'rmsprop', or an object such as RMSprop(). "
        f"Received: {describe_value(identifier)}"
    )


__getattr__ = finder("optimizers")  # names of older Keras, and why others are not here
