"""What real Keras writes for instances of every class that Geartrain has too."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import keras

from record.common import Recording, args, jsonable

NOTE = """serialized is keras.saving.serialize_keras_object of an instance of class_name, made with
config, in which a dictionary with "class_name" and "config" stands for an object. Automatic names
are started afresh for each case. Layers of the tests' cases were first called on the shapes
(without batch axis) given."""

TESTS = Path(__file__).resolve().parents[2] / "tests"


def obj(module: str, class_name: str, **config: Any) -> dict[str, Any]:
    """An object inside of a config."""
    return {"module": f"keras.{module}", "class_name": class_name, "config": config}


L1, ADAM = obj("regularizers", "L1", l1=0.02), obj("optimizers", "Adam", learning_rate=0.01)
COSINE = obj("optimizers.schedules", "CosineDecay", initial_learning_rate=0.1, decay_steps=10)
ONES = obj("initializers", "Constant", value=2.0)
MIXED = obj("dtype_policies", "DTypePolicy", name="mixed_bfloat16")
LSTM = obj("layers", "LSTM", units=2, name="inside", return_sequences=True)
BACK = obj("layers", "GRU", units=3, name="back", go_backwards=True, return_sequences=True)
CELLS = [
    obj("layers", "LSTMCell", units=3, name="a"),
    obj("layers", "GRUCell", units=2, name="b", reset_after=False),
    obj("layers", "SimpleRNNCell", units=2, activation="relu", use_bias=False, name="c"),
]
DENSE = obj("layers", "Dense", units=3, activation="relu", name="inner", kernel_regularizer=L1)

INITIALIZERS = {
    "Constant": [args(), args(value=2.5)],
    "Zeros": [args()],
    "Ones": [args()],
    "Identity": [args(), args(gain=2.0)],
    "Orthogonal": [args(), args(gain=2.0, seed=3)],
    "STFT": [args(), args(side="imag", window="hamming", scaling="density", periodic=True)],
    "RandomNormal": [args(), args(mean=1.0, stddev=2.0, seed=3)],
    "TruncatedNormal": [args(), args(mean=1.0, stddev=2.0, seed=3)],
    "RandomUniform": [args(), args(minval=-2.0, maxval=2.0, seed=3)],
    "VarianceScaling": [
        args(), args(scale=2.0, mode="fan_avg", distribution="uniform", seed=3),
        args(distribution="normal"),
    ],
    **{
        name: [args(), args(seed=3)]
        for name in (
            "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform",
            "LecunNormal",
        )
    },
}  # fmt: skip
REGULARIZERS = {
    "L1": [args(), args(l1=0.5)],
    "L2": [args(), args(l2=0.5)],
    "L1L2": [args(), args(l1=0.5, l2=0.25)],
    "OrthogonalRegularizer": [args(), args(factor=0.5, mode="columns")],
}
CONSTRAINTS = {
    "MaxNorm": [args(), args(max_value=3, axis=1), args(axis=[0, 1])],
    "MinMaxNorm": [args(), args(min_value=0.5, max_value=2.0, rate=0.5, axis=1)],
    "NonNeg": [args()],
    "UnitNorm": [args(), args(axis=1)],
}
SCHEDULES = {
    "ExponentialDecay": [
        args(initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5),
        args(initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5, staircase=True, name="e"),
    ],
    "PiecewiseConstantDecay": [args(boundaries=[1, 2], values=[0.1, 0.2, 0.3])],
    "PolynomialDecay": [
        args(initial_learning_rate=0.1, decay_steps=10),
        args(initial_learning_rate=0.1, decay_steps=9, end_learning_rate=0.0, power=2, cycle=True),
    ],
    "InverseTimeDecay": [args(initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5)],
    "CosineDecay": [
        args(initial_learning_rate=0.1, decay_steps=10),
        args(initial_learning_rate=0.0, decay_steps=9, alpha=0.1, warmup_target=1.0,
             warmup_steps=3),
    ],
    "CosineDecayRestarts": [
        args(initial_learning_rate=0.1, first_decay_steps=10),
        args(initial_learning_rate=0.1, first_decay_steps=9, t_mul=1.0, m_mul=0.9, alpha=0.1),
    ],
}  # fmt: skip
SHARED = args(
    weight_decay=0.01, clipnorm=1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2,
    loss_scale_factor=4.0, gradient_accumulation_steps=2, name="mine",
)  # fmt: skip
OWN = {
    "SGD": args(momentum=0.9, nesterov=True),
    "RMSprop": args(rho=0.8, momentum=0.1, epsilon=1e-6, centered=True),
    "Adam": args(beta_1=0.8, beta_2=0.99, epsilon=1e-6, amsgrad=True),
    "AdamW": args(beta_1=0.8, beta_2=0.99, epsilon=1e-6, amsgrad=True),
    "Adamax": args(beta_1=0.8, beta_2=0.99, epsilon=1e-6),
    "Nadam": args(beta_1=0.8, beta_2=0.99, epsilon=1e-6),
    "Lamb": args(beta_1=0.8, beta_2=0.99, epsilon=1e-6),
    "Lion": args(beta_1=0.8, beta_2=0.9),
    "Muon": args(adam_beta_1=0.8, adam_beta_2=0.99, epsilon=1e-6, momentum=0.9, ns_steps=5),
    "ScheduleFreeAdamW": args(beta_1=0.8, beta_2=0.99, epsilon=1e-6, warmup_steps=3),
    "Adagrad": args(initial_accumulator_value=0.2, epsilon=1e-6),
    "Adadelta": args(rho=0.8, epsilon=1e-6),
    "Adafactor": args(beta_2_decay=-0.7, epsilon_1=1e-20, epsilon_2=0.1, clip_threshold=2.0,
                      relative_step=False),
    "Ftrl": args(learning_rate_power=-0.4, initial_accumulator_value=0.2,
                 l1_regularization_strength=0.1, l2_regularization_strength=0.2,
                 l2_shrinkage_regularization_strength=0.3, beta=0.1),
}  # fmt: skip
OPTIMIZERS = {
    name: [
        args(),
        args(learning_rate=0.5, **own),
        args(learning_rate=COSINE, **SHARED),
        args(global_clipnorm=2.0),
        args(clipvalue=0.5),
    ]
    for name, own in OWN.items()
}
OPTIMIZERS["LossScaleOptimizer"] = [
    args(inner_optimizer=ADAM),
    args(
        inner_optimizer=obj("optimizers", "SGD", learning_rate=COSINE, momentum=0.5),
        initial_scale=8.0, dynamic_growth_steps=3, name="scaled",
    ),
]  # fmt: skip
OPTIMIZERS["OptimizerMap"] = [
    args(default_optimizer=ADAM),
    args(default_optimizer=obj("optimizers", "SGD"), optimizer_map={"a/.*": ADAM}),
]
OPTIMIZERS["MultiOptimizer"] = [
    args(
        optimizer_map=obj("optimizers", "OptimizerMap", default_optimizer=ADAM), name="several",
        loss_scale_factor=2.0,
    ),
]  # fmt: skip
_REDUCED = args(reduction="sum", name="mine", dtype="float64")
LOSSES = {
    "BinaryCrossentropy": [args(), args(from_logits=True, label_smoothing=0.1, axis=1)],
    "BinaryFocalCrossentropy": [
        args(), args(apply_class_balancing=True, alpha=0.3, gamma=1.0, from_logits=True,
                     label_smoothing=0.1, axis=1),
    ],
    "CategoricalCrossentropy": [args(), args(from_logits=True, label_smoothing=0.1, axis=1)],
    "CategoricalFocalCrossentropy": [
        args(), args(alpha=0.3, gamma=1.0, from_logits=True, label_smoothing=0.1, axis=1),
    ],
    "CategoricalGeneralizedCrossEntropy": [args(), args(q=0.7)],
    "SparseCategoricalCrossentropy": [
        args(), args(from_logits=True, ignore_class=-1, axis=1),
    ],
    "CTC": [args()],
    "CategoricalHinge": [args()],
    "Circle": [args(), args(gamma=64.0, margin=0.3, remove_diagonal=False)],
    "CosineSimilarity": [args()],
    "Dice": [args(), args(axis=[1, 2])],
    "Hinge": [args()],
    "Huber": [args()],
    "KLDivergence": [args()],
    "LogCosh": [args()],
    "MeanAbsoluteError": [args()],
    "MeanAbsolutePercentageError": [args()],
    "MeanSquaredError": [args()],
    "MeanSquaredLogarithmicError": [args()],
    "Poisson": [args()],
    "SquaredHinge": [args()],
    "Tversky": [args(), args(alpha=0.3, beta=0.7, axis=[1, 2])],
}  # fmt: skip
LOSSES = {name: [*cases, _REDUCED] for name, cases in LOSSES.items()}
_AT = args(num_thresholds=10, class_id=1)
METRICS = {
    **{
        name: [args(), args(name="mine", dtype="float64")]
        for name in (
            "Accuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "CategoricalHinge",
            "Hinge", "SquaredHinge", "KLDivergence", "LogCoshError", "Mean", "MeanAbsoluteError",
            "MeanAbsolutePercentageError", "MeanSquaredError", "MeanSquaredLogarithmicError",
            "Poisson", "RootMeanSquaredError", "Sum", "PearsonCorrelation",
            "ConcordanceCorrelation",
        )
    },
    "BinaryAccuracy": [args(), args(threshold=0.6)],
    "TopKCategoricalAccuracy": [args(), args(k=2)],
    "SparseTopKCategoricalAccuracy": [args(), args(k=2)],
    "BinaryCrossentropy": [args(), args(from_logits=True, label_smoothing=0.1)],
    "CategoricalCrossentropy": [args(), args(from_logits=True, label_smoothing=0.1, axis=1)],
    "SparseCategoricalCrossentropy": [args(), args(from_logits=True, axis=1)],
    "CosineSimilarity": [args()],
    "FalseNegatives": [args(), args(thresholds=0.6), args(thresholds=[0.2, 0.6])],
    "FalsePositives": [args(), args(thresholds=[0.2, 0.6])],
    "TrueNegatives": [args(), args(thresholds=[0.2, 0.6])],
    "TruePositives": [args(), args(thresholds=[0.2, 0.6])],
    "Precision": [args(), args(thresholds=[0.2, 0.6], top_k=2, class_id=1)],
    "Recall": [args(), args(thresholds=0.6, top_k=2, class_id=1)],
    "PrecisionAtRecall": [args(recall=0.5), args(recall=0.5, **_AT)],
    "RecallAtPrecision": [args(precision=0.5), args(precision=0.5, **_AT)],
    "SensitivityAtSpecificity": [args(specificity=0.5), args(specificity=0.5, **_AT)],
    "SpecificityAtSensitivity": [args(sensitivity=0.5), args(sensitivity=0.5, **_AT)],
    "AUC": [
        args(),
        args(num_thresholds=5, curve="PR", summation_method="majoring", name="mine",
             dtype="float64", from_logits=True),
        args(thresholds=[0.2, 0.6], multi_label=True, num_labels=2, label_weights=[0.5, 1.0]),
    ],
    "F1Score": [args(), args(average="micro", threshold=0.5)],
    "FBetaScore": [args(), args(average="macro", beta=2.0, threshold=0.5)],
    "R2Score": [args(), args(class_aggregation="variance_weighted_average", num_regressors=2)],
    "IoU": [
        args(num_classes=3, target_class_ids=[1]),
        args(num_classes=3, target_class_ids=[0, 2], ignore_class=1, sparse_y_pred=False, axis=1),
    ],
    "BinaryIoU": [args(), args(target_class_ids=[1], threshold=0.3)],
    "MeanIoU": [args(num_classes=3), args(num_classes=3, ignore_class=1, axis=1)],
    "OneHotIoU": [args(num_classes=3, target_class_ids=[1], sparse_y_pred=True)],
    "OneHotMeanIoU": [args(num_classes=3, ignore_class=1, sparse_y_pred=True)],
}  # fmt: skip
_GATES = args(
    activation="relu", recurrent_activation="tanh", use_bias=False, kernel_initializer=ONES,
    recurrent_initializer="he_normal", kernel_regularizer=L1, recurrent_regularizer="l2",
    kernel_constraint="non_neg", recurrent_constraint="unit_norm", dropout=0.1,
    recurrent_dropout=0.2, seed=3,
)  # fmt: skip
_SIMPLE = {key: value for key, value in _GATES.items() if key != "recurrent_activation"}
_LOOP = args(
    return_sequences=True, return_state=True, go_backwards=True, stateful=True, unroll=True,
    name="mine", dtype="mixed_float16", trainable=False,
)  # fmt: skip
_DENSE = args(
    activation="relu", use_bias=False, kernel_initializer=ONES, bias_initializer="ones",
    kernel_regularizer=L1, bias_regularizer="l2", activity_regularizer="l1",
    kernel_constraint="non_neg", bias_constraint="unit_norm", name="mine", trainable=False,
    dtype="mixed_float16",
)  # fmt: skip
_EINSUM = {key: value for key, value in _DENSE.items() if key != "use_bias"}
_CONV = {key: value for key, value in _DENSE.items() if key != "dtype"}
_DEPTH = {
    **{key: value for key, value in _CONV.items() if "kernel" not in key},
    **args(depthwise_initializer=ONES, depthwise_regularizer=L1, depthwise_constraint="non_neg"),
}
_SEPARABLE = {
    **_DEPTH,
    **args(pointwise_initializer=ONES, pointwise_regularizer="l2", pointwise_constraint="max_norm"),
}
_NORM = args(
    beta_initializer=ONES, gamma_initializer="zeros", beta_regularizer=L1, gamma_regularizer="l2",
    beta_constraint="non_neg", gamma_constraint="unit_norm", epsilon=0.1,
)  # fmt: skip
LAYERS = {
    "ActivityRegularization": [args()],
    "AdditiveAttention": [args(use_scale=False, dropout=0.5, name="mine")],
    "Attention": [args(use_scale=True, score_mode="concat", dropout=0.5, seed=3)],
    "BatchNormalization": [args(axis=1, momentum=0.5, center=False, scale=False, **_NORM,
                                moving_mean_initializer=ONES, moving_variance_initializer="zeros",
                                name="mine")],
    "Bidirectional": [
        args(layer=LSTM), args(layer=LSTM, backward_layer=BACK, merge_mode=None, name="both"),
    ],
    "CategoryEncoding": [args(num_tokens=3, output_mode="count")],
    "HashedCrossing": [args(num_bins=3), args(num_bins=3, output_mode="one_hot", name="mine")],
    "Hashing": [
        args(num_bins=3), args(num_bins=3, output_mode="count", salt=3, mask_value="a"),
    ],
    "IntegerLookup": [
        args(), args(vocabulary=[3, 4], mask_token=0, output_mode="count", oov_method="farmhash",
                     num_oov_indices=2, salt=[1, 2]),
    ],
    "StringLookup": [
        args(), args(vocabulary=["a", "b"], idf_weights=[0.5, 0.25], output_mode="tf_idf",
                     max_tokens=5, pad_to_max_tokens=True, name="mine"),
        args(invert=True, oov_token="?", mask_token="", vocabulary=["a"]),
    ],
    "TextVectorization": [
        args(), args(max_tokens=9, standardize=None, split="character", ngrams=2,
                     output_sequence_length=3, name="mine"),
        args(vocabulary=["a"], output_mode="multi_hot"),
    ],
    "Conv1D": [args(filters=2, kernel_size=3, dilation_rate=2, padding="causal", **_CONV)],
    "Conv2D": [args(filters=4, kernel_size=[2, 3], strides=[1, 2], groups=2, padding="same",
                    data_format="channels_first", **_CONV)],
    "ConvLSTM2D": [
        args(filters=2, kernel_size=3),
        args(
            filters=2, kernel_size=[2, 3], strides=2, padding="same", dilation_rate=1,
            data_format="channels_first", unit_forget_bias=False, **_GATES,
            return_sequences=True, go_backwards=True, name="mine",
        ),
    ],
    "Conv3D": [args(filters=4, kernel_size=2, dilation_rate=2, **_CONV)],
    "Conv1DTranspose": [args(filters=2, kernel_size=3, strides=2, output_padding=1, **_CONV)],
    "Conv2DTranspose": [args(filters=2, kernel_size=3, strides=2, output_padding=1, **_CONV)],
    "Conv3DTranspose": [args(filters=2, kernel_size=3, strides=2, output_padding=1, **_CONV)],
    "Dense": [args(units=3), args(units=3, **_DENSE), args(units=3, dtype=MIXED)],
    "DepthwiseConv1D": [args(kernel_size=3, depth_multiplier=2, **_DEPTH)],
    "DepthwiseConv2D": [args(kernel_size=3, depth_multiplier=2, strides=2, **_DEPTH)],
    "Dot": [args(axes=[1, 2], normalize=True)],
    "Dropout": [args(rate=0.5), args(rate=0.5, noise_shape=[None, 1], seed=3, name="mine")],
    "EinsumDense": [
        args(equation="abc,cd->abd", output_shape=[None, 4], bias_axes="d", **_EINSUM),
    ],
    "Embedding": [
        args(input_dim=5, output_dim=2),
        args(input_dim=5, output_dim=2, mask_zero=True, embeddings_initializer=ONES,
             embeddings_regularizer=L1, embeddings_constraint="non_neg", name="mine"),
    ],
    "AlphaDropout": [args(rate=0.5, noise_shape=[None, 1], seed=3)],
    "GaussianDropout": [args(rate=0.5, seed=3)],
    "GaussianNoise": [args(stddev=0.5, seed=3)],
    "SpatialDropout2D": [args(rate=0.5, seed=3)],
    "GRU": [args(units=3), args(units=3, **_GATES, **_LOOP, reset_after=False)],
    "LSTM": [args(units=3), args(units=3, **_GATES, **_LOOP, unit_forget_bias=False)],
    "SimpleRNN": [args(units=3), args(units=3, **_SIMPLE, **_LOOP)],
    "GRUCell": [args(units=3), args(units=3, **_GATES, reset_after=False, name="mine")],
    "LSTMCell": [args(units=3), args(units=3, **_GATES, unit_forget_bias=False, name="mine")],
    "SimpleRNNCell": [args(units=3), args(units=3, **_SIMPLE, name="mine")],
    "StackedRNNCells": [args(cells=CELLS)],
    "RNN": [args(cell=CELLS[0]), args(cell=CELLS, zero_output_for_mask=True, **_LOOP)],
    "GroupNormalization": [args(groups=2, axis=1, center=False, **_NORM)],
    "GroupQueryAttention": [args(head_dim=2, num_query_heads=4, num_key_value_heads=2,
                                 use_bias=False, kernel_initializer=ONES, seed=3,
                                 kernel_regularizer=L1, kernel_constraint="non_neg")],
    "InputLayer": [
        args(shape=[3]), args(batch_shape=[2, 3], dtype="int32", name="mine"),
        args(shape=[], batch_size=4, optional=True),
    ],
    "LayerNormalization": [args(axis=[1, 2], center=False, **_NORM)],
    "Masking": [args(), args(mask_value=2.0)],
    "MultiHeadAttention": [args(num_heads=2, key_dim=3, use_bias=False, kernel_initializer=ONES,
                                seed=3, kernel_regularizer=L1, bias_constraint="non_neg",
                                attention_axes=[1], output_shape=[4], value_dim=2)],
    "Normalization": [args(), args(axis=None), args(axis=1, mean=1.0, variance=4.0)],
    "PReLU": [args(alpha_initializer=ONES, alpha_regularizer=L1, alpha_constraint="non_neg",
                   shared_axes=[1])],
    "Pipeline": [args(layers=[DENSE], name="mine")],
    "RMSNormalization": [args(axis=1, epsilon=0.1, name="mine")],
    "Rescaling": [args(scale=0.5)],
    "SeparableConv1D": [args(filters=3, kernel_size=2, depth_multiplier=2, **_SEPARABLE)],
    "SeparableConv2D": [args(filters=3, kernel_size=2, depth_multiplier=2, **_SEPARABLE)],
    "SpectralNormalization": [args(layer=DENSE, power_iterations=2)],
    "TimeDistributed": [args(layer=DENSE, name="mine")],
    "Wrapper": [args(layer=DENSE)],
}  # fmt: skip
OTHERS = {
    "dtype_policies": {
        "DTypePolicy": [args(name=name) for name in ("float32", "mixed_bfloat16", "float16")],
        "DTypePolicyMap": [args(), args(default_policy=MIXED, policy_map={"a/b": MIXED})],
    },
    "random": {"SeedGenerator": [args(seed=3), args(seed=4, name="mine")]},
}
FAMILIES = {
    "initializers": INITIALIZERS,
    "regularizers": REGULARIZERS,
    "constraints": CONSTRAINTS,
    "optimizers.schedules": SCHEDULES,
    "optimizers": OPTIMIZERS,
    "losses": LOSSES,
    "metrics": METRICS,
    "layers": LAYERS,
    **OTHERS,
}


def made(spec: Any) -> Any:
    """The configs in a spec as objects."""
    if isinstance(spec, dict) and "class_name" in spec and "config" in spec:
        found: Any = keras
        for part in [*spec["module"].split(".")[1:], spec["class_name"]]:
            found = getattr(found, part)
        return found(**made(spec["config"]))
    if isinstance(spec, dict):
        return {key: made(value) for key, value in spec.items()}
    if isinstance(spec, list):
        return [made(value) for value in spec]
    return tuple(map(made, spec)) if isinstance(spec, tuple) else spec


def cases() -> Any:
    """Every case: family, class, arguments, and the shapes to call a layer on, if any."""
    for family, classes in FAMILIES.items():
        for name, configs in classes.items():
            for config in configs:
                yield family, name, config, None
    source = importlib.util.spec_from_file_location("cases", TESTS / "cases.py")
    assert source is not None and source.loader is not None
    module = importlib.util.module_from_spec(source)
    source.loader.exec_module(module)
    for name, rows in module.LAYERS.items():
        for row in rows:
            if name not in ("Lambda", "InputLayer"):
                config = dict(row.config)
                if isinstance(config.get("padding"), str):
                    config["padding"] = config["padding"].lower()
                yield "layers", name, config, row


def call(layer: Any, row: Any) -> None:
    """Call a layer on symbolic inputs of a row's shapes."""
    dtype = "float32" if row.integers is None else "int32"
    inputs = [keras.KerasTensor((None, *shape), dtype) for shape in row.shapes]
    if row.apart or len(inputs) == 1:
        layer(*inputs)
    else:
        layer(inputs)


def record() -> Recording:
    recording = Recording(NOTE)
    numbers: dict[str, int] = {}
    for family, name, config, row in cases():
        number = numbers[name] = numbers.get(name, -1) + 1
        keras.utils.clear_session(free_memory=False)
        item = made(obj(family, name, **config))
        if row is not None:
            call(item, row)
        serialized = json.loads(json.dumps(keras.saving.serialize_keras_object(item)))
        shapes = {} if row is None else {"shapes": row.shapes, "apart": row.apart}
        if row is not None and row.integers is not None:
            shapes["integers"] = True
        recording.case(
            name=f"{family}.{name} {number}", family=family, class_name=name,
            config=jsonable(config), **shapes, serialized=serialized,
        )  # fmt: skip
    return recording
