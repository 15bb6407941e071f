"""The account of an ONNX file: its nodes, the tensors that they use, and what it comes from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from geartrain.commands.inspection.account import ONNX, Account, Layer
from geartrain.saving.onnx.reader.network import Network, Use, read_network
from geartrain.saving.onnx.reader.table import check_operators
from geartrain.saving.onnx.reader.tensors import Stored
from geartrain.saving.store import StoredTensor


@dataclass(frozen=True)
class _OnnxTensor(StoredTensor):
    """A tensor of an ONNX file, which is in memory."""

    stored: Stored = field(kw_only=True, compare=False)

    def read_whole(self, array: np.ndarray) -> bool:
        """Fill the array."""
        array[...] = self.stored.array()
        return True


def tell_onnx(account: Account) -> None:
    """Tell of a network, and of the operators in it that cannot be loaded here."""
    from geartrain.saving.onnx.reader import operators  # noqa: F401 - enters them in the table

    network = read_network(account.path)
    account.model = {"class": ONNX, "name": network.name}
    account.versions = {"opset": str(network.opset)}
    if network.producer:
        account.versions["made by"] = network.producer[:60]
    account.training = _described(network)
    with account.judged():
        check_operators(network)
    waiting = dict(network.stored)
    for use in network.uses:
        layer = Layer(use.name or next(filter(None, use.outputs), ""), kind=use.operator)
        for name in use.inputs:
            if name in waiting:
                layer.tensors.append(_tensor(waiting.pop(name)))
        layer.tensors += _constants(use)
        account.layers.append(layer)
    for name, stored in waiting.items():
        account.odd(f"{name}: a tensor that no node uses")
        account.layers.append(Layer(name, tensors=[_tensor(stored)]))


def _described(network: Network) -> dict[str, str]:
    """Inputs, outputs and operators in words."""
    inputs = ", ".join(
        f"{one.name} ({' x '.join(map(str, one.sizes))}, {one.dtype})" for one in network.inputs
    )
    counts = Counter(use.operator for use in network.uses)
    used = ", ".join(f"{name} {count}" for name, count in counts.most_common(12))
    more = f", and {len(counts) - 12} more" if len(counts) > 12 else ""
    return {"inputs": inputs, "outputs": ", ".join(network.outputs), "operators": used + more}


def _tensor(stored: Stored) -> StoredTensor:
    return _OnnxTensor(stored.name, stored.shape, stored.dtype, stored=stored)


def _constants(use: Use) -> list[StoredTensor]:
    """The tensors that are attributes of a node."""
    name = use.name or next(filter(None, use.outputs), "")
    return [
        _OnnxTensor(f"{name}.{key}", value.shape, value.dtype, stored=value)
        for key, value in use.attributes.items()
        if isinstance(value, Stored)
    ]
