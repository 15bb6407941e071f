"""What TensorBoard shows of training."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import summaries
from geartrain.callbacks import tensorboard_parts as parts
from geartrain.callbacks.callback import Callback
from geartrain.callbacks.counts import is_count
from geartrain.errors import describe_value, shown, warn

TRAIN, VALIDATION = "train", "validation"


class TensorBoard(Callback):
    """Writes logs that `tensorboard --logdir` shows; neither needs TensorFlow.

    In the folders `train` and `validation` of `log_dir` there are, by epoch, `epoch_loss`, each
    metric and the learning rate; of each evaluation `evaluation_loss_vs_iterations`; the layers as
    a graph; and what else is asked for. Within the hooks of other callbacks, `geartrain.summaries`
    write to the same files where `update_freq` is a number.

    Args:
        log_dir: the folder.
        histogram_freq: after how many epochs to write histograms of all weights; 0 for never.
        write_graph: whether to write the graph of the layers.
        write_images: whether to write weights as images too, along with histograms: from black for
            the least to white for the greatest.
        write_steps_per_second: whether to write how many steps a second takes.
        update_freq: "epoch"; or after how many batches to write the loss and metrics so far, as
            `batch_loss` and so on; "batch" is 1.
        profile_batch: the batch, counted from 1 over all epochs, after which to measure each kernel
            of the step: a table among the texts, and a file for trace viewers in
            `train/plugins/profile`. Of a pair of batches, the last. 0 for none.
        embeddings_freq: after how many epochs to write the embeddings for the projector.
        embeddings_metadata: the file that names the rows of the embeddings, for the projector; or a
            dict of them by the names of the layers.

    Raises ValueError for other frequencies, and for names that no embedding has; OSError where the
    folder cannot be written.

    >>> TensorBoard("logs", update_freq="batch").update_freq
    1
    """

    def __init__(
        self, log_dir: Any = "logs", histogram_freq: int = 0, write_graph: bool = True,
        write_images: bool = False, write_steps_per_second: bool = False,
        update_freq: Any = "epoch", profile_batch: Any = 0, embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:  # fmt: skip
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq, self.embeddings_freq = histogram_freq, embeddings_freq
        self.write_graph, self.write_images = write_graph, write_images
        self.write_steps_per_second = write_steps_per_second
        self.embeddings_metadata = embeddings_metadata
        self.update_freq = 1 if update_freq == "batch" else update_freq
        if self.update_freq != "epoch" and not is_count(self.update_freq, least=1):
            raise ValueError(
                "TensorBoard: expected update_freq to be 'epoch', 'batch' or a number of batches. "
                f"Received: {describe_value(update_freq)}"
            )
        self._profiled_batch = parts.batch_to_profile(profile_batch)
        self._writers: dict[str, summaries.SummaryWriter] = {}
        self._in_use: list[ExitStack] = []
        self._train_batches = self._test_batches = self._before_epoch = 0
        self._has_profile = False

    def get_state(self) -> dict[str, Any]:
        """How many batches there were."""
        counts = ("_train_batches", "_test_batches", "_before_epoch", "_has_profile")
        return {name: getattr(self, name) for name in counts}

    def wants_batches(self, loop: str) -> bool:
        """Only where batches are written."""
        return self.update_freq != "epoch" and loop != "predict"

    def _writer(self, name: str) -> summaries.SummaryWriter:
        if name not in self._writers:
            self._writers[name] = summaries.create_file_writer(Path(self.log_dir, name))
        return self._writers[name]

    def _use(self, name: str, batches: int) -> None:
        """Let summaries go to a writer, at every so many batches, until `_use_no_more`."""
        if self.update_freq == "epoch":
            return
        stack = ExitStack()
        stack.enter_context(self._writer(name).as_default(step=batches))
        stack.enter_context(
            summaries.record_if(lambda: summaries.get_step() % self.update_freq == 0)
        )
        self._in_use.append(stack)

    def _use_no_more(self) -> None:
        if self._in_use:
            self._in_use.pop().close()

    def on_train_begin(self, logs: Any = None) -> None:
        """Write the graph, and find out what could not be written."""
        while self._in_use:  # of a training that failed
            self._use_no_more()
        self._writers = {}
        self._train_batches = self._before_epoch = 0
        self._has_profile = False
        if self.embeddings_freq:
            parts.check_metadata(self.model, self.embeddings_metadata)
        if self.write_graph:
            with self._writer(TRAIN).as_default():
                parts.write_model(self.model)
        self._use(TRAIN, 0)

    def on_train_end(self, logs: Any = None) -> None:
        """Bring all to the disk."""
        self._use_no_more()
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def on_test_begin(self, logs: Any = None) -> None:
        """From now on, summaries belong to validation."""
        self._use(VALIDATION, self._test_batches)

    def on_test_end(self, logs: Any = None) -> None:
        """Write the result of an evaluation."""
        optimizer = self.model.optimizer
        if optimizer is not None and optimizer.built:
            steps = int(np.asarray(optimizer.iterations))
            with (
                self._writer(VALIDATION).as_default(step=steps),
                summaries.record_if(True),
            ):
                for name, value in _numbers(logs):
                    summaries.scalar(f"evaluation_{name}_vs_iterations", value)
        self._use_no_more()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Count."""
        self._train_batches = self._before_epoch + batch + 1
        self._batch_start = time.perf_counter()
        if self._in_use:
            summaries.set_step(self._train_batches)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write the values so far, and measure kernels, when it is time."""
        self._train_batches = self._before_epoch + batch + 1
        if self._in_use:
            if self.write_steps_per_second:
                seconds = max(time.perf_counter() - self._batch_start, 1e-9)
                summaries.scalar("batch_steps_per_second", 1 / seconds)
            for name, value in _numbers(logs):
                summaries.scalar(f"batch_{name}", value)
        if 0 < self._profiled_batch <= self._train_batches and not self._has_profile:
            self._has_profile = True
            with self._writer(TRAIN).as_default(self._profiled_batch), summaries.record_if(True):
                parts.write_profile(self.model, self.params or {}, Path(self.log_dir, TRAIN))

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Count."""
        self._test_batches += 1
        if self._in_use:
            summaries.set_step(self._test_batches)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note when the epoch began."""
        self._before_epoch = self._train_batches
        self._epoch_start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write what an epoch has come to."""
        with summaries.record_if(True):
            self._write_epoch(epoch, dict(_numbers(logs)))
            if self.histogram_freq and epoch % self.histogram_freq == 0:
                with self._writer(TRAIN).as_default(step=epoch):
                    parts.write_weights(self.model, self.write_images)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            parts.write_embeddings(self.model, Path(self.log_dir), self.embeddings_metadata)

    def _write_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        validation = {
            name.removeprefix("val_"): logs.pop(name) for name in [*logs] if name[:4] == "val_"
        }
        logs |= parts.learning_rate(self.model.optimizer)
        if self.write_steps_per_second:
            steps = self._train_batches - self._before_epoch
            logs["steps_per_second"] = steps / max(time.perf_counter() - self._epoch_start, 1e-9)
        for run, values in ((TRAIN, logs), (VALIDATION, validation)):
            if values:
                with self._writer(run).as_default(step=epoch):
                    for name, value in values.items():
                        summaries.scalar(f"epoch_{name}", value)


def _numbers(logs: Any) -> list[tuple[str, float]]:
    """The single numbers among the logs; of others a warning tells that they are left out."""
    found = []
    for name, value in (logs or {}).items():
        try:
            found.append((name, float(value)))
        except (TypeError, ValueError):
            warn(
                f"TensorBoard: expected numbers in the logs. Received: {name}={shown(value)}, "
                "which is left out."
            )
    return found
