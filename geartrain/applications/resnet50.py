"""ResNet with 50 layers, under the name of a module of its own."""

from geartrain.applications.resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
