"""Dense layers, activations, reshaping, embeddings and merging."""

from __future__ import annotations

import numpy as np

from record.common import Recording, args, generator, integers, normal, uniform
from record.layers import NOTE, record_layer

ACTIVATIONS = ("relu", "sigmoid", "tanh", "softmax", "gelu", "silu", "elu", "selu", "softplus")


def regularizer(name: str, **config) -> dict:
    return {"class_name": name, "config": config}


def dense(recording: Recording) -> None:
    matrix, box = normal("dense matrix", (5, 4)), normal("dense box", (2, 3, 4))

    def case(name, config, x=matrix):
        record_layer(recording, f"dense.{name}", "Dense", {"units": 3, **config}, x)

    case("linear", {})
    case("no_bias", args(use_bias=False))
    case("box", args(activation="relu"), box)
    case("one_unit", args(units=1, activation="sigmoid"))
    for activation in ACTIVATIONS:
        case(activation, args(activation=activation))
    case("kernel_l2", args(kernel_regularizer=regularizer("L2", l2=0.01)))
    case("kernel_l1", args(kernel_regularizer=regularizer("L1", l1=0.02)))
    case(
        "all_regularizers",
        args(
            activation="tanh",
            kernel_regularizer=regularizer("L1L2", l1=0.01, l2=0.02),
            bias_regularizer=regularizer("L2", l2=0.1),
            activity_regularizer=regularizer("L2", l2=0.05),
        ),
    )
    case("string_regularizers", args(kernel_regularizer="l2", bias_regularizer="l1"))
    case("orthogonal", args(kernel_regularizer=regularizer("OrthogonalRegularizer", factor=0.1)))
    for name, config in (
        ("MaxNorm", args(max_value=0.5)),
        ("MaxNorm", args(max_value=0.5, axis=1)),
        ("MinMaxNorm", args(min_value=0.5, max_value=0.8, rate=0.7)),
        ("NonNeg", {}),
        ("UnitNorm", {}),
    ):
        constraint = regularizer(name, **config)
        suffix = "_axis_1" if "axis" in config else ""
        case(f"{name}{suffix}", args(kernel_constraint=constraint, bias_constraint="non_neg"))
    for equation, shape, bias in (
        ("abc,cd->abd", [None, 3], "d"),
        ("abc,cde->abde", [None, 2, 3], "de"),
    ):
        config = args(equation=equation, output_shape=shape, bias_axes=bias)
        record_layer(recording, f"einsum_dense.{bias}", "EinsumDense", config, box)


def activations(recording: Recording) -> None:
    x = normal("activation input", (4, 6), 3.0)
    x[0, :3] = 0.0, -0.0, 1.0
    cases = [
        *[("Activation", args(activation=name)) for name in ACTIVATIONS],
        ("ReLU", {}),
        ("ReLU", args(max_value=2.0)),
        ("ReLU", args(negative_slope=0.1)),
        ("ReLU", args(max_value=2.0, negative_slope=0.1, threshold=0.5)),
        ("LeakyReLU", {}),
        ("LeakyReLU", args(negative_slope=0.1)),
        ("ELU", {}),
        ("ELU", args(alpha=0.5)),
        ("Softmax", {}),
        ("Softmax", args(axis=0)),
        ("PReLU", {}),
        ("Identity", {}),
        ("Rescaling", args(scale=0.5)),
        ("Rescaling", args(scale=2.0, offset=-1.0)),
        ("ActivityRegularization", args(l1=0.01, l2=0.02)),
        ("UnitNormalization", {}),
        *[(name, args(rate=0.4)) for name in ("Dropout", "AlphaDropout", "GaussianDropout")],
        ("GaussianNoise", args(stddev=0.3)),
    ]
    for number, (layer, config) in enumerate(cases):
        record_layer(recording, f"activation.{number}.{layer}", layer, config, x)
    box = normal("activation box", (2, 3, 4), 2.0)
    record_layer(recording, "activation.prelu_shared", "PReLU", args(shared_axes=[1]), box)
    record_layer(recording, "activation.softmax_axes", "Softmax", args(axis=[1, 2]), box)
    mask = generator("softmax mask").random((4, 6)) > 0.3
    record_layer(recording, "activation.softmax_mask", "Softmax", {}, x, call_arrays={"mask": mask})
    pixels = integers("pixels", (2, 4), 256).astype(np.uint8)
    record_layer(recording, "activation.pixels", "Rescaling", args(scale=1 / 255), pixels)


def shapes(recording: Recording) -> None:
    row, matrix = normal("row", (3, 6)), normal("reshape matrix", (2, 4, 3))
    image, volume = normal("reshape image", (2, 4, 5, 2)), normal("reshape volume", (1, 3, 4, 3, 2))
    first = args(data_format="channels_first")
    cases = [
        ("Flatten", {}, image),
        ("Flatten", first, image),
        ("Flatten", {}, row),
        ("Flatten", {}, normal("flatten vector", (4,))),
        ("Reshape", args(target_shape=[2, 3]), row),
        ("Reshape", args(target_shape=[3, -1]), row),
        ("Reshape", args(target_shape=[-1]), image),
        ("Permute", args(dims=[2, 1]), matrix),
        ("Permute", args(dims=[3, 1, 2]), image),
        ("RepeatVector", args(n=3), row),
        ("UpSampling1D", args(size=3), matrix),
        ("UpSampling2D", {}, image),
        ("UpSampling2D", args(size=[3, 2]), image),
        ("UpSampling2D", args(size=[2, 3], **first), image),
        ("UpSampling2D", args(size=2, interpolation="bilinear"), image),
        ("UpSampling3D", args(size=[1, 2, 2]), volume),
        ("ZeroPadding1D", args(padding=2), matrix),
        ("ZeroPadding1D", args(padding=[0, 3]), matrix),
        ("ZeroPadding2D", args(padding=1), image),
        ("ZeroPadding2D", args(padding=[[0, 2], [1, 3]]), image),
        ("ZeroPadding2D", args(padding=[1, 2], **first), image),
        ("ZeroPadding3D", args(padding=[[0, 1], [1, 0], [2, 1]]), volume),
        ("Cropping1D", args(cropping=[1, 2]), matrix),
        ("Cropping2D", args(cropping=[[1, 0], [2, 1]]), image),
        ("Cropping2D", args(cropping=1), image),
        ("Cropping3D", args(cropping=[[1, 0], [1, 1], [0, 2]]), volume),
    ]
    for number, (layer, config, x) in enumerate(cases):
        record_layer(recording, f"shape.{number}.{layer}", layer, config, x)


def embeddings(recording: Recording) -> None:
    words = integers("words", (3, 5), 7)
    words[0, 3:], words[1, 0], words[2, 2:] = 0, 0, 0
    config = args(input_dim=7, output_dim=4)
    record_layer(recording, "embedding.plain", "Embedding", config, words)
    masked = {**config, "mask_zero": True}
    record_layer(recording, "embedding.mask", "Embedding", masked, words, mask_of=True)
    regularized = {**config, "embeddings_regularizer": "l2", "embeddings_constraint": "unit_norm"}
    record_layer(recording, "embedding.l2", "Embedding", regularized, words)
    record_layer(recording, "embedding.column", "Embedding", config, words[:, :1])
    sequence = normal("masked sequence", (3, 4, 2))
    sequence[0, 2:], sequence[1, 0], sequence[2, 1, 0] = 0.0, 0.0, 0.0
    record_layer(recording, "masking.plain", "Masking", {}, sequence, mask_of=True)
    sequence = np.where(sequence == 0, np.float32(9), sequence)
    nine = args(mask_value=9.0)
    record_layer(recording, "masking.nine", "Masking", nine, sequence, mask_of=True)


def merges(recording: Recording) -> None:
    one, two, three = (normal(f"merge {i}", (3, 4)) for i in range(3))
    two[0, 0] = one[0, 0]  # A tie for Maximum and Minimum.
    for layer in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        inputs = one, two, three
        record_layer(recording, f"merge.{layer}", layer, {}, *inputs, as_list=True)
    record_layer(recording, "merge.Subtract", "Subtract", {}, one, two, as_list=True)
    wide = normal("merge wide", (3, 1, 4)), normal("merge high", (3, 5, 1))
    for layer in ("Add", "Subtract", "Multiply", "Maximum"):
        name = f"merge.{layer}.broadcast"
        record_layer(recording, name, layer, {}, *wide, as_list=True)
    boxes = normal("merge box", (2, 3, 4)), normal("merge box 2", (2, 5, 4))
    config = args(axis=1)
    record_layer(recording, "merge.Concatenate.1", "Concatenate", config, *boxes, as_list=True)
    for name, config, inputs in (
        ("vectors", args(axes=1), (one, two)),
        ("normalized", args(axes=1, normalize=True), (one, two)),
        ("boxes", args(axes=2), boxes),
        ("axes", args(axes=[2, 1]), (boxes[0], normal("merge box 3", (2, 4, 5)))),
        ("box_and_vector", args(axes=[2, 1]), (boxes[0], normal("merge vector", (2, 4)))),
    ):
        record_layer(recording, f"merge.Dot.{name}", "Dot", config, *inputs, as_list=True)


def preprocessing(recording: Recording) -> None:
    x = uniform("preprocessing", (5, 3), -2.0, 5.0)
    statistics = args(axis=-1, mean=[0.5, 1.0, -1.0], variance=[1.0, 4.0, 0.25])
    record_layer(recording, "normalization.plain", "Normalization", statistics, x)
    inverse = {**statistics, "invert": True}
    record_layer(recording, "normalization.invert", "Normalization", inverse, x)
    for mode in ("int", "one_hot", "multi_hot", "count"):
        config = args(bin_boundaries=[-1.0, 0.0, 2.0], output_mode=mode)
        record_layer(recording, f"discretization.{mode}", "Discretization", config, x)
    words = integers("category", (4, 3), 5)
    for mode in ("one_hot", "multi_hot", "count"):
        config, rows = (
            args(num_tokens=5, output_mode=mode),
            words[:, :1] if mode == "one_hot" else words,
        )
        record_layer(recording, f"category.{mode}", "CategoryEncoding", config, rows)


def record() -> Recording:
    recording = Recording(NOTE)
    for family in (dense, activations, shapes, embeddings, merges, preprocessing):
        family(recording)
    return recording
