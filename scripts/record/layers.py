"""How one layer is recorded; the groups layers_*.py only list what to record."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from record.common import Recording, generator, jsonable, normal

NOTE = """layer(**config) gets inputs (as one list where as_list is true, else one by one), the
JSON arguments `call` and the array arguments `call_arrays` (a key, or a list of keys), with
weights, in the order of layer.weights, as [path, trainable, key]. outputs are flattened in order.
input_gradients (null for integers) and weight_gradients (of the trainable weights, in order) are
those of sum(output * cotangent) over all outputs. Where present: losses, the values of
layer.losses (an activity regularizer's, divided by the batch size, comes first), and
loss_gradients, those of their sum with respect to the trainable weights; updated, the
non-trainable weights after the call; output_mask, what compute_mask returns; constrained, each
weight that has a constraint after it is applied, as [path, key]. A config value {"layer": ...,
"config": ...} stands for a layer made of these."""


def build(spec: Any) -> Any:
    """A config with each {"layer", "config"} inside it made a layer."""
    if isinstance(spec, dict) and set(spec) == {"layer", "config"}:
        return getattr(keras.layers, spec["layer"])(**build(spec["config"]))
    if isinstance(spec, dict):
        return {key: build(value) for key, value in spec.items()}
    if isinstance(spec, list):
        return [build(value) for value in spec]
    return spec


def initial(name: str, variable) -> np.ndarray:
    """Seeded weights: near one for scales, positive for variances, small otherwise."""
    shape, kind = tuple(variable.shape), variable.name
    if "variance" in kind:
        drawn = generator(name).uniform(0.5, 2.0, shape)
    elif kind in ("gamma", "scale"):
        drawn = 1.0 + 0.3 * generator(name).standard_normal(shape)
    else:
        drawn = 0.5 * generator(name).standard_normal(shape)
    return np.asarray(drawn.round(3), variable.dtype)


def is_float(array) -> bool:
    return jnp.issubdtype(jnp.asarray(array).dtype, jnp.floating)


class LayerCase:
    """One layer, built and given seeded weights, ready to be called and differentiated."""

    def __init__(self, name, layer, config, inputs, as_list, call, call_arrays, weights):
        keras.utils.clear_session(free_memory=False)
        self.name, self.as_list, self.call = name, as_list, call
        self.inputs = [np.asarray(value) for value in inputs]
        self.call_arrays = call_arrays
        self.layer = getattr(keras.layers, layer)(**build(config))
        self.run(self.inputs, [], [], build_only=True)
        for index, variable in enumerate(self.layer.weights):
            value = initial(f"{name} weight {index}", variable)
            variable.assign(value if weights is None else weights[index])

    def run(self, inputs, trainable, frozen, build_only=False):
        """Call the layer statelessly; return its flat outputs, updates and losses."""
        arguments = [list(inputs)] if self.as_list else list(inputs)
        keywords, layer = {**self.call, **self.call_arrays}, self.layer
        if build_only:
            return layer(*arguments, **keywords)
        # Not layer.stateless_call, which leaves out activity regularizers and casts.
        variables = [*layer.trainable_variables, *layer.non_trainable_variables]
        mapping = list(zip(variables, [*trainable, *frozen], strict=True))
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
            output = layer(*arguments, **keywords)
            losses = layer.losses
        flat = [value for value in jax.tree.leaves(output) if value is not None]
        updates = [scope.get_current_value(v) for v in layer.non_trainable_variables]
        return flat, updates, losses

    def measure(self, recording: Recording) -> dict:
        """Store what the layer computes; return the spec's keys."""
        layer, store = self.layer, recording.array
        trainable = [variable.value for variable in layer.trainable_variables]
        frozen = [variable.value for variable in layer.non_trainable_variables]
        spec: dict[str, Any] = {}
        spec["weights"] = [
            [v.path, v.trainable, store(f"{self.name}/weight/{i}", v.value)]
            for i, v in enumerate(layer.weights)
        ]
        outputs, updates, losses = self.run(self.inputs, trainable, frozen)
        spec["outputs"] = [store(f"{self.name}/output/{i}", o) for i, o in enumerate(outputs)]
        if all(is_float(output) for output in outputs):
            spec.update(self.gradients(recording, outputs, trainable, frozen))
        if losses:
            spec["losses"] = [float(f"{float(loss):.8g}") for loss in losses]
            both = jax.grad(lambda t: sum(self.run(self.inputs, t, frozen)[2]))(trainable)
            spec["loss_gradients"] = [
                store(f"{self.name}/loss_gradient/{i}", g) for i, g in enumerate(both)
            ]
        own = [
            (variable, value)
            for variable, value in zip(layer.non_trainable_variables, updates, strict=True)
            if any(variable is weight for weight in layer.weights)
        ]
        if own:
            spec["updated"] = [store(f"{self.name}/updated/{i}", u[1]) for i, u in enumerate(own)]
        constrained = [v for v in layer.trainable_variables if v.constraint is not None]
        if constrained:
            spec["constrained"] = [
                [v.path, store(f"{self.name}/constrained/{i}", v.constraint(v.value))]
                for i, v in enumerate(constrained)
            ]
        return spec

    def gradients(self, recording, outputs, trainable, frozen) -> dict:
        """Store the cotangents and the gradients with respect to inputs and weights."""
        store, name = recording.array, self.name
        cotangents = [normal(f"cotangent {o.shape} {i}", o.shape) for i, o in enumerate(outputs)]
        wanted = [is_float(value) for value in self.inputs]

        def total(floats, trainable):
            floats = iter(floats)
            inputs = [
                next(floats) if want else value
                for want, value in zip(wanted, self.inputs, strict=True)
            ]
            outputs, _, _ = self.run(inputs, trainable, frozen)
            pairs = zip(outputs, cotangents, strict=True)
            return sum(jnp.sum(output * cotangent) for output, cotangent in pairs)

        floats = [value for want, value in zip(wanted, self.inputs, strict=True) if want]
        by_input, by_weight = jax.grad(total, argnums=(0, 1))(floats, trainable)
        by_input = iter(by_input)
        return {
            "cotangents": [store(f"{name}/cotangent/{i}", c) for i, c in enumerate(cotangents)],
            "input_gradients": [
                store(f"{name}/input_gradient/{i}", next(by_input)) if want else None
                for i, want in enumerate(wanted)
            ],
            "weight_gradients": [
                store(f"{name}/weight_gradient/{i}", g) for i, g in enumerate(by_weight)
            ],
        }


def record_layer(
    recording: Recording,
    name: str,
    layer: str,
    config: dict,
    *inputs,
    as_list: bool = False,
    call: dict | None = None,
    call_arrays: dict | None = None,
    weights: list | None = None,
    mask_of: bool = False,
) -> dict:
    """Add a case; return its spec."""
    call, call_arrays = call or {}, call_arrays or {}
    case = LayerCase(name, layer, config, inputs, as_list, call, call_arrays, weights)
    spec = {"layer": layer, "config": jsonable(config)}
    spec["inputs"] = [recording.array(f"{name}/input/{i}", x) for i, x in enumerate(case.inputs)]
    spec.update({key: value for key, value in (("as_list", as_list), ("call", call)) if value})
    if call_arrays:
        spec["call_arrays"] = {
            key: [recording.array(f"{name}/{key}/{i}", v) for i, v in enumerate(value)]
            if isinstance(value, list)
            else recording.array(f"{name}/{key}", value)
            for key, value in call_arrays.items()
        }
    spec.update(case.measure(recording))
    if mask_of:
        mask = case.layer.compute_mask(case.inputs if as_list else case.inputs[0], None)
        spec["output_mask"] = recording.array(f"{name}/output_mask", mask)
    recording.case(name=name, **spec)
    return spec
