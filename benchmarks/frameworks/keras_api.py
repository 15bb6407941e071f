"""Geartrain and Keras: the same code, through the public API alone."""

from __future__ import annotations

import importlib
import os
import time

from frameworks import Unavailable


class Network:
    """A model of `geartrain` or `keras`, compiled and not yet trained."""

    def __init__(self, workload, threads, policy=None):
        library = "geartrain" if "KERAS_BACKEND" not in os.environ else "keras"
        if os.environ.get("KERAS_BACKEND") == "torch":
            importlib.import_module("torch").set_num_threads(threads)
        self.keras = keras = importlib.import_module(library)
        self.batch = workload.batch
        keras.utils.set_random_seed(0)
        if policy:
            keras.dtype_policies.set_dtype_policy(policy)
        words = workload.layers[0].kind == "Embedding"
        inputs = keras.Input(workload.shape, dtype="int32" if words else None)
        if any(one.kind == "EncoderBlock" for one in workload.layers):
            outputs = inputs
            for one in workload.layers:
                outputs = self.append(one, outputs)
            self.model = keras.Model(inputs, outputs)
        else:
            layers = [self.layer(one.kind)(**one.arguments) for one in workload.layers]
            self.model = keras.Sequential([inputs, *layers])
        classes = workload.loss.endswith("categorical_crossentropy")
        metrics = ["accuracy"] if classes else None
        self.model.compile(workload.optimizer, workload.loss, metrics=metrics)

    def layer(self, kind):
        """The class of a layer."""
        if not hasattr(self.keras.layers, kind):
            raise Unavailable(f"{self.keras.__name__}.layers has no {kind}")
        return getattr(self.keras.layers, kind)

    def append(self, one, x):
        """A layer of a functional model."""
        if one.kind != "EncoderBlock":
            return self.layer(one.kind)(**one.arguments)(x)
        heads, width, hidden = (one.arguments[name] for name in ("heads", "width", "hidden"))
        attention, dense = self.layer("MultiHeadAttention"), self.layer("Dense")
        add, normalize = self.layer("Add"), self.layer("LayerNormalization")
        x = normalize()(add()([x, attention(heads, width // heads)(x, x)]))
        return normalize()(add()([x, dense(width)(dense(hidden, activation="relu")(x))]))

    def fit(self, x, y, epochs):
        """One call of `fit`; the seconds of each epoch by a callback."""
        seconds = []

        class Clock(self.keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                self.start = time.perf_counter()

            def on_epoch_end(self, epoch, logs=None):
                seconds.append(time.perf_counter() - self.start)

        self.model.fit(
            x, y, epochs=epochs, batch_size=self.batch, verbose=0, callbacks=[Clock()]
        )  # fmt: skip
        return seconds

    def predict(self, x):
        """`predict` as users call it."""
        return self.model.predict(x, verbose=0)
