"""The network: layers as gears, what runs along the edges, the Keras code that does the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.page import workshop
from geartrain.page.code import given, layer_code
from geartrain.page.control import alone
from geartrain.page.subject import Subject


def network(subject: Subject) -> dict[str, Any]:
    """Each layer with its arguments, shapes, numbers and bytes; settings, choices and code."""
    model = subject.needs("model")
    found = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    told = []
    for layer in found:
        output = getattr(layer, "output", None)
        shape = getattr(output, "shape", None)
        weights = [np.asarray(variable.value) for variable in layer.weights]
        told.append({
            "name": layer.name, "kind": type(layer).__name__,
            "arguments": {name: _shown(value) for name, value in given(layer).items()},
            "code": layer_code(layer),
            "output": shape, "numbers": sum(value.size for value in weights),
            "bytes": sum(value.nbytes for value in weights),
            "weights": [
                {"name": variable.name, "shape": variable.shape} for variable in layer.weights
            ],
            "sample_bytes": _bytes_a_sample(shape),
        })  # fmt: skip
    answer: dict[str, Any] = {
        "name": model.name, "input": model.input_shape, "layers": told,
        "numbers": model.count_params(), "editable": subject.editable,
    }  # fmt: skip
    if isinstance(subject, workshop.Workshop):
        answer |= {
            "settings": subject.settings, "code": subject.code(), "kinds": workshop.KINDS,
            "activations": workshop.ACTIVATIONS, "optimizers": workshop.OPTIMIZERS,
            "losses": workshop.LOSSES,
        }  # fmt: skip
    return answer


def _shown(value: Any) -> Any:
    plain = isinstance(value, int | float | str | list | tuple | bool)
    return value if plain else getattr(value, "__name__", str(value))


def _bytes_a_sample(shape: Any) -> int | None:
    """Of a tensor in float32; None where its size is not known."""
    return 4 * int(np.prod(shape[1:])) if shape and None not in shape[1:] else None


@alone
def changed(subject: Subject, layers: Any = None, settings: Any = None) -> dict[str, Any]:
    """Build another network; see `Workshop.build`."""
    if not isinstance(subject, workshop.Workshop):
        raise ValueError(
            "expected a network that the page made: another program is training this one"
        )
    if layers is None:
        layers = [{"kept": place} for place in range(len(subject.layers()))]
    subject.build(layers, settings)
    return network(subject)


ASKED = {("GET", "describe"): network, ("POST", "change"): changed}
