"""Steps of LossScaleOptimizer, with gradients that are not finite among them."""

from __future__ import annotations

import keras
import numpy as np

from record.common import Recording, args, normal

INNER = {
    "sgd": ("SGD", args(learning_rate=0.1, momentum=0.9)),
    "adam": ("Adam", args(learning_rate=0.1, clipnorm=0.5)),
    "rmsprop": ("RMSprop", args(learning_rate=0.1, weight_decay=0.01, use_ema=True)),
    "accumulating": ("SGD", args(learning_rate=0.1, gradient_accumulation_steps=2)),
}
STEPS, GROWTH, SCALE = 14, 3, 16.0
BAD = {4: np.inf, 5: np.nan, 9: -np.inf}


def record() -> Recording:
    recording = Recording(
        """A variable starts from start and takes a step with each row of gradients.
        LossScaleOptimizer(inner(**config), scale, growth) wraps the inner optimizer. weights[i] and
        scales[i] are those after step i + 1; state lists variables after the last, in order, as
        [name, key].""",
        shared=["start", "gradients"],
        scale=SCALE,
        growth=GROWTH,
    )
    start, gradients = normal("start", (3,)), normal("gradients", (STEPS, 3), 20.0)
    for step, value in BAD.items():
        gradients[step, 1] = value
    recording.array("start/0", start)
    recording.array("gradients/0", gradients)
    for name, (inner, config) in INNER.items():
        keras.utils.clear_session(free_memory=False)
        optimizer = keras.optimizers.LossScaleOptimizer(
            getattr(keras.optimizers, inner)(**config), SCALE, GROWTH
        )
        variable = keras.Variable(start, name="w")
        optimizer.build([variable])
        weights, scales = [], []
        for row in gradients:
            own = optimizer.variables  # statelessly: eager steps of it leak on JAX
            (value,), values = optimizer.stateless_apply(
                [one.value for one in own], [keras.ops.convert_to_tensor(row)], [variable.value]
            )
            for one, new in zip([variable, *own], [value, *values], strict=True):
                one.assign(new)
            weights.append(np.array(variable))
            scales.append(np.array(optimizer.dynamic_scale))
        state = [
            [one.path.split("/", 1)[-1], recording.array(f"{name}/state/{place}", np.array(one))]
            for place, one in enumerate(optimizer.variables)
        ]
        recording.case(
            name=name, inner=inner, config=config, state=state,
            weights=recording.array(f"{name}/weights", np.stack(weights)),
            scales=recording.array(f"{name}/scales", np.stack(scales)),
        )  # fmt: skip
    return recording
