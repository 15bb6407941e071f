"""The TensorBoard callback: what it writes, when, and that TensorBoard itself takes it."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from geartrain import Input, Model, Sequential, callbacks, layers, optimizers, summaries

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(10, 6, 6, 1)).astype("float32")
Y = RANDOM.integers(0, 3, 10)


def convnet(**options):
    model = Sequential(
        [Input((6, 6, 1)), layers.Conv2D(4, 3, name="c"), layers.GlobalAveragePooling2D(),
         layers.Dense(3, activation="softmax", name="d")], name="m",
    )  # fmt: skip
    model.compile(
        optimizers.SGD(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"], **options
    )
    return model


def steps_of(folder):
    """The steps of each name."""
    found = {}
    for event in summaries.read(folder):
        found.setdefault(event.tag, []).append(event.step)
    return found


def test_epochs_are_what_the_history_says(tmp_path):
    model = convnet()
    history = model.fit(
        X, Y, epochs=3, batch_size=4, validation_data=(X, Y), verbose=0,
        callbacks=callbacks.TensorBoard(tmp_path),
    ).history  # fmt: skip
    for run, prefix in (("train", ""), ("validation", "val_")):
        events = summaries.read(tmp_path / run)
        for name in ("loss", "accuracy"):
            values = [(one.step, float(one.value)) for one in events if one.tag == f"epoch_{name}"]
            assert values == [
                (epoch, np.float32(value)) for epoch, value in enumerate(history[prefix + name])
            ]
    assert set(steps_of(tmp_path / "train")) == {
        "keras", "epoch_loss", "epoch_accuracy", "epoch_learning_rate",
    }  # fmt: skip
    assert steps_of(tmp_path / "validation")["evaluation_loss_vs_iterations"] == [3, 6, 9]
    rates = [one.value for one in summaries.read(tmp_path / "train") if "rate" in one.tag]
    assert rates == [0.5] * 3
    (model_json,) = [one.value for one in summaries.read(tmp_path / "train") if one.tag == "keras"]
    assert json.loads(model_json.item())["config"]["name"] == "m"


def test_names_and_steps_as_keras_writes_them(tmp_path):
    """Recorded from Keras 3.15.1, which leaves out epochs that end between batches it writes."""
    model = convnet()
    board = callbacks.TensorBoard(
        tmp_path, histogram_freq=2, write_images=True, write_steps_per_second=True, update_freq=3
    )
    model.fit(X, Y, epochs=3, batch_size=2, validation_data=(X, Y), callbacks=board, verbose=0)
    batches, epochs = [3, 6, 9, 12, 15], [0, 1, 2]
    weights = [f"m/{name}/{part}" for name in "cd" for part in ("kernel", "bias")]
    assert steps_of(tmp_path / "train") == {
        "keras": [0],
        **dict.fromkeys(("batch_loss", "batch_accuracy", "batch_steps_per_second"), batches),
        **dict.fromkeys(("epoch_loss", "epoch_accuracy", "epoch_learning_rate"), epochs),
        "epoch_steps_per_second": epochs,
        **{f"{name}/{kind}": [0, 2] for name in weights for kind in ("histogram", "image")},
    }
    assert steps_of(tmp_path / "validation") == {
        **dict.fromkeys(("epoch_loss", "epoch_accuracy"), epochs),
        **{f"evaluation_{name}_vs_iterations": [5, 10, 15] for name in ("loss", "accuracy")},
    }
    events = {one.tag: one for one in summaries.read(tmp_path / "train")}
    kernel = model.get_layer("d").kernel.numpy()
    table = events["m/d/kernel/histogram"].value
    assert table[0, 0] == kernel.min() and table[-1, 1] == kernel.max()
    assert table[:, 2].sum() == kernel.size
    assert len(events["m/c/kernel/image"].value) == 2 + 3  # its size, and three of four pictures


def test_summaries_of_other_callbacks_go_to_the_same_files(tmp_path):
    note = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: summaries.scalar("mine", batch),
        on_test_batch_begin=lambda batch, logs: summaries.scalar("theirs", batch),
    )
    board = callbacks.TensorBoard(tmp_path, update_freq=2, write_graph=False)
    convnet().fit(X, Y, batch_size=2, validation_data=(X, Y), callbacks=[board, note], verbose=0)
    assert steps_of(tmp_path / "train")["mine"] == [2, 4]
    assert steps_of(tmp_path / "validation")["theirs"] == [2, 4]  # 2 comes first in a step of 5
    assert summaries.scalar("later", 1.0) is False


def test_a_second_training_and_one_that_failed(tmp_path):
    def fail(batch, logs):
        raise KeyboardInterrupt

    model, board = convnet(), callbacks.TensorBoard(tmp_path, update_freq=1)
    failing = callbacks.LambdaCallback(on_train_batch_end=fail)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, callbacks=[board, failing], verbose=0)
    for _ in range(2):
        model.fit(X, Y, callbacks=board, verbose=0)
    assert summaries.should_record_summaries() is False
    assert len(list((tmp_path / "train").iterdir())) == 3
    assert steps_of(tmp_path / "train")["epoch_loss"] == [0, 0]
    assert not (tmp_path / "validation").exists()


def test_embeddings_for_the_projector(tmp_path):
    x = Input((5,), dtype="int32")
    words = layers.Embedding(20, 4, name="words")
    model = Model(x, layers.Dense(1)(layers.Flatten()(words(x))))
    model.compile("sgd", "mse")
    data = np.zeros((4, 5)), np.zeros((4, 1))
    board = callbacks.TensorBoard(
        tmp_path, embeddings_freq=1, embeddings_metadata={"words": "words.tsv"}
    )
    model.fit(*data, callbacks=board, verbose=0)
    assert (tmp_path / "projector_config.pbtxt").read_text().splitlines() == [
        "embeddings {",
        '  tensor_name: "words/embeddings"',
        '  metadata_path: "words.tsv"',
        '  tensor_path: "embeddings/words.tsv"',
        "}",
    ]
    table = np.loadtxt(tmp_path / "embeddings/words.tsv", delimiter="\t")
    np.testing.assert_allclose(table, words.embeddings.numpy(), rtol=1e-5)
    board = callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"wrods": "x"})
    with pytest.raises(ValueError, match=r"expected names of Embedding.*Unrecognized 'wrods'.*'wo"):
        model.fit(*data, callbacks=board, verbose=0)


def test_a_profile_of_the_kernels(tmp_path):
    model = convnet()
    model.fit(X, Y, batch_size=5, verbose=0)
    twin = convnet()
    twin.set_weights(model.get_weights())
    model.fit(X, Y, batch_size=5, verbose=0, shuffle=False,
              callbacks=callbacks.TensorBoard(tmp_path, profile_batch=(1, 2)))  # fmt: skip
    twin.fit(X, Y, batch_size=5, verbose=0, shuffle=False)
    for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)  # measuring changes nothing
    (table,) = [one for one in summaries.read(tmp_path / "train") if one.tag == "profile"]
    assert table.step == 2 and "| contraction |" in table.value.item().decode()
    (path,) = (tmp_path / "train/plugins/profile").glob("*/*.trace.json.gz")
    events = json.loads(gzip.decompress(path.read_bytes()))["traceEvents"]
    assert sum(event.get("dur", 0) for event in events) > 0
    assert any("contraction" in event["name"] for event in events)
    eager = convnet(run_eagerly=True)
    with pytest.warns(UserWarning, match="profile_batch measures compiled kernels"):
        eager.fit(X, Y, verbose=0, callbacks=callbacks.TensorBoard(tmp_path, profile_batch=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"update_freq": 0}, "expected update_freq to be 'epoch', 'batch' or a number.*: 0"),
        ({"update_freq": "step"}, "Received: 'step'"),
        ({"profile_batch": -1}, "profile_batch must be a non-negative integer.*: -1"),
        ({"profile_batch": (5, 2)}, r"Received: \(5, 2\)"),
        ({"profile_batch": "a,b"}, "Received: 'a,b'"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=rf"TensorBoard: .*{message}"):
        callbacks.TensorBoard(**options)


def test_what_cannot_be_shown_is_told(tmp_path):
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def get_config(self):
            raise NotImplementedError("this model has no config")

    model = Own()
    model.compile("sgd", "mse")
    strange = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(confusion=[[1, 2]])
    )
    data = np.zeros((2, 3)), np.zeros((2, 1))
    with (
        pytest.warns(UserWarning, match=r"graph is left out, since it has no JSON: this"),
        pytest.warns(UserWarning, match=r"expected numbers in the logs.*confusion=\[\[1, 2\]\]"),
    ):
        model.fit(*data, callbacks=[strange, callbacks.TensorBoard(tmp_path)], verbose=0)
    assert "epoch_loss" in steps_of(tmp_path / "train")


@pytest.mark.nightly
def test_tensorboard_reads_it(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    convnet().fit(X, Y, epochs=2, verbose=0, callbacks=callbacks.TensorBoard(
        tmp_path, histogram_freq=1, write_images=True, profile_batch=1))  # fmt: skip
    found = accumulator.EventAccumulator(str(tmp_path / "train"), {"tensors": 0})
    found.Reload()
    assert set(found.Tags()["tensors"]) == set(steps_of(tmp_path / "train"))
    losses = [event.tensor_proto.tensor_content for event in found.Tensors("epoch_loss")]
    expected = [one.value for one in summaries.read(tmp_path / "train") if one.tag == "epoch_loss"]
    assert losses == [value.tobytes() for value in expected]
