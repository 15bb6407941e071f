"""Operators as ONNX's own tests have them, and modules as PyTorch exported them for these tests.

Both come with the package onnx: inputs, attributes and outputs.
"""

import importlib
import pkgutil
import re
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.backend.test.case import node as onnx_cases

from geartrain import tree
from geartrain.errors import GeartrainWarning
from geartrain.saving import load_model
from geartrain.saving.onnx.reader import operators  # noqa: F401
from geartrain.saving.onnx.reader.table import OPERATORS

# Every case of an operator in the table is read, but for these.
LEFT_OUT = re.compile(
    r"^test_("
    r"cast_|castlike|constant$|.*(bfloat16|bf16|_fp16|training|string|scalar)|.*_expanded|"
    # a memory of keys, windows
    r"attention.*(past|qk_matmul|nonpad|padded|local|window|fullymasked)|split_zero|"
    r"convtranspose_(autopad|group|kernel|output_shape)|.*select_last_index|"
    # corners are where onnxruntime and PyTorch have them: at the last whole element
    r"resize_.*(antialias|not_larger|not_smaller|crop|symmetric|downsample_scales_\w*align)|"
    r"(lstm_with_peep|dropout_.*mask|identity_(opt|seq)|reduce_.*empty|reshape_allowzero|"
    r"scan_sum$|"  # opset 8's, with a batch axis
    r"l2normalization_axis_0$|clip_default_int8_max|layer_normalization|range_|shape|size|not_|"
    r"cumsum_\w*$|constantofshape|upsample_nearest$|blackman|hamming|hann))"
)


# Making these cases takes ten seconds.
SLOW = {"averagepool", "lppool", "maxpool"}


def collected():
    """ONNX's cases of the operators in the table."""
    wanted = {name.lower() for name in OPERATORS} - SLOW
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in pkgutil.iter_modules(onnx_cases.__path__):
            if module.name.replace("_", "") in wanted:
                importlib.import_module(f"{onnx_cases.__name__}.{module.name}")
    return onnx_cases._NodeTestCases


def names(model):
    return {f"{node.domain}{'.' * bool(node.domain)}{node.op_type}" for node in model.graph.node}


CASES = {
    case.name: case
    for case in collected()
    if names(case.model) <= set(OPERATORS) and not LEFT_OUT.match(case.name)
}


def with_constants(model, arrays):
    """The model with all inputs but the first as initializers, and the array of the first."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    inputs = list(changed.graph.input)
    for one, array in zip(inputs[1:], arrays[1:], strict=True):
        changed.graph.initializer.append(numpy_helper.from_array(array, one.name))
    del changed.graph.input[1:]
    return changed, arrays[:1]


def arrays_of(values):
    return [
        numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)
        for value in values
    ]


def test_there_are_cases_of_nearly_all_operators():
    seen = set().union(*(names(case.model) for case in CASES.values()))
    assert len(CASES) > 400
    assert set(OPERATORS) - seen == {  # these are in test_read_network.py
        "AveragePool", "Cast", "CastLike", "Constant", "ConstantOfShape", "CumSum",
        "LayerNormalization", "MaxPool", "Not", "Range", "Shape", "Size", "Upsample",
        "ai.onnx.ml.ArrayFeatureExtractor", "ai.onnx.ml.Scaler",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_results_are_those_that_onnx_states(name, tmp_path):
    case = CASES[name]
    given, wanted = map(arrays_of, case.data_sets[0])
    model, arrays = with_constants(case.model, given)
    path = tmp_path / "case.onnx"
    path.write_bytes(model.SerializeToString())
    check(path, arrays, wanted, max(case.rtol, 1e-5))


def check(path, arrays, wanted, tolerance):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeartrainWarning)  # of batches of one size alone
        loaded = load_model(path)
    found = tree.flatten(loaded(arrays[0] if len(arrays) == 1 else arrays))
    for one, other in zip(map(np.asarray, found), wanted, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=1e-5)


FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data"
# Of an opset before 7, with attributes that later ones have no use for; pools with gaps.
OLD = re.compile(r"BatchNorm|Linear$|multiparam|Softsign|_add_|addconstant|addmm|_mm|dilation$")
CONVERTED = [
    path.parent.name
    for path in sorted(FOLDER.glob("pytorch-*/*/model.onnx"))
    if not OLD.search(path.parent.name)
]


def test_there_are_modules_of_pytorch():
    assert len(CONVERTED) > 80


@pytest.mark.parametrize("name", CONVERTED)
def test_modules_give_what_they_gave_in_pytorch(name):
    (folder,) = FOLDER.glob(f"pytorch-*/{name}")
    given, wanted = (
        [read(path) for path in sorted(folder.glob(f"test_data_set_0/{kind}_*.pb"))]
        for kind in ("input", "output")
    )
    check(folder / "model.onnx", given, wanted, 1e-4)


def read(path):
    message = onnx.TensorProto()
    message.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(message)
