"""What the views of the page are told, by way of the server."""

from __future__ import annotations

import base64
import io
import json
import time

import numpy as np
import pytest

from geartrain import models
from geartrain.page.views import VIEWS
from geartrain.page.views.draw import as_mnist, resized
from tests.page.pages import CLASSES, samples, served, workshop


@pytest.fixture(scope="module")
def shop():
    return workshop()


@pytest.fixture(scope="module")
def ask(shop):
    with served(shop) as asker:
        yield asker


def until(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it does not happen")


def pixels(sprite):
    shape = [sprite[name] for name in ("count", "height", "width", "channels")]
    return np.frombuffer(base64.b64decode(sprite["pixels"]), "uint8").reshape(shape)


def test_data_are_described(ask, shop):
    found = ask.json("/api/data/describe")
    assert found["shape"] == [200, 8, 8]
    assert found["axes"] == ["samples", "height", "width"]
    assert found["counts"] == np.bincount(shop.train.y).tolist()
    assert "200 samples" in found["text"]


def test_samples_of_one_class_are_shown(ask, shop):
    found = ask.json("/api/data/grid?label=2&count=5&start=1")
    of_class = np.flatnonzero(shop.train.y == 2)
    assert found["of"] == len(of_class)
    assert found["numbers"] == of_class[1:6].tolist()
    assert found["labels"] == ["two"] * 5
    shown = shop.train.x[of_class[1:6]]
    expected = np.rint(255 * (shown - shown.min()) / (shown.max() - shown.min()))
    assert np.abs(pixels(found["pictures"])[..., 0] - expected).max() <= 1


def test_slices_are_numpy_slices(ask, shop):
    found = ask.json("/api/data/slice?cut=10:40,2:-2,:4")
    assert found["code"] == "x[10:40, 2:-2, :4]"
    assert found["shape"] == list(shop.train.x[10:40, 2:-2, :4].shape)


def test_batches_are_cut_in_order(ask):
    found = ask.json("/api/data/batch?number=6&size=32")
    assert (found["shape"], found["batches"]) == ([8, 8, 8], 7)


def test_the_network_is_told_with_the_code_that_makes_it(ask, shop):
    found = ask.json("/api/network/describe")
    assert [layer["kind"] for layer in found["layers"]] == ["Flatten", "Dense", "Dense"]
    assert found["layers"][1]["output"] == [None, 12]
    assert found["layers"][1]["numbers"] == 64 * 12 + 12
    scope = dict(zip(("x_train", "y_train"), (shop.train.x, shop.train.y), strict=True))
    scope |= {"x_test": shop.test.x, "y_test": shop.test.y}
    code = found["code"].replace(
        "import keras\nfrom keras", "import geartrain as keras\nfrom geartrain"
    )
    exec(code.replace("epochs=2", "epochs=1, verbose=0"), scope)
    assert [type(layer).__name__ for layer in scope["network"].layers] == [
        "Flatten",
        "Dense",
        "Dense",
    ]


def test_the_code_trains_to_the_same_bits():
    shop = workshop()
    shop.steer("reset")
    shop.steer("run")
    shop._thread.join()
    scope = {
        "x_train": shop.train.x,
        "y_train": shop.train.y,
        "x_test": shop.test.x,
        "y_test": shop.test.y,
    }
    exec(
        shop.code().replace(
            "import keras\nfrom keras", "import geartrain as keras\nfrom geartrain"
        ),
        scope,
    )
    for ours, theirs in zip(shop.model.get_weights(), scope["network"].get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_training_is_held_after_a_step_and_goes_on():
    shop = workshop()
    with served(shop) as ask:
        ask.json("/api/train/steer", {"to": "step"})
        until(lambda: shop.control.mode == "pause" and shop.runs and shop.runs[0].points)
        assert [point[0] for point in shop.runs[0].points] == [1]
        before = [weight.copy() for weight in shop.model.get_weights()]
        time.sleep(0.2)
        assert all(map(np.array_equal, before, shop.model.get_weights()))
        ask.json("/api/train/steer", {"to": "step"})
        until(lambda: len(shop.runs[0].points) == 2 and shop.control.mode == "pause")
        assert not all(map(np.array_equal, before, shop.model.get_weights()))
        ask.json("/api/train/steer", {"to": "epoch"})
        until(lambda: shop.control.mode == "pause")
        assert [epoch[0] for epoch in shop.runs[0].epochs] == [13]
        assert "val_loss" in shop.runs[0].epochs[0][2]
        ask.json("/api/train/steer", {"to": "run"})
        until(lambda: not shop.control.training)
        assert len(shop.runs[0].epochs) == 2
        status = ask.json("/api/train/status")
        assert status["mode"] == "pause"
        assert status["runs"][0]["epochs"][1][1] == 1


def test_looks_into_the_layers_agree_with_numpy(ask, shop):
    ask.json("/api/train/layers")
    shop.model.layers[1].bias.assign(shop.model.layers[1].bias - 100)  # all units die
    shop.version += 1
    found = ask.json("/api/train/layers")
    dense = found["layers"][1]
    assert (dense["units"], dense["dead"]) == (12, 12)
    kernel = np.asarray(shop.model.layers[1].kernel.value)
    assert dense["weights"][0]["weights"]["norm"] == pytest.approx(np.linalg.norm(kernel), rel=1e-5)
    assert dense["weights"][0]["gradients"]["norm"] == 0  # nothing comes through dead units
    assert dense["weights"][1]["updates"]["mean"] == pytest.approx(-100, rel=1e-5)
    shop.model.layers[1].bias.assign(shop.model.layers[1].bias + 100)
    shop.version += 1


def test_gradients_are_slopes_of_the_loss(shop):
    from geartrain.page.probe import Probe

    probe = Probe(shop.model)
    x, y = shop.train.x[:32], shop.targets(shop.train)[:32]
    bias = shop.model.layers[2].bias
    slopes = probe.gradients(x, y)[3]
    start, step = np.array(bias.value), 1e-2
    for unit in range(3):
        losses = []
        for sign in (-1, 1):
            bias.assign(start + sign * step * np.eye(3, dtype="float32")[unit])
            losses.append(probe.losses(x, y).mean())
        assert (losses[1] - losses[0]) / (2 * step) == pytest.approx(slopes[unit], abs=1e-3)
    bias.assign(start)


def test_confusions_are_counted(ask, shop):
    found = ask.json("/api/train/confusion")
    said = shop.model.predict(shop.test.x, verbose=0).argmax(-1)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (shop.test.y, said), 1)
    assert found["counts"] == expected.tolist()
    right, taken = np.argwhere(expected > 0)[0]
    those = ask.json(f"/api/train/confused?right={right}&said={taken}")
    assert those["numbers"] == np.flatnonzero((shop.test.y == right) & (said == taken)).tolist()


def test_the_hardest_samples_have_the_greatest_losses(ask, shop):
    found = ask.json("/api/train/hardest")
    scores = shop.model.predict(shop.train.x, verbose=0)
    losses = -np.log(scores[np.arange(200), shop.train.y])
    np.testing.assert_allclose(found["losses"], np.sort(losses)[::-1][:32], rtol=1e-4)


def test_filters_are_the_kernels_columns(ask, shop):
    with pytest.raises(AssertionError, match="expected a layer whose kernel looks at pixels"):
        ask.json("/api/train/filters?layer=dense_99")


def test_a_drawing_is_answered_by_the_network(ask, shop):
    ink = np.zeros((40, 40), "uint8")
    ink[:, :10] = 255
    body = {"pixels": base64.b64encode(ink.tobytes()).decode(), "side": 40}
    found = ask.json("/api/draw/digit", body)
    picture = resized(ink / 255, (8, 8)).astype("float32")
    np.testing.assert_allclose(
        found["scores"], shop.model.predict(picture[None], verbose=0)[0], rtol=1e-4, atol=1e-6
    )
    assert found["classes"] == list(CLASSES)
    distances = ((shop.train.x - picture) ** 2).sum(axis=(1, 2))
    assert found["numbers"] == np.argsort(distances)[:8].tolist()


def test_a_digit_is_centred_as_mnist_does():
    ink = np.zeros((112, 112))
    ink[5:45, 60:70] = 1
    digit = as_mnist(ink)
    rows, _ = np.nonzero(digit > 0.5)
    assert rows.max() - rows.min() + 1 == 20
    assert abs((digit.sum(1) * np.arange(28)).sum() / digit.sum() - 13.5) <= 0.5
    assert abs((digit.sum(0) * np.arange(28)).sum() / digit.sum() - 13.5) <= 0.5
    assert digit.sum() / 5 == pytest.approx(20, rel=0.01)


def test_another_network_can_be_made_and_one_that_does_not_fit_leaves_the_old():
    shop = workshop()
    with served(shop) as ask:
        wanted = [{"kept": 0}, {"kind": "Dense", "units": 5, "activation": "tanh"}, {"kept": 2}]
        found = ask.json(
            "/api/network/change", {"layers": wanted, "settings": {"optimizer": "Adam"}}
        )
        assert [layer["output"] for layer in found["layers"]] == [[None, 64], [None, 5], [None, 3]]
        assert "optimizers.Adam" in found["code"]
        model = shop.model
        for bad, said in (
            (
                {"layers": [{"kept": 0}, {"kind": "Dense", "units": 4}]},
                "expected the last layer to give 3",
            ),
            ({"layers": [{"kind": "Lambda"}]}, "layer of the page"),
            (
                {"layers": [{"kind": "Dense", "units": 10**9}, {"kept": 2}]},
                "expected units from 1 to",
            ),
            ({"layers": []}, "expected 1 to"),
            ({"settings": {"learning_rate": 0}}, "expected a learning rate"),
            ({"settings": {"loss": "nothing"}}, "loss"),
        ):
            answer, text = ask("/api/network/change", bad)
            assert answer.status == 422
            assert said in json.loads(text)["error"]
        assert shop.model is model


def test_a_saved_model_is_looked_at_alike(tmp_path):
    shop = workshop()
    shop.model.save(tmp_path / "m.keras")
    again = workshop()
    again.model = models.load_model(tmp_path / "m.keras")
    with served(again) as ask:
        assert ask.json("/api/train/confusion")["samples"] == 60
        assert [layer["name"] for layer in ask.json("/api/train/layers")["layers"]] == [
            layer.name for layer in shop.layers()
        ]


def test_files_are_taken_in_place_of_the_data():
    from geartrain.commands.learn import read

    shop = workshop()
    shop._read = read
    content = io.BytesIO()
    made = samples(50, 3)
    np.savez(content, x=made.x, y=made.y)
    table = "a,b,species\n" + "\n".join(f"{k},{k % 7},{'xyz'[k % 3]}" for k in range(60))
    numbers = "a,b,price\n" + "\n".join(f"{k},{k % 7},{k / 3}" for k in range(60))
    with served(shop) as ask:
        found = ask.json("/api/data/upload?name=mine.npz", content.getvalue())
        assert (found["shape"], found["source"]) == ([40, 8, 8], "mine.npz")
        found = ask.json("/api/data/upload?name=flowers.csv", table.encode())
        assert (found["shape"], found["classes"]) == ([48, 2], ["x", "y", "z"])
        assert ask.json("/api/network/describe")["layers"][-1]["output"] == [None, 3]
        found = ask.json("/api/data/upload?name=houses.csv", numbers.encode())
        assert found["classes"] == []
        assert ask.json("/api/network/describe")["settings"]["loss"] == "mse"
        shop.steer("epoch")
        until(lambda: shop.control.mode == "pause" and not shop.control.tell("x", 0))
        for name in ("mine.exe", "mine.pkl"):
            answer, text = ask(f"/api/data/upload?name={name}", b"x")
            assert answer.status == 422
            assert "expected a file .csv" in json.loads(text)["error"]


def test_points_in_the_plane_are_learned(ask):
    start = ask.json("/api/geometry/start", {"points": "rings", "widths": [6, 6], "rate": 0.03})
    assert len(start["x"]) == len(start["y"]) == 300
    end = ask.json("/api/geometry/train", {"epochs": 60})
    assert end["epochs"] == 60
    assert end["accuracy"] > 0.95
    assert np.shape(end["plane"]) == (48, 48)
    assert [np.shape(layer["kernel"]) for layer in end["layers"]] == [(2, 6), (6, 6), (6, 1)]
    own = [[-1, 0, 0], [-0.9, 0.1, 0], [0.9, 0, 1], [1, 0.2, 1]]
    assert ask.json("/api/geometry/start", {"points": own, "widths": [2]})["x"][0] == [-1, 0]


def test_samples_are_placed_by_their_main_directions(ask, shop):
    found = ask.json("/api/geometry/placed")
    hidden = models.Model(shop.model.inputs, shop.model.layers[1].output).predict(
        shop.test.x, verbose=0
    )
    _, values, directions = np.linalg.svd(hidden - hidden.mean(0), full_matrices=False)
    expected = (hidden - hidden.mean(0)) @ directions[:2].T
    for column in range(2):
        ours = np.array(found["points"])[:, column]
        assert abs(abs(np.corrcoef(ours, expected[:, column])[0, 1]) - 1) < 1e-3
    assert values[0] > 0


def test_descents_are_those_of_the_optimizers(ask):
    found = ask.json("/api/descent/surface?name=valley")
    values, reach = np.array(found["values"]), found["reach"]
    axis = np.linspace(-reach, reach, len(values))
    np.testing.assert_allclose(
        values, 0.05 * axis**2 + 2 * axis[:, None] ** 2, rtol=1e-4, atol=1e-6
    )
    body = {"name": "valley", "start": [1.0, -1.0], "rate": 0.1, "momentum": 0.5, "steps": 20}
    raced = ask.json("/api/descent/race", body)
    point, speed = np.array([1.0, -1.0]), np.zeros(2)
    for step in range(20):
        speed = 0.5 * speed - 0.1 * np.array([0.1, 4.0]) * point
        point = point + speed
        np.testing.assert_allclose(raced["ways"]["momentum"][step + 1], point, atol=1e-4)
    plain = np.array([0.99, 0.6]) ** 20 * [1, -1]
    np.testing.assert_allclose(raced["ways"]["SGD"][-1], plain, atol=1e-4)
    assert raced["losses"]["SGD"] == pytest.approx(
        0.05 * plain[0] ** 2 + 2 * plain[1] ** 2, abs=1e-5
    )


def test_the_networks_landscape_is_its_loss(ask, shop):
    found = ask.json("/api/descent/surface?name=network&weights=0.100,1.5")
    values, reach = np.array(found["values"]), found["reach"]
    kernel, bias = (variable for variable in shop.model.trainable_variables[:2])
    before = np.array(kernel.value), np.array(bias.value)
    moved = before[0].copy()
    moved.reshape(-1)[100] += reach  # the last column
    shifted = before[1].copy()
    shifted[5] -= reach  # the first row
    kernel.assign(moved)
    bias.assign(shifted)
    scores = shop.model.predict(shop.train.x, verbose=0)
    kernel.assign(before[0])
    bias.assign(before[1])
    loss = -np.log(scores[np.arange(200), shop.train.y]).mean()
    assert values[0, -1] == pytest.approx(loss, rel=1e-4)
    raced = ask.json("/api/descent/race", {"name": "network", "steps": 5})
    assert {"SGD", "Adam", "true SGD", "mini-batch SGD"} <= raced["ways"].keys()


def test_gradients_of_the_chain_are_finite_differences(ask):
    found = ask.json("/api/backprop/chain?w1=0.5&w2=-1&w3=0.4&x=0.9&y=-0.2")
    by_name = {node["name"]: node for node in found["nodes"]}
    for name in ("W1", "W2", "W3"):
        assert by_name[name]["gradient"]["number"] == pytest.approx(
            found["differences"][name], rel=1e-3
        )
    f = (0.5 * np.tanh(0.4 * 0.9) + 0.2) ** 2
    assert found["nodes"][-1]["value"]["number"] == pytest.approx(f, rel=1e-5)
    assert found["nodes"][-1]["gradient"]["number"] == 1


def test_the_graph_of_the_own_loss_has_values_and_gradients(ask, shop):
    found = ask.json("/api/backprop/model?sample=3")
    names = [node["name"] for node in found["nodes"]]
    from geartrain.page.probe import Probe

    probe = Probe(shop.model)
    x, y = shop.train.x[3:4], shop.targets(shop.train)[3:4]
    assert found["nodes"][-1]["value"]["number"] == pytest.approx(
        float(probe.losses(x, y)[0]), rel=1e-4
    )
    for leaf, slope in zip(found["leaves"], probe.gradients(x, y), strict=True):
        assert found["nodes"][leaf]["gradient"]["norm"] == pytest.approx(
            np.linalg.norm(slope), rel=1e-4, abs=1e-7
        )
    assert any(name.endswith(".kernel") for name in names)


@pytest.mark.parametrize(
    "stage", ["formula", "naive", "graph", "loops", "llvm", "assembly", "profile"]
)
def test_every_gear_opens_for_a_layer_and_for_the_network(ask, stage):
    for layer in ("", ask.json("/api/network/describe")["layers"][1]["name"]):
        found = ask.json(f"/api/gears/open?stage={stage}&layer={layer}")
        assert found["lines"]
        if stage in ("loops", "llvm", "profile"):
            assert any(kernel == "k0" for _, kernel in found["lines"])
    assert "kernel" in found["formula"]


def test_the_walk_does_the_same_ten_times(ask):
    from geartrain.page.walk import steps

    known = steps()
    assert len(known) == 10
    reference = known[4].run()
    for step in known[3:8]:
        np.testing.assert_allclose(step.run(), reference, rtol=2e-2, atol=2e-2)
    found = ask.json("/api/gears/walk?step=7")
    assert found["name"] == "threads"
    assert found["seconds"] > 0


def test_what_is_not_there_is_named(ask):
    for path in ("/api/data/nothing", "/api/nothing/describe"):
        answer, text = ask(path)
        assert answer.status == 404
        assert b"there is no GET" in text


def test_every_view_is_a_module_of_the_page():
    from geartrain.page.app import STATIC

    main = (STATIC / "main.js").read_text("utf-8")
    for view in VIEWS:
        assert (STATIC / "views" / f"{view}.js").is_file()
        assert f'"{view}"' in main
