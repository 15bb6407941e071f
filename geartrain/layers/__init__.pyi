# Written by scripts/stubs.py.
from typing import Any

from geartrain.layers.activation_layers import ELU as ELU
from geartrain.layers.activation_layers import Activation as Activation
from geartrain.layers.activation_layers import LeakyReLU as LeakyReLU
from geartrain.layers.activation_layers import PReLU as PReLU
from geartrain.layers.activation_layers import ReLU as ReLU
from geartrain.layers.activation_layers import Softmax as Softmax
from geartrain.layers.adaptive_pooling import AdaptiveAveragePooling1D as AdaptiveAveragePooling1D
from geartrain.layers.adaptive_pooling import AdaptiveAveragePooling2D as AdaptiveAveragePooling2D
from geartrain.layers.adaptive_pooling import AdaptiveAveragePooling3D as AdaptiveAveragePooling3D
from geartrain.layers.adaptive_pooling import AdaptiveMaxPooling1D as AdaptiveMaxPooling1D
from geartrain.layers.adaptive_pooling import AdaptiveMaxPooling2D as AdaptiveMaxPooling2D
from geartrain.layers.adaptive_pooling import AdaptiveMaxPooling3D as AdaptiveMaxPooling3D
from geartrain.layers.attention import AdditiveAttention as AdditiveAttention
from geartrain.layers.attention import Attention as Attention
from geartrain.layers.batch_normalization import BatchNormalization as BatchNormalization
from geartrain.layers.bidirectional import Bidirectional as Bidirectional
from geartrain.layers.cells import GRUCell as GRUCell
from geartrain.layers.cells import LSTMCell as LSTMCell
from geartrain.layers.cells import SimpleRNNCell as SimpleRNNCell
from geartrain.layers.conv_lstm import ConvLSTM1D as ConvLSTM1D
from geartrain.layers.conv_lstm import ConvLSTM2D as ConvLSTM2D
from geartrain.layers.conv_lstm import ConvLSTM3D as ConvLSTM3D
from geartrain.layers.convolution import Conv1D as Conv1D
from geartrain.layers.convolution import Conv1D as Convolution1D
from geartrain.layers.convolution import Conv2D as Conv2D
from geartrain.layers.convolution import Conv2D as Convolution2D
from geartrain.layers.convolution import Conv3D as Conv3D
from geartrain.layers.convolution import Conv3D as Convolution3D
from geartrain.layers.convolution_transpose import Conv1DTranspose as Conv1DTranspose
from geartrain.layers.convolution_transpose import Conv1DTranspose as Convolution1DTranspose
from geartrain.layers.convolution_transpose import Conv2DTranspose as Conv2DTranspose
from geartrain.layers.convolution_transpose import Conv2DTranspose as Convolution2DTranspose
from geartrain.layers.convolution_transpose import Conv3DTranspose as Conv3DTranspose
from geartrain.layers.convolution_transpose import Conv3DTranspose as Convolution3DTranspose
from geartrain.layers.dense import Dense as Dense
from geartrain.layers.depthwise_convolution import DepthwiseConv1D as DepthwiseConv1D
from geartrain.layers.depthwise_convolution import DepthwiseConv2D as DepthwiseConv2D
from geartrain.layers.depthwise_convolution import SeparableConv1D as SeparableConv1D
from geartrain.layers.depthwise_convolution import SeparableConv1D as SeparableConvolution1D
from geartrain.layers.depthwise_convolution import SeparableConv2D as SeparableConv2D
from geartrain.layers.depthwise_convolution import SeparableConv2D as SeparableConvolution2D
from geartrain.layers.einsum_dense import EinsumDense as EinsumDense
from geartrain.layers.encoding import CategoryEncoding as CategoryEncoding
from geartrain.layers.encoding import Discretization as Discretization
from geartrain.layers.general import Embedding as Embedding
from geartrain.layers.general import Identity as Identity
from geartrain.layers.general import Lambda as Lambda
from geartrain.layers.general import Masking as Masking
from geartrain.layers.global_pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from geartrain.layers.global_pooling import GlobalAveragePooling1D as GlobalAvgPool1D
from geartrain.layers.global_pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from geartrain.layers.global_pooling import GlobalAveragePooling2D as GlobalAvgPool2D
from geartrain.layers.global_pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from geartrain.layers.global_pooling import GlobalAveragePooling3D as GlobalAvgPool3D
from geartrain.layers.global_pooling import GlobalMaxPooling1D as GlobalMaxPool1D
from geartrain.layers.global_pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from geartrain.layers.global_pooling import GlobalMaxPooling2D as GlobalMaxPool2D
from geartrain.layers.global_pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from geartrain.layers.global_pooling import GlobalMaxPooling3D as GlobalMaxPool3D
from geartrain.layers.global_pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from geartrain.layers.grouped_query_attention import GroupedQueryAttention as GroupQueryAttention
from geartrain.layers.hashing import HashedCrossing as HashedCrossing
from geartrain.layers.hashing import Hashing as Hashing
from geartrain.layers.images.colors import RandomBrightness as RandomBrightness
from geartrain.layers.images.colors import RandomColorDegeneration as RandomColorDegeneration
from geartrain.layers.images.colors import RandomColorJitter as RandomColorJitter
from geartrain.layers.images.colors import RandomContrast as RandomContrast
from geartrain.layers.images.colors import RandomGrayscale as RandomGrayscale
from geartrain.layers.images.colors import RandomHue as RandomHue
from geartrain.layers.images.colors import RandomSaturation as RandomSaturation
from geartrain.layers.images.colors import RandomSharpness as RandomSharpness
from geartrain.layers.images.distortion import RandomElasticTransform as RandomElasticTransform
from geartrain.layers.images.distortion import RandomErasing as RandomErasing
from geartrain.layers.images.distortion import RandomGaussianBlur as RandomGaussianBlur
from geartrain.layers.images.distortion import RandomPerspective as RandomPerspective
from geartrain.layers.images.geometry import RandomFlip as RandomFlip
from geartrain.layers.images.geometry import RandomRotation as RandomRotation
from geartrain.layers.images.geometry import RandomShear as RandomShear
from geartrain.layers.images.geometry import RandomTranslation as RandomTranslation
from geartrain.layers.images.geometry import RandomZoom as RandomZoom
from geartrain.layers.images.levels import AutoContrast as AutoContrast
from geartrain.layers.images.levels import Equalization as Equalization
from geartrain.layers.images.levels import RandomInvert as RandomInvert
from geartrain.layers.images.levels import RandomPosterization as RandomPosterization
from geartrain.layers.images.levels import Solarization as Solarization
from geartrain.layers.images.mixing import AugMix as AugMix
from geartrain.layers.images.mixing import CutMix as CutMix
from geartrain.layers.images.mixing import MixUp as MixUp
from geartrain.layers.images.mixing import RandAugment as RandAugment
from geartrain.layers.images.sizes import CenterCrop as CenterCrop
from geartrain.layers.images.sizes import MaxNumBoundingBoxes as MaxNumBoundingBoxes
from geartrain.layers.images.sizes import RandomCrop as RandomCrop
from geartrain.layers.images.sizes import Resizing as Resizing
from geartrain.layers.input_layer import Input as Input
from geartrain.layers.input_layer import InputLayer as InputLayer
from geartrain.layers.input_spec import InputSpec as InputSpec
from geartrain.layers.layer import Layer as Layer
from geartrain.layers.lookup import IntegerLookup as IntegerLookup
from geartrain.layers.lookup import StringLookup as StringLookup
from geartrain.layers.merging import Add as Add
from geartrain.layers.merging import Average as Average
from geartrain.layers.merging import Concatenate as Concatenate
from geartrain.layers.merging import Dot as Dot
from geartrain.layers.merging import Maximum as Maximum
from geartrain.layers.merging import Minimum as Minimum
from geartrain.layers.merging import Multiply as Multiply
from geartrain.layers.merging import Subtract as Subtract
from geartrain.layers.merging import add as add
from geartrain.layers.merging import average as average
from geartrain.layers.merging import concatenate as concatenate
from geartrain.layers.merging import dot as dot
from geartrain.layers.merging import maximum as maximum
from geartrain.layers.merging import minimum as minimum
from geartrain.layers.merging import multiply as multiply
from geartrain.layers.merging import subtract as subtract
from geartrain.layers.multi_head_attention import MultiHeadAttention as MultiHeadAttention
from geartrain.layers.normalizing import GroupNormalization as GroupNormalization
from geartrain.layers.normalizing import LayerNormalization as LayerNormalization
from geartrain.layers.normalizing import RMSNormalization as RMSNormalization
from geartrain.layers.normalizing import UnitNormalization as UnitNormalization
from geartrain.layers.pipeline import Pipeline as Pipeline
from geartrain.layers.pooling import AveragePooling1D as AveragePooling1D
from geartrain.layers.pooling import AveragePooling1D as AvgPool1D
from geartrain.layers.pooling import AveragePooling2D as AveragePooling2D
from geartrain.layers.pooling import AveragePooling2D as AvgPool2D
from geartrain.layers.pooling import AveragePooling3D as AveragePooling3D
from geartrain.layers.pooling import AveragePooling3D as AvgPool3D
from geartrain.layers.pooling import MaxPooling1D as MaxPool1D
from geartrain.layers.pooling import MaxPooling1D as MaxPooling1D
from geartrain.layers.pooling import MaxPooling2D as MaxPool2D
from geartrain.layers.pooling import MaxPooling2D as MaxPooling2D
from geartrain.layers.pooling import MaxPooling3D as MaxPool3D
from geartrain.layers.pooling import MaxPooling3D as MaxPooling3D
from geartrain.layers.recurrent import GRU as GRU
from geartrain.layers.recurrent import LSTM as LSTM
from geartrain.layers.recurrent import RNN as RNN
from geartrain.layers.recurrent import SimpleRNN as SimpleRNN
from geartrain.layers.regularization import ActivityRegularization as ActivityRegularization
from geartrain.layers.regularization import AlphaDropout as AlphaDropout
from geartrain.layers.regularization import Dropout as Dropout
from geartrain.layers.regularization import GaussianDropout as GaussianDropout
from geartrain.layers.regularization import GaussianNoise as GaussianNoise
from geartrain.layers.regularization import SpatialDropout1D as SpatialDropout1D
from geartrain.layers.regularization import SpatialDropout2D as SpatialDropout2D
from geartrain.layers.regularization import SpatialDropout3D as SpatialDropout3D
from geartrain.layers.rescaling import Normalization as Normalization
from geartrain.layers.rescaling import Rescaling as Rescaling
from geartrain.layers.reshaping import Flatten as Flatten
from geartrain.layers.reshaping import Permute as Permute
from geartrain.layers.reshaping import RepeatVector as RepeatVector
from geartrain.layers.reshaping import Reshape as Reshape
from geartrain.layers.resizing import Cropping1D as Cropping1D
from geartrain.layers.resizing import Cropping2D as Cropping2D
from geartrain.layers.resizing import Cropping3D as Cropping3D
from geartrain.layers.resizing import UpSampling1D as UpSampling1D
from geartrain.layers.resizing import UpSampling2D as UpSampling2D
from geartrain.layers.resizing import UpSampling3D as UpSampling3D
from geartrain.layers.resizing import ZeroPadding1D as ZeroPadding1D
from geartrain.layers.resizing import ZeroPadding2D as ZeroPadding2D
from geartrain.layers.resizing import ZeroPadding3D as ZeroPadding3D
from geartrain.layers.reversible_embedding import ReversibleEmbedding as ReversibleEmbedding
from geartrain.layers.spectral_normalization import SpectralNormalization as SpectralNormalization
from geartrain.layers.spectrograms import MelSpectrogram as MelSpectrogram
from geartrain.layers.spectrograms import STFTSpectrogram as STFTSpectrogram
from geartrain.layers.stacked_cells import StackedRNNCells as StackedRNNCells
from geartrain.layers.text_vectorization import TextVectorization as TextVectorization
from geartrain.layers.wrappers import TimeDistributed as TimeDistributed
from geartrain.layers.wrappers import Wrapper as Wrapper

deserialize: Any

def serialize(layer: Any) -> Any: ...

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "AugMix",
    "AutoContrast",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "CutMix",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Equalization",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxNumBoundingBoxes",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "MelSpectrogram",
    "Minimum",
    "MixUp",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Pipeline",
    "RMSNormalization",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "ReversibleEmbedding",
    "STFTSpectrogram",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Solarization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
