"""Trains in many ways, each for a few steps, and writes a hash of each result: `fits.py FOLDER`."""

import hashlib
import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

FOLDER = Path(sys.argv[1])
keras.distribution.initialize()
keras.distribution.set_distribution(keras.distribution.DataParallel())
RANK = keras.distribution.distribution().data_shard_id
random = np.random.default_rng(0)
x, y = random.normal(size=(45, 6)).astype("float32"), random.integers(0, 3, 45)
found = {}


def network(optimizer="adam"):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            layers.Dense(8, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def note(name, model, *arrays):
    parts = [*model.get_weights(), *arrays]
    found[name] = hashlib.sha256(b"".join(np.asarray(a).tobytes() for a in parts)).hexdigest()


class Changing(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = batch == 2
        self.model.optimizer.learning_rate = 0.01 / (batch + 1)


def batches():
    own = np.random.default_rng(3)
    while True:
        yield own.normal(size=(7, 6)).astype("float32"), own.integers(0, 3, 7)


model = network()
model.fit(
    x, y, 10, 6, 0, validation_data=(x[:9], y[:9]),
    callbacks=[
        keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau("loss", factor=0.3, patience=0),
        keras.callbacks.ModelCheckpoint(str(FOLDER / "best.keras"), save_best_only=True),
        keras.callbacks.CSVLogger(str(FOLDER / "log.csv")),
        keras.callbacks.BackupAndRestore(str(FOLDER / "backup")),
    ],
)  # fmt: skip
note("callbacks", model)
model = network()
model.fit(x, y, 8, 3, 0, callbacks=[Changing()])
note("callbacks that hear of each batch", model)
model = network()
model.fit(batches(), steps_per_epoch=5, epochs=2, verbose=0)
note("a generator", model)
model = network()
model.fit(keras.data.Dataset.from_tensor_slices((x, y)).shuffle(45, seed=3).batch(8), verbose=0)
note("a data set", model)
model = network(
    keras.optimizers.SGD(0.1, gradient_accumulation_steps=2, use_ema=True, clipnorm=1.0)
)
model.fit(x, y, 8, 2, 0, class_weight={0: 1.0, 1: 2.0, 2: 0.5})
note("accumulated gradients, moving averages, class weights", model)
keras.config.set_dtype_policy("mixed_bfloat16")
model = network()
model.fit(x, y, epochs=2, verbose=0)
note("bfloat16", model)
keras.config.set_dtype_policy("float32")
texts = np.array([["a b c"], ["b c"], ["a"], ["c d a b"]] * 5)
keras.utils.set_random_seed(1)
words = layers.TextVectorization(max_tokens=8, output_sequence_length=4)
words.adapt(texts)
model = keras.Sequential(
    [
        keras.Input((1,), dtype="string"),
        words,
        layers.Embedding(8, 4),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1),
    ]
)
model.compile("sgd", "mse")
model.fit(texts, np.arange(20.0)[:, None], 8, 2, 0)
note("texts", model, model.predict(texts, verbose=0))
(FOLDER / f"rank-{RANK}.json").write_text(json.dumps(found))
