"""Keywords that older versions of Keras took, and today's for them.

A class takes those in `KEYWORDS` under its own name and under the names of its base classes; a
method of models those in `METHODS`. A change is the keyword's name of today, a `Renamed` where its
values are different too, a `Gone`, or a function of the arguments and of today's
defaults, which takes the keyword out of the arguments, puts today's in, and says what to write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from geartrain.errors import shown, warn
from geartrain.registry import members

Arguments = dict[str, Any]


class Renamed(NamedTuple):
    """A keyword that has another name now, and some of whose values have."""

    now: str
    values: dict[Any, Any]


class Gone(NamedTuple):
    """A keyword that means nothing any more, and why."""

    reason: str


Change = str | Renamed | Gone | Callable[[Arguments, Arguments], str]
Changes = dict[str, Change]


def modern(
    who: str,
    changes: Changes,
    arguments: Arguments,
    defaults: Arguments | None = None,
    hint: bool = True,
) -> Arguments:
    """Arguments by today's keywords.

    Args:
        who: the function that is called, for hints and errors.
        changes: the keywords of old that it takes.
        arguments: what it is called with, by keyword.
        defaults: the values of today's keywords that are not given.
        hint: whether to warn for each of them, at the line of the user's that calls.

    Raises TypeError for an argument that is given by its old and by its new name.

    >>> modern("Dense", {"output_dim": "units"}, {"output_dim": 3}, hint=False)
    {'units': 3}
    """
    made = dict(arguments)
    for name in arguments:
        if name not in made or name not in changes:
            continue
        change, received = changes[name], f"{name}={shown(arguments[name])}"
        if isinstance(change, Gone):
            del made[name]
            remedy = f"Leave it out: {change.reason}."
        elif callable(change):
            remedy = f"Write {change(made, defaults or {})}."
        else:
            now, values = change if isinstance(change, Renamed) else (change, {})
            if now in made:
                raise TypeError(
                    f"{who}: expected {now} once. Received: {now} and {name}, which is its name of "
                    f"older Keras. Leave {name} out."
                )
            value = made.pop(name)
            made[now] = values.get(value, value) if isinstance(value, str | bool) else value
            remedy = f"Write {now}={shown(made[now])}."
        if hint:
            warn(f"{who}: {received} is how older versions of Keras said it. {remedy}")
    return made


def changes_of(bases: Collection[str], taken: Collection[str]) -> Changes:
    """The keywords of old that a class takes.

    Args:
        bases: its name and those of its base classes, the nearest first.
        taken: the keywords that it takes today, which mean what they say.

    >>> sorted(changes_of(["LeakyReLU"], []))
    ['alpha']
    """
    found: Changes = {}
    for base in reversed(list(bases)):
        found |= KEYWORDS.get(base, {})
    return {name: change for name, change in found.items() if name not in taken}


# -- changes of more than a name ------------------------------------------------------------------


def _input_shape(arguments: Arguments, defaults: Arguments) -> str:
    """`input_dim` numbers, and `input_length` timesteps of them if that is given or `None`."""
    return _shaped(arguments, sequences="input_length" in arguments)


def _sequence_shape(arguments: Arguments, defaults: Arguments) -> str:
    return _shaped(arguments, sequences=True)


def _shaped(arguments: Arguments, sequences: bool) -> str:
    shape: tuple[Any, ...] = (arguments.pop("input_length", None),) if sequences else ()
    if "input_dim" in arguments:
        shape = (*shape, arguments.pop("input_dim"))
    return _given_shape(arguments, shape)


def _given_shape(arguments: Arguments, shape: tuple[Any, ...]) -> str:
    if not any(name in arguments for name in ("input_shape", "batch_input_shape", "batch_shape")):
        arguments["input_shape"] = shape
    return f"input_shape={shape}, or start the model with keras.Input({shape})"


def _length_alone(arguments: Arguments, defaults: Arguments) -> str:
    """The number of timesteps, or the sizes of several axes: None says nothing."""
    length = arguments.pop("input_length")
    if length is None:
        return "nothing: it is not needed"
    return _given_shape(arguments, tuple(length) if isinstance(length, list | tuple) else (length,))


def _decay(arguments: Arguments, defaults: Arguments) -> str:
    """A rate that falls with the steps was an argument; now it is a schedule."""
    decay, rate = arguments.pop("decay"), arguments.pop("lr", None)
    rate = arguments.pop("learning_rate", defaults["learning_rate"]) if rate is None else rate
    arguments["learning_rate"] = rate
    if not decay:
        return f"learning_rate={rate}: a decay of 0 changes nothing"
    if callable(rate):
        raise TypeError(
            "An optimizer: expected decay along with a learning rate that is a number. Received: "
            f"decay={decay}, learning_rate={shown(rate)}. Leave decay out, and let the schedule "
            "fall faster."
        )
    schedule = members("optimizers.schedules")["InverseTimeDecay"]
    arguments["learning_rate"] = schedule(rate, decay_steps=1, decay_rate=decay)
    return f"learning_rate=keras.optimizers.schedules.InverseTimeDecay({rate}, 1, {decay})"


def _kernel_size(arguments: Arguments, defaults: Arguments) -> str:
    """The two sizes of a window were two arguments."""
    sizes = tuple(arguments.pop(name) for name in ("nb_row", "nb_col") if name in arguments)
    arguments["kernel_size"] = sizes
    return f"kernel_size={sizes}"


# -- the tables -----------------------------------------------------------------------------------

_CHANNELS: Changes = {
    "dim_ordering": Renamed("data_format", {"tf": "channels_last", "th": "channels_first"}),
}
_BORDERS: Changes = {"border_mode": "padding", **_CHANNELS}
_WEIGHTS: Changes = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_RECURRENT: Changes = {
    "output_dim": "units",
    **_WEIGHTS,
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "forget_bias_init": Renamed("unit_forget_bias", {"one": True, "zero": False}),
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "consume_less": Gone("there is one way to compute it, and it is the fast one"),
    "time_major": Gone("the batch is the first axis"),
}
_DROPPED: Changes = {"p": "rate"}
_ONE_WINDOW: Changes = {**_BORDERS, "pool_length": "pool_size", "stride": "strides"}

# What a class takes, by its own name or that of a base class.
KEYWORDS: dict[str, Changes] = {
    "Layer": {"input_dim": _input_shape, "input_length": _length_alone, "input_dtype": "dtype"},
    "Dense": {"output_dim": "units", **_WEIGHTS},
    "BaseConvolution": {
        **_BORDERS, **_WEIGHTS, "nb_filter": "filters", "subsample": "strides",
        "nb_row": _kernel_size, "nb_col": _kernel_size,
    },
    "_ConvLSTM": {
        **_BORDERS, "nb_filter": "filters", "nb_row": _kernel_size, "nb_col": _kernel_size,
    },
    "Conv1D": {
        "filter_length": "kernel_size", "subsample_length": "strides",
        "input_dim": _sequence_shape, "input_length": _sequence_shape,
    },
    "_Pooling": _BORDERS,
    "_GlobalPooling": _CHANNELS,
    "MaxPooling1D": _ONE_WINDOW,
    "AveragePooling1D": _ONE_WINDOW,
    "_Spatial": _CHANNELS,
    "UpSampling1D": {"length": "size"},
    "Flatten": _CHANNELS,
    "Dropout": _DROPPED,
    "_SpatialDropout": {**_DROPPED, **_CHANNELS},
    "GaussianDropout": _DROPPED,
    "GaussianNoise": {"sigma": "stddev"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "PReLU": {"init": "alpha_initializer"},
    "BatchNormalization": {
        "beta_init": "beta_initializer",
        "gamma_init": "gamma_initializer",
        "mode": Gone("it normalizes each feature"),
        "fused": Gone("there is one way to compute it"),
    },
    "Embedding": {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
        "dropout": Gone("add a SpatialDropout1D layer"),
    },
    "RNN": {"input_dim": _sequence_shape, "input_length": _sequence_shape},
    "OfCell": _RECURRENT,
    "Model": {"input": "inputs", "output": "outputs"},
    "Optimizer": {"lr": "learning_rate", "decay": _decay},
    "_Moments": {"schedule_decay": Gone("the momentum follows the schedule of the paper")},
    "L1": {"l": "l1"},
    "L2": {"l": "l2"},
    "MaxNorm": {"m": "max_value"},
    "MinMaxNorm": {"low": "min_value", "high": "max_value"},
    "ReduceLROnPlateau": {"epsilon": "min_delta"},
}  # fmt: skip
OLD_NAMES = frozenset(name for changes in KEYWORDS.values() for name in changes)

_WORKERS: Changes = {
    "max_queue_size": Gone("it is an argument of keras.utils.PyDataset"),
    "workers": Gone("it is an argument of keras.utils.PyDataset"),
    "use_multiprocessing": Gone("it is an argument of keras.utils.PyDataset"),
}
# What the methods of models take.
METHODS: dict[str, Changes] = {
    "fit": {**_WORKERS, "nb_epoch": "epochs"},
    "evaluate": _WORKERS,
    "predict": _WORKERS,
    "compile": {
        "sample_weight_mode": Gone("weights may have any shape that the loss has"),
        "target_tensors": Gone("give the targets to fit"),
    },
}
