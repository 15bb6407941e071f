"""What is refused says what was expected, what was received, and what to do instead."""

from __future__ import annotations

import pytest

from geartrain import script


@pytest.fixture(scope="module")
def tf():
    with script.stand_in():
        import tensorflow

        yield tensorflow


def _second_gradient(tf):
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    tape.gradient(y, x)


def _full(tf):
    queue = tf.queue.FIFOQueue(1, tf.int32)
    queue.enqueue(1)
    queue.enqueue(2)


@pytest.mark.parametrize(
    ("fails", "message"),
    [
        (_second_gradient, "expected one call. Received: a second one. Write tf.Gradi"),
        (_full, "expected room. Received: a queue with 1 of 1 elements"),
        (lambda tf: tf.queue.FIFOQueue(1, tf.int32).dequeue(), "an empty queue"),
        (lambda tf: tf.GradientTape().watch([1.0]), "expected a tensor or variable"),
        (lambda tf: tf.gradients(1, 2), "expected to be called inside of tf.function"),
        (lambda tf: tf.as_dtype("float33"), "expected an element type, such as tf.float32"),
        (lambda tf: tf.Variable(), "tf.Variable: expected an initial_value. Received: None"),
        (lambda tf: tf.train.Checkpoint().gone, "Checkpoint: has no 'gone'"),
        (lambda tf: tf.train.Checkpoint().restore("gone"), "expected a checkpoint"),
        (lambda tf: tf.distribute.TPUStrategy(), "expected TPUs. There are none here: use"),
        (lambda tf: tf.nn.conv2d([[[[1.0]]]], [[[[1.0]]]], 1, [[0, 0]] * 4), "Use tf.pad first."),
        (lambda tf: tf.compat.v1.Session(), "graphs that sessions run are not here; tensors have"),
        (lambda tf: tf.random.uniform([1], dtype=tf.int32), "expected maxval for integers"),
        (lambda tf: tf.signal.dct([1.0], type=3), "expected type=2. Received: type=3"),
        (lambda tf: tf.signal.frame([[1.0]], 1, 1, axis=0), "expected the last axis"),
        (lambda tf: tf.debugging.assert_equal([1], [2], "Why?"), "expected equal elements.*Why?"),
        (lambda tf: tf.debugging.assert_positive([0]), "expected numbers above 0"),
        (lambda tf: tf.debugging.assert_near([1.0], [2.0]), "expected elements near each other"),
        (lambda tf: tf.debugging.assert_rank(tf.constant(1), 2), "assert_rank: expected 2 axes"),
        (lambda tf: tf.debugging.assert_type(tf.constant(1), tf.float32), "assert_type: expected"),
        (lambda tf: tf.debugging.assert_all_finite(tf.constant(float("nan")), "Oh."), "Oh."),
        (lambda tf: tf.debugging.assert_shapes([(tf.ones((1, 2)), (1, 3))]), "assert_shapes: exp"),
        (lambda tf: tf.debugging.Assert(False, ["data"]), "tf.Assert: .*data"),
        (lambda tf: tf.ensure_shape(tf.ones(2), [3]), r"expected shape \(3,\)"),
        (lambda tf: tf.TensorShape([1]).with_rank(2), "TensorShape: expected 2 axes"),
        (lambda tf: tf.ones(2).set_shape([3]), r"set_shape: expected \(3,\)"),
        (lambda tf: tf.io.decode_csv(["1,"], [0, tf.constant([], tf.int32)]), "a value in field 1"),
        (lambda tf: tf.ragged.constant([[1], [2]])[5], "RaggedTensor: expected a row below 2"),
        (lambda tf: tf.ragged.range([1]) + tf.ragged.range([2]), "of the same lengths"),
        (lambda tf: tf.image.random_crop(tf.ones((2, 2, 1)), (3, 3, 1)), "expected a size within"),
        (lambda tf: tf.gather_nd([[1]], [[0]], batch_dims=2), "expected batch_dims 0 or 1"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_to_do(fails, message, tf):
    kinds = (ValueError, TypeError, RuntimeError, AttributeError, IndexError, NotImplementedError)
    with pytest.raises((*kinds, FileNotFoundError, tf.errors.OpError), match=message):
        fails(tf)


def test_variables_and_files_without_a_partner_are_named(tf, tmp_path):
    checkpoint = tf.train.Checkpoint(a=tf.Variable(1.0))
    path = checkpoint.save(tmp_path / "ckpt")
    other = tf.train.Checkpoint(b=tf.Variable(2.0))
    status = other.restore(path)
    with pytest.raises(AssertionError, match="expected as many variables as values"):
        status.assert_consumed()
    with pytest.raises(AssertionError, match=r"Checkpoint: variables without a value: .'b/0'"):
        status.assert_existing_objects_matched()
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("2")
    for move in (tf.io.gfile.copy, tf.io.gfile.rename):
        with pytest.raises(FileExistsError, match=r"is there. Use overwrite=True."):
            move(str(tmp_path / "one"), str(tmp_path / "two"))
        move(str(tmp_path / "one"), str(tmp_path / "two"), overwrite=True)
    assert (tmp_path / "two").read_text() == "1"


def test_a_signature_and_symbolic_initial_values_are_checked(tf):
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def double(x):
        return x * 2

    assert double([[1, 2]]).numpy().tolist() == [[2.0, 4.0]]
    with pytest.raises(TypeError, match="expected a tensor as TensorSpec"):
        double(tf.ones((2, 3)))
    with pytest.raises(TypeError, match="expected 1 tensors, as input_signature says"):
        double(1.0, 2.0)
    with pytest.raises(ValueError, match="expected an initial_value that is known"):
        tf.function(lambda x: tf.Variable(x))(tf.ones(2))
