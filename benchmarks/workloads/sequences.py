"""Recurrent networks on sequences of 50 steps of 32 numbers."""

from __future__ import annotations

from workload import AtMostRival, Workload, layer

RIVALS = ("torch", "keras-jax", "keras-torch", "keras-tensorflow")


def sequences(random, samples):
    """Sequences of normal numbers, labelled with the sign of a sum over their ends."""
    x = random.normal(size=(samples, 50, 32)).astype("float32")
    return x, (x[:, -5:].sum((1, 2)) > 0).astype("float32")[:, None]


def _recurrent(kind: str) -> Workload:
    return Workload(
        name=kind.lower(),
        title=f"{kind} of 64 units over 50 steps of 32 numbers",
        shape=(50, 32),
        layers=(layer(kind, units=64), layer("Dense", units=1, activation="sigmoid")),
        loss="binary_crossentropy",
        optimizer="adam",
        data=sequences,
        samples=6_400,
        frameworks=("geartrain", *RIVALS),
        bounds=(AtMostRival(0.6, RIVALS),),
    )


WORKLOADS = (_recurrent("LSTM"), _recurrent("GRU"))
