"""Running a script that was written for Keras, unchanged, on Geartrain.

While `run` runs a script, `import keras`, `import tf_keras` and `import tensorflow` find modules of
Geartrain: docs/tensorflow.md has the table of TensorFlow's names. Nothing on disk and no other
process is changed: the stand-in is an entry of `sys.meta_path`, removed when the script ends.

| the script says | and gets |
| --- | --- |
| `import keras`, `from keras import layers` | `geartrain`, `geartrain.layers` |
| `from keras.datasets import mnist` | `geartrain.datasets.mnist` |
| `from keras.src.layers.core.dense import Dense` | the same of `geartrain.layers`, and a hint |
| `import tensorflow as tf; tf.keras.Sequential` | `geartrain.Sequential` |
| `import tensorflow_datasets as tfds` | `geartrain.compat.tensorflow_datasets` |
| `tf.reduce_sum`, `tf.GradientTape` | `geartrain.compat.tensorflow`, over `geartrain.ops` |
| `tf.estimator`, `keras.src.engine`, ... | an error that names it, and what to use instead |
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import Distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import geartrain
from geartrain.compat.names import MODULES, reason_of_module
from geartrain.compat.tensorflow import namespace, tensor
from geartrain.errors import warn

# The version whose API Geartrain follows: scripts compare it with what they need.
KERAS_VERSION = "3.15.1"

_ROOTS = ("keras", "tensorflow", "tensorflow_datasets", "tf_keras")


class _Keras(ModuleType):
    """The module `keras`: Geartrain under the version of Keras that it follows."""

    __version__ = KERAS_VERSION
    __all__ = tuple(geartrain.__all__)

    @staticmethod
    def version() -> str:
        """The version of Keras whose API this is."""
        return KERAS_VERSION

    def __getattr__(self, name: str) -> Any:
        return getattr(geartrain, name)

    def __dir__(self) -> list[str]:
        return dir(geartrain)


class _Installed(Distribution):
    """A package that the stand-in stands for."""

    def __init__(self, package: str, version: str) -> None:
        self._text = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        """The text of a file of the package's metadata."""
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Path:
        """Where a file of the package would be."""
        return Path(geartrain.__file__).parent / path


_PathFinder = importlib.machinery.PathFinder


class StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `keras`, `tensorflow` and what is below them in Geartrain.

    >>> StandIn().find_spec("numpy") is None
    True
    """

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec that this class loads, for its own names; None for all others."""
        root, _, below = fullname.partition(".")
        moved = root == "geartrain" and below in MODULES
        if root in _ROOTS or (moved and _PathFinder.find_spec(fullname, path) is None):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def find_distributions(self, context: Any = None) -> Iterator[Distribution]:
        """What `importlib.metadata` tells of `keras` and `tensorflow`: that they are there, and
        their versions. Other libraries look there before they import them."""
        versions = {"keras": KERAS_VERSION, "tensorflow": namespace.VERSION}
        wanted = getattr(context, "name", None)
        return (_Installed(*one) for one in versions.items() if wanted in (None, one[0]))

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """A new module for `keras` and `tensorflow`."""
        if spec.name == "keras":
            return _Keras("keras", geartrain.__doc__)
        if spec.name == "tensorflow":
            tensor.install()
            return namespace.module_of("")
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Put Geartrain's module in the place of another.

        Raises ImportError for what Geartrain does not have.
        """
        if module.__name__ not in ("keras", "tensorflow"):
            sys.modules[module.__name__] = _stands_for(module.__name__)


def _stands_for(fullname: str) -> ModuleType:
    """The module of Geartrain that a script gets for the name of a module."""
    if fullname == "tensorflow_datasets":
        return importlib.import_module("geartrain.compat.tensorflow_datasets")
    root, _, below = fullname.partition(".")
    if root == "tf_keras":
        return importlib.import_module(f"keras.{below}".rstrip("."))
    if root == "tensorflow" and not below.startswith("keras."):
        return namespace.module_of(below)
    below = below.removeprefix("keras.") if root == "tensorflow" else below
    if below == "src" or below.startswith("src."):
        return _public(below.removeprefix("src").removeprefix("."), fullname)
    name = f"geartrain.{MODULES.get(below, below)}"
    if below in MODULES and not any(one.startswith(f"{below}.") for one in MODULES):
        warn(
            f"keras.{below} is where older versions of Keras had it. Write keras.{MODULES[below]}."
        )
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not name.startswith(str(error.name)):
            raise  # something that Geartrain itself needs
    why = reason_of_module(below)
    if why:
        raise ImportError(why, name=fullname)
    raise ImportError(f"{fullname!r} is not part of Geartrain.", name=fullname)


def _public(below: str, fullname: str) -> ModuleType:
    """The public module around a private one of Keras's: `layers` for `src.layers.core.dense`."""
    module = below.partition(".")[0]
    if module in ("", *geartrain.__all__):
        found = importlib.import_module(f"geartrain.{module}".rstrip("."))
        if module and module == below:  # those below it are imported after it
            warn(f"{fullname} is private to Keras. Write keras.{module}.")
        return found
    raise ImportError(
        f"{fullname!r} is not part of Geartrain. It is private to Keras: use the public name.",
        name=fullname,
    )


@contextmanager
def stand_in() -> Iterator[None]:
    """A `with` block in which `import keras` and `import tensorflow` mean Geartrain.

    >>> with stand_in():
    ...     from keras import layers
    >>> layers.__name__
    'geartrain.layers'
    """
    finder = StandIn()
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_ours(name)}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _is_ours(name)]:
            del sys.modules[name]
        sys.modules.update(before)
        tensor.uninstall()


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in _ROOTS


def run(path: Path, arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Run a script as `python path arguments...` does, with Geartrain standing in for Keras.

    Args:
        path: the script.
        arguments: what it finds in `sys.argv[1:]`.

    Returns:
        The script's global names, and what they hold at its end.

    Raises:
        FileNotFoundError: there is no such script.
        Exception: whatever the script raises, SystemExit among it.
    """
    import runpy

    if not path.is_file():
        raise FileNotFoundError(f"expected a Python script. Received: {str(path)!r}, no such file.")
    arguments_before, folders_before = sys.argv, list(sys.path)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with stand_in():
            return runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv = arguments_before
        sys.path[:] = folders_before
