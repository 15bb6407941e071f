"""Subjects and servers for the tests of the page."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager

import numpy as np

from geartrain import Sequential, layers
from geartrain.page.serving import Server
from geartrain.page.subject import Samples
from geartrain.page.workshop import Workshop

CLASSES = ("zero", "one", "two")


def samples(count: int, seed: int) -> Samples:
    """Small pictures that tell their class by where they are bright."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, count)
    x = random.random((count, 8, 8), "float32") * 0.3
    for k in range(3):
        x[y == k, :, 2 * k : 2 * k + 2] += 0.7
    return Samples(x, y, CLASSES, "made up")


def workshop(**settings) -> Workshop:
    model = Sequential(
        [
            layers.Input((8, 8)),
            layers.Flatten(),
            layers.Dense(12, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    wanted = {"batch_size": 16, "epochs": 2, "learning_rate": 0.01} | settings
    return Workshop(model, samples(200, 0), samples(60, 1), wanted)


class Asker:
    """Asks a server as a page would, but for what a test changes."""

    def __init__(self, server: Server) -> None:
        base, self.token = server.address.split("/#token=")
        self.host = base.removeprefix("http://")

    def __call__(self, path, body=None, method=None, **headers):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        given = {"Host": self.host, "Authorization": f"Bearer {self.token}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(
            method or ("GET" if body is None else "POST"), path, content,
            {name: value for name, value in given.items() if value is not None},
        )  # fmt: skip
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer, text

    def json(self, path, body=None, **headers):
        answer, text = self(path, body, **headers)
        found = json.loads(text)
        assert answer.status == 200, found
        return found


@contextmanager
def served(subject):
    with Server(subject) as server:
        yield Asker(server)
