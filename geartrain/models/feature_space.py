"""Columns of a table made ready for a network: numbers, categories, and crosses of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from geartrain import layers, saving
from geartrain.errors import shown
from geartrain.graph.eager import eager
from geartrain.layers.arguments import one_of
from geartrain.layers.layer import Layer
from geartrain.models.features import KINDS, Cross, Feature, Kinds
from geartrain.registry import register
from geartrain.serialization import deserialize_each, serialize
from geartrain.utils.texts import as_texts

_BATCH = 32  # rows that layers learn from at a time, as in Keras


@register("feature_space")
class FeatureSpace(Kinds, Layer):
    """Turns the columns of a table into one vector for each row, or into a vector for each column.

    Args:
        features: for each column its kind: `"float"`, `"float_normalized"`, `"float_rescaled"`,
            `"float_discretized"`, `"integer_categorical"`, `"string_categorical"`,
            `"integer_hashed"`, `"string_hashed"`, or what the method of that name returns, such as
            `FeatureSpace.string_categorical(max_tokens=9)`.
        output_mode: `"concat"` for one vector, with the columns in the order of their names, or
            `"dict"`.
        crosses: names of features to make one of by their hash: `[("city", "hour")]`.
        crossing_dim: the length of the vectors of crosses.
        hashing_dim: that of hashed features.
        num_discretization_bins: that of discretized features.
        name: see `Layer`.

    Call: a dict of arrays of shape (batch,) or (batch, 1), or of scalars for one row. In a model
    use `get_inputs()` and `get_encoded_features()`.

    Raises ValueError for other kinds, unknown features in `crosses`, and a call before `adapt`.

    >>> space = FeatureSpace({"age": "float_normalized", "city": "string_categorical"})
    >>> space.adapt({"age": [20.0, 40.0], "city": ["Oslo", "Rome"]})
    >>> space({"age": [20.0], "city": ["Rome"]})
    array([[-1.,  0.,  1.,  0.]], dtype=float32)
    """

    keras_module = "keras.utils"

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Sequence[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ValueError(
                f"{self._who()}: The `features` argument cannot be None or empty. Received: "
                f"{features!r}"
            )
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = one_of(self, "output_mode", output_mode, ("concat", "dict"))
        self.features = {key: self._feature(key, kind) for key, kind in features.items()}
        self.crosses = [self._cross(cross) for cross in crosses or ()]
        self.crosses_by_name = {cross.name: cross for cross in self.crosses}
        self.inputs = {
            key: layers.Input((1,), dtype=one.dtype, name=key) for key, one in self.features.items()
        }
        self.preprocessors = {key: one.preprocessor for key, one in self.features.items()}
        self.crossers = {
            cross.name: layers.HashedCrossing(cross.crossing_dim, name=cross.name)
            for cross in self.crosses
        }
        self.one_hot_encoders: dict[str, Any] = {}
        self.concat: Any = None
        self.encoded_features: Any = None
        self._is_adapted = False

    def _feature(self, name: str, kind: Any) -> Feature:
        if isinstance(kind, Feature):
            return kind
        sizes = {
            "float_discretized": (self.num_discretization_bins,),
            "integer_hashed": (self.hashing_dim,),
            "string_hashed": (self.hashing_dim,),
        }
        one_of(self, "a kind of feature", kind, KINDS)
        made: Feature = getattr(self, kind)(*sizes.get(kind, ()), name=name)
        return made

    def _cross(self, cross: Any) -> Cross:
        made = cross if isinstance(cross, Cross) else Cross(cross, self.crossing_dim)
        unknown = [name for name in made.feature_names if name not in self.features]
        if unknown:
            raise ValueError(
                f"{self._who()}: All features referenced in the `crosses` argument should be "
                f"present in the `features` dict. Received: unknown features {unknown}"
            )
        return made

    # -- adapt ------------------------------------------------------------------------------------

    def _learning(self) -> list[str]:
        """The features whose layers learn from data."""
        return [
            name
            for name, layer in self.preprocessors.items()
            if hasattr(layer, "adapt")
            and getattr(layer, "input_mean", None) is None
            and not (isinstance(layer, layers.Discretization) and layer.num_bins is None)
            and not getattr(getattr(layer, "_lookup_layer", layer), "_fixed", False)
        ]

    def adapt(self, dataset: Any) -> None:
        """Let the layers of the features learn from data.

        Args:
            dataset: a dict of arrays or lists, or a data set of dicts, which can be gone through
                more than once.

        Raises ValueError for anything else.
        """
        good = isinstance(dataset, Mapping)
        if not good and isinstance(dataset, Iterable) and iter(dataset) is not dataset:
            good = isinstance(next(iter(dataset), None), Mapping)
        if not good:
            raise ValueError(
                f"{self._who()}: `adapt()` can only be called on a data set of dicts or a dict of "
                f"arrays/lists. Received: {shown(dataset)}"
            )
        for name in self._learning():
            if isinstance(dataset, Mapping):
                column = _column(dataset[name])
                rows = range(0, len(column), _BATCH)
                batches = iter([column[at : at + _BATCH] for at in rows])
            else:
                batches = _batched(np.asarray(row[name]) for row in dataset)
            self.preprocessors[name].adapt(batches)
        self._is_adapted = True
        self.get_encoded_features()

    def _check_adapted(self) -> None:
        if not self._is_adapted and self._learning():
            raise ValueError(
                f"{self._who()}: You need to call `.adapt(dataset)` on the FeatureSpace before you "
                f"can start using it. Received: features that learn, {self._learning()}"
            )

    # -- calls ------------------------------------------------------------------------------------

    def get_inputs(self) -> dict[str, Any]:
        """The symbolic inputs, of shape (batch, 1), by feature."""
        self._check_adapted()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """The symbolic output for `get_inputs()`."""
        self._check_adapted()
        if self.encoded_features is None:
            self.encoded_features = self._encoded(self.inputs)
            self.built = True
        return self.encoded_features

    def _encoded(self, columns: Mapping[str, Any]) -> Any:
        read = {name: layer(columns[name]) for name, layer in self.preprocessors.items()}
        crossed = {
            cross.name: self.crossers[cross.name]([read[name] for name in cross.feature_names])
            for cross in self.crosses
        }
        specs: dict[str, Any] = {**self.features, **self.crosses_by_name}
        found = {}
        for name, tensor in [*sorted(read.items()), *sorted(crossed.items())]:
            found[name] = self._as_vector(name, tensor, specs[name].output_mode)
        if self.output_mode == "dict":
            return found
        if self.concat is None:
            self.concat = layers.Concatenate(axis=-1)
        several = [*found.values()]
        return self.concat(several) if len(several) > 1 else several[0]

    def _as_vector(self, name: str, tensor: Any, mode: str) -> Any:
        """A column with its categories as vectors."""
        whole = "int" in str(tensor.dtype)
        if mode == "one_hot":
            if not whole:
                raise ValueError(
                    f"{self._who()}: Feature {name!r} has `output_mode='one_hot'`. Thus its "
                    f"preprocessor should return an integer dtype. Received: {tensor.dtype}"
                )
            if name not in self.one_hot_encoders:
                size = self._categories(name)
                self.one_hot_encoders[name] = layers.CategoryEncoding(size, output_mode="multi_hot")
            return self.one_hot_encoders[name](tensor)
        if self.output_mode == "concat" and (whole or tensor.dtype == "string"):
            raise ValueError(
                f"{self._who()}: Cannot concatenate features because feature {name!r} has not been "
                f"encoded. Received: dtype {tensor.dtype}. Consider using `output_mode='dict'`."
            )
        return tensor

    def _categories(self, name: str) -> int:
        layer = self.preprocessors.get(name) or self.crossers[name]
        if isinstance(layer, layers.IntegerLookup | layers.StringLookup):
            return layer.vocabulary_size()
        if isinstance(layer, layers.Discretization) and layer.num_bins is None:
            return len(layer.bin_boundaries or ()) + 1
        size = getattr(layer, "num_bins", None) or getattr(layer, "num_tokens", None)
        if size is None:
            raise ValueError(
                f"{self._who()}: Feature {name!r} has `output_mode='one_hot'`, but the "
                "dimensionality of its output space is not known. Received: a "
                f"{type(layer).__name__}. Try using `output_mode='int'`."
            )
        return int(size)

    def __call__(self, data: Any) -> Any:  # type: ignore[override]
        """The vectors for a dict of columns, or of single values."""
        self._check_adapted()
        if not isinstance(data, Mapping):
            raise ValueError(
                f"{self._who()}: A FeatureSpace can only be called with a dict. Received: "
                f"{shown(data)}"
            )
        self.get_encoded_features()  # makes what is not there yet
        alone = all(not np.shape(data[name]) for name in self.features)
        columns = {name: _column(data[name]) for name in self.features}
        found = self._encoded(columns)
        if not alone:
            return found
        if self.output_mode == "concat":
            return eager(np.asarray(found[0]))
        return {name: eager(np.asarray(one[0])) for name, one in found.items()}

    # -- files ------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments; what was learned goes into files by itself."""
        return {
            "features": {name: serialize(one) for name, one in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": serialize(self.crosses),
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The feature space that `get_config` described."""
        return cls(**deserialize_each(config))

    def get_build_config(self) -> dict[str, Any] | None:
        """That of each feature's layer."""
        return {name: layer.get_build_config() for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build the features' layers; they are taken as adapted."""
        for name, one in config.items():
            layer = self.preprocessors[name]
            if not layer.built and one is not None:
                layer.build_from_config(one)
        self._is_adapted = True

    def save(self, filepath: Any) -> None:
        """Save it as a `.keras` file, which `keras.models.load_model` reads."""
        saving.save_model(self, filepath)

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        return {**super()._copied_state(parts), "adapted": self.encoded_features is not None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what is there beside the features' layers, which are copied by themselves."""
        if state["adapted"]:
            self._is_adapted = True
            self.get_encoded_features()
        super().__setstate__(state)

    def save_own_variables(self, store: Any) -> None:
        """Nothing: the layers have what was learned."""

    def load_own_variables(self, store: Any) -> None:
        """Nothing: the layers have what was learned."""


def _column(values: Any) -> np.ndarray:
    """A column, a single value too, of shape (batch, 1) or more."""
    texts = as_texts(values)
    array = np.asarray(values) if texts is None else texts
    if array.dtype == np.float64:
        array = array.astype(np.float32)
    return array.reshape(-1, 1) if array.ndim < 2 else array


def _batched(elements: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Batches of a data set's values of one feature, which may come one by one."""
    waiting: list[np.ndarray] = []
    for element in elements:
        if element.ndim:
            yield _column(element)
            continue
        waiting.append(element)
        if len(waiting) == _BATCH:
            yield _column(np.array(waiting))
            waiting = []
    if waiting:
        yield _column(np.array(waiting))
