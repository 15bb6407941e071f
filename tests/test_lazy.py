"""Lazy packages: every name is found, none but what is asked for is imported, stubs are true."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from geartrain import layers, lazy, registry
from tests.test_import_time import imported

ROOT = Path(__file__).parents[1]


def stubs():
    spec = importlib.util.spec_from_file_location("stubs", ROOT / "scripts/stubs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STUBS = stubs()


def test_every_lazy_package_has_a_stub():
    for package in STUBS.PACKAGES:
        importlib.import_module(package)
    assert {name for name in lazy.PACKAGES if name != "geartrain.errors"} == set(STUBS.PACKAGES)


@pytest.mark.parametrize("package", STUBS.PACKAGES)
def test_stubs_are_as_the_packages_are(package):
    """To bring them up to date: python scripts/stubs.py."""
    written = STUBS.path_of(package).read_text(encoding="utf-8")
    assert statements(written) == statements(STUBS.stub(package))


def statements(text):
    """What a stub says, however it is laid out."""
    found = set()
    for node in ast.parse(text).body:
        value = getattr(node, "value", None)
        found.add(str(sorted(ast.literal_eval(value))) if value is not None else ast.unparse(node))
    return found


@pytest.mark.parametrize("package", STUBS.PACKAGES)
def test_every_name_is_found_and_listed(package):
    module = importlib.import_module(package)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is getattr(module, name)
        assert name in dir(module)
    assert set(lazy.PACKAGES[package]) <= set(module.__all__)


def test_a_layer_is_imported_without_the_others():
    modules = imported("from geartrain.layers import Dense; Dense(2)")
    assert "geartrain.layers.dense" in modules
    assert not modules & {"geartrain.layers.convolution", "geartrain.layers.attention"}


def test_a_star_imports_all():
    names = {}
    exec("from geartrain.layers import *", names)
    assert names["Dense"] is layers.Dense and names["AvgPool2D"] is layers.AveragePooling2D


def test_modules_of_a_package_are_imported_as_ever():
    from geartrain.layers import dense

    assert dense.Dense is layers.Dense
    with pytest.raises(ImportError, match=r"Did you mean 'keras\.layers\.Dense'\?"):
        exec("from geartrain.layers import Dens")


def test_a_class_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(layers.GroupQueryAttention)) is layers.GroupQueryAttention


def test_the_registry_finds_one_class_and_lists_all():
    code = (
        "import sys; from geartrain import layers, registry\n"
        "assert registry.member('layers', 'Dense').__name__ == 'Dense'\n"
        "assert registry.member('layers', 'Dens') is None\n"
        "assert 'geartrain.layers.attention' not in sys.modules\n"
        "assert len(registry.members('layers')) > 100\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert registry.member("layers", "GroupQueryAttention") is layers.GroupQueryAttention


def test_a_package_without_a_finder_names_itself():
    find, names = lazy.lazy_names(__name__, {"root": "math:sqrt"})
    try:
        assert find("root")(4.0) == 2.0 and "root" in names()
        with pytest.raises(AttributeError, match=r"module '.*test_lazy' has no attribute 'x'"):
            find("x")
    finally:
        del lazy.PACKAGES[__name__]


def test_loading_a_model_imports_what_is_in_it(tmp_path):
    from geartrain import Sequential

    model = Sequential([layers.Dense(2, input_shape=(3,))])
    model.compile("rmsprop", "mse", metrics=["accuracy"])
    model.save(tmp_path / "m.keras")
    modules = imported(
        f"import geartrain; geartrain.models.load_model({str(tmp_path / 'm.keras')!r})"
    )
    unused = {"layers.attention", "layers.convolution", "layers.function_calls", "saving.npz",
              "saving.safetensors", "saving.shards", "saving.file_editor", "saving.onnx.layers",
              "callbacks.csv_logger", "datasets"}  # fmt: skip
    assert not {f"geartrain.{one}" for one in unused} & modules
    assert not {"zipfile", "tempfile", "llvmlite", "lzma"} & modules
