"""Names of files, as programs give them."""

from __future__ import annotations

import os
from typing import Any

from geartrain.data.base import Base
from geartrain.data.elements import as_tensor
from geartrain.errors import shown


def paths_of(who: str, given: Any) -> list[str]:
    """The names in a text, a path, a list, a tensor or a data set of such.

    Raises TypeError for anything else.

    >>> paths_of("list_files", ["a.txt", b"b.txt"])
    ['a.txt', 'b.txt']
    """
    if isinstance(given, str | bytes | os.PathLike):
        return [os.fsdecode(given)]
    if isinstance(given, Base | list | tuple):
        return [path for one in given for path in paths_of(who, one)]
    tensor = as_tensor(given)
    if getattr(tensor, "dtype", None) is None or tensor.dtype.kind not in "USOT":
        raise TypeError(f"{who}: expected names of files. Received: {shown(given)}")
    return [os.fsdecode(name) for name in tensor.reshape(-1).tolist()]
