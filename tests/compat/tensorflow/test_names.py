"""The table of TensorFlow's names: all are there, with TensorFlow's parameters, and in the docs."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from geartrain import script
from geartrain.compat.tensorflow.names import TABLE, lines, names_of

ROOT = Path(__file__).parents[3]
NAMES = [f"{space}.{name}".lstrip(".") for space in TABLE for name in names_of(space)]
# What scripts/record_tensorflow.py read from TensorFlow: the parameters of what can be called.
PARAMETERS = json.loads((ROOT / "tests/recorded/tensorflow_names.json").read_text())
_METHODS = (
    "bucket_by_sequence_length", "enumerate_dataset", "group_by_window", "rejection_resample",
    "sample_from_datasets", "scan", "take_while", "unbatch", "unique",
)  # fmt: skip
# Classes that are made otherwise, and functions without rare parameters.
OTHERS = {
    "DType", "RaggedTensor", "Tensor", "accumulate_n", "config.LogicalDeviceConfiguration",
    "config.experimental.VirtualDeviceConfiguration", "data.Dataset",
    "constant_initializer", "data.experimental.AutoShardPolicy", "data.experimental.Counter",
    "data.experimental.make_csv_dataset", "dtypes.DType",
    *(f"data.experimental.{name}" for name in _METHODS),
    "errors.OpError", "gradients", "linalg.diag", "linalg.diag_part", "linalg.l2_normalize",
    "linalg.set_diag", "math.accumulate_n", "math.l2_normalize", "nn.l2_normalize",
    "random.Generator", "random.experimental.Generator", "random.experimental.index_shuffle",
    "summary.create_file_writer", "tensor_scatter_nd_update",
}  # fmt: skip
OTHER_SPACES = ("bitwise", "distribute", "compat", "experimental", "test", "lookup")


@pytest.fixture(scope="module")
def tf():
    with script.stand_in():
        import tensorflow

        yield tensorflow


def found(tf, name):
    for part in name.split("."):
        tf = getattr(tf, part)
    return tf


def test_every_name_is_there_and_tensorflows_own(tf):
    assert set(PARAMETERS) == set(NAMES), "run scripts/record_tensorflow.py"
    assert len(NAMES) == len(set(NAMES)) > 600
    for name in NAMES:
        assert found(tf, name) is not NAMES
    assert set(dir(tf.math)) >= set(names_of("math"))


@pytest.mark.parametrize("space", [one for one in TABLE if not one.startswith(OTHER_SPACES)])
def test_parameters_are_tensorflows(space, tf):
    for name in names_of(space):
        full = f"{space}.{name}".lstrip(".")
        wanted = PARAMETERS[full]
        if wanted not in ([], ["args", "kwargs"], ["kwargs"]) and full not in OTHERS:
            parameters = inspect.signature(found(tf, full)).parameters.values()
            assert [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL] == wanted, full


def test_the_page_has_the_table():
    page = (ROOT / "docs" / "tensorflow.md").read_text(encoding="utf-8")
    table = "\n".join(lines())
    assert page.endswith(f"\n{table}\n"), f"put this at the end of docs/tensorflow.md:\n{table}"


def test_names_of_namespaces_that_are_not_there_say_where_they_are(tf):
    with pytest.raises(AttributeError, match=r"'tensorflow.softmax' is not there. Instead use "):
        tf.softmax  # noqa: B018
    with pytest.raises(AttributeError, match=r"tf.test.is_gpu_available"):
        tf.is_gpu_available  # noqa: B018
