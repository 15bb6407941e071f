"""What every registered optimizer must do."""

import numpy as np
import pytest

from geartrain import ops, optimizers
from geartrain.graph.node import placeholder
from geartrain.registry import members
from geartrain.runtime.function import Program, grad, trace
from geartrain.runtime.variable import Variable

CLASSES = members("optimizers")
# What takes steps by others: see test_loss_scale.py and test_multi_optimizer.py.
WRAPPERS = {n: CLASSES.pop(n) for n in ("LossScaleOptimizer", "MultiOptimizer", "OptimizerMap")}
SHAPES = [(), (3,), (2, 3), (2, 2, 3)]
OPTIONS = {
    "plain": {},
    "weight_decay": {"weight_decay": 0.1},
    "clipnorm": {"clipnorm": 0.5},
    "clipvalue": {"clipvalue": 0.1},
    "global_clipnorm": {"global_clipnorm": 0.5},
    "ema": {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
    "loss_scale": {"loss_scale_factor": 8.0},
    "accumulation": {"gradient_accumulation_steps": 2},
    "schedule": {"learning_rate": optimizers.schedules.CosineDecay(0.1, 10)},
    "function": {"learning_rate": lambda: 0.1},
}
every = pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)


def variables_of(dtype="float32"):
    random = np.random.default_rng(0)
    return [
        Variable(random.normal(size=shape), dtype=dtype, name=f"w{len(shape)}") for shape in SHAPES
    ]


def gradients_of(step, dtype="float32"):
    random = np.random.default_rng(step + 1)
    return [np.asarray(random.normal(size=shape), dtype) for shape in SHAPES]


def test_all_public_optimizers_are_registered():
    public = {
        name for name in optimizers.__all__ if isinstance(getattr(optimizers, name), type)
    } - {"Optimizer"}
    assert public == {*CLASSES, *WRAPPERS}


@every
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_program_computes_the_same_as_arrays(cls, options):
    eager, eagerly = cls(**options), variables_of()
    eager.build(eagerly)
    traced, in_program = cls(**options), variables_of()
    traced.build(in_program)
    symbols = [placeholder(shape, "float32") for shape in SHAPES]
    _, scope = trace(lambda: traced.apply(symbols))
    program = Program(symbols, [], scope.updates)
    for step in range(5):
        eager.apply(gradients_of(step))
        program.run(*gradients_of(step))
    pairs = zip(eagerly + eager.variables, in_program + traced.variables, strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-6, atol=1e-7)
    assert all(np.isfinite(variable.numpy()).all() for variable in eagerly)


@every
def test_it_comes_closer_to_the_minimum(cls):
    # Adadelta's steps start tiny, whatever the rate: that is its method.
    optimizer = cls(learning_rate=100.0 if cls is optimizers.Adadelta else 0.05)
    w = Variable([[3.0, -2.0], [1.0, 5.0]], name="w")
    target = np.float32([[1.0, 1.0], [1.0, 1.0]])
    slope = grad(lambda value: ops.sum(ops.square(value - target)))
    distances = [np.abs(w.numpy() - target).sum()]
    for _ in range(100):
        optimizer.apply([slope(w)], [w])
        distances.append(np.abs(w.numpy() - target).sum())
    assert distances[-1] < 0.8 * distances[0]


@every
def test_the_dtype_of_variables_stays(cls):
    for dtype in ("float16", "float64"):
        optimizer, variables = cls(), variables_of(dtype)
        optimizer.apply(gradients_of(0, dtype), variables)
        assert {variable.dtype for variable in variables} == {dtype}
        slots = [slot for slot in optimizer.variables[2:] if slot.dtype != "int32"]
        assert {slot.dtype for slot in slots} <= {dtype}


@every
def test_a_step_that_fails_changes_nothing(cls):
    optimizer, variables = cls(use_ema=True), variables_of()
    optimizer.apply(gradients_of(0), variables)
    before = [v.numpy() for v in variables + optimizer.variables]
    wrong = gradients_of(1)
    wrong[-1] = np.zeros((7,), "float32")
    with pytest.raises(ValueError, match=r"gradient of shape \(2, 2, 3\) for variable 'w3'"):
        optimizer.apply(wrong, variables)
    with pytest.raises(ValueError, match="None for every variable"):
        optimizer.apply([None] * len(variables), variables)

    def broken(weights):
        raise ArithmeticError("the constraint broke")

    variables[-1].constraint = broken  # after all updates are computed
    with pytest.raises(ArithmeticError):
        optimizer.apply(gradients_of(1), variables)
    for variable, value in zip(variables + optimizer.variables, before, strict=True):
        assert variable.numpy().tobytes() == value.tobytes()


@every
def test_a_variable_without_gradient_stays(cls):
    optimizer, variables = cls(), variables_of()
    untouched = variables[1].numpy()
    grads = gradients_of(0)
    grads[1] = None
    with pytest.warns(UserWarning, match="no gradients for w1, which stay as they are"):
        optimizer.apply(grads, variables)
    assert variables[1].numpy().tobytes() == untouched.tobytes()
    assert variables[2].numpy().tobytes() != variables_of()[2].numpy().tobytes()


@every
def test_config_and_names(cls):
    optimizer = cls(learning_rate=0.25, clipnorm=1.0, name="mine")
    config = optimizer.get_config()
    assert config["learning_rate"] == 0.25
    assert config["clipnorm"] == 1.0
    again = cls.from_config(config)
    assert again.get_config() == config
    for name in (cls.__name__, cls.__name__.lower(), cls.__name__.upper()):
        assert type(optimizers.get(name)) is cls
    assert type(optimizers.get(cls)) is cls
    assert optimizers.get(optimizer) is optimizer
    assert optimizers.get(optimizers.serialize(optimizer)).name == "mine"


@every
def test_misspelled_keywords_are_refused(cls):
    with pytest.raises(TypeError, match="Did you mean 'clipnorm'"):
        cls(clip_norm=1.0)


@every
def test_stateless_apply_leaves_the_variables_alone(cls):
    optimizer, variables = cls(), variables_of()
    optimizer.build(variables)
    own = [variable.numpy() for variable in optimizer.variables]
    trained = [variable.numpy() for variable in variables]
    new_trained, new_own = optimizer.stateless_apply(own, gradients_of(0), trained)
    for variable, value in zip(optimizer.variables + variables, own + trained, strict=True):
        assert variable.numpy().tobytes() == value.tobytes()
    optimizer.apply(gradients_of(0), variables)
    for variable, value in zip(optimizer.variables + variables, new_own + new_trained, strict=True):
        assert variable.numpy().tobytes() == np.asarray(value).tobytes()
