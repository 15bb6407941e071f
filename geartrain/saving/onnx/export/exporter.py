"""Runs a model symbolically and says in ONNX what it does.

The model is called as it is, on symbolic tensors. Wherever one of its layers would compute, the
exporter is asked first (`layers.context.instead_of_calls`): if the table of layers has a rule for
the layer's class, the rule writes ONNX's own operator. Otherwise the layer's `call` runs, in which
the layers inside of it are asked about in turn, and the primitive ops that it was made of are
translated one by one.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, MutableMapping
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Constant, Node, sorted_nodes
from geartrain.layers.context import current_context, instead_of_calls
from geartrain.layers.on_host import HostLayer
from geartrain.ops.logits import note_of
from geartrain.registry import public_name
from geartrain.runtime.variable import Variable
from geartrain.saving.onnx.export.extents import Extents
from geartrain.saving.onnx.export.graph import OnnxGraph, Unsupported, Value
from geartrain.saving.onnx.export.layers import RULES
from geartrain.saving.onnx.export.primitives import TRANSLATIONS
from geartrain.saving.onnx.export.primitives.table import widened


class Exporter:
    """What is known while a model is written.

    Args:
        graph: the ONNX graph in the making.
        extents: the sizes of axes.

    Attributes:
        values: for each symbolic tensor that is written, its value in the graph.
        layers: the path and the class of each layer that was called.
    """

    def __init__(self, graph: OnnxGraph, extents: Extents) -> None:
        self.graph, self.extents = graph, extents
        self.values: MutableMapping[Node, Any] = {}
        self.layers: dict[str, str] = {}
        self._weights: dict[Any, str] = {}
        self._untrained: set[Variable] = set()

    def within(self, values: dict[Node, Any]) -> Exporter:
        """The exporter for the body of a loop, which sees what is outside of it as well."""
        inner = Exporter(self.graph, self.extents)
        inner.values = ChainMap(dict(values), self.values)
        inner._weights = self._weights
        return inner

    # -- tensors ----------------------------------------------------------------------------------

    def value(self, tensor: Any) -> Value:
        """The value of a tensor; what it is made of is translated first."""
        node = Node.wrap(tensor)
        for one in sorted_nodes([node], self.values):
            if one not in self.values:
                self.values[one] = self._translated(one)
        return self.values[node]

    def known(self, arguments: Any) -> bool:
        """Whether the tensors among the arguments are made of what is written, or can be."""
        nodes = [x for x in tree.flatten(arguments) if isinstance(x, Node)]
        leaves = [n for n in sorted_nodes(nodes, self.values) if n.op is None]
        return all(n in self.values or isinstance(n.leaf, Constant | Variable) for n in leaves)

    def _translated(self, node: Node) -> Value:
        if node.op is None:
            if isinstance(node.leaf, Constant):
                return self._array(node.leaf.value)
            assert isinstance(node.leaf, Variable), node
            return self.weight(node.leaf)
        if node.op.name not in TRANSLATIONS:
            raise Unsupported(
                f"the op {node.op.name!r} has no translation", "Leave it out of the model."
            )
        softmax = self._softmax(node)
        if softmax is not None:
            return softmax
        sources = [self.values[source] for source in node.sources]
        made: Value = TRANSLATIONS[node.op.name](self, node, *sources, **node.params)
        return made

    def _softmax(self, node: Node) -> Value | None:
        """The operator, for the last of the ops that a softmax is made of."""
        note = note_of(node)
        if note is None or note[1] != "softmax" or note[0] not in self.values:
            return None
        logits, _, axis = note
        axes = axis if isinstance(axis, tuple) else (axis,)
        if axis is None or len(axes) != 1 or logits.dtype != node.dtype:
            return None
        return self.graph.node("Softmax", self.values[logits], axis=axes[0])

    def weight(
        self,
        variable: Any,
        arranged: Callable[[np.ndarray], np.ndarray] | None = None,
        dtype: str | None = None,
        key: Any = "",
    ) -> str:
        """A variable's values as a constant that has its path as name.

        Args:
            variable: the variable; or what is computed of some, as weights adapted by low rank are.
            arranged: puts the values in the order that the operator wants.
            dtype: the type to keep them in; the variable's own by default.
            key: tells different arrangements of one variable apart.
        """
        place = (variable, dtype, key)
        if place not in self._weights:
            values, name = _values_of(variable)
            array = values if arranged is None else arranged(values)
            wanted = numpy_dtype(self.dtype(dtype or variable.dtype))
            array = np.ascontiguousarray(array, wanted).reshape(array.shape)
            self._weights[place] = self.graph.constant(array, name)
        return self._weights[place]

    def frozen(self) -> list[str]:
        """The names of weights that layers were told not to train."""
        return [
            name for (variable, *_), name in self._weights.items() if variable in self._untrained
        ]

    # -- types ------------------------------------------------------------------------------------

    def dtype(self, name: str) -> str:
        """The type that a file has for ours: float32 for bfloat16, in which few can compute."""
        return "float32" if name == "bfloat16" else name

    def wide(self, name: str) -> str:
        """The type in which to compute with numbers of ours."""
        return widened(self.dtype(name))

    def cast(self, value: Value, dtype: str, known: str | None = None) -> Value:
        """A value in another type; itself if it is `known` to be in that already."""
        wanted = self.dtype(dtype)
        if not isinstance(value, str):
            return value.astype(wanted)
        if known is not None and self.dtype(known) == wanted:
            return value
        return self.graph.node("Cast", value, to=wanted)

    def _array(self, array: np.ndarray) -> np.ndarray:
        return np.asarray(array, numpy_dtype(self.dtype(array.dtype.name)))

    # -- layers -----------------------------------------------------------------------------------

    def __call__(self, layer: Any, args: Any, kwargs: Any) -> Any:
        """The outputs of a layer's call, written if all that it reads is."""
        if not self.known((args, kwargs)):  # in the body of a loop, which is not open yet
            return layer.call(*args, **kwargs)
        context = current_context()
        path = "/".join(context.path[1:]) if context is not None else layer.name
        before, self.graph.scope = self.graph.scope, path
        if path:
            self.layers.setdefault(path, public_name(type(layer)))
        self._untrained.update(layer._frozen())
        try:
            return self._written(layer, args, kwargs)
        except Unsupported as error:
            raise refused(layer._who(), error) from None
        finally:
            self.graph.scope = before

    def _written(self, layer: Any, args: Any, kwargs: Any) -> Any:
        rule = None if kwargs.get("training") else RULES.get(type(layer))
        if rule is not None:
            given = {name: value for name, value in kwargs.items() if name != "training"}
            made = rule.write(self, layer, *args, **given)
            if made is not None:
                with instead_of_calls(None):
                    outputs = layer.call(*args, **kwargs)
                several = made if isinstance(made, list) else [made]
                for node, value in zip(tree.flatten(outputs), several, strict=True):
                    self.values.setdefault(node, value)
                return outputs
        if isinstance(layer, HostLayer):
            raise Unsupported(
                "NumPy computes it, by a vocabulary or a hash",
                "Export what comes behind it: keras.Model(layer.output, model.output).",
            )
        outputs = layer.call(*args, **kwargs)
        for output in tree.flatten(outputs):
            if isinstance(output, Node):  # here, so that an error names the layer
                self.value(output)
        return outputs


class NotExportable(ValueError):
    """A model that ONNX cannot say."""


def refused(who: str, error: Unsupported) -> NotExportable:
    """The error that users see."""
    return NotExportable(
        f"Model.export: {who} cannot be exported to ONNX: {error.reason}. {error.remedy}"
    )


def _values_of(weight: Any) -> tuple[np.ndarray, str]:
    """The values and the name of a variable, or of a node that is computed of some."""
    if isinstance(weight, Variable):
        return weight.array, weight.path
    plan = Plan([weight])
    known = {node.leaf: node.leaf.array for node in plan.leaves if isinstance(node.leaf, Variable)}
    (values,) = plan.run(known)
    return values, next(iter(known)).path
