"""Dense networks written out by hand with NumPy, as a textbook does."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from frameworks import Unavailable, timed


def glorot(random, rows, columns):
    """Uniform weights whose size keeps the signal's."""
    limit = (6 / (rows + columns)) ** 0.5
    return random.uniform(-limit, limit, (rows, columns)).astype("float32")


def dense_layers(workload, name):
    """The widths and activations of a network of dense layers alone."""
    for one in workload.layers:
        if one.kind != "Dense":
            raise Unavailable(f"{name}: dense layers only, not {one.kind}")
    return [(one.arguments["units"], one.arguments.get("activation")) for one in workload.layers]


def softmax(scores):
    """Probabilities of each row."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


class Network:
    """Weights, and RMSprop with the defaults of Keras."""

    def __init__(self, workload, threads):
        if workload.optimizer != "rmsprop":
            raise Unavailable(f"numpy: only RMSprop, not {workload.optimizer}")
        layers = dense_layers(workload, "numpy")
        if [kind for _, kind in layers[:-1]] != ["relu"] * (len(layers) - 1):
            raise Unavailable("numpy: only relu in hidden layers")
        self.random, self.batch = np.random.default_rng(0), workload.batch
        self.classes = layers[-1][1] == "softmax"
        widths = [*workload.shape, *(units for units, _ in layers)]
        self.kernels = [glorot(self.random, *pair) for pair in pairwise(widths)]
        self.biases = [np.zeros(units, "float32") for units in widths[1:]]
        self.weights = [*self.kernels, *self.biases]
        self.slots = [np.zeros_like(w) for w in self.weights]

    def forward(self, x):
        """The input of each layer, then the probabilities."""
        values = [x]
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            values.append(np.maximum(values[-1] @ kernel + bias, 0))
        scores = values[-1] @ self.kernels[-1] + self.biases[-1]
        values.append(softmax(scores) if self.classes else 1 / (1 + np.exp(-scores)))
        return values

    def step(self, x, y):
        """One batch: backwards through the layers, then the update."""
        *values, found = self.forward(x)
        slope = (found - y) / np.float32(len(x))  # of softmax or sigmoid with cross-entropy
        for_kernels, for_biases = [], []
        for at in reversed(range(len(values))):
            for_kernels.insert(0, values[at].T @ slope)
            for_biases.insert(0, slope.sum(0))
            if at:
                slope = (slope @ self.kernels[at].T) * (values[at] > 0)
        for w, v, g in zip(self.weights, self.slots, for_kernels + for_biases, strict=True):
            v *= 0.9
            v += 0.1 * g * g
            w -= 0.001 * g / np.sqrt(v + 1e-7)

    def fit(self, x, y, epochs):
        """Batches in a new order each epoch."""
        targets = np.eye(self.kernels[-1].shape[1], dtype="float32")[y] if self.classes else y

        def epoch():
            order = self.random.permutation(len(x))
            for start in range(0, len(x), self.batch):
                rows = order[start : start + self.batch]
                self.step(x[rows], targets[rows])

        return timed(epochs, epoch)

    def predict(self, x):
        """The probabilities."""
        return self.forward(x)[-1]
