"""Settings of the whole library: default float type, seeds, folders, threads, logging.

Environment variables: `GEARTRAIN_DATA` (folder with data sets),
`GEARTRAIN_CACHE` (folder for downloads and compiled code), `GEARTRAIN_THREADS`, `GEARTRAIN_SHOW`
(what the compiler prints: `passes`, or names of passes, with commas); and Keras's
`KERAS_MAX_EPOCHS` and `KERAS_MAX_STEPS_PER_EPOCH`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")
_settings: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "interactive_logging": True,
    "traceback_filtering": True,
    "flash_attention": None,
    "max_epochs": int(os.environ.get("KERAS_MAX_EPOCHS", "0")) or None,
    "max_steps_per_epoch": int(os.environ.get("KERAS_MAX_STEPS_PER_EPOCH", "0")) or None,
}


def floatx() -> str:
    """The default float type of new tensors, `"float32"` unless changed.

    >>> floatx()
    'float32'
    """
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the default float type: one of float16, bfloat16, float32, float64."""
    if value not in _FLOATS:
        raise ValueError(f"set_floatx expected one of {_FLOATS}. Received: {value!r}")
    _settings["floatx"] = value


def epsilon() -> float:
    """The small constant that keeps divisions and logarithms finite, 1e-7 unless changed."""
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Set the constant that `epsilon()` returns."""
    if not value > 0:
        raise ValueError(f"set_epsilon expected a positive number. Received: {value!r}")
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """`"channels_last"` (images are height, width, channels) or `"channels_first"`."""
    return str(_settings["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set what `image_data_format()` returns."""
    if data_format not in _FORMATS:
        raise ValueError(
            f"set_image_data_format expected one of {_FORMATS}. Received: {data_format!r}"
        )
    _settings["image_data_format"] = data_format


def computing() -> tuple[str, float, str]:
    """The settings that are written into programs: other ones need other programs."""
    return _settings["floatx"], _settings["epsilon"], _settings["image_data_format"]


def backend() -> str:
    """The name of the engine: always `"geartrain"`."""
    return "geartrain"


def enable_interactive_logging() -> None:
    """Show progress bars in place where `verbose="auto"`."""
    _settings["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Print one line an epoch where `verbose="auto"`."""
    _settings["interactive_logging"] = False


def is_interactive_logging_enabled() -> bool:
    """Whether `verbose="auto"` may draw progress bars in place."""
    return bool(_settings["interactive_logging"])


def enable_traceback_filtering() -> None:
    """Accepted for Keras: errors here are raised where they are found, with nothing to filter."""
    _settings["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Accepted for Keras: see `enable_traceback_filtering`."""
    _settings["traceback_filtering"] = False


def is_traceback_filtering_enabled() -> bool:
    """What was last asked for."""
    return bool(_settings["traceback_filtering"])


def max_epochs() -> int | None:
    """The most epochs of a `fit`, to try a program out; None for as many as it asks for.

    The environment variable KERAS_MAX_EPOCHS sets it too, as in Keras.
    """
    most: int | None = _settings["max_epochs"]
    return most


def set_max_epochs(max_epochs: int | None) -> None:
    """Set what `max_epochs()` returns."""
    _settings["max_epochs"] = _most("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most batches of an epoch of `fit`, of an `evaluate` or `predict`; None for all of them.

    The environment variable KERAS_MAX_STEPS_PER_EPOCH sets it too, as in Keras.
    """
    most: int | None = _settings["max_steps_per_epoch"]
    return most


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Set what `max_steps_per_epoch()` returns."""
    _settings["max_steps_per_epoch"] = _most("max_steps_per_epoch", max_steps_per_epoch)


def _most(name: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ValueError(f"set_{name}: expected a whole number, or None. Received: {value!r}")
    return value or None


def enable_flash_attention() -> None:
    """Accepted for Keras: there is one way here to compute attention."""
    _settings["flash_attention"] = True


def disable_flash_attention() -> None:
    """Accepted for Keras: see `enable_flash_attention`."""
    _settings["flash_attention"] = False


def is_flash_attention_enabled() -> bool | None:
    """What was last asked for; None if nothing was."""
    asked: bool | None = _settings["flash_attention"]
    return asked


def is_nnx_enabled() -> bool:
    """Whether layers are modules of Flax: never."""
    return False


def __getattr__(name: str) -> Any:
    """`dtype_policy` and `set_dtype_policy`, which know more than settings do."""
    if name not in ("dtype_policy", "set_dtype_policy"):
        raise AttributeError(f"module 'geartrain.config' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("geartrain.dtype_policies"), name)


def cache_home() -> Path:
    """The user's folder for what can be fetched or computed again."""
    chosen = os.environ.get("GEARTRAIN_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "geartrain"


def keras_home() -> Path:
    """The folder where Keras keeps its downloads: `KERAS_HOME`, `~/.keras` if unset."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def data_home() -> Path | None:
    """The folder named by `GEARTRAIN_DATA`, where data sets are looked for first."""
    chosen = os.environ.get("GEARTRAIN_DATA")
    return Path(chosen).expanduser() if chosen else None


def threads() -> int:
    """How many threads to compute with.

    `GEARTRAIN_THREADS`, else `OMP_NUM_THREADS`, else the processors this process may use.
    """
    for name in ("GEARTRAIN_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(name, "").split(",")[0].strip()
        if not text:
            continue
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(f"{name} expected a whole number of at least 1. Received: {text!r}")
        return int(text)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def enable_unsafe_deserialization() -> None:
    """Refused: there is no way here to read code from a file.

    Raises ValueError, with what to do instead.

    >>> enable_unsafe_deserialization()
    Traceback (most recent call last):
    ValueError: enable_unsafe_deserialization: there is nothing to enable. Code is never read...
    """
    raise ValueError(
        "enable_unsafe_deserialization: there is nothing to enable. Code is never read from a "
        "file. Give the function a name, decorate it with "
        "@keras.saving.register_keras_serializable(), and save the model again."
    )
