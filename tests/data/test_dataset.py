"""What the recordings do not hold: random orders, errors, what is kept, and who may write."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from geartrain.data import Dataset, TensorSpec
from geartrain.data.rows import shuffled
from geartrain.random import set_random_seed


def numbers(dataset):
    return [int(x) for x in dataset]


SOURCES = {
    "rows": lambda: Dataset.range(20),
    "elements": lambda: Dataset.range(20).map(lambda x: x),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("size", [3, 20, 99])
def test_shuffling_draws_from_a_buffer(source, size):
    orders = source().shuffle(size, seed=7)
    first, second = numbers(orders), numbers(orders)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert numbers(source().shuffle(size, seed=7)) == first
    assert max(x - place for place, x in enumerate(first)) < size
    fixed = source().shuffle(size, seed=7, reshuffle_each_iteration=False)
    assert numbers(fixed) == numbers(fixed)
    again = source().shuffle(size, seed=7).repeat(2)
    assert numbers(again)[:20] == first and numbers(again.take(20)) != first
    set_random_seed(3)
    unseeded = numbers(source().shuffle(size))
    set_random_seed(3)
    assert numbers(source().shuffle(size)) == unseeded


def test_orders_are_uniform():
    drawn = np.array([numbers(Dataset.range(4).shuffle(4, seed=n)) for n in range(2000)])
    counts = [np.bincount(column, minlength=4) for column in drawn.T]
    assert np.abs(np.array(counts) - 500).max() < 100  # 5 standard deviations
    random = np.random.default_rng(0)
    first = np.bincount([next(shuffled(range(9), 3, random)) for _ in range(1500)], minlength=9)
    assert np.abs(first[:3] - 500).max() < 100 and not first[3:].any()


def test_pairs_stay_together_when_they_are_shuffled():
    x = np.arange(50)
    for a, b in Dataset.from_tensor_slices((x, {"b": x * 2})).shuffle(9).repeat(2).batch(7):
        np.testing.assert_array_equal(a * 2, b["b"])


def test_elements_cannot_be_written_into():
    data = np.ones((4, 2), "float32")

    def halved(x):
        x /= 2
        return x

    for dataset in (Dataset.from_tensor_slices(data), Dataset.from_tensors(data)):
        cached = dataset.map(lambda x: x + 0).cache()
        for _ in range(2):
            assert all((x == 0.5).all() for x in dataset.map(halved))
            assert all((x == 0.5).all() for x in cached.map(halved))
    with pytest.raises(ValueError, match="read-only"):
        next(iter(Dataset.from_tensor_slices(data)))[0] = 1
    assert (data == 1).all()


def test_texts_have_bytes():
    (text,) = Dataset.from_tensor_slices(["h\u00e9", "b"]).take(1)
    assert text.numpy() == "h\u00e9".encode()
    (pair,) = Dataset.from_tensor_slices([b"a\0", b"b"]).batch(2).as_numpy_iterator()
    assert pair.tolist() == [b"a\0", b"b"]


def test_reading_ahead_hands_on_errors_and_ends():
    def make():
        yield from (1, 2)
        raise KeyError("torn")

    def threads():
        return [one for one in threading.enumerate() if one.name == "geartrain-data"]

    failing = Dataset.from_generator(make, output_signature=TensorSpec((), "int32")).prefetch(1)
    seen = []
    with pytest.raises(KeyError, match="torn"):
        seen += [int(x) for x in failing] or [0]
    for one in failing:
        assert int(one) == 1
        break
    del one
    elements = iter(Dataset.counter().prefetch(2)._make())
    assert int(next(elements)) == 0
    elements.close()
    for thread in threads():
        thread.join(5)
    assert not threads()


def test_a_cache_is_filled_once(tmp_path):
    calls = []
    source = Dataset.range(3).map(lambda x: calls.append(x) or (x, [b"ab", b"c\0"], {"y": x / 2}))
    for cached in (source.cache(), source.cache(str(tmp_path / "elements"))):
        calls.clear()
        next(iter(cached))  # not all: nothing is kept
        first, second = (list(cached.as_numpy_iterator()) for _ in range(2))
        assert len(calls) == 4
        assert [x[0] for x in first] == [x[0] for x in second] == [0, 1, 2]
        assert second[2][1].tolist() == [b"ab", b"c\0"] and second[2][2]["y"] == 1.0
    calls.clear()
    assert len(list(source.cache(str(tmp_path / "elements")))) == 3
    assert not calls
    assert [path.name for path in tmp_path.iterdir()] == ["elements"]
    source.save(tmp_path / "saved")
    assert [int(x) for x, _, _ in Dataset.load(tmp_path / "saved")] == [0, 1, 2]
    (tmp_path / "other").write_bytes(b"{}\n")
    with pytest.raises(ValueError, match=r"that Dataset\.save or Dataset\.cache wrote"):
        list(Dataset.load(tmp_path / "other"))


def test_sampling_has_the_shares_that_were_asked_for():
    ones, twos = (Dataset.from_tensors(n).repeat() for n in (1, 2))
    drawn = Dataset.sample_from_datasets([ones, twos], [0.2, 0.8], seed=1).take(2000)
    assert abs(numbers(drawn).count(1) - 400) < 90
    short = Dataset.sample_from_datasets(
        [Dataset.range(2), ones], seed=1, stop_on_empty_dataset=True
    )
    assert 2 <= len(numbers(short)) < 50
    classes = Dataset.range(4000).map(lambda x: np.int32(x % 4 == 0))
    even = classes.rejection_resample(lambda label: label, [0.5, 0.5], seed=2)
    labels = [int(label) for label, _ in even]
    assert abs(np.mean(labels) - 0.5) < 0.05 and len(labels) > 1500


def test_infinite_and_unknown_lengths():
    assert bool(Dataset.range(0))
    for dataset, message in (
        (Dataset.range(3).repeat(), "no end"),
        (Dataset.range(3).filter(lambda x: x > 1), "not known"),
    ):
        assert bool(dataset)
        with pytest.raises(TypeError, match=message):
            len(dataset)
    iterator = iter(Dataset.range(2))
    assert int(iterator.get_next()) == 0
    assert iterator.element_spec == TensorSpec((), "int64")


def from_one(value, signature):
    return list(Dataset.from_generator(lambda: [value], output_signature=signature))


RAGGED = Dataset.range(1, 4).map(lambda n: np.ones(int(n)))
MISTAKES = {
    "whole number of 1 or more. Received: 0": lambda: Dataset.range(3).batch(0),
    "as many rows each. Received: 2, 3 rows": lambda: Dataset.from_tensor_slices(
        ([1, 2], [1, 2, 3])
    ),
    "Received: the scalar 3": lambda: Dataset.from_tensor_slices((3, [1])),
    "list of equal items": lambda: Dataset.from_tensor_slices([[1], [1, 2]]),
    "one shape. Received: shapes": lambda: list(RAGGED.batch(2)),
    r"at most shape \(2,\). Received: shape \(3,\)": lambda: list(RAGGED.padded_batch(3, [2])),
    "index below num_shards=2. Received: 2": lambda: Dataset.range(3).shard(2, 2),
    "map: expected a function": lambda: Dataset.range(3).map(3),
    "expected a data set. Received": lambda: list(Dataset.range(3).flat_map(lambda x: x)),
    "output_signature, or output_types": lambda: Dataset.from_generator(list),
    "expected shape": lambda: list(
        Dataset.from_generator(lambda: [[1, 2]], output_signature=TensorSpec((3,), "int32"))
    ),
    "which matches none. Look for a slip": lambda: Dataset.list_files("/nowhere/*.txt"),
    "expected one element. Received: more": lambda: Dataset.range(3).get_single_element(),
    "window_size or window_size_func. Received: neither": lambda: Dataset.range(3).group_by_window(
        len, len
    ),
    "expected 2 weights, one for each data set": lambda: Dataset.sample_from_datasets(
        [Dataset.range(3)] * 2, [1.0]
    ),
    "expected elements of one form": lambda: (
        Dataset.range(3).concatenate(Dataset.from_tensors(np.zeros(3))).element_spec
    ),
    "expected elements to map": lambda: Dataset.range(0).map(abs).element_spec,
    "one element to look at": lambda: Dataset.range(3).skip(3).map(abs).scan(0, max).element_spec,
    "an element to look at": lambda: Dataset.range(0).flat_map(abs).element_spec,
    "expected elements to group": lambda: (
        Dataset.range(0).group_by_window(abs, abs, window_size=2).element_spec
    ),
    "assert_cardinality: expected 2 elements. Received: 3": lambda: list(
        Dataset.range(3)._counted(2)
    ),
    "expected one batch size more than boundaries": lambda: Dataset.range(
        3
    ).bucket_by_sequence_length(len, [3], [2]),
    "elements below the last boundary": lambda: list(
        RAGGED.bucket_by_sequence_length(len, [2], [2, 2], pad_to_bucket_boundary=True)
    ),
    "Use padded_batch, which fills up": lambda: RAGGED.ragged_batch(2),
    "expected 2 parts, one for each tensor": lambda: list(
        Dataset.zip(RAGGED, RAGGED).padded_batch(2, ([3],))
    ),
    "as many axes as padded_shapes tells": lambda: list(RAGGED.padded_batch(2, [3, 3])),
    "expected names of files": lambda: Dataset.list_files(3),
    "range: expected stop, or start": lambda: Dataset.range(1, 2, 3, 4),
    "expected a dict with": lambda: from_one([1], {"a": TensorSpec((), "int32")}),
    "expected 2 parts. Received": lambda: from_one([1], (TensorSpec(()), TensorSpec(()))),
    "expected a tensor as TensorSpec": lambda: from_one(None, TensorSpec(())),
    "expected dtype string": lambda: from_one(1, TensorSpec((), str)),
    "Expected tensors of numbers or of texts": lambda: Dataset.from_tensors([{}, "a"]),
    "tensors of data sets first": lambda: list(Dataset.range(4).window(2).batch(2)),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_mistakes_are_told(message):
    with pytest.raises((ValueError, TypeError), match=message):
        MISTAKES[message]()


def test_files_are_listed(tmp_path):
    for name in ("b.txt", "a.txt", "c.bin"):
        (tmp_path / name).write_text(name)
    found = Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False)
    assert [str(x)[-5:] for x in found] == ["a.txt", "b.txt"]
    both = Dataset.list_files([str(tmp_path / "a*"), str(tmp_path / "c*")], seed=1)
    assert sorted(x.numpy()[-5:] for x in both) == [b"a.txt", b"c.bin"]
