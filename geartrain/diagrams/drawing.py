"""A picture of a model as shapes in a plane, in points: 72 an inch."""

from __future__ import annotations

from dataclasses import dataclass, field

from geartrain.diagrams.layout import layout
from geartrain.diagrams.structure import Box, Cell, Group

TITLE, TEXT, PAD, MARGIN, LABEL = 16.0, 14.0, 10.0, 12.0, 22.0
_NARROW, _WIDE = frozenset("fijlrtI()[]{}.,:;'|!/\\ "), frozenset("mwMW@%")
Point = tuple[float, float]


@dataclass
class Rectangle:
    """A filled rectangle, or, without a filling, a dashed frame."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None


@dataclass
class Text:
    """A line of text by its left end and foot; parts are texts, and whether each is bold."""

    x: float
    y: float
    size: float
    ink: str
    parts: list[tuple[str, bool]]


@dataclass
class Line:
    """A line through points, with an arrow at its end."""

    points: list[Point]


@dataclass
class Drawing:
    """Shapes, the lowest first."""

    width: float = 0.0
    height: float = 0.0
    frames: list[Rectangle] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    fields: list[Rectangle] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


def width_of(text: str, size: float, bold: bool = False) -> float:
    """About how wide a text is in Helvetica.

    >>> width_of("il", 10) < width_of("mW", 10)
    True
    """
    units = 0.0
    for letter in text:
        if letter in _NARROW:
            units += 0.32
        elif letter in _WIDE:
            units += 0.9
        elif letter.isupper():
            units += 0.7
        else:
            units += 0.57 if ord(letter) < 0x1100 else 1.0
    return units * size * (1.06 if bold else 1.0)


def draw(group: Group, rankdir: str) -> Drawing:
    """The shapes of a picture; `rankdir` as in `plot_model`."""
    drawing = Drawing()
    turned = rankdir in ("LR", "RL")
    back = rankdir in ("BT", "RL")
    width, height = _Placer(drawing, turned, back).place(group, 0.0, 0.0)
    _shift(drawing, MARGIN, MARGIN)
    drawing.width, drawing.height = width + 2 * MARGIN, height + 2 * MARGIN
    return drawing


class _Placer:
    """Lays out a group, groups inside it first, and adds its shapes to a drawing."""

    def __init__(self, drawing: Drawing, turned: bool, back: bool) -> None:
        self.drawing, self.turned, self.back = drawing, turned, back
        self.boxes: dict[Box, tuple[float, float, float, float]] = {}

    def place(self, group: Group, x: float, y: float) -> tuple[float, float]:
        """Draw a group with its left upper corner there; returns its size."""
        inside: dict[Group, tuple[Drawing, _Placer, float, float]] = {}
        sizes: dict[Box | Group, Point] = {}
        holder: dict[Box, Box | Group] = {}
        for item in group.items:
            if isinstance(item, Group):
                part = Drawing()
                placer = _Placer(part, self.turned, self.back)
                width, height = placer.place(item, 0.0, 0.0)
                inside[item] = (part, placer, width, height)
                sizes[item] = (
                    max(width, width_of(item.name, TEXT)) + 2 * PAD, height + LABEL + 2 * PAD,
                )  # fmt: skip
                holder |= dict.fromkeys(item.boxes(), item)
            else:
                sizes[item] = size_of(item)
                holder[item] = item
        lines = [(holder[one], holder[other]) for one, other in group.lines]
        across = {item: self._turn(size) for item, size in sizes.items()}
        made = layout(across, lines)  # type: ignore[arg-type]
        total = self._turn(made.size)
        for item, size in sizes.items():
            left, top = self._at(made.places[item], across[item], made.size)
            left, top = left + x, top + y
            if isinstance(item, Group):
                part, placer, width, _ = inside[item]
                _shift(part, left + (size[0] - width) / 2, top + LABEL + PAD)
                self._take(part, placer, left + (size[0] - width) / 2, top + LABEL + PAD)
                self.drawing.frames.append(Rectangle(left, top, *size, None))
                foot = top + LABEL - 4
                self.drawing.texts.append(
                    Text(left + PAD, foot, TEXT, "#000000", [(item.name, False)])
                )
            else:
                self._box(item, left, top)
        for (one, other), bends, edges in zip(group.lines, made.bends, made.edges, strict=True):
            between = [self._at(point, (0.0, 0.0), made.size) for point in bends]
            moved = [(left + x, top + y) for left, top in between]
            start, end = self._ends(self.boxes[one], self.boxes[other])
            leaves, enters = (self._at((0.0, edge), (0.0, 0.0), made.size) for edge in edges)
            if self.turned:
                out, into = (leaves[0] + x, start[1]), (enters[0] + x, end[1])
            else:
                out, into = (start[0], leaves[1] + y), (end[0], enters[1] + y)
            self.drawing.lines.append(Line([start, out, *moved, into, end]))
        return total

    def _turn(self, size: Point) -> Point:
        return (size[1], size[0]) if self.turned else size

    def _at(self, place: Point, size: Point, total: Point) -> Point:
        """A place of the layout as one of the picture, of a thing of this size."""
        across, along = place
        if self.back:
            along = total[1] - along - size[1]
        return (along, across) if self.turned else (across, along)

    def _ends(
        self, one: tuple[float, float, float, float], other: tuple[float, float, float, float]
    ) -> tuple[Point, Point]:
        if self.back:
            end, start = self._forward(other, one)
        else:
            start, end = self._forward(one, other)
        return start, end

    def _forward(
        self, one: tuple[float, float, float, float], other: tuple[float, float, float, float]
    ) -> tuple[Point, Point]:
        x, y, width, height = one
        left, top, wide, high = other
        if self.turned:
            return (x + width, y + height / 2), (left, top + high / 2)
        return (x + width / 2, y + height), (left + wide / 2, top)

    def _take(self, part: Drawing, placer: _Placer, x: float, y: float) -> None:
        for kind in ("frames", "lines", "fields", "texts"):
            getattr(self.drawing, kind).extend(getattr(part, kind))
        for box, (left, top, width, height) in placer.boxes.items():
            self.boxes[box] = (left + x, top + y, width, height)

    def _box(self, box: Box, x: float, y: float) -> None:
        width, height = size_of(box)
        self.boxes[box] = (x, y, width, height)
        for number, row in enumerate(box.rows):
            size = TEXT if number else TITLE
            high = size * 1.2 + 2 * PAD
            own = [cell_width(cell, size) for cell in row]
            spare = (width - sum(own)) / len(row)
            left = x
            for cell, wide in zip(row, own, strict=True):
                self.drawing.fields.append(Rectangle(left, y, wide + spare, high, cell.fill))
                start = left + (wide + spare - wide + 2 * PAD) / 2
                foot = y + PAD + size * 0.95
                self.drawing.texts.append(Text(start, foot, size, cell.ink, parts_of(cell)))
                left += wide + spare
            y += high


def parts_of(cell: Cell) -> list[tuple[str, bool]]:
    """The texts of a field, and whether each is bold."""
    text, value = (cell.text, False), (cell.value, True)
    return [value, text] if cell.text.startswith(" ") else [text, value]


def cell_width(cell: Cell, size: float) -> float:
    """How wide a field must be."""
    return sum(width_of(text, size, bold) for text, bold in parts_of(cell)) + 2 * PAD


def size_of(box: Box) -> Point:
    """The width and the height of a box."""
    sizes = [TEXT if number else TITLE for number in range(len(box.rows))]
    widths = [
        sum(cell_width(cell, size) for cell in row)
        for row, size in zip(box.rows, sizes, strict=True)
    ]
    return max(widths), sum(size * 1.2 + 2 * PAD for size in sizes)


def _shift(drawing: Drawing, x: float, y: float) -> None:
    for shape in [*drawing.frames, *drawing.fields, *drawing.texts]:
        shape.x += x
        shape.y += y
    for line in drawing.lines:
        line.points = [(left + x, top + y) for left, top in line.points]
