"""Hostile configurations: what no model may be made of, whichever way it comes.

`OBJECTS` describes objects, `POSITIONS` puts one into a model, and `files` writes that model in
every form that an entry reads.
"""

from __future__ import annotations

import base64
import json
import marshal
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from geartrain import configurable
from tests.hostile.sources import archive, members

Described = dict[str, Any]
SECRET = "{secret}"  # where the path of a file that must not be read goes
HUGE = 10**12


def described(name: Any, config: Any = None, module: Any = "keras.layers", **more: Any) -> Any:
    config = {} if config is None else config
    whole = {"module": module, "class_name": name, "config": config, "registered_name": None}
    return {**whole, **more}


def marshalled(source: str) -> str:
    code = compile(f"lambda x: {source}", "hostile", "eval").co_consts[0]
    return base64.b64encode(marshal.dumps(code)).decode("ascii")


CODE = marshalled(f"open({SECRET!r} + '.written', 'w')")
RUN = {
    "a lambda": {"class_name": "__lambda__", "config": {"value": CODE}},
    "a lambda of Keras 3": {
        "class_name": "__lambda__",
        "config": {"code": CODE, "defaults": None, "closure": None},
    },
    "a Lambda layer": described(
        "Lambda", {"function": {"class_name": "__lambda__", "config": {"value": CODE}}}
    ),
    "a Lambda layer of old": described(
        "Lambda", {"function": [CODE, None, None], "function_type": "lambda"}
    ),
    "os.system": described("function", "system", "os", registered_name="function"),
    "os.system as a class": described("system", {"command": f"touch {SECRET}.written"}, "os"),
    "eval": described("function", "eval", "builtins", registered_name="function"),
    "eval as a class": described("eval", {"source": f"open({SECRET!r})"}, "builtins"),
    "exec by registered name": described("function", "x", "builtins", registered_name="exec"),
    "Popen": described("Popen", {"args": ["touch", f"{SECRET}.written"]}, "subprocess"),
    "import_module": described("import_module", {"name": "this"}, "importlib"),
    "a module that is not imported": described("ThisIsNot", {}, "antigravity"),
}
GADGETS = {
    "get_file": described(
        "get_file", {"fname": "x", "origin": "http://127.0.0.1:9/x"}, "keras.utils"
    ),
    "get_file of a file": described(
        "function", "get_file", "keras.utils", registered_name="get_file"
    ),
    "load_model": described("load_model", {"filepath": SECRET}, "keras.models"),
    "load_model in private": described(
        "load_model", {"filepath": SECRET, "safe_mode": False}, "keras.src.saving.saving_lib"
    ),
    "the unsafe switch": described(
        "function", "enable_unsafe_deserialization", "keras.config", registered_name="function"
    ),
    "the unsafe switch as a class": described("enable_unsafe_deserialization", {}, "keras.config"),
    "a class of the engine": described("Node", {}, "geartrain.graph.node"),
    "a function of files": described("replacing", {"path": SECRET}, "geartrain.files"),
    "a way out of a class": described("Dense.__init__.__globals__", {"units": 1}),
    "a private name": described("__import__", {"name": "os"}),
    "a callback": described("ModelCheckpoint", {"filepath": SECRET}, "keras.callbacks"),
    "a data set": described("load_data", {}, "keras.datasets.mnist"),
    "a foreign registered name": described("Dense", {"units": 1}, registered_name="other>Dense"),
}
UNSUPPORTED = {
    "a pickle inside of a layer": described(
        "TorchModuleWrapper", {"module": {"class_name": "__bytes__", "config": {"value": "gASVCg"}}}
    ),
    "a SavedModel": described("TFSMLayer", {"filepath": SECRET, "call_endpoint": "serve"}),
    "a JAX function": described("JaxLayer", {"call_fn": "eval"}),
    "a vocabulary of a file": described("StringLookup", {"vocabulary": SECRET}),
    "a vocabulary of a URL": described(
        "TextVectorization", {"vocabulary": "http://127.0.0.1:9/vocabulary"}
    ),
    "numbers of a file": described("IntegerLookup", {"vocabulary": SECRET}),
}
FORMS = {
    "a stray tensor": {
        "class_name": "__keras_tensor__",
        "config": {"shape": [1], "dtype": "float32", "keras_history": ["input", 0, 0]},
    },
    "a TensorFlow type": {"class_name": "__typespec__", "config": ["os", "x"], "module": "os"},
    "half a slice": {"class_name": "__slice__", "config": {"start": 1}},
    "a slice of texts": {
        "class_name": "__slice__", "config": {"start": "a", "stop": [], "step": {}}
    },
    "an array of objects": {
        "class_name": "__numpy__", "config": {"value": [None, "x"], "dtype": "object"}
    },
    "a ragged array": {
        "class_name": "__numpy__", "config": {"value": [[1], [2, 3]], "dtype": "float32"}
    },
    "an array of a private dtype": {
        "class_name": "__numpy__", "config": {"value": [1], "dtype": "V1000000000"}
    },
    "bytes of a number": {"class_name": "__bytes__", "config": {"value": 10**9}},
    "a number as class": described(3),
    "a list as class": described(["Dense"]),
    "a dictionary as class": described({"a": "Dense"}),
    "nothing as class": described(None),
    "a list as module": described("Dense", {"units": 1}, ["os"]),
    "a list as config": described("Dense", ["units"]),
    "a text as config": described("Dense", "units"),
    "a list as registered name": described("Dense", {"units": 1}, registered_name=["Dense"]),
    "keys that nobody knows": described("Dense", {"units": 1, "__class__": "os", "x": {"y": 1}}),
    "a config in a config": described("Dense", {"units": described("Dense", {"units": 1})}),
}  # fmt: skip
ARGUMENTS = {
    "an optimizer": described("Adam", {}, "keras.optimizers"),
    "a name that leads out": described("Dense", {"units": 1, "name": "../../../x"}),
    "a name with folders": described("Dense", {"units": 1, "name": "a/../../b"}),
    "an absolute name": described("Dense", {"units": 1, "name": "/etc/passwd"}),
    "a name with a zero byte": described("Dense", {"units": 1, "name": "a\0b"}),
    "a name without end": described("Dense", {"units": 1, "name": "n" * 100_000}),
    "a name that is a number": described("Dense", {"units": 1, "name": 3}),
    "negative units": described("Dense", {"units": -3}),
    "half a unit": described("Dense", {"units": 2.5}),
    "units in a text": described("Dense", {"units": "3"}),
    "units in a list": described("Dense", {"units": [3, 3]}),
    "units without end": described("Dense", {"units": HUGE}),
    "units beyond 64 bits": described("Dense", {"units": 10**30}),
    "an embedding without end": described("Embedding", {"input_dim": HUGE, "output_dim": HUGE}),
    "recurrent units without end": described(
        "RNN", {"cell": described("LSTMCell", {"units": HUGE})}
    ),
    "heads without end": described(
        "MultiHeadAttention", {"num_heads": 10**6, "key_dim": 10**9}
    ),
    "a vector repeated without end": described("RepeatVector", {"n": HUGE}),
    "a shape without end": described("Reshape", {"target_shape": [HUGE, HUGE]}),
    "axes without end": described("Reshape", {"target_shape": [1] * 100_000}),
    "axes in an order without end": described("Permute", {"dims": list(range(100_000))}),
    "an input without end": described("InputLayer", {"batch_shape": [HUGE, HUGE]}),
    "an input of many axes": described("InputLayer", {"batch_shape": [None] * 10_000}),
    "a negative input": described("InputLayer", {"batch_shape": [None, -4]}),
    "an input of a text": described("InputLayer", {"batch_shape": "abc"}),
    "padding without end": described("ZeroPadding1D", {"padding": HUGE}),
    "an unknown dtype": described("Dense", {"units": 1, "dtype": "object"}),
    "a dtype of texts": described("Dense", {"units": 1, "dtype": {"a": "float32"}}),
    "layers inside each other": None,  # made below
    "models inside each other": None,
    "wrappers of themselves": None,
}  # fmt: skip


def _nested() -> None:
    inner = described("Dense", {"units": 1})
    model = inner
    bidirectional = described("LSTM", {"units": 1})
    for _ in range(40):
        inner = described("TimeDistributed", {"layer": inner})
        model = described("Sequential", {"name": "m", "layers": [model]}, "keras")
        bidirectional = described("Bidirectional", {"layer": bidirectional})
    ARGUMENTS["layers inside each other"] = inner
    ARGUMENTS["models inside each other"] = model
    ARGUMENTS["wrappers of themselves"] = bidirectional


_nested()
OBJECTS: dict[str, Any] = {**RUN, **GADGETS, **UNSUPPORTED, **FORMS, **ARGUMENTS}


# -- where it stands ------------------------------------------------------------------------------

INPUT = described("InputLayer", {"batch_shape": [None, 3], "dtype": "float32", "name": "input"})


def dense(**config: Any) -> Any:
    return described("Dense", {"units": 2, "name": "last", **config})


def a_row(*layers: Any, **more: Any) -> Any:
    config = {"name": "row", "trainable": True, "layers": [INPUT, *layers]}
    return described("Sequential", config, "keras", **more)


def a_graph(inbound: Any, **more: Any) -> Any:
    layers = [
        {**INPUT, "name": "input", "inbound_nodes": []},
        {**dense(), "name": "last", "inbound_nodes": inbound},
    ]
    ends = {"input_layers": [["input", 0, 0]], "output_layers": [["last", 0, 0]]}
    config = {"name": "row", "trainable": True, "layers": layers, **ends, **more}
    return described(
        "Functional", config, "keras.src.models.functional", registered_name="Functional"
    )


TENSOR = {
    "class_name": "__keras_tensor__",
    "config": {"shape": [None, 3], "dtype": "float32", "keras_history": ["input", 0, 0]},
}
COMPILED = {"optimizer": "sgd", "loss": "mse", "metrics": None}
POSITIONS: dict[str, Callable[[Any], Any]] = {
    "layer": lambda x: a_row(x),
    "initializer": lambda x: a_row(dense(kernel_initializer=x)),
    "activation": lambda x: a_row(dense(activation=x)),
    "name": lambda x: a_row(dense(name=x)),
    "dtype": lambda x: a_row(dense(dtype=x)),
    "layer inside": lambda x: a_row(described("TimeDistributed", {"layer": x})),
    "build_config": lambda x: a_row({**dense(), "build_config": {"input_shape": [None, x]}}),
    "argument of a call": lambda x: a_graph([{"args": [TENSOR], "kwargs": {"mask": x}}]),
    "optimizer": lambda x: a_row(dense(), compile_config={**COMPILED, "optimizer": x}),
    "loss": lambda x: a_row(dense(), compile_config={**COMPILED, "loss": x}),
    "metrics": lambda x: a_row(dense(), compile_config={**COMPILED, "metrics": [x]}),
    "whole": lambda x: x,
}

GRAPHS: dict[str, Any] = {
    "a call of itself": a_graph(
        [{"args": [{**TENSOR, "config": {**TENSOR["config"], "keras_history": ["last", 0, 0]}}],
          "kwargs": {}}]),
    "a call on nothing": a_graph([{"args": [], "kwargs": {}}]),
    "a call of a number": a_graph([3]),
    "calls of a text": a_graph("abc"),
    "a call of old that is cut off": a_graph([[["input"]]]),
    "a history of texts": a_graph(
        [{"args": [{**TENSOR, "config": {"keras_history": ["input", "0", None]}}], "kwargs": {}}]),
    "a history of a layer that is not there": a_graph(
        [{"args": [{**TENSOR, "config": {"keras_history": ["x", 0, 0]}}], "kwargs": {}}]),
    "a call of a negative number": a_graph(
        [{"args": [{**TENSOR, "config": {"keras_history": ["input", -1, 0]}}], "kwargs": {}}]),
    "a result that is not there": a_graph(
        [{"args": [{**TENSOR, "config": {"keras_history": ["input", 0, 10**9]}}], "kwargs": {}}]),
    "an output that is not there": a_graph(
        [{"args": [TENSOR], "kwargs": {}}], output_layers=[["last", 5, 0]]),
    "outputs of a number": a_graph([{"args": [TENSOR], "kwargs": {}}], output_layers=3),
    "no outputs": a_graph([{"args": [TENSOR], "kwargs": {}}], output_layers=[]),
    "no inputs": a_graph([{"args": [TENSOR], "kwargs": {}}], input_layers=[]),
    "no layers": a_graph([], layers=[]),
    "layers in a dictionary": a_graph([], layers={"a": 1}),
    "a layer twice": a_graph([], layers=[{**INPUT, "name": "input", "inbound_nodes": []}] * 2),
    "an argument that no layer has": a_graph(
        [{"args": [TENSOR], "kwargs": {"__class__": 1}}]),
    "layers of a text": described("Sequential", {"name": "row", "layers": "abc"}, "keras"),
    "no list of layers": described("Sequential", {"name": "row", "layers": None}, "keras"),
}  # fmt: skip


def calls_of_calls(levels: int, count: int) -> Any:
    """Models within each other, each of which calls the next several times: count ** levels."""
    inner = {**described("Dense", {"units": 4, "name": "dense"}), "name": "dense"}
    for level in range(levels):
        tensors = [("input", 0)] + [(inner["name"], number) for number in range(count - 1)]
        nodes = [{"args": [tensor(*one)], "kwargs": {}} for one in tensors]
        last = [inner["name"], count - 1 + bool(level), 0]
        first = described("InputLayer", {"batch_shape": [None, 4], "name": "input"})
        config = {
            "name": f"model_{level}", "trainable": True,
            "layers": [{**first, "name": "input", "inbound_nodes": []},
                       {**inner, "inbound_nodes": nodes}],
            "input_layers": [["input", 0, 0]], "output_layers": [last],
        }  # fmt: skip
        inner = {**described("Functional", config, "keras"), "name": config["name"]}
    return inner


def tensor(name: str, number: int) -> Any:
    told = {"shape": [None, 4], "dtype": "float32", "keras_history": [name, number, 0]}
    return {"class_name": "__keras_tensor__", "config": told}


def measured(name: str, **config: Any) -> Any:
    metric = described(name, config, "keras.metrics")
    return a_row(dense(), compile_config={**COMPILED, "metrics": [metric]})


# Small files that ask for much work or memory.
BOMBS: dict[str, Any] = {
    "models that call models": calls_of_calls(10, 3),
    "layers without end": a_row(*[{"class_name": "Flatten", "config": {}}] * 20_000),
    "thresholds without end": measured("AUC", num_thresholds=10**9),
    "thresholds of recall without end": measured(
        "PrecisionAtRecall", recall=0.5, num_thresholds=10**9
    ),
    "classes without end": measured("MeanIoU", num_classes=10**7),
    "windows without end": a_row(
        described("Reshape", {"target_shape": [3, 1]}),
        described("UpSampling1D", {"size": 1 << 18}),
        described("AdaptiveAveragePooling1D", {"output_size": 1 << 18}),
    ),
}
NO_MODELS: dict[str, Any] = {
    "a loss": described("MeanSquaredError", {}, "keras.losses"),
    "a schedule": described(
        "ExponentialDecay",
        {"initial_learning_rate": 1.0, "decay_steps": 1, "decay_rate": 0.5},
        "keras.optimizers.schedules",
    ),
    "an op": described("Add", {"name": "add"}, "keras.src.ops.numpy"),
    "a function": described("function", "relu", "keras.activations"),
}
# What takes nothing as long as no weight and no array is made of it.
HARMLESS = ("a name without end", "a vector repeated without end", "no outputs")


# -- in which file --------------------------------------------------------------------------------

FILES = {
    "keras": "load_model",
    "folder": "load_model",
    "h5": "load_model",
    "json": "model_from_json",
    "described": "deserialize_keras_object",
    "layer": "layers.deserialize",
    "inner": "Sequential.from_config",
    "pickle": "pickle.loads",
    "part": "clone_model",
}


class _Forged:
    """Pickles as a model does, with another configuration."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def __reduce__(self) -> Any:
        reference = self.config.get("module"), self.config.get("class_name")
        return configurable.rebuilt, (reference, self.config.get("config"))


def files(folder: Path, whole: Any, sound: Path) -> list[tuple[str, Path]]:
    """The model's files, and the entries that are to read them."""
    text = json.dumps(whole)
    compiled = "compile_config" in whole
    made = {}
    for kind in FILES:
        path = folder / kind
        if kind == "keras":
            content = members(sound / "row_foreign.keras")
            path = archive(folder / "m.keras", {**content, "config.json": text.encode()})
        elif kind == "folder":
            shutil.copytree(sound / "row_folder", path)
            (path / "metadata.json").write_text("{}", encoding="ascii")
            (path / "config.json").write_text(text, encoding="ascii")
        elif kind == "h5":
            path = Path(shutil.copy(sound / "row.h5", folder / "m.h5"))
            with h5py.File(path, "r+") as file:
                file.attrs["model_config"] = json.dumps({**whole, "compile_config": None})
                if compiled:
                    training = dict(whole["compile_config"])
                    training["optimizer_config"] = training.pop("optimizer")
                    file.attrs["training_config"] = json.dumps(training)
        elif kind in ("pickle", "inner") and compiled:
            continue  # these are the config alone
        elif kind == "pickle":
            if not isinstance(whole.get("config"), dict):
                continue
            path.write_bytes(pickle.dumps(_Forged(whole)))
        else:
            path.write_text(text, encoding="ascii")
        made[kind] = path
    inner = whole.get("class_name") == "Sequential"
    return [
        (FILES[kind] if kind != "inner" or inner else "Model.from_config", path)
        for kind, path in made.items()
        if kind != "inner" or whole.get("class_name") in ("Sequential", "Functional")
    ]
