"""Random models made of calls, as plain data that any library with Keras's API can build.

Every tensor has the shape (None, 4). A program is a list of steps, each `[what, ...]`, which append
tensors to a list, and the places in that list of the outputs.
"""

from __future__ import annotations

import random
from typing import Any

Program = dict[str, Any]


def random_program(seed: int) -> Program:
    """A program of 4 to 14 steps, with shared layers, nested models and several outputs."""
    draw = random.Random(seed)
    inputs = draw.randint(1, 3)
    steps: list[list[Any]] = [["input", f"in_{number}"] for number in range(inputs)]
    count, layers = inputs, 0
    for _ in range(draw.randint(4, 14)):
        kind = draw.choice(["dense", "dense", "shared", "add", "plus", "times", "relu", "split",
                            "inner", "attend"])  # fmt: skip
        if kind == "input" or (kind == "shared" and not layers):
            kind = "dense"
        places = [draw.randrange(count) for _ in range(2)]
        if kind == "shared":
            steps.append(["call", draw.randrange(layers), places[0]])
        elif kind in ("add", "attend", "plus"):
            steps.append([kind, *places])
        else:
            steps.append([kind, places[0]])
        layers += kind in ("dense", "inner")
        count += 2 if kind == "split" else 1
    outputs = sorted(draw.sample(range(inputs, count), min(draw.randint(1, 3), count - inputs)))
    form = draw.choice(["list", "dict"]) if len(outputs) > 1 else "single"
    return {"steps": steps, "outputs": outputs, "form": form}


def build(keras: Any, program: Program) -> Any:
    """The model, with layers and ops named by the step that makes them."""
    tensors: list[Any] = []
    inputs: list[Any] = []
    made: list[Any] = []
    for number, (what, *rest) in enumerate(program["steps"]):
        name = f"{what}_{number}"
        if what == "input":
            inputs.append(keras.Input((4,), name=rest[0]))
            tensors.append(inputs[-1])
            continue
        given = [tensors[place] for place in rest]
        if what == "call":
            tensors.append(made[rest[0]](tensors[rest[1]]))
        elif what == "dense":
            made.append(keras.layers.Dense(4, name=name))
            tensors.append(made[-1](given[0]))
        elif what == "inner":
            x = keras.Input((4,), name=f"x_{number}")
            y = keras.layers.Dense(4, name=f"y_{number}")(x)
            made.append(keras.Model(x, y, name=name))
            tensors.append(made[-1](given[0]))
        elif what == "attend":
            first, second = (keras.ops.expand_dims(x, 1) for x in given)
            attended = keras.layers.MultiHeadAttention(2, 2, name=name)(first, value=second)
            tensors.append(keras.ops.squeeze(attended, 1))
        elif what == "add":
            tensors.append(keras.layers.Add(name=name)(given))
        elif what == "plus":
            tensors.append(given[0] + given[1])
        elif what == "times":
            tensors.append(2.0 * given[0])
        elif what == "relu":
            tensors.append(keras.ops.relu(given[0]))
        else:
            halves = keras.ops.split(given[0], 2, axis=-1)
            tensors.extend(keras.ops.concatenate([half, half], axis=-1) for half in halves)
    outputs: Any = [tensors[place] for place in program["outputs"]]
    if program["form"] == "dict":
        outputs = {f"out_{place}": tensor for place, tensor in enumerate(outputs)}
    elif program["form"] == "single":
        outputs = outputs[0]
    return keras.Model(inputs, outputs, name="graph")


def structure(config: Any) -> Any:
    """What a model's config says of names, classes and calls, without the layers' settings."""
    listed = [
        {
            "class": [one["module"], one["class_name"], one["registered_name"]],
            "name": one["name"],
            "calls": [_arguments(call) for call in one["inbound_nodes"]],
            **({"inside": structure(one["config"])} if "layers" in one["config"] else {}),
        }
        for one in config["layers"]
        if "inbound_nodes" in one
    ]
    ends = {key: config[key] for key in ("input_layers", "output_layers") if key in config}
    return {"layers": listed, **ends}


def _arguments(call: Any) -> Any:
    """The arguments of a call that say something: see models/graph_config.py of the rest."""
    given = {key: value for key, value in call["kwargs"].items() if value not in (None, False)}
    return _histories([call["args"], given])


def _histories(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_histories(item) for item in value]
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return value["config"]["keras_history"]
        return {key: _histories(item) for key, item in value.items()}
    return value
