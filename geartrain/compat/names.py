"""Names that modules of older Keras had, and names of Keras that are not here, with the reason.

Modules find them by `__getattr__ = finder("losses")`. What is in `MOVED` works, with one hint at
the program's line; what is in `ABSENT` is an error that says what to do instead; for any other
name the error has the nearest.
"""

from __future__ import annotations

import dis
import importlib
import sys
from collections.abc import Callable
from typing import Any

from geartrain.errors import nearest, of_import, warn

_IMPORT_FROM = dis.opmap["IMPORT_FROM"]


def finder(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of one of Geartrain's modules, `""` for Geartrain itself.

    >>> find = finder("datasets")
    >>> find("cifar11")
    Traceback (most recent call last):
    AttributeError: 'keras.datasets.cifar11' is not part of Geartrain. Did you mean \
'keras.datasets.cifar10'?
    """

    def find(name: str) -> Any:
        caller: Any = sys._getframe(1)
        while caller.f_code.co_name == "__getattr__":  # of a module that looks elsewhere first
            caller = caller.f_back
        if name in MOVED.get(module, {}):
            path, todays = _place(MOVED[module][name])
            if not of_import(caller):  # which asks whether there is the name beforehand
                warn(f"{public(module, name)} is how older versions of Keras said it. {todays}")
            return _at(path)
        message = reason(module, name)
        # Python replaces the message of an AttributeError where a name is imported.
        if caller.f_code.co_code[caller.f_lasti] == _IMPORT_FROM and not name.startswith("__"):
            raise ImportError(message, name=public(module, name))
        raise AttributeError(message)

    return find


def reason(module: str, name: str) -> str:
    """Why a module of Keras's has no such name here, and what to do instead.

    >>> reason("layers", "Dens")
    "'keras.layers.Dens' is not part of Geartrain. Did you mean 'keras.layers.Dense'?"
    """
    said = f"{public(module, name)!r} is not part of Geartrain"
    absent = ABSENT.get(module, {})
    here = sys.modules.get(f"geartrain.{module}".rstrip("."))
    guess = None if name in absent else nearest(name, getattr(here, "__all__", ()))
    why = absent.get(name, absent.get("*"))
    if why and not guess:
        return f"{said}: {why}."
    return f"{said}. Did you mean {public(module, guess)!r}?" if guess else f"{said}."


def reason_of_module(below: str) -> str | None:
    """Why a module `keras.<below>` is not here, if the tables tell.

    >>> reason_of_module("applications.nasnet").partition(":")[0]
    "'keras.applications.nasnet' is not part of Geartrain"
    """
    parts = below.split(".")
    for depth in range(len(parts)):
        module, name = ".".join(parts[:depth]), parts[depth]
        if {name, "*"} & ABSENT.get(module, {}).keys():
            return reason(module, name)
    return None


def public(module: str, name: str) -> str:
    """The full name as programs write it."""
    return ".".join(part for part in ("keras", module, name) if part)


def _place(moved: str | tuple[str, str]) -> tuple[str, str]:
    path, write = moved if isinstance(moved, tuple) else (moved, f"keras.{moved}")
    return path, f"Write {write}."


def _at(path: str) -> Any:
    """The module or the member of a module at a path below Geartrain."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(f"geartrain.{module}".rstrip(".")), name)
    except AttributeError:
        return importlib.import_module(f"geartrain.{path}")


# -- what has another name ------------------------------------------------------------------------

_LOSSES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "cosine_proximity": "cosine_similarity",
}
_LOSSES |= {name.upper(): now for name, now in _LOSSES.items() if len(name) <= 4}
_FUNCTIONS_OF_LOSSES = {name: f"losses.{now}" for name, now in _LOSSES.items()}

# Tensor functions of keras.backend that are the same functions in keras.ops.
_SAME_OPS = (
    "abs", "all", "any", "arange", "cast", "clip", "cos", "equal", "exp", "eye", "greater",
    "greater_equal", "hard_sigmoid", "less", "less_equal", "log", "logsumexp", "max", "maximum",
    "mean", "min", "minimum", "ndim", "not_equal", "one_hot", "ones", "ones_like", "prod", "relu",
    "reshape", "round", "shape", "sigmoid", "sign", "sin", "softmax", "softplus", "softsign",
    "sqrt", "square", "squeeze", "stack", "std", "sum", "tanh", "tile", "var", "zeros",
    "zeros_like",
)  # fmt: skip
_OTHER_OPS = {
    "batch_flatten": "ops.reshape(x, (-1, size))",
    "elu": "ops.elu",
    "repeat_elements": "ops.repeat",
    "permute_dimensions": "ops.transpose",
    "transpose": "ops.transpose",
    "gather": "ops.take(x, indices, axis=0)",
    "reverse": "ops.flip",
    "pow": "ops.power",
    "flatten": "ops.ravel",
    "argmax": "ops.argmax(x, axis=-1)",
    "argmin": "ops.argmin(x, axis=-1)",
    "expand_dims": "ops.expand_dims(x, axis=-1)",
    "concatenate": "ops.concatenate(tensors, axis=-1)",
    "cumsum": "ops.cumsum(x, axis=0)",
    "cumprod": "ops.cumprod(x, axis=0)",
    "repeat": "ops.repeat(x[:, None], n, axis=1)",
    "l2_normalize": "ops.normalize(x, axis)",
    "switch": "ops.where",
    "stop_gradient": "ops.stop_gradient",
    "constant": "ops.convert_to_tensor",
    "binary_crossentropy": "ops.binary_crossentropy",
    "categorical_crossentropy": "ops.categorical_crossentropy",
    "sparse_categorical_crossentropy": "ops.sparse_categorical_crossentropy",
    "in_top_k": "ops.in_top_k",
    "dtype": "backend.standardize_dtype(x.dtype)",
    "int_shape": "ops.shape(x), or x.shape",
    "cast_to_floatx": "ops.cast(x, keras.backend.floatx())",
    "variable": "Variable",
    "placeholder": "Input",
    "eval": "ops.convert_to_numpy",
    "get_value": "ops.convert_to_numpy",
    "batch_get_value": "ops.convert_to_numpy of each",
    "set_value": "Variable.assign: x.assign(value)",
    "batch_set_value": "Variable.assign of each",
    "update": "Variable.assign: x.assign(value)",
    "update_add": "Variable.assign_add: x.assign_add(value)",
    "update_sub": "Variable.assign_sub: x.assign_sub(value)",
    "count_params": "ops.size",
    "random_normal": "random.normal",
    "random_uniform": "random.uniform",
    "random_bernoulli": "random.binomial",
    "truncated_normal": "random.truncated_normal",
    "dropout": "random.dropout",
    "bias_add": "ops.add",
    "batch_dot": "layers.dot, or ops.einsum",
    "map_fn": "ops.map",
    "conv1d": "ops.conv",
    "conv2d": "ops.conv",
    "conv3d": "ops.conv",
    "conv2d_transpose": "ops.conv_transpose",
    "pool2d": "ops.max_pool or ops.average_pool",
    "temporal_padding": "ops.pad",
    "spatial_2d_padding": "ops.pad",
    "spatial_3d_padding": "ops.pad",
    "image_dim_ordering": "backend.image_data_format",
    "set_image_dim_ordering": "backend.set_image_data_format",
    "ctc_batch_cost": "ops.ctc_loss",
    "ctc_decode": "ops.ctc_decode",
    "random_normal_variable": "Variable(keras.random.normal(shape))",
    "random_uniform_variable": "Variable(keras.random.uniform(shape))",
    "depthwise_conv2d": "ops.depthwise_conv",
    "separable_conv2d": "ops.separable_conv",
    "pool3d": "ops.max_pool or ops.average_pool",
    "resize_images": "ops.repeat, or ops.image.resize",
    "foldl": "ops.scan",
    "foldr": "ops.scan",
}

# By module, names of older Keras: where it is today, and, if that is not it, what to write.
MOVED: dict[str, dict[str, str | tuple[str, str]]] = {
    "": {
        "objectives": "losses",
        "initializations": "initializers",
        "engine": ("layers", "keras.layers, keras.models or keras.Layer"),
    },
    "losses": {
        **_FUNCTIONS_OF_LOSSES,
        "Reduction": ("compat.values.Reduction", "reduction='sum_over_batch_size', 'sum' or None"),
    },
    "metrics": dict(_FUNCTIONS_OF_LOSSES),
    "layers": {
        "CuDNNLSTM": "layers.LSTM",
        "CuDNNGRU": "layers.GRU",
        "Deconvolution2D": "layers.Conv2DTranspose",
        "Deconvolution3D": "layers.Conv3DTranspose",
        "experimental": ("layers", "keras.layers alone"),
        "preprocessing": ("layers", "keras.layers alone"),
    },
    "constraints": {
        "maxnorm": "constraints.MaxNorm",
        "nonneg": "constraints.NonNeg",
        "unitnorm": "constraints.UnitNorm",
    },
    "regularizers": {
        "l1l2": "regularizers.L1L2",
        "WeightRegularizer": "regularizers.L1L2",
        "activity_l1": "regularizers.L1",
        "activity_l2": "regularizers.L2",
        "activity_l1l2": "regularizers.L1L2",
    },
    "initializers": {
        "uniform": "initializers.RandomUniform",
        "normal": "initializers.RandomNormal",
        "zero": "initializers.Zeros",
        "one": "initializers.Ones",
    },
    "optimizers": {
        "legacy": ("optimizers", "keras.optimizers alone"),
        "experimental": ("optimizers", "keras.optimizers alone"),
    },
    "utils": {
        "np_utils": ("utils", "keras.utils alone"),
        "generic_utils": ("utils", "keras.utils alone"),
        "data_utils": ("utils", "keras.utils alone"),
        "io_utils": ("utils", "keras.utils alone"),
        "layer_utils": ("utils", "keras.utils alone"),
        "vis_utils": ("utils", "keras.utils alone"),
        "visualize_util": ("utils", "keras.utils alone"),
        "plot": "utils.plot_model",
    },
    "backend": {
        **{name: f"ops.{name}" for name in _SAME_OPS},
        "Variable": "Variable",
        "name_scope": "name_scope",
        **{
            name: (f"compat.backend.{name}", f"keras.{instead}")
            for name, instead in _OTHER_OPS.items()
        },
    },
}

_FILES_OF_LAYERS = (
    "advanced_activations", "convolutional", "convolutional_recurrent", "core", "embeddings",
    "experimental", "experimental.preprocessing", "merge", "noise", "normalization", "pooling",
    "preprocessing", "recurrent", "wrappers",
)  # fmt: skip
# Modules of older Keras, and the one that each is part of today.
MODULES = {
    "callbacks.callbacks": "callbacks",
    "constraints.constraints": "constraints",
    "engine": "layers",
    "engine.topology": "layers",
    "engine.training": "models",
    "initializations": "initializers",
    "objectives": "losses",
    "optimizers.experimental": "optimizers",
    "optimizers.legacy": "optimizers",
    "utils.data_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.io_utils": "utils",
    "utils.layer_utils": "utils",
    "utils.np_utils": "utils",
    "utils.vis_utils": "utils",
    "utils.visualize_util": "utils",
    **{f"layers.{name}": "layers" for name in _FILES_OF_LAYERS},
}

# -- what is not here -----------------------------------------------------------------------------

_DATA = (
    "keras.datasets has boston_housing, california_housing, cifar10, cifar100, digits, "
    "fashion_mnist, imdb, mnist and reuters. Get another set's files with keras.utils.get_file, "
    "read them with NumPy, and give the arrays to fit"
)
_OTHER_NETWORKS = (
    "keras.applications has DenseNet, EfficientNet, InceptionV3, MobileNet, ResNet, VGG and "
    "Xception. Load others from a file that Keras saved, keras.models.load_model('model.keras')"
)
_SESSION = "nothing is run by sessions. Operations on arrays compute at once"
_UNSHARED = (
    "its weights are not shared between places. Write a keras.Layer of your own with ops.einsum"
)
# By module, names that are not here and why; `*` stands for all.
ABSENT: dict[str, dict[str, str]] = {
    "": {
        "quantizers": "weights are floats. Leave it out",
    },
    "applications": dict.fromkeys(
        (
            "convnext",
            "efficientnet_v2",
            "inception_resnet_v2",
            "nasnet",
            "InceptionResNetV2",
            "NASNetLarge",
            "NASNetMobile",
            *(f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge")),
            *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")),
        ),
        _OTHER_NETWORKS,
    ),
    "datasets": {"*": _DATA},
    "layers": {
        **dict.fromkeys(("LocallyConnected1D", "LocallyConnected2D"), _UNSHARED),
        "Merge": "Keras removed it. Use layers.Add, Multiply, Concatenate or Dot",
        "merge": "Keras removed it. Use layers.add, multiply, concatenate or dot",
        "ThresholdedReLU": "Keras removed it. Use layers.ReLU(threshold=theta)",
        "AtrousConvolution2D": "Keras removed it. Use layers.Conv2D(dilation_rate=...)",
        "TimeDistributedDense": "Keras removed it. Use layers.Dense, which takes sequences",
        "MaxoutDense": "Keras removed it. Use layers.Dense, layers.Reshape and ops.max",
        "Highway": "Keras removed it. Write a keras.Layer of your own",
        "TFSMLayer": (
            "TensorFlow's SavedModels need TensorFlow. Save the model there as '.keras', or "
            "convert it to ONNX (tf2onnx), and use keras.models.load_model"
        ),
        "JaxLayer": "functions of JAX need JAX. Write them with keras.ops",
        "FlaxLayer": "modules of Flax need JAX. Write them with keras.layers",
        "TorchModuleWrapper": (
            "modules of PyTorch need PyTorch. Export them to ONNX and use "
            "keras.models.load_model('model.onnx')"
        ),
    },
    "models": {
        "model_from_yaml": "Keras removed it. Use model_from_json",
        "model_from_config": "Keras removed it. Use Model.from_config",
    },
    "backend": {
        "function": "use geartrain.jit, or a keras.Model of the inputs and outputs",
        "gradients": "use geartrain.grad or geartrain.value_and_grad of a function",
        "get_session": _SESSION,
        "set_session": _SESSION,
        "tf": _SESSION,
        "learning_phase": "take training as an argument of call",
        "set_learning_phase": "pass training=True or False to the layer or model",
        "in_train_phase": "take training as an argument of call, and choose by it",
        "in_test_phase": "take training as an argument of call, and choose by it",
        "manual_variable_initialization": "variables have their values from the start. Leave it "
        "out",
        "rnn": "use layers.RNN, or ops.scan",
    },
}
