"""Tokens outside a table: an error that names the table, and weights as of the last good step."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.runtime import threads

ROWS, STEPS = 8, 12


def network(**settings):
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((6,), dtype="int32"),
            layers.Embedding(50, settings.pop("width", 4), name="tokens"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", **settings)
    return model


def data(rows=ROWS * STEPS):
    random = np.random.default_rng(0)
    return random.integers(0, 50, (rows, 6), dtype="int32"), random.integers(0, 3, rows)


@pytest.mark.parametrize("wrong", [50, 51, 2**31 - 1])
@pytest.mark.parametrize("eager", [False, True])
def test_the_error_names_table_value_and_range(wrong, eager):
    model = network(run_eagerly=eager)
    x, _ = data()
    good = model.predict(x, verbose=0)
    x[70, 3] = wrong
    who = "take" if eager else "tokens/embeddings"
    text = rf"{who}: expected indices in \[0, 49\]\. Received: {wrong}\. If these are tokens"
    for rows in (x, x[70:71]):
        with pytest.raises(ValueError, match=text):
            model.predict(rows, verbose=0)
    x[70, 3] = 49
    x[70, 3] = data()[0][70, 3]
    np.testing.assert_array_equal(model.predict(x, verbose=0), good)


# Kernels of one thread, and, in a few steps, of a team.
@pytest.mark.parametrize(
    ("bad", "width"),
    [(bad, width) for width, by in ((4, 1), (600, 4)) for bad in range(0, STEPS, by)],
)
def test_training_stops_before_the_step_with_a_wrong_token(bad, width):
    threads.set_thread_count(2)
    try:
        (x, y), rows = data(), ROWS
        if width == 600:  # so much work that it is shared
            x, y, rows = np.tile(x, (16, 1)), np.tile(y, 16), ROWS * 16
        model, twin = network(width=width), network(width=width)
        twin.fit(x[: bad * rows], y[: bad * rows], batch_size=rows, shuffle=False, verbose=0) \
            if bad else None  # fmt: skip
        x[bad * rows + 5, 2] = 77
        with pytest.raises(ValueError, match=r"\[0, 49\]\. Received: 77"):
            model.fit(x, y, batch_size=rows, shuffle=False, verbose=0)
        assert model.optimizer.iterations.numpy() == bad
        before = [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]
        expected = [*twin.get_weights(), *(v.numpy() for v in twin.optimizer.variables)]
        for one, other in zip(before, expected[: len(before)] if bad else before, strict=True):
            assert one.tobytes() == other.tobytes()
        x[bad * rows + 5, 2] = 7
        history = model.fit(x, y, batch_size=rows, shuffle=False, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        assert model.optimizer.iterations.numpy() == bad + STEPS
    finally:
        threads.set_thread_count(None)


@pytest.mark.parametrize("kind", ["fit", "evaluate", "predict"])
@pytest.mark.parametrize("bad", [ROWS * STEPS - 1, ROWS * STEPS, ROWS * STEPS + 2])
def test_a_wrong_token_in_or_before_a_smaller_last_batch(kind, bad):
    x, y = data(ROWS * STEPS + 3)
    model = network()
    arguments = {"fit": (x, y), "evaluate": (x, y), "predict": (x,)}[kind]
    use = getattr(model, kind)
    more = {"shuffle": False} if kind == "fit" else {}
    use(*arguments, batch_size=ROWS, verbose=0, **more)  # from here on, calls do many steps
    done, token = int(model.optimizer.iterations.numpy()), x[bad, 2]
    x[bad, 2] = 77
    with pytest.raises(ValueError, match=r"\[0, 49\]\. Received: 77"):
        use(*arguments, batch_size=ROWS, verbose=0, **more)
    assert model.optimizer.iterations.numpy() - done == (bad // ROWS if kind == "fit" else 0)
    x[bad, 2] = token
    assert np.isfinite(model.evaluate(x, y, batch_size=ROWS, verbose=0))


def test_computed_places_are_looked_at_too():
    table = np.arange(10, dtype="float32")
    look = keras.jit(lambda places: ops.take(table, places * 2 + 1, axis=0))
    np.testing.assert_array_equal(look(np.arange(4, dtype="int32")), [1, 3, 5, 7])
    with pytest.raises(ValueError, match=r"\[0, 9\]\. Received: 11"):
        look(np.int32([0, 5, 1]))
    add = keras.jit(lambda rows, places: ops.segment_sum(rows, places, num_segments=3))
    rows = np.ones((4, 2), "float32")
    np.testing.assert_array_equal(add(rows, np.int32([0, 2, 2, 1]))[:, 0], [1, 1, 2])


def test_lanes_and_rows_that_are_cut_off_are_no_error():
    # one less than a place: where nothing is read, it would be -1
    padded = keras.jit(
        lambda table, places: ops.pad(ops.take(table, places - 1, axis=0), ((2, 3), (1, 0)))
    )
    table = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    places = np.int32([1, 5, 3])
    found = padded(table, places)
    np.testing.assert_array_equal(found[2:5, 1:], table[places - 1])
    along = keras.jit(lambda x, places: ops.take_along_axis(x, places - 1, axis=1) * 2)
    x, at = np.float32([[1, 2, 3], [4, 5, 6]]), np.int32([[3], [1]])
    np.testing.assert_array_equal(along(x, at), [[6], [8]])
