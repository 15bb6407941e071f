"""Recurrent layers, their cells and their wrappers."""

from __future__ import annotations

import numpy as np

from record.common import Recording, args, normal
from record.layers import NOTE, record_layer

UNITS = args(units=3)
KINDS = ("SimpleRNN", "LSTM", "GRU")
VARIANTS = {
    "usual": {},
    "sequences": args(return_sequences=True),
    "backwards": args(go_backwards=True, return_sequences=True),
    "state": args(return_state=True, return_sequences=True),
    "unrolled": args(unroll=True),
    "no_bias": args(use_bias=False),
    "relu": args(activation="relu"),
}
OWN = {
    "LSTM": {
        "no_unit_forget_bias": args(unit_forget_bias=False),
        "hard_sigmoid": args(recurrent_activation="hard_sigmoid"),
    },
    "GRU": {
        "reset_before": args(reset_after=False),
        "reset_before_sequences": args(reset_after=False, return_sequences=True),
        "reset_before_no_bias": args(reset_after=False, use_bias=False),
        "hard_sigmoid": args(recurrent_activation="hard_sigmoid"),
    },
    "SimpleRNN": {},
}


def masks() -> np.ndarray:
    """Right padding, a full row, left padding and holes, over four rows of six steps."""
    mask = np.ones((4, 6), bool)
    mask[0, 4:], mask[2, :2] = False, False
    mask[3, [0, 2, 3, 5]] = False
    return mask


def layer(name: str, **config) -> dict:
    return {"layer": name, "config": config}


def plain(recording: Recording, x: np.ndarray) -> None:
    for kind in KINDS:
        for name, config in {**VARIANTS, **OWN[kind]}.items():
            record_layer(recording, f"{kind}.{name}", kind, {**UNITS, **config}, x)
        states = [normal(f"state {i}", (4, 3)) for i in range(2 if kind == "LSTM" else 1)]
        arrays = args(call_arrays={"initial_state": states if kind == "LSTM" else states[0]})
        config = args(**UNITS, return_sequences=True)
        record_layer(recording, f"{kind}.initial_state", kind, config, x, **arrays)
        for name, config in (
            ("mask", {}),
            ("mask_sequences", args(return_sequences=True)),
            ("mask_zero_output", args(return_sequences=True, zero_output_for_mask=True)),
            ("mask_backwards", args(go_backwards=True, return_sequences=True)),
            ("mask_state", args(return_state=True)),
        ):
            arrays = args(call_arrays={"mask": masks()})
            record_layer(recording, f"{kind}.{name}", kind, {**UNITS, **config}, x, **arrays)
        record_layer(recording, f"{kind}.one_step", kind, UNITS, x[:, :1])


def wrapped(recording: Recording, x: np.ndarray) -> None:
    masked = args(call_arrays={"mask": masks()})
    for kind in KINDS:
        inner = layer(kind, units=2, return_sequences=True)
        record_layer(recording, f"bidirectional.{kind}", "Bidirectional", args(layer=inner), x)
    for mode in ("sum", "mul", "ave"):
        config = args(layer=layer("GRU", units=2), merge_mode=mode)
        record_layer(recording, f"bidirectional.{mode}", "Bidirectional", config, x)
    two = args(layer=layer("LSTM", units=2), merge_mode=None)
    record_layer(recording, "bidirectional.none", "Bidirectional", two, x)
    config = args(layer=layer("LSTM", units=2, return_sequences=True))
    record_layer(recording, "bidirectional.mask", "Bidirectional", config, x, **masked)
    for kind in KINDS:
        config = args(cell=layer(f"{kind}Cell", units=2), return_sequences=True)
        record_layer(recording, f"rnn.{kind}Cell", "RNN", config, x)
    cells = args(cells=[layer("GRUCell", units=2), layer("LSTMCell", units=3)])
    config = args(cell={"layer": "StackedRNNCells", "config": cells}, return_state=True)
    record_layer(recording, "rnn.stacked", "RNN", config, x)
    config = args(layer=layer("Dense", units=2, activation="relu"))
    record_layer(recording, "time_distributed.dense", "TimeDistributed", config, x)
    record_layer(recording, "time_distributed.mask", "TimeDistributed", config, x, **masked)
    frames = normal("frames", (2, 3, 4, 4, 2))
    config = args(layer=layer("Conv2D", filters=2, kernel_size=2))
    record_layer(recording, "time_distributed.conv", "TimeDistributed", config, frames)
    for rank, shape in ((1, (2, 3, 5, 2)), (2, (1, 3, 4, 4, 2))):
        config = args(filters=2, kernel_size=2, return_sequences=True, padding="same")
        name = f"ConvLSTM{rank}D"
        record_layer(recording, name, name, config, normal(f"conv lstm {rank}", shape))


def record() -> Recording:
    recording, x = Recording(NOTE), normal("sequence", (4, 6, 2))
    plain(recording, x)
    wrapped(recording, x)
    return recording
