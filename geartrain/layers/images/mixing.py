"""Layers that mix training images with each other, or with changed versions of themselves."""

from __future__ import annotations

import functools
from typing import Any

from geartrain import ops, random
from geartrain.layers.arguments import at_least_zero, one_of, positive
from geartrain.layers.images.base import RandomImageLayer, beside
from geartrain.layers.images.colors import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomSharpness,
)
from geartrain.layers.images.distortion import inside_boxes
from geartrain.layers.images.geometry import (
    INTERPOLATIONS,
    RandomRotation,
    RandomShear,
    RandomTranslation,
)
from geartrain.layers.images.levels import (
    AutoContrast,
    Equalization,
    RandomPosterization,
    Solarization,
)
from geartrain.ops.operands import dtype_of, operand
from geartrain.registry import register


class _Mixing(RandomImageLayer):
    """Base: each image of a batch mixed with another one of it, and their labels too."""

    def _order(self, data: Any, seed: Any) -> Any:
        count = ops.shape(self._images(data))[0] if self._rank(data) == 4 else 1
        return random.shuffle(ops.arange(count, dtype="int32"), seed=seed)

    def transform_labels(
        self, labels: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """weight * label + (1 - weight) * the other's label."""
        if not training or transformation is None:
            return labels
        return self._mixed(labels, transformation)

    def _mixed(self, values: Any, transformation: Any) -> Any:
        values = operand(values)
        if "float" not in dtype_of(values):
            values = ops.cast(values, self.compute_dtype)
        weight = beside(ops.cast(transformation["mix_weight"], dtype_of(values)), len(values.shape))
        return weight * values + (1 - weight) * self._others(values, transformation)

    def _others(self, values: Any, transformation: Any) -> Any:
        order = ops.cast(transformation["permutation_order"], "int32")
        return ops.take(operand(values), order, axis=0)


@register("layers")
class MixUp(_Mixing):
    """Lays another image of the batch over each training image, and mixes their labels so too.

        weight * x + (1 - weight) * other,  weight ~ Beta(alpha, alpha)

    Zhang and others, "mixup: beyond empirical risk minimization", 2018.

    Args:
        alpha: the nearer to 0, the more is a weight near to 0 or 1.
        data_format: where the channels are.
        seed: an integer; by default one drawn from the global seed.

    Call: images, or `{"images": ..., "labels": ...}` with labels as probabilities of classes.

    >>> import numpy as np
    >>> data = {"images": np.ones((4, 2, 2, 3), "float32"), "labels": np.eye(4, dtype="float32")}
    >>> MixUp(alpha=1.0, seed=1)(data, training=True)["labels"].sum(1).round(3)
    array([1., 1., 1., 1.], dtype=float32)
    """

    def __init__(
        self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.alpha = at_least_zero(self, "alpha", alpha)

    def _drawn(self, data: Any, seed: Any) -> Any:
        weight = random.beta((self._count(data),), self.alpha, self.alpha, seed=seed)
        return {"mix_weight": weight, "permutation_order": self._order(data, seed)}

    def _changed(self, images: Any, transformation: Any) -> Any:
        weight = beside(ops.cast(transformation["mix_weight"], self.compute_dtype))
        return weight * images + (1 - weight) * self._others(images, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks, mixed like the images."""
        if not training or transformation is None:
            return segmentation_masks
        return self._mixed(segmentation_masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes of both images: beside each other, as in Keras."""
        if not training or transformation is None:
            return bounding_boxes
        boxes, labels = operand(bounding_boxes["boxes"]), operand(bounding_boxes["labels"])
        batched = len(boxes.shape) == 3
        return {
            **bounding_boxes,
            "boxes": ops.concatenate([boxes, self._others(boxes, transformation)], axis=1),
            "labels": ops.concatenate(
                [labels, self._others(labels, transformation)], axis=1 if batched else 0
            ),
        }


@register("layers")
class CutMix(_Mixing):
    """Puts a box of another image of the batch into each training image, and mixes their labels.

    The box has a share `1 - Beta(alpha, alpha)` of the image; labels are mixed by areas. Yun and
    others, "CutMix: regularization strategy to train strong classifiers", 2019.

    Args:
        factor: alpha, drawn up to this number from 0 to 1, or between two.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are.

    Call: images, or `{"images": ..., "labels": ...}` with labels as probabilities of classes.

    >>> import numpy as np
    >>> images = np.arange(2, dtype="float32").reshape(2, 1, 1, 1) * np.ones((1, 8, 8, 1))
    >>> mixed = CutMix(seed=6)({"images": images, "labels": np.eye(2)}, training=True)
    >>> bool(abs(mixed["images"].mean() - mixed["labels"][:, 1].mean()) < 0.2)
    True
    """

    def __init__(
        self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.factor = self._range("factor", factor, 0, 1)

    def _drawn(self, data: Any, seed: Any) -> Any:
        if self._rank(data) == 3:
            return None
        dtype, shape = self.compute_dtype, self._shape(data)
        alpha = random.uniform((), *self.factor, seed=seed, dtype=dtype) + 1e-6
        kept = random.beta((shape[0],), alpha, alpha, seed=seed, dtype=dtype)
        side = ops.sqrt(1 - kept)
        masks, share = inside_boxes(self, shape, side, side, seed)
        order = self._order(data, seed)
        return {"permutation_order": order, "batch_masks": masks, "mix_weight": 1 - share}

    def _changed(self, images: Any, transformation: Any) -> Any:
        others = self._others(images, transformation)
        return ops.where(transformation["batch_masks"], others, images)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks, with the same box of the other's."""
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Refused: which boxes are still there cannot be told by their corners."""
        raise NotImplementedError(
            f"{self._who()}: expected data without 'bounding_boxes', which it cannot mix. Use "
            "MixUp, or a layer that moves pixels."
        )


class _Several(RandomImageLayer):
    """Base of the layers that choose among others. All have the same `factor`."""

    def __init__(
        self, value_range: Any, factor: Any, interpolation: str, seed: int | None,
        data_format: str | None, names: tuple[str, ...], **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.value_range = value_range
        self.factor = self._range("factor", factor, 0, 1)
        self.interpolation = one_of(self, "interpolation", interpolation, INTERPOLATIONS)
        common = {
            "dtype": self.dtype_policy,
            "data_format": self.data_format,
            "bounding_box_format": self.bounding_box_format,
        }
        drawn, valued = {"seed": seed}, {"value_range": value_range}
        moved = {"interpolation": interpolation, **drawn}
        amount = self.factor
        bits = max(1, int(8 * amount[1]))
        makers: dict[str, Any] = {
            "random_shear": functools.partial(RandomShear, amount, amount, **moved),
            "random_translation": functools.partial(RandomTranslation, amount, amount, **moved),
            "random_rotation": functools.partial(RandomRotation, amount, **moved),
            "random_brightness": functools.partial(RandomBrightness, amount, **valued, **drawn),
            "random_color_degeneration": functools.partial(
                RandomColorDegeneration, amount, **valued, **drawn
            ),
            "random_contrast": functools.partial(RandomContrast, amount, **valued, **drawn),
            "random_sharpness": functools.partial(RandomSharpness, amount, **valued, **drawn),
            "random_posterization": functools.partial(RandomPosterization, bits, **valued, **drawn),
            "solarization": functools.partial(Solarization, amount, amount, **valued, **drawn),
            "auto_contrast": functools.partial(AutoContrast, **valued),
            "equalization": functools.partial(Equalization, **valued),
        }
        self._choices = [makers[name](**common) for name in names]

    def _drawn_of_each(self, data: Any, seed: Any) -> list[Any]:
        return [
            one.get_random_transformation(data, training=True, seed=seed) for one in self._choices
        ]

    def _chosen_of(self, index: Any, values: Any, drawn: list[Any], change: str) -> Any:
        """The values after the layer at a place of the list has changed them."""
        branches = [
            functools.partial(self._after, one, transformation, change)
            for one, transformation in zip(self._choices, drawn, strict=True)
        ]
        return ops.switch(index, [*branches, lambda same: same], values)

    def _after(self, layer: Any, transformation: Any, change: str, values: Any) -> Any:
        made = getattr(layer, change)(values, transformation)
        if isinstance(made, dict):
            return {key: ops.cast(made[key], dtype_of(operand(values[key]))) for key in values}
        return ops.cast(made, dtype_of(operand(values)))


@register("layers")
class RandAugment(_Several):
    """Changes training images by some of eleven layers, chosen at random for each batch.

    Cubuk and others, "RandAugment: practical automated data augmentation with a reduced search
    space", 2020.

    Args:
        value_range: the least and the greatest value of pixels.
        num_ops: how many layers, one after another.
        factor: how strong each is: up to this number from 0 to 1, or between two.
        interpolation: of those that move pixels: `"bilinear"`, or `"nearest"`.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are.

    >>> import numpy as np
    >>> RandAugment(seed=1)(np.full((2, 4, 4, 3), 90.0, "float32"), training=True).shape
    (2, 4, 4, 3)
    """

    def __init__(
        self, value_range: Any = (0, 255), num_ops: int = 2, factor: Any = 0.5,
        interpolation: str = "bilinear", seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        names = ("random_shear", "random_translation", "random_rotation", "random_brightness",
                 "random_color_degeneration", "random_contrast", "random_sharpness",
                 "random_posterization", "solarization", "auto_contrast",
                 "equalization")  # fmt: skip
        super().__init__(value_range, factor, interpolation, seed, data_format, names, **kwargs)
        self.num_ops = int(at_least_zero(self, "num_ops", num_ops))

    def _drawn(self, data: Any, seed: Any) -> Any:
        places = random.randint((self.num_ops,), 0, len(self._choices), seed=seed)
        return {"layer_idxes": places, "transforms": self._drawn_of_each(data, seed)}

    def _changed(self, images: Any, transformation: Any) -> Any:
        return self._in_turn(images, transformation, "transform_images")

    def _in_turn(self, values: Any, transformation: Any, change: str) -> Any:
        for turn in range(self.num_ops):
            index = transformation["layer_idxes"][turn]
            values = self._chosen_of(index, values, transformation["transforms"], change)
        return values

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks, after the same layers."""
        if not training or transformation is None:
            return segmentation_masks
        return self._in_turn(segmentation_masks, transformation, "transform_segmentation_masks")

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes, after the same layers."""
        if not training or transformation is None:
            return bounding_boxes
        return self._in_turn(bounding_boxes, transformation, "transform_bounding_boxes")


@register("layers")
class AugMix(_Several):
    """Mixes training images with several chains of random changes of them.

        weight * x + (1 - weight) * sum_i weight_i chain_i(x)

    with weight ~ Beta(alpha, alpha), weights ~ Dirichlet(alpha). Hendrycks and others, "AugMix: a
    simple data processing method to improve robustness and uncertainty", 2020.

    Args:
        value_range: the least and the greatest value of pixels; results are clipped to it.
        num_chains: how many chains.
        chain_depth: how many layers a chain has at most, each drawn for every batch.
        factor: how strong each is: up to this number from 0 to 1, or between two.
        alpha: of the distributions.
        all_ops: whether changes of colors belong to the layers, of which there are 11, else 7.
        interpolation, seed, data_format: see `RandAugment`.

    >>> import numpy as np
    >>> AugMix(seed=1)(np.full((2, 4, 4, 3), 90.0, "float32"), training=True).shape
    (2, 4, 4, 3)
    """

    def __init__(
        self, value_range: Any = (0, 255), num_chains: int = 3, chain_depth: int = 3,
        factor: Any = 0.3, alpha: float = 1.0, all_ops: bool = True,
        interpolation: str = "bilinear", seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        names = ("random_shear", "random_translation", "random_rotation", "random_posterization",
                 "solarization", "auto_contrast", "equalization")  # fmt: skip
        colors = ("random_brightness", "random_color_degeneration", "random_contrast",
                  "random_sharpness")  # fmt: skip
        super().__init__(
            value_range, factor, interpolation, seed, data_format,
            names + colors if all_ops else names, **kwargs,
        )  # fmt: skip
        self.num_chains = positive(self, "num_chains", num_chains)
        self.chain_depth = positive(self, "chain_depth", chain_depth)
        self.alpha, self.all_ops = at_least_zero(self, "alpha", alpha), all_ops

    def _drawn(self, data: Any, seed: Any) -> Any:
        shares = random.gamma((self.num_chains,), self.alpha, seed=seed)
        shape = (self.num_chains, self.chain_depth)
        turns = range(self.chain_depth)
        return {
            "chain_mixing_weights": shares / ops.sum(shares),
            "weight_sample": random.beta((), self.alpha, self.alpha, seed=seed),
            "layer_idxes": random.randint(shape, 0, len(self._choices) + 1, seed=seed),
            "chain_transforms": [
                [self._drawn_of_each(data, seed) for _ in turns] for _ in range(self.num_chains)
            ],
        }

    def _changed(self, images: Any, transformation: Any) -> Any:
        return ops.clip(self._woven(images, transformation, "transform_images"), *self.value_range)

    def _woven(self, values: Any, transformation: Any, change: str) -> Any:
        dtype = dtype_of(operand(values))
        weight = ops.cast(transformation["weight_sample"], dtype)
        total: Any = weight * values
        for chain, steps in enumerate(transformation["chain_transforms"]):
            made = values
            for depth, drawn in enumerate(steps):
                index = transformation["layer_idxes"][chain, depth]
                made = self._chosen_of(index, made, drawn, change)
            share = ops.cast(transformation["chain_mixing_weights"][chain], dtype)
            total = total + (1 - weight) * share * made
        return total

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks, mixed likewise, as floats."""
        if not training or transformation is None:
            return segmentation_masks
        masks = ops.cast(segmentation_masks, self.compute_dtype)
        return self._woven(masks, transformation, "transform_segmentation_masks")
