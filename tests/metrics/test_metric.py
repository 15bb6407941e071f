"""The base of metrics, means, and finding a metric by name."""

import inspect

import numpy as np
import pytest

from geartrain import losses, metrics, ops
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.registry import members, register_keras_serializable
from tests.metrics.test_metrics_recorded import KNOWN


def test_every_metric_is_recorded():
    own = {name for name, cls in members("metrics").items() if "geartrain" in cls.__module__}
    assert own - {case["target"] for case in KNOWN} == {"Metric", "MeanMetricWrapper"}


class Seen(metrics.Metric):
    """How many samples there were, and a metric inside."""

    def __init__(self, name="seen", **kwargs):
        super().__init__(name=name, **kwargs)
        self.count = self.add_weight(name="count")
        self.inner = [metrics.Sum()]

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.count.assign_add(len(y_true))
        self.inner[0].update_state(y_pred)

    def result(self):
        return {"count": self.count.value, "sum": self.inner[0].result()}


def test_a_metric_of_ones_own():
    metric = Seen()
    assert metric([1, 2], [3.0, 4.0]) == {"count": 2, "sum": 7}
    assert [variable.path for variable in metric.variables] == ["seen/count", "sum/total"]
    assert metric.stateless_result([np.float32(5), np.float32(6)]) == {"count": 5, "sum": 6}
    metric.reset_state()
    assert metric.result() == {"count": 0, "sum": 0}
    assert metric.get_config() == {"name": "seen", "dtype": "float32"}
    assert repr(Seen.from_config(metric.get_config())) == "<Seen name=seen>"


def test_what_is_missing_is_told():
    with pytest.raises(
        NotImplementedError, match=r"Metric: a metric needs a method update_state\("
    ):
        metrics.Metric().update_state()
    with pytest.raises(NotImplementedError, match=r"Metric: a metric needs a method result\(self"):
        metrics.Metric().result()

    class Early(metrics.Metric):
        def __init__(self):
            self.add_variable((), "zeros")

    with pytest.raises(RuntimeError, match=r"Early: call super\(\).__init__\(\) before add_var"):
        Early()


def test_the_wrong_number_of_values():
    with pytest.raises(ValueError, match=r"Mean 'mean': expected 2 values.*Received: 1"):
        metrics.Mean().stateless_update_state([1.0], [2.0])


def test_stateless_updates_of_symbolic_values_stay_symbolic():
    total, values = placeholder((), "float32"), placeholder((BATCH,), "float32")
    (changed,) = metrics.Sum().stateless_update_state([total], values)
    assert isinstance(changed, Node)


def test_results_do_not_change_when_the_state_does():
    for metric in (metrics.Sum(), metrics.Mean(), metrics.TruePositives()):
        metric.update_state([1.0], [1.0])
        before = metric.result()
        metric.update_state([1.0], [1.0])
        metric.update_state([1.0], [1.0])
        assert before == 1, metric


def test_the_mean_of_scalars_and_of_nothing():
    mean = metrics.Mean()
    assert mean.result() == 0
    assert mean(3.0) == 3
    assert mean(6.0, sample_weight=2) == 5


def test_the_dtype_is_that_of_the_result():
    mean = metrics.Mean(dtype="float64")
    assert mean([0.1]).dtype == np.float64
    assert mean.get_config()["dtype"] == "float64"


def test_a_mask_leaves_samples_out():
    metric = metrics.MeanSquaredError()
    metric.update_state([[1.0], [2.0]], [[3.0], [9.0]], mask=[True, False])
    assert metric.result() == 4
    assert metric.count.numpy() == 1
    sparse = metrics.SparseCategoricalAccuracy()
    true, scores = np.int32([[0, 1]]), np.float32([[[0.9, 0.1], [0.9, 0.1]]])
    sparse.update_state(true, scores, mask=np.bool_([[True, False]]))
    assert sparse.result() == 1


def test_ignored_classes_leave_the_count_only_beside_weights():
    scores = np.float32([[0.5, 0.5], [0.5, 0.5]])
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    assert metric([0, -1], scores) == pytest.approx(np.log(2) / 2)
    metric.reset_state()
    assert metric([0, -1], scores, [1, 1]) == pytest.approx(np.log(2))


def test_finding_a_metric():
    assert isinstance(metrics.get("mse"), metrics.MeanSquaredError)
    assert isinstance(metrics.get("mean_squared_error"), metrics.MeanSquaredError)
    assert isinstance(metrics.get("AUC"), metrics.AUC)
    assert isinstance(metrics.get("auc"), metrics.AUC)
    assert isinstance(metrics.get("accuracy"), metrics.Accuracy)
    assert isinstance(metrics.get(metrics.Recall), metrics.Recall)
    assert metrics.get(None) is None
    assert metrics.get(losses.huber) is losses.huber
    with pytest.raises(ValueError, match=r"Unknown metric: 'acuracy'\. Did you mean '[Aa]ccuracy'"):
        metrics.get("acuracy")
    with pytest.raises(ValueError, match=r"Expected metric as a name.*Received: 3"):
        metrics.get(3)


@pytest.mark.parametrize(
    ("true", "predicted", "kind"),
    [
        ((None,), (None, 1), "Binary"),
        ((None, 1), (None, 1), "Binary"),
        ((None,), (None, 3), "SparseCategorical"),
        ((None, 1), (None, 3), "SparseCategorical"),
        ((None, 7), (None, 7, 3), "SparseCategorical"),
        ((None, 3), (None, 3), "Categorical"),
    ],
)
def test_the_accuracy_and_crossentropy_that_fit(true, predicted, kind):
    assert type(metrics.accuracy_for(true, predicted)).__name__ == f"{kind}Accuracy"
    assert type(metrics.crossentropy_for(true, predicted)).__name__ == f"{kind}Crossentropy"
    assert type(metrics.resolve("Accuracy", true, predicted)).__name__ == f"{kind}Accuracy"
    assert type(metrics.resolve("ce", true, predicted)).__name__ == f"{kind}Crossentropy"


def test_what_compile_means_is_a_metric_named_as_given():
    assert metrics.resolve("acc", (None,), (None, 3)).name == "acc"
    assert metrics.resolve("mae", (), ()).name == "mae"
    assert metrics.resolve(metrics.AUC(name="area"), (), ()).name == "area"
    wrapped = metrics.resolve(losses.huber, (), ())
    assert (type(wrapped).__name__, wrapped.name) == ("MeanMetricWrapper", "huber")
    assert metrics.resolve(None, (), ()) is None


def test_a_wrapped_function_is_found_again():
    metric = metrics.MeanMetricWrapper(losses.huber, name="wide", delta=2.0)
    again = metrics.deserialize(metrics.serialize(metric))
    assert (again.name, again.fn, again.delta) == ("wide", losses.huber, 2.0)
    metric = metrics.MeanMetricWrapper(metrics.binary_accuracy, threshold=0.25)
    again = metrics.deserialize(metrics.serialize(metric))
    assert (again.fn, again.threshold) == (metrics.binary_accuracy, 0.25)

    @register_keras_serializable("tests")
    def difference(y_true, y_pred):
        return ops.abs(y_true - y_pred)

    config = metrics.serialize(metrics.MeanMetricWrapper(difference))
    assert metrics.deserialize(config).fn is difference


@pytest.mark.parametrize("name", [name for name in metrics.__all__ if name[0].isupper()])
def test_better_is_up_or_down(name):
    """What callbacks with mode="auto" go by; None for what has no better direction."""
    cls = getattr(metrics, name)
    neither = {"Metric", "Mean", "Sum", "MeanMetricWrapper"}
    counts = {"TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"}
    expected = {None} if name in neither | counts else {"up", "down"}
    assert cls._direction in expected
    if "Error" in name or "entropy" in name or "Hinge" in name:
        assert cls._direction == "down"
    if "Accuracy" in name or "Score" in name or "IoU" in name:
        assert cls._direction == "up"
    assert "self" in inspect.signature(cls.update_state).parameters
