"""Layers as functions of their variables: nothing is changed, all that is new is returned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain.errors import describe_value
from geartrain.layers.weighted import Weighted
from geartrain.runtime.staging import Staging
from geartrain.runtime.variable import Variable


class Stateless(Weighted):
    """The part of a layer that calls it with other values of its variables."""

    @property
    def path(self) -> str | None:
        """The names of the layers that it was built in, and its own, as in `Variable.path`.

        None before it is built.
        """
        return self._path

    @property
    def metrics_variables(self) -> list[Variable]:
        """The variables of the metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def stateless_call(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Call the layer with given values of its variables, and leave these as they are.

        Args:
            trainable_variables: a value for each of `trainable_variables`.
            non_trainable_variables: a value for each of `non_trainable_variables`.
            *args, **kwargs: what the layer is called with.
            return_losses: whether to return the list `losses` of this call too.

        Returns:
            The outputs and the new values of the non-trainable variables (statistics, random
            seeds); with `return_losses` the losses as the third.

        Raises ValueError for a layer that is not built, and for values that do not fit.

        >>> import numpy as np
        >>> from geartrain import layers
        >>> layer = layers.Dense(1)
        >>> layer.build((None, 2))
        >>> values = [np.ones((2, 1), "float32"), np.ones(1, "float32")]
        >>> layer.stateless_call(values, [], np.float32([[3, 4]]))
        (array([[8.]], dtype=float32), [])
        """
        if not self.built:
            raise ValueError(
                f"{self._who()}: expected a layer that is built, for stateless_call. Received one "
                "without weights. Call it, or build(input_shape), first."
            )
        fixed = self.non_trainable_variables
        with Staging() as staged:
            self._assign_each("trainable_variables", self.trainable_variables, trainable_variables)
            self._assign_each("non_trainable_variables", fixed, non_trainable_variables)
            outputs = self(*args, **kwargs)
            losses = list(self.losses) if return_losses else []
            after = [staged.read(variable) for variable in fixed]
        return (outputs, after, losses) if return_losses else (outputs, after)

    def _assign_each(self, name: str, own: Sequence[Variable], values: Sequence[Any]) -> None:
        if len(own) != len(values):
            raise ValueError(
                f"{self._who()}: expected {len(own)} values as {name}, one for "
                f"each of {[variable.path for variable in own]}. Received: {len(values)}"
            )
        for variable, value in zip(own, values, strict=True):
            if tuple(getattr(value, "shape", np.shape(value))) != variable.shape:
                raise ValueError(
                    f"{self._who()}: expected a value of shape {variable.shape} for "
                    f"{variable.path!r} in {name}. Received: {describe_value(value)}"
                )
            variable.assign(value)
