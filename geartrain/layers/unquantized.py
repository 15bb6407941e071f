"""What Keras's layers offer besides, that has no meaning here: quantization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain.layers.copying import Copied


class Unquantized(Copied):
    """The part of a layer that says so."""

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
        """The layer's function as it is: what programs keep is decided by their compiler."""
        return layer_call
