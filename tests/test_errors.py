"""The errors outside of `geartrain.ops` that no other test meets, and that none is left out."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import geartrain as keras
from geartrain import callbacks, config, datasets, initializers, layers, optimizers, tree
from geartrain.graph.dtypes import numpy_dtype
from geartrain.layers.cells import Cell

X, Y = np.zeros((8, 4), "float32"), np.zeros(8, "int32")


def fit(x=X, y=Y, **kwargs):
    model = keras.Sequential([layers.Input((4,)), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0, **kwargs)


def two_outputs(**losses):
    x = keras.Input((4,))
    model = keras.Model(x, {"left": layers.Dense(1)(x), "right": layers.Dense(1)(x)})
    model.compile("sgd", losses)
    return model


class Nothing:
    """What is abstract, with nothing filled in."""

    class Cell(Cell):
        pass

    class Data(keras.utils.PyDataset):
        pass

    class Unread(keras.utils.PyDataset):
        def __len__(self):
            return 2

    class Rate(optimizers.schedules.LearningRateSchedule):
        pass

    class Optimizer(optimizers.Optimizer):
        def __init__(self):
            pass


def without_ml_dtypes():
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "ml_dtypes", None)
        numpy_dtype("bfloat16")


def twice():
    keras.Sequential([layers.Dense(2, name="same"), layers.Dense(3, name="same")])


def input_in_between():
    model = keras.Sequential([layers.Input((4,)), layers.Dense(3)])
    model.add(layers.Input((3,)))


SYMBOLIC = keras.Input((4,))
ERRORS = [
    # settings, callbacks, structures
    (lambda: config.set_epsilon(0.0), ValueError, r"expected a positive number. Received: 0.0"),
    (lambda: fit(callbacks=[print]), TypeError,
     r"expected Callback objects.*Functions can be callbacks by LambdaCallback"),
    (lambda: callbacks.EarlyStopping(mode="mni"), ValueError,
     r"Unknown mode of EarlyStopping: 'mni'. Did you mean 'min'"),
    (lambda: callbacks.history.Curves(loss=[1])["los"], KeyError,
     r"'los' was not recorded. Recorded: loss"),
    (lambda: tree.pack_sequence_as([0, 0], [1]), ValueError,
     r"expected 2 leaves for this structure. Received: 1"),
    (lambda: tree.map_structure(max, [1], [1, 2]), ValueError,
     r"expected structures of one form. Received: \(\[1\], \[1, 2\]\)"),
    (lambda: keras.serialization.deserialize(
        {"class_name": "Dens", "config": {}, "module": "keras.layers"}),
     ValueError, r"Unknown class: 'Dens'. Did you mean 'Dense'"),
    (lambda: layers.Dense(), TypeError,
     r"Dense: missing a required argument: 'units'. It takes: units, activation"),
    (lambda: datasets.find("minst"), ValueError,
     r"Unknown data set: 'minst'. Did you mean 'mnist'"),
    # tensors
    (without_ml_dtypes, ImportError, r"bfloat16 tensors need the package ml_dtypes: install it"),
    (lambda: keras.ops.cast(X, "flaot32"), ValueError,
     r"Unknown dtype: 'flaot32'. Did you mean 'float32'"),
    (lambda: float(SYMBOLIC), ValueError,
     r"<KerasTensor .*> is symbolic: it stands for a shape and a dtype"),
    # layers
    (lambda: initializers.get(np.zeros(3))((4,)), ValueError,
     r"expected the shape \(3,\) of the array. Received: shape=\(4,\)"),
    (lambda: Nothing.Cell(2)(X, np.zeros((8, 2))), NotImplementedError,
     r"Cell needs turn\(projected, states, noise\)."),
    (lambda: layers.StackedRNNCells([layers.Dense(2)]), ValueError,
     r"expected cells with a `state_size`. Received: <Dense"),
    (lambda: layers.Discretization(num_bins=3)(X), ValueError,
     r"has no bin_boundaries yet. Call adapt\(data\) first"),
    # models
    (twice, ValueError, r"expected layers with different names. Received another 'same'"),
    (input_in_between, ValueError, r"an Input can only come first"),
    (lambda: keras.Model(SYMBOLIC, X), ValueError,
     r"expected symbolic tensors as inputs and outputs, made by keras.Input"),
    (lambda: keras.Model(SYMBOLIC), ValueError,
     r"expected inputs and outputs. Received: inputs=<KerasTensor .*, outputs=None"),
    # data
    (lambda: len(Nothing.Data()), NotImplementedError, r"Data needs __len__: its number of bat"),
    (lambda: Nothing.Unread()[0], NotImplementedError, r"Unread needs __getitem__\(index\): a b"),
    (lambda: fit(validation_data=[X]), ValueError,
     r"expected validation_data as \(x, y\) or .*Received: a list of 1"),
    (lambda: fit(class_weight={0: 1.0}, sample_weight=np.ones(8)), ValueError,
     r"expected class_weight or sample_weight. Received: both. Multiply them"),
    (lambda: two_outputs(left="mse", right="mse").fit(
        X, {"left": X[:, :1], "right": X[:, :1]}, class_weight={0: 2.0}, verbose=0), ValueError,
     r"expected a model with one output and its labels as y. Received: y=\{'left'"),
    (lambda: fit(np.array(["a", "b"]), Y[:2]), TypeError,
     r"xpected a tensor of numbers. Received: one of strings. Encode strings as"),
    (lambda: fit(X, np.array(["a"] * len(X))), TypeError,
     r"Expected arrays of numbers as data. Received: .* as dtype <U1"),
    (lambda: two_outputs(left="mse", rihgt="mse").fit(X, X[:, :1], verbose=0), ValueError,
     r"Unknown output in compile\(loss=...\): 'rihgt'. Did you mean 'right'"),
    # optimizers
    (lambda: optimizers.get(3.5), ValueError,
     r"Expected an optimizer: a name such as 'rmsprop'.*Received: 3.5"),
    (lambda: Nothing.Optimizer().apply([X]), RuntimeError,
     r"Optimizer: call super\(\).__init__\(learning_rate=...\) first in __init__"),
    (lambda: optimizers.SGD().apply([X]), ValueError,
     r"expected variables along with the first gradients. Received: trainable_variables=None"),
    (lambda: Nothing.Rate()(0), NotImplementedError,
     r"Rate: a learning rate schedule must override __call__\(self, step\)"),
]  # fmt: skip
IDS = [f"{number}-{pattern[:24]}" for number, (_, _, pattern) in enumerate(ERRORS)]


@pytest.mark.parametrize(("call", "kind", "pattern"), ERRORS, ids=IDS)
def test_message(call, kind, pattern):
    with pytest.raises(kind, match=pattern):
        call()


TESTS = Path(__file__).parent


def words_of(call: ast.expr) -> list[list[str]]:
    """The words of a message, those between two values together."""
    parts = [n for n in ast.walk(call) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [part.value.split() for part in parts]


def phrases_of(call: ast.expr) -> set[str]:
    """Three words in a row of a message; two of a part that has no more."""
    return {
        " ".join(words[start : start + 3])
        for words in words_of(call)
        for start in range(max(len(words) - 2, 1))
        if len(words) > 1
    }


def test_of_every_message_there_is_a_phrase_in_some_test():
    text = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py"))
    text = re.sub(r'"\s*\n\s*r?f?"', "", re.sub(r"\\([^\w\s])", r"\1", text))
    package = Path(keras.__file__).parent
    untested = [
        f"{path.relative_to(package)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted(package.rglob("*.py"))
        if path.parent.name != "ops"  # whose tests see that each is reached
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and node.exc is not None and phrases_of(node.exc)
        if not any(phrase in text for phrase in phrases_of(node.exc))
    ]
    assert untested == []
