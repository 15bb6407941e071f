"""Trains a network with layers of many kinds; rank 1 may fail once on the way.

    geartrain launch -n 2 job.py FOLDER FAULT

Prints a hash of all that came out, and at which step training began.
"""

import hashlib
import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

FOLDER, FAULT = Path(sys.argv[1]), sys.argv[2]
keras.distribution.initialize()
keras.distribution.set_distribution(keras.distribution.DataParallel())
RANK = keras.distribution.distribution().data_shard_id


def fail():
    mark = FOLDER / "failed"
    if mark.exists():
        return
    mark.touch()
    if FAULT == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if FAULT == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if FAULT == "raise":
        raise ValueError("a sample that nobody can read")
    if FAULT == "memory":
        raise MemoryError("no room for a sample")
    if FAULT == "exit":
        sys.exit(3)


class Data(keras.utils.PyDataset):
    """Batches of 11 samples, the last of 6, with weights."""

    read = 0

    def __len__(self):
        return 4

    def __getitem__(self, number):
        Data.read += 1
        if FAULT != "none" and RANK == 1 and Data.read == 16:
            fail()
        random = np.random.default_rng(number)
        count = 11 if number < 3 else 6
        x = random.normal(size=(count, 6, 3)).astype("float32")
        return x, random.integers(0, 3, count), random.random(count).astype("float32")


class Watching(keras.callbacks.Callback):
    """Notes the epochs, and computes at rank 0."""

    def on_epoch_begin(self, epoch, logs=None):
        epochs.append(epoch)

    def on_epoch_end(self, epoch, logs=None):
        self.model.predict(np.zeros((2, 6, 3), "float32"), verbose=0)
        self.model.optimizer.learning_rate = 0.01 / (epoch + 1)


keras.utils.set_random_seed(4)
model = keras.Sequential(
    [
        layers.Conv1D(8, 2, activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.3),
        layers.LSTM(5, return_sequences=True),
        layers.Flatten(),
        layers.Dense(400, activation="relu"),  # whose gradients are sent in slices
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
epochs = []
x, y, _ = Data()[0]
model.fit(
    Data(), epochs=4, verbose=0, callbacks=[Watching()], validation_data=(x, y),
    resume=keras.resume.Checkpoints(FOLDER / "run", steps=1),
)  # fmt: skip
found = [*model.get_weights(), *(one.numpy() for one in model.optimizer.variables)]
found += [model.predict(x, verbose=0), np.float32(model.evaluate(x, y, verbose=0))]
digest = hashlib.sha256(b"".join(array.tobytes() for array in found)).hexdigest()[:16]
(FOLDER / f"rank-{RANK}").write_text(digest)
model.save(FOLDER / f"of-{RANK}.keras")
print(f"result {digest} from epoch {epochs[:1]}", flush=True)
