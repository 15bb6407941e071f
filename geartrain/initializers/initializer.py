"""The base class of initializers."""

from __future__ import annotations

from typing import Any

from geartrain.configurable import Configurable
from geartrain.registry import register


@register("initializers")
class Initializer(Configurable):
    """First values of a weight, as a function of its shape and dtype.

    >>> class Halves(Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return Constant(0.5)(shape, dtype)
    >>> from geartrain.initializers import Constant
    >>> Halves()((2,))
    array([0.5, 0.5], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values, of shape `shape` and dtype `dtype` (`floatx()` by default)."""
        raise NotImplementedError(
            f"{type(self).__name__}: an initializer needs a method __call__(self, shape, dtype)."
        )

    def clone(self) -> Any:
        """A new initializer with the same arguments."""
        return self.from_config(self.get_config())
