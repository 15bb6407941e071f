"""What many tests use: MNIST in the sizes of the textbook, and the settings put back after each."""

from __future__ import annotations

import gc
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from geartrain import config, datasets, dtype_policies, files

# The textbook's listings are run by `geartrain run`; they are neither modules nor tests.
collect_ignore = ["scripts"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-golden", action="store_true", help="write golden texts anew instead of comparing"
    )


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no names: an archive holds the time, and workers must see the same tests."""
    return argname if isinstance(val, bytes) and len(val) > 20 else None


def pytest_collection_finish() -> None:
    """Tens of thousands of tests stay until the end: no collection of garbage need look at them."""
    gc.freeze()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Compare a text with the golden one that lies beside the test, named after it."""
    name = request.node.originalname.removeprefix("test_")
    path = request.path.parent / "golden" / f"{name}.txt"

    def check(text: str) -> None:
        if request.config.getoption("--refresh-golden"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check


@pytest.fixture(autouse=True)
def settings_as_before() -> Iterator[None]:
    before, policy = dict(config._settings), dtype_policies.dtype_policy()
    yield
    config._settings.clear()
    config._settings.update(before)
    dtype_policies.set_dtype_policy(policy)


@pytest.fixture
def count_cases(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """Note that so many cases of a promise have passed: they stand in docs/reliability.md.

    `scripts/reliability.py` puts them there, from the file that GEARTRAIN_RESULTS names.
    """
    path = os.environ.get("GEARTRAIN_RESULTS")
    nightly = request.node.get_closest_marker("nightly") is not None

    def note(promise: str, cases: int) -> None:
        if path:
            line = json.dumps({"promise": promise, "cases": cases, "nightly": nightly})
            files.append_lines(path, f"{line}\n".encode())

    return note


@pytest.fixture
def interrupts() -> Iterator[None]:
    """SIGINT interrupts: a run in the background would ignore it, and its children would too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def scripts() -> Path:
    return Path(__file__).parent / "scripts"


@pytest.fixture
def sample_for_mnist(monkeypatch: pytest.MonkeyPatch) -> datasets.source.Split:
    """`keras.datasets.mnist.load_data()` gives the sample: 4,000 and 1,000 images."""
    sample = datasets.digits.load_data()
    monkeypatch.setattr(datasets.mnist, "load_data", lambda path="mnist.npz": sample)
    return sample


@pytest.fixture
def mnist() -> datasets.source.Split:
    """MNIST itself, where it is."""
    if datasets.find("mnist") is None:
        pytest.skip("MNIST is not on this machine: set GEARTRAIN_DATA to a folder that has it")
    return datasets.mnist.load_data()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No data set is on this machine, and nothing can be downloaded."""
    for name in ("GEARTRAIN_DATA", "GEARTRAIN_CACHE", "KERAS_HOME", "XDG_DATA_DIRS"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))

    def refuse(url: str, limit: int, context: object = None) -> None:
        raise ConnectionError(f"{url}: no network")

    monkeypatch.setattr("geartrain.downloads.fetch.fetch", refuse)
