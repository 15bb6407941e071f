"""Optimizers: the weights after some of fifty steps on three variables with stored gradients."""

from __future__ import annotations

import json

import keras
import numpy as np

from record import schedules
from record.common import Recording, args, generator, normal

STEPS = 50
KEEP = (1, 2, 10, 50)
NAMES, SHAPES = ("kernel", "bias", "scale"), ((4, 3), (3,), ())

# Name of the case: (class, arguments). "schedule" and "exclude" are explained in `note`.
OPTIMIZERS = {
    "sgd": ("SGD", {}),
    "sgd_lr": ("SGD", args(learning_rate=0.1)),
    "sgd_momentum": ("SGD", args(learning_rate=0.1, momentum=0.9)),
    "sgd_nesterov": ("SGD", args(learning_rate=0.1, momentum=0.9, nesterov=True)),
    "sgd_weight_decay": ("SGD", args(learning_rate=0.1, weight_decay=0.05)),
    "sgd_weight_decay_exclude": ("SGD", args(learning_rate=0.1, weight_decay=0.05)),
    "sgd_clipnorm": ("SGD", args(learning_rate=0.1, clipnorm=0.5)),
    "sgd_clipvalue": ("SGD", args(learning_rate=0.1, clipvalue=0.25)),
    "sgd_global_clipnorm": ("SGD", args(learning_rate=0.1, global_clipnorm=0.5)),
    "sgd_loss_scale_factor": ("SGD", args(learning_rate=0.1, loss_scale_factor=4.0)),
    "sgd_momentum_clip_decay": (
        "SGD",
        args(learning_rate=0.05, momentum=0.8, weight_decay=0.01, clipnorm=1.0),
    ),
    "adagrad": ("Adagrad", {}),
    "adagrad_accumulator": ("Adagrad", args(learning_rate=0.1, initial_accumulator_value=0.5)),
    "adagrad_accumulator_zero": (
        "Adagrad",
        args(learning_rate=0.1, initial_accumulator_value=0.0, epsilon=1e-3),
    ),
    "rmsprop": ("RMSprop", {}),
    "rmsprop_momentum": ("RMSprop", args(learning_rate=0.01, momentum=0.9)),
    "rmsprop_centered": ("RMSprop", args(learning_rate=0.01, centered=True)),
    "rmsprop_centered_momentum": (
        "RMSprop",
        args(learning_rate=0.01, centered=True, momentum=0.5, rho=0.8),
    ),
    "rmsprop_rho": ("RMSprop", args(learning_rate=0.01, rho=0.5, epsilon=1e-4)),
    "rmsprop_clipnorm": ("RMSprop", args(learning_rate=0.01, clipnorm=0.5)),
    "adam": ("Adam", {}),
    "adam_amsgrad": ("Adam", args(learning_rate=0.01, amsgrad=True)),
    "adam_betas": ("Adam", args(learning_rate=0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-3)),
    "adam_weight_decay": ("Adam", args(learning_rate=0.01, weight_decay=0.1)),
    "adam_global_clipnorm": ("Adam", args(learning_rate=0.01, global_clipnorm=0.5)),
    "adamw": ("AdamW", {}),
    "adamw_exclude": ("AdamW", args(learning_rate=0.01, weight_decay=0.1)),
    "adamw_amsgrad": ("AdamW", args(learning_rate=0.01, weight_decay=0.1, amsgrad=True)),
    "sgd_ema": ("SGD", args(learning_rate=0.1, use_ema=True, ema_momentum=0.9)),
    "adam_ema": ("Adam", args(learning_rate=0.01, use_ema=True)),
    "sgd_ema_overwrite": (
        "SGD",
        args(learning_rate=0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=5),
    ),
    "sgd_accumulation": ("SGD", args(learning_rate=0.1, gradient_accumulation_steps=4)),
    "adam_accumulation": ("Adam", args(learning_rate=0.01, gradient_accumulation_steps=4)),
    "adam_accumulation_clip_decay": (
        "Adam",
        args(learning_rate=0.01, gradient_accumulation_steps=4, clipnorm=0.3, weight_decay=0.1),
    ),
    "adadelta": ("Adadelta", {}),
    "adadelta_rho": ("Adadelta", args(learning_rate=1.0, rho=0.8, epsilon=1e-5)),
    "adamax": ("Adamax", {}),
    "adamax_betas": ("Adamax", args(learning_rate=0.01, beta_1=0.8, beta_2=0.95)),
    "nadam": ("Nadam", {}),
    "nadam_betas": ("Nadam", args(learning_rate=0.01, beta_1=0.8, beta_2=0.95)),
    "lamb": ("Lamb", args(learning_rate=0.01)),
    "lamb_weight_decay": ("Lamb", args(learning_rate=0.01, weight_decay=0.05)),
    "lion": ("Lion", {}),
    "lion_weight_decay": ("Lion", args(learning_rate=0.01, weight_decay=0.1, beta_1=0.8)),
    "ftrl": ("Ftrl", args(learning_rate=0.1)),
    "ftrl_all": (
        "Ftrl",
        args(
            learning_rate=0.1,
            l1_regularization_strength=0.01,
            l2_regularization_strength=0.02,
            l2_shrinkage_regularization_strength=0.03,
            beta=0.5,
        ),
    ),
    "adafactor": ("Adafactor", {}),
    "adafactor_absolute": ("Adafactor", args(learning_rate=0.01, relative_step=False)),
    "schedule_free_adamw": ("ScheduleFreeAdamW", args(learning_rate=0.01, warmup_steps=5)),
    "muon": ("Muon", args(learning_rate=0.01)),
}


def gradients() -> dict[str, np.ndarray]:
    """Fifty gradients of each variable; they grow and shrink, and some are zero."""
    size = 10.0 ** generator("sizes").uniform(-1.5, 0.5, STEPS)
    found = {}
    for name, shape in zip(NAMES, SHAPES, strict=True):
        steps = normal(f"gradient of {name}", (STEPS, *shape))
        steps *= size.reshape(-1, *[1] * len(shape)).astype(np.float32)
        steps[6] = 0.0
        steps[20:24] = 0.0
        found[name] = steps
    found["kernel"][::5, 2] = 0.0  # A row that an embedding's batch did not use.
    found["kernel"][:, 3, 0] = 0.0  # A weight that never gets a gradient.
    return found


def run(optimizer, start: dict, grads: dict) -> tuple[dict, list]:
    """Apply the gradients; return the weights kept of each variable, and the variables."""
    variables = [keras.Variable(start[name], name=name) for name in NAMES]
    kept = {name: [] for name in NAMES}
    for step in range(STEPS):
        optimizer.apply_gradients(
            [(grads[n][step], v) for n, v in zip(NAMES, variables, strict=True)]
        )
        if step + 1 in KEEP:
            for name, variable in zip(NAMES, variables, strict=True):
                kept[name].append(np.asarray(variable))
    return {name: np.stack(values) for name, values in kept.items()}, variables


def all_cases():
    """Yield (name, class, arguments, schedule or None, excluded names)."""
    for name, (class_name, config) in OPTIMIZERS.items():
        yield name, class_name, config, None, ["bias"] if name.endswith("exclude") else []
    for schedule in schedules.SCHEDULES:
        yield f"sgd_{schedule}", "SGD", args(momentum=0.5), schedule, []
    for schedule in ("exponential", "cosine_warmup", "piecewise"):
        yield f"adam_{schedule}", "Adam", args(weight_decay=0.1), schedule, []


def record() -> Recording:
    grads, start = gradients(), {}
    for name, shape in zip(NAMES, SHAPES, strict=True):
        start[name] = normal(f"start of {name}", shape, 0.5)
    recording = Recording(
        """Three variables kernel (4, 3), bias (3,), scale () start from start/<variable> and take
        fifty steps; gradients/<variable>[i] is the gradient of step i + 1. <case>/<variable>
        holds the weights after each of the steps `keep`. state lists the optimizer's own
        variables after step fifty, in order, as [name, key]. schedule names a case of
        schedules.json to pass as learning_rate; exclude is passed to exclude_from_weight_decay
        as var_names; finalized/<variable>, where present, are the weights after
        finalize_variable_values. get_config is what the optimizer itself returns.""",
        shared=["gradients", "start"],
        keep=list(KEEP),
        variables=list(NAMES),
    )
    for name in NAMES:
        recording.array(f"gradients/{name}", grads[name])
        recording.array(f"start/{name}", start[name])
    for name, class_name, config, schedule, exclude in all_cases():
        keras.utils.clear_session(free_memory=False)  # Names start at "sgd" in each case.
        rate = {"learning_rate": schedules.build(schedule)} if schedule else {}
        optimizer = getattr(keras.optimizers, class_name)(**config, **rate)
        if exclude:
            optimizer.exclude_from_weight_decay(var_names=exclude)
        kept, variables = run(optimizer, start, grads)
        result = {n: recording.array(f"{name}/{n}", kept[n]) for n in NAMES}
        # The array is copied at once: finalize_variable_values changes the variables.
        state = [
            [variable.path.split("/", 1)[-1], np.array(variable)]
            for variable in optimizer.variables
        ]
        state = [
            [n, recording.array(f"{name}/state/{index}", value)]
            for index, (n, value) in enumerate(state)
        ]
        spec = {"class": class_name, "config": config, "schedule": schedule, "exclude": exclude}
        spec["get_config"] = json.loads(json.dumps(optimizer.get_config()))
        spec.update(weights=result, state=state)
        if config.get("use_ema"):
            optimizer.finalize_variable_values(variables)
            spec["finalized"] = {
                n: recording.array(f"{name}/finalized/{n}", np.asarray(v))
                for n, v in zip(NAMES, variables, strict=True)
            }
        recording.case(name=name, **spec)
    return recording
