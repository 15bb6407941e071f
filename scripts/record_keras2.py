"""Record files of Keras 2, for the tests of reading them.

    pip install tf_keras==2.21 tensorflow-cpu
    python scripts/record_keras2.py

`tests/recorded/keras2.zip` then has for each model `name.h5`, as `model.save` of Keras 2 wrote it;
for some also `name_weights.h5` of `save_weights`; and `name.npz` with inputs x0, x1, ..., outputs
y0, y1, ...; for models that were trained for three epochs, targets y and the losses of three more.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tf_keras as keras

L, optimizers = keras.layers, keras.optimizers
BATCH, EPOCHS = 4, 3
WITH_WEIGHTS = ("row", "recurrent", "several", "nested")


def row() -> Any:
    return keras.Sequential(
        [
            L.Conv2D(3, 3, activation="relu", input_shape=(8, 8, 2)),
            L.BatchNormalization(),
            L.MaxPooling2D(),
            L.SeparableConv2D(4, 2),
            L.DepthwiseConv2D(2),
            L.LeakyReLU(alpha=0.2),
            L.PReLU(),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(3, kernel_regularizer="l2"),
        ]
    )


def row_built_late() -> Any:
    model = keras.Sequential([L.Dense(4), L.Dense(2)])
    model.build((None, 5))
    return model


def recurrent() -> Any:
    x = keras.Input((6, 3))
    y = L.Bidirectional(L.LSTM(2, return_sequences=True))(x)
    y = L.GRU(3, return_sequences=True)(y)
    y = L.GRU(3, return_sequences=True, reset_after=False)(y)
    y = L.TimeDistributed(L.Dense(4, activation="tanh"))(y)
    y = L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_sequences=True)(y)
    return keras.Model(x, L.SimpleRNN(2)(y))


def several() -> Any:
    a, b = keras.Input((4,), name="one"), keras.Input((3,), name="two")
    shared = L.Dense(4, name="shared")
    joined = L.Concatenate()([shared(a), shared(L.Dense(4)(b))])
    dot = L.Dot(axes=1)([L.Add()([shared(a), shared(shared(a))]), shared(a)])
    return keras.Model([b, a], [L.Dense(2, name="p")(joined), L.Dense(1, name="q")(dot)])


def nested() -> Any:
    i = keras.Input((4,))
    y = L.BatchNormalization()(L.Dense(3)(i))
    inner = keras.Model(i, L.Dense(4, activation=keras.activations.softplus)(y), name="inner")
    tower = keras.Sequential(
        [L.Dense(4, input_shape=(4,)), L.BatchNormalization(), inner], name="tower"
    )
    x = keras.Input((4,))
    return keras.Model(x, L.Dense(2)(L.Add()([tower(x), inner(x)])))


def words() -> Any:
    x = keras.Input((7,), dtype="int32")
    return keras.Model(x, L.LSTM(3)(L.Embedding(10, 4, mask_zero=True)(x)))


def attention() -> Any:
    x = keras.Input((5, 4))
    y = L.Add()([x, L.MultiHeadAttention(2, 3)(x, x)])
    return keras.Model(x, L.GlobalAveragePooling1D()(L.LayerNormalization(epsilon=1e-6)(y)))


def shapes() -> Any:
    layers = [
        L.Conv2DTranspose(2, 3, strides=2, padding="same", input_shape=(4, 4, 3)),
        L.ZeroPadding2D(((1, 0), (0, 1))),
        L.UpSampling2D(interpolation="bilinear"),
        L.Cropping2D(1),
        L.ReLU(max_value=6.0),
        L.Activation("swish"),
        L.AveragePooling2D(),
        L.GlobalMaxPooling2D(),
        L.Reshape((1, 2)),
        L.Permute((2, 1)),
        L.Flatten(),
        L.RepeatVector(2),
        L.Softmax(),
    ]
    return keras.Sequential(layers)


def sequence() -> Any:
    layers = [
        L.Conv1D(3, 2, padding="causal", dilation_rate=2, input_shape=(6, 2)),
        L.SpatialDropout1D(0.1),
        L.GaussianNoise(0.1),
        L.SeparableConv1D(2, 2),
        L.ELU(alpha=0.5),
        L.MaxPooling1D(),
    ]
    return keras.Sequential(layers)


MODELS = (row, row_built_late, recurrent, several, nested, words, attention, shapes, sequence)
OPTIMIZERS = {
    "adam": optimizers.Adam(0.01),
    "adam_schedule": optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)),
    "adamax": optimizers.Adamax(0.01),
    "adagrad": optimizers.Adagrad(0.1),
    "adadelta": optimizers.Adadelta(1.0),
    "ftrl": optimizers.Ftrl(0.01),
    "rmsprop": optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "sgd": optimizers.SGD(0.01),
    "sgd_momentum": optimizers.SGD(0.01, momentum=0.9),
    "old_adam": optimizers.legacy.Adam(0.01),
    "old_adam_decay": optimizers.legacy.Adam(0.01, decay=0.1),
    "old_adamax": optimizers.legacy.Adamax(0.01),
    "old_adagrad": optimizers.legacy.Adagrad(0.1),
    "old_adadelta": optimizers.legacy.Adadelta(1.0),
    "old_ftrl": optimizers.legacy.Ftrl(0.01),
    "old_nadam": optimizers.legacy.Nadam(0.01),
    "old_rmsprop": optimizers.legacy.RMSprop(0.01),
    "old_sgd": optimizers.legacy.SGD(0.01, momentum=0.9, nesterov=True),
}


def small() -> Any:
    return keras.Sequential(
        [L.Dense(5, activation="relu", input_shape=(4,)), L.BatchNormalization(), L.Dense(2)]
    )


class Recorder:
    """Writes models and what they compute into an archive."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        self.archive, self.folder = archive, Path(folder)
        self.random = np.random.default_rng(0)

    def add(self, name: str, model: Any, optimizer: Any = None) -> None:
        for variable in model.weights:
            variable.assign(self.random.uniform(0.1, 0.6, variable.shape))
        inputs = [
            self.random.integers(0, 10, (BATCH, *x.shape[1:])).astype("int32")
            if x.dtype == "int32"
            else self.random.normal(size=(BATCH, *x.shape[1:])).astype("float32")
            for x in model.inputs
        ]
        arrays = {f"x{number}": x for number, x in enumerate(inputs)}
        if optimizer is not None:
            arrays["y"] = self.random.normal(size=(BATCH, 2)).astype("float32")
            model.compile(optimizer, "mse", metrics=["mae"])
            self.fit(model, inputs, arrays["y"])
        outputs = model.predict(inputs, verbose=0)
        for number, y in enumerate(outputs if isinstance(outputs, list) else [outputs]):
            arrays[f"y{number}"] = y
        self.keep(f"{name}.h5", model.save)
        if name in WITH_WEIGHTS:
            self.keep(f"{name}_weights.h5", model.save_weights)
        if optimizer is not None:
            arrays["losses"] = np.array(self.fit(model, inputs, arrays["y"]))
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        self.archive.writestr(f"{name}.npz", stream.getvalue())

    def fit(self, model: Any, inputs: Any, y: Any) -> list[float]:
        history = model.fit(inputs, y, epochs=EPOCHS, batch_size=BATCH, verbose=0, shuffle=False)
        return history.history["loss"]

    def keep(self, name: str, save: Any) -> None:
        save(str(self.folder / name))
        self.archive.write(self.folder / name, name)


def main() -> None:
    path = Path(__file__).resolve().parent.parent / "tests" / "recorded" / "keras2.zip"
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        recorder = Recorder(archive, folder)
        for build in MODELS:
            recorder.add(build.__name__, build())
        for name, optimizer in OPTIMIZERS.items():
            recorder.add(f"optimizer_{name}", small(), optimizer)
    print(f"{path.name}: {path.stat().st_size / 1024:.1f} KiB")


if __name__ == "__main__":
    main()
