"""Threads and processes that share a library: predictions while training, forks, exits.

Also what the library does where it may use fewer processors, or no compiler is installed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.runtime import threads

pytest.importorskip("llvmlite")

random = np.random.default_rng(0)
IMAGES = random.normal(size=(192, 12, 12, 2)).astype("float32")
TOKENS = random.integers(0, 300, (192, 12), dtype="int32")
LABELS = random.integers(0, 10, 192)


@pytest.fixture(autouse=True)
def usual_threads():
    yield
    threads.set_thread_count(None)


def convnet():
    return IMAGES, [
        layers.Conv2D(24, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, padding="same", activation="gelu"),
        layers.Flatten(),
        layers.Dropout(0.5),
    ]


def recurrent():
    return TOKENS, [
        layers.Embedding(300, 64),
        layers.Bidirectional(layers.LSTM(48, return_sequences=True)),
        layers.GRU(40),
        layers.LayerNormalization(),
    ]


def embedding():
    return TOKENS, [layers.Embedding(300, 512), layers.GlobalAveragePooling1D()]


class Attention(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(4, 32)

    def call(self, inputs):
        return inputs + self.attention(inputs, inputs)


def attention():
    return TOKENS, [
        layers.Embedding(300, 128),
        Attention(),
        layers.LayerNormalization(),
        layers.Dense(256, activation="gelu"),
        layers.GlobalMaxPooling1D(),
    ]


def model_of(network):
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    x, stack = network()
    kind = {"dtype": "int32"} if x.dtype == np.int32 else {}
    model = keras.Sequential(
        [layers.Input(x.shape[1:], **kind), *stack, layers.Dense(10, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x


def trained(network, count):
    threads.set_thread_count(count)
    model, x = model_of(network)
    history = model.fit(x, LABELS, epochs=2, batch_size=64, verbose=0).history
    return [*model.get_weights(), model.predict(x, verbose=0), np.array(history["loss"])]


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("network", [convnet, recurrent, embedding, attention])
def test_the_bits_do_not_depend_on_the_number_of_threads(network, policy):
    keras.dtype_policies.set_dtype_policy(policy)
    expected = trained(network, 1)
    for count in (2, 4):
        for one, other in zip(trained(network, count), expected, strict=True):
            assert one.tobytes() == other.tobytes()


def test_predictions_while_training_do_not_change_it():
    threads.set_thread_count(2)
    (model, x), (twin, _) = model_of(convnet), model_of(convnet)
    model.predict(x[:8], verbose=0)
    done, wrong = threading.Event(), []

    def predict():
        while not done.is_set():
            found = model.predict(x[:50], verbose=0)
            if not (np.isfinite(found).all() and np.allclose(found.sum(axis=1), 1, atol=1e-3)):
                wrong.append(found)

    workers = [threading.Thread(target=predict) for _ in range(3)]
    for worker in workers:
        worker.start()
    keras.utils.set_random_seed(5)
    model.fit(x, LABELS, epochs=4, batch_size=32, verbose=0)
    done.set()
    for worker in workers:
        worker.join()
    keras.utils.set_random_seed(5)
    twin.fit(x, LABELS, epochs=4, batch_size=32, verbose=0)
    assert not wrong
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()


def in_child(function):
    """What `function` returns in a forked child, as text; the test fails if the child hangs."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            os.write(write, str(function()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    assert os.waitpid(child, 0)[1] == 0, "the child hangs or crashed"
    return text


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
may_fork = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def checksum(model, x):
    return model.predict(x, verbose=0).tobytes().hex()[:64]


@needs_fork
@may_fork
def test_a_child_of_a_child_computes_too():
    threads.set_thread_count(2)
    model, x = model_of(convnet)
    expected = checksum(model, x)

    def child():
        mine = checksum(model, x)
        return in_child(lambda: checksum(model, x)) + mine

    assert in_child(child) == expected * 2
    assert checksum(model, x) == expected


@needs_fork
@may_fork
def test_children_forked_while_the_team_is_busy_compute_too():
    threads.set_thread_count(2)
    (model, x), (other, _) = model_of(convnet), model_of(convnet)
    expected = checksum(model, x)
    done = threading.Event()

    def train():
        while not done.is_set():
            other.fit(x, LABELS, batch_size=32, verbose=0)

    worker = threading.Thread(target=train)
    worker.start()
    try:
        for _ in range(6):
            assert in_child(lambda: checksum(model, x)) == expected
    finally:
        done.set()
        worker.join()


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
        env={**os.environ, **environment},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_a_process_ends_while_a_thread_of_it_trains():
    code = (
        "import threading, numpy as np, geartrain as keras; from geartrain import layers\n"
        "model = keras.Sequential([layers.Input((64,)), layers.Dense(512), layers.Dense(1)])\n"
        "model.compile('sgd', 'mse'); x = np.zeros((20000, 64), 'float32'); y = x[:, :1]\n"
        "begun = threading.Event()\n"
        "class Tell(keras.callbacks.Callback):\n"
        "    def on_epoch_end(self, epoch, logs=None): begun.set()\n"
        "train = lambda: model.fit(x, y, epochs=10**6, verbose=0, callbacks=[Tell()])\n"
        "threading.Thread(target=train, daemon=True).start(); begun.wait(); print('over')"
    )
    for _ in range(3):
        assert run(code, GEARTRAIN_THREADS="2") == (0, "over\n", "")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_threads_are_as_many_as_the_processors_that_may_be_used():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from geartrain.runtime import threads; print(threads.thread_count())"
    )
    assert run(code, GEARTRAIN_THREADS="", OMP_NUM_THREADS="") == (0, "1\n", "")


def test_a_system_that_gives_no_threads_costs_only_time(monkeypatch):
    model, x = model_of(convnet)
    threads.set_thread_count(1)
    expected = checksum(model, x)
    start = threading.Thread.start
    begun = []

    def refuse(thread):
        if thread.name.startswith("geartrain"):
            begun.append(thread)
            if len(begun) > 1:
                raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    threads.set_thread_count(4)
    model.fit(x, LABELS, epochs=0, verbose=0)
    team = threads._the_team()
    assert team.size == 2 and len(begun) == 2
    assert checksum(model, x) == expected


WITHOUT_LLVMLITE = """
import sys, warnings
{block}
import numpy as np, geartrain as keras
from geartrain import layers, ops
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((6,)), layers.Dense(5, "relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    losses = model.fit(x, x[:, :1], epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0], losses
    assert model.predict(x, verbose=0).shape == (64, 1)
    assert keras.jit(lambda a: ops.sum(a * 2))(np.ones(3)) == 6
print([str(one.message)[:28] for one in told])
"""


@pytest.mark.parametrize(
    "block",
    [
        "sys.modules['llvmlite'] = None",  # not installed
        "sys.modules['llvmlite.binding'] = None",  # installed, but it cannot be loaded
    ],
)
def test_without_llvmlite_there_is_one_warning_and_numpy(block):
    code = WITHOUT_LLVMLITE.format(block=block)
    assert run(code) == (0, "['llvmlite cannot be imported,']\n", "")
