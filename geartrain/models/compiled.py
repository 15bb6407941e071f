"""The losses and metrics that `compile` was given, matched to a model's outputs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from geartrain import losses, metrics, tree
from geartrain.errors import shown, unknown_name
from geartrain.ops.operands import extents_of, number_of
from geartrain.runtime.variable import concrete_scope


def by_output(tensors: Any, names: Sequence[str] | None) -> dict[str, Any]:
    """The tensors of a nested output, by name: its keys, `names`, or output_0, output_1, ...

    A name that comes again is numbered: a layer that makes two outputs names both.
    """
    if isinstance(tensors, dict):
        return dict(tensors)
    if isinstance(tensors, list | tuple):
        if not names or len(names) != len(tensors):
            names = [f"output_{number}" for number in range(len(tensors))]
        return dict(zip(_each_once(names), tensors, strict=True))
    return {"": tensors}


def _each_once(names: Sequence[str]) -> list[str]:
    """Names of which none comes twice: those that do are numbered, `d, d_1`."""
    found: dict[str, None] = {}
    for name in names:
        number, one = 0, name
        while one in found or (number and one in names):
            number += 1
            one = f"{name}_{number}"
        found[one] = None
    return list(found)


def matched(what: str, given: Any, outputs: dict[str, Any]) -> dict[str, Any]:
    """What `compile` was given for each output: one for all, a list in order, or a dict by name."""
    if isinstance(given, dict):
        unknown = [name for name in given if name not in outputs]
        if unknown and not (list(outputs) == [""] and len(given) == 1):
            raise unknown_name(f"output in compile({what}=...)", unknown[0], outputs)
        if list(outputs) == [""]:
            return {"": next(iter(given.values()))}
        return {name: given.get(name) for name in outputs}
    if isinstance(given, list | tuple) and (list(outputs) != [""] or what.startswith("loss")):
        if len(given) != len(outputs):
            raise ValueError(
                f"compile: expected {what} for each of {len(outputs)} outputs "
                f"({', '.join(outputs)}). Received: {len(given)}"
            )
        return dict(zip(outputs, given, strict=True))
    if what == "metrics":
        given = tree.flatten(given)  # several may be of the only output
    elif isinstance(given, list | tuple) and len(given) == 1:
        given = given[0]
    return dict.fromkeys(outputs, given)


class CompiledLoss:
    """The total loss over the outputs of a model.

    Args:
        loss: a loss, or several in a list or dict that follows the outputs.
        loss_weights: the factor of each output's loss, in the same form.
    """

    def __init__(self, loss: Any, loss_weights: Any) -> None:
        self.loss, self.loss_weights = loss, loss_weights
        self.functions: dict[str, Callable[..., Any] | None] | None = None
        self.weights: dict[str, Any] = {}
        self.trackers: dict[str, Any] = {}
        if not isinstance(loss, dict | list | tuple):
            _function_of(loss)  # a wrong name is told at once

    def _match(self, outputs: dict[str, Any]) -> None:
        chosen = matched("loss", self.loss, outputs)
        self.functions = {
            name: None if loss is None else _function_of(loss) for name, loss in chosen.items()
        }
        self.weights = matched("loss_weights", self.loss_weights, outputs)
        for weight in self.weights.values():
            if isinstance(weight, str) or callable(weight):
                raise TypeError(
                    "compile: expected loss_weights as numbers, one for each output. Received: "
                    f"{shown(weight)}. What measures a model is given as metrics=[...]."
                )
        used = [name for name, function in self.functions.items() if function is not None]
        if len(used) > 1:
            with concrete_scope():
                self.trackers = {name: metrics.Mean(name=f"{name}_loss") for name in used}

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any, names: Any) -> Any:
        """The weighted sum of the outputs' losses; None without any loss."""
        predictions = by_output(y_pred, names)
        if self.functions is None:
            self._match(predictions)
        assert self.functions is not None
        needed = [name for name, function in self.functions.items() if function is not None]
        targets = _like_outputs("y", y_true, predictions, names, needed)
        weights = _like_outputs("sample_weight", sample_weight, predictions, names)
        total = None
        for name, function in self.functions.items():
            if function is None:
                continue
            if targets[name] is None:
                raise ValueError(
                    f"Expected targets y for the loss {_named(function)!r}. Received: y=None. "
                    "Pass y, or let each batch of a stream be a pair (x, y)."
                )
            value = _call_loss(function, targets[name], predictions[name], weights[name])
            if name in self.trackers:
                rows = number_of(extents_of(predictions[name])[0], "float32")
                self.trackers[name].update_state(value, sample_weight=rows)
            if self.weights.get(name) is not None:
                value = value * self.weights[name]
            total = value if total is None else total + value
        return total


def _function_of(loss: Any) -> Any:
    """The loss that `compile` means: "crossentropy" (or "ce") is the one that fits the shapes."""
    if isinstance(loss, str) and loss.lower() in ("crossentropy", "ce"):
        return _crossentropy
    return losses.get(loss)


def _crossentropy(y_true: Any, y_pred: Any) -> Any:
    return losses.resolve("crossentropy", y_true.shape, y_pred.shape).fn(y_true, y_pred)


def _named(function: Any) -> str:
    return getattr(function, "name", None) or getattr(function, "__name__", repr(function))


def _call_loss(function: Any, y_true: Any, y_pred: Any, weight: Any) -> Any:
    if isinstance(function, losses.Loss):
        return function(y_true, y_pred, sample_weight=weight)
    wrapper = losses.LossFunctionWrapper(function, name=_named(function))
    return wrapper(y_true, y_pred, sample_weight=weight)


def _like_outputs(
    what: str, given: Any, outputs: dict[str, Any], names: Any, needed: Collection[str] = ()
) -> dict[str, Any]:
    """What was given for each output; None for those that it leaves out and that are not needed."""
    if given is None:
        return dict.fromkeys(outputs)
    if not tree.is_nested(given):
        if len(outputs) == 1 or what == "sample_weight":
            return dict.fromkeys(outputs, given)
        if len(needed) == 1:
            return dict.fromkeys(outputs) | dict.fromkeys(needed, given)
        raise ValueError(
            f"Expected {what} for each of the outputs {', '.join(outputs)}: a list or dict. "
            "Received: one tensor"
        )
    found = by_output(given, list(outputs) if list(outputs) != [""] else names)
    if list(outputs) == [""] and len(found) == 1:
        return {"": next(iter(found.values()))}
    known = any(name in found for name in outputs)
    if not known or any(name not in found for name in needed):
        raise ValueError(
            f"Expected {what} for the outputs {', '.join(needed or outputs)}. "
            f"Received: {', '.join(found)}"
        )
    return dict.fromkeys(outputs) | found


class CompiledMetrics:
    """The metrics of each output.

    Args:
        unweighted: what `compile(metrics=...)` was given.
        weighted: what `compile(weighted_metrics=...)` was given: these see sample weights.
    """

    def __init__(self, unweighted: Any, weighted: Any) -> None:
        self.given = ((unweighted, False), (weighted, True))
        self.entries: list[tuple[str, str, Any, bool]] | None = None  # output, label, metric
        for given, _ in self.given:
            for name in tree.flatten(given):
                if name not in ("accuracy", "acc", "crossentropy", "ce"):
                    metrics.get(name)

    def _match(self, targets: dict[str, Any], outputs: dict[str, Any]) -> None:
        self.entries = []
        for given, weighted in self.given:
            if not given:
                continue
            chosen = matched("metrics", [given] if isinstance(given, str) else given, outputs)
            for output, wanted in chosen.items():
                items = wanted if isinstance(wanted, list | tuple) else [wanted]
                items = [item for item in items if item is not None]
                if items and targets[output] is None:
                    if not isinstance(given, dict):
                        continue
                    raise ValueError(
                        f"Expected targets y for the metrics of output {output!r}. Received: y for "
                        f"{', '.join(name for name in targets if targets[name] is not None)}"
                    )
                for item in items:
                    self._enter(item, output, targets[output], outputs, weighted)

    def _enter(
        self, item: Any, output: str, target: Any, outputs: dict[str, Any], weighted: bool
    ) -> None:
        assert self.entries is not None
        with concrete_scope():
            metric = metrics.resolve(item, tuple(target.shape), tuple(outputs[output].shape))
        several = list(outputs) != [""]
        label = f"{output}_{metric.name}" if several else metric.name
        self.entries.append((output, label, metric, weighted))

    @property
    def metrics(self) -> list[Any]:
        """The metric objects, once the shapes that choose them are known."""
        return [metric for _, _, metric, _ in self.entries or []]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any, names: Any) -> None:
        """Let each metric see a batch."""
        if not any(given for given, _ in self.given):
            self.entries = []
            return
        predictions = by_output(y_pred, names)
        needed = {name for given, _ in self.given if isinstance(given, dict) for name in given}
        targets = _like_outputs("y", y_true, predictions, names, needed & set(predictions))
        weights = _like_outputs("sample_weight", sample_weight, predictions, names)
        if self.entries is None:
            self._match(targets, predictions)
        assert self.entries is not None
        for output, _, metric, weighted in self.entries:
            weight = weights[output] if weighted else None
            if targets[output] is not None:
                metric.update_state(targets[output], predictions[output], sample_weight=weight)

    def result(self) -> dict[str, Any]:
        """The value of each metric by its name; a name that comes again is numbered.

        Of two namesakes that differ in being weighted, one is `weighted_...`.
        """
        found: dict[str, Any] = {}
        times: dict[str, int] = {}
        for _, label, metric, weighted in self.entries or []:
            if label in times and weighted:
                label = f"{label.removesuffix(metric.name)}weighted_{metric.name}"
            times[label] = times.get(label, 0) + 1
            key = label if times[label] == 1 else f"{label}_{times[label] - 1}"
            value = metric.result()
            found.update(value if isinstance(value, dict) else {key: value})
        return found
