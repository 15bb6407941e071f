"""The values of tensors: read one after the other, checked by their SHA-256s and looked through."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.commands.inspection.account import DIFFERS, NONE, OK, UNREAD, Account
from geartrain.saving.store import StoredTensor


def check_values(account: Account) -> None:
    """Note for each tensor whether its SHA-256 is right; tell of values that are no numbers."""
    for path, tensor in account.tensors.items():
        try:
            array = tensor.read()
        except ValueError as error:
            account.hashes[path] = DIFFERS if tensor.digest else UNREAD
            account.refuse(" ".join(str(error).split()))
            continue
        account.hashes[path] = OK if tensor.digest else NONE
        wrong = count_of_wrong(array)
        if wrong:
            account.odd(
                f"{path}: {wrong:,} of {array.size:,} values are NaN or infinite: whatever is "
                "computed with them is too"
            )


def count_of_wrong(array: np.ndarray) -> int:
    """How many values are NaN or infinite."""
    if array.dtype.kind not in "fV" and array.dtype.name != "bfloat16":
        return 0
    return int(array.size - np.count_nonzero(np.isfinite(array)))


def number_in(tensor: StoredTensor | None) -> Any:
    """The only number of a tensor; None if there are more, or it cannot be read."""
    if tensor is None or tensor.shape != ():
        return None
    try:
        return tensor.read()[()].item()
    except ValueError:
        return None
