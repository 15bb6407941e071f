"""The table of docs/keras.md: every public name of Keras that is not here, why, and what to use.

The listing of Keras's names is the file that the environment variable GEARTRAIN_KERAS_API names.
"""

from __future__ import annotations

import json
import os
import warnings
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.test_tiers import found

PAGE = Path(__file__).parents[1] / "docs" / "keras.md"
BEGIN, END = "<!-- names: made by tests/test_keras_names.py -->", "<!-- end -->"

# Patterns of names, why those that fit and are missing are left out, and what to use instead. The
# first row that fits counts.
ROWS = [
    (
        "keras.quantizers* keras.Quantizer keras.dtype_policies.*Quantized* "
        "keras.dtype_policies.AWQ* keras.dtype_policies.GPTQ* keras.dtype_policies.Int4*",
        "networks of whole numbers and of 8-bit floats are not computed",
        'half the memory: `dtype="mixed_bfloat16"`',
    ),
    (
        "keras.layers.JaxLayer keras.layers.FlaxLayer keras.layers.TorchModuleWrapper "
        "keras.layers.TFSMLayer",
        "they run other frameworks inside of a model",
        "export that part as ONNX and read it by `models.load_model`",
    ),
    (
        "keras.callbacks.OrbaxCheckpoint",
        "its files are of a library of JAX",
        "`callbacks.ModelCheckpoint`",
    ),
    ("keras.config.set_backend", "there is one engine", "nothing needs to be said"),
    (
        "keras.applications*",
        "the rarer of the networks for photographs",
        "a file that Keras saved, read by `models.load_model`",
    ),
    (
        "keras.visualization* keras.utils.bounding_boxes*",
        "boxes and masks of object detection are not covered",
        "`plots.images`, Matplotlib",
    ),
    (
        "keras.layers.AugMix keras.layers.CutMix keras.layers.MixUp keras.layers.RandAugment "
        "keras.layers.ContrastLimitedAdaptiveHistogramEqualization keras.layers.Pipeline "
        "keras.layers.MaxNumBoundingBoxes keras.layers.Random* keras.layers.AutoContrast "
        "keras.layers.Equalization keras.layers.Solarization keras.layers.CenterCrop "
        "keras.layers.Resizing keras.ops.image.*",
        "augmentations that few programs use",
        "the other random layers, `ops.image`",
    ),
    (
        "keras.legacy* keras.utils.legacy*",
        "the encoding of objects of Keras 2",
        "`models.load_model` reads its files",
    ),
    (
        "keras.datasets* keras.utils.* keras.preprocessing* keras.wrappers*",
        "not written yet",
        "the library that it stands for: NumPy, pandas, scikit-learn",
    ),
    (
        "keras.export*",
        "a SavedModel is a program of TensorFlow",
        '`model.export(file, format="onnx")`',
    ),
    (
        "keras.distillation*",
        "one model teaching another",
        "a `train_step` of your own, with both losses",
    ),
    (
        "keras.SymbolicScope keras.Function",
        "what the library does inside",
        "`keras.Model(inputs, outputs)`, `layer.compute_output_spec`",
    ),
    (
        "keras.callbacks.* keras.optimizers.* keras.config.* keras.mixed_precision* "
        "keras.dtype_policies.* keras.FloatDTypePolicy keras.StatelessScope keras.device "
        "keras.name_scope",
        "not written yet",
        "their siblings in the same module",
    ),
]


@pytest.fixture(scope="module")
def missing():
    path = os.environ.get("GEARTRAIN_KERAS_API")
    if not path:
        pytest.skip("GEARTRAIN_KERAS_API names no listing of Keras's API")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names of old are there, with a hint
        return [name for name in json.loads(Path(path).read_text()) if found(name) is None]


def row_of(name):
    """The number of the row that tells why a name is not here."""
    fits = [
        number
        for number, (patterns, _, _) in enumerate(ROWS)
        if any(fnmatchcase(name, pattern) for pattern in patterns.split())
    ]
    return fits[0] if fits else None


def table(names):
    held: dict[int, list[str]] = {}
    for name in sorted(names):
        held.setdefault(row_of(name), []).append(name.removeprefix("keras."))
    lines = ["| names | why | instead |", "| --- | --- | --- |"]
    for number in sorted(held):
        listed = held[number]
        modules = {name for name in listed if any(n.startswith(f"{name}.") for n in listed)}
        told = ", ".join(f"`{name}`" for name in listed if name not in modules)
        lines.append(f"| {told} | {ROWS[number][1]} | {ROWS[number][2]} |")
    return "\n".join(lines)


def test_every_missing_name_has_a_reason(missing):
    assert [name for name in missing if row_of(name) is None] == []


def test_the_table_of_names(missing, request):
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    held, after = rest.split(END)
    made = f"\n\n{table(missing)}\n\n"
    if request.config.getoption("--refresh-golden"):
        PAGE.write_text(f"{before}{BEGIN}{made}{END}{after}", "utf-8")
        held = made
    assert held == made, "run pytest on this file with --refresh-golden, and read what changed"
