"""Activations and the functions of `keras.ops` for networks: values and gradients."""

from __future__ import annotations

import jax
import keras
import numpy as np

from record.common import Recording, args, jsonable, normal

GRID = np.concatenate(
    [
        np.linspace(-10, 10, 81),
        [-0.0, 1e-30, -1e-30, 1e-6, -1e-6, 6.0, 3.0, -3.0, 20.0, -20.0, 50.0, -50.0],
        [88.0, -88.0, 100.0, -100.0, 1e4, -1e4, 1e30, -1e30, np.inf, -np.inf, np.nan],
    ]
).astype(np.float32)

ELEMENTWISE = {
    "relu": [
        {},
        args(negative_slope=0.1),
        args(max_value=6.0),
        args(threshold=1.0),
        args(negative_slope=0.2, max_value=4.0, threshold=0.5),
    ],
    "leaky_relu": [{}, args(negative_slope=0.3)],
    "relu6": [{}],
    "elu": [{}, args(alpha=0.5)],
    "selu": [{}],
    "softplus": [{}],
    "softsign": [{}],
    "soft_shrink": [{}, args(threshold=1.0)],
    "sparse_plus": [{}],
    "silu": [{}],
    "squareplus": [{}, args(b=1)],
    "gelu": [{}, args(approximate=True)],
    "celu": [{}, args(alpha=2.0)],
    "tanh": [{}],
    "tanh_shrink": [{}],
    "hard_tanh": [{}],
    "hard_shrink": [{}, args(threshold=1.0)],
    "threshold": [args(threshold=0.5, default_value=-2.0)],
    "sigmoid": [{}],
    "exponential": [{}],
    "hard_sigmoid": [{}],
    "log_sigmoid": [{}],
    "sparse_sigmoid": [{}],
    "hard_silu": [{}],
    "linear": [{}],
    "mish": [{}],
}
OPS = {
    **{name: [{}] for name in ("relu", "relu6", "selu", "silu", "sigmoid", "softplus", "softsign")},
    "leaky_relu": [{}],
    "elu": [{}],
    "celu": [{}],
    "gelu": [{}, args(approximate=False)],
    "hard_sigmoid": [{}],
    "hard_silu": [{}],
    "hard_tanh": [{}],
    "log_sigmoid": [{}],
    "tanh_shrink": [{}],
    "erf": [{}],
    **{name: [{}] for name in ("exp", "expm1", "tanh", "sin", "cos", "abs", "square", "sign")},
    **{name: [{}] for name in ("log", "log1p", "sqrt", "rsqrt", "reciprocal", "floor", "round")},
    "clip": [args(x_min=-1.0, x_max=2.0)],
}
AXES = [{}, args(axis=0), args(axis=1)]
MATRIX = {
    "activations.softmax": AXES,
    "activations.log_softmax": AXES,
    "activations.sparsemax": [{}],
    "activations.glu": [{}, args(axis=0)],
    "ops.softmax": [*AXES, args(axis=None), args(axis=[0, 1])],
    "ops.log_softmax": [*AXES, args(axis=None)],
    "ops.logsumexp": [{}, args(axis=1), args(axis=-1, keepdims=True), args(axis=[0, 2])],
    "ops.normalize": [{}, args(axis=1), args(order=1), args(order=3), args(axis=0, order=2)],
    "ops.layer_normalization": [{}, args(axis=1), args(epsilon=0.1)],
    "ops.rms_normalization": [{}, args(axis=1), args(epsilon=0.1)],
}


def measure(recording, name, target, config, key, cotangent) -> None:
    """Store the function's value and the gradient of sum(value * cotangent)."""
    module, function_name = target.split(".")
    function = getattr(getattr(keras, module), function_name)
    config = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    value, pull_back = jax.vjp(lambda x: function(x, **config), recording.arrays[key])
    weights = np.ones(value.shape, np.float32)
    if cotangent is not None:
        weights = normal(f"cotangent {value.shape}", value.shape)
        cotangent = recording.array(f"{name}/cotangent", weights)
    (gradient,) = pull_back(weights)
    recording.case(
        name=name,
        target=target,
        config=jsonable(config),
        x=key,
        cotangent=cotangent,
        value=recording.array(f"{name}/value", value),
        gradient=recording.array(f"{name}/gradient", gradient),
    )


def record() -> Recording:
    recording = Recording(
        """target(x, **config), with target below the package's root; gradient is that of
        sum(value * cotangent) with respect to x, with a cotangent of ones where it is null.
        data/grid holds zeros of both signs, numbers up to 1e30, infinities and NaN. JAX's own
        rules decide the gradients at kinks (relu: 0; abs: 1, where TensorFlow and PyTorch give
        0), at NaN (relu: 0) and at infinities, where gelu, silu and mish give NaN. XLA flushes
        results below 1.2e-38 to zero, as in exp(-88).""",
        shared=["data"],
    )
    recording.arrays["data/grid"] = GRID
    recording.arrays["data/box"] = normal("activation box", (3, 4, 6), 2.0)
    recording.arrays["data/rows"] = np.float32(
        [
            [1000.0, 1000.0, -1000.0],
            [-1000.0, -1000.0, -1000.0],
            [0.0, -np.inf, 0.0],
            [np.inf, 0.0, 0.0],
            [np.nan, 0.0, 1.0],
            [0.0, -0.0, 0.0],
        ]
    )
    for module, functions in (("activations", ELEMENTWISE), ("ops", OPS)):
        for function_name, variants in functions.items():
            for number, config in enumerate(variants):
                target = f"{module}.{function_name}"
                measure(recording, f"{target}.{number}", target, config, "data/grid", None)
    for target, variants in MATRIX.items():
        for number, config in enumerate(variants):
            if target == "activations.glu" and config.get("axis") == 0:
                recording.arrays["data/even"] = normal("even", (4, 3))
                measure(recording, f"{target}.{number}", target, config, "data/even", "normal")
                continue
            measure(recording, f"{target}.{number}", target, config, "data/box", "normal")
    for target in ("activations.softmax", "activations.log_softmax", "ops.logsumexp"):
        config = args(axis=-1)
        measure(recording, f"{target}.rows", target, config, "data/rows", "normal")
    return recording
