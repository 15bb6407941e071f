"""Show what becomes of a model, stage by stage: graph, loops, LLVM IR, assembly, profile.

MODEL is `chapter` (the textbook's network for digits), `convnet` (a small convolutional network),
or FILE.py:NAME, a model that a script of yours defines.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

HELP = "show what becomes of a model, stage by stage"
STAGES = ("graph", "loops", "naive", "llvm", "assembly", "profile")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("model", help="chapter, convnet, or FILE.py:NAME")
    parser.add_argument("--stage", choices=STAGES, help="this stage alone, whole")
    parser.add_argument("--batch", type=int, default=128, help="samples in the example (128)")
    parser.add_argument("--predict", action="store_true", help="predicting rather than training")


def execute(options: argparse.Namespace) -> int:
    """Print the explanation."""
    import numpy as np

    from geartrain.explanation import explain

    if options.batch < 1:
        raise ValueError(f"--batch: expected 1 or more. Received: {options.batch}")
    model = _model(options.model)
    random = np.random.default_rng(0)
    x = random.random((options.batch, *model.input_shape[1:]), "float32")
    example = [x]
    if not options.predict and model.compiled:
        example.append(_targets(model, options.batch))
    explanation = explain(model, *example)
    print(explanation.stage(options.stage) if options.stage else explanation)
    return 0


def _targets(model: Any, batch: int) -> Any:
    """Targets that fit the model's loss: labels, or as many numbers as it has outputs."""
    import numpy as np

    shape = (batch, *model.output_shape[1:])
    if "sparse" in str(getattr(model.loss, "name", model.loss)):
        return np.zeros(shape[:-1], "int32")
    targets = np.zeros(shape, "float32")
    targets[..., 0] = 1.0
    return targets


def _model(name: str) -> Any:
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
    path, colon, variable = name.rpartition(":")
    if not colon:
        raise ValueError(
            f"explain: expected chapter, convnet, or FILE.py:NAME with the name of a model in the "
            f"script. Received: {name!r}"
        )
    from geartrain.script import run

    found = run(Path(path)).get(variable)
    if not hasattr(found, "program_of"):
        raise ValueError(f"explain: {path} defines no model {variable!r}. Received: {found!r:.80}")
    return found
