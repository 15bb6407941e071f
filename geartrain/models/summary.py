"""`model.summary()`: the layers in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from geartrain.errors import shown
from geartrain.layers.layer import Layer


def print_summary(
    model: Any,
    line_length: int | None,
    print_fn: Callable[[str], Any] | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Any,
) -> None:
    """Print the table; see `Model.summary`."""
    import io

    if line_length is not None and (not hasattr(line_length, "__index__") or line_length < 1):
        raise TypeError(
            "Model.summary: expected line_length as a number of characters, or None for the "
            f"terminal's. Received: {shown(line_length)}"
        )
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.ROUNDED, header_style="bold", title=f'Model: "{model.name}"')
    table.add_column("Layer (type)", overflow="fold")
    table.add_column("Output shape", overflow="fold")
    table.add_column("Parameters", justify="right")
    table.add_column("Bytes", justify="right")
    if show_trainable:
        table.add_column("Trained", justify="center")
    for indent, layer in _rows(_in_range(model.layers, layer_range), expand_nested):
        weights = layer.weights
        row = [
            f"{'  ' * indent}{layer.name} ({type(layer).__name__})",
            _output_shape(layer),
            f"{sum(w.array.size for w in weights):,}" if layer.built or not weights else "0",
            readable_bytes(sum(w.array.nbytes for w in weights)),
        ]
        table.add_row(*row, *(["yes" if layer.trainable else "no"] if show_trainable else []))
    out = io.StringIO() if print_fn else None
    console = Console(file=out, width=line_length or (100 if print_fn else None), highlight=False)
    console.print(table)
    for line in totals(model):
        console.print(line)
    if print_fn and out:
        print_fn(out.getvalue())


def totals(model: Any) -> Iterator[str]:
    """Lines that say how many parameters there are, and how many bytes they take."""
    trained = {id(w): w for w in model.trainable_weights}.values()
    frozen = {id(w): w for w in model.non_trainable_weights}.values()
    slots = getattr(getattr(model, "optimizer", None), "variables", [])
    for label, group in (
        ("Total", [*trained, *frozen]), ("Trained", trained), ("Frozen", frozen),
        ("Optimizer", slots),
    ):  # fmt: skip
        count = sum(w.array.size for w in group)
        if count or label == "Total":
            size = readable_bytes(sum(w.array.nbytes for w in group))
            yield f"{label + ' parameters:':21} {count:,} ({size})"
    if not model.built:
        yield "Not built: the shapes are known once the input's is. Call build, fit or predict."


def _rows(layers: list[Layer], expand: bool, indent: int = 0) -> Iterator[tuple[int, Layer]]:
    for layer in layers:
        yield indent, layer
        if expand and hasattr(layer, "layers"):
            yield from _rows(layer.layers, expand, indent + 1)


def _in_range(layers: list[Layer], names: Any) -> list[Layer]:
    if not names:
        return layers
    known = [layer.name for layer in layers]
    missing = [name for name in names if name not in known]
    if len(names) != 2 or missing:
        raise ValueError(
            f"summary: expected layer_range as the names of the first and last layer, among "
            f"{known}. Received: {names}"
        )
    return layers[known.index(names[0]) : known.index(names[1]) + 1]


def _output_shape(layer: Any) -> str:
    calls = layer._calls
    if calls:
        import geartrain.tree as tree

        shapes = [str(x.shape) for x in tree.flatten(calls[-1].outputs)]
        return ", ".join(shapes)
    return "?"


def readable_bytes(count: float) -> str:
    """A number of bytes with its unit.

    >>> readable_bytes(1_628_200)
    '1.55 MiB'
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} B" if unit == "B" else f"{count:.2f} {unit}"
