"""The team of threads: the same bits for any number, callers at once, forks, and no idle work."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.runtime import threads
from geartrain.runtime.function import jit

pytest.importorskip("llvmlite")


@pytest.fixture(autouse=True)
def usual_threads():
    yield
    threads.set_thread_count(None)


def network(seed=0):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            layers.Input((12, 12, 2)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(300, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(count):
    threads.set_thread_count(count)
    model = network()
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 12, 12, 2)).astype("float32")
    y = random.integers(0, 10, 300)
    history = model.fit(x, y, epochs=2, batch_size=64, verbose=0).history
    return [*model.get_weights(), model.predict(x, verbose=0), np.array(history["loss"])]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_kernels_that_are_small_or_not_as_the_batch_is(count):
    threads.set_thread_count(count)
    random = np.random.default_rng(0)
    weights = random.normal(size=(600, 300)).astype("float32")

    @jit
    def chain(x):
        h = ops.tanh(ops.matmul(x, weights))
        h = h - ops.mean(h, axis=-1, keepdims=True)
        return ops.sum(h * h, axis=-1), ops.mean(h, axis=0), ops.sum(ops.exp(h[:, :9]), axis=-1)

    for batch in (1, 3, 20, 170, 1200, 5000):
        x = random.normal(size=(batch, 600)).astype("float32") / 30
        h = np.tanh(x @ weights)
        h = h - h.mean(-1, keepdims=True)
        squares, means, powers = chain(x)
        np.testing.assert_allclose(squares, (h * h).sum(-1), rtol=1e-4)
        np.testing.assert_allclose(means, h.mean(0), atol=1e-5)
        np.testing.assert_allclose(powers, np.exp(h[:, :9]).sum(-1), rtol=1e-5)


def test_the_bits_do_not_depend_on_the_number_of_threads():
    expected = trained(1)
    for count in (2, 4, 1):
        for one, other in zip(trained(count), expected, strict=True):
            assert one.tobytes() == other.tobytes()


def test_eight_threads_predict_at_once():
    threads.set_thread_count(2)
    model = network()
    random = np.random.default_rng(1)
    inputs = [random.normal(size=(n, 12, 12, 2)).astype("float32") for n in range(1, 9)]
    expected = [model.predict(x, verbose=0) for x in inputs]
    wrong = []

    def work(number):
        for _ in range(25):
            found = model.predict(inputs[number], verbose=0)
            if found.tobytes() != expected[number].tobytes():
                wrong.append(number)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


LARGE = np.ones((700, 500), "float32")


def total():
    return float(jit(lambda x: ops.sum(ops.exp(x) * 2))(LARGE))


def in_child(connection):
    connection.send(total())


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_computes_too(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    threads.set_thread_count(2)
    expected = total()
    context = multiprocessing.get_context(method)
    ours, theirs = context.Pipe()
    child = context.Process(target=in_child, args=(theirs,))
    child.start()
    assert ours.poll(60), "the child hangs"
    assert ours.recv() == expected
    child.join(60)
    assert child.exitcode == 0
    assert total() == expected


def test_an_idle_team_uses_no_processor():
    threads.set_thread_count(2)
    total()
    time.sleep(0.05)  # for the spinning to end
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.1


def test_a_process_ends_while_its_team_sleeps():
    code = (
        "import numpy as np; from geartrain import ops; from geartrain.runtime import threads\n"
        "from geartrain.runtime.function import jit; threads.set_thread_count(3)\n"
        "print(jit(lambda x: ops.sum(x * 2))(np.ones((3000, 1000), 'float32')).item())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "6000000.0\n", "")


def test_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads.thread_count() == 3
    monkeypatch.setenv("GEARTRAIN_THREADS", "2")
    assert threads.thread_count() == 2
    threads.set_thread_count(5)
    assert threads.thread_count() == 5
    threads.set_thread_count(None)
    monkeypatch.delenv("GEARTRAIN_THREADS")
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert 1 <= threads.thread_count() <= len(os.sched_getaffinity(0))
    with pytest.raises(ValueError, match=r"at least 1, or None\. Received: 0"):
        threads.set_thread_count(0)


def awake_team():
    """The team of two threads, and a job for it that has been done once."""
    threads.set_thread_count(2)
    program = jit(lambda x: ops.matmul(x, x))
    program(np.ones((200, 200), "float32"))
    return threads._the_team()


def asleep(team):
    end = time.monotonic() + 10
    while team._sleepers.value < team.size - 1 and time.monotonic() < end:
        time.sleep(0.001)
    return team._sleepers.value == team.size - 1


def test_workers_sleep_when_there_is_nothing_to_do_and_wake_when_asked_often():
    team = awake_team()
    assert asleep(team)
    team.keep_awake()  # the first question in a long time wakes nobody
    assert team._sleepers.value == team.size - 1
    end = time.monotonic() + 10
    while team._sleepers.value and time.monotonic() < end:
        team.keep_awake()
    assert team._sleepers.value == 0


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="affinity is Linux's")
def test_workers_may_run_everywhere_after_they_have_been_woken_elsewhere():
    everywhere = os.sched_getaffinity(0)
    team = awake_team()
    for _ in range(3):
        assert asleep(team)
        jit(lambda x: ops.matmul(x, x))(np.ones((200, 200), "float32"))
        for worker in team._workers:
            assert os.sched_getaffinity(worker.native_id) == everywhere


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("pause", [0.0, 0.002])
def test_moderate_work_is_the_same_for_a_team_that_sleeps(count, pause):
    expected = None
    threads.set_thread_count(count)
    random = np.random.default_rng(3)
    x, w = (random.normal(size=shape).astype("float32") for shape in ((4, 300), (300, 300)))
    program = jit(lambda x: ops.sum(ops.relu(ops.matmul(x, w)), axis=-1))
    for _ in range(20):
        time.sleep(pause)
        found = program(x).tobytes()
        assert expected in (None, found)
        expected = found
