"""What all optimizers share: learning rate, options, slots, checks."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import ops
from geartrain.graph.node import placeholder
from geartrain.optimizers import (
    SGD,
    Adafactor,
    Adam,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Nadam,
    Optimizer,
    get,
    schedules,
)  # fmt: skip
from geartrain.runtime.function import Program, trace
from geartrain.runtime.staging import Staging
from geartrain.runtime.variable import Variable


def weight(*values, name="w"):
    return Variable(np.float32(values), name=name)


# -- learning rate --------------------------------------------------------------------------------


def test_a_running_program_sees_a_new_learning_rate():
    optimizer, w = SGD(0.5), weight(1.0)
    optimizer.build([w])
    gradient = placeholder((1,), "float32")
    _, scope = trace(lambda: optimizer.apply([gradient]))
    program = Program([gradient], [], scope.updates)
    program.run(np.float32([1.0]))
    assert w.numpy() == [0.5]
    optimizer.learning_rate = 0.25
    program.run(np.float32([1.0]))
    assert w.numpy() == [0.25]


def test_a_schedule_follows_the_counter_in_a_program():
    schedule = schedules.PiecewiseConstantDecay([0, 1], [1.0, 0.5, 0.25])
    optimizer, w = SGD(schedule), weight(0.0)
    optimizer.build([w])
    gradient = placeholder((1,), "float32")
    _, scope = trace(lambda: optimizer.apply([gradient]))
    program = Program([gradient], [], scope.updates)
    seen = []
    for _ in range(3):
        program.run(np.float32([-1.0]))
        seen.append(float(w.numpy()[0]))
    assert seen == [1.0, 1.5, 1.75]
    assert int(optimizer.iterations) == 3
    assert float(optimizer.learning_rate) == 0.25


def test_the_rate_is_a_variable_and_may_become_a_schedule():
    optimizer = SGD(np.float64(0.5))
    assert optimizer.learning_rate.name == "learning_rate"
    assert optimizer.learning_rate.dtype == "float32"
    assert [variable.name for variable in optimizer.variables] == ["iteration", "learning_rate"]
    optimizer.learning_rate = schedules.ExponentialDecay(0.5, 10, 0.5)
    assert [variable.name for variable in optimizer.variables] == ["iteration"]
    with pytest.raises(TypeError, match=r"so a number cannot be set. Received: 0.1"):
        optimizer.learning_rate = 0.1


def test_a_function_gives_the_rate_at_each_step():
    rates = iter([1.0, 0.25])
    optimizer, w = SGD(lambda: next(rates)), weight(0.0)
    optimizer.apply([[-1.0]], [w])
    optimizer.apply([[-1.0]], [w])
    assert w.numpy() == [1.25]


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        ("fast", "Received: 'fast'"),
        (None, "Received: None"),
        (True, "Received: True"),
        (np.zeros(3), r"Received: shape \(3,\)"),
        (schedules.CosineDecay, r"Received: the class CosineDecay. Call it .*: CosineDecay\(...\)"),
    ],
)
def test_what_is_no_learning_rate_is_refused(rate, message):
    with pytest.raises(TypeError, match=f"SGD '.*': expected learning_rate to be .*{message}"):
        SGD(rate)


# -- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clipnorm": 1.0, "clipvalue": 0.5}, "Received: clipnorm=1.0, clipvalue=0.5"),
        ({"clipnorm": -1.0}, "clipnorm to be a number of at least 0. Received: -1.0"),
        ({"use_ema": True, "ema_momentum": 1.5}, r"ema_momentum .* in \[0, 1\]. Received: 1.5"),
        ({"ema_overwrite_frequency": 0}, "ema_overwrite_frequency .* at least 1, or None"),
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps .* at least 2"),
        ({"gradient_accumulation_steps": 2.0}, "Received: 2.0"),
        ({"momentum": 1.5}, r"momentum to be a number in \[0, 1\]. Received: 1.5"),
        ({"momentum": "high"}, "Received: 'high'"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SGD(**options)


def test_options_of_single_optimizers_out_of_range_are_refused():
    with pytest.raises(ValueError, match="AdamW: expected weight_decay to be a number"):
        AdamW(weight_decay=None)
    with pytest.raises(ValueError, match=r"beta_1 in \(0, 1\]. Received: 0.0"):
        Lion(beta_1=0.0)
    with pytest.raises(ValueError, match=r"learning_rate_power .* in \[-inf, 0\]. Received: 0.5"):
        Ftrl(learning_rate_power=0.5)
    with pytest.raises(ValueError, match=r"l1_regularization_strength .* at least 0"):
        Ftrl(l1_regularization_strength=-1.0)


def test_accumulated_gradients_change_weights_only_when_complete():
    optimizer, w = SGD(1.0, gradient_accumulation_steps=3), weight(0.0)
    seen, counts = [], []
    for gradient in (1.0, 2.0, 6.0, -3.0, -3.0, -3.0):
        optimizer.apply([[gradient]], [w])
        seen.append(float(w.numpy()[0]))
        counts.append(int(optimizer.iterations))
    assert seen == [0.0, 0.0, -3.0, -3.0, -3.0, 0.0]
    assert counts == [0, 0, 1, 1, 1, 2]


def test_an_overflow_while_accumulating_does_not_reach_the_weights_early():
    optimizer, w = Adam(gradient_accumulation_steps=2), weight(1.0)
    optimizer.apply([[np.float32("nan")]], [w])
    assert w.numpy() == [1.0]
    assert np.isfinite(optimizer.slots_of(w)["momentum"].numpy()).all()


def test_constraints_come_after_the_update():
    w = weight(0.5)
    w.constraint = lambda value: ops.maximum(value, 0.0)
    SGD(1.0).apply([[2.0]], [w])
    assert w.numpy() == [0.0]


def test_weight_decay_leaves_out_variables_and_names():
    variables = [weight(1.0, name=name) for name in ("kernel", "bias", "scale")]
    optimizer = SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[variables[2]], var_names=["bias"])
    optimizer.apply([[0.0]] * 3, variables)
    assert [float(v.numpy()[0]) for v in variables] == [0.5, 1.0, 1.0]
    with pytest.raises(ValueError, match="exclude_from_weight_decay before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_global_clipping_shows_infinite_gradients():
    variables = [weight(1.0), weight(1.0)]
    SGD(global_clipnorm=1.0).apply([[np.float32("inf")], [1.0]], variables)
    assert np.isnan([v.numpy() for v in variables]).all()


def test_scale_loss():
    assert SGD().scale_loss(3.0) == 3.0
    assert SGD(loss_scale_factor=8.0).scale_loss(3.0) == 24.0


def test_averages_replace_the_weights_at_the_end():
    optimizer, w = SGD(1.0, use_ema=True, ema_momentum=0.5), weight(0.0)
    optimizer.finalize_variable_values([w])  # not built: nothing to put in place
    for _ in range(2):
        optimizer.apply([[-2.0]], [w])
    assert w.numpy() == [4.0]
    optimizer.finalize_variable_values([w])
    assert w.numpy() == [3.0]
    with pytest.raises(ValueError, match="expected variables that it was built with"):
        optimizer.finalize_variable_values([weight(1.0)])


# -- corners of single optimizers -----------------------------------------------------------------


def test_lamb_leaves_the_step_alone_where_a_norm_is_zero():
    zero, still = weight(0.0), weight(2.0, name="still")
    Lamb(0.1).apply([[0.5], [0.0]], [zero, still])
    np.testing.assert_allclose(zero.numpy(), [-0.1], rtol=1e-5)
    assert still.numpy() == [2.0]


def test_adafactor_takes_small_variables_for_epsilon_and_clips_large_changes():
    small = weight(1e-6)
    Adafactor(0.1, epsilon_2=0.01).apply([[0.5]], [small])
    np.testing.assert_allclose(small.numpy(), [1e-6 - 0.01 * 0.1], rtol=1e-5)
    clipped = weight(1.0)
    Adafactor(0.1, clip_threshold=0.5).apply([[0.5]], [clipped])
    np.testing.assert_allclose(clipped.numpy(), [1.0 - 0.5 * 0.1], rtol=1e-5)


# -- what does not fit ----------------------------------------------------------------------------


def test_gradients_and_variables_must_fit():
    w, other = weight(1.0), weight(1.0, name="other")
    with pytest.raises(ValueError, match="Received: trainable_variables=None"):
        SGD().apply([[1.0]])
    with pytest.raises(ValueError, match=r"each of 1 variables. Received: 2 gradients"):
        SGD().apply([[1.0], [1.0]], [w])
    with pytest.raises(TypeError, match=r"expected variables to update. Received: shape"):
        SGD().apply([[1.0]], [np.ones(1)])
    with pytest.raises(ValueError, match=r"each variable once. Received again: w"):
        SGD().apply([[1.0], [1.0]], [w, w])
    optimizer = SGD()
    optimizer.build([w])
    with pytest.raises(ValueError, match=r"that it was built with. Received: <Variable path=other"):
        optimizer.apply([[1.0]], [other])
    with pytest.raises(TypeError, match="Call apply inside the function that is traced"):
        optimizer.apply([placeholder((1,), "float32")])
    assert int(optimizer.iterations) == 0


def test_no_gradients_at_all_are_no_step():
    optimizer = SGD()
    optimizer.apply([], [])
    assert int(optimizer.apply_gradients([])) == 0


def test_a_second_build_has_no_effect():
    optimizer = Nadam()
    optimizer.build([weight(1.0)])
    before = optimizer.variables
    optimizer.build([weight(2.0)])
    assert optimizer.variables == before


def test_building_inside_a_trace_starts_slots_from_numbers():
    optimizer, w = Adam(), weight(1.0)
    gradient = placeholder((1,), "float32")
    _, scope = trace(lambda: optimizer.apply([gradient], [w]))
    Program([gradient], [], scope.updates).run(np.float32([1.0]))
    np.testing.assert_allclose(w.numpy(), [0.999], rtol=1e-6)


# -- state ----------------------------------------------------------------------------------------


def test_weights_are_set_all_or_none():
    optimizer, w = SGD(momentum=0.5), weight(1.0, 2.0)
    optimizer.build([w])
    optimizer.set_weights([3, 0.25, [5.0, 6.0]])
    assert int(optimizer.iterations) == 3
    assert float(optimizer.learning_rate) == 0.25
    with pytest.raises(ValueError, match=r"expected 3 weights. Received: 2"):
        optimizer.set_weights([4, 0.5])
    with pytest.raises(ValueError, match=r"weights of shape \(2,\) .* Received: shape \(3,\)"):
        optimizer.set_weights([4, 0.5, [1.0, 2.0, 3.0]])
    assert int(optimizer.iterations) == 3


def test_a_file_with_another_number_of_variables_is_skipped_with_a_warning():
    optimizer = SGD(momentum=0.5)
    with pytest.warns(UserWarning, match="has 2 variables and the file has 1.*build it first"):
        optimizer.load_own_variables({"0": np.int32(4)})
    assert int(optimizer.iterations) == 0


def test_stateless_apply_checks_its_values():
    optimizer, w = SGD(), weight(1.0)
    with pytest.raises(ValueError, match=r"expected 0 trainable_variables. Received: 1. Build it"):
        optimizer.stateless_apply([0, 0.1], [[1.0]], [[1.0]])
    optimizer.build([w])
    with pytest.raises(ValueError, match=r"expected 2 optimizer_variables. Received: 1"):
        optimizer.stateless_apply([0], [[1.0]], [[1.0]])


# -- optimizers of one's own ----------------------------------------------------------------------


class KerasStyle(Optimizer):
    """Momentum, written as Keras's own documentation does it."""

    def __init__(self, learning_rate=0.5, momentum=0.5, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums, self.counts = self.add_optimizer_variables(
            variables, ["momentum", "count"], initializer=["zeros", "ones"]
        )

    def update_step(self, gradient, variable, learning_rate):
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, ops.subtract(m * self.momentum, ops.multiply(gradient, learning_rate)))
        self.assign_add(self.counts[self._get_variable_index(variable)], 1.0)
        self.assign_add(variable, m)


def test_an_optimizer_in_the_style_of_keras():
    optimizer, w = KerasStyle(clipnorm=1.0), weight(1.0)
    optimizer.apply([[10.0]], [w])
    optimizer.apply([[0.0]], [w])
    assert w.numpy() == [0.25]
    names = [variable.name for variable in optimizer.variables]
    assert names == ["iteration", "learning_rate", "w_momentum", "w_count"]
    assert optimizer.get_config()["momentum"] == 0.5
    assert KerasStyle.from_config(optimizer.get_config()).clipnorm == 1.0


def test_names_need_initializers_in_the_same_number():
    with pytest.raises(ValueError, match="an initializer for each of the names"):
        SGD().add_optimizer_variables([weight(1.0)], ["a", "b", "c"], ["zeros", "ones"])


def test_the_base_class_updates_nothing():
    with pytest.raises(NotImplementedError, match="Optimizer: an optimizer must override update"):
        Optimizer(0.1).apply([[1.0]], [weight(1.0)])


def test_a_forgotten_super_init_is_told():
    class Forgetful(Optimizer):
        def __init__(self):
            self.speed = 1

    with pytest.raises(RuntimeError, match=r"Forgetful: call super\(\).__init__\(learning_rate"):
        Forgetful().apply([[1.0]], [weight(1.0)])


def test_config_holds_only_what_the_signature_takes():
    class Plain(Optimizer):
        def __init__(self, learning_rate=0.1):
            super().__init__(learning_rate)

    config = Plain(0.5).get_config()
    assert config == {"learning_rate": 0.5}
    assert float(Plain.from_config(config).learning_rate) == 0.5


# -- names ----------------------------------------------------------------------------------------


def test_get():
    assert get(None) is None
    with pytest.raises(ValueError, match=r"Unknown optimizer: 'rmspropp'. Did you mean 'RMSprop'"):
        get("rmspropp")
    with pytest.raises(ValueError, match=r"Expected an optimizer.*Received: 3"):
        get(3)
    with pytest.raises(ValueError, match=r"'os.system' is none of Keras's layers"):
        get({"module": "os", "class_name": "system", "config": {}})
    with pytest.raises(ValueError, match=r"expected one of keras.optimizers. Received: 'Dense'"):
        get({"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}})


def test_names_are_numbered():
    from geartrain.registry import reset_names

    reset_names()
    assert [SGD().name, SGD().name, Adam().name] == ["sgd", "sgd_1", "adam"]


# -- staging --------------------------------------------------------------------------------------


def test_swapped_variables_keep_their_values():
    a, b = weight(1.0, name="a"), weight(2.0, name="b")
    with Staging() as staged:
        first = a.__tensor__()
        a.assign(b)
        b.assign(first)
    assert (a.numpy(), b.numpy()) == ([1.0], [2.0])
    staged.commit()
    assert (a.numpy(), b.numpy()) == ([2.0], [1.0])


def test_values_read_in_a_staging_cannot_be_written():
    a = weight(1.0)
    with Staging() as staged, pytest.raises(ValueError, match="read-only"):
        staged.read(a)[0] = 5.0


@pytest.mark.parametrize("eagerly", [True, False])
def test_slots_made_in_a_build_of_yours_are_made_once(eagerly):
    class Heavy(Optimizer):
        def build(self, variables):
            super().build(variables)
            self.kept = [
                self.add_variable_from_reference(variable, name="kept", initializer="ones")
                for variable in variables
            ]

        def update_step(self, gradient, variable, learning_rate):
            kept = self.kept[0]
            self.assign(kept, 0.5 * kept + gradient)
            self.assign_sub(variable, learning_rate * kept)

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(Heavy(0.1), lambda y, y_pred: y_pred, run_eagerly=eagerly)
    model.set_weights([np.zeros((1, 1), "float32")])
    model.fit(np.ones((3, 1)), np.ones((3, 1)), batch_size=1, verbose=0)  # the gradient is 1
    np.testing.assert_allclose(model.get_weights()[0], [[-0.1 * (1.5 + 1.75 + 1.875)]], rtol=1e-6)
    assert len(model.optimizer.variables) == 3  # the count of steps, the rate, what is kept
