"""What every public layer is tested on: one row at least for each, read by the contract tests.

A new layer needs a row here and nothing else; `test_every_layer_has_a_row` says so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Shape = tuple[int, ...]


class LayerCase(NamedTuple):
    """A layer, and inputs for it.

    Attributes:
        config: its arguments. A config of a layer stands for the layer inside of a wrapper.
        shapes: the shape of each input without the batch axis; several are given as one list,
            or `apart` as one argument each.
        integers: for integer inputs, a bound that they stay below.
        kinks: whether the function has kinks that finite differences would straddle near 0, so
            that inputs must keep a distance from it.
        training: whether to call it in training, where it has no randomness.
    """

    config: dict[str, Any]
    shapes: tuple[Shape, ...]
    integers: int | None = None
    kinks: bool = False
    training: bool = False
    apart: bool = False

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.config.items())
        return f"{shown or 'default'}-{'-'.join('x'.join(map(str, s)) for s in self.shapes)}"


def case(*shapes: Shape, **config: Any) -> LayerCase:
    """A case with one input, or several."""
    return LayerCase(config, shapes)


PAIR = ((3, 4), (3, 4))
INNER = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}}

# Not made of plain settings and called with inputs alone: a base; cells, and RNN, which is made of
# one (see tests/ops/test_scan.py and the recordings).
BASES = {"Wrapper", "Pipeline", "RNN", "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"}
# Those for texts and categories, whose numbers are whole: see tests/layers/test_texts.py.
BASES |= {"HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization"}

QUERY_AND_VALUE = ((3, 4), (5, 4))
LAYERS: dict[str, list[LayerCase]] = {
    "Activation": [case((3,), activation="tanh"), case((2, 3), activation="softmax")],
    "ActivityRegularization": [case((3,), l1=0.1, l2=0.2)],
    "AdaptiveAveragePooling1D": [case((5, 2), output_size=3), case((6, 2), output_size=2)],
    "AdaptiveAveragePooling2D": [
        case((4, 5, 2), output_size=(2, 3)),
        case((2, 4, 5), output_size=2, data_format="channels_first"),
    ],
    "AdaptiveAveragePooling3D": [case((2, 3, 4, 1), output_size=2)],
    "AdaptiveMaxPooling1D": [case((5, 2), output_size=3), case((6, 2), output_size=2)],
    "AdaptiveMaxPooling2D": [
        case((4, 5, 2), output_size=(2, 3)),
        case((2, 4, 5), output_size=2, data_format="channels_first"),
    ],
    "AdaptiveMaxPooling3D": [case((2, 3, 4, 1), output_size=2)],
    "Add": [case(*PAIR), case((4,), (3, 4), (4,))],
    "AdditiveAttention": [
        case(*QUERY_AND_VALUE),
        case(*QUERY_AND_VALUE, (5, 4), use_scale=False, dropout=0.2, seed=1),
    ],
    "AlphaDropout": [case((3,), rate=0.3)],
    "Attention": [
        case(*QUERY_AND_VALUE),
        case((3, 4), (5, 2), (5, 4), use_scale=True),
        case(*QUERY_AND_VALUE, score_mode="concat", use_scale=True),
    ],
    "AugMix": [case((4, 5, 3), num_chains=2, chain_depth=1, seed=1)],
    "AutoContrast": [case((4, 5, 2), value_range=(0, 1))],
    "Average": [case(*PAIR), case((1,), (4,))],
    "AveragePooling1D": [
        case((6, 2), pool_size=2),
        case((5, 2), pool_size=3, strides=2, padding="same"),
    ],
    "AveragePooling2D": [
        case((4, 5, 2), pool_size=(2, 3), strides=1),
        case((2, 4, 5), pool_size=2, padding="same", data_format="channels_first"),
    ],
    "AveragePooling3D": [case((2, 3, 4, 1), pool_size=2, padding="SAME")],
    "BatchNormalization": [
        case((3,)),
        case((3,))._replace(training=True),
        case((3, 4, 2), axis=1)._replace(training=True),
        case((4, 2), center=False, scale=False)._replace(training=True),
    ],
    "CenterCrop": [case((4, 5, 2), height=3, width=2), case((4, 5, 2), height=8, width=3)],
    "Concatenate": [case((3,), (4,)), case((2, 3), (1, 3), (2, 3), axis=1)],
    "Conv1D": [
        case((6, 2), filters=3, kernel_size=2, strides=2),
        case((6, 4), filters=4, kernel_size=3, padding="causal", dilation_rate=2, groups=2),
        case((3, 6), filters=2, kernel_size=2, padding="same", data_format="channels_first"),
    ],
    "Conv1DTranspose": [
        case((3, 2), filters=3, kernel_size=3, strides=2),
        case(
            (2, 3),
            filters=2,
            kernel_size=2,
            strides=3,
            output_padding=1,
            padding="same",
            data_format="channels_first",
        ),
    ],
    "Conv2D": [
        case((4, 5, 2), filters=3, kernel_size=(2, 3), activation="tanh"),
        case((5, 4, 1), filters=2, kernel_size=3, strides=(2, 1), padding="SAME"),
        case(
            (4, 3, 5),
            filters=2,
            kernel_size=2,
            groups=2,
            use_bias=False,
            data_format="channels_first",
        ),
        case((4, 5, 2), filters=1, kernel_size=1, kernel_regularizer="l2"),
    ],
    "Conv2DTranspose": [
        case((2, 3, 2), filters=2, kernel_size=(3, 2), strides=2, padding="same"),
        case((3, 2, 2), filters=1, kernel_size=2, dilation_rate=2, use_bias=False),
    ],
    "Conv3D": [case((3, 3, 4, 1), filters=2, kernel_size=2, strides=(1, 1, 2))],
    "Conv3DTranspose": [case((2, 1, 2, 1), filters=2, kernel_size=2, strides=2)],
    "CategoryEncoding": [
        case((3,), num_tokens=4)._replace(integers=4),
        case((3,), num_tokens=4, output_mode="count")._replace(integers=4),
        case((1,), num_tokens=4, output_mode="one_hot")._replace(integers=4),
    ],
    "Cropping1D": [case((5, 2)), case((5, 2), cropping=2), case((5, 2), cropping=(0, 3))],
    "Cropping2D": [
        case((4, 5, 2), cropping=((1, 0), (2, 1))),
        case((2, 4, 5), cropping=1, data_format="channels_first"),
    ],
    "Cropping3D": [case((3, 4, 5, 2)), case((3, 4, 5, 1), cropping=(1, 0, 2))],
    "CutMix": [case((4, 5, 3), factor=0.5)],
    "Dense": [
        case((3,), units=4),
        case((3,), units=1, activation="tanh", use_bias=False),
        case((2, 3), units=4, activation="softmax", kernel_regularizer="l2"),
        case((2, 1, 3), units=2, bias_initializer="ones", kernel_constraint="max_norm"),
    ],
    "DepthwiseConv1D": [case((5, 2), kernel_size=2, depth_multiplier=3)],
    "DepthwiseConv2D": [
        case((4, 5, 2), kernel_size=2, padding="same"),
        case((2, 4, 5), kernel_size=3, depth_multiplier=2, data_format="channels_first"),
    ],
    "Dot": [
        case((3,), (3,), axes=1),
        case((3, 4), (5, 4), axes=-1),
        case((3, 4), (4,), axes=(2, 1), normalize=True),
        case((3, 4, 2), (4, 3, 5), axes=(1, 2)),
    ],
    "Dropout": [case((3,), rate=0.5), case((3, 4), rate=0.0, noise_shape=(None, 1, None))],
    "ELU": [case((3,)), case((3,), alpha=0.5)],
    "EinsumDense": [
        case((3,), equation="ab,bc->ac", output_shape=4, bias_axes="c"),
        case((5, 3), equation="abc,cd->abd", output_shape=(None, 4), activation="tanh"),
        case((5, 3), equation="...x,xy->...y", output_shape=4, bias_axes="y"),
        case((2, 5, 3), equation="ab...,bc->ac...", output_shape=4, bias_axes="c"),
    ],
    "Discretization": [
        case((3,), bin_boundaries=[-0.5, 0.5], output_mode="multi_hot")._replace(kinks=True),
    ],
    "Embedding": [
        case((4,), input_dim=6, output_dim=3)._replace(integers=6),
        case((2, 3), input_dim=5, output_dim=1, mask_zero=True)._replace(integers=5),
    ],
    "Equalization": [case((4, 5, 2), value_range=(0, 1), bins=8)],
    "Flatten": [case((3, 4)), case(()), case((2, 3, 4), data_format="channels_first")],
    "GaussianDropout": [case((3,), rate=0.3)],
    "GaussianNoise": [case((3,), stddev=0.3)],
    "GlobalAveragePooling1D": [case((4, 3)), case((3, 4), data_format="channels_first")],
    "GlobalAveragePooling2D": [case((4, 5, 3)), case((4, 5, 3), keepdims=True)],
    "GlobalAveragePooling3D": [case((2, 4, 3, 3))],
    "GlobalMaxPooling1D": [case((4, 3)), case((4, 3), keepdims=True)],
    "GlobalMaxPooling2D": [case((4, 5, 3)), case((3, 4, 5), data_format="channels_first")],
    "GlobalMaxPooling3D": [case((2, 4, 3, 3))],
    "GroupNormalization": [
        case((6,), groups=3),
        case((2, 3, 4), groups=-1),
        case((4, 3), groups=2, axis=1, center=False),
    ],
    "GroupQueryAttention": [
        case(*QUERY_AND_VALUE, head_dim=2, num_query_heads=4, num_key_value_heads=2)._replace(
            apart=True
        ),
        case(
            (4, 3),
            (4, 3),
            head_dim=1,
            num_query_heads=2,
            num_key_value_heads=1,
            use_gate=True,
            sliding_window=2,
            dropout=0.1,
        )._replace(apart=True),
    ],
    "Identity": [case((3, 4))],
    "InputLayer": [case((3, 4), shape=(3, 4))],
    "Lambda": [case((3, 4), function="square", arguments={"factor": 2.0})],
    "LayerNormalization": [
        case((6,)),
        case((2, 3, 4), axis=(1, -1)),
        case((3, 4), axis=1, scale=False, epsilon=0.1),
    ],
    "LeakyReLU": [case((5,), negative_slope=0.2)._replace(kinks=True)],
    "Masking": [case((3, 2), mask_value=0.5)],
    "MaxNumBoundingBoxes": [case((4, 5, 2), max_number=3)],
    "MaxPooling1D": [case((6, 2)), case((5, 2), pool_size=3, strides=2, padding="same")],
    "MaxPooling2D": [
        case((4, 5, 2)),
        case((2, 4, 5), pool_size=3, strides=1, padding="same", data_format="channels_first"),
    ],
    "MaxPooling3D": [case((2, 3, 4, 1))],
    "Maximum": [case(*PAIR)._replace(kinks=True)],
    "MelSpectrogram": [
        case((40,), fft_length=16, sequence_stride=8, num_mel_bins=3, sampling_rate=400),
    ],
    "Minimum": [case(*PAIR)._replace(kinks=True)],
    "MixUp": [case((4, 5, 3), alpha=0.5)],
    "MultiHeadAttention": [
        case(*QUERY_AND_VALUE, num_heads=2, key_dim=3)._replace(apart=True),
        case(
            (3, 4),
            (5, 2),
            (5, 6),
            num_heads=2,
            key_dim=3,
            value_dim=2,
            output_shape=5,
            use_bias=False,
            use_gate=True,
            sliding_window=2,
            dropout=0.1,
        )._replace(apart=True),
        case((2, 3, 4), (2, 3, 4), num_heads=1, key_dim=2, attention_axes=(2,))._replace(
            apart=True
        ),
        case((2, 2, 3), (3, 2, 3), num_heads=2, key_dim=2)._replace(apart=True),
    ],
    "Multiply": [case(*PAIR), case((3, 4), (4,), (3, 4))],
    "Normalization": [
        case((3,)),
        case((3, 4), axis=(1, 2)),
        case((3,), mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0], invert=True),
        case((3,), axis=None, mean=1.0, variance=2.0),
    ],
    "PReLU": [
        case((5,), alpha_initializer="ones")._replace(kinks=True),
        case((2, 3, 4), shared_axes=(1, 2))._replace(kinks=True),
    ],
    "Permute": [case((3, 4), dims=(2, 1)), case((2, 3, 4), dims=(3, 1, 2))],
    "RMSNormalization": [case((6,)), case((2, 3, 4), axis=(1, 2))],
    "RandAugment": [case((4, 5, 3), num_ops=1, factor=(0.1, 0.3))],
    "RandomBrightness": [case((4, 4, 3), factor=0.2)],
    "RandomColorDegeneration": [case((4, 4, 3), factor=0.5, seed=1)],
    "RandomColorJitter": [
        case(
            (4, 4, 3),
            value_range=(0, 1),
            brightness_factor=0.2,
            contrast_factor=0.1,
            saturation_factor=0.3,
            hue_factor=0.2,
        ),
    ],
    "RandomContrast": [case((4, 4, 3), factor=0.2)],
    "RandomCrop": [case((4, 5, 2), height=6, width=3, seed=1)._replace(training=True)],
    "RandomElasticTransform": [case((4, 5, 2), scale=0.5)],
    "RandomErasing": [case((4, 5, 2), scale=(0.1, 0.2), fill_value=0.5)],
    "RandomFlip": [case((3, 4, 2)), case((2, 3, 4), mode="vertical", data_format="channels_first")],
    "RandomGaussianBlur": [case((4, 5, 2), kernel_size=(3, 5))],
    "RandomGrayscale": [case((4, 5, 3), factor=0.3)],
    "RandomHue": [case((4, 5, 3), factor=0.3)],
    "RandomInvert": [case((4, 5, 2), factor=0.3, value_range=(0, 1))],
    "RandomPerspective": [case((4, 5, 2), scale=0.3)],
    "RandomPosterization": [case((4, 5, 2), factor=(2, 5))],
    "RandomRotation": [case((4, 4, 2), factor=0.1, fill_mode="wrap")],
    "RandomSaturation": [case((4, 5, 3), factor=(0.3, 0.6))],
    "RandomSharpness": [case((4, 5, 3), factor=0.3)],
    "RandomShear": [case((4, 5, 3), x_factor=0.3, y_factor=(0.1, 0.2))],
    "RandomTranslation": [case((4, 4, 2), height_factor=0.2, width_factor=(-0.1, 0.3))],
    "RandomZoom": [case((4, 4, 2), height_factor=(-0.2, 0.1), interpolation="nearest")],
    "ReLU": [
        case((5,))._replace(kinks=True),
        case((5,), max_value=1.5, negative_slope=0.1, threshold=0.01)._replace(kinks=True),
    ],
    "RepeatVector": [case((3,), n=4)],
    "ReversibleEmbedding": [
        case((4,), input_dim=6, output_dim=3)._replace(integers=6),
        case((4,), input_dim=6, output_dim=3, mask_zero=True)._replace(integers=6),
    ],
    "Rescaling": [case((3,), scale=0.1, offset=-1.0), case((2, 3), scale=[1.0, 2.0, 3.0])],
    "Reshape": [case((3, 4), target_shape=(2, 6)), case((3, 4), target_shape=(6, -1))],
    "Resizing": [
        case((4, 5, 2), height=3, width=7, antialias=True),
        case((2, 4, 5), height=3, width=7, interpolation="bicubic", data_format="channels_first"),
        case((4, 5, 2), height=6, width=6, interpolation="lanczos3", pad_to_aspect_ratio=True),
        case((4, 5, 2), height=6, width=6, interpolation="nearest", crop_to_aspect_ratio=True),
    ],
    "SeparableConv1D": [case((5, 2), filters=3, kernel_size=2)],
    "SeparableConv2D": [
        case((4, 5, 2), filters=3, kernel_size=2, depth_multiplier=2, padding="same")
    ],
    "Softmax": [case((5,)), case((3, 4), axis=(1, 2))],
    "Solarization": [case((4, 5, 2), threshold_factor=0.5)],
    "SpatialDropout1D": [case((4, 3), rate=0.5)],
    "SpatialDropout2D": [case((4, 2, 3), rate=0.5, data_format="channels_first")],
    "SpatialDropout3D": [case((2, 4, 2, 3), rate=0.5)],
    "STFTSpectrogram": [
        case((20, 2), frame_length=6, frame_step=4),
        case((2, 20), mode="stft", frame_length=6, data_format="channels_first"),
        case((20, 1), mode="real", frame_length=4, padding="same", expand_dims=True),
    ],
    "SpectralNormalization": [
        case((5,), layer=INNER),
        case((4,), layer=INNER, power_iterations=30)._replace(training=True),
    ],
    "Subtract": [case(*PAIR), case((3, 4), (4,))],
    "Bidirectional": [
        case((3, 2), layer={"module": "keras.layers", "class_name": "GRU", "config": {"units": 2}}),
        case(
            (3, 2),
            layer={
                "module": "keras.layers",
                "class_name": "LSTM",
                "config": {"units": 2, "return_sequences": True},
            },
            merge_mode="sum",
        ),
    ],
    "ConvLSTM1D": [
        case((3, 4, 2), filters=2, kernel_size=2),
        case((2, 2, 5), filters=1, kernel_size=3, strides=2, data_format="channels_first"),
    ],
    "ConvLSTM2D": [
        case((2, 4, 3, 2), filters=2, kernel_size=(2, 3), padding="same", return_sequences=True),
        case((2, 5, 5, 1), filters=1, kernel_size=2, dilation_rate=2, unit_forget_bias=False),
    ],
    "ConvLSTM3D": [case((2, 2, 3, 2, 1), filters=1, kernel_size=2, dropout=0.2)],
    "GRU": [
        case((3, 2), units=2),
        case((3, 2), units=2, reset_after=False, return_sequences=True),
    ],
    "LSTM": [
        case((3, 2), units=2),
        case((1, 3), units=2, go_backwards=True, return_sequences=True),
    ],
    "SimpleRNN": [case((3, 2), units=2), case((2, 1), units=3, return_sequences=True)],
    "TimeDistributed": [case((4, 5), layer=INNER), case((4, 2, 5), layer=INNER)],
    "UnitNormalization": [case((5,)), case((3, 4), axis=(1, 2))],
    "UpSampling1D": [case((3, 2), size=3)],
    "UpSampling2D": [
        case((3, 2, 2), size=(1, 3)),
        case((2, 3, 2), data_format="channels_first"),
        case((3, 2, 2), size=(2, 3), interpolation="bilinear"),
    ],
    "UpSampling3D": [case((2, 1, 2, 1))],
    "ZeroPadding1D": [case((3, 2)), case((3, 2), padding=(0, 2))],
    "ZeroPadding2D": [
        case((3, 2, 2), padding=((1, 0), (2, 1))),
        case((2, 3, 2), padding=(1, 2), data_format="channels_first"),
    ],
    "ZeroPadding3D": [case((2, 1, 2, 1)), case((2, 1, 2, 1), padding=(1, 0, 2))],
}
