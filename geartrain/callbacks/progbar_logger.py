"""The progress bar as a callback."""

from __future__ import annotations

from typing import Any

from geartrain.callbacks.callback import Callback


class ProgbarLogger(Callback):
    """Shows progress: with verbose=1 a bar for each epoch, with verbose=2 one line.

        Epoch 1/5
        60000/60000 [====================] 469 batches - 1s 12us/sample - loss: 0.2571

    `fit`, `evaluate` and `predict` add one, unless verbose=0. Any loop of your own can have one:

    >>> bar = ProgbarLogger()
    >>> bar.set_params({"verbose": 2, "epochs": 2, "steps": 3, "samples": 300})
    >>> bar.on_epoch_begin(0)
    >>> bar.on_epoch_end(0, {"loss": 0.25})  # doctest: +ELLIPSIS
    Epoch 1/2: 300/300 3 batches - ... - loss: 0.2500
    """

    def __init__(self) -> None:
        self.target: int | None = None
        self.samples: int | None = None
        self.verbose: Any = 1
        self.epochs = 1
        self.seen = 0
        self._epoch = 0
        self._in_fit = False
        self._bar: Any = None

    def get_state(self) -> dict[str, Any]:
        """Nothing: a bar shows what is done now."""
        return {}

    def wants_batches(self, loop: str) -> bool:
        """False: a few updates a second are enough."""
        return False

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the length of the loop."""
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs") or 1
        self.target, self.samples = params.get("steps"), params.get("samples")

    def on_train_begin(self, logs: Any = None) -> None:
        """From here on, evaluation is validation, and has no bar of its own."""
        self._in_fit = True

    def on_train_end(self, logs: Any = None) -> None:
        """The end of that."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start a bar."""
        self._epoch = epoch
        self._start()
        if self.verbose == 1 and self.epochs > 1:
            print(self._title(), flush=True)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._move(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Finish the bar."""
        if self.verbose == 2 and self.epochs > 1:
            print(self._title(), end=": ")
        self._finish(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Start a bar, unless this is validation."""
        if not self._in_fit:
            self._start()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        if not self._in_fit:
            self._move(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        """Finish the bar."""
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Start a bar."""
        self._start()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._move(batch, None)

    def on_predict_end(self, logs: Any = None) -> None:
        """Finish the bar."""
        self._finish(None)

    def _title(self) -> str:
        return f"Epoch {self._epoch + 1}/{self.epochs}"

    def _start(self) -> None:
        from geartrain.utils.progress import Progbar

        self.seen = 0
        self._bar = Progbar(
            self.target, verbose=self.verbose, samples=self.samples, stateless_metrics=()
        )

    def _move(self, batch: int, logs: Any) -> None:
        self.seen = batch + 1
        if self.verbose == 1:
            self._bar.update(self.seen, _loss_first(logs), finalize=False)

    def _finish(self, logs: Any) -> None:
        if self.target is None:  # a stream: its length is known now
            self._bar.target = self.seen
        done = self.seen or self._bar.target
        self._bar.update(done, _loss_first(logs), finalize=True)


def _loss_first(logs: dict[str, Any] | None) -> list[tuple[str, Any]]:
    """The values to show: the loss, then the rest; those of validation behind, in the same way.

    >>> _loss_first({"accuracy": 0.9, "loss": 0.3, "val_accuracy": 0.8, "val_loss": 0.5})
    [('loss', 0.3), ('accuracy', 0.9), ('val_loss', 0.5), ('val_accuracy', 0.8)]
    """
    return sorted(
        (logs or {}).items(),
        key=lambda item: (item[0].startswith("val_"), item[0] not in ("loss", "val_loss")),
    )
