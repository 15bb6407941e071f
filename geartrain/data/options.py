"""Options of a data set: accepted as in TensorFlow, where they tune what is not there here."""

from __future__ import annotations

from typing import Any


class Options:
    """Any attributes, each again with any attributes, to be set as programs do.

    >>> options = Options()
    >>> options.experimental_distribute.auto_shard_policy = "OFF"
    >>> options.experimental_distribute.auto_shard_policy
    'OFF'
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__dict__[name] = Options()
        return self.__dict__[name]

    def merge(self, options: Any) -> Options:
        """Both together."""
        merged = Options()
        merged.__dict__.update(self.__dict__, **vars(options))
        return merged
