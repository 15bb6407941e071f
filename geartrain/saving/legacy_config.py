"""Configurations as Keras 2 wrote them, in today's words.

Classes stood without their modules, arguments had other names, and some are gone. What is not told
here is the same in both; what means nothing any more is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Config = dict[str, Any]

CLASSES = {"Model": "Functional", "CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU"}
# Arguments that have another name now, for all classes or for one.
_RENAMED: dict[str, dict[str, str]] = {
    "": {"lr": "learning_rate", "W_regularizer": "kernel_regularizer"},
    "InputLayer": {"batch_input_shape": "batch_shape"},
    "LeakyReLU": {"alpha": "negative_slope"},
}
# Arguments that say how something is computed, or nothing, and what had been their values.
_GONE = {
    "": ("ragged", "sparse", "time_major", "implementation", "jit_compile", "is_legacy_optimizer"),
    "Nadam": ("decay", "schedule_decay"),
    "Embedding": ("input_length", "activity_regularizer"),
    "BatchNormalization": ("fused", "virtual_batch_size", "adjustment", "mode"),
    "MultiHeadAttention": ("query_shape", "key_shape", "value_shape"),
    "Lambda": ("module", "function_type", "output_shape_type", "output_shape_module"),
}
_GONE |= dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), ("groups",))
_GONE |= dict.fromkeys([f"SpatialDropout{n}D" for n in (1, 2, 3)], ("trainable", "noise_shape"))
_DEPTHWISE = ("filters", "kernel_initializer", "kernel_regularizer", "kernel_constraint")
_GONE |= dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), (*_DEPTHWISE, "groups"))
_GONE |= dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), (*_DEPTHWISE[1:], "groups"))


def modern(value: Any, key: str = "") -> Any:
    """A configuration in today's words; one that is in them already stays.

    Args:
        value: plain data.
        key: the key that it stands under.

    >>> modern({"class_name": "BatchNormalization", "config": {"axis": [3]}})["config"]
    {'axis': 3}
    >>> modern({"class_name": "GRU", "config": {"units": 2, "implementation": 1}})["config"]
    {'units': 2, 'reset_after': False}
    """
    if isinstance(value, list):
        return [modern(item, key) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"type", "value"} and value["type"] == "ndarray":
        return value["value"]
    made = {name: modern(item, name) for name, item in value.items()}
    if not isinstance(made.get("class_name"), str) or "config" not in made:
        return made
    name = made["class_name"] = CLASSES.get(made["class_name"], made["class_name"])
    if ">" in name:
        made.setdefault("registered_name", name)
    if name == "Sequential" and isinstance(made["config"], list):
        made["config"] = {"layers": made["config"]}
    if isinstance(made["config"], dict) and not name.startswith("__"):
        made["config"] = _config(name, made["config"])
        if key.endswith("_initializer"):
            made["config"].pop("dtype", None)
    return made


def _config(name: str, config: Config) -> Config:
    renamed = {**_RENAMED[""], **_RENAMED.get(name, {})}
    gone = {*_GONE[""], *_GONE.get(name, ())}
    made = {renamed.get(key, key): value for key, value in config.items() if key not in gone}
    if isinstance(made.get("axis"), list) and len(made["axis"]) == 1:
        made["axis"] = made["axis"][0]
    return _SPECIAL[name](made) if name in _SPECIAL else made


def _gated(config: Config) -> Config:
    """The reset before the product was the only way at first, and the file did not say so."""
    return {**config, "reset_after": config.get("reset_after", False)}


def _function(config: Config) -> Config:
    """A function's code was a list; described as a lambda, it is refused with a remedy."""
    code = config.get("function")
    if isinstance(code, list):
        config = {**config, "function": {"class_name": "__lambda__", "config": {"code": code}}}
    return config


def _decayed(config: Config) -> Config:
    """A rate that falls with the steps was an argument; now it is a schedule."""
    decay = config.pop("decay", None)
    if decay:
        schedule = {"initial_learning_rate": config["learning_rate"], "decay_steps": 1}
        config["learning_rate"] = {
            "class_name": "InverseTimeDecay",
            "config": {**schedule, "decay_rate": decay},
        }
    return config


_OPTIMIZERS = ("SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Ftrl", "AdamW")

_SPECIAL: dict[str, Callable[[Config], Config]] = {
    "GRU": _gated,
    "GRUCell": _gated,
    "Lambda": _function,
    **dict.fromkeys(_OPTIMIZERS, _decayed),
}
