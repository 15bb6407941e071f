"""Which dtype a layer keeps its weights in, and which it computes in."""

from __future__ import annotations

from typing import Any

from geartrain import config
from geartrain.errors import shown
from geartrain.graph.dtypes import is_float, standardize_dtype
from geartrain.graph.node import Node
from geartrain.ops.operands import dtype_of, operand
from geartrain.registry import register
from geartrain.serialization import deserialize, deserialize_each, serialize

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

    @property
    def quantization_mode(self) -> None:
        """None: nothing is quantized here."""
        return None

    def convert_input(self, x: Any, autocast: bool, dtype: Any) -> Any:
        """A tensor, in `dtype` if it holds fractions and `autocast` is set; else as it is."""
        if not (hasattr(x, "__array__") or isinstance(x, Node)):
            return x
        tensor = operand(x)
        name = standardize_dtype(dtype)
        cast = autocast and is_float(dtype_of(tensor)) and dtype_of(tensor) != name
        return operand(tensor, name) if cast else tensor

    @classmethod
    def of(cls, given: Any, path: str = "") -> DTypePolicy:
        """The policy that the `dtype` of the layer at `path` means; None means the default."""
        if given is None:
            return dtype_policy()
        if isinstance(given, DTypePolicy):
            return given
        if isinstance(given, dict):
            made = deserialize(given, family="dtype_policies")
            if isinstance(made, dict):
                raise ValueError(
                    "dtype_policies: expected the config of a policy, with its class_name. "
                    f"Received: {shown(given)}"
                )
            return cls.of(made, path)
        if isinstance(given, DTypePolicyMap):
            return given[path]
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


@register("dtype_policies")
class DTypePolicyMap:
    """Policies by layer, as some of Keras's files have them in the place of one.

    Args:
        default_policy: the policy of layers that are not named; by default `dtype_policy()`.
        policy_map: policies by the layer's path, or a part of it. Paths are plain text here: Keras
            takes them for patterns, which a file could choose so that they take for ever.

    Raises ValueError for two that fit.

    >>> policies = DTypePolicyMap(policy_map={"decoder": DTypePolicy("bfloat16")})
    >>> policies["decoder/dense"], policies["encoder/dense"]
    (<DTypePolicy "bfloat16">, <DTypePolicy "float32">)
    """

    def __init__(
        self, default_policy: Any = None, policy_map: dict[str, DTypePolicy] | None = None
    ) -> None:
        self._given = None if default_policy is None else DTypePolicy.of(default_policy)
        self.policy_map = {path: DTypePolicy.of(one) for path, one in (policy_map or {}).items()}

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of layers that are not named."""
        return self._given or dtype_policy()

    def __getitem__(self, path: str) -> DTypePolicy:
        """The policy of the layer at `path`."""
        if path in self.policy_map:
            return self.policy_map[path]
        fitting = [part for part in self.policy_map if part in path]
        if len(fitting) > 1:
            raise ValueError(
                f"DTypePolicyMap: expected one policy for {path!r}. Received: {fitting}"
            )
        return self.policy_map[fitting[0]] if fitting else self.default_policy

    def __len__(self) -> int:
        return len(self.policy_map)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the policies."""
        return {
            "default_policy": serialize(self._given),
            "policy_map": {path: serialize(one) for path, one in self.policy_map.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicyMap:
        """The policies that `get_config` described."""
        return cls(**deserialize_each(config))


def get(identifier: Any) -> DTypePolicy:
    """The policy that a name, a dtype, a config or a policy means; None for the one that is set.

    >>> get("mixed_bfloat16"), get(None)
    (<DTypePolicy "mixed_bfloat16">, <DTypePolicy "float32">)
    """
    return DTypePolicy.of(identifier)


def dtype_policy() -> DTypePolicy:
    """The policy of layers that name none: `floatx()` unless set."""
    return _default[-1] if _default else DTypePolicy()


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of layers that name none."""
    _default[:] = [policy if isinstance(policy, DTypePolicy) else DTypePolicy(policy)]
