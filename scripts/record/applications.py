"""Networks of `keras.applications`: their layers and weights, and what they predict."""

from __future__ import annotations

import hashlib
import json

import keras
import numpy as np

from record.common import Recording, args, jsonable

NOTE = """digest is the SHA-256 of a JSON list of [name, class, shapes of weights] of model.layers;
features (of small networks) are the first of model(images), with weights and images
that tests/applications/networks.py draws from seeds."""
NETWORKS = [
    ("VGG16", 32), ("VGG19", 32), ("ResNet50", 40), ("ResNet101", 32), ("ResNet152", 32),
    ("ResNet50V2", 40), ("ResNet101V2", 32), ("ResNet152V2", 32), ("Xception", 71),
    ("InceptionV3", 75), ("DenseNet121", 40), ("DenseNet169", 32), ("DenseNet201", 32),
    ("MobileNet", 40), ("MobileNetV2", 45), ("MobileNetV3Small", 40), ("MobileNetV3Large", 45),
    ("EfficientNetB0", 45), ("EfficientNetB1", 32), ("EfficientNetB2", 32), ("EfficientNetB3", 32),
]  # fmt: skip
RUN = {"MobileNet", "MobileNetV2", "MobileNetV3Small"}
OTHERS = [
    ("MobileNet", 40, args(alpha=0.5, depth_multiplier=2, include_top=True, classes=7)),
    ("MobileNetV2", 40, args(alpha=1.3, include_top=True, classes=7)),
    ("MobileNetV2", 32, args(alpha=0.35, pooling="max")),
    ("MobileNetV3Small", 40, args(minimalistic=True, include_top=True, classes=7)),
    ("MobileNetV3Large", 40, args(alpha=0.75, include_top=True, classes=7, dropout_rate=0.0)),
    ("EfficientNetB0", 40, args(include_top=True, classes=7)),
    ("ResNet50", 32, args(include_top=True, classes=7, classifier_activation=None)),
    ("DenseNet121", 32, args(include_top=True, classes=7)),
]


def record() -> Recording:
    """Each network without classes, and some with."""
    import sys
    from pathlib import Path

    sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "applications"))
    from networks import described, images_of, weights_of

    recording = Recording(NOTE)
    cases = [(name, size, {}) for name, size in NETWORKS] + OTHERS
    for number, (name, size, more) in enumerate(cases):
        keras.utils.clear_session()
        config = args(input_shape=[size, size, 3], weights=None, include_top=False, pooling="avg")
        config |= more
        model = getattr(keras.applications, name)(**config)
        made = {}
        if name in RUN and more:
            model.set_weights(weights_of(model))
            found = np.asarray(model(images_of(size), training=False))
            made["features"] = [[float(f"{x:.6g}") for x in row[:6]] for row in found]
        text = json.dumps(described(model)).encode()
        recording.case(
            name=f"{name}.{number}", network=name, size=size, config=jsonable(config),
            model=model.name, layers=len(model.layers), parameters=model.count_params(),
            digest=hashlib.sha256(text).hexdigest(),
            **made,
        )  # fmt: skip
    return recording
