"""Can the model memorise one batch? If not, why?"""

from __future__ import annotations

from typing import Any

from geartrain import tree
from geartrain.callbacks.callback import Callback
from geartrain.callbacks.counts import is_count
from geartrain.callbacks.kept_variables import KeptVariables
from geartrain.callbacks.overfit_causes import Trial, causes
from geartrain.errors import describe_value, warn


class OverfitOneBatch(Callback):
    """Before training: can the model memorise a single batch? If not, says what is wrong.

    A network that is set up well learns a few samples by heart in a few hundred steps. One that
    cannot has a fault that more data would only hide: a learning rate that is too low or too high,
    a last activation that does not suit the loss, units that are dead, weights that are frozen,
    labels that contradict each other. These are looked for, each by its own test.

    Afterwards, the model and its optimizer are as they were, and training begins.

    Args:
        steps: how many steps to take on the batch.
        target: the part of the loss to get below: between that of perfect predictions and that of
            the best ones that are equal for all samples, or the first loss if that is less.
        strict: whether to raise ValueError where the batch is not memorised, instead of a warning.
        verbose: whether to print that the batch was memorised.

    Attributes:
        memorised: whether it was; None before.
        findings: what is wrong, in sentences.
        losses: the loss before each step, and at the end.

    Raises ValueError for other values.

    >>> OverfitOneBatch(steps=100).memorised is None
    True
    """

    def __init__(
        self, steps: int = 300, target: float = 0.1, strict: bool = False, verbose: int = 1
    ) -> None:
        if not is_count(steps, least=10) or not 0 < target < 1:
            raise ValueError(
                "OverfitOneBatch: expected at least 10 steps, and a target between 0 and 1. "
                f"Received: steps={describe_value(steps)}, target={describe_value(target)}"
            )
        self.steps, self.target, self.strict, self.verbose = steps, target, strict, verbose
        self.memorised: bool | None = None
        self.findings: list[str] = []
        self.losses: list[float] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Train on the first batch alone, and judge."""
        model = self.model
        if model._first_batch is None:
            raise ValueError(
                "OverfitOneBatch: expected to be called by fit, whose first batch it takes. "
                "Received: no data. Pass it to model.fit(..., callbacks=[OverfitOneBatch()])."
            )
        batch = model._first_batch()
        kept = KeptVariables(model)
        try:
            trial = Trial(model, batch, self.steps, self.target)
            self.losses, self.memorised = trial.losses, trial.memorised
            self.findings = [] if trial.memorised else list(causes(trial, kept))
        finally:
            kept.put_back()
            model.reset_metrics()
        rows = len(tree.flatten(batch.x)[0])
        way = f"the loss went from {self.losses[0]:.4g} to {self.losses[-1]:.4g}"
        if self.memorised:
            if self.verbose:
                print(
                    f"OverfitOneBatch: {rows} samples memorised in {len(self.losses) - 1} steps: "
                    f"{way}."
                )
            return
        if not self.findings:
            self.findings = [
                "No cause was found. The network may be too small for the batch, or need more "
                "steps: make layers wider, or pass steps= more."
            ]
        told = "".join(f"\n- {finding}" for finding in self.findings)
        message = (
            f"OverfitOneBatch: {model._who()} did not memorise {rows} samples in {self.steps} "
            f"steps: {way}.{told}"
        )
        if self.strict:
            raise ValueError(message)
        warn(message)
