"""Exports carry SHA-256s: what was changed since is refused, and names what it is."""

import json

import numpy as np
import onnx
import pytest

from geartrain import Input, Sequential, layers, utils
from geartrain.saving.onnx.export.model_file import onnx_model
from geartrain.saving.onnx.reader.digests import REST, TENSORS
from geartrain.saving.onnx.reader.network import network_of
from tests.saving.onnx.files import loaded


@pytest.fixture(scope="module")
def exported():
    utils.set_random_seed(1)
    model = Sequential(
        [Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(2, name="head")]
    )
    return onnx_model(model).SerializeToString()


def numbers(network):
    return {name: stored.array() for name, stored in network.stored.items()}


def test_any_byte_that_changes_is_noticed_or_changes_no_number(exported):
    wanted = network_of(exported)
    kept = 0
    for place in range(len(exported)):
        for bit in range(8):
            data = bytearray(exported)
            data[place] ^= 1 << bit
            try:
                found = network_of(bytes(data))
            except ValueError:
                continue
            kept += 1  # the place of the digests themselves is not found any more
            assert found.uses == wanted.uses
            assert (found.inputs, found.outputs) == (wanted.inputs, wanted.outputs)
            for name, array in numbers(wanted).items():
                np.testing.assert_array_equal(found.stored[name].array(), array)
    assert kept < 8 * 20 * 2


def test_a_flipped_weight_is_named(exported, tmp_path):
    model = onnx.load_from_string(exported)
    (bias,) = (one for one in model.graph.initializer if one.name.endswith("head/bias"))
    bias.raw_data = bytes([bias.raw_data[0] ^ 1, *bias.raw_data[1:]])
    with pytest.raises(ValueError, match=r"load_model.*initializer '.*head/bias': .*damaged or"):
        loaded(model, tmp_path)


@pytest.mark.parametrize("change", ["node", "order", "texts"])
def test_what_is_changed_beside_the_weights_is_noticed(change, exported, tmp_path):
    model = onnx.load_from_string(exported)
    if change == "node":
        model.graph.node[1].op_type = "Sigmoid"
    elif change == "order":
        first, second = model.graph.initializer[1].name, model.graph.initializer[3].name
        model.graph.initializer[1].name, model.graph.initializer[3].name = second, first
    else:
        (text,) = (one for one in model.metadata_props if one.key == TENSORS)
        text.value = "[]"
    with pytest.raises(ValueError, match=r"not in its initializers is another.*remove 'geart"):
        loaded(model, tmp_path)


def test_a_model_without_the_texts_may_be_changed(exported, tmp_path):
    model = onnx.load_from_string(exported)
    texts = {one.key: one.value for one in model.metadata_props}
    assert set(json.loads(texts.pop(TENSORS))) == {one.name for one in model.graph.initializer}
    assert len(bytes.fromhex(texts.pop(REST))) == 32
    onnx.helper.set_model_props(model, texts)
    model.graph.node[1].op_type = "Sigmoid"
    again = loaded(model, tmp_path)
    assert again.layers[2].activation.__name__ == "sigmoid"
