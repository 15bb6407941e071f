"""Pictures of models in the language of Graphviz, and Graphviz itself where it is installed."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from typing import Any

from geartrain import files
from geartrain.diagrams.structure import Box, Cell, Group


class Dot:
    """A picture in the language of Graphviz, with the methods of pydot's `Dot` that programs use.

    `write_png(path)`, `create_svg()` and the like for any of Graphviz's formats work too.

    Args:
        text: the picture.

    >>> Dot("digraph { a -> b; }").to_string()
    'digraph { a -> b; }'
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def to_string(self) -> str:
        """The text."""
        return self._text

    __str__ = to_string

    def create(self, prog: Any = None, format: str = "ps", encoding: str | None = None) -> bytes:
        """The picture as Graphviz draws it.

        Args:
            prog: the program, "dot" by default.
            format: one of Graphviz's, such as "svg"; "raw" and "dot" are the text.
            encoding: accepted as in pydot.

        Raises ImportError where Graphviz is not installed, RuntimeError where it fails.
        """
        if format in ("raw", "dot"):
            return self._text.encode()
        return run_graphviz(self._text, format, prog or "dot")

    def write(
        self, path: Any, prog: Any = None, format: str = "raw", encoding: str | None = None
    ) -> bool:
        """Write the picture to a file: see `create`."""
        content = self.create(prog, format)
        with files.replacing(path) as stream:
            stream.write(content)
        return True

    def __getattr__(self, name: str) -> Any:
        verb, _, format = name.partition("_")
        if verb == "create" and format:
            return lambda prog=None, encoding=None: self.create(prog, format)
        if verb == "write" and format:
            return lambda path, prog=None, encoding=None: self.write(path, prog, format)
        raise AttributeError(
            f"the picture has no {name!r}. It has to_string, create, write, and write_png and the "
            "like; for all of pydot install pydot."
        )


def graphviz() -> str | None:
    """The path of Graphviz's program `dot`; None if it is not installed."""
    return shutil.which("dot")


def run_graphviz(text: str, format: str, program: str = "dot") -> bytes:
    """What Graphviz draws.

    Raises ImportError where it is not installed, RuntimeError where it fails.
    """
    path = shutil.which(program)
    if path is None:
        raise ImportError(
            f"model_to_dot: expected Graphviz's program {program!r}, to draw as {format!r}. "
            "Received: none on this machine. Install Graphviz, or use utils.plot_model, which "
            "draws without it."
        )
    done = subprocess.run([path, f"-T{format}"], input=text.encode(), capture_output=True)
    if done.returncode:
        raise RuntimeError(
            f"model_to_dot: Graphviz failed to draw as {format!r}: "
            f"{done.stderr.decode(errors='replace').strip()[:300]}"
        )
    return done.stdout


def dot_text(group: Group, rankdir: str, dpi: int, splines: str, subgraph: bool = False) -> str:
    """A picture as text for Graphviz.

    Args:
        group: the model.
        rankdir: where the lines lead: "TB" down, "LR" right, and back, "BT" and "RL".
        dpi: dots an inch of pictures made of dots.
        splines: how lines are drawn.
        subgraph: whether it is a part of another picture.
    """
    names = {box: f"n{number}" for number, box in enumerate(group.boxes())}
    settings = {"rankdir": rankdir, "concentrate": "true", "dpi": dpi, "splines": splines}
    if subgraph:
        lines = _cluster(group, names)
    else:
        head = [f"{key}={json.dumps(value)};" for key, value in settings.items()]
        body = [line for item in group.items for line in _item(item, names)]
        lines = [*head, "node [shape=record];", *body, *_edges(group, names)]
        lines = ["digraph G {", *(f"  {line}" for line in lines), "}"]
    return "\n".join(lines) + "\n"


def _item(item: Box | Group, names: dict[Box, str]) -> list[str]:
    if isinstance(item, Group):
        return _cluster(item, names)
    style = 'fontname="Helvetica", border="0", margin="0"'
    return [f"{names[item]} [label={label(item)}, {style}];"]


def _cluster(group: Group, names: dict[Box, str]) -> list[str]:
    body = [line for item in group.items for line in _item(item, names)]
    name = json.dumps(f"cluster_{group.name}")
    head = ["style=dashed;", f"label={json.dumps(group.name)};", "labeljust=l;"]
    inner = [f"  {line}" for line in [*head, *body, *_edges(group, names)]]
    return [f"subgraph {name} {{", *inner, "}"]


def _edges(group: Group, names: dict[Box, str]) -> list[str]:
    return [f"{names[one]} -> {names[other]} [penwidth=2];" for one, other in group.lines]


def label(box: Box) -> str:
    """A box as a table in Graphviz's HTML."""
    span = max(len(row) for row in box.rows)
    rows = []
    for number, row in enumerate(box.rows):
        size = 14 if number else 16
        wide = f' colspan="{span}"' if len(row) < span else ""
        rows.append("<tr>" + "".join(_field(cell, size, wide) for cell in row) + "</tr>")
    table = '<table border="0" cellborder="1" bgcolor="black" cellpadding="10">'
    return f"<{table}{''.join(rows)}</table>>"


def _field(cell: Cell, size: int, wide: str) -> str:
    bold, text = f"<b>{html.escape(cell.value)}</b>", html.escape(cell.text)
    content = f"{bold}{text}" if cell.text.startswith(" ") else f"{text}{bold}"
    return (
        f'<td bgcolor="{cell.fill}"{wide}><font point-size="{size}" color="{cell.ink}">'
        f"{content}</font></td>"
    )
