"""The base of losses: reductions, weights, masks, configs, and finding a loss by name."""

import numpy as np
import pytest

from geartrain import losses, ops
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH
from geartrain.losses.loss import combined_weight, same_rank
from geartrain.registry import register_keras_serializable
from geartrain.runtime.function import Program, trace

TRUE = np.float32([[1, 0], [0, 1], [1, 1]])
PRED = np.float32([[0.5, 0.5], [0, 1], [1, 0]])  # squared errors: 0.25, 0, 0.5 by row


class Absolute(losses.Loss):
    def __init__(self, power=1, **kwargs):
        super().__init__(**kwargs)
        self.power = power

    def call(self, y_true, y_pred):
        return ops.abs(y_true - y_pred) ** self.power


def test_a_loss_of_ones_own():
    loss = Absolute(power=2, name="mine", reduction="sum")
    assert loss(TRUE, PRED) == 1.5
    config = loss.get_config()
    assert config == {"name": "mine", "reduction": "sum", "power": 2}
    assert Absolute.from_config(config)(TRUE, PRED) == 1.5
    assert repr(loss) == "<Absolute name=mine>"


def test_a_loss_without_call_says_what_is_missing():
    with pytest.raises(NotImplementedError, match=r"Loss: a loss needs a method call\(self"):
        losses.Loss()(TRUE, PRED)


def test_the_dtype_is_that_of_the_result():
    assert losses.MeanSquaredError(dtype="float64")(TRUE, PRED).dtype == np.float64
    assert losses.MeanSquaredError()(TRUE.astype("float64"), PRED).dtype == np.float32
    assert losses.MeanSquaredError(dtype="float64").get_config()["dtype"] == "float64"


def test_an_unknown_reduction_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown reduction of a loss: 'means'\. Did you mean 'm"):
        losses.MeanSquaredError(reduction="means")


def test_an_unknown_keyword_suggests_the_nearest():
    with pytest.raises(TypeError, match=r"unexpected keyword 'detla'\. Did you mean 'delta'"):
        losses.Huber(detla=1.0)


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [("sum_over_batch_size", 1.25 / 6), ("mean", 1.25 / 6), ("sum", 0.625)],
)
def test_a_mask_leaves_values_out(reduction, expected):
    """The mean is over what is left: here the first and the second row."""
    loss = losses.MeanSquaredError(reduction=reduction)
    value = loss(TRUE, PRED, sample_weight=[2.5, 1, 1], mask=[True, True, False])
    assert value == pytest.approx(0.625 / 2 if reduction != "sum" else expected)


def test_a_mask_of_nothing_gives_zero():
    assert losses.MeanSquaredError()(TRUE, PRED, mask=np.zeros(3, bool)) == 0


def test_an_empty_array_has_no_values():
    assert losses.MeanSquaredError()(TRUE[:0], PRED[:0]).shape == (0,)


def test_weights_of_samples_stretch_over_further_axes():
    """Also if there are as many samples as steps, where plain broadcasting would mix them up."""
    true, pred = np.zeros((3, 3, 1), "float32"), np.ones((3, 3, 1), "float32")
    value = losses.MeanSquaredError(reduction="none")(true, pred, sample_weight=[1, 2, 3])
    np.testing.assert_array_equal(value, [[1, 1, 1], [2, 2, 2], [3, 3, 3]])
    mask = np.bool_([[1, 0, 0], [1, 1, 0], [1, 1, 1]])
    weight = combined_weight(np.float32([1, 2, 3]), mask, "float32", "sum")
    np.testing.assert_array_equal(weight, [[1, 0, 0], [2, 2, 0], [3, 3, 3]])


def test_weights_that_do_not_fit_are_told():
    with pytest.raises(ValueError, match="mean_squared_error: expected sample_weight with"):
        losses.MeanSquaredError()(TRUE, PRED, sample_weight=[1, 2])


def test_symbolic_batches_of_any_size():
    true, pred = (placeholder((BATCH, 2), "float32") for _ in range(2))
    weight = placeholder((BATCH,), "float32")
    result, scope = trace(losses.MeanSquaredError(), true, pred, weight)
    program = Program([true, pred, weight], [result], scope.updates)
    ones = np.ones(3, "float32")
    assert program.run(TRUE, PRED, ones)[0] == losses.MeanSquaredError()(TRUE, PRED)
    assert program.run(TRUE[:1], PRED[:1], ones[:1])[0] == 0.25
    assert program.run(TRUE[:0], PRED[:0], ones[:0])[0] == 0


def test_predictions_of_a_nested_structure():
    class Both(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.sum(y_pred["a"] - y_true["a"]) + ops.sum(y_pred["b"] - y_true["b"])

    true = {"a": np.zeros(2), "b": np.ones(2)}
    assert Both()(true, {"a": np.ones(2), "b": np.ones(2)}) == 2
    wrapped = losses.LossFunctionWrapper(lambda t, p: p["a"] - t["a"], reduction="sum")
    assert wrapped(true, {"a": np.ones(2)}) == 2


def test_one_rank_for_two_tensors():
    def shapes(first, second, **options):
        return tuple(x.shape for x in same_rank(np.zeros(first), np.zeros(second), **options))

    assert shapes((3,), (3, 1)) == ((3, 1), (3, 1))
    assert shapes((3, 1), (3,)) == ((3, 1), (3, 1))
    assert shapes((3,), (3, 1), expand_rank_1=False) == ((3,), (3,))
    assert shapes((3, 4, 1), (3, 4)) == ((3, 4), (3, 4))
    assert shapes((3, 4), (3, 4, 1)) == ((3, 4), (3, 4))
    assert shapes((3,), (3, 4)) == ((3,), (3, 4))
    assert shapes((3,), (3, 1, 1)) == ((3,), (3, 1, 1))


def test_a_wrapped_function_is_found_again():
    loss = losses.LossFunctionWrapper(losses.huber, delta=2.0, name="wide")
    config = losses.serialize(loss)
    assert config["config"]["fn"]["config"] == "huber"
    again = losses.deserialize(config)
    assert (again.name, again.fn, again.delta) == ("wide", losses.huber, 2.0)

    @register_keras_serializable("tests")
    def cubed(y_true, y_pred):
        return ops.abs(y_true - y_pred) ** 3

    config = losses.serialize(losses.LossFunctionWrapper(cubed))
    assert losses.deserialize(config).fn is cubed


def test_finding_a_loss():
    assert losses.get(None) is None
    assert losses.get("MSE") is losses.get("mean_squared_error") is losses.mean_squared_error
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert losses.get("logcosh") is losses.log_cosh
    assert losses.get(Absolute).power == 1
    config = {"class_name": "function", "config": "huber", "module": "builtins"}
    assert losses.get(config) is losses.huber
    with pytest.raises(ValueError, match=r"Unknown loss: 'crossentrop'"):
        losses.get("crossentrop")
    with pytest.raises(ValueError, match=r"Did you mean 'categorical_crossentropy'\?"):
        losses.get("categorical_crossentrophy")
    with pytest.raises(ValueError, match=r"Expected loss as a name.*Received: 3"):
        losses.get(3)


@pytest.mark.parametrize(
    ("true", "predicted", "name"),
    [
        ((None,), (None, 1), "binary_crossentropy"),
        ((None, 1), (None, 1), "binary_crossentropy"),
        ((None,), (None, 3), "sparse_categorical_crossentropy"),
        ((None, 1), (None, 3), "sparse_categorical_crossentropy"),
        ((None, 7), (None, 7, 3), "sparse_categorical_crossentropy"),
        ((None, 3), (None, 3), "categorical_crossentropy"),
    ],
)
def test_the_crossentropy_that_fits(true, predicted, name):
    found = losses.resolve("crossentropy", true, predicted)
    assert (found.fn.__name__, found.name) == (name, "crossentropy")


def test_what_compile_means_is_a_loss_named_as_given():
    assert losses.resolve("mse", (), ()).name == "mse"
    assert losses.resolve(losses.huber, (), ()).name == "huber"
    assert losses.resolve(losses.Huber(), (), ()).name == "huber_loss"
    assert losses.resolve(None, (), ()) is None


def test_float64_functions_keep_their_precision():
    assert losses.huber(TRUE.astype("float64"), PRED.astype("float64")).dtype == np.float64


def test_gce_needs_a_q_between_0_and_1():
    with pytest.raises(ValueError, match=r"expected q between 0 and 1\. Received: q=1"):
        losses.CategoricalGeneralizedCrossEntropy(q=1)


def test_ctc_of_a_blank_among_the_labels_is_that_of_keras():
    logits = (np.arange(24).reshape(2, 4, 3) % 7).astype("float32") / 3
    found = ops.ctc_loss(np.int32([[1, 0, 2], [1, 1, 0]]), logits, [3, 3], [4, 4])
    np.testing.assert_allclose(found, [1.949544, 4.688796], rtol=1e-6)  # of Keras on JAX
