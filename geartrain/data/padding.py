"""Batches of elements whose shapes differ: what is shorter is filled up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.data.elements import Form
from geartrain.data.spec import TensorSpec
from geartrain.graph.eager import eager


def padded(elements: Sequence[Any], shapes: Any, values: Any) -> Any:
    """One block of elements, each tensor filled up at the ends of its axes.

    Args:
        elements: nested alike.
        shapes: the shapes to fill up to, nested as the elements are; None for the longest.
        values: what to fill up with, nested as the elements are; one for all; or None.

    Raises ValueError for a tensor that is longer than its shape, or has other axes.

    >>> padded([[np.ones(1), np.ones(2)][n] for n in range(2)], None, -1)
    array([[ 1., -1.],
           [ 1.,  1.]])
    """
    first = elements[0]
    form = Form(first)
    count = len(form.leaves(first))
    wanted = [None] * count if shapes is None else _by_leaf(first, shapes)
    given = _by_leaf(first, values) if tree.is_nested(values) else [values] * count
    columns = zip(*map(form.leaves, elements), strict=True)
    return form.packed([_padded(*column) for column in zip(columns, wanted, given, strict=True)])


def padded_spec(spec: Any, shapes: Any) -> Any:
    """The specs of elements that are filled up to these shapes."""
    form = Form(spec)
    leaves = form.leaves(spec)
    if shapes is None:
        return spec
    return form.packed(
        [
            TensorSpec([None if size == -1 else size for size in shape], one.dtype)
            for one, shape in zip(leaves, _by_leaf(spec, shapes), strict=True)
        ]
    )


def _by_leaf(element: Any, parts: Any) -> list[Any]:
    """The part for each tensor of an element, in the order of its leaves."""
    if isinstance(element, dict):
        return [leaf for name in sorted(element) for leaf in _by_leaf(element[name], parts[name])]
    if isinstance(element, tuple):
        if not isinstance(parts, tuple | list) or len(parts) != len(element):
            raise ValueError(
                f"padded_batch: expected {len(element)} parts, one for each tensor of an element. "
                f"Received: {parts!r}"
            )
        return [leaf for pair in zip(element, parts, strict=True) for leaf in _by_leaf(*pair)]
    return [parts]


def _padded(rows: Sequence[Any], wanted: Any, value: Any) -> Any:
    rows = [np.asarray(row) for row in rows]
    axes = {row.ndim for row in rows}
    if len(axes) > 1 or (wanted is not None and len(wanted) not in axes):
        raise ValueError(
            "padded_batch: expected tensors with as many axes as padded_shapes tells. Received: "
            f"{sorted(axes)} axes{'' if wanted is None else f' and {tuple(wanted)}'}"
        )
    longest = np.max([row.shape for row in rows], axis=0).astype(int).tolist()
    sizes = wanted if wanted is not None else [None] * len(longest)
    shape = tuple(
        most if size is None or size == -1 else int(size)
        for size, most in zip(sizes, longest, strict=True)
    )
    if any(most > size for size, most in zip(shape, longest, strict=True)):
        raise ValueError(
            f"padded_batch: expected tensors of at most shape {shape}. Received: shape "
            f"{tuple(longest)}. Cut them by map first, or leave padded_shapes out."
        )
    dtype = np.result_type(*rows)
    if value is None:
        value = b"" if dtype.kind == "O" else np.zeros((), dtype)
    block = np.full((len(rows), *shape), value, dtype)
    for place, row in enumerate(rows):
        inside: Any = (place, *(slice(size) for size in row.shape))
        block[inside] = row
    return eager(block)
