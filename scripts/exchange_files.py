"""Exchange files of random models with the real Keras, and compare what they compute.

    python scripts/exchange_files.py make DIR --library keras --count 100      # with real Keras
    python scripts/exchange_files.py check DIR --library geartrain --back      # here
    python scripts/exchange_files.py check DIR/back --library keras            # the way back

SpectralNormalization is left out: Keras's backends differ in what a step of training makes of it.

`make` builds models of layers, wrappers, merges, nesting and optimizers at random, trains each for
some steps and saves it, with inputs, outputs and the losses of 50 further steps. `check` loads
each file, compares outputs (1e-5, of what is large), trains on and compares the losses (1e-4);
`--back` saves each again, from before the further steps. Either library can be on either side.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

STEPS, MORE_STEPS, ROWS = 5, 50, 16
OPTIMIZERS: list[Callable[[Any], Any]] = [
    lambda K: K.optimizers.SGD(0.01),
    lambda K: K.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    lambda K: K.optimizers.RMSprop(1e-3, momentum=0.5, centered=True),
    lambda K: K.optimizers.RMSprop(1e-3),
    lambda K: K.optimizers.Adam(1e-3, amsgrad=True),
    lambda K: K.optimizers.AdamW(1e-3, weight_decay=0.01),
    lambda K: K.optimizers.Adam(K.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.9)),
    lambda K: K.optimizers.Adam(1e-3, clipnorm=0.5, use_ema=True, ema_overwrite_frequency=7),
    lambda K: K.optimizers.Adam(1e-3, gradient_accumulation_steps=3),
    lambda K: K.optimizers.Adamax(1e-3),
    lambda K: K.optimizers.Nadam(1e-3),
    lambda K: K.optimizers.Adagrad(1e-2),
    lambda K: K.optimizers.Adadelta(0.1),
    lambda K: K.optimizers.Ftrl(1e-2),
    lambda K: K.optimizers.Lion(1e-4),
    lambda K: K.optimizers.Lamb(1e-3),
    lambda K: K.optimizers.Adafactor(1e-3),
    lambda K: K.optimizers.LossScaleOptimizer(K.optimizers.Adam(1e-3)),
]
ACTIVATIONS = ("relu", "tanh", "sigmoid", "elu", "selu", "softplus", "gelu", "silu", "linear", None)
Maker = Callable[[Any, random.Random], Any]
ANY: list[Maker] = [
    lambda K, r: K.layers.BatchNormalization(momentum=0.9, scale=r.random() < 0.7),
    lambda K, r: K.layers.LayerNormalization(epsilon=1e-3),
    lambda K, r: K.layers.RMSNormalization(),
    lambda K, r: K.layers.UnitNormalization(),
    lambda K, r: K.layers.Activation(r.choice([a for a in ACTIVATIONS if a])),
    lambda K, r: K.layers.LeakyReLU(negative_slope=0.2),
    lambda K, r: K.layers.PReLU(),
    lambda K, r: K.layers.ELU(alpha=0.7),
    lambda K, r: K.layers.ReLU(max_value=3.0, negative_slope=0.1),
    lambda K, r: K.layers.Softmax(),
    lambda K, r: K.layers.Rescaling(0.5, offset=0.1),
    lambda K, r: K.layers.ActivityRegularization(l2=1e-4),
    lambda K, r: K.layers.Dense(r.randint(3, 6), activation=r.choice(ACTIVATIONS)),
]
BY_RANK: dict[int, list[Maker]] = {
    2: [
        lambda K, r: K.layers.Dense(
            r.randint(3, 8),
            activation=r.choice(ACTIVATIONS),
            use_bias=r.random() < 0.8,
            kernel_initializer=r.choice(["he_normal", "orthogonal", "lecun_uniform"]),
            kernel_regularizer=r.choice([None, "l2", K.regularizers.L1L2(1e-4, 1e-3)]),
            kernel_constraint=r.choice([None, K.constraints.MaxNorm(2.0)]),
        ),
        lambda K, r: K.layers.RepeatVector(3),
        lambda K, r: K.Sequential([K.layers.Dense(5, activation="tanh"), K.layers.Dense(4)]),
    ],
    3: [
        lambda K, r: K.layers.Conv1D(4, 3, padding=r.choice(["same", "causal"]), dilation_rate=2),
        lambda K, r: K.layers.SeparableConv1D(3, 2, padding="same"),
        lambda K, r: K.layers.LSTM(3, return_sequences=r.random() < 0.5),
        lambda K, r: K.layers.GRU(
            3, return_sequences=r.random() < 0.5, reset_after=r.random() < 0.5
        ),
        lambda K, r: K.layers.SimpleRNN(4, return_sequences=True, go_backwards=r.random() < 0.5),
        lambda K, r: K.layers.Bidirectional(
            K.layers.GRU(2, return_sequences=True), merge_mode=r.choice(["sum", "concat"])
        ),
        lambda K, r: K.layers.RNN([K.layers.LSTMCell(3), K.layers.GRUCell(2)]),
        lambda K, r: K.layers.TimeDistributed(K.layers.Dense(3, activation="tanh")),
        lambda K, r: K.layers.UpSampling1D(2),
        lambda K, r: K.layers.ZeroPadding1D(1),
        lambda K, r: K.layers.MaxPooling1D(2, padding="same"),
        lambda K, r: K.layers.Permute((2, 1)),
        lambda K, r: K.layers.GlobalAveragePooling1D(),
        lambda K, r: K.layers.Flatten(),
    ],
    4: [
        lambda K, r: K.layers.Conv2D(4, 3, padding="same", activation=r.choice(ACTIVATIONS)),
        lambda K, r: K.layers.Conv2D(4, (2, 3), strides=(1, 2), padding="same", groups=1),
        lambda K, r: K.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
        lambda K, r: K.layers.SeparableConv2D(3, 3, padding="same"),
        lambda K, r: K.layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
        lambda K, r: K.layers.MaxPooling2D(2, padding="same"),
        lambda K, r: K.layers.AveragePooling2D(3, strides=1, padding="same"),
        lambda K, r: K.layers.UpSampling2D(2, interpolation=r.choice(["nearest", "bilinear"])),
        lambda K, r: K.layers.ZeroPadding2D(((1, 0), (0, 2))),
        lambda K, r: K.layers.Reshape((-1, 3)),
        lambda K, r: K.layers.GlobalMaxPooling2D(),
        lambda K, r: K.layers.GlobalAveragePooling2D(keepdims=True),
        lambda K, r: K.layers.Flatten(),
    ],
}
SHAPES = [(6,), (5, 4), (8, 8, 2)]


def small(shape: Any) -> bool:
    """Whether a tensor is small enough to go on with."""
    return None not in shape[1:] and 0 < int(np.prod(shape[1:])) <= 2000


def grown(K: Any, choice: random.Random, tensor: Any, depth: int) -> Any:
    """A tensor some layers later, with branches that come together again."""
    for _ in range(depth):
        rank = len(tensor.shape)
        makers = [*BY_RANK[rank], *BY_RANK[rank], *ANY]
        kind = choice.random()
        new = choice.choice(makers)(K, choice)(tensor)
        if not small(new.shape) or len(new.shape) not in BY_RANK:
            continue
        if kind < 0.15 and tuple(new.shape) == tuple(tensor.shape):
            new = choice.choice([K.layers.Add, K.layers.Multiply, K.layers.Maximum])()(
                [tensor, new]
            )
        elif kind < 0.25 and tuple(new.shape[:-1]) == tuple(tensor.shape[:-1]):
            new = K.layers.Concatenate()([new, tensor])
        elif kind < 0.3 and rank == 3:
            new = K.layers.MultiHeadAttention(2, 3)(tensor, tensor)
        elif kind < 0.36:
            new = new * 0.5 + 1.0
        tensor = new
    return tensor


def model_of(K: Any, seed: int) -> Any:
    """A random model, compiled."""
    choice = random.Random(seed)
    inputs = [
        K.Input(choice.choice(SHAPES), name=f"in{n}") for n in range(choice.choice([1, 1, 2]))
    ]
    ends = []
    for tensor in inputs:
        tensor = grown(K, choice, tensor, choice.randint(1, 6))
        ends.append(K.layers.Flatten()(tensor) if len(tensor.shape) > 2 else tensor)
    joined = ends[0] if len(ends) == 1 else K.layers.Concatenate()(ends)
    shared = K.layers.Dense(3, name="head")
    outputs = [shared(K.layers.Dense(4)(joined))]
    if choice.random() < 0.3:
        outputs.append(shared(K.layers.Dense(4, activation="tanh")(joined)))
    if choice.random() < 0.3:
        inner = K.Model(inputs, outputs, name="inner")
        made = inner(inputs)
        outputs = made if isinstance(made, list | tuple) else [made]
        outputs = [K.layers.Dense(2)(one) for one in outputs]
    model = K.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
    loss = choice.choice(["mse", K.losses.Huber(), K.losses.LogCosh()])
    model.compile(OPTIMIZERS[seed % len(OPTIMIZERS)](K), loss=loss)
    return model


def data_of(model: Any, seed: int) -> tuple[Any, Any]:
    """Inputs and targets for a model."""
    rng = np.random.default_rng(seed)
    x, y = (
        [rng.normal(size=(ROWS, *one.shape[1:])).astype("float32") for one in several]
        for several in (model.inputs, model.outputs)
    )
    return x, y


def trained(model: Any, seed: int, steps: int) -> list[float]:
    """The losses of some steps, of one batch each."""
    x, y = data_of(model, seed)
    history = model.fit(
        x if len(x) > 1 else x[0], y if len(y) > 1 else y[0],
        batch_size=ROWS, epochs=steps, shuffle=False, verbose=0,
    )  # fmt: skip
    return [float(loss) for loss in history.history["loss"]]


def predicted(model: Any, seed: int) -> list[np.ndarray]:
    """The outputs."""
    x, _ = data_of(model, seed)
    outputs = model.predict(x if len(x) > 1 else x[0], verbose=0)
    return [np.asarray(one) for one in (outputs if isinstance(outputs, list) else [outputs])]


def make(K: Any, folder: Path, seeds: range) -> int:
    """Write a file, and what it computes, for each seed."""
    for seed in seeds:
        try:
            make_one(K, folder, seed)
        except TypeError as error:  # Keras on JAX cannot train every model that it can make
            (folder / f"{seed}.keras").unlink(missing_ok=True)
            print(seed, "cannot be trained:", error, flush=True)
    return 0


def make_one(K: Any, folder: Path, seed: int) -> None:
    """Write one model, and what it computes before and in further steps."""
    model = model_of(K, seed)
    trained(model, seed, STEPS)
    model.save(folder / f"{seed}.keras")
    arrays = {f"out{n}": one for n, one in enumerate(predicted(model, seed))}
    losses = trained(model, seed, MORE_STEPS)
    np.savez(folder / f"{seed}.npz", losses=losses, **arrays)


def compared(K: Any, folder: Path, seed: int, back: Path | None) -> None:
    """Load a file, compare, and save it again."""
    expected = np.load(folder / f"{seed}.npz")
    model = K.models.load_model(folder / f"{seed}.keras")
    if back is not None:
        model.save(back / f"{seed}.keras")
        np.savez(back / f"{seed}.npz", **expected)
    for number, one in enumerate(predicted(model, seed)):
        wanted = expected[f"out{number}"]
        scale = max(1.0, float(np.abs(wanted).max()))
        np.testing.assert_allclose(one / scale, wanted / scale, atol=1e-5, rtol=0)
    losses = trained(model, seed, MORE_STEPS)
    np.testing.assert_allclose(losses, expected["losses"], rtol=1e-4, atol=1e-6)


def check(K: Any, folder: Path, back: Path | None, verbose: bool) -> int:
    """Compare all files of a folder; how many differ."""
    seeds = sorted(int(path.stem) for path in folder.glob("*.keras"))
    failed = {}
    for seed in seeds:
        try:
            compared(K, folder, seed, back)
        except Exception as error:  # whatever goes wrong is a difference to be counted
            lines = [line for line in str(error).splitlines() if line.strip()]
            failed[seed] = f"{type(error).__name__}: {' '.join(lines)[:300]}"
            print(seed, failed[seed], flush=True)
            if verbose:
                traceback.print_exc()
    print(json.dumps({"models": len(seeds), "equal": len(seeds) - len(failed)}))
    return len(failed)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=["make", "check"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", default="geartrain", choices=["geartrain", "keras"])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--back", action="store_true", help="save again, to DIR/back")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    K = importlib.import_module(given.library)
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.what == "make":
        return make(K, given.folder, range(given.start, given.start + given.count))
    back = given.folder / "back" if given.back else None
    if back is not None:
        back.mkdir(exist_ok=True)
    return min(1, check(K, given.folder, back, given.verbose))


if __name__ == "__main__":
    sys.exit(main())
