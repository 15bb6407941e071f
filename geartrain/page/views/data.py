"""The data: what kind they are, how they look, and what slices and batches of them are."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from geartrain.page.control import alone
from geartrain.page.pictures import sprite
from geartrain.page.subject import Samples, Subject
from geartrain.utils.describe import Description, describe

MOST_SHOWN = 200  # samples at a time


def described(subject: Subject, part: str = "train") -> dict[str, Any]:
    """What `describe` says, and how many samples each class has."""
    samples = _part(subject, part)
    known, found = subject.kept.get(f"described {part}", (None, None))
    if known is not samples:
        found = describe(samples.x)
        subject.kept[f"described {part}"] = (samples, found)
    assert isinstance(found, Description)
    labels, counts = samples.labels, []
    if labels is not None:
        counts = np.bincount(labels, minlength=len(samples.classes)).tolist()
    return {
        "text": found.text(), "shape": found.shape, "dtype": str(found.dtype), "axes": found.axes,
        "least": found.minimum, "most": found.maximum, "mean": found.mean, "bytes": found.nbytes,
        "source": samples.source, "classes": samples.classes, "counts": counts,
        "editable": subject.editable, "pictures": samples.images(slice(0, 1)) is not None,
    }  # fmt: skip


def grid(
    subject: Subject, part: str = "train", start: Any = 0, count: Any = 60, label: Any = -1
) -> Any:
    """Samples from `start` on, of one class or of all: pictures, or rows of numbers."""
    samples = _part(subject, part)
    numbers = np.arange(len(samples))
    if int(label) >= 0 and samples.labels is not None:
        numbers = np.flatnonzero(samples.labels == int(label))
    chosen = numbers[int(start) : int(start) + min(int(count), MOST_SHOWN)]
    labels = samples.labels
    return {
        "numbers": chosen, "of": len(numbers),
        "labels": [] if labels is None else [samples.classes[k] for k in labels[chosen]],
        **shown(samples, chosen),
    }  # fmt: skip


def shown(samples: Samples, numbers: Any) -> dict[str, Any]:
    """The samples with these numbers as pictures, or as rows of their first values."""
    images = samples.images(numbers)
    if images is not None:
        return {"pictures": sprite(images)}
    rows = np.asarray(samples.x[numbers]).reshape(len(numbers), -1)[:, :40]
    return {"rows": rows.tolist()}


def sliced(subject: Subject, cut: str = "", part: str = "train") -> dict[str, Any]:
    """What a slice is: its code, its shape, and its first samples.

    Args:
        cut: `start:stop` for each axis, with commas between them; axes left out are whole.
    """
    samples = _part(subject, part)
    x = np.asarray(samples.x)
    if x.ndim == 2 and (whole := samples.images(slice(0, 1))) is not None:
        x = x.reshape(len(x), *whole.shape[1:3])  # pixels in rows and columns can be cut
    slices = tuple(_slice(text) for text in cut.split(",")) if cut else ()
    if len(slices) > x.ndim:
        raise ValueError(f"expected at most {x.ndim} slices, one an axis. Received: {len(slices)}")
    found = x[slices]
    code = ", ".join(_code(one) for one in slices) or ":"
    return {
        "code": f"x[{code}]", "shape": found.shape, "axes": len(x.shape), "whole": x.shape,
        "bytes": found.nbytes, **shown(Samples(found[:12]), np.arange(len(found[:12]))),
    }  # fmt: skip


def batch(
    subject: Subject, number: Any = 0, size: Any = 128, part: str = "train"
) -> dict[str, Any]:
    """The batch with a number: its code, its shape and its samples."""
    samples = _part(subject, part)
    n, size = int(number), int(size)
    if size < 1 or n < 0:
        raise ValueError(f"expected a batch of one sample or more. Received: size {size}, {n}")
    numbers = np.arange(len(samples))[n * size : (n + 1) * size]
    return {
        "code": f"x[{size} * {n} : {size} * ({n} + 1)]", "batches": math.ceil(len(samples) / size),
        "shape": (len(numbers), *np.shape(samples.x)[1:]), **shown(samples, numbers[:MOST_SHOWN]),
    }  # fmt: skip


@alone
def uploaded(subject: Any, body: bytes, name: str = "") -> dict[str, Any]:
    """Take a file of the user's in place of the data: .csv, .npz, .npy, or a .zip of images."""
    if not subject.editable:
        raise ValueError(
            "expected a network that the page made: another program is training this one"
        )
    suffix = Path(name).suffix.lower()
    if suffix not in (".csv", ".npz", ".npy", ".zip"):
        raise ValueError(f"expected a file .csv, .npz, .npy or .zip of images. Received: {name!r}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"data{suffix}")
        path.write_bytes(body)
        subject.take(path, name)
    return described(subject)


def _part(subject: Subject, part: str) -> Samples:
    if part not in ("train", "test"):
        raise ValueError(f"expected train or test. Received: {part!r}")
    return subject.needs(part)  # type: ignore[no-any-return]


def _slice(text: str) -> slice:
    start, colon, stop = text.strip().partition(":")
    if not colon:
        raise ValueError(f"expected a slice such as 7:-7. Received: {text!r}")
    return slice(int(start) if start else None, int(stop) if stop else None)


def _code(one: slice) -> str:
    return f"{'' if one.start is None else one.start}:{'' if one.stop is None else one.stop}"


ASKED = {
    ("GET", "describe"): described,
    ("GET", "grid"): grid,
    ("GET", "slice"): sliced,
    ("GET", "batch"): batch,
    ("POST", "upload"): uploaded,
}
