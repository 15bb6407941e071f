"""An account as text that fits 80 columns, or as plain data for machines."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from geartrain.commands import tables
from geartrain.commands.inspection.account import DIFFERS, NONE, OK, ONNX, UNREAD, Account, Layer
from geartrain.commands.inspection.matching import step_and_rate
from geartrain.models.summary import readable_bytes
from geartrain.saving.store import StoredTensor

_FIRST, _LAST = 40, 10  # layers that are shown of many
_MOST_FINDINGS = 20


def as_text(account: Account, everything: bool = False) -> str:
    """An account for a reader.

    Args:
        account: it.
        everything: whether to show each tensor, and all layers however many they are.
    """
    lines = [f"{account.path}: {account.kind}, {readable_bytes(account.nbytes)}"]
    lines += _facts(account)
    lines += _findings(account)
    shown = _tensors(account) if everything else _layers(account)
    if shown:
        lines += ["", shown]
    return tables.plain("\n".join(lines))


def _facts(account: Account) -> list[str]:
    versions = [f"{name} {text}" for name, text in account.versions.items()]
    tensors = [tensor for layer in account.layers for tensor in layer.tensors]
    parameters = sum(layer.parameters for layer in account.layers)
    size = readable_bytes(sum(tensor.nbytes for tensor in tensors))
    name = f' "{account.model["name"]}"' if account.model.get("name") else ""
    model = f"{account.model['class']}{name}, " if account.model else ""
    layers = f"{counted(len(account.layers), 'layer' if not _is_onnx(account) else 'node')}, "
    facts = [", ".join(versions)]
    facts.append(f"{model}{layers}{counted(parameters, 'parameter')} ({size})")
    facts.append(_optimizer(account))
    facts += [f"{key}: {text}" for key, text in account.training.items()]
    facts.append(_hashes(account))
    return [line for fact in facts for line in _wrapped(fact, "  ")]


def _wrapped(text: str, indent: str) -> list[str]:
    """Lines as wide as the output, with sizes and their units together."""
    joined = re.sub(r"(\d) (B|[KMG]iB)\b", "\\1\xa0\\2", text)
    lines = textwrap.wrap(
        joined, tables.width(), initial_indent=indent, subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )  # fmt: skip
    return [line.replace("\xa0", " ") for line in lines]


def _is_onnx(account: Account) -> bool:
    return account.model.get("class") == ONNX


def _optimizer(account: Account) -> str:
    if account.optimizer is None:
        return ""
    step, rate = step_and_rate(account.optimizer)
    parts = [account.optimizer.kind or "of an unknown class"]
    parts += [f"step {step:,}"] if step is not None else []
    parts += [f"learning rate {rate:.6g}" if isinstance(rate, float) else f"{rate}"] if rate else []
    tensors = account.optimizer.tensors
    size = readable_bytes(account.optimizer.nbytes)
    parts.append(f"{counted(len(tensors), 'tensor')} ({size})" if tensors else "without its state")
    return f"optimizer: {', '.join(parts)}"


def _hashes(account: Account) -> str:
    """How many SHA-256s are right."""
    found = list(account.hashes.values())
    if not found or set(found) <= {NONE, UNREAD}:
        return "SHA-256: the file has none" if found and set(found) == {NONE} else ""
    words = {OK: "right", DIFFERS: "WRONG", NONE: "missing", UNREAD: "not read"}
    parts = [f"{found.count(state)} {word}" for state, word in words.items() if state in found]
    return f"SHA-256: {', '.join(parts)}"


def _findings(account: Account) -> list[str]:
    lines = []
    for finding in account.findings[:_MOST_FINDINGS]:
        mark = "REFUSED: " if finding.refused else "odd: "
        lines += _wrapped(mark + finding.text, "  ")
    if len(account.findings) > _MOST_FINDINGS:
        lines.append(f"  ... and {len(account.findings) - _MOST_FINDINGS} more (--json has all)")
    return lines


def _layers(account: Account) -> str:
    """A row a layer, some of many."""
    layers = account.layers
    rows = [_row(layer, account) for layer in layers]
    if len(rows) > _FIRST + _LAST + 1:
        hidden = layers[_FIRST:-_LAST]
        size = readable_bytes(sum(layer.nbytes for layer in hidden))
        number = sum(layer.parameters for layer in hidden)
        between = [f"... {len(hidden):,} more (--all)", "", "", f"{number:,}", size, ""]
        rows = [*rows[:_FIRST], between, *rows[-_LAST:]]
    if not rows:
        return ""
    heads = ["node" if _is_onnx(account) else "layer", "shapes", "dtype", "parameters", "bytes"]
    if set(account.hashes.values()) - {NONE}:
        return tables.table([*heads, "SHA-256"], rows, right=[3, 4])
    return tables.table(heads, [row[:5] for row in rows], right=[3, 4])


def _row(layer: Layer, account: Account) -> list[str]:
    dtypes = ", ".join(dict.fromkeys(tensor.dtype for tensor in layer.tensors))
    states = [account.hashes.get(tensor.path, "") for tensor in layer.tensors]
    worst = next((one for one in (DIFFERS, UNREAD, OK, NONE) if one in states), "")
    shapes = ", ".join(shape_in_words(tensor) for tensor in layer.tensors)
    numbers = [f"{layer.parameters:,}", readable_bytes(layer.nbytes)] if layer.tensors else ["", ""]
    return ["  " * layer.depth + _title(layer), shapes, dtypes, *numbers, worst]


def _title(layer: Layer) -> str:
    if layer.kind:
        return f"{layer.name or layer.path} ({layer.kind})"
    place = layer.path.removeprefix("layers/") or "(the model itself)"
    same = layer.name in ("", place, place.rpartition("/")[2])
    return place if same else f"{place} ({layer.name})"


def _tensors(account: Account) -> str:
    """A row a tensor."""
    rows = [
        [tensor.path, shape_in_words(tensor), tensor.dtype, readable_bytes(tensor.nbytes),
         account.hashes.get(tensor.path, "")]
        for tensor in account.tensors.values()
    ]  # fmt: skip
    heads = ["tensor", "shape", "dtype", "bytes", "SHA-256"]
    return tables.table(heads, rows, right=[3]) if rows else ""


def shape_in_words(tensor: StoredTensor) -> str:
    """A shape in few letters: `784x512`."""
    return "x".join(map(str, tensor.shape)) or "scalar"


def counted(number: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "layer"), counted(2000, "layer")
    ('1 layer', '2,000 layers')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def as_plain(account: Account) -> dict[str, Any]:
    """An account as plain data."""
    step, rate = step_and_rate(account.optimizer) if account.optimizer else (None, None)
    optimizer = account.optimizer and {
        "class": account.optimizer.kind,
        "step": step,
        "learning_rate": rate,
        "tensors": [_plain_tensor(one, account) for one in account.optimizer.tensors],
    }
    return {
        "file": str(account.path),
        "format": account.kind,
        "bytes": account.nbytes,
        "versions": account.versions,
        "model": account.model or None,
        "training": account.training,
        "optimizer": optimizer,
        "layers": [
            {
                "path": layer.path,
                "name": layer.name,
                "class": layer.kind,
                "parameters": layer.parameters,
                "bytes": layer.nbytes,
                "tensors": [_plain_tensor(one, account) for one in layer.tensors],
            }
            for layer in account.layers
        ],
        "members": account.members,
        "sha256": {
            part: state for part, state in account.hashes.items() if part not in account.tensors
        },
        "findings": [
            {"severity": "refused" if one.refused else "odd", "text": one.text}
            for one in account.findings
        ],
    }


def _plain_tensor(tensor: StoredTensor, account: Account) -> dict[str, Any]:
    return {
        "path": tensor.path,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype,
        "bytes": tensor.nbytes,
        "sha256": account.hashes.get(tensor.path, UNREAD),
    }
