"""Which tensors a model has in files, under which paths and names, against what Keras writes."""

import re

import pytest

import geartrain
from geartrain import layers
from geartrain.registry import reset_names
from geartrain.saving.paths import MOST_TRIES, Walk
from geartrain.saving.weights import collect
from tests.cases import LAYERS
from tests.recorded import load
from tests.saving.networks import NETWORKS, OPTIMIZERS, trained

CASES = {case["name"]: case for case in load("weights")[0]["cases"]}

NO_MODELS = {"InputLayer", "Equalization"}  # by itself; in Keras
NAMELESS = {"adafactor": "bias", "nadam": "variable"}  # Keras gives some slots names of no use


@pytest.fixture(autouse=True)
def names_begin_afresh():
    reset_names()


def content(model):
    store = collect(model)
    tensors = {path: [list(one.shape), one.dtype] for path, one in store.tensors.items()}
    return tensors, store.names


def check(model, case):
    tensors, names = content(model)
    assert tensors == case["tensors"]
    # Lists of augmentations are kept as lists here, and one by one in Keras; none has a weight.
    told = {re.sub(r"/_(choices|steps)(?=/)", "", path): name for path, name in names.items()}
    assert told == case["names"]


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name):
    check(NETWORKS[name](geartrain), CASES[f"network.{name}"])


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_optimizers(name):
    model = trained(geartrain, name)
    case = CASES[f"optimizer.{name}"]
    ours = [[one.name, one.path] for one in model.optimizer.variables]
    if name in NAMELESS:
        assert NAMELESS[name] in [theirs for theirs, _ in case["variables"]]
    else:
        assert ours == case["variables"]
    check(model, case)


@pytest.mark.parametrize(
    ("name", "number"),
    [(k, n) for k, rows in LAYERS.items() if k not in NO_MODELS for n in range(len(rows))],
)
def test_layers(name, number):
    row, case = LAYERS[name][number], CASES[f"layer.{name}.{number}"]
    config = dict(row.config)
    if "layer" in config:
        config["layer"] = layers.deserialize(config["layer"])
    if name == "Lambda":
        config["function"] = lambda x, factor: x
    layer = getattr(layers, name)(**config)
    dtype = "float32" if row.integers is None else "int32"
    inputs = [geartrain.Input(shape, dtype=dtype) for shape in row.shapes]
    model = geartrain.Model(inputs, layer(*(inputs if row.apart or len(inputs) == 1 else [inputs])))
    trained = {id(weight) for weight in layer.trainable_weights}
    weights = [[one.name, one.path, id(one) in trained] for one in layer.weights]
    assert weights == case["weights"]
    check(model, case)


def walked(whole, bad=(), skipped=()):
    """The paths and parts that a walk visits, where `bad` ones are never right."""
    visited = []

    def visit(path, part):
        visited.append((path, part))
        return all(part is not one for one in bad)

    walk = Walk(visit, skipped)
    walk.run(whole)
    return visited, walk


class Holder(layers.Layer):
    """A layer with other things as its attributes."""


def hold(**parts):
    holder = Holder()
    for name, part in parts.items():
        setattr(holder, name, part)
    return holder


def test_parts_that_do_not_fit_are_tried_at_all_their_paths():
    dense, other = layers.Dense(1), layers.Dense(2)
    holder = hold(a=dense, b=other, c=[dense, other])
    visited, _ = walked(holder, bad=[dense])
    assert [path for path, _ in visited] == ["", "a", "b", "c/dense"]


def test_circles_and_towers_of_shared_parts_end():
    leaf = layers.Dense(1)
    part = hold(x=leaf)
    for _ in range(30):
        part = hold(one=part, two=part)
    part.x = leaf
    leaf.up = part
    visited, _ = walked(part, bad=[leaf])
    assert sum(one is leaf for _, one in visited) == MOST_TRIES
    circle = []
    circle.append(circle)
    assert len(walked(hold(items=[layers.Dense(1), circle]))[0]) == 2


def test_skipped_parts_are_left_out_with_what_is_below():
    inner = layers.Dense(1)
    middle = hold(inner=inner)
    visited, walk = walked(hold(a=middle, b=[inner]), skipped=[middle])
    assert [path for path, _ in visited] == ["", "b/dense"]
    assert walk.left_out == {"a"}


def test_attributes_without_a_value_are_passed_by():
    class Broken(layers.Layer):
        @property
        def inner(self):
            raise RuntimeError("not yet")

    assert [path for path, _ in walked(Broken())[0]] == [""]


def test_what_is_put_into_lists_and_dicts_later_is_found():
    holder = hold(items=[], named={})
    holder.items.append([layers.Dense(1)])
    holder.named[1] = layers.Dense(2)
    holder.named["one"] = layers.Dense(3)
    names = {path: part.units for path, part in walked(holder)[0][1:]}
    assert names == {"items/container/dense": 1, "named/dense": 2, "named/dense_1": 3}
    assert [layer.units for layer in holder._sublayers()] == [1, 2, 3]
