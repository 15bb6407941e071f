"""What the groups share: a recording of cases and arrays, and seeded inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np


class Recording:
    """Cases (plain JSON) that refer to arrays by key; equal arrays are stored once."""

    def __init__(self, note: str, **facts: Any) -> None:
        import jax
        import keras

        versions = {"keras": keras.__version__, "backend": "jax", "jax": jax.__version__}
        self.head = {**versions, "note": " ".join(note.split()), **facts}
        self.cases: list[dict[str, Any]] = []
        self.arrays: dict[str, np.ndarray] = {}
        self._key_by_content: dict[tuple, str] = {}

    def array(self, key: str, value: Any) -> str:
        """Store `value` and return the key under which it is found."""
        value = np.asarray(value)
        if value.dtype == np.float64:
            value = value.astype(np.float32)
        if value.dtype == object or value.dtype.kind == "V":
            raise TypeError(f"{key}: an array of dtype {value.dtype} cannot be stored")
        content = (value.dtype.str, value.shape, value.tobytes())
        known = self._key_by_content.setdefault(content, key)
        if known == key:
            if key in self.arrays and self.arrays[key].tobytes() != value.tobytes():
                raise ValueError(f"two different arrays are named {key!r}")
            self.arrays[key] = value
        return known

    def case(self, **spec: Any) -> None:
        """Add a case; its name must be new."""
        if any(case["name"] == spec["name"] for case in self.cases):
            raise ValueError(f"two cases are named {spec['name']!r}")
        self.cases.append(spec)

    def write(self, path: Path) -> int:
        """Write `path`.json, one case a line, and `path`.npz; return their size in bytes."""
        lines = [json.dumps(case, allow_nan=False) for case in self.cases]
        head = json.dumps(self.head, indent=1, allow_nan=False)[1:-2]
        text = "{" + head + ',\n "cases": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"
        json_path, npz_path = path.with_suffix(".json"), path.with_suffix(".npz")
        json_path.write_text(text)
        size = json_path.stat().st_size
        if self.arrays:
            np.savez_compressed(npz_path, **dict(sorted(self.arrays.items())))
            size += npz_path.stat().st_size
        return size


def generator(name: str) -> np.random.Generator:
    """A generator whose numbers depend on `name` alone."""
    return np.random.default_rng(list(name.encode()))


def normal(name: str, shape: tuple[int, ...], scale: float = 1.0) -> np.ndarray:
    """Seeded normal float32 numbers, rounded so that they compress and print well."""
    drawn = generator(name).standard_normal(shape) * scale
    return np.asarray(drawn.round(3), np.float32)


def uniform(name: str, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Seeded uniform float32 numbers, rounded likewise."""
    return np.asarray(generator(name).uniform(low, high, shape).round(3), np.float32)


def integers(name: str, shape: tuple[int, ...], high: int) -> np.ndarray:
    """Seeded int32 numbers of [0, high)."""
    return generator(name).integers(0, high, shape).astype(np.int32)


def jsonable(config: Any) -> Any:
    """`config` with arrays, NumPy numbers and tuples made plain, to be written as JSON."""
    if isinstance(config, dict):
        return {key: jsonable(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [jsonable(value) for value in config]
    return config.tolist() if hasattr(config, "tolist") else config


def args(**arguments: Any) -> dict[str, Any]:
    """The arguments as a dictionary: `args(delta=2.0)`."""
    return arguments
