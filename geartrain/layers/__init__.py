"""Layers: the building blocks of models."""

from typing import Any

from geartrain.compat.names import finder
from geartrain.identifiers import Family
from geartrain.lazy import lazy_names, within

_PLACES = {
    "activation_layers": "ELU Activation LeakyReLU PReLU ReLU Softmax",
    "adaptive_pooling": (
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D"
    ),
    "attention": "AdditiveAttention Attention",
    "batch_normalization": "BatchNormalization",
    "bidirectional": "Bidirectional",
    "cells": "GRUCell LSTMCell SimpleRNNCell",
    "conv_lstm": "ConvLSTM1D ConvLSTM2D ConvLSTM3D",
    "convolution": "Conv1D Conv2D Conv3D",
    "convolution_transpose": "Conv1DTranspose Conv2DTranspose Conv3DTranspose",
    "dense": "Dense",
    "depthwise_convolution": "DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D",
    "einsum_dense": "EinsumDense",
    "encoding": "CategoryEncoding Discretization",
    "general": "Embedding Identity Lambda Masking",
    "global_pooling": (
        "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D "
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D"
    ),
    "images.colors": (
        "RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast "
        "RandomGrayscale RandomHue RandomSaturation RandomSharpness"
    ),
    "images.distortion": (
        "RandomElasticTransform RandomErasing RandomGaussianBlur RandomPerspective"
    ),
    "images.geometry": "RandomFlip RandomRotation RandomShear RandomTranslation RandomZoom",
    "images.levels": "AutoContrast Equalization RandomInvert RandomPosterization Solarization",
    "images.mixing": "AugMix CutMix MixUp RandAugment",
    "images.sizes": "CenterCrop MaxNumBoundingBoxes RandomCrop Resizing",
    "hashing": "HashedCrossing Hashing",
    "input_layer": "Input InputLayer",
    "input_spec": "InputSpec",
    "layer": "Layer",
    "lookup": "IntegerLookup StringLookup",
    "merging": (
        "Add Average Concatenate Dot Maximum Minimum Multiply Subtract add average concatenate "
        "dot maximum minimum multiply subtract"
    ),
    "multi_head_attention": "MultiHeadAttention",
    "normalizing": "GroupNormalization LayerNormalization RMSNormalization UnitNormalization",
    "pipeline": "Pipeline",
    "pooling": (
        "AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D"
    ),
    "recurrent": "GRU LSTM RNN SimpleRNN",
    "regularization": (
        "ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise "
        "SpatialDropout1D SpatialDropout2D SpatialDropout3D"
    ),
    "rescaling": "Normalization Rescaling",
    "reshaping": "Flatten Permute RepeatVector Reshape",
    "resizing": (
        "Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D "
        "ZeroPadding2D ZeroPadding3D"
    ),
    "reversible_embedding": "ReversibleEmbedding",
    "spectral_normalization": "SpectralNormalization",
    "spectrograms": "MelSpectrogram STFTSpectrogram",
    "stacked_cells": "StackedRNNCells",
    "text_vectorization": "TextVectorization",
    "wrappers": "TimeDistributed Wrapper",
}
_ALIASES = {  # the module, and the name there
    "GroupQueryAttention": "grouped_query_attention:GroupedQueryAttention",
    "GlobalAvgPool1D": "global_pooling:GlobalAveragePooling1D",
    "GlobalMaxPool1D": "global_pooling:GlobalMaxPooling1D",
    "GlobalAvgPool2D": "global_pooling:GlobalAveragePooling2D",
    "GlobalMaxPool2D": "global_pooling:GlobalMaxPooling2D",
    "GlobalAvgPool3D": "global_pooling:GlobalAveragePooling3D",
    "GlobalMaxPool3D": "global_pooling:GlobalMaxPooling3D",
    "AvgPool1D": "pooling:AveragePooling1D",
    "MaxPool1D": "pooling:MaxPooling1D",
    "AvgPool2D": "pooling:AveragePooling2D",
    "MaxPool2D": "pooling:MaxPooling2D",
    "AvgPool3D": "pooling:AveragePooling3D",
    "MaxPool3D": "pooling:MaxPooling3D",
    "Convolution1D": "convolution:Conv1D",
    "Convolution2D": "convolution:Conv2D",
    "Convolution3D": "convolution:Conv3D",
    "Convolution1DTranspose": "convolution_transpose:Conv1DTranspose",
    "Convolution2DTranspose": "convolution_transpose:Conv2DTranspose",
    "Convolution3DTranspose": "convolution_transpose:Conv3DTranspose",
    "SeparableConvolution1D": "depthwise_convolution:SeparableConv1D",
    "SeparableConvolution2D": "depthwise_convolution:SeparableConv2D",
}

_family = Family("layers", "layer")
deserialize = _family.deserialize


def serialize(layer: Any) -> Any:
    """The layer as plain data, from which `deserialize` makes it again.

    >>> from geartrain.layers import Flatten
    >>> serialize(Flatten())["class_name"]
    'Flatten'
    """
    return _family.serialize(layer)


_names = within(__name__, _PLACES) | {n: f"{__name__}.{at}" for n, at in _ALIASES.items()}
__all__ = ["deserialize", "serialize", *_names]
# Other names are those of older Keras, and the reasons why some are not here.
__getattr__, __dir__ = lazy_names(__name__, _names, finder("layers"))
