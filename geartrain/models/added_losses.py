"""Losses that were added to a finished graph of calls, as programs of Keras 2 do."""

from __future__ import annotations

from typing import Any

from geartrain import ops, tree
from geartrain.errors import warn
from geartrain.layers.layer import Layer
from geartrain.layers.symbolic import KerasTensor
from geartrain.models.call_graph import CallGraph


class AddedLosses(Layer):
    """The part of a model that computes such losses beside the outputs."""

    _graph: CallGraph | None
    _beside: CallGraph | None = None  # the graph of the outputs and of the losses
    _added: tuple[Any, ...] = ()

    def add_loss(self, loss: Any) -> None:
        """Add a scalar to the loss of the call that is under way.

        Of a model that is made of calls, `loss` may also be a symbolic tensor that was computed
        of its inputs and outputs: its mean is added at every call. It is not part of files.
        """
        symbolic = [one for one in tree.flatten(loss) if isinstance(one, KerasTensor)]
        if self._graph is None or not symbolic:
            super().add_loss(loss)
            return
        warn(
            f"{self._who()}: add_loss of a symbolic tensor is how older versions of Keras said it. "
            "Call self.add_loss in the call of a layer of yours."
        )
        self._added += tuple(symbolic)
        self._beside = CallGraph(self._graph.inputs, (self._graph.outputs, list(self._added)))

    def _run_graph(self, inputs: Any) -> Any:
        """The outputs of the graph for these inputs; losses are added to those of the call."""
        graph = self._beside or self._graph
        assert graph is not None
        outputs = graph.run(inputs, lambda layer, args, kwargs: layer(*args, **kwargs))
        if self._beside is None:
            return outputs
        outputs, losses = outputs
        for one in losses:
            super().add_loss(ops.mean(one))
        return outputs
