"""The table of layers in docs/onnx.md is what the code does."""

import re
from pathlib import Path

import pytest

from geartrain import Input, Model, registry
from geartrain.saving.onnx.export.graph import OLDEST, SINCE
from geartrain.saving.onnx.export.layers import RULES
from geartrain.saving.onnx.export.model_file import onnx_model
from tests.cases import LAYERS
from tests.rows import fill, given, make

PAGE = Path(__file__).parents[3] / "docs" / "onnx.md"
BEGIN, END = "<!-- layers: made by tests/saving/onnx/test_export_docs.py -->", "<!-- end -->"
# What only moves data about, or is about sizes: left out where a layer's arithmetic is told.
PLUMBING = {"Cast", "Concat", "Expand", "Gather", "Identity", "Range", "Reshape", "Shape",
            "Slice", "Squeeze", "Transpose", "Unsqueeze"}  # fmt: skip

OF_OTHERS = {
    "Lambda": "those of the function",
    "TimeDistributed": "those of the layer inside",
    "SpectralNormalization": "those of the layer inside",
}


def found(name):
    """The operators of a layer's rows in `tests/cases.py`."""
    operators = set()
    for row in LAYERS[name]:
        if row.training:
            continue
        layer = make(name, row)
        kind = "float32" if row.integers is None else "int32"
        symbols = [Input(shape, dtype=kind) for shape in row.shapes]
        model = Model(symbols, layer(*given(row, symbols)))
        fill(layer)
        operators |= {node.op_type for node in onnx_model(model).graph.node}
    return operators


def rows():
    by_rule = {}
    for one, rule in RULES.items():
        by_rule.setdefault((rule.operators, rule.limits), []).append(registry.public_name(one))
    for (operators, limits), names in by_rule.items():
        used = re.findall(r"[A-Z]\w+", operators)
        opset = max([OLDEST, *(SINCE.get(operator, 0) for operator in used)])
        yield sorted(names), operators, opset, limits
    by_arithmetic = {}
    for name in sorted(set(LAYERS) - {registry.public_name(one) for one in RULES}):
        operators = found(name) if name != "InputLayer" else {"Identity"}
        told = sorted(operators - PLUMBING) or sorted(operators - {"Identity"}) or ["none"]
        said = OF_OTHERS.get(name, ", ".join(told))
        by_arithmetic.setdefault(said, []).append(name)
    for operators, names in by_arithmetic.items():
        yield names, operators, OLDEST, ""


def table():
    lines = ["| layers | ONNX operators | opset | otherwise |", "| --- | --- | --- | --- |"]
    for names, operators, opset, limits in sorted(rows()):
        lines.append(f"| {', '.join(names)} | {operators} | {opset} | {limits} |")
    return "\n".join(lines)


def test_the_table_of_layers(request):
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    held, after = rest.split(END)
    made = f"\n\n{table()}\n\n"
    if request.config.getoption("--refresh-golden"):
        PAGE.write_text(f"{before}{BEGIN}{made}{END}{after}", "utf-8")
        held = made
    assert held == made, "run pytest on this file with --refresh-golden, and read what changed"


@pytest.mark.parametrize("name", sorted(set(LAYERS)))
def test_every_layer_is_in_the_table(name):
    assert re.search(rf"\b{name}\b", PAGE.read_text("utf-8").split(BEGIN)[1].split(END)[0])


def test_rules_write_what_the_table_says():
    for names, operators, _, _ in rows():
        classes = {registry.public_name(one) for one in RULES} - {"RNN"}
        if classes.issuperset(names):
            written = set().union(*map(found, names))
            assert written & set(re.findall(r"[A-Z]\w+", operators)), names
