"""Names of older Keras are found, each with a hint; names that are not here say why."""

from __future__ import annotations

import importlib
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

import geartrain as keras
from geartrain import script
from geartrain.compat import backend as older
from geartrain.compat.names import ABSENT, MODULES, MOVED
from geartrain.errors import GeartrainWarning

EVERY = [(module, name) for module, names in MOVED.items() for name in names]


def module_of(path: str) -> Any:
    return importlib.import_module(f"geartrain.{path}".rstrip("."))


@pytest.mark.parametrize(("module", "name"), EVERY)
def test_every_name_of_old_is_found_with_one_hint(module, name):
    with pytest.warns(GeartrainWarning, match=rf"{name} is how older versions.*Write") as seen:
        found = getattr(module_of(module), name)
    assert found is not None
    assert [Path(one.filename).name for one in seen] == [Path(__file__).name]


@pytest.mark.parametrize(("module", "name"), EVERY)
def test_no_name_of_old_is_one_of_today(module, name):
    assert name not in module_of(module).__all__


@pytest.mark.parametrize(
    ("module", "name"),
    [(m, name) for m, names in ABSENT.items() for name in names],
)
def test_what_is_not_here_says_why(module, name):
    with pytest.raises(
        AttributeError, match=rf"{re.escape(name)}' is not part of Geartrain: .*\.$"
    ):
        getattr(module_of(module), name)


def test_importing_what_is_not_here_says_why():
    with pytest.raises(ImportError, match=r"'keras\.datasets\.svhn' is not part.*has.*cifar10,"):
        from geartrain.datasets import svhn  # noqa: F401
    with pytest.raises(ImportError, match=r"Did you mean 'keras\.datasets\.cifar10'"):
        from geartrain.datasets import cifar11  # noqa: F401
    with pytest.raises(ImportError, match=r"'keras\.utils\.get_fil' is not part of Geartrain"):
        from geartrain.utils import get_fil  # noqa: F401


def test_a_misspelled_name_has_the_nearest():
    with pytest.raises(AttributeError, match=r"Did you mean 'keras\.layers\.Dense'\?"):
        keras.layers.Dens  # noqa: B018
    with pytest.raises(AttributeError, match=r"Did you mean 'keras\.initializers'\?"):
        keras.initalizers  # noqa: B018


def test_asking_for_a_name_is_no_error():
    assert not hasattr(keras.applications, "NASNetLarge")
    assert not hasattr(keras.datasets, "svhn")


def test_imports_are_hinted_at_once_and_at_the_programs_line(tmp_path):
    path = tmp_path / "program.py"
    lines = ("import keras", "from keras.losses import mse", "", "from keras.layers.core import *")
    path.write_text("\n".join(lines))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        names = script.run(path)
    assert names["mse"] is keras.losses.mean_squared_error
    assert [(one.filename, one.lineno) for one in seen] == [(str(path), 2), (str(path), 4)]
    assert "keras.layers.core is where older versions" in str(seen[1].message)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_of_old_is_found_with_a_hint_for_the_last(module, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(f"import importlib; found = importlib.import_module('keras.{module}')")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert script.run(path)["found"] is module_of(MODULES[module])
    outer = any(one.startswith(f"{module}.") for one in MODULES)
    assert len(seen) == (not outer)
    assert outer or f"keras.{module} is where older" in str(seen[0].message)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("from keras.datasets import svhn", r"keras\.datasets\.svhn.*not part.*has.*cifar10"),
        ("import keras.datasets.svhn", r"keras\.datasets\.svhn.*not part.*has.*cifar10"),
        ("from keras.datasets.svhn import load_data", r"keras\.datasets\.svhn.*not part"),
        ("from keras.applications import nasnet", r"keras\.applications.*load_model"),
        ("from keras.applications.nasnet import NASNetLarge", r"keras\.applications.*load_model"),
        (
            "import tensorflow as tf; from tensorflow.keras.applications import NASNetLarge",
            "load_model",
        ),
    ],
)
def test_a_program_that_imports_what_is_not_here_is_told_why(line, match, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(line)
    with pytest.raises(ImportError, match=match):
        script.run(path)


def test_sequences_are_where_keras_has_them():
    assert keras.preprocessing.sequence.pad_sequences is keras.utils.pad_sequences


def test_every_function_of_the_older_backend_is_named():
    defined = {
        name
        for name, item in vars(older).items()
        if callable(item) and getattr(item, "__module__", "") == older.__name__
    }
    table = {p for p, *_ in (v for v in MOVED["backend"].values() if isinstance(v, tuple))}
    assert {f"compat.backend.{name}" for name in defined if not name.startswith("_")} <= table
