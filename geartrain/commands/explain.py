"""Show what becomes of a model or a function, stage by stage: sizes, formula, graph, loops, the
textbook's naive loops, LLVM IR, assembly, and a profile of the kernels.

MODEL is `chapter` (the textbook's network for digits), `convnet` (a small convolutional network), a
saved model (.keras, a folder, .h5, .onnx), FILE.py (a script of yours that makes one model) or
FILE.py:NAME (a model or function of that name; for a function give the shape of each argument:
--shape 128,8 --shape 8).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from geartrain import tree
from geartrain.commands import formats

HELP = "show what becomes of a model or a function, stage by stage"
STAGES = ("sizes", "formula", "graph", "passes", "loops", "naive", "llvm", "assembly", "profile")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("model", help="chapter, convnet, a saved model, FILE.py, FILE.py:NAME")
    parser.add_argument("--stage", choices=STAGES, help="this stage alone, whole")
    parser.add_argument("--batch", type=int, default=128, help="samples in the example (128)")
    parser.add_argument(
        "--shape", type=shape, action="append", default=[], metavar="128,8",
        help="the shape of an argument of a function; once for each",
    )  # fmt: skip
    parser.add_argument(
        "--predict",
        action="store_true",
        help="what predicting does, though the model is compiled for training",
    )


def execute(options: argparse.Namespace) -> int:
    """Print the explanation."""
    from geartrain.explanation import explain

    if options.batch < 1:
        raise ValueError(f"--batch: expected 1 or more. Received: {options.batch}")
    found = model_named(options.model)
    explanation = explain(found, *_example(found, options))
    print(explanation.stage(options.stage) if options.stage else explanation)
    return 0


def _example(found: Any, options: argparse.Namespace) -> list[Any]:
    """Arguments for a function; for a model inputs, and targets where it was compiled."""
    import numpy as np

    random = np.random.default_rng(0)
    if not hasattr(found, "program_of"):
        if not options.shape:
            raise ValueError(
                "expected the shape of each argument of a function, such as --shape 128,8 "
                f"--shape 8. Received none for {options.model!r}"
            )
        return [random.random(shape, "float32") for shape in options.shape]
    if options.shape:
        raise ValueError(f"--shape is for functions, and {options.model!r} is a model: use --batch")
    if not found.inputs:
        raise ValueError(
            f"expected a model whose inputs are known. {options.model!r} has none: begin it with "
            "keras.Input(shape)"
        )

    def sample(node: Any) -> Any:
        shape = (options.batch, *node.shape[1:])
        return random.random(shape, "float32").astype(node.dtype)

    inputs = found.inputs[0] if len(found.inputs) == 1 else found.inputs
    example = [tree.map_structure(sample, inputs)]
    if not options.predict and found.compiled and len(tree.flatten(found.outputs)) == 1:
        example.append(_targets(found, options.batch))
    return example


def shape(text: str) -> tuple[int, ...]:
    """The shape that `128,8` says."""
    return tuple(int(size) for size in text.split(",") if size.strip())


def _targets(model: Any, batch: int) -> Any:
    """Targets that fit the model's loss: labels, or as many numbers as it has outputs."""
    import numpy as np

    shape = (batch, *model.output_shape[1:])
    if "sparse" in str(getattr(model.loss, "name", model.loss)):
        return np.zeros(shape[:-1], "int32")
    targets = np.zeros(shape, "float32")
    targets[..., 0] = 1.0
    return targets


def model_named(name: str) -> Any:
    """The model, or function, that a command line names: see the head of this file."""
    from geartrain import Sequential, layers

    if name in ("chapter", "convnet"):
        if name == "chapter":
            parts = [layers.Input((784,)), layers.Dense(512, activation="relu")]
        else:
            parts = [layers.Input((28, 28, 1))]
            for filters in (32, 64):
                parts += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D(2)]
            parts.append(layers.Flatten())
        model = Sequential([*parts, layers.Dense(10, activation="softmax")])
        model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
        return model
    if Path(name).exists() and not name.endswith(".py"):
        return formats.load_model(Path(name))
    path, colon, variable = name.rpartition(":")
    if not colon and name.endswith(".py"):
        path = name
    elif not colon:
        raise ValueError(
            "expected chapter, convnet, a saved model that is there, FILE.py or FILE.py:NAME. "
            f"Received: {name!r}"
        )
    from geartrain.script import run

    defined = run(Path(path))
    models = [known for known, value in defined.items() if hasattr(value, "program_of")]
    if not colon and len(models) != 1:
        known = ", ".join(models) or "none"
        raise ValueError(
            f"expected FILE.py:NAME, as {path} does not make just one model. Its models: {known}"
        )
    found = defined.get(variable if colon else models[0])
    if not hasattr(found, "program_of") and (isinstance(found, type) or not callable(found)):
        raise ValueError(
            f"{path} defines no model or function {variable!r}. Its models: "
            f"{', '.join(models) or 'none'}"
        )
    return found
