"""`map` of many rows is a program that gives what the function gives of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from geartrain import ops, random, tree
from geartrain.data import AUTOTUNE, Dataset, programs

COUNT = programs.FEWEST + 90


@pytest.fixture
def rows() -> Any:
    drawn = np.random.default_rng(2)
    return Dataset.from_tensor_slices(
        (drawn.integers(0, 255, (COUNT, 5, 4)).astype("uint8"), np.arange(COUNT))
    )


def _scaled(x: Any, y: Any) -> Any:
    return ops.cast(x, "float32") / 255.0, y


def _as_dict(x: Any, y: Any) -> Any:
    return {"x": ops.max(x, axis=0), "fixed": 3}, (ops.one_hot(y % 4, 4), y)


def _noisy(x: Any, y: Any) -> Any:
    return ops.cast(x, "float32") + random.normal((5, 4)), y


def _one_by_one(dataset: Any, function: Callable[..., Any]) -> Any:
    """The same by the function itself, which is not traced for few elements."""
    return (function(*element) for element in dataset)


PIPELINES: dict[str, Callable[[Any], Any]] = {
    "plain": lambda data: data,
    "shuffled": lambda data: data.shuffle(100, seed=3).take(70),
    "again": lambda data: data.skip(5).repeat(2).skip(3),
}


@pytest.mark.parametrize("function", [_scaled, _as_dict, _noisy], ids=lambda f: f.__name__)
@pytest.mark.parametrize("before", PIPELINES)
def test_a_program_of_rows_gives_what_the_function_gives(
    rows: Any, function: Any, before: str
) -> None:
    mapped = PIPELINES[before](rows).map(function, num_parallel_calls=AUTOTUNE)
    random.set_random_seed(4)
    found = list(mapped)
    if before != "shuffled":  # of 70 rows no program is made
        assert mapped._rows is not None and mapped._rows.then is not None
    random.set_random_seed(4)
    expected = list(_one_by_one(PIPELINES[before](rows), function))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        tree.assert_same_paths(one, other)
        for a, b in zip(tree.flatten(one), tree.flatten(other), strict=True):
            assert np.asarray(a).dtype == ops.convert_to_tensor(b).dtype
            np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-6)


def test_what_comes_behind_a_program_takes_its_rows(rows: Any) -> None:
    mapped = rows.map(_scaled).map(lambda x, y: (x + 1.0, y))
    x, y = (np.concatenate(parts) for parts in zip(*mapped.batch(64), strict=True))
    one, number = next(iter(mapped.skip(7)))
    np.testing.assert_allclose(one, x[7])
    assert int(number) == 7
    kept = mapped.cache().shuffle(COUNT, seed=1).batch(32, drop_remainder=True)
    assert kept._batched.rows is not None
    for _ in range(2):
        order = np.concatenate([part for _, part in kept])
        assert len(set(order.tolist())) == COUNT // 32 * 32
    for part, numbers in kept.take(2):
        np.testing.assert_array_equal(part, x[numbers])
    assert [spec.shape for spec in mapped.batch(64).element_spec] == [(None, 5, 4), (None,)]
    np.testing.assert_array_equal(y, np.arange(COUNT))


def test_a_function_that_a_program_would_change_runs_on_each_element(rows: Any) -> None:
    seen: list[int] = []
    drawn = np.random.default_rng(0)

    def notes(x: Any, y: Any) -> Any:
        seen.append(1)
        return x, y

    def draws(x: Any, y: Any) -> Any:
        return ops.cast(x, "float32") + drawn.random(), y

    def asks(x: Any, y: Any) -> Any:
        return (x, y) if y > 3 else (x * 2, y)

    for function in (notes, draws, asks):
        mapped = rows.map(function)
        assert mapped._rows is None
    assert len(list(rows.map(notes))) == COUNT <= len(seen)
    (first, _), (second, _) = (one for one in rows.map(draws).take(2))
    assert float(first[0, 0]) % 1 != float(second[0, 0]) % 1


def test_windows_that_are_batched_each_are_rows_of_a_view() -> None:
    series = np.random.default_rng(0).random(COUNT + 40).astype("float32")
    found = Dataset.from_tensor_slices(series).window(9, shift=2, stride=3, drop_remainder=True)
    flat = found.flat_map(lambda one: one.batch(9))
    many = Dataset.from_tensor_slices(np.tile(series, 3)).window(5, shift=1, drop_remainder=True)
    rows = many.flat_map(lambda one: one.batch(5))
    assert rows._rows is not None and int(rows.cardinality()) == -2
    expected = np.lib.stride_tricks.sliding_window_view(np.tile(series, 3), 5)
    np.testing.assert_array_equal(np.stack(list(rows)), expected)
    np.testing.assert_array_equal(next(iter(flat)), series[:27:3])
    pairs = rows.shuffle(50, seed=1).map(lambda w: (w[:-1], w[-1])).batch(16)
    for x, y in pairs.take(3):
        assert x.shape == (16, 4) and y.shape == (16,)
        assert all(any((np.append(a, b) == one).all() for one in expected[:200])
                   for a, b in zip(x, y, strict=True))  # fmt: skip
    halves = many.flat_map(lambda one: one.batch(3))
    assert halves._rows is None and next(iter(halves)).shape == (3,)


def test_elements_that_are_made_on_threads_keep_their_order() -> None:
    from time import sleep

    def slow(x: Any) -> Any:
        sleep(0.002 * (int(x) % 3))
        return x * 2

    found = Dataset.range(20).map(slow, num_parallel_calls=3)
    assert [int(x) for x in found] == list(range(0, 40, 2))
    random.set_random_seed(1)
    noisy = Dataset.range(6).map(lambda x: random.uniform(()), num_parallel_calls=AUTOTUNE)
    first = [float(x) for x in noisy]
    random.set_random_seed(1)
    assert first == [float(x) for x in noisy] and len(set(first)) == 6
