"""The Keras code that makes and trains the same network as the page."""

from __future__ import annotations

from typing import Any

from geartrain.configurable import Configurable
from geartrain.dtype_policies import DTypePolicy, dtype_policy
from geartrain.registry import signature, snake_case


def layer_code(layer: Any) -> str:
    """The call that makes a layer: what differs from the defaults, the first argument by place.

    >>> from geartrain import layers
    >>> layer_code(layers.Dense(10, activation="softmax"))
    "layers.Dense(10, activation='softmax')"
    """
    return f"layers.{type(layer).__name__}({arguments_code(layer)})"


def arguments_code(made: Configurable) -> str:
    """The arguments that an object was made with, where they differ from the defaults."""
    parameters = signature(type(made)).parameters
    parts = []
    for place, (name, value) in enumerate(given(made).items()):
        first = place == 0 and next(iter(parameters)) == name
        parts.append(_written(value) if first else f"{name}={_written(value)}")
    return ", ".join(parts)


def given(made: Configurable) -> dict[str, Any]:
    """The arguments that differ from the defaults, by name."""
    parameters = signature(type(made)).parameters
    return {
        name: value
        for name, value in made._arguments.items()
        if name in parameters and name != "name" and not _same(value, parameters[name].default)
    }


def _same(value: Any, default: Any) -> bool:
    """Whether an argument is as the default, be it given as an object and the other by its name."""
    if isinstance(value, DTypePolicy) and default is None:
        return value.name == dtype_policy().name
    if isinstance(value, Configurable):
        named = isinstance(default, str) and snake_case(type(value).__name__) == snake_case(default)
        return named and not given(value)
    if callable(value):
        return value.__name__ == (default or "linear")
    return type(value) is type(default) and bool(value == default)


def _written(value: Any) -> str:
    if isinstance(value, DTypePolicy):
        return repr(value.name)
    if isinstance(value, Configurable):
        return repr(snake_case(type(value).__name__)) if not given(value) else _called(value)
    return repr(value.__name__) if callable(value) else repr(value)


def _called(value: Configurable) -> str:
    """The call that makes an initializer, a regularizer or a constraint."""
    return f"keras.{value.family}.{type(value).__name__}({arguments_code(value)})"


def program_code(
    layers: list[Any], settings: dict[str, Any], data: str, shape: Any, validated: int
) -> str:
    """A whole program: the data, the network, `compile`, `fit`, `evaluate`."""
    optimizer = settings["optimizer"]
    targets = ""
    if settings["loss"] == "categorical_crossentropy":
        targets = (
            "y_train = keras.utils.to_categorical(y_train)\n"
            "y_test = keras.utils.to_categorical(y_test)\n"
        )
    return "\n".join([
        "import keras",
        "from keras import layers",
        "",
        f"keras.utils.set_random_seed({settings['seed']})",
        f"{data}{targets}",
        "network = keras.Sequential([",
        f"    layers.Input({tuple(shape)!r}),",
        *(f"    {layer_code(layer)}," for layer in layers),
        "])",
        "network.compile(",
        f"    optimizer=keras.optimizers.{optimizer}(learning_rate={settings['learning_rate']!r}),",
        f"    loss={settings['loss']!r}, metrics=[{settings['metric']!r}],",
        ")",
        "network.fit(",
        f"    x_train, y_train, batch_size={settings['batch_size']}, epochs={settings['epochs']},",
        f"    validation_data=(x_test[:{validated}], y_test[:{validated}]),",
        ")",
        "network.evaluate(x_test, y_test)",
        "",
    ])  # fmt: skip
