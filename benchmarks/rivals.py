"""One rival in this process: `rivals.py NAME SPEC` prints its timings as one line of JSON."""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np

BATCH, RATE, RHO, EPSILON = 128, 1e-3, 0.9, 1e-7


def load(path):
    data = np.load(path)
    scale = lambda x: x.reshape(len(x), -1).astype("float32") / 255  # noqa: E731
    return scale(data["x"]), data["y"].astype("int32"), scale(data["x_test"]), data["y_test"]


def initial():
    random = np.random.default_rng(0)

    def glorot(n, m):
        limit = np.sqrt(6 / (n + m))
        return random.uniform(-limit, limit, (n, m)).astype("float32")

    zeros = lambda n: np.zeros(n, "float32")  # noqa: E731
    return [glorot(784, 512), zeros(512), glorot(512, 10), zeros(10)]


def timed(epochs, run):
    times = []
    for epoch in range(epochs):
        start = time.perf_counter()
        run(epoch)
        times.append(time.perf_counter() - start)
    return times


def accuracy(weights, x, y):
    w1, b1, w2, b2 = (np.asarray(w) for w in weights)
    return float(((np.maximum(x @ w1 + b1, 0) @ w2 + b2).argmax(1) == y).mean())


def keras_like(keras, data, epochs):
    x, y, x_test, y_test = data
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    one_hot = np.eye(10, dtype="float32")[y]
    times = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            times.append(time.perf_counter() - self.start)

    model.fit(x, one_hot, epochs=epochs, batch_size=BATCH, verbose=0, callbacks=[Clock()])
    return times, float((model.predict(x_test, verbose=0).argmax(1) == y_test).mean())


def geartrain(data, epochs, _):
    import geartrain as keras

    return keras_like(keras, data, epochs)


def keras(data, epochs, threads):
    if os.environ["KERAS_BACKEND"] == "torch":
        import torch

        torch.set_num_threads(threads)
    import keras

    return keras_like(keras, data, epochs)


def by_numpy(data, epochs, _):
    x, y, x_test, y_test = data
    weights, random = initial(), np.random.default_rng(1)
    slots = [np.zeros_like(w) for w in weights]
    one_hot = np.eye(10, dtype="float32")[y]

    def run(_):
        order = random.permutation(len(x))
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            xb, w1, b1, w2, b2 = x[rows], *weights
            hidden = np.maximum(xb @ w1 + b1, 0)
            scores = hidden @ w2 + b2
            e = np.exp(scores - scores.max(1, keepdims=True))
            slope = (e / e.sum(1, keepdims=True) - one_hot[rows]) / len(rows)
            back = (slope @ w2.T) * (hidden > 0)
            gradients = [xb.T @ back, back.sum(0), hidden.T @ slope, slope.sum(0)]
            for w, v, g in zip(weights, slots, gradients, strict=True):
                v *= RHO
                v += (1 - RHO) * g * g
                w -= RATE * g / np.sqrt(v + EPSILON)

    return timed(epochs, run), accuracy(weights, x_test, y_test)


def sklearn(data, epochs, _):
    import warnings

    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    x, y, x_test, y_test = data
    model = MLPClassifier((512,), batch_size=BATCH, max_iter=1, warm_start=True, alpha=0.0)
    times = timed(epochs, lambda _: model.fit(x, y))
    return times, float(model.score(x_test, y_test))


def torch(data, epochs, threads):
    import torch as library

    library.set_num_threads(threads)
    x, y, x_test, y_test = data
    network = library.nn.Sequential(
        library.nn.Linear(784, 512), library.nn.ReLU(), library.nn.Linear(512, 10)
    )
    optimizer = library.optim.RMSprop(network.parameters(), RATE, RHO, EPSILON)
    inputs, labels = library.from_numpy(x), library.from_numpy(y).long()

    def run(_):
        order = library.randperm(len(inputs))
        for start in range(0, len(inputs), BATCH):
            rows = order[start : start + BATCH]
            optimizer.zero_grad()
            loss = library.nn.functional.cross_entropy(network(inputs[rows]), labels[rows])
            loss.backward()
            optimizer.step()

    times = timed(epochs, run)
    with library.no_grad():
        found = network(library.from_numpy(x_test)).argmax(1).numpy()
    return times, float((found == y_test).mean())


def jax(data, epochs, scan):
    import jax as library
    import jax.numpy as jnp

    x, y, x_test, y_test = data
    inputs, labels = jnp.asarray(x), jnp.asarray(y)
    weights = [jnp.asarray(w) for w in initial()]
    state = (weights, [jnp.zeros_like(w) for w in weights])
    random = np.random.default_rng(1)

    def loss(weights, xb, yb):
        w1, b1, w2, b2 = weights
        scores = library.nn.relu(xb @ w1 + b1) @ w2 + b2
        return -jnp.take_along_axis(library.nn.log_softmax(scores), yb[:, None], 1).mean()

    def step(state, rows):
        weights, slots = state
        gradients = library.grad(loss)(weights, inputs[rows], labels[rows])
        slots = [RHO * v + (1 - RHO) * g * g for v, g in zip(slots, gradients, strict=True)]
        weights = [
            w - RATE * g / jnp.sqrt(v + EPSILON)
            for w, g, v in zip(weights, gradients, slots, strict=True)
        ]
        return weights, slots

    compiled = library.jit(step, donate_argnums=0)
    whole = library.jit(
        lambda state, order: library.lax.scan(lambda s, r: (step(s, r), None), state, order)[0],
        donate_argnums=0,
    )
    full = len(x) // BATCH

    def run(_):
        nonlocal state
        order = jnp.asarray(random.permutation(len(x)))
        if scan:
            state = whole(state, order[: full * BATCH].reshape(full, BATCH))
            if len(x) % BATCH:
                state = compiled(state, order[full * BATCH :])
        else:
            for start in range(0, len(x), BATCH):
                state = compiled(state, order[start : start + BATCH])
        library.block_until_ready(state)

    return timed(epochs, run), accuracy(state[0], x_test, y_test)


def main():
    name, spec = sys.argv[1], json.loads(sys.argv[2])
    data = load(spec["data"])
    start = time.perf_counter()
    family = name.split("-")[0]
    if family not in ("numpy",):
        __import__(family)
    imported = time.perf_counter() - start
    if family == "jax":
        times, found = jax(data, spec["epochs"] + 1, scan=name == "jax-scan")
    else:
        run = {"numpy": by_numpy}.get(family) or globals()[family]
        times, found = run(data, spec["epochs"] + 1, spec["threads"])
    print(json.dumps({"first": times[0], "epochs": times[1:], "import": imported,
                      "accuracy": found}))  # fmt: skip


if __name__ == "__main__":
    main()
