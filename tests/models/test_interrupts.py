"""Whatever interrupts training, what is left is the state after a whole number of steps.

Ctrl-C is tried at many places of the Python code, one after the other, and for real in native code.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.compiler.pipeline import Reference
from geartrain.graph.op import REGISTRY
from geartrain.models.data import Batch
from geartrain.ops.elementwise import elementwise
from geartrain.runtime import executable, frame, threads

pytest.importorskip("llvmlite")

STEPS, ROWS = 10, 8  # two epochs of five steps, the last of fewer rows
random = np.random.default_rng(0)
X = random.normal(size=(STEPS // 2 * ROWS - 3, 6)).astype("float32")
Y = random.integers(0, 3, len(X))


@pytest.fixture
def left_to_the_reference():
    """An activation without code."""
    yield elementwise("left_out", lambda x: x * 2, lambda g, y, x: (g * 2.0,))
    del REGISTRY["left_out"]


def network(activation="tanh", **settings):
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, activation=activation),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **settings)
    return model


def changed_by_training(model):
    return list(model.program_of("train", Batch(X[:ROWS], Y[:ROWS]))[0].updates)


def rows_of(step):
    """The samples of a step, by its number from the first epoch on."""
    start = step % (STEPS // 2) * ROWS
    return slice(start, start + ROWS)


def values_of(variables):
    return [variable.numpy().tobytes() for variable in variables]


def fit(model, **more):
    model.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0, **more)


class At:
    """Raises KeyboardInterrupt before the line of number `place` of the files that run programs."""

    FILES = ("executable.py", "frame.py", "function.py", "threads.py", "loops.py", "steps.py",
             "trainer.py", "variable.py", "data.py")  # fmt: skip

    def __init__(self, place):
        self.place, self.count = place, 0

    def _call(self, frame, event, argument):
        name = frame.f_code.co_filename
        inside = "geartrain" in name and name.endswith(self.FILES)
        return self._line if inside else None

    def _line(self, frame, event, argument):
        if event == "line":
            self.count += 1
            if self.count == self.place:
                raise KeyboardInterrupt
        return self._line

    def run(self, function):
        """Whether it was interrupted."""
        before = sys.gettrace()
        sys.settrace(self._call)
        try:
            function()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(before)
        return False


@pytest.mark.parametrize("kind", ["compiled", "eager", "in part by the reference"])
def test_ctrl_c_anywhere_leaves_whole_steps(kind, left_to_the_reference):
    if kind == "in part by the reference":
        model = network(left_to_the_reference)
    else:
        model = network(run_eagerly=kind == "eager")
    variables = changed_by_training(model)
    first = [variable.numpy() for variable in variables]
    iterations = model.optimizer.iterations
    metric_variables = {id(v) for metric in model.metrics for v in metric.variables}

    program = model.program_of("train", Batch(X[:ROWS], Y[:ROWS]))[0]

    def restart():
        program.pace.clear()  # native calls begin with one step
        for variable, value in zip(variables, first, strict=True):
            variable.assign(value)

    after = [values_of(variables)]  # k steps done
    for step in range(STEPS):
        if step == STEPS // 2:
            model.reset_metrics()
        rows = rows_of(step)
        model.run_step("train", Batch(X[rows], Y[rows]))
        after.append(values_of(variables))
    zeros = [np.zeros_like(value).tobytes() for value in first]
    restart()
    fit(model)  # once, so that all memory is there
    restart()
    lines = At(0)
    assert not lines.run(lambda: fit(model))
    assert values_of(variables) == after[STEPS] and lines.count > 300
    places = np.random.default_rng(1).choice(lines.count, 150, replace=False) + 1
    seen = set()
    for place in places:
        restart()
        assert At(place).run(lambda: fit(model))
        done = int(iterations.numpy())
        seen.add(done)
        for variable, found, expected, zero in zip(
            variables, values_of(variables), after[done], zeros, strict=True
        ):
            fresh = id(variable) in metric_variables and done % (STEPS // 2) == 0
            assert found == expected or (fresh and found == zero), f"{variable.path}, line {place}"
    assert len(seen) >= 4  # native calls do more and more steps
    restart()
    fit(model)
    assert values_of(variables) == after[STEPS]


def test_ctrl_c_anywhere_leaves_the_team_free():
    threads.set_thread_count(2)
    try:
        total = keras.jit(lambda x: ops.sum(ops.exp(x) * 2))
        large = np.zeros((2000, 1100), "float32")
        total(large)
        team = threads._state.team
        assert team.size == 2
        lines = At(0)
        assert not lines.run(lambda: total(large))
        interrupted = 0
        for place in range(1, lines.count + 20):  # a team that sleeps takes more lines to wake
            interrupted += At(place).run(lambda: total(large))
            assert total(large) == 2 * large.size
        assert interrupted > lines.count // 2
        free = []
        run = team.launch
        team.launch = lambda *job: free.append(run(*job)) or free[-1]
        total(large)
        assert free == [1]
    finally:
        threads.set_thread_count(None)


def wide():
    """A network whose training takes long, and its data."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(256, activation="relu"), layers.Dense(1)]
    )
    model.compile(keras.optimizers.RMSprop(1e-4), "mse", metrics=["mae"])
    data = np.random.default_rng(5)
    return model, data.normal(size=(20_000, 64)).astype("float32"), data.normal(size=(20_000, 1))


def interrupt_when(ready, finished):
    """A thread that sends this process a SIGINT once `ready()`, unless all is finished before."""

    def work():
        while not ready() and not finished.wait(0.001):
            pass
        if not finished.is_set():
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def interrupted(function, ready):
    finished = threading.Event()
    thread = interrupt_when(ready, finished)
    try:
        with pytest.raises(KeyboardInterrupt):
            function()
    finally:
        finished.set()
        thread.join()


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_in_native_code_stops_after_a_whole_step():
    model, x, y = wide()
    variables = list(model.program_of("train", Batch(x[:32], y[:32].astype("float32")))[0].updates)
    counter = model.optimizer.iterations
    interrupted(
        lambda: model.fit(x, y, epochs=100_000, shuffle=False, verbose=0),
        lambda: counter.array >= 700,  # in the second epoch
    )
    done = int(counter.numpy())
    assert 700 <= done < 10**6
    twin, _, _ = wide()
    same = list(twin.program_of("train", Batch(x[:32], y[:32].astype("float32")))[0].updates)
    epochs, rest = divmod(done, len(x) // 32)
    if not rest:  # the metrics may have started afresh or not
        epochs, rest = epochs - 1, len(x) // 32
    twin.fit(x, y, epochs=epochs, shuffle=False, verbose=0)
    twin.fit(x[: 32 * rest], y[: 32 * rest], shuffle=False, verbose=0)
    assert int(twin.optimizer.iterations.numpy()) == done
    assert values_of(variables) == values_of(same)
    both = [m.fit(x, y, epochs=1, shuffle=False, verbose=0).history["loss"] for m in (model, twin)]
    assert both[0] == both[1]


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("kind", ["evaluate", "predict"])
def test_ctrl_c_while_a_model_is_used_changes_nothing(kind):
    model, x, _ = wide()
    before = model.get_weights()
    many = np.broadcast_to(x, (40, *x.shape)).reshape(-1, 64)
    begun = threading.Event()

    class Begun(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            begun.set()

        on_predict_begin = on_test_begin

    arguments = (many, np.zeros((len(many), 1))) if kind == "evaluate" else (many,)
    expected = getattr(model, kind)(*arguments, verbose=0)

    def use():
        for _ in range(1000):  # far longer than the signal needs
            getattr(model, kind)(*arguments, verbose=0, callbacks=[Begun()])

    interrupted(use, begun.is_set)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(getattr(model, kind)(*arguments, verbose=0), expected)


class Failing(keras.callbacks.Callback):
    def __init__(self, hook, number):
        super().__init__()
        self.left = number

        def fail(*arguments):
            self.left -= 1
            if self.left == 0:
                raise RuntimeError("the callback failed")

        setattr(self, hook, fail)


HOOKS = {"on_train_begin": 0, "on_epoch_begin": 5, "on_epoch_end": 5, "on_train_batch_begin": 6,
         "on_train_batch_end": 7}  # fmt: skip


@pytest.mark.parametrize("hook", HOOKS)
def test_a_failing_callback_leaves_whole_steps(hook):
    model, twin = network(), network()
    number = {"on_train_begin": 1, "on_epoch_begin": 2, "on_epoch_end": 1}.get(hook, 7)
    with pytest.raises(RuntimeError, match="the callback failed"):
        fit(model, callbacks=[Failing(hook, number)])
    assert int(model.optimizer.iterations.numpy()) == HOOKS[hook]
    for step in range(HOOKS[hook]):
        rows = rows_of(step)
        twin.run_step("train", Batch(X[rows], Y[rows]))
    weights = zip(model.get_weights(), twin.get_weights(), strict=True)
    assert all(one.tobytes() == other.tobytes() for one, other in weights)
    fit(model)
    assert int(model.optimizer.iterations.numpy()) == HOOKS[hook] + STEPS


@pytest.mark.parametrize("name", ["empty", "ascontiguousarray"])
def test_without_memory_nothing_changes(name, monkeypatch):
    model, other = network(), X[:5]
    variables = changed_by_training(model)
    fit(model)
    before = values_of(variables)

    def fail(*arguments, **keywords):
        raise MemoryError("no memory")

    rows = 3 if name == "empty" else frame.SMALL_BYTES  # small arrays are copied as they are
    x, y = np.resize(X, (6, rows)).T, np.resize(Y, rows)  # a new batch size, and not in order
    for use in (
        lambda: model.run_step("train", Batch(x, y)),
        lambda: model.fit(x, y, verbose=0),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(executable.np, name, fail)
            with pytest.raises(MemoryError, match="no memory"):
                use()
    for variable, found, expected in zip(variables, values_of(variables), before, strict=True):
        metric = variable.path.startswith(("loss", "sparse_categorical_accuracy"))  # fit resets it
        assert found == expected or metric, variable.path
    assert model.predict(other, verbose=0).shape == (5, 3)


def test_data_that_no_memory_can_hold_is_an_error_and_no_more():
    model = network()
    before = model.get_weights()
    rows = np.broadcast_to(np.float32(0), (2**45, 6))
    with pytest.raises(MemoryError):
        model.predict(rows, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_program_in_part_of_the_reference_stores_at_its_end(left_to_the_reference):
    model = network(left_to_the_reference)
    steps = model.program_of("train", Batch(X, Y))[0].executable.assembly.steps
    whys = [step.why for step in steps if isinstance(step, Reference)]
    assert set(whys) == {"left_out has no emitter"}
    assert isinstance(steps[-1], list)
