"""The kinds of columns that a `FeatureSpace` knows."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from geartrain import layers
from geartrain.configurable import Configurable
from geartrain.layers.arguments import one_of
from geartrain.registry import automatic_name, register

FILE = "keras.src.layers.preprocessing.feature_space"  # where Keras's files say they are
KINDS = (
    "float", "float_normalized", "float_rescaled", "float_discretized", "integer_categorical",
    "string_categorical", "integer_hashed", "string_hashed",
)  # fmt: skip


class _Part(Configurable):
    """Base of what a `FeatureSpace` is described by."""

    keras_module = FILE

    def _who(self) -> str:
        return f"FeatureSpace.{type(self).__name__.lower()}"


@register("feature_space")
class Cross(_Part):
    """Features that become one: see `FeatureSpace.cross`."""

    def __init__(
        self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> None:
        self.feature_names, self.crossing_dim = tuple(feature_names), crossing_dim
        self.output_mode = one_of(self, "output_mode", output_mode, ("int", "one_hot"))

    @property
    def name(self) -> str:
        """The features' names, joined."""
        return "_X_".join(self.feature_names)


@register("feature_space")
class Feature(_Part):
    """How a column is read: see `FeatureSpace.feature`."""

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        self.dtype, self.preprocessor = dtype, preprocessor
        self.output_mode = one_of(self, "output_mode", output_mode, ("int", "one_hot", "float"))


@register("feature_space")
class TFDIdentity(layers.Identity):
    """The preprocessor of plain numbers, as Keras's files call it."""

    keras_module = FILE


class Kinds:
    """Makes features of each kind."""

    @classmethod
    def cross(
        cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> Cross:
        """Several features as one, by their hash: for `crosses`."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A column that a layer of one's own reads.

        Args:
            dtype: of the column.
            preprocessor: the layer.
            output_mode: `"float"` to take its output as it is, `"one_hot"` or `"int"`.
        """
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Numbers as they are."""
        return Feature("float32", TFDIdentity(name=_named(name, "float")), "float")

    @classmethod
    def float_rescaled(
        cls, scale: builtins.float = 1.0, offset: builtins.float = 0.0, name: str | None = None
    ) -> Feature:
        """Numbers times `scale`, plus `offset`."""
        layer = layers.Rescaling(scale, offset, name=_named(name, "float_rescaled"))
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Numbers brought to mean 0 and variance 1."""
        layer = layers.Normalization(axis=-1, name=_named(name, "float_normalized"))
        return Feature("float32", layer, "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int,
        bin_boundaries: Sequence[builtins.float] | None = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """The bin that a number falls into; bins have about as many samples each."""
        layer = layers.Discretization(
            bin_boundaries, num_bins, name=_named(name, "float_discretized")
        )
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Whole numbers as categories: see `IntegerLookup`."""
        layer = layers.IntegerLookup(
            max_tokens, num_oov_indices, name=_named(name, "integer_categorical")
        )
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Strings as categories: see `StringLookup`."""
        layer = layers.StringLookup(
            max_tokens, num_oov_indices, name=_named(name, "string_categorical")
        )
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Strings by their hash: see `Hashing`."""
        return Feature(
            "string", layers.Hashing(num_bins, name=_named(name, "string_hashed")), output_mode
        )

    @classmethod
    def integer_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Whole numbers by their hash: see `Hashing`."""
        return Feature(
            "int32", layers.Hashing(num_bins, name=_named(name, "integer_hashed")), output_mode
        )


def _named(name: str | None, kind: str) -> str:
    return f"{name or automatic_name(kind)}_preprocessor"
