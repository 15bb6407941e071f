"""SwapEMAWeights and RemoteMonitor."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import numpy as np
import pytest

from geartrain import Input, Sequential, layers, optimizers, saving
from geartrain.callbacks import EarlyStopping, ModelCheckpoint, RemoteMonitor, SwapEMAWeights

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(10, 3)), RANDOM.normal(size=(10, 2))


def model_of(use_ema=True, scaled=False):
    optimizer = optimizers.SGD(0.1, use_ema=use_ema, ema_momentum=0.9)
    if scaled:
        optimizer = optimizers.LossScaleOptimizer(optimizer)
    model = Sequential([Input((3,)), layers.Dense(2, kernel_initializer="ones", use_bias=False)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def averages_of(epochs):
    """The weights and their averages after so many epochs of one step each, by hand."""
    kernel = np.ones((3, 2))
    average = None
    for _ in range(epochs):
        kernel = kernel - 0.1 * X.T @ (X @ kernel - Y) * 2 / Y.size
        average = kernel if average is None else 0.9 * average + 0.1 * kernel
    return kernel, average


@pytest.mark.parametrize("scaled", [False, True])
def test_validation_is_of_the_averages_and_training_goes_on(scaled):
    model = model_of(scaled=scaled)
    history = model.fit(X, Y, epochs=3, validation_data=(X, Y), callbacks=SwapEMAWeights(),
                        verbose=0, batch_size=10)  # fmt: skip
    for epoch, loss in enumerate(history.history["val_loss"], start=1):
        expected = ((X @ averages_of(epoch)[1] - Y) ** 2).mean()
        np.testing.assert_allclose(loss, expected, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], averages_of(3)[1], rtol=1e-5)


@pytest.mark.parametrize("stop", [False, True])
def test_checkpoints_are_of_the_averages(tmp_path, stop):
    model = model_of()
    callbacks = [SwapEMAWeights(swap_on_epoch=True), ModelCheckpoint(tmp_path / "{epoch}.keras")]
    if stop:  # in the middle, at a value that never gets better
        callbacks.append(EarlyStopping("loss", patience=0, min_delta=1e9))
    model.fit(X, Y, epochs=2, callbacks=callbacks, verbose=0, batch_size=10)
    kept = saving.load_model(tmp_path / "2.keras").get_weights()[0]
    np.testing.assert_allclose(kept, averages_of(2)[1], rtol=1e-5)
    np.testing.assert_array_equal(model.get_weights()[0], kept)


def test_predictions_are_of_the_averages_and_the_weights_come_back():
    model = model_of()
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    kernel, average = averages_of(2)
    found = model.predict(X, callbacks=SwapEMAWeights(), verbose=0)
    np.testing.assert_allclose(found, X @ average, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5)


def test_an_optimizer_without_averages():
    with pytest.raises(ValueError, match=r"must be used when `use_ema=True` is set.*SGD with"):
        model_of(use_ema=False).fit(
            X, Y, validation_data=(X, Y), callbacks=SwapEMAWeights(), verbose=0
        )


@pytest.fixture
def server():
    """A server on this machine, and what it has received."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}", received
        made.shutdown()
        thread.join()


@pytest.fixture
def without_requests(monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", None)


@pytest.mark.usefixtures("without_requests")
def test_a_server_gets_the_logs(server):
    root, received = server
    monitors = RemoteMonitor(root), RemoteMonitor(root, "/x", headers={"A": "b"}, send_as_json=True)
    history = model_of().fit(X, Y, callbacks=list(monitors), verbose=0).history
    expected = {"epoch": 0, **{name: values[0] for name, values in history.items()}}
    (path, headers, body), (other_path, other_headers, other_body) = received
    assert (path, other_path) == ("/publish/epoch/end/", "/x")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert json.loads(parse_qs(body)["data"][0]) == json.loads(other_body) == expected
    assert (other_headers["Content-Type"], other_headers["A"]) == ("application/json", "b")
    monitors[1].on_epoch_end(1, {"a": np.float32(0.5), "b": np.arange(2), "c": float("nan")})
    assert json.loads(received[-1][2]) == {"epoch": 1, "a": 0.5, "b": [0, 1], "c": None}


@pytest.mark.usefixtures("without_requests")
@pytest.mark.parametrize("root", ["http://127.0.0.1:9", "nowhere"])
def test_a_server_that_does_not_answer(root):
    with pytest.warns(UserWarning, match=f"Could not reach RemoteMonitor root server at {root}"):
        RemoteMonitor(root).on_epoch_end(0, {"loss": 0.0})


def test_the_package_requests_is_used_where_it_is(monkeypatch):
    from types import SimpleNamespace

    class Failure(Exception):
        pass

    def post(url, headers=None, **form):
        sent.append((url, headers, form))
        if len(sent) == 3:
            raise Failure("no route")

    sent = []
    requests = SimpleNamespace(post=post, exceptions=SimpleNamespace(RequestException=Failure))
    monkeypatch.setitem(sys.modules, "requests", requests)
    RemoteMonitor("http://x", send_as_json=True).on_epoch_end(0, {"val": np.arange(1)})
    RemoteMonitor("http://x", field="f").on_epoch_end(0, {"loss": 0.5})
    url = "http://x/publish/epoch/end/"
    assert sent[0] == (url, None, {"json": {"epoch": 0, "val": 0}})
    assert sent[1] == (url, None, {"data": {"f": '{"epoch": 0, "loss": 0.5}'}})
    with pytest.warns(UserWarning, match="Could not reach .*no route"):
        RemoteMonitor("http://x").on_epoch_end(0)
