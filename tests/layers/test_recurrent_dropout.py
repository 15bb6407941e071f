"""What dropout drops in recurrent layers: what the gates read, never what a cell remembers.

A layer of one linear unit with kernels of 1 gives a number for each sample that tells which of its
gates saw 0 and which saw 2: the shares of these numbers are those of independent coins, or of one
coin for all gates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import geartrain as gt
from geartrain import layers

SAMPLES = 4000
LINEAR: dict[str, Any] = {"activation": "linear", "use_bias": False, "seed": 3}
GATED = {**LINEAR, "recurrent_activation": "linear"}
CELLS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "SimpleRNN": (layers.SimpleRNN, layers.SimpleRNNCell, LINEAR),
    "LSTM": (layers.LSTM, layers.LSTMCell, GATED),
    "GRU": (layers.GRU, layers.GRUCell, GATED),
    "GRU, reset before": (layers.GRU, layers.GRUCell, {**GATED, "reset_after": False}),
}
FORMS = ["layer", "RNN(cell)", "RNN([cell])", "cell"]

# The share of each output after one turn from an input of 0 and states of 1, or the other way,
# by hand: what a gate reads of a 1 is 0 or 2.
OF_THE_STATE = {
    "SimpleRNN": {0: 1 / 2, 2: 1 / 2},
    "LSTM": {0: 11 / 16, 4: 3 / 16, 8: 1 / 16, 12: 1 / 16},  # o (f + i g)
    "GRU": {-2: 1 / 8, 0: 3 / 8, 2: 3 / 8, 4: 1 / 8},  # z + (1 - z) r n
}
OF_THE_INPUTS = {
    "SimpleRNN": {0: 1 / 2, 2: 1 / 2},
    "LSTM": {0: 7 / 8, 8: 1 / 8},  # o i g
    "GRU": {-2: 1 / 4, 0: 1 / 2, 2: 1 / 4},  # (1 - z) n
}
ALIKE = {
    "SimpleRNN": {0: 1 / 2, 2: 1 / 2},
    "LSTM": {0: 1 / 2, 8: 1 / 2},
    "GRU": {-2: 1 / 2, 0: 1 / 2},
}


def outputs(
    name: str, form: str, x: float, state: float, timesteps: int = 1, **config: Any
) -> np.ndarray:
    """What one unit gives in training, for many samples."""
    layer_class, cell_class, linear = CELLS[name]
    cell = cell_class(1, **linear, **config)
    layer = {
        "layer": lambda: layer_class(1, **linear, **config),
        "RNN(cell)": lambda: layers.RNN(cell),
        "RNN([cell])": lambda: layers.RNN([cell]),
        "cell": lambda: cell,
    }[form]()
    inputs = np.full((SAMPLES, timesteps, 1), x, "float32")
    states = [np.full((SAMPLES, 1), state, "float32")] * (2 if name == "LSTM" else 1)
    layer.build((None, 1) if form == "cell" else (None, timesteps, 1))
    layer.set_weights([np.ones(weight.shape) for weight in layer.weights])
    if form == "cell":
        found, _ = layer(inputs[:, 0], states, training=True)
    else:
        nested = [states] if form == "RNN([cell])" else states
        found = layer(inputs, initial_state=nested, training=True)
    return np.asarray(found)[:, 0]


def assert_shares(found: np.ndarray, expected: dict[Any, float]) -> None:
    assert set(np.unique(found)) <= set(map(float, expected))
    for value, share in expected.items():  # 5 standard deviations
        spread = 5 * (share * (1 - share) / found.size) ** 0.5
        assert abs((found == value).mean() - share) < spread, (value, (found == value).mean())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CELLS)
def test_each_gate_reads_the_state_with_a_mask_of_its_own(name: str, form: str) -> None:
    found = outputs(name, form, 0.0, 1.0, recurrent_dropout=0.5)
    assert_shares(found, OF_THE_STATE[name.split(",")[0]])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CELLS)
def test_each_gate_reads_the_inputs_with_a_mask_of_its_own_beside_recurrent_dropout(
    name: str, form: str
) -> None:
    found = outputs(name, form, 1.0, 0.0, dropout=0.5, recurrent_dropout=1e-9)
    assert_shares(found, OF_THE_INPUTS[name.split(",")[0]])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CELLS)
def test_all_gates_read_the_same_inputs_without_recurrent_dropout(name: str, form: str) -> None:
    assert_shares(outputs(name, form, 1.0, 0.0, dropout=0.5), ALIKE[name.split(",")[0]])


@pytest.mark.parametrize("form", FORMS[:3])
@pytest.mark.parametrize("name", ["GRU", "GRU, reset before", "SimpleRNN"])
def test_the_same_is_dropped_at_every_timestep(name: str, form: str) -> None:
    """The shares after two turns are those of masks that are drawn once."""
    expected: dict[float, float] = {}
    for z, r, n in 2.0 * np.array(list(np.ndindex(2, 2, 2))):
        h = 1.0
        for _ in range(2):
            h = z * h if name == "SimpleRNN" else z * h * h + (1 - z * h) * (r * h) * (n * h)
        expected[h] = expected.get(h, 0) + 1 / 8
    found = outputs(name, form, 0.0, 1.0, timesteps=2, recurrent_dropout=0.5)
    assert_shares(found, expected)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "GRU, reset before"])
def test_what_a_cell_remembers_is_never_dropped(name: str) -> None:
    """With the gates open to the memory, it stays what it was through many timesteps."""
    layer_class, _, linear = CELLS[name]
    before = {"reset_after": False} if "reset_after" in linear else {}
    layer = layer_class(6, recurrent_dropout=0.5, seed=1, **before)
    layer.build((None, 8, 3))
    kernel, recurrent, bias = layer.weights
    gates = [-30.0, 30.0, 0.0, 30.0] if name == "LSTM" else [30.0, 0.0, 0.0]
    rows = np.zeros(bias.shape)
    rows[... if rows.ndim == 1 else 0] = np.repeat(gates, 6)
    layer.set_weights([np.zeros(kernel.shape), np.zeros(recurrent.shape), rows])
    memory = np.linspace(-1, 1, 12).reshape(2, 6).astype("float32")
    states = [0 * memory, memory] if name == "LSTM" else [memory]
    found = layer(np.zeros((2, 8, 3), "float32"), initial_state=states, training=True)
    np.testing.assert_allclose(found, np.tanh(memory) if name == "LSTM" else memory, atol=1e-4)


@pytest.mark.parametrize("name", CELLS)
def test_compiled_training_drops_what_the_reference_drops(name: str) -> None:
    """Same seeds, same masks: the weights after some steps are those of NumPy's way."""
    layer_class, _, _ = CELLS[name]
    x = np.random.default_rng(0).normal(size=(8, 5, 3)).astype("float32")
    trained = []
    for eagerly in (False, True):
        gt.utils.set_random_seed(0)
        layer = layer_class(4, dropout=0.3, recurrent_dropout=0.4, seed=7)
        model = gt.Sequential([gt.Input((5, 3)), layer])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        model.fit(x, np.ones((8, 4)), epochs=3, batch_size=4, verbose=0, shuffle=False)
        trained.append(model.get_weights())
    for compiled, reference in zip(*trained, strict=True):
        np.testing.assert_allclose(compiled, reference, atol=1e-5)
