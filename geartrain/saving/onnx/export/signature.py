"""The inputs and outputs of a model: names, types, and shapes with names for unknown sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from geartrain.errors import describe_value
from geartrain.graph.dtypes import standardize_dtype
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH, Dim, Extent

_LONGEST = 64  # characters of the formula of a size


class Tensor(NamedTuple):
    """An input or output in the file."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]


class Signature(NamedTuple):
    """What a model is called with.

    Attributes:
        arguments: symbolic tensors in the structure of the model's arguments.
        names: for each symbolic tensor, in order, its name.
    """

    arguments: tuple[Any, ...]
    names: list[str]

    @property
    def nodes(self) -> list[Node]:
        """The symbolic tensors, in order."""
        return leaves(self.arguments)

    def sources(self) -> dict[Any, tuple[str, int]]:
        """For each size that is not known, an input that has it, and the axis."""
        found: dict[Any, tuple[str, int]] = {}
        for name, node in zip(self.names, self.nodes, strict=True):
            for axis, extent in enumerate(node.extents):
                if isinstance(extent, Dim):
                    ((monomial, _),) = extent.terms
                    found.setdefault(monomial[0], (name, axis))
        return found


def leaves(structure: Any) -> list[Any]:
    """The leaves of a structure, dicts in the order in which they were made."""
    if isinstance(structure, dict):
        return [leaf for value in structure.values() for leaf in leaves(value)]
    if isinstance(structure, list | tuple):
        return [leaf for value in structure for leaf in leaves(value)]
    return [structure]


def signature_of(model: Any, given: Any, apart: bool) -> Signature:
    """The inputs as symbolic tensors, of any batch size unless `given` says one.

    Args:
        model: the model.
        given: `input_signature` as users give it: None for the model's own inputs.
        apart: whether unknown sizes of different inputs are different sizes. Where the model
            combines inputs element by element, they have to be one.
    """
    specs = _specs(model, given)
    flat = leaves(specs)
    own = leaves(model.input) if model.inputs is not None else [None] * len(flat)
    names = _named(specs, own)
    symbols = [
        _symbol(name, spec.shape, _dtype(spec, one), apart, any_batch=given is None)
        for name, spec, one in zip(names, flat, own, strict=True)
    ]
    return Signature(_rebuilt(specs, iter(symbols)), names)


def _rebuilt(structure: Any, made: Any) -> Any:
    if isinstance(structure, dict):
        return {name: _rebuilt(value, made) for name, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(_rebuilt(value, made) for value in structure)
    return next(made)


def _specs(model: Any, given: Any) -> tuple[Any, ...]:
    """The specs in the structure of the arguments of the model's call."""
    if given is None and model.inputs is not None:
        return (model.input,)
    given = model._called_with if given is None else given
    if given is None:
        raise ValueError(
            f"Model.export: {model._who()} was never called: the shape of its inputs is not known. "
            "Call it on some data first, or give input_signature=[InputSpec(shape=(None, ...))]."
        )
    for spec in leaves(given):
        if getattr(spec, "shape", None) is None:
            raise ValueError(
                "Model.export: expected input_signature as InputSpec with shapes, symbolic "
                f"tensors or arrays, in a list or dict. Received: {describe_value(spec)}"
            )
    if model.inputs is not None:
        flat = leaves(given)
        if len(flat) != len(model.inputs):
            raise ValueError(
                f"Model.export: expected input_signature with {len(model.inputs)} inputs. "
                f"Received: {len(flat)}"
            )
        if isinstance(given, dict):
            return (given,)
        return (_rebuilt(model.input, iter(flat)),)
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def _named(specs: Any, own: Sequence[Any]) -> list[str]:
    """A name for each input: its key in a dict, the spec's, that of the model's input, a number."""
    flat = leaves(specs)
    keyed = len(specs) == 1 and isinstance(specs[0], dict) and len(specs[0]) == len(flat)
    keys = list(specs[0]) if keyed else [None] * len(flat)
    names: list[str] = []
    for number, (key, spec, one) in enumerate(zip(keys, flat, own, strict=True)):
        said = key or getattr(spec, "name", None) or getattr(one, "name", None)
        name = said or f"input_{number}"
        names.append(name if name not in names else f"{name}_{number}")
    return names


def _dtype(spec: Any, own: Any) -> str:
    """The dtype of a spec, or if it says none that of the model's input."""
    said = getattr(spec, "dtype", None)
    return standardize_dtype(getattr(own, "dtype", None) if said is None else said)


def _symbol(
    name: str, shape: Sequence[int | None], dtype: str, apart: bool, any_batch: bool
) -> Node:
    """A symbolic tensor; with `any_batch` of any size along the first axis."""
    extents: list[Extent] = []
    shape = (None, *shape[1:]) if any_batch and len(shape) else shape
    for axis, size in enumerate(shape):
        if size is not None:
            extents.append(int(size))
        elif axis == 0:
            extents.append(BATCH)
        else:
            said = f"{name}_axis_{axis}" if apart else f"axis_{axis}"
            extents.append(Dim({(("axis", said),): 1}))
    return placeholder(tuple(extents), dtype, name)


def shown(extents: Sequence[Extent]) -> tuple[int | str | None, ...]:
    """A shape as files have it: numbers, and for an unknown size its name or its formula.

    None for a size whose formula is too long to be read.
    """
    texts = [extent if isinstance(extent, int) else _formula(extent) for extent in extents]
    return tuple(None if isinstance(text, str) and len(text) > _LONGEST else text for text in texts)


def _formula(extent: Extent) -> str:
    """
    >>> _formula(Dim({(("axis", "time"),): 2, (): -1}))
    '2*time - 1'
    """
    if not isinstance(extent, Dim):
        return str(extent)
    text = ""
    for monomial, count in sorted(extent.terms, key=lambda term: -len(term[0])):
        factors = [str(abs(count))] * (abs(count) != 1 or not monomial)
        factors += [_atom(*atom) for atom in monomial]
        sign = " - " if count < 0 else " + "
        text += (sign if text else sign.strip(" +")) + "*".join(factors)
    return text


def _atom(kind: str, *arguments: Any) -> str:
    if kind == "axis":
        return str(arguments[0])
    return f"{kind}({', '.join(map(_formula, arguments))})" if arguments else kind


def output_names(model: Any, outputs: Any, taken: set[str]) -> list[str]:
    """A name for each output: its key in a dict, or the layer that makes it."""
    count = len(leaves(outputs))
    if isinstance(outputs, dict) and count == len(outputs):
        names = [str(name) for name in outputs]
    else:
        names = list(model.output_names or [])
        if len(names) != count:
            names = [f"output_{number}" for number in range(count)]
    found: list[str] = []
    for name in names:
        number, free = 1, name
        while free in taken or free in found:
            free, number = f"{name}_{number}", number + 1
        found.append(free)
    return found
