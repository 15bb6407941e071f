"""Layers: the building blocks of models."""

from geartrain.layers.activation_layers import Activation
from geartrain.layers.dense import Dense
from geartrain.layers.input_layer import Input, InputLayer
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import Layer
from geartrain.layers.regularization import Dropout
from geartrain.layers.reshaping import Flatten

__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
]
