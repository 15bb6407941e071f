"""Names of TensorFlow that keep something, or draw at random."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import script
from geartrain.errors import GeartrainWarning


@pytest.fixture(scope="module")
def tf():
    with script.stand_in():
        import tensorflow

        tensorflow.random.set_seed(0)
        yield tensorflow


def test_averages_follow(tf):
    value, averages = tf.Variable([1.0, 2.0]), tf.train.ExponentialMovingAverage(0.75)
    assert averages.average(value) is None
    averages.apply([value])
    value.assign([3.0, 2.0])
    averages.apply([value])
    np.testing.assert_allclose(averages.average(value).numpy(), [1.5, 2.0])
    early = tf.train.ExponentialMovingAverage(0.99, num_updates=0)
    early.apply([value])
    value.assign([13.0, 2.0])
    early.apply([value])
    np.testing.assert_allclose(early.average(value).numpy(), [12.0, 2.0], rtol=1e-6)
    with pytest.raises(ValueError, match="expected zero_debias=False"):
        tf.train.ExponentialMovingAverage(0.5, zero_debias=True)


def test_what_a_checkpoint_holds(tf, tmp_path):
    checkpoint = tf.train.Checkpoint(step=tf.Variable(3), weights=tf.Variable([1.0, 2.0]))
    path = checkpoint.save(tmp_path / "kept")
    names = dict(tf.train.list_variables(tmp_path))
    assert sorted(names.values()) == [[], [], [2]]
    name = next(name for name, shape in names.items() if shape == [2])
    np.testing.assert_array_equal(tf.train.load_variable(path, name), [1.0, 2.0])
    reader = tf.train.load_checkpoint(tmp_path)
    assert reader.has_tensor(name)
    assert reader.get_variable_to_shape_map()[name] == [2]
    assert reader.get_variable_to_dtype_map()[name] == tf.float32
    with pytest.raises(tf.errors.NotFoundError, match="expected one of"):
        reader.get_tensor("none")


@pytest.mark.parametrize("kind", ["uniform", "log_uniform"])
def test_distinct_candidates(kind, tf):
    sampler = getattr(tf.random, f"{kind}_candidate_sampler")
    for _ in range(5):
        drawn, _, expected = sampler([[0]], 1, 9, True, 10)
        assert len(set(drawn.numpy().tolist())) == 9
        assert drawn.numpy().max() < 10
        assert 0.5 < expected.numpy().max() <= 1
    with pytest.raises(ValueError, match="at most range_max=10 distinct classes"):
        sampler([[0]], 1, 11, True, 10)


def test_words_by_rank_are_drawn_as_often_as_expected(tf):
    drawn, _, expected = tf.random.log_uniform_candidate_sampler([[0]], 1, 20000, False, 8)
    counts = np.bincount(drawn.numpy(), minlength=8)
    wanted = dict(zip(drawn.numpy().tolist(), expected.numpy().tolist(), strict=True))
    np.testing.assert_allclose(counts, [wanted[k] for k in range(8)], rtol=0.12)


def test_a_part_of_an_image_covers_enough_of_a_box(tf):
    box = np.float32([[[0.25, 0.25, 0.75, 0.75]]])
    for _ in range(10):
        begin, size, part = tf.image.sample_distorted_bounding_box(
            [40, 60, 3], box, min_object_covered=0.5
        )
        image = tf.slice(tf.zeros((40, 60, 3)), begin, size)
        assert image.shape[2] == 3
        top, left, bottom, right = part.numpy()[0, 0]
        sides = np.minimum([bottom, right], 0.75) - np.maximum([top, left], 0.25)
        assert np.maximum(sides, 0).prod() >= 0.5 * 0.25
    with pytest.raises(ValueError, match="expected at least one box"):
        tf.image.sample_distorted_bounding_box([4, 4, 3], np.zeros((1, 0, 4), "float32"))


def test_seeds_of_other_sequences(tf):
    seeds = tf.random.split([1, 2], 3).numpy()
    assert len({tuple(one) for one in seeds.tolist()}) == 3
    np.testing.assert_array_equal(tf.random.split([1, 2], 3).numpy(), seeds)
    one, other = (tf.random.fold_in([1, 2], n).numpy().tolist() for n in range(2))
    assert one != other


def test_whole_numbers_have_no_gradient(tf):
    with tf.GradientTape() as tape, pytest.warns(GeartrainWarning, match="a tensor of floats"):
        x = tf.constant(3)
        tape.watch(x)
    assert tape.gradient(x * x, x) is None


def test_numbers_of_a_function_that_runs_step_by_step_are_tensors(tf):
    @tf.function
    def positive(x):
        return x if x > 0 else 0

    with pytest.warns(GeartrainWarning, match="runs step by step"):
        assert positive(tf.constant(-2)).numpy() == 0
    assert positive(tf.constant(2)).numpy() == 2


def test_a_python_function_of_nothing(tf):
    seen = []
    tf.py_function(lambda: seen.append(1), [], ())
    assert seen == [1]


def test_a_python_function_has_a_traced_function_run_step_by_step(tf):
    @tf.function
    def doubled(x):
        return tf.py_function(lambda one: one.numpy() * 2, [x], tf.float32)

    with pytest.warns(GeartrainWarning, match="runs step by step"):
        assert doubled(tf.constant(3.0)).numpy() == 6


def test_places_after_a_shuffle(tf):
    found = [int(tf.random_index_shuffle(n, [1, 2, 3], 9)) for n in range(10)]
    assert sorted(found) == list(range(10))
    assert found != sorted(found)
    np.testing.assert_array_equal(tf.random_index_shuffle(range(10), [1, 2, 3], 9), found)


def test_windows_along_channels_and_images_at_once_are_refused(tf):
    with pytest.raises(ValueError, match="windows along the channels alone"):
        tf.nn.max_pool(np.zeros((1, 4, 4, 4), "float32"), [1, 2, 2, 2], [1, 2, 2, 2], "VALID")
