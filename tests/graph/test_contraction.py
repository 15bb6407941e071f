"""Specs of contractions: every label has one part, and says what the product does with its axis."""

from __future__ import annotations

import pytest

from geartrain import ops
from geartrain.graph.contraction import ContractionSpec, spec_of
from geartrain.graph.node import placeholder

PARTS = {  # batch, group, rows, columns, summed
    "a product of matrices": ("ik,kj->ij", "", "", "i", "j", "k"),
    "a batched one": ("bhik,bhjk->bhij", "bh", "", "i", "j", "k"),
    "depthwise windows": ("bikc,kc->bic", "", "c", "bi", "", "k"),
    "groups behind the rows": ("bikgc,kgcf->bigf", "", "g", "bi", "f", "kc"),
    "a dot": ("i,i->", "", "", "", "", "i"),
    "an outer product": ("i,j->ij", "", "", "i", "j", ""),
    "element by element": ("ij,ij->ij", "ij", "", "", "", ""),
}


@pytest.mark.parametrize(("text", "batch", "group", "rows", "columns", "summed"), PARTS.values(),
                         ids=PARTS)  # fmt: skip
def test_each_label_has_one_part(text, batch, group, rows, columns, summed):
    spec = ContractionSpec.parse(text)
    found = spec.batch, spec.group, spec.rows, spec.columns, spec.summed
    assert found == tuple(map(frozenset, (batch, group, rows, columns, summed)))
    assert str(spec) == text and spec is ContractionSpec.parse(text)
    other = spec.swapped
    assert (other.rows, other.columns, other.summed) == (spec.columns, spec.rows, spec.summed)
    assert sum(map(len, found)) == len(set(text) - set(",->"))


def test_what_einsum_records_has_the_sizes_of_its_operands():
    x, y = placeholder((5, 2, 3), "float32"), placeholder((5, 3, 4), "float32")
    node = ops.einsum("bij,bjk->bik", x, y)
    spec = spec_of(node)
    sizes = spec.sizes(x.extents, y.extents)
    assert tuple(sizes[label] for label in spec.out) == node.extents == (5, 2, 4)
    assert [sizes[label] for label in spec.summed] == [3]
