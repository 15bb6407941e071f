"""The config of every class is the one that Keras writes, and is read back as it was."""

from __future__ import annotations

import json
import math

import pytest

import geartrain as keras
from geartrain import registry
from geartrain.layers.symbolic import KerasTensor
from geartrain.serialization import class_of, deserialize, families_of, serialize
from geartrain.serialization.names import package
from tests.recorded import load

CASES = {case["name"]: case for case in load("configs")[0]["cases"]}
for family in families_of(None):
    package(family)

# Keys of Keras that have no meaning here, where they hold their default.
MEANINGLESS = {
    "quantization_config", "synchronized", "rms_scaling",
}  # fmt: skip
# Arguments that Keras's files lose. Keras reads them where they are written.
LOST = {
    ("Identity", "gain"), ("SparseCategoricalCrossentropy", "axis"), ("SimpleRNN", "seed"),
    *((name, "dtype") for name in registry.members("losses")),
}  # fmt: skip
# Values that Keras writes otherwise: a policy by its compute dtype alone, which loses a mixed one;
# numbers as a tensor of its own.
OTHERWISE = {
    ("SpatialDropout1D", "dtype"), ("SpatialDropout2D", "dtype"), ("SpatialDropout3D", "dtype"),
    ("AUC", "label_weights"),
}  # fmt: skip
BASES = {
    "Initializer", "Loss", "LossFunctionWrapper", "Metric", "MeanMetricWrapper", "Constraint",
    "Regularizer", "Lambda",
}  # fmt: skip


def made(spec):
    """The configs in a spec as objects, made by calling their classes."""
    if isinstance(spec, dict) and "class_name" in spec and "config" in spec:
        return class_of(spec)(**made(spec["config"]))
    if isinstance(spec, dict):
        return {key: made(value) for key, value in spec.items()}
    return [made(value) for value in spec] if isinstance(spec, list) else spec


def instance(case):
    item = made({**case, "module": f"keras.{case['family']}"})
    if "shapes" in case:
        dtype = "int32" if case.get("integers") else "float32"
        inputs = [KerasTensor((None, *shape), dtype) for shape in case["shapes"]]
        item(*inputs) if case["apart"] or len(inputs) == 1 else item(inputs)
    return item


def assert_same(theirs, ours, owner="", where=""):
    """Fail unless both say the same, in the same order, apart from the exceptions above."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        assert_same_keys(theirs, ours, owner, where)
        for key in theirs:
            if key in ours and (owner, key) not in OTHERWISE:
                inside = theirs.get("class_name", "") if key == "config" else ""
                assert_same(theirs[key], ours[key], inside, f"{where}.{key}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for place, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            assert_same(one, other, "", f"{where}[{place}]")
    elif isinstance(theirs, float) and isinstance(ours, float):  # Keras rounds some to float32
        assert math.isclose(theirs, ours, rel_tol=1e-6), where
    else:
        assert (type(theirs), theirs) == (type(ours), ours), where


def assert_same_keys(theirs, ours, owner, where):
    left_out = {key for key in theirs if key not in ours}
    assert all(theirs[key] is None or key in MEANINGLESS for key in left_out), (where, left_out)
    added = {key for key in ours if key not in theirs}
    # Keras is silent on the shape of some layers without weights.
    allowed = {key for name, key in LOST if name == owner} | {"build_config"}
    assert added <= allowed, (where, added - allowed)
    # Where a penalty on the output stands depends on whether there is one.
    free = left_out | added | {"activity_regularizer"}
    order = [[key for key in one if key not in free] for one in (theirs, ours)]
    assert order[0] == order[1], where


@pytest.fixture(autouse=True)
def fresh_names():
    registry.reset_names()


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_what_keras_writes(name):
    case = CASES[name]
    assert_same(case["serialized"], json.loads(json.dumps(serialize(instance(case)))))


@pytest.mark.parametrize("name", CASES)
def test_what_keras_wrote_is_read_and_written_again(name):
    written = CASES[name]["serialized"]
    before = json.dumps(written)
    again = json.loads(json.dumps(serialize(deserialize(written))))
    assert json.dumps(written) == before  # reading changes nothing
    assert_same(written, again)
    assert json.loads(json.dumps(serialize(deserialize(again)))) == again


@pytest.mark.parametrize("family", sorted({case["family"] for case in CASES.values()}))
def test_every_class_has_a_case(family):
    wanted = set(registry.members(family)) - BASES
    assert wanted <= {case["class_name"] for case in CASES.values() if case["family"] == family}


def test_differences_are_seen():
    case = CASES["layers.Dense 1"]["serialized"]
    config = case["config"]
    missing = {key: value for key, value in config.items() if key != "kernel_constraint"}
    turned = dict(reversed(config.items()))
    for changed in ({**config, "units": 4}, {**config, "more": None}, missing, turned):
        with pytest.raises(AssertionError):
            assert_same(case, {**case, "config": changed})


@pytest.mark.parametrize(
    ("module", "class_name", "given"),
    [
        ("keras.losses", "Huber", {"delta": 2.0}),
        ("keras.losses", "CosineSimilarity", {"axis": 1}),
        ("keras.losses", "MeanSquaredError", {"dtype": "float64"}),
        ("keras.metrics", "CosineSimilarity", {"axis": 0}),
        ("keras.metrics", "SparseTopKCategoricalAccuracy", {"from_sorted_ids": True}),
        ("keras.initializers", "Identity", {"gain": 3.0}),
        ("keras.layers", "LSTM", {"units": 1, "use_cudnn": False}),
        ("keras.layers", "LSTM", {"units": 1, "zero_output_for_mask": True}),
        ("keras.layers", "SimpleRNN", {"units": 1, "seed": 3}),
        ("keras.layers", "Embedding", {"input_dim": 2, "output_dim": 1, "seed": None}),
    ],
)
def test_nothing_that_was_given_is_lost(module, class_name, given):
    given = {key: value for key, value in given.items() if value is not None}
    item = class_of({"module": module, "class_name": class_name})(**given)
    config = json.loads(json.dumps(serialize(item)))["config"]
    assert config.items() >= given.items()
    again = deserialize(json.loads(json.dumps(serialize(item))))
    assert again.get_config() == item.get_config()


@pytest.mark.parametrize("name", ["EinsumDense", "Embedding", "Dropout", "LSTM", "Conv2D"])
def test_a_penalty_on_the_output_is_kept_whatever_the_layer(name):
    case = next(one for one in CASES.values() if one["class_name"] == name)
    config = {**case["config"], "activity_regularizer": "l2"}
    item = made({"module": "keras.layers", "class_name": name, "config": config})
    again = deserialize(json.loads(json.dumps(serialize(item))))
    assert type(again.activity_regularizer).__name__ == "L2"


class Thick(keras.layers.Dense):
    """A layer of one's own over one of the library's, that tells what it adds."""

    def __init__(self, width, shade=0.5, **kwargs):
        super().__init__(units=2 * width, activation="relu", **kwargs)
        self.width, self.shade = width, shade

    def get_config(self):
        config = super().get_config()
        del config["units"], config["activation"]
        return dict(width=self.width, shade=self.shade, **config)


class Silent(keras.layers.Dense):
    """The same without a `get_config`."""

    def __init__(self, units, shade=0.5, **kwargs):
        super().__init__(units, **kwargs)
        self.shade = shade


class Plain(keras.Layer):
    """A layer of one's own whose config would say an argument twice if the base said it too."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def get_config(self):
        return dict(units=self.units, **super().get_config())


def test_the_configs_of_subclasses_have_the_arguments_of_their_bases():
    thick = Thick(2, kernel_initializer="ones", use_bias=False, name="thick")
    config = thick.get_config()
    assert keras.layers.Dense(4).get_config().keys() - config.keys() == {"units", "activation"}
    assert (config["width"], config["use_bias"], config["name"]) == (2, False, "thick")
    again = Thick.from_config(config)
    assert (again.units, again.use_bias, again.activation) == (4, False, keras.activations.relu)
    silent = Silent.from_config(Silent(3, 0.1, use_bias=False, activation="tanh").get_config())
    assert (silent.units, silent.shade, silent.use_bias) == (3, 0.1, False)
    assert silent.activation is keras.activations.tanh
    plain = Plain.from_config(Plain(3, name="p", trainable=False).get_config())
    assert (plain.units, plain.name, plain.trainable) == (3, "p", False)

    class Counts(keras.metrics.Mean):
        def __init__(self, step, **kwargs):
            super().__init__(**kwargs)
            self.step = step

        def get_config(self):
            return {**super().get_config(), "step": self.step}

    assert Counts(3, name="c").get_config() == {"name": "c", "dtype": "float32", "step": 3}
