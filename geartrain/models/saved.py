"""The methods of models that write and read files."""

from __future__ import annotations

from typing import Any

from geartrain import saving


class Saved:
    """Saving and loading, as methods of a model: see `geartrain.saving`."""

    def save(
        self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Save configuration, weights and state of training: `saving.save_model`.

        Args:
            filepath: where to: `"model.keras"`.
            overwrite: whether to replace a file that is there; else the user is asked.
            zipped: False for a folder instead of one file.
            kwargs: `include_optimizer`, for `.h5` files alone.
        """
        saving.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: Any = None
    ) -> None:
        """Save the weights and the optimizer's state: `saving.save_weights`.

        Args:
            filepath: where to: `"model.weights.h5"`.
            overwrite: whether to replace a file that is there; else the user is asked.
            max_shard_size: the most gigabytes of one file, for `"model.weights.json"`.
        """
        saving.save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Load weights, all or on any error none: `saving.load_weights`.

        Args:
            filepath: a file of weights, or of a whole model.
            skip_mismatch: whether to leave layers as they are, with a warning, that do not fit.
            kwargs: `objects_to_skip`, and `by_name` for legacy files.
        """
        saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)
