"""Files that are damaged or made to do harm: an error, without the memory that they ask for."""

import random
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest

from geartrain import Input, Model, layers
from geartrain.saving import load_model
from geartrain.saving.onnx.export.model_file import onnx_model
from tests.saving.onnx.files import constant, loaded, network, node

FOLDER = Path(__file__).parents[2] / "recorded" / "torch_onnx"
HUGE = 10**6


def declared(*sizes, **fields):
    """A tensor that has no values."""
    return onnx.TensorProto(name="w", data_type=1, dims=sizes, **fields)


def external():
    tensor = declared(4, data_location=1)
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def inner():
    graph = network([node("Relu", "x", "y")]).graph
    return onnx.helper.make_node("If", ["x"], ["y"], then_branch=graph, else_branch=graph)


def chain(operator, count, **how):
    names = ["x", *(f"v{number}" for number in range(count - 1)), "y"]
    return [node(operator, *pair, **how) for pair in pairwise(names)]


def doubled(operator, count):
    values = [f"v{number}" for number in range(count + 1)]
    joined = [
        node(operator, f"{one} {one}", other, **({"axis": 1} if operator == "Concat" else {}))
        for one, other in pairwise(values)
    ]
    return [node("Constant", "", "v0", value=constant("", np.ones((1, 4), "float32"))), *joined]


ADD = node("Add", "x w", "y")
VECTOR = node("Constant", "", "v", value=constant("", np.ones(4, "float32")))
COLUMNS = [
    node("Constant", "", "a", value=constant("", np.ones((20_000, 1), "float32"))),
    node("Constant", "", "b", value=constant("", np.ones((1, 20_000), "float32"))),
]
CASES = {
    "a shape without values": ([ADD], [declared(HUGE, HUGE)], "expected 1000000000000 values"),
    "a shape beyond 64 bits": ([ADD], [declared(2**62, 4)], "expected 18446744073709551616 values"),
    "a negative size": ([ADD], [declared(-4, -1)], "axes of sizes from 0"),
    "many axes": ([ADD], [declared(*[1] * 40, raw_data=b"1234")], "at most 16 axes"),
    "half a value": ([ADD], [declared(1, raw_data=b"12")], "expected 1 values .* Received: 0.5"),
    "another file": ([ADD], [external()], "opens no other file. Export .* external_data=False"),
    "strings": ([ADD], [declared(1, string_data=[b"x"])], "a whole tensor of numbers"),
    "a type that is not known": (
        [ADD], [onnx.TensorProto(name="w", data_type=99)], "expected a data type of 1"),
    "two of one name": ([ADD], [constant("w", 1.0)] * 2, "Received: 'w' twice"),
    "a graph in the graph": ([inner()], [], "Control flow"),
    "a function's name": (
        [onnx.helper.make_node("system", ["x"], ["y"], domain="os")], [], r"os\.system"),
    "a cycle": (
        [node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")], [], "no cycle"),
    "a node of itself": ([node("Relu", "y", "y")], [], "no cycle"),
    "an input from nowhere": ([node("Add", "x q", "y")], [], "Received: 'q'"),
    "an output made twice": ([node("Relu", "x", "y"), node("Exp", "x", "y")], [], "a new output"),
    "ones without end": (
        [node("ConstantOfShape", "s", "w"), node("Neg", "w", "q"), node("Exp", "q", "y")],
        [constant("s", [HUGE, HUGE])], None),
    "a vector without end": (
        [VECTOR, node("Expand", "v s", "w"), ADD], [constant("s", [HUGE, HUGE, 4])], "constants"),
    "a tile without end": ([VECTOR, node("Tile", "v s", "w"), ADD],
                           [constant("s", [10**12])], "constants of at most"),
    "a range without end": (
        [node("Range", "a b c", "r"), node("Cast", "r", "w", to=1), ADD],
        [constant("a", 0), constant("b", 10**12), constant("c", 1)], "constants of at most"),
    "a range that stands": (
        [node("Range", "a b a", "r"), node("Cast", "r", "w", to=1), ADD],
        [constant("a", 0), constant("b", 10)], "steps other than 0"),
    "an outer product": ([*COLUMNS, node("Mul", "a b", "w"), ADD], [], "constants of at most"),
    "doubled again and again": (
        [*doubled("Concat", 100), node("Add", "x v100", "y")], [], "constants of at most"),
    "sizes to the power of many": (
        [node("Shape", "x", "v0"), *doubled("Mul", 60)[1:], node("Reshape", "x v60", "y")], [],
        "sums of at most 16 products"),
    "an image without end": (
        [node("Reshape", "x s", "i"), node("Resize", "i _ f", "y")],
        [constant("s", [0, 1, 2, 2]), constant("f", np.float32([1, 1, 1e9, 1e9]))],
        "axes of at most 1048576"),
    "weights for channels without end": (
        [node("Pad", "x p", "i"), node("BatchNormalization", "i w w w w", "y")],
        [constant("p", [0, 0, 0, 10**12]), constant("w", np.ones(4, "float32"))],
        "axes of at most 1048576"),
    "nodes without end": (chain("Sqrt", 15_000), [], "at most 10,000 nodes"),
    "a long name": ([node("Relu", "x", "y" * 5000)], [], "at most 4096 bytes of text"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_hostile_files(name, tmp_path):
    nodes, stored, message = CASES[name]
    data = network(nodes, stored).SerializeToString()
    assert len(data) < 1 << 20
    tracemalloc.start()
    try:
        if message is None:  # harmless: nothing of that size is made
            loaded(data, tmp_path)
        else:
            with pytest.raises(ValueError, match=rf"load_model\('.*model.onnx'\): .*{message}"):
                loaded(data, tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20


RAW = {
    "nothing": (b"", "a graph and an opset"),
    "text": (b"This is not a model at all.", "damaged, or no ONNX model"),
    "zeros": (bytes(1000), "expected fields of a message"),
    "a length beyond the end": (b"\x3a\xff\xff\xff\xff\x7f", "then the end"),
    "a number without end": (b"\x08" + b"\xff" * 12, "at most 10 bytes"),
    "fields without end": (b"\x08\x01" * 1_000_001, "at most 1,000,000 fields"),
    "objects without end": (
        b"\x3a\x82\xb5\x18" + b"\x0a\x00" * 200_001,
        "at most 200,000 nodes, attributes",
    ),
    "text that is none": (b"\x12\x02\xff\xfe", "expected text in UTF-8. Received: "),
    "another encoding": (b"\x0a\x01x", "expected encoding 0. Received: 2"),
}


@pytest.mark.parametrize("name", RAW)
def test_bytes_that_are_no_model(name, tmp_path):
    data, message = RAW[name]
    with pytest.raises(ValueError, match=message):
        loaded(data, tmp_path)


def test_pipes_and_devices_are_not_read(tmp_path):
    path = tmp_path / "device.onnx"
    path.symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="expected a file"):
        load_model(path)


def mutated(data, chance):
    data = bytearray(data)
    place = chance.randrange(len(data))
    kind = chance.randrange(6)
    if kind == 0:
        data[place] ^= 1 << chance.randrange(8)
    elif kind == 1:
        data[place] = chance.choice([0, 1, 127, 128, 255])
    elif kind == 2:
        del data[place:]
    elif kind == 3:
        del data[place : place + chance.randrange(1, 60)]
    elif kind == 4:
        data[place:place] = data[place : place + chance.randrange(1, 400)]
    else:
        data[place : place + 1] = b"\xff\xff\xff\xff\x07"
    return bytes(data)


def looped():
    """An exported loop, without the digests that would refuse most of what is changed."""
    x = Input((3, 2))
    model = onnx_model(Model(x, layers.ConvLSTM1D(1, 1)(layers.Reshape((3, 2, 1))(x))))
    onnx.helper.set_model_props(model, {})
    return model.SerializeToString()


def check_mutations(seed, count, tmp_path):
    chance = random.Random(seed)
    files = [path.read_bytes() for path in sorted(FOLDER.glob("*.onnx"))]
    files += [looped()] * 2
    refused = 0
    for _ in range(count):
        try:
            loaded(mutated(chance.choice(files), chance), tmp_path)
        except ValueError:
            refused += 1
    assert refused > count / 2  # a bit of a weight cannot be told from another


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mutated_files_are_refused_or_read(tmp_path):
    check_mutations(1, 300, tmp_path)


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_mutated_files_are_refused_or_read(seed, tmp_path):
    check_mutations(seed, 2000, tmp_path)
