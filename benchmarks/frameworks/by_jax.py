"""JAX: a compiled step from Python, or a whole epoch in one `lax.scan`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from frameworks import Unavailable, timed
from frameworks.by_numpy import glorot

ACTIVATIONS = {"relu": jax.nn.relu, None: lambda x: x}


def initial(workload):
    """The weights, one dictionary a layer."""
    random, width, made = np.random.default_rng(0), workload.shape[-1], []
    for one in workload.layers:
        weights = {}
        if one.kind == "Embedding":
            rows, width = one.arguments["input_dim"], one.arguments["output_dim"]
            weights["table"] = random.uniform(-0.05, 0.05, (rows, width)).astype("float32")
        elif one.kind == "Dense":
            units = one.arguments["units"]
            weights = {"kernel": glorot(random, width, units), "bias": np.zeros(units, "float32")}
            width = units
        elif one.kind != "GlobalAveragePooling1D":
            raise Unavailable(f"the JAX adapter has no {one.kind}")
        made.append({name: jnp.asarray(value) for name, value in weights.items()})
    return made


class Network:
    """Weights, optimizer state, and the compiled functions."""

    def __init__(self, workload, threads, scan=False):
        if workload.optimizer != "rmsprop":
            raise Unavailable(f"the JAX adapter has no {workload.optimizer}")
        self.scan, self.batch = scan, workload.batch
        self.layers = workload.layers
        self.classes = self.layers[-1].arguments["activation"] == "softmax"
        weights = initial(workload)
        self.state = (weights, jax.tree.map(jnp.zeros_like, weights))
        self.random = np.random.default_rng(1)
        self.step = jax.jit(self.update, donate_argnums=0)
        self.epoch = jax.jit(self.whole_epoch, donate_argnums=0)
        self.outputs = jax.jit(
            lambda weights, x: (jax.nn.softmax if self.classes else jax.nn.sigmoid)(
                self.scores(weights, x)
            )
        )

    def scores(self, weights, x):
        """The network up to its last activation."""
        for one, own in zip(self.layers, weights, strict=True):
            if one.kind == "Embedding":
                x = own["table"][x]
            elif one.kind == "GlobalAveragePooling1D":
                x = x.mean(1)
            else:
                last = one is self.layers[-1]
                x = ACTIVATIONS[None if last else one.arguments.get("activation")](
                    x @ own["kernel"] + own["bias"]
                )
        return x

    def loss(self, weights, x, y):
        """Cross-entropy from scores."""
        scores = self.scores(weights, x)
        if self.classes:
            return -jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None], 1).mean()
        return (jax.nn.softplus(scores) - y * scores).mean()

    def update(self, state, data, rows):
        """One batch."""
        weights, slots = state
        x, y = data
        slopes = jax.grad(self.loss)(weights, x[rows], y[rows])
        slots = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g * g, slots, slopes)
        weights = jax.tree.map(
            lambda w, g, v: w - 0.001 * g / jnp.sqrt(v + 1e-7), weights, slopes, slots
        )
        return weights, slots

    def whole_epoch(self, state, data, order):
        """Every full batch."""
        return jax.lax.scan(lambda s, rows: (self.update(s, data, rows), None), state, order)[0]

    def fit(self, x, y, epochs):
        """Epochs, each waited for."""
        data, batch = (jnp.asarray(x), jnp.asarray(y)), self.batch
        full = len(x) // batch * batch

        def epoch():
            order = jnp.asarray(self.random.permutation(len(x)))
            start = 0
            if self.scan and full:
                rows = order[:full].reshape(-1, batch)
                self.state, start = self.epoch(self.state, data, rows), full
            for at in range(start, len(x), batch):
                self.state = self.step(self.state, data, order[at : at + batch])
            jax.block_until_ready(self.state)

        return timed(epochs, epoch)

    def predict(self, x):
        """The probabilities."""
        return np.asarray(self.outputs(self.state[0], x))
