# Written by scripts/stubs.py.
from geartrain.applications import densenet as densenet
from geartrain.applications import efficientnet as efficientnet
from geartrain.applications import imagenet_utils as imagenet_utils
from geartrain.applications import inception_v3 as inception_v3
from geartrain.applications import mobilenet as mobilenet
from geartrain.applications import mobilenet_v2 as mobilenet_v2
from geartrain.applications import mobilenet_v3 as mobilenet_v3
from geartrain.applications import resnet as resnet
from geartrain.applications import resnet50 as resnet50
from geartrain.applications import resnet_v2 as resnet_v2
from geartrain.applications import vgg16 as vgg16
from geartrain.applications import vgg19 as vgg19
from geartrain.applications import xception as xception
from geartrain.applications.densenet import DenseNet121 as DenseNet121
from geartrain.applications.densenet import DenseNet169 as DenseNet169
from geartrain.applications.densenet import DenseNet201 as DenseNet201
from geartrain.applications.efficientnet import EfficientNetB0 as EfficientNetB0
from geartrain.applications.efficientnet import EfficientNetB1 as EfficientNetB1
from geartrain.applications.efficientnet import EfficientNetB2 as EfficientNetB2
from geartrain.applications.efficientnet import EfficientNetB3 as EfficientNetB3
from geartrain.applications.efficientnet import EfficientNetB4 as EfficientNetB4
from geartrain.applications.efficientnet import EfficientNetB5 as EfficientNetB5
from geartrain.applications.efficientnet import EfficientNetB6 as EfficientNetB6
from geartrain.applications.efficientnet import EfficientNetB7 as EfficientNetB7
from geartrain.applications.inception_v3 import InceptionV3 as InceptionV3
from geartrain.applications.mobilenet import MobileNet as MobileNet
from geartrain.applications.mobilenet_v2 import MobileNetV2 as MobileNetV2
from geartrain.applications.mobilenet_v3 import MobileNetV3Large as MobileNetV3Large
from geartrain.applications.mobilenet_v3 import MobileNetV3Small as MobileNetV3Small
from geartrain.applications.resnet import ResNet50 as ResNet50
from geartrain.applications.resnet import ResNet101 as ResNet101
from geartrain.applications.resnet import ResNet152 as ResNet152
from geartrain.applications.resnet_v2 import ResNet50V2 as ResNet50V2
from geartrain.applications.resnet_v2 import ResNet101V2 as ResNet101V2
from geartrain.applications.resnet_v2 import ResNet152V2 as ResNet152V2
from geartrain.applications.vgg16 import VGG16 as VGG16
from geartrain.applications.vgg19 import VGG19 as VGG19
from geartrain.applications.xception import Xception as Xception

__all__ = [
    "VGG16",
    "VGG19",
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Large",
    "MobileNetV3Small",
    "ResNet50",
    "ResNet50V2",
    "ResNet101",
    "ResNet101V2",
    "ResNet152",
    "ResNet152V2",
    "Xception",
    "densenet",
    "efficientnet",
    "imagenet_utils",
    "inception_v3",
    "mobilenet",
    "mobilenet_v2",
    "mobilenet_v3",
    "resnet",
    "resnet50",
    "resnet_v2",
    "vgg16",
    "vgg19",
    "xception",
]
