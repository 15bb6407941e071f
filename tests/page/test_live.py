"""The callback: any `fit` on a page, which never changes what is learned."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from geartrain import Sequential, layers
from geartrain.callbacks import LivePage
from geartrain.page.live import samples_of
from geartrain.utils import set_random_seed
from tests.page.pages import Asker, samples


def trained(*callbacks, epochs=2):
    set_random_seed(0)
    model = Sequential(
        [layers.Input((8, 8)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    made = samples(200, 0)
    model.fit(made.x, made.y, batch_size=16, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return model


def test_the_page_is_there_and_the_weights_are_the_same_bits(capsys):
    made = samples(50, 1)
    page = LivePage(data=(made.x, made.y), classes=made.classes, open=False)
    watched = trained(page)
    try:
        assert page.address in capsys.readouterr().out
        ask = Asker(page._server)
        status = ask.json("/api/train/status")
        assert len(status["runs"][0]["epochs"]) == 2
        assert not status["editable"]
        assert ask.json("/api/train/confusion")["samples"] == 50
        answer, text = ask("/api/network/change", {"layers": []})
        assert answer.status == 422
        assert b"another program is training this one" in text
        for ours, alone in zip(watched.get_weights(), trained().get_weights(), strict=True):
            np.testing.assert_array_equal(ours, alone)
        trained(page)  # the page stays, with one more curve
        assert len(ask.json("/api/train/status")["runs"]) == 2
    finally:
        page.close()


def test_the_page_holds_the_training_and_looks_in_meanwhile():
    made = samples(50, 1)
    page = LivePage(data=(made.x, made.y), open=False, hold=True)
    thread = threading.Thread(target=trained, args=[page])
    thread.start()
    try:
        while not page.address or not page.subject.control.training:
            thread.join(0.02)
        ask = Asker(page._server)
        ask.json("/api/train/confusion")
        assert page.subject.runs[0].points == []
        ask.json("/api/train/steer", {"to": "stop"})
        thread.join(30)
        assert not thread.is_alive()
    finally:
        page.close()


def test_without_data_the_views_say_what_to_do():
    page = LivePage(open=False)
    trained(page, epochs=1)
    try:
        ask = Asker(page._server)
        assert ask.json("/api/train/layers")["layers"][1]["weights"]
        answer, text = ask("/api/data/describe")
        assert answer.status == 422
        assert b"LivePage(data=(x, y))" in text
    finally:
        page.close()


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError, match=r"pip install 'geartrain\[page\]'"):
        trained(LivePage(open=False))


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array([0, 2, 1]), ("0", "1", "2")),
        (np.eye(3)[[0, 2, 1]], ("0", "1", "2")),
        (np.array([0.5, 1.5, 2.0]), ()),
    ],
    ids=["whole", "one-hot", "numbers"],
)
def test_classes_are_told_by_the_targets(y, classes):
    found = samples_of((np.zeros((3, 4)), y))
    assert found.classes == classes
    if classes:
        assert found.labels.tolist() == [0, 2, 1]
