"""Drawings as SVG, which needs nothing, and as PNG, PDF and the like, by matplotlib."""

from __future__ import annotations

import html
import io
import itertools
from typing import Any

from geartrain.diagrams.drawing import Drawing, Line, Point, Rectangle, Text, width_of

FONTS = "Helvetica, Arial, sans-serif"
ARROW = 9.0
_MOST_PIXELS = 30_000  # on a side


def way_of(line: Line, splines: str, turned: bool) -> list[tuple[Point, Point, Point]]:
    """The pieces of a line as Bezier curves: two control points and an end, from its start on.

    The last point is in front of the arrow.
    """
    points = [*line.points]
    points[-1] = before_arrow(line, turned)
    pieces = []
    for (x, y), (left, top) in itertools.pairwise(points):
        if splines in ("line", "polyline", "false"):
            pieces.append(((x, y), (left, top), (left, top)))
        elif turned:
            middle = (x + left) / 2
            pieces.append(((middle, y), (middle, top), (left, top)))
        else:
            middle = (y + top) / 2
            pieces.append(((x, middle), (left, middle), (left, top)))
    return pieces


def direction(line: Line, turned: bool) -> Point:
    """Where the arrow of a line points: down, up, right or left."""
    (x, y), (left, top) = line.points[-2:]
    if turned:
        return (1.0 if left >= x else -1.0, 0.0)
    return (0.0, 1.0 if top >= y else -1.0)


def before_arrow(line: Line, turned: bool) -> Point:
    """The foot of a line's arrow."""
    across, down = direction(line, turned)
    x, y = line.points[-1]
    return x - ARROW * across, y - ARROW * down


def arrow(line: Line, turned: bool) -> list[Point]:
    """The corners of a line's arrow."""
    across, down = direction(line, turned)
    x, y = before_arrow(line, turned)
    side, rise = ARROW * 0.4 * down, ARROW * 0.4 * across
    return [line.points[-1], (x + side, y + rise), (x - side, y - rise)]


def svg(drawing: Drawing, splines: str, turned: bool) -> bytes:
    """A drawing as SVG."""
    size = f'width="{drawing.width:.0f}pt" height="{drawing.height:.0f}pt"'
    view = f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family="{FONTS}">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for one in drawing.frames:
        parts.append(f'<rect {_box(one)} fill="none" stroke="#555555" stroke-dasharray="5 3"/>')
    for line in drawing.lines:
        x, y = line.points[0]
        way = "".join(
            f" C {a:.1f} {b:.1f} {c:.1f} {d:.1f} {e:.1f} {f:.1f}"
            for (a, b), (c, d), (e, f) in way_of(line, splines, turned)
        )
        stroke = 'fill="none" stroke="black" stroke-width="1.6"'
        parts.append(f'<path d="M {x:.1f} {y:.1f}{way}" {stroke}/>')
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in arrow(line, turned))
        parts.append(f'<polygon points="{corners}" fill="black"/>')
    for one in drawing.fields:
        parts.append(f'<rect {_box(one)} fill="{one.fill}" stroke="black"/>')
    for text in drawing.texts:
        spans = "".join(
            f'<tspan font-weight="bold">{html.escape(part)}</tspan>' if bold else html.escape(part)
            for part, bold in text.parts
        )
        wide = sum(width_of(part, text.size, bold) for part, bold in text.parts)
        place = f'x="{text.x:.1f}" y="{text.y:.1f}" font-size="{text.size:g}" fill="{text.ink}"'
        fit = f'textLength="{wide:.1f}" lengthAdjust="spacingAndGlyphs"'
        parts.append(f'<text xml:space="preserve" {place} {fit}>{spans}</text>')
    return "\n".join([*parts, "</svg>", ""]).encode()


def _box(one: Rectangle) -> str:
    return f'x="{one.x:.1f}" y="{one.y:.1f}" width="{one.width:.1f}" height="{one.height:.1f}"'


def by_matplotlib(drawing: Drawing, splines: str, turned: bool, format: str, dpi: float) -> bytes:
    """A drawing in one of matplotlib's formats.

    Raises ImportError without matplotlib.
    """
    from matplotlib import patches
    from matplotlib.figure import Figure
    from matplotlib.path import Path

    longest = max(drawing.width, drawing.height) / 72
    dpi = min(dpi, _MOST_PIXELS / longest)
    figure = Figure(figsize=(drawing.width / 72, drawing.height / 72), dpi=dpi, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.set_axis_off()
    for one in drawing.frames:
        axes.add_patch(
            patches.Rectangle(
                (one.x, one.y), one.width, one.height, fill=False, edgecolor="#555555",
                linestyle=(0, (5, 3)),
            )
        )  # fmt: skip
    for line in drawing.lines:
        points, codes = [line.points[0]], [Path.MOVETO]
        for piece in way_of(line, splines, turned):
            points += piece
            codes += [Path.CURVE4] * 3
        axes.add_patch(patches.PathPatch(Path(points, codes), fill=False, linewidth=1.6))
        axes.add_patch(patches.Polygon(arrow(line, turned), facecolor="black"))
    for one in drawing.fields:
        axes.add_patch(
            patches.Rectangle(
                (one.x, one.y), one.width, one.height, facecolor=one.fill, edgecolor="black"
            )
        )
    for text in drawing.texts:
        _write(axes, text)
    stream = io.BytesIO()
    figure.savefig(stream, format=format, dpi=dpi)
    return stream.getvalue()


def _write(axes: Any, text: Text) -> None:
    """A line of text, made smaller where matplotlib's font is wider than was thought."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    def font(bold: bool, size: float) -> Any:
        return FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=size)

    def width(part: str, bold: bool) -> float:
        found = text_to_path.get_text_width_height_descent(
            part.strip(), font(bold, text.size), False
        )
        return float(found[0]) + gap * (len(part) - len(part.strip()))

    gap = 0.32 * text.size  # of a space, which matplotlib leaves out at ends
    thought = sum(width_of(part, text.size, bold) for part, bold in text.parts)
    actual = sum(width(part, bold) for part, bold in text.parts)
    scale = min(1.0, thought / max(actual, 1e-9))
    x = text.x
    for part, bold in text.parts:
        ahead = gap * scale * (len(part) - len(part.lstrip()))
        axes.text(
            x + ahead, text.y, part.strip(), color=text.ink, parse_math=False,
            fontproperties=font(bold, text.size * scale),
        )  # fmt: skip
        x += width(part, bold) * scale
