"""The examples, in a short form at each commit, and whole every night.

In short they have to learn beyond chance by the bound that stands here; whole they must reach the
figures that they promise.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from geartrain import datasets
from geartrain.script import run, stand_in

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "gallery")

# For each: the arguments of the short form, and what it must exceed at least.
SHORT: dict[str, tuple[dict, dict[str, float]]] = {
    "addition": ({"epochs": 3, "samples": 1500, "units": 32}, {"right": -1}),
    "anomalies": ({"epochs": 5}, {"area under the curve": 0.85}),
    "autoencoder": ({"epochs": 2, "samples": 2000}, {"noise removed": 0.6}),
    "cartpole": ({"rounds": 6, "carts": 16}, {"steps": 25}),
    "dcgan": ({"epochs": 1, "samples": 640, "channels": 4}, {"clear": 0.2}),
    "diffusion": ({"epochs": 2, "samples": 640, "channels": 8}, {"clear": 0.4}),
    "docstrings": ({"epochs": 4}, {"accuracy": 0.4}),
    "images": ({"epochs": 1, "samples": 2000}, {"accuracy": 0.7}),
    "imbalanced": ({"epochs": 2, "samples": 3000}, {"balanced accuracy": 0.55}),
    "recommender": ({"epochs": 20}, {"above popularity": 0.02}),
    "series": ({"epochs": 8}, {"better than naive": 0.1}),
    "siamese": ({"epochs": 3, "samples": 3000}, {"accuracy on known digits": 0.65}),
    "tabular": ({"epochs": 60}, {"better than a straight line": 0.0}),
    "transfer": ({"epochs": 1, "samples": 2000}, {"accuracy": 0.45}),
    "vae": ({"epochs": 4, "samples": 4000}, {"bound": -206.0}),
    "video": ({"epochs": 1, "samples": 40, "channels": 4}, {"error removed": -5}),
    "words": ({"epochs": 4}, {"accuracy": 0.65}),
    "writer": ({"epochs": 1, "width": 32, "step": 128}, {"bits a character": -4.6}),
}


@pytest.fixture
def example(request, monkeypatch) -> Iterator[Callable[[str], ModuleType]]:
    """Imports an example, for which Geartrain is Keras."""
    monkeypatch.syspath_prepend(str(FOLDER))
    with stand_in():
        yield importlib.import_module


@pytest.fixture
def few_images(monkeypatch, request) -> None:
    """MNIST is the package's sample in the short forms, which run everywhere."""
    sample = datasets.digits.load_data()
    monkeypatch.setattr(datasets.mnist, "load_data", lambda path="mnist.npz": sample)


def exceeds(figures: dict[str, float], bounds: dict[str, float]) -> list[str]:
    return [name for name, bound in bounds.items() if not figures[name] >= bound]


def test_every_example_has_a_short_form():
    assert list(SHORT) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_short_form_learns_and_draws(name, example, few_images, tmp_path):
    arguments, bounds = SHORT[name]
    picture = tmp_path / "picture.png"
    figures = example(name).main(**arguments, picture=str(picture))
    assert exceeds(figures, bounds) == [], figures
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_example_is_run_by_the_command_line(capsys):
    run(FOLDER / "tabular.py", ["--epochs", "2"])
    assert "better than a straight line: " in capsys.readouterr().out


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_the_whole_reaches_its_figures(name, example, mnist):
    module = example(name)
    figures = module.main()
    assert exceeds(figures, module.MUST_REACH) == [], figures


@pytest.mark.nightly
def test_clothes_are_told_apart(example):
    if datasets.find("fashion_mnist") is None:
        pytest.skip("Fashion-MNIST is not on this machine: Debian's dataset-fashion-mnist has it")
    assert example("images").main(data="fashion_mnist")["accuracy"] >= 0.91
