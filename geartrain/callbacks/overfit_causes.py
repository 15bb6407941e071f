"""Why a model cannot memorise one batch: tests, each for one cause."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.callbacks.kept_variables import KeptVariables

_FACTORS = (10.0, 0.1, 100.0, 0.01, 1e3, 1e-3, 1e5, 1e-5)  # of the learning rate, to try
_RANGES = {"sigmoid": (0, 1), "hard_sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1),
           "relu": (0, math.inf), "softplus": (0, math.inf), "softsign": (-1, 1)}  # fmt: skip
_NAMES = ("binary_crossentropy", "sparse_categorical_crossentropy", "categorical_crossentropy")


class Trial:
    """Steps on one batch, and what they have come to.

    Attributes:
        losses: before each step, and at the end.
        memorised: whether the last loss is below the target.
        before: the predictions before the first step.
        penalty: of regularizers, before the first step.
        least, start: the loss of perfect predictions, and that of no better than equal ones.
    """

    def __init__(self, model: Any, batch: Any, steps: int, target: float) -> None:
        self.model, self.batch, self.steps, self.target = model, batch, steps, target
        alone = batch._replace(y=None, sample_weight=None)
        self.before = model.run_step("predict", alone) if model._has_call() else []
        self.losses, self.penalty = [self._step("test")], penalty_of(model)
        self.least, start = bounds(model, batch)
        self.start = self.losses[0] if start is None else min(start, self.losses[0])
        for step in range(steps):
            loss = self._step("train")
            if step:  # the loss before the first step is known already, without dropout
                self.losses.append(loss)
            if not math.isfinite(loss):
                break
            if step % 10 == 9 and self._is_low(self._step("test")):
                break
        self.losses.append(self._step("test"))
        self.memorised = self._is_low(self.losses[-1])

    def _step(self, kind: str) -> float:
        self.model.reset_metrics()
        logs = self.model.run_step(kind, self.batch)
        if "loss" not in logs:
            raise ValueError(
                f"OverfitOneBatch: expected 'loss' in what {kind}_step returns. Received: "
                f"{', '.join(logs) or 'nothing'}. Return it, or leave this callback out."
            )
        return float(logs["loss"])

    def _is_low(self, loss: float) -> bool:
        return loss - self.least <= self.target * (self.start - self.least)


def penalty_of(model: Any) -> float:
    """The sum of the penalties of regularizers now."""
    return sum(float(np.sum(np.asarray(one))) for one in model.losses)


def bounds(model: Any, batch: Any) -> tuple[float, float | None]:
    """The loss of perfect predictions, and of the best ones that are equal for all samples.

    The former is above 0 where targets are probabilities; 0 is said where it is not known. The
    latter is None where it is not known, or no better than perfect.
    """
    loss = _only_loss(model)
    if loss is None or tree.is_nested(batch.y) or batch.y is None or _from_logits(loss):
        return 0.0, None
    target = np.asarray(batch.y, "float32")
    perfect = target
    if _name(loss) == _NAMES[1]:
        perfect = np.eye(int(target.max(initial=0)) + 1)[target.astype(int).reshape(-1)]
    elif target.ndim == 1:
        perfect = target = target[:, None]
    same = np.broadcast_to(perfect.mean(0), perfect.shape).astype("float32")
    try:
        least, start = (float(np.mean(loss(target, one))) for one in (perfect, same))
    except (ValueError, TypeError):  # a loss of another kind of targets
        return 0.0, None
    if not math.isfinite(least + start) or start <= least + 1e-6:
        return 0.0, None
    return least, start


def causes(trial: Trial, kept: KeptVariables) -> Iterator[str]:
    """What is wrong, in sentences."""
    yield from _of_inputs(trial)
    yield from _of_labels(trial)
    yield from _of_outputs(trial)
    yield from _of_weights(trial, kept)
    yield from _of_units(trial)
    yield from _of_penalties(trial)
    kept.put_back()
    yield from _of_the_rate(trial, kept)


def _of_inputs(trial: Trial) -> Iterator[str]:
    for x in tree.flatten(trial.batch.x):
        values = np.asarray(x)
        if values.dtype.kind != "f":
            continue
        if not np.isfinite(values).all():
            yield "The inputs hold NaN or infinite values. Remove these samples, or fill the gaps."
        elif np.abs(values).max(initial=0) > 50:
            yield (
                f"The inputs reach {np.abs(values).max():g}. Scale them to about -1..1: divide by "
                "that, or let a Normalization layer come first."
            )
        if len(values) > 1 and (values == values[:1]).all():
            yield "All inputs of the batch are equal, so nothing tells the samples apart."


def _of_labels(trial: Trial) -> Iterator[str]:
    x, y = tree.flatten(trial.batch.x), tree.flatten(trial.batch.y)
    if trial.batch.y is None:
        return
    rows: dict[bytes, bytes] = {}
    against = 0
    for number in range(len(x[0])):
        own = b"".join(np.asarray(part[number]).tobytes() for part in x)
        label = b"".join(np.asarray(part[number]).tobytes() for part in y)
        against += rows.setdefault(own, label) != label
    if against:
        yield (
            f"{against} of {len(x[0])} samples have the inputs of another sample and other labels: "
            "no function gives both. Look at how x and y were put together."
        )
    for part in y:
        values = np.asarray(part)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            yield "The labels hold NaN or infinite values. Remove these samples."
        elif values.dtype.kind == "f" and np.abs(values).max(initial=0) > 100:
            yield (
                f"The targets reach {np.abs(values).max():g}. Scale them to about -1..1, and scale "
                "predictions back."
            )


def _only_loss(model: Any) -> Any:
    """The loss function, where there is one."""
    functions = [one for one in (model._compile_loss.functions or {}).values() if one is not None]
    return functions[0] if len(functions) == 1 else None


def _name(loss: Any) -> str:
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__))


def _from_logits(loss: Any) -> bool:
    arguments = getattr(loss, "_arguments", None) or getattr(loss, "keywords", None) or {}
    return bool(getattr(loss, "from_logits", arguments.get("from_logits", False)))


def _of_outputs(trial: Trial) -> Iterator[str]:
    """Whether the last activation suits the loss, as the predictions show."""
    loss, given = _only_loss(trial.model), trial.before
    if loss is None or tree.is_nested(given) or tree.is_nested(trial.batch.y):
        return
    found = np.asarray(given, "float32")
    name = _name(loss)
    low, high = float(found.min(initial=0)), float(found.max(initial=0))
    if name in _NAMES and not _from_logits(loss) and (low < 0 or high > 1 + 1e-5):
        last = "sigmoid" if name == "binary_crossentropy" else "softmax"
        yield (
            f"The loss {name} takes probabilities, and the outputs reach from {low:.3g} to "
            f"{high:.3g}. End with activation={last!r}, or pass from_logits=True to the loss."
        )
    elif name in _NAMES and _from_logits(loss) and _last_activation(trial) in _RANGES:
        yield (
            f"The loss has from_logits=True, and the outputs went through "
            f"{_last_activation(trial)} already. Leave one of the two out."
        )
    elif name not in _NAMES and trial.batch.y is not None:
        yield from _of_range(trial)


def _last_activation(trial: Trial) -> str:
    layers = getattr(trial.model, "layers", None) or [None]
    activation = getattr(layers[-1], "activation", None)
    return str(getattr(activation, "__name__", ""))


def _of_range(trial: Trial) -> Iterator[str]:
    last, y = _last_activation(trial), np.asarray(trial.batch.y)
    if last not in _RANGES or y.dtype.kind not in "biuf" or not y.size:
        return
    low, high = _RANGES[last]
    if y.min() < low or y.max() > high:
        yield (
            f"The last activation, {last}, gives values in [{low}, {high}], and the targets reach "
            f"from {y.min():g} to {y.max():g}. End without an activation, or scale the targets."
        )


def _of_weights(trial: Trial, kept: KeptVariables) -> Iterator[str]:
    """Which weights did not move."""
    model = trial.model
    trained = set(map(id, model.trainable_variables))
    frozen = [
        layer.name for layer in model._flatten_layers()
        if layer.weights and layer is not model and not layer.trainable
    ]  # fmt: skip
    if not trained:
        yield "No weight is trainable. Set layer.trainable = True, then compile again."
        return
    if frozen:
        yield (
            f"The weights of {', '.join(frozen[:5])} are frozen. Set layer.trainable = True, then "
            "compile again, or end with trained layers that are large enough."
        )
    still = [
        variable.path for variable, value in kept.values
        if id(variable) in trained and np.array_equal(variable.numpy(), value)
    ]  # fmt: skip
    if still and math.isfinite(trial.losses[-1]):
        yield (
            f"No gradient reaches {', '.join(still[:5])}: unchanged after {len(trial.losses) - 1} "
            "steps. Look for what stops it: stop_gradient, rounding, units that are dead."
        )


def _of_units(trial: Trial) -> Iterator[str]:
    """Which units give 0 for all samples."""
    model = trial.model
    if getattr(model, "_graph", None) is None or not math.isfinite(trial.losses[-1]):
        return
    dead: list[str] = []

    def called(operation: Any, args: Any, kwargs: Any) -> Any:
        outputs = operation(*args, **kwargs)
        activation = getattr(getattr(operation, "activation", None), "__name__", "")
        if activation == "relu" or type(operation).__name__ == "ReLU":
            values = np.asarray(tree.flatten(outputs)[0])
            units = (values == 0).reshape(-1, values.shape[-1]).all(0)
            if units.mean() > 0.5:
                dead.append(f"{int(units.sum())} of {units.size} in {operation.name}")
        return outputs

    model._graph.run(trial.batch.x, called)
    if dead:
        yield (
            f"Dead units, which give 0 for every sample: {'; '.join(dead)}. Lower the learning "
            "rate, initialise with 'he_normal', or use activation='leaky_relu'."
        )


def _of_penalties(trial: Trial) -> Iterator[str]:
    """Whether what keeps a network from memorising is too strong."""
    model = trial.model
    strong = [
        f"{layer.name} ({rate:g})" for layer in model._flatten_layers()
        if isinstance(rate := getattr(layer, "rate", None), float) and rate >= 0.5
    ]  # fmt: skip
    if strong:
        yield (
            f"Dropout is strong: {', '.join(strong[:5])}. Lower its rate while you look for faults."
        )
    penalties = (trial.penalty, trial.losses[0]), (penalty_of(model), trial.losses[-1])
    share = max(penalty / loss if loss > 0 else 0.0 for penalty, loss in penalties)
    if share > 0.5:
        yield f"{share:.0%} of the loss are penalties of regularizers. Lower their factors."


def _of_the_rate(trial: Trial, kept: KeptVariables) -> Iterator[str]:
    """Whether another learning rate memorises the batch."""
    optimizer = trial.model.optimizer
    if callable(getattr(optimizer, "inner_optimizer", optimizer)._learning_rate):
        return
    rate = float(optimizer.learning_rate)
    for factor in _FACTORS:
        optimizer.learning_rate = rate * factor
        other = Trial(trial.model, trial.batch, trial.steps, trial.target)
        kept.put_back()
        if other.memorised:
            word = "low" if factor > 1 else "high"
            yield (
                f"The learning rate {rate:g} is too {word}: with {rate * factor:g} the batch is "
                f"memorised in {len(other.losses) - 1} steps."
            )
            return
