"""What is told of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from geartrain.saving.store import StoredTensor

ONNX = "ONNX graph"  # the class of what ONNX files hold
OK, DIFFERS, NONE, UNREAD = "ok", "differs", "none", "not read"


@dataclass
class Layer:
    """A layer, or another object with weights.

    Attributes:
        path: its place, as in `"layers/dense"`.
        name: what it is called; "" where the file does not say.
        kind: its class; "" where the file does not say.
        config: its arguments; empty in files of weights.
        depth: how many models it is inside of.
        tensors: its own and those of what is inside of it.
    """

    path: str
    name: str = ""
    kind: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    depth: int = 0
    tensors: list[StoredTensor] = field(default_factory=list)

    @property
    def parameters(self) -> int:
        """How many numbers its tensors hold."""
        return sum(prod(tensor.shape) for tensor in self.tensors)

    @property
    def nbytes(self) -> int:
        """The bytes of its tensors."""
        return sum(tensor.nbytes for tensor in self.tensors)


@dataclass(frozen=True)
class Finding:
    """What is odd in a file, or a reason to refuse it.

    Attributes:
        refused: whether a model or weights cannot be loaded from it for this.
        text: what it is, and where.
    """

    refused: bool
    text: str


@dataclass
class Account:
    """All that is told of a file. A context manager: tensors are read while it is open.

    Attributes:
        path: the file or folder.
        kind: its format, in words.
        nbytes: its size.
        versions: what wrote it, and when, by name.
        model: the class and the name of the model; empty in files of weights.
        layers: in the order of the file.
        optimizer: its state, if the file has one.
        training: how the model was compiled, in words by name.
        hashes: for each part that has a SHA-256, and each tensor by its path: `OK`, `DIFFERS`,
            `NONE` or `UNREAD`.
        members: of a container, by name with their bytes.
        findings: what is odd or hostile.
    """

    path: Path
    kind: str
    nbytes: int
    versions: dict[str, str] = field(default_factory=dict)
    model: dict[str, str] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    optimizer: Layer | None = None
    training: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    opened: ExitStack = field(default_factory=ExitStack, repr=False)
    _texts: set[str] = field(default_factory=set, repr=False)

    def __enter__(self) -> Account:
        return self

    def __exit__(self, *exception: object) -> None:
        self.opened.close()

    @property
    def refused(self) -> bool:
        """Whether something in the file stands in the way of loading it."""
        return any(one.refused for one in self.findings)

    @property
    def tensors(self) -> dict[str, StoredTensor]:
        """The tensors of all layers and of the optimizer, by path."""
        owners = [*self.layers, *([self.optimizer] if self.optimizer else [])]
        return {tensor.path: tensor for owner in owners for tensor in owner.tensors}

    def odd(self, text: str) -> None:
        """Tell of something that loading does not mind, or that asks for more than the file."""
        self._find(Finding(False, text))

    def refuse(self, text: str) -> None:
        """Tell of something that loading refuses."""
        self._find(Finding(True, text))

    @contextmanager
    def judged(self) -> Iterator[None]:
        """A block whose refusal is told, without the file's name at its start."""
        try:
            yield
        except (ValueError, OSError) as error:
            text = " ".join(str(error).split())
            for start in (f"{str(self.path)!r}: ", f"{self.path}: ", "inspect: "):
                text = text.removeprefix(start)
            self.refuse(text)

    @contextmanager
    def hashed(self, part: str, digest: str | None) -> Iterator[None]:
        """A block that checks the SHA-256 of a part, where it has one."""
        if digest is None:
            yield
            return
        self.hashes[part] = OK
        try:
            yield
        except ValueError:
            self.hashes[part] = DIFFERS
            raise

    def _find(self, finding: Finding) -> None:
        if finding.text not in self._texts:
            self._texts.add(finding.text)
            self.findings.append(finding)
