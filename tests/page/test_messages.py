"""What the page and its command refuse, and in which words."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from geartrain import Input, Model, Sequential, layers
from geartrain.cli import main
from geartrain.commands import learn
from geartrain.page.control import Control
from geartrain.page.probe import Probe
from geartrain.page.serving import Server
from geartrain.page.subject import Samples, Subject
from geartrain.page.views import backprop, data, descent, draw, gears, geometry, train
from geartrain.page.workshop import Workshop
from tests.page.pages import samples, workshop


def two_inputs():
    a, b = Input((2,)), Input((2,))
    return Model([a, b], layers.Add()([a, b]))


def numbers():
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    made = Samples(np.zeros((10, 2), "float32"), np.linspace(0, 1, 10))
    return Workshop(model, made, made, {"loss": "mse", "metric": "mae", "optimizer": "SGD"})


def unlabelled():
    shop = workshop()
    shop.train = shop.test = Samples(shop.train.x)
    return shop


def plain_pixels(subject, side=10):
    ink = base64.b64encode(np.zeros((side, side), "uint8").tobytes()).decode()
    return draw.drawn(subject, ink, side)


def named(tmp: Path, name: str, content: str = "") -> str:
    (tmp / name).write_text(content)
    return str(tmp / name)


MESSAGES = {
    "mode": (lambda _: Control().set("fast"), r"expected one of run, pause.* Received: 'fast'"),
    "no data": (lambda _: Subject(None).needs("train"), r"expected the data that the model learns"),
    "no inputs known": (
        lambda _: Probe(Sequential([layers.Dense(2)])),
        r"expected a model with known inputs. Received: Sequential",
    ),
    "two inputs": (
        lambda _: Probe(two_inputs()), r"expected a model of one input and one output. Received: 2",
    ),
    "port": (lambda _: _taken(), r"expected port \d+ to be free. Received: "),
    "too many slices": (
        lambda _: data.sliced(workshop(), ":,:,:,:"), r"expected at most 3 slices.* Received: 4",
    ),
    "no slice": (lambda _: data.sliced(workshop(), "7"), r"expected a slice such as 7:-7"),
    "empty batch": (
        lambda _: data.batch(workshop(), 0, 0), r"expected a batch of one sample or more",
    ),
    "part": (lambda _: data.described(workshop(), "some"), r"expected train or test"),
    "foreign network": (
        lambda _: data.uploaded(Subject(None), b"", "a.csv"),
        r"expected a network that the page made: another program is training this one",
    ),
    "no reader": (
        lambda _: data.uploaded(workshop(), b"", "a.csv"), r"expected a page that `geartrain",
    ),
    "no kernel": (
        lambda _: train.filters(numbers()), r"expected a layer whose kernel looks at pixels",
    ),
    "no classes": (
        lambda _: train.confusion(numbers()), r"expected samples with classes. Received: targets",
    ),
    "no targets": (lambda _: train.hardest(unlabelled()), r"expected samples with targets"),
    "no pictures": (lambda _: plain_pixels(numbers()), r"expected a network that takes pictures"),
    "widths": (
        lambda _: geometry.start(workshop(), widths=[99]), r"expected 1 to 6 layers of 1 to 32",
    ),
    "activation": (
        lambda _: geometry.start(workshop(), activation="x"), r"expected one of relu.*'x'",
    ),
    "points": (lambda _: geometry.start(workshop(), "stars"), r"expected one of moons.*'stars'"),
    "one colour": (
        lambda _: geometry.start(workshop(), [[0, 0, 1], [1, 1, 1]]), r"expected points of both",
    ),
    "no toy": (lambda _: geometry.train(workshop()), r"expected a network. Received: none yet"),
    "race": (
        lambda _: descent.race(workshop(), rate=-1), r"expected up to 400 steps, a rate above 0",
    ),
    "surface": (lambda _: descent.surface(workshop(), "hill"), r"expected one of valley.*'hill'"),
    "weights": (
        lambda _: descent.surface(workshop(), "network", "0.1"), r"expected two weights, such as",
    ),
    "no targets of descent": (
        lambda _: descent.surface(unlabelled(), "network"), r"expected samples with targets",
    ),
    "no targets of backprop": (
        lambda _: backprop.model(unlabelled()), r"expected samples with targets",
    ),
    "stage": (lambda _: gears.opened(workshop(), stage="x"), r"expected one of formula.*'x'"),
    "layer": (lambda _: gears.opened(workshop(), "x"), r"expected one of .*Received: 'x'"),
    "no batch": (
        lambda _: workshop(batch_size=16).build([{"kept": 0}], {"batch_size": 0}),
        r"expected 1 or more of each, and a seed of 0",
    ),
    "classes and numbers": (
        lambda _: numbers().build([{"kept": 0}], {"loss": "categorical_crossentropy"}),
        r"expected mse or mae, since the targets are numbers",
    ),
    "uncompiled": (
        lambda _: Probe(Sequential([layers.Input((2,)), layers.Dense(1)])).losses(
            np.zeros((1, 2), "float32"), np.zeros((1, 1), "float32")
        ),
        r"expected a compiled model, with a loss",
    ),
    "two files": (
        lambda _: learn.workshop("chapter", ["a", "b"]), r"expected one file, folder or data set",
    ),
    "other shapes": (
        lambda tmp: learn.workshop("chapter", [named(tmp, "a.csv", "a,b\n1,2\n3,4\n5,6\n")]),
        r"expected samples of shape \(784,\), which the model takes. Received: \(1,\)",
    ),
    "no digits": (
        lambda tmp: learn.workshop(saved(tmp), []), r"expected DATA beside MODEL, since digits do",
    ),
    "inputs alone": (
        lambda tmp: learn.read(array(tmp), "a.npy"), r"a.npy: expected inputs and targets",
    ),
}  # fmt: skip


def _taken():
    with Server(workshop()) as one:
        Server(workshop(), int(one.address.split(":")[2].split("/")[0]))


def saved(tmp: Path) -> str:
    Sequential([layers.Input((3,)), layers.Dense(1)]).save(tmp / "m.keras")
    return str(tmp / "m.keras")


def array(tmp: Path) -> Path:
    np.save(tmp / "a.npy", samples(4, 0).x)
    return tmp / "a.npy"


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_refused_is_told(name, tmp_path):
    call, said = MESSAGES[name]
    with pytest.raises((ValueError, LookupError, OSError), match=said):
        call(tmp_path)


def test_the_command_says_so_in_one_line(capsys):
    assert main(["learn", "nothing.keras", "--no-open"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
