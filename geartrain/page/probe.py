"""Compiled looks into a model: what each layer makes of samples, their losses, all gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import losses, models, ops
from geartrain.layers import Layer
from geartrain.page.subject import Subject
from geartrain.runtime.function import grad, jit


class Probe:
    """What can be asked of a model whose layers are known, while its weights change.

    Each question is compiled once, when it is first asked.

    Args:
        model: a `Sequential` or functional model of one input and one output.

    Raises ValueError for other models.
    """

    def __init__(self, model: Any) -> None:
        if not getattr(model, "built", False) or not isinstance(
            getattr(model, "inputs", None), list
        ):
            raise ValueError(
                f"expected a model with known inputs. Received: {type(model).__name__} "
                f"{model.name!r}. Begin it with keras.Input(shape), or train it for a step."
            )
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            raise ValueError(
                f"expected a model of one input and one output. Received: {len(model.inputs)} and "
                f"{len(model.outputs)}"
            )
        self.model = model
        self.layers: list[Layer] = [
            layer for layer in model.layers if type(layer).__name__ != "InputLayer"
        ]
        self._inside = models.Model(model.inputs, [layer.output for layer in self.layers])
        self._loss = _each(model.loss) if getattr(model, "compiled", False) else None
        self._gradients = jit(grad(self._mean_loss))
        self._each_loss = jit(self.each_loss)
        self._saliency = jit(grad(self._score))

    def activations(self, x: Any) -> list[np.ndarray]:
        """What each layer gives for the samples x."""
        found = self._inside.predict(x, verbose=0)
        return found if isinstance(found, list) else [found]

    def losses(self, x: Any, y: Any) -> np.ndarray:
        """The loss of each sample, in test mode."""
        return np.asarray(self._each_loss(self._values(), x, y))

    def gradients(self, x: Any, y: Any) -> list[np.ndarray]:
        """The gradient of the mean loss with respect to each trainable variable, in test mode."""
        return list(self._gradients(self._values(), x, y))

    def saliency(self, x: Any, unit: int) -> np.ndarray:
        """The gradient of an output, say a class's probability, with respect to the inputs."""
        weights = np.zeros(self.model.output_shape[-1], "float32")
        weights[unit] = 1
        return np.asarray(self._saliency(np.asarray(x, "float32"), weights))

    def _values(self) -> list[np.ndarray]:
        return [np.asarray(variable.value) for variable in self.model.trainable_variables]

    def _fixed(self) -> list[Any]:
        return [variable.value for variable in self.model.non_trainable_variables]

    def each_loss(self, values: Any, x: Any, y: Any) -> Any:
        """The loss of each sample with other values of the trainable variables."""
        if self._loss is None:
            raise ValueError("expected a compiled model, with a loss. Call model.compile first")
        outputs, _ = self.model.stateless_call(values, self._fixed(), x, training=False)
        found = self._loss(y, outputs)
        return ops.mean(found, axis=tuple(range(1, len(found.shape))))

    def _mean_loss(self, values: Any, x: Any, y: Any) -> Any:
        return ops.mean(self.each_loss(values, x, y))

    def _score(self, x: Any, weights: Any) -> Any:
        return ops.sum(self.model(x, training=False) * weights)


def _each(loss: Any) -> Any:
    """A loss that gives a number a sample."""
    found = losses.get(loss)
    if isinstance(found, losses.Loss):
        return type(found).from_config({**found.get_config(), "reduction": "none"})
    return found


def probe_of(subject: Subject) -> Probe:
    """The probe of a subject's model, made when it is first asked for."""
    model, known = subject.needs("model"), subject.kept.get("probe")
    if known is None or known.model is not model:
        known = subject.kept["probe"] = Probe(model)
    return known  # type: ignore[no-any-return]
