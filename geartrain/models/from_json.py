"""Models from JSON."""

from __future__ import annotations

from typing import Any

from geartrain.errors import describe_value
from geartrain.models.model import Model
from geartrain.saving import plain
from geartrain.serialization import deserialize


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """The model that `Model.to_json` described, with new weights and not compiled.

    Args:
        json_string: JSON.
        custom_objects: classes and functions of your own by name.

    Raises ValueError for what is not JSON, or describes no model.

    >>> from geartrain import Sequential, layers
    >>> text = Sequential([layers.Input((4,)), layers.Dense(2)]).to_json()
    >>> model_from_json(text).output_shape
    (None, 2)
    """
    if not isinstance(json_string, str):
        raise TypeError(
            "model_from_json: expected the text that model.to_json() returned. "
            f"Received: {describe_value(json_string)}"
        )
    described = plain.parse(json_string.encode("utf-8"), "model_from_json")
    model = deserialize(described, custom_objects, family="models")
    if not isinstance(model, Model):
        raise ValueError(f"model_from_json: expected a model. Received: {json_string!r:.80}")
    return model
