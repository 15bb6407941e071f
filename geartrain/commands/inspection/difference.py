"""Two files compared: the arguments of layers, and the values of tensors.

Tensors are matched by their places, or by their names where both files have such; if no place is
common, as between files of different formats, by their order, if that fits. Names that nobody
chose, such as `dense_7`, and the dates and versions in files are no difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import registry
from geartrain.commands import tables
from geartrain.commands.inspection.account import ONNX, Account, Layer
from geartrain.commands.inspection.printing import counted, shape_in_words
from geartrain.commands.inspection.reading import read_account
from geartrain.saving.store import StoredTensor

_MOST_ROWS = 40
_MOST_TEXT = 60


@dataclass(frozen=True)
class Changed:
    """An argument of a layer, or of the training, that is another.

    Attributes:
        place: the layer's, and the argument's name in it.
        before, after: the values as JSON; None where it is missing.
    """

    place: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Moved:
    """A tensor that is another.

    Attributes:
        path: its place in the first file, or in the second if it is only there.
        what: "values", "shape", "dtype", "only in the first", "only in the second" or "unread".
        before, after: shape and dtype in words.
        differing, count: how many values differ, of how many.
        largest: the largest absolute difference.
        relative: the largest difference in relation to the larger of the two values.
    """

    path: str
    what: str
    before: str = ""
    after: str = ""
    differing: int = 0
    count: int = 0
    largest: float = 0.0
    relative: float = 0.0


@dataclass
class Differences:
    """How two files differ.

    Attributes:
        first, second: the files.
        changed: arguments.
        moved: tensors.
        compared: how many tensors both have, and where they were matched by their order.
    """

    first: str
    second: str
    changed: list[Changed] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    compared: int = 0
    by_order: bool = False

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return not self.changed and not self.moved

    def as_plain(self) -> dict[str, Any]:
        """The differences as plain data."""
        plain = asdict(self)
        for one in plain["moved"]:  # JSON has no infinities
            for key in ("largest", "relative"):
                one[key] = one[key] if np.isfinite(one[key]) else str(one[key])
        return {"same": self.same, **plain}

    def as_text(self, everything: bool = False) -> str:
        """The differences for a reader; all of them, or the first of many."""
        how = ", matched by their order" if self.by_order else ""
        if self.same:
            return f"The same: {counted(self.compared, 'tensor')}{how}."
        most = 10**9 if everything else _MOST_ROWS
        parts = [f"- {self.first}\n+ {self.second}"]
        if self.changed:
            rows = [[one.place, _cut(one.before), _cut(one.after)] for one in self.changed]
            heads = ["argument", "first", "second"]
            parts.append(tables.table(heads, rows[:most]) + _more(rows, most))
        if self.moved:
            rows = [_cells(one) for one in self.moved]
            heads = ["tensor", "differs in", "max. difference", "relative"]
            parts.append(tables.table(heads, rows[:most], right=[2, 3]) + _more(rows, most))
        values = sum(one.what == "values" for one in self.moved)
        equal = self.compared - sum(bool(one.before and one.after) for one in self.moved)
        parts.append(
            f"{counted(len(self.changed), 'argument')} and {counted(len(self.moved), 'tensor')} "
            f"differ ({values} in values alone); {counted(equal, 'tensor')} equal{how}."
        )
        return tables.plain("\n\n".join(parts))


def _cut(text: str | None) -> str:
    if text is None:
        return "(none)"
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 3]}..."


def _more(rows: list[Any], most: int) -> str:
    return f"\n... and {len(rows) - most:,} more (--all)" if len(rows) > most else ""


def _cells(one: Moved) -> list[str]:
    if one.what == "values":
        share = f"{one.differing:,} of {one.count:,} values"
        return [one.path, share, f"{one.largest:.3g}", f"{one.relative:.3g}"]
    if one.before and one.after:
        sides = zip(one.before.split(), one.after.split(), strict=True)
        other = ", ".join(f"{before} / {after}" for before, after in sides if before != after)
        return [one.path, f"{one.what}: {other}", "", ""]
    return [one.path, f"{one.what}: {one.before or one.after}".removesuffix(": "), "", ""]


def differences(first: Path, second: Path) -> Differences:
    """How two files differ.

    Raises:
        FileNotFoundError: one is missing.
        ValueError: one cannot be read.
    """
    with read_account(first, values=False) as one, read_account(second, values=False) as other:
        for account in (one, other):
            if account.refused:
                raise ValueError(
                    f"{account.path}: expected a file that can be read, to compare it. Received: "
                    f"{next(f.text for f in account.findings if f.refused)}"
                )
        found = Differences(str(first), str(second))
        if all(account.model.get("class", ONNX) != ONNX for account in (one, other)):
            found.changed = list(_changed(one, other))
        _compare_tensors(found, one, other)
    return found


# -- arguments ------------------------------------------------------------------------------------


def _changed(one: Account, other: Account) -> Iterator[Changed]:
    sides = [_arguments(account) for account in (one, other)]
    for place in dict.fromkeys([*sides[0], *sides[1]]):
        before, after = (side.get(place) for side in sides)
        unset = {before, after} <= {None, "null", "false"}  # as some versions leave out
        if before != after and not unset:
            yield Changed(place, before, after)


def _arguments(account: Account) -> dict[str, str]:
    """Each argument of each layer as JSON, by its place."""
    found = {"model class": account.model["class"]}
    for layer in account.layers:
        name = layer.path.removeprefix("layers/")
        found[f"{name}"] = layer.kind
        if not _is_automatic(layer):
            found[f"{name}.name"] = layer.name
        for key, value in layer.config.items():
            if key not in ("name", "layers", "input_layers", "output_layers"):
                found[f"{name}.{key}"] = _as_json(value)
    found |= {f"training: {key}": text for key, text in account.training.items()}
    if account.optimizer is not None and account.optimizer.kind:
        found["optimizer"] = account.optimizer.kind
        for key, value in account.optimizer.config.items():
            if key != "name":
                found[f"optimizer.{key}"] = _as_json(value)
    return found


def _is_automatic(layer: Layer) -> bool:
    """Whether a layer's name is one that nobody chose."""
    base = re.escape(registry.snake_case(layer.kind)) if layer.kind else ".*"
    return re.fullmatch(rf"{base}(_\d+)?", layer.name) is not None


def _as_json(value: Any) -> str:
    """A value without what differs from file to file without a meaning."""

    def plain(one: Any) -> Any:
        if isinstance(one, dict):
            return {k: plain(v) for k, v in one.items() if k not in ("shared_object_id", "name")}
        return [plain(item) for item in one] if isinstance(one, list) else one

    if isinstance(value, dict) and value.get("class_name") == "DTypePolicy":
        value = (value.get("config") or {}).get("name")
    return json.dumps(plain(value), sort_keys=True)


# -- tensors --------------------------------------------------------------------------------------


def _compare_tensors(found: Differences, one: Account, other: Account) -> None:
    pairs, alone = _pairs(found, one.tensors, other.tensors)
    for before, after in pairs:
        found.compared += 1
        difference = compare(before, after)
        if difference is not None:
            found.moved.append(difference)
    for tensor, is_first in alone:
        what = "only in the first" if is_first else "only in the second"
        told = _told(tensor)
        found.moved.append(
            Moved(tensor.path, what, told if is_first else "", "" if is_first else told)
        )


def _pairs(
    found: Differences, ours: dict[str, StoredTensor], theirs: dict[str, StoredTensor]
) -> tuple[list[tuple[StoredTensor, StoredTensor]], list[tuple[StoredTensor, bool]]]:
    """Tensors of both, and those that are in one alone."""
    weights = [[t for p, t in side.items() if not _is_optimizers(p)] for side in (ours, theirs)]
    common = ours.keys() & theirs.keys()
    shapes = [[tensor.shape for tensor in side] for side in weights]
    if all(weights) and all(map(_is_optimizers, common)) and shapes[0] == shapes[1]:
        found.by_order = True
        rest = [{p: t for p, t in side.items() if _is_optimizers(p)} for side in (ours, theirs)]
        pairs, alone = _by_path(*rest)
        return [*zip(*weights, strict=True), *pairs], alone
    return _by_path(ours, theirs)


def _by_path(
    ours: dict[str, StoredTensor], theirs: dict[str, StoredTensor]
) -> tuple[list[tuple[StoredTensor, StoredTensor]], list[tuple[StoredTensor, bool]]]:
    common = ours.keys() & theirs.keys()
    pairs = [(tensor, theirs[path]) for path, tensor in ours.items() if path in common]
    alone = [(tensor, True) for path, tensor in ours.items() if path not in common]
    alone += [(tensor, False) for path, tensor in theirs.items() if path not in common]
    return pairs, alone


def _is_optimizers(path: str) -> bool:
    return path.startswith(("optimizer/", "optimizer_weights/"))


def compare(before: StoredTensor, after: StoredTensor) -> Moved | None:
    """How two tensors differ; None if they do not. NaN is equal to NaN."""
    told = (before.path, _told(before), _told(after))
    if before.shape != after.shape:
        return Moved(told[0], "shape", *told[1:])
    kinds = [np.asarray(one.read()) for one in (before, after)]
    wide = [array.astype("complex128" if array.dtype.kind == "c" else "float64") for array in kinds]
    same = (kinds[0] == kinds[1]) | (np.isnan(wide[0]) & np.isnan(wide[1]))
    differing = int(same.size - np.count_nonzero(same))
    if not differing:
        if before.dtype != after.dtype:
            return Moved(told[0], "dtype", *told[1:])
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(wide[0] - wide[1])[~same]
        scale = np.maximum(np.abs(wide[0]), np.abs(wide[1]))[~same]
        distance = np.where(np.isnan(distance), np.inf, distance)
        relative = np.where(np.isfinite(distance), distance / np.where(scale, scale, 1), np.inf)
    return Moved(
        told[0], "values", told[1], told[2], differing, same.size,
        float(distance.max()), float(relative.max()),
    )  # fmt: skip


def _told(tensor: StoredTensor) -> str:
    return f"{shape_in_words(tensor)} {tensor.dtype}"
