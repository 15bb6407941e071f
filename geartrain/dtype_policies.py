"""Which dtype a layer keeps its weights in, and which it computes in."""

from __future__ import annotations

from typing import Any

from geartrain import config
from geartrain.graph.dtypes import standardize_dtype
from geartrain.registry import register
from geartrain.serialization import deserialize

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
_default: list[DTypePolicy] = []


@register("dtype_policies")
class DTypePolicy:
    """A dtype for the weights and one for the computation.

    Args:
        name: a dtype's name for both, or `"mixed_bfloat16"`, `"mixed_float16"`: weights in
            float32, computation in the smaller type.

    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.variable_dtype, policy.compute_dtype
    ('float32', 'bfloat16')
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or config.floatx()
        self.compute_dtype = _MIXED.get(self.name) or standardize_dtype(self.name)
        self.variable_dtype = "float32" if self.name in _MIXED else self.compute_dtype

    @classmethod
    def of(cls, given: Any) -> DTypePolicy:
        """The policy that a layer's `dtype` argument means; None means the default."""
        if given is None:
            return dtype_policy()
        if isinstance(given, DTypePolicy):
            return given
        if isinstance(given, dict):
            return cls.of(deserialize(given, family="dtype_policies"))
        return cls(given if given in _MIXED else standardize_dtype(given))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the policy."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """The policy that `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


def dtype_policy() -> DTypePolicy:
    """The policy of layers that name none: `floatx()` unless set."""
    return _default[-1] if _default else DTypePolicy()


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of layers that name none."""
    _default[:] = [policy if isinstance(policy, DTypePolicy) else DTypePolicy(policy)]
