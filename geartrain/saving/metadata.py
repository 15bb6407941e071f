"""`metadata.json`: who saved a model and when, and how to tell that it was not changed since.

Keras reads none of it. What Geartrain adds under its own name are SHA-256s: of the configuration,
of each tensor (see `store`), and of all bytes of the weights' file that belong to no tensor. The
last is checked before any library reads that file.
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass, field
from typing import Any

from geartrain._version import __version__
from geartrain.saving import plain
from geartrain.saving.hdf5_writer import Laid
from geartrain.saving.store import Store
from geartrain.saving.structure import are_places, changed, check_structure

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
KERAS_VERSION = "3.15.1"  # whose format is written
MOST_BYTES = 16 << 20
_OWN = "geartrain"


@dataclass(frozen=True)
class Metadata:
    """What `metadata.json` says.

    Attributes:
        text: all of it, as plain data.
        config: the SHA-256 of `config.json`; None where the file is another library's.
        structure: that of the weights' file without its tensors.
        places: where these are: `[offset, bytes]`.
        tensors: the digest of each tensor by its path.
        assets: the SHA-256 of each file of a layer by its name.
    """

    text: dict[str, Any] = field(default_factory=dict)
    config: str | None = None
    structure: str | None = None
    places: list[list[int]] = field(default_factory=list)
    tensors: dict[str, str] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)

    def check_config(self, data: bytes, what: str) -> None:
        """Refuse a configuration that was changed since it was written."""
        if self.config is not None and hashlib.sha256(data).hexdigest() != self.config:
            raise changed(f"{what}: {CONFIG}")

    def check_assets(self, files: dict[str, bytes], what: str) -> None:
        """Refuse files of layers that are not those whose digests are listed here."""
        if self.config is not None and _digests(files) != self.assets:
            raise changed(f"{what}: a file below 'assets'")

    def check_structure(self, file: int, offset: int, size: int, what: str) -> None:
        """Refuse a weights' file whose bytes around the tensors were changed."""
        if self.structure is None:
            return
        check_structure(file, offset, size, self.places, self.structure, f"{what}: {WEIGHTS}")

    def check_tensors(self, store: Store, what: str) -> None:
        """Refuse weights that are not those whose digests are listed here."""
        if self.structure is None:
            return
        found = {path: tensor.digest for path, tensor in store.tensors.items()}
        if found != self.tensors:
            raise changed(f"{what}: {METADATA} lists other tensors than {WEIGHTS}, which")


def _digests(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def write_metadata(config: bytes, laid: Laid, assets: dict[str, bytes]) -> bytes:
    """The text of `metadata.json` for a configuration, weights and files of layers."""
    weights = {"structure": laid.structure, "places": laid.places, "tensors": laid.digests}
    digests = {CONFIG: hashlib.sha256(config).hexdigest(), WEIGHTS: weights}
    if assets:
        digests["assets"] = _digests(assets)
    return plain.dump(
        {
            "keras_version": KERAS_VERSION,
            "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
            _OWN: {"version": __version__, "sha256": digests},
        }
    )


def read_metadata(data: bytes, what: str) -> Metadata:
    """What a text says; without digests where it is another library's."""
    text = plain.parse(data, f"{what}: {METADATA}")
    if not isinstance(text, dict):
        raise ValueError(f"{what}: expected an object in {METADATA}. Received: {text!r:.80}")
    if _OWN not in text:
        return Metadata(text)
    try:
        digests = text[_OWN]["sha256"]
        config, weights, assets = digests[CONFIG], digests[WEIGHTS], digests.get("assets", {})
        structure, places, tensors = (weights[k] for k in ("structure", "places", "tensors"))
        good = (
            all(isinstance(one, str) for one in (config, structure, *tensors.values()))
            and all(isinstance(one, str) for one in assets.values())
            and are_places(places)
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        good = False
    if not good:
        raise changed(f"{what}: {METADATA}")
    return Metadata(text, config, structure, places, tensors, assets)
