"""Shapes, scales and labels as a model takes them, and what to tell of each change."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from geartrain import tree

# Layers that take bytes as they are: pixels that they scale, or numbers of words.
_TAKES_BYTES = {"Rescaling", "Normalization", "Embedding", "CategoryEncoding", "Hashing"}
_LOOKED_AT = 4  # layers from the front

Shape = tuple[int | None, ...]


def input_shapes(model: Any) -> dict[str, Shape]:
    """The shape of each input without the batch, by name; empty if they are not known."""
    nodes = tree.flatten(model.inputs) if getattr(model, "inputs", None) else []
    return dict(zip(model.input_names, (tuple(node.shape[1:]) for node in nodes), strict=False))


def fit_inputs(model: Any, x: Any, scale: str, notes: list[str]) -> Any:
    """The inputs in the shapes that the model takes, and pixels scaled.

    Args:
        model: the model.
        x: an array, or several by name.
        scale: `"auto"`, `"none"`, or what to divide by.
        notes: gets a line for each change.

    Raises ValueError for inputs that cannot be made to fit.
    """
    nodes = tree.flatten(model.inputs) if getattr(model, "inputs", None) else []
    if not nodes:
        return tree.map_structure(lambda array: _scaled(model, array, None, scale, notes), x)
    names = list(model.input_names)
    if not isinstance(x, dict) and len(names) > 1:
        raise ValueError(
            f"expected an array for each of the inputs {', '.join(names)}, as in numpy.savez('"
            f"data.npz', {', '.join(f'{name}=...' for name in names)}). Received: one array, of "
            f"shape {x.shape}"
        )
    if not isinstance(x, dict):
        return _fitted(model, names[0], x, nodes[0], scale, notes)
    return {
        name: _fitted(model, name, x[name], node, scale, notes)
        for name, node in zip(names, nodes, strict=True)
    }


def _fitted(model: Any, name: str, x: Any, node: Any, scale: str, notes: list[str]) -> Any:
    if x.dtype.kind not in "buif":
        raise ValueError(f"expected numbers as input {name!r}. Received: dtype {x.dtype}")
    shaped = _shaped(name, x, tuple(node.shape[1:]), notes)
    return _scaled(model, shaped, node.dtype, scale, notes)


def _shaped(name: str, x: Any, wanted: Shape, notes: list[str]) -> Any:
    """The array reshaped, where that changes no order of values."""
    own = x.shape[1:]
    if len(own) == len(wanted) and all(w in (None, o) for o, w in zip(own, wanted, strict=True)):
        return x
    if None not in wanted and prod(own) == prod(s or 0 for s in wanted):
        if _without_ones(own) == _without_ones(wanted) or 1 in (len(own), len(wanted)):
            notes.append(f"reshaped: {_words(own)} -> {_words(wanted)}")
            return x.reshape(len(x), *wanted)
        if len(own) == 3 and (*own[1:], own[0]) == wanted:
            notes.append(f"channels moved to the end: {_words(own)} -> {_words(wanted)}")
            return np.moveaxis(x, 1, -1)
    if len(wanted) == len(own) + 1 and wanted[-1] == 1 and None in wanted:
        notes.append(f"an axis of one channel was added: {_words(own)} -> {_words((*own, 1))}")
        return x[..., None]
    raise ValueError(
        f"expected inputs {name!r} of shape {_words(wanted)} each. Received: {_words(own)} each "
        f"(array {x.shape}).{_remedy(own, wanted)}"
    )


def _without_ones(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def _words(shape: Shape) -> str:
    """A shape of a sample for a reader: `28 x 28`.

    >>> _words((28, None)), _words((784,)), _words(())
    ('28 x ?', '784', 'a number')
    """
    return " x ".join("?" if size is None else str(size) for size in shape) or "a number"


def _remedy(own: Shape, wanted: Shape) -> str:
    if len(own) == len(wanted) == 1 and own[0] == (wanted[0] or 0) + 1:
        return (
            " It has one column more: if that is the targets', name it with --target COLUMN; to "
            "leave it out, --drop COLUMN."
        )
    if len(own) == len(wanted) == 1:
        return " Choose the columns that the model was trained on: --drop COLUMN leaves one out."
    return " Give data of the shape that the model was trained on."


def _scaled(model: Any, x: Any, dtype: str | None, scale: str, notes: list[str]) -> Any:
    """Pixels from 0 to 1, and whole numbers where the model wants such."""
    if scale not in ("auto", "none"):
        return np.asarray(x, "float32") / np.float32(scale)
    if dtype is not None and dtype.startswith(("int", "uint")):
        return _whole(x, dtype)
    if scale == "auto" and x.dtype == np.uint8 and not _takes_bytes(model):
        note = "bytes were divided by 255, as pixels are (--scale none leaves them)"
        if note not in notes:
            notes.append(note)
        return np.asarray(x, "float32") / np.float32(255)
    return np.asarray(x)


def _whole(x: Any, dtype: str) -> Any:
    if x.dtype.kind == "f" and not (x == np.rint(x)).all():
        raise ValueError(
            f"expected whole numbers as inputs, since the model takes {dtype}. Received: "
            f"{x[x != np.rint(x)][0]:g}"
        )
    return x.astype(dtype)


def _takes_bytes(model: Any) -> bool:
    return any(type(layer).__name__ in _TAKES_BYTES for layer in model.layers[:_LOOKED_AT])


def fit_targets(model: Any, y: Any, notes: list[str]) -> Any:
    """The targets in the form that the model's loss takes: labels, rows of ones, or columns.

    Raises ValueError for labels that the model has no outputs for.
    """
    shapes = [tuple(node.shape) for node in tree.flatten(getattr(model, "outputs", None) or [])]
    if isinstance(y, dict) or len(shapes) != 1 or y is None:
        return y
    out, loss = shapes[0], loss_name(model)
    y = np.asarray(y)
    if "categorical" in loss and y.ndim <= len(out):
        y = _labels(y, out, "sparse" in loss, notes)
    elif y.ndim == len(out) - 1 and out[-1] == 1:
        y = y[..., None]
    return y


def loss_name(model: Any) -> str:
    """The name of a model's only loss; empty for several, or none."""
    loss = model.loss
    if isinstance(loss, list | tuple) and len(loss) == 1:
        loss = loss[0]
    if isinstance(loss, dict) and len(loss) == 1:
        (loss,) = loss.values()
    if isinstance(loss, list | tuple | dict) or loss is None:
        return ""
    return str(
        loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    )


def _labels(y: np.ndarray, out: Shape, sparse: bool, notes: list[str]) -> np.ndarray:
    count = out[-1]
    rows = y.ndim == len(out) and y.shape[-1] == count and count != 1
    if rows and sparse and ((y == 0) | (y == 1)).all() and (y.sum(-1) == 1).all():
        notes.append("rows of ones became labels, as the model's loss takes them")
        return y.argmax(-1)
    if rows or y.dtype.kind not in "buif":
        return y
    whole = y.astype("int64")
    if y.dtype.kind == "f" and not (whole == y).all():
        return y
    if y.ndim == len(out) and y.shape[-1] == 1:
        whole = whole[..., 0]
    if count is not None and whole.size and not 0 <= whole.min() <= whole.max() < count:
        bad = whole.min() if whole.min() < 0 else whole.max()
        raise ValueError(
            f"expected labels from 0 to {count - 1}, since the model tells {count} classes apart. "
            f"Received: {bad}"
        )
    if sparse:
        return whole
    from geartrain.utils import to_categorical

    notes.append(f"labels became rows of {count} numbers, as the model's loss takes them")
    return np.asarray(to_categorical(whole, count))
