"""The dtypes of layers; and what has no meaning here, quantization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain.dtype_policies import DTypePolicy
from geartrain.layers.copying import Copied
from geartrain.layers.remat_scope import RematMode, rematerialized


class Typed(Copied):
    """The part of a layer that says what it keeps its weights in, and what it computes in."""

    _remat_mode: RematMode | None = None

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The dtypes of weights and of computation; set by a policy, or what names one."""
        policy: DTypePolicy = self.__dict__["_dtype_policy"]
        return policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        self.__dict__["_dtype_policy"] = DTypePolicy.of(value, self.name)

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self.dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype that float inputs are cast to."""
        return self.dtype_policy.compute_dtype

    @property
    def input_dtype(self) -> str:
        """The same: what inputs become."""
        return self.compute_dtype

    @property
    def quantization_mode(self) -> None:
        """None: nothing is quantized here."""
        return None

    def quantize(
        self, mode: Any = None, type_check: bool = True, config: Any = None, **kwargs: Any
    ) -> None:
        """Refused: raises NotImplementedError, with what to do instead."""
        raise self._not_here("quantize", f"mode={mode!r}")

    def quantized_build(self, input_shape: Any, mode: Any) -> None:
        """Refused: see `quantize`."""
        raise self._not_here("quantized_build", f"mode={mode!r}")

    def quantized_call(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: see `quantize`."""
        raise self._not_here("quantized_call", "a call")

    def _not_here(self, method: str, received: str) -> NotImplementedError:
        return NotImplementedError(
            f"{self._who()}: expected no quantization, which is not supported. Received: {method} "
            f"with {received}. For smaller and faster models use dtype='mixed_bfloat16', or "
            "export(format='onnx') and quantize the file."
        )

    def rematerialized_call(
        self, layer_call: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Callable[..., Any]:
        """The layer's function as the `RematScope` wants it that the layer was made in."""
        mode = self._remat_mode
        return rematerialized(self, mode, layer_call) if mode else layer_call
