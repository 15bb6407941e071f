"""The table of operators in docs/onnx.md lists those that are read, each once."""

import re
from collections import Counter
from pathlib import Path

from geartrain.saving.onnx.reader import operators  # noqa: F401
from geartrain.saving.onnx.reader.table import OPERATORS

PAGE = Path(__file__).parents[3] / "docs" / "onnx.md"
BEGIN = "<!-- operators: checked by tests/saving/onnx/test_read_docs.py -->"
END = "<!-- end of operators -->"


def test_the_page_lists_the_operators():
    table = PAGE.read_text("utf-8").split(BEGIN)[1].split(END)[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")][2:]
    listed = Counter(re.findall(r"[\w.]+", " ".join(first)))
    assert set(listed) == set(OPERATORS)
    assert max(listed.values()) == 1
