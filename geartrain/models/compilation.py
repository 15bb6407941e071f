"""How a model was compiled, as plain data, and compiling it so again."""

from __future__ import annotations

from typing import Any

from geartrain.configurable import known_keywords
from geartrain.errors import warn
from geartrain.serialization import at, deserialize_each, serialize, telling

REMEDY = "Or load with compile=False, and compile the model in your program."


class Compilation:
    """The arguments of `compile`.

    Args:
        arguments: the arguments by name, with the optimizer as an object.
    """

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.arguments = arguments

    def config(self, who: str) -> dict[str, Any]:
        """The arguments as plain data; none, with a warning, where one cannot be told."""
        told = dict(self.arguments)
        if told["auto_scale_loss"] is True:  # the default, which Keras's files are silent about
            del told["auto_scale_loss"]
        try:
            with at("compile_config"):
                return serialize(told)
        except (TypeError, ValueError) as error:
            warn(
                f"{who}: how it was compiled cannot be told in a file, so what is written is a "
                f"model that has to be compiled after loading. {error}"
            )
            return {}


def compile_again(model: Any, config: dict[str, Any]) -> None:
    """Compile a model as `get_compile_config` said, and build its optimizer if it is built."""
    if config.get("jit_compile") is False:  # what Keras writes on PyTorch; eager steps are slow
        config = {**config, "jit_compile": "auto"}
    try:
        with telling(type(model)):
            model.compile(**known_keywords(model.compile, deserialize_each(config)))
    except (TypeError, ValueError) as error:
        error.args = (f"{error} {REMEDY}",)
        raise
    if model.optimizer is not None and model.built:
        model.optimizer.build(model.trainable_variables)


def copy_compilation(model: Any, arguments: dict[str, Any], around: dict[str, Any] | None) -> None:
    """Compile a copy of a model with arguments that are copies.

    Args:
        model: the copy.
        arguments: those of `compile`.
        around: the state of the optimizer that `compile` put around the one given, if it did.
    """
    model.compile(**arguments)
    if around is not None:
        model.optimizer.__setstate__(around)
    if model.optimizer is not None and model.built:
        model.optimizer.build(model.trainable_variables)
