"""A network that is built, changed and trained on the page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import layers, models, optimizers
from geartrain.callbacks import LambdaCallback
from geartrain.errors import unknown_name
from geartrain.page.code import program_code
from geartrain.page.subject import Samples, Subject
from geartrain.page.watching import Watching
from geartrain.random import set_random_seed
from geartrain.utils.numerical import to_categorical

KINDS: dict[str, dict[str, Any]] = {  # the layers that the page offers, and their arguments
    "Dense": {"units": 64, "activation": "relu"},
    "Conv2D": {"filters": 16, "kernel_size": 3, "activation": "relu"},
    "MaxPooling2D": {"pool_size": 2},
    "GlobalAveragePooling2D": {},
    "Flatten": {},
    "Reshape": {"target_shape": (28, 28, 1)},
    "Dropout": {"rate": 0.3},
    "BatchNormalization": {},
    "LayerNormalization": {},
    "Conv1D": {"filters": 16, "kernel_size": 3, "activation": "relu"},
    "LSTM": {"units": 32},
    "GRU": {"units": 32},
}
ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "gelu", "elu", "softmax")
OPTIMIZERS = {"SGD": 0.1, "RMSprop": 0.001, "Adagrad": 0.05, "Adam": 0.001}
LOSSES = ("categorical_crossentropy", "sparse_categorical_crossentropy", "mse", "mae")
SETTINGS = {
    "optimizer": "RMSprop", "learning_rate": 0.001, "loss": "categorical_crossentropy",
    "metric": "accuracy", "batch_size": 128, "epochs": 5, "seed": 0,
}  # fmt: skip
VALIDATED = 2000  # test samples, after each epoch
MOST_LAYERS, MOST_SIZE = 30, 4096


class Workshop(Subject):
    """A subject whose network, data and training are changed from the page.

    Args:
        model: a `Sequential`, to begin with.
        train, test: its data.
        settings: what is not as in `SETTINGS`.
        code: the lines of Python that load the data.
        read: what reads a file of the user's: train and test samples, and the code that does so.
    """

    editable = True

    def __init__(
        self, model: Any, train: Samples, test: Samples, settings: dict[str, Any] | None = None,
        code: str = "", read: Callable[[Path, str], tuple[Samples, Samples, str]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(model, train, test)
        self.settings: dict[str, Any] = SETTINGS | (settings or {})
        self.data_code, self._read = code, read
        self._thread: threading.Thread | None = None
        self._done = 0  # epochs
        self.control.mode = "pause"
        self._compile()

    # -- training ---------------------------------------------------------------------------------

    def steer(self, to: str) -> None:
        """Run, hold, make one step or one epoch, or start again from new weights ("reset")."""
        if to == "reset":
            self.build([{"kept": place} for place in range(len(self.layers()))])
            return
        self.control.set(to)
        if to in ("run", "step", "epoch") and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._train, name="training", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the training that goes on, if any."""
        if self._thread is not None:
            self.control.set("stop")
            self._thread.join()
            self._thread = None
        self.control.set("pause")

    def _train(self) -> None:
        train, test = self.needs("train"), self.needs("test")
        try:
            self.model.fit(
                train.x, self.targets(train), batch_size=self.settings["batch_size"],
                epochs=self._done + self.settings["epochs"], initial_epoch=self._done,
                validation_data=(test.x[:VALIDATED], self.targets(test)[:VALIDATED]), verbose=0,
                callbacks=[Watching(self, self._name()), LambdaCallback(on_epoch_end=self._count)],
            )  # fmt: skip
        except Exception as error:
            self.control.tell("error", str(error))
        finally:
            self.control.end()
        if self.control.mode != "stop":
            self.control.set("pause")

    def _count(self, epoch: int, logs: Any) -> None:
        self._done = epoch + 1

    def _name(self) -> str:
        sizes = " ".join(type(layer).__name__ for layer in self.layers())
        s = self.settings
        return f"{len(self.runs) + 1}: {sizes}, {s['optimizer']} {s['learning_rate']:g}"

    def targets(self, samples: Samples) -> Any:
        """The targets of samples, as the loss takes them."""
        if self.settings["loss"] == "categorical_crossentropy" and samples.classes:
            return to_categorical(samples.labels, len(samples.classes))
        if self.settings["loss"] == "sparse_categorical_crossentropy":
            return samples.labels
        return np.asarray(samples.y, "float32").reshape(len(samples), -1)

    # -- the network ------------------------------------------------------------------------------

    def layers(self) -> list[Any]:
        """The network's layers, without its input."""
        return [layer for layer in self.model.layers if type(layer).__name__ != "InputLayer"]

    def build(self, wanted: list[dict[str, Any]], settings: dict[str, Any] | None = None) -> None:
        """A new network of these layers, with new weights; the old one stays if it cannot be.

        Args:
            wanted: for each layer its "kind", one of `KINDS`, and its arguments; or "kept", the
                place of a layer as it is in the present network.
            settings: those of `SETTINGS` that change.
        """
        chosen = checked(self.settings | (settings or {}))
        if not 0 < len(wanted) <= MOST_LAYERS:
            raise ValueError(f"expected 1 to {MOST_LAYERS} layers. Received: {len(wanted)}")
        set_random_seed(chosen["seed"])
        shape = self.needs("train").x.shape[1:]
        made = models.Sequential([layers.Input(shape), *map(self._made, wanted)])
        _check_output(made, self.needs("train"), chosen)
        self.stop()
        self.model, self.settings, self._done = made, chosen, 0
        self.version += 1
        self._compile()
        self.control.tell("network", {})

    def take(self, path: Path, name: str) -> None:
        """Other data, from a file, and a network that fits them."""
        if self._read is None:
            raise ValueError("expected a page that `geartrain learn` serves, to read files")
        train, test, code = self._read(path, name)
        self.stop()
        self.train, self.test, self.data_code = train, test, code
        wanted = [{"kind": "Dense", "units": 64, "activation": "relu"}]
        if len(train.x.shape) > 2:
            wanted.insert(0, {"kind": "Flatten"})
        if train.classes:
            wanted.append({"kind": "Dense", "units": len(train.classes), "activation": "softmax"})
            self.build(wanted, {"loss": "categorical_crossentropy", "metric": "accuracy"})
        else:
            wanted.append(
                {"kind": "Dense", "units": int(np.prod(train.y.shape[1:])), "activation": "linear"}
            )
            self.build(wanted, {"loss": "mse", "metric": "mae"})

    def code(self) -> str:
        """The Keras program that does what the page does."""
        shape = self.model.input_shape[1:]
        return program_code(self.layers(), self.settings, self.data_code, shape, VALIDATED)

    def _made(self, wanted: dict[str, Any]) -> Any:
        if "kept" in wanted:
            old = self.layers()[int(wanted["kept"])]
            config = {name: value for name, value in old.get_config().items() if name != "name"}
            return type(old).from_config(config)
        arguments = {name: value for name, value in wanted.items() if name != "kind"}
        kind = wanted.get("kind")
        if kind not in KINDS:
            raise unknown_name("layer of the page", str(kind), KINDS)
        for name, value in arguments.items():
            if name not in KINDS[kind]:
                raise unknown_name(f"argument of {kind}", name, KINDS[kind])
            if isinstance(value, int) and not 0 < value <= MOST_SIZE:
                raise ValueError(f"expected {name} from 1 to {MOST_SIZE}. Received: {value}")
        return getattr(layers, kind)(**KINDS[kind] | arguments)

    def _compile(self) -> None:
        optimizer = getattr(optimizers, self.settings["optimizer"])
        self.model.compile(
            optimizer(learning_rate=self.settings["learning_rate"]),
            loss=self.settings["loss"], metrics=[self.settings["metric"]],
        )  # fmt: skip


def checked(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as the page may give them.

    >>> checked(SETTINGS | {"learning_rate": "0.01"})["learning_rate"]
    0.01
    """
    for name, known in (("optimizer", OPTIMIZERS), ("loss", LOSSES)):
        if settings[name] not in known:
            raise unknown_name(name, str(settings[name]), known)
    if unknown := settings.keys() - SETTINGS:
        raise unknown_name("setting", str(min(unknown)), SETTINGS)
    rate = float(settings["learning_rate"])
    if not 0 < rate < 100:
        raise ValueError(f"expected a learning rate above 0 and below 100. Received: {rate}")
    whole = {name: int(settings[name]) for name in ("batch_size", "epochs", "seed")}
    if min(whole["batch_size"], whole["epochs"]) < 1 or whole["seed"] < 0:
        raise ValueError(f"expected 1 or more of each, and a seed of 0 or more. Received: {whole}")
    return {**settings, **whole, "learning_rate": rate}


def _check_output(model: Any, samples: Samples, settings: dict[str, Any]) -> None:
    """Refuse a network whose last layer does not fit the targets."""
    if "categorical" in settings["loss"]:
        if not samples.classes:
            raise ValueError(
                f"expected mse or mae, since the targets are numbers. Received: {settings['loss']}"
            )
        wanted: tuple[int, ...] = (len(samples.classes),)
    else:
        y = np.asarray(samples.y)
        wanted = (len(samples.classes),) if samples.classes else (int(np.prod(y.shape[1:])),)
    if model.output_shape[1:] != wanted:
        raise ValueError(
            f"expected the last layer to give {wanted[0]} numbers a sample. Received: the shape "
            f"{model.output_shape[1:]}. End with Dense({wanted[0]})"
        )
