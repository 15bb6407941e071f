"""`tf.compat.v1`: what programs for both versions say before they begin."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

from geartrain.compat.tensorflow.machine import get_logger
from geartrain.compat.tensorflow.randomness import set_seed

DEBUG, INFO, WARN, ERROR, FATAL = (
    logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL,
)  # fmt: skip


def set_verbosity(v: Any) -> None:
    """Say which messages of the logger `tensorflow` are shown."""
    get_logger().setLevel(v)


def get_verbosity() -> int:
    """Which messages of the logger `tensorflow` are shown."""
    return get_logger().getEffectiveLevel()


def set_random_seed(seed: int) -> None:
    """Make all that is random after this call reproducible."""
    set_seed(seed)


def enable_eager_execution(
    config: Any = None, device_policy: Any = None, execution_mode: Any = None
) -> None:
    """Do nothing: tensors have their values at once."""


def enable_v2_behavior() -> None:
    """Do nothing: what is here is TensorFlow 2."""


def executing_eagerly_outside_functions() -> bool:
    """Whether tensors have their values at once: always."""
    return True


def _refused(name: str, instead: str) -> NoReturn:
    raise NotImplementedError(
        f"tf.compat.v1.{name}: graphs that sessions run are not here; tensors have their values at "
        f"once. {instead}"
    )


def disable_eager_execution() -> NoReturn:
    """Refused: there are no graphs that sessions run."""
    _refused("disable_eager_execution", "Leave the line out, and use keras or tf.function.")


def disable_v2_behavior() -> NoReturn:
    """Refused: there are no graphs that sessions run."""
    _refused("disable_v2_behavior", "Leave the line out, and use keras or tf.function.")


def Session(*args: Any, **kwargs: Any) -> NoReturn:
    """Refused: there are no graphs that sessions run."""
    _refused("Session", "Call functions of tensors directly.")


def placeholder(*args: Any, **kwargs: Any) -> NoReturn:
    """Refused: there are no graphs that sessions run."""
    _refused("placeholder", "Use keras.Input, or the arguments of a function.")


__all__ = [
    "DEBUG", "ERROR", "FATAL", "INFO", "WARN", "Session", "disable_eager_execution",
    "disable_v2_behavior", "enable_eager_execution", "enable_v2_behavior",
    "executing_eagerly_outside_functions", "get_verbosity", "placeholder", "set_random_seed",
    "set_verbosity",
]  # fmt: skip
