"""What `import geartrain` does not import. (The times themselves are measured by benchmarks.)

Each case runs in a process of its own, and looks at what was imported beyond NumPy.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Slow to import, or of no use before somebody asks for a figure, a download or a table.
SLOW = {
    "argparse", "asyncio", "ctypes.util", "decimal", "doctest", "email", "gzip", "h5py", "http",
    "importlib.metadata", "llvmlite", "logging", "lzma", "matplotlib", "ml_dtypes", "mpmath",
    "multiprocessing", "pandas", "pydoc", "rich", "scipy", "socket", "ssl", "subprocess",
    "tempfile", "tensorflow", "keras", "unittest", "urllib.request", "zipfile",
}  # fmt: skip


def imported(statement: str) -> set[str]:
    """The modules that a statement imports beyond those that NumPy has imported."""
    code = (
        "import json, sys, numpy; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


def slow(modules: set[str]) -> set[str]:
    return {one for one in modules if one in SLOW or one.partition(".")[0] in SLOW}


def test_importing_the_library_imports_little():
    modules = imported("import geartrain")
    assert {one for one in modules if one.startswith("geartrain")} == {
        "geartrain", "geartrain._version", "geartrain.lazy",
    }  # fmt: skip
    assert len(modules) < 10


@pytest.mark.parametrize(
    "statement",
    [
        "import geartrain; geartrain.ops",
        "import geartrain; geartrain.layers, geartrain.losses, geartrain.metrics",
        "import geartrain; geartrain.Sequential, geartrain.Model, geartrain.Input",
        "import geartrain; geartrain.optimizers, geartrain.callbacks, geartrain.random",
        "from geartrain.datasets import mnist",
        "from geartrain.utils import to_categorical, set_random_seed",
        "import geartrain; geartrain.backend, geartrain.naive, geartrain.plots",
    ],
)
def test_parts_import_nothing_slow(statement):
    modules = imported(statement)
    assert "geartrain" in modules
    assert not slow(modules)


def test_a_model_is_made_and_run_eagerly_without_anything_slow():
    modules = imported(
        "import geartrain as keras\n"
        "model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])\n"
        "model.compile('sgd', 'mse', run_eagerly=True)\n"
        "model.fit(numpy.ones((4, 3)), numpy.ones((4, 2)), verbose=0)\n"
        "model.predict(numpy.ones((4, 3)), verbose=0)\n"
    )
    assert not slow(modules)


def test_every_name_of_the_library_can_be_imported():
    statement = "import geartrain\nfor name in geartrain.__all__: getattr(geartrain, name)"
    assert "geartrain.models" in imported(statement)


def test_slow_modules_are_recognised():
    assert slow(imported("import zipfile")) >= {"zipfile"}
