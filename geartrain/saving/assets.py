"""Files of layers: what `save_assets` writes into a folder, and `load_assets` finds there again.

The folder of the part at path P is `assets/P` of the model's file. It exists on the disk only
while the layer's own code runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geartrain.saving.archive import Archive
from geartrain.saving.paths import Part, Walk

ASSETS = "assets"
MOST_ASSET = 1 << 31  # of one file


def collect_assets(whole: Part) -> dict[str, bytes]:
    """The files of a model's parts, by their names in the model's file.

    Raises ValueError for a name that is not in ASCII.
    """
    found: dict[str, bytes] = {}

    def keep(path: str, part: Any) -> bool:
        if hasattr(part, "save_assets"):
            import tempfile

            with tempfile.TemporaryDirectory() as folder:
                part.save_assets(folder)
                for file in sorted(Path(folder).rglob("*")):
                    if file.is_file() and not file.is_symlink():
                        found[_name(path, file.relative_to(folder).as_posix())] = file.read_bytes()
        return True

    Walk(keep).run(whole)
    return found


def _name(path: str, file: str) -> str:
    name = "/".join(part for part in (ASSETS, path, file) if part)
    if not name.isascii():
        raise ValueError(
            f"save: expected names in ASCII from save_assets. Received: {file!r}. Call the file "
            "otherwise."
        )
    return name


def assets_in(archive: Archive) -> list[str]:
    """The names of the files of a model's parts."""
    return [name for name in archive.members if name.startswith(f"{ASSETS}/")]


def restore_assets(whole: Part, archive: Archive) -> None:
    """Give the parts of a model their files.

    Raises ValueError for files that no part reads: its state would be lost.
    """
    names = assets_in(archive)
    if not names:
        return
    import tempfile

    left = {name for name in names if archive.members[name].size}

    def give(path: str, part: Any) -> bool:
        prefix = f"{ASSETS}/{path}/" if path else f"{ASSETS}/"
        own = [name for name in names if name.startswith(prefix)]
        if own and hasattr(part, "load_assets"):
            left.difference_update(own)
            with tempfile.TemporaryDirectory() as folder:
                for name in own:
                    place = Path(folder, name.removeprefix(prefix))
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(archive.read(name, MOST_ASSET))
                part.load_assets(folder)
        return True

    Walk(give).run(whole)
    for name in sorted(left):
        raise archive.refuse(
            "files of layers that read them", f"{name!r}, which no layer of the model reads"
        )
