"""Networks for photographs, as `keras.applications` has them, by the same names of their layers.

Each takes:

* `include_top`: whether it ends in classes; else in features.
* `weights`: None for random weights; a file; or `"imagenet"`, for which the file that Keras
  downloads is looked for in the folder `models` of Keras's cache. Nothing is downloaded.
* `input_tensor`, `input_shape`: symbolic images, or their shape. Without classes, any size does
  that is not too small.
* `pooling`: what becomes of the features: `"avg"` or `"max"` over all pixels, or None.
* `classes`, `classifier_activation`: how many classes, and their activation.
* `name`: the model's name.

>>> from geartrain.applications import MobileNetV2
>>> model = MobileNetV2((32, 32, 3), alpha=0.35, include_top=False, weights=None, pooling="avg")
>>> model.output_shape
(None, 1280)

Each is also in a module of its family, such as `applications.mobilenet_v2`, beside
`preprocess_input` and `decode_predictions`.
"""

from geartrain.compat.names import finder
from geartrain.lazy import lazy_names, within

_PLACES = {
    "densenet": "DenseNet121 DenseNet169 DenseNet201",
    "efficientnet": (
        "EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 "
        "EfficientNetB5 EfficientNetB6 EfficientNetB7"
    ),
    "inception_v3": "InceptionV3",
    "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3": "MobileNetV3Large MobileNetV3Small",
    "resnet": "ResNet50 ResNet101 ResNet152",
    "resnet_v2": "ResNet50V2 ResNet101V2 ResNet152V2",
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "xception": "Xception",
}
_MODULES = (*_PLACES, "imagenet_utils", "resnet50")
_names = within(__name__, _PLACES) | {name: f"{__name__}.{name}:" for name in _MODULES}
__all__ = [*_names]
__getattr__, __dir__ = lazy_names(__name__, _names, finder("applications"))
