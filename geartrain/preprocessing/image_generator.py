"""Images changed at random, batch by batch, as older Keras did it before its layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import shown, warn
from geartrain.preprocessing.image_iterators import (
    DataFrameIterator,
    DirectoryIterator,
    NumpyArrayIterator,
)
from geartrain.preprocessing.image_transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
)

__all__ = ["ImageDataGenerator"]


class ImageDataGenerator:
    """Makes batches of changed and normalized images, of arrays, folders or tables.

    Its numbers are drawn from `numpy.random`, in Keras's order. New programs use layers, such as
    `RandomFlip` and `Rescaling`, which are compiled into the training.

    Args:
        featurewise_center, featurewise_std_normalization: whether images get the mean 0 and the
            deviation 1 of all images that `fit` saw.
        samplewise_center, samplewise_std_normalization: the same of each image alone.
        zca_whitening, zca_epsilon: whether pixels are decorrelated, by what `fit` saw.
        rotation_range: degrees to both sides.
        width_shift_range, height_shift_range: pixels, or parts of the size below 1; or a list of
            which one is chosen.
        brightness_range: two factors.
        shear_range: degrees to both sides.
        zoom_range: two factors, or a number for `1 - z` and `1 + z`.
        channel_shift_range: what is added or subtracted at most.
        fill_mode, cval, interpolation_order: see `apply_affine_transform`.
        horizontal_flip, vertical_flip: whether half of the images are mirrored.
        rescale: a factor for all values.
        preprocessing_function: a function of an image, before that.
        data_format: where the channels are.
        validation_split: the share of samples for `subset="validation"`.
        dtype: of the batches.

    Raises ValueError for ranges of another form.

    >>> generator = ImageDataGenerator(rescale=1 / 255)
    >>> batches = generator.flow(np.full((3, 2, 2, 1), 255.0), np.arange(3), batch_size=2)
    >>> x, y = next(batches)
    >>> x.shape, float(x.max()), len(batches)
    ((2, 2, 2, 1), 1.0, 2)
    """

    def __init__(
        self, featurewise_center: bool = False, samplewise_center: bool = False,
        featurewise_std_normalization: bool = False, samplewise_std_normalization: bool = False,
        zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0,
        width_shift_range: Any = 0.0, height_shift_range: Any = 0.0,
        brightness_range: Any = None, shear_range: float = 0.0, zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0, fill_mode: str = "nearest", cval: float = 0.0,
        horizontal_flip: bool = False, vertical_flip: bool = False,
        rescale: float | None = None, preprocessing_function: Callable[[Any], Any] | None = None,
        data_format: str | None = None, validation_split: float = 0.0,
        interpolation_order: int = 1, dtype: Any = None,
    ) -> None:  # fmt: skip
        self.featurewise_std_normalization = featurewise_std_normalization and not zca_whitening
        self.featurewise_center = bool(
            featurewise_center or featurewise_std_normalization or zca_whitening
        )
        self.samplewise_std_normalization = samplewise_std_normalization
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.channel_shift_range, self.brightness_range = channel_shift_range, brightness_range
        self.fill_mode, self.cval = fill_mode, cval
        self.interpolation_order = interpolation_order
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.data_format = data_format or config.image_data_format()
        self.dtype = dtype or config.floatx()
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)
        if isinstance(zoom_range, int | float):
            zoom_range = (1 - zoom_range, 1 + zoom_range)
        for name, pair in (("zoom_range", zoom_range), ("brightness_range", brightness_range)):
            if pair is not None and np.shape(pair) != (2,):
                raise ValueError(
                    f"ImageDataGenerator: expected {name} as two numbers. Received: {shown(pair)}"
                )
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(
                "ImageDataGenerator: expected validation_split between 0 and 1. Received: "
                f"{validation_split}"
            )
        self.zoom_range, self._validation_split = list(zoom_range), validation_split
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None

    def flow(
        self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True,
        sample_weight: Any = None, seed: int | None = None, save_to_dir: Any = None,
        save_prefix: str = "", save_format: str = "png", ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:  # fmt: skip
        """Batches of an array of images.

        Args:
            x: (samples, height, width, channels); or a pair of it and further arrays.
            y, sample_weight: labels and weights.
            batch_size, shuffle, seed: see `Iterator`.
            save_to_dir, save_prefix, save_format: where changed images are saved, to look at them.
            ignore_class_split: whether training and validation may have different classes.
            subset: "training" or "validation", with `validation_split`.
        """
        return NumpyArrayIterator(
            x, y, self, batch_size, shuffle, sample_weight, seed, self.data_format, save_to_dir,
            save_prefix, save_format, subset, ignore_class_split, self.dtype,
        )  # fmt: skip

    def flow_from_directory(
        self, directory: Any, target_size: Any = (256, 256), color_mode: str = "rgb",
        classes: Any = None, class_mode: str | None = "categorical", batch_size: int = 32,
        shuffle: bool = True, seed: int | None = None, save_to_dir: Any = None,
        save_prefix: str = "", save_format: str = "png", follow_links: bool = False,
        subset: str | None = None, interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:  # fmt: skip
        """Batches of the images in a folder, with a folder inside for each class.

        Args:
            directory: the folder.
            target_size, color_mode, interpolation, keep_aspect_ratio: see `utils.load_img`.
            classes: the names of the folders, in the order of their numbers.
            class_mode: "categorical" for rows of zeros and a one, "binary" or "sparse" for numbers,
                "input" for the images themselves, None for images alone.
            follow_links: whether to follow links to folders.
            batch_size, shuffle, seed, save_to_dir, save_prefix, save_format, subset: see `flow`.
        """
        return DirectoryIterator(
            directory, self, target_size, color_mode, classes, class_mode, batch_size, shuffle,
            seed, self.data_format, save_to_dir, save_prefix, save_format, follow_links, subset,
            interpolation, keep_aspect_ratio, self.dtype,
        )  # fmt: skip

    def flow_from_dataframe(
        self, dataframe: Any, directory: Any = None, x_col: str = "filename",
        y_col: Any = "class", weight_col: str | None = None, target_size: Any = (256, 256),
        color_mode: str = "rgb", classes: Any = None, class_mode: str | None = "categorical",
        batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
        subset: str | None = None, interpolation: str = "nearest",
        validate_filenames: bool = True,
    ) -> DataFrameIterator:  # fmt: skip
        """Batches of the images that a table names.

        Args:
            dataframe: a table of pandas, or a dictionary of columns.
            directory: where the files are; None for full paths.
            x_col, y_col, weight_col: the columns of names, classes and weights.
            class_mode: as in `flow_from_directory`; "raw" for numbers of `y_col`, "multi_output"
                for those of several columns.
            validate_filenames: whether what is no image is left out.
            target_size, color_mode, classes, interpolation: see `flow_from_directory`.
            batch_size, shuffle, seed, save_to_dir, save_prefix, save_format, subset: see `flow`.
        """
        return DataFrameIterator(
            dataframe, directory, self, x_col, y_col, weight_col, target_size, color_mode, classes,
            class_mode, batch_size, shuffle, seed, self.data_format, save_to_dir, save_prefix,
            save_format, subset, interpolation, False, self.dtype, validate_filenames,
        )  # fmt: skip

    # -- one image --------------------------------------------------------------------------------

    def standardize(self, x: Any) -> Any:
        """An image, normalized; in place, where it can be."""
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + 1e-6
        if self.featurewise_center and self._fitted("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._fitted("featurewise_std", self.std):
            x /= self.std + 1e-6
        if self.zca_whitening and self._fitted("zca_whitening", self.zca_whitening_matrix):
            x = (x.reshape(-1) @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    def _fitted(self, name: str, value: Any) -> bool:
        if value is None:
            warn(f"ImageDataGenerator: {name} does nothing before fit(images) is called.")
        return value is not None

    def get_random_transform(self, img_shape: Any, seed: int | None = None) -> dict[str, Any]:
        """What is drawn for an image of that shape: the arguments of `apply_transform`."""
        if seed is not None:
            np.random.seed(seed)
        theta = _drawn(self.rotation_range)
        tx = _moved(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _moved(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = _drawn(self.shear_range)
        zx, zy = (1, 1) if self.zoom_range == [1, 1] else np.random.uniform(*self.zoom_range, 2)
        flips = [np.random.random() < 0.5 for _ in range(2)]
        shift = _drawn(self.channel_shift_range) if self.channel_shift_range else None
        bright = self.brightness_range
        return {
            "theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy,
            "flip_horizontal": flips[0] and self.horizontal_flip,
            "flip_vertical": flips[1] and self.vertical_flip,
            "channel_shift_intensity": shift,
            "brightness": None if bright is None else np.random.uniform(*bright),
        }  # fmt: skip

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> Any:
        """An image, changed by what `get_random_transform` gave."""
        told = transform_parameters
        row, col, channel = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        numbers = {name: told[name] for name in ("theta", "tx", "ty", "shear", "zx", "zy")
                   if name in told}  # fmt: skip
        if any(value != name.startswith("z") for name, value in numbers.items()):
            x = apply_affine_transform(
                x, row_axis=row, col_axis=col, channel_axis=channel, fill_mode=self.fill_mode,
                cval=self.cval, order=self.interpolation_order, **numbers,
            )  # fmt: skip
        if told.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, told["channel_shift_intensity"], channel)
        if told.get("flip_horizontal"):
            x = np.flip(x, col)
        if told.get("flip_vertical"):
            x = np.flip(x, row)
        if told.get("brightness") is not None:
            x = apply_brightness_shift(x, told["brightness"], False)
        return x

    def random_transform(self, x: Any, seed: int | None = None) -> Any:
        """An image, changed at random."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find the mean, deviation and correlations of images, where they are asked for.

        Args:
            x: images of rank 4.
            augment, rounds: whether to take so many changed versions of each instead.
            seed: for `numpy.random`.

        Raises ValueError for another rank.
        """
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ValueError(
                f"ImageDataGenerator.fit: expected images of rank 4. Received: shape {x.shape}"
            )
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            x = np.array([self.random_transform(one) for _ in range(rounds) for one in x])
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = x.mean(axes, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = x.std(axes, keepdims=True)[0]
            x /= self.std + 1e-6
        if self.zca_whitening:
            flat = x.reshape(len(x), -1)
            directions, sizes, _ = np.linalg.svd(flat.T, full_matrices=False)
            scale = np.sqrt(len(x)) / (sizes + self.zca_epsilon)
            self.zca_whitening_matrix = (directions * scale) @ directions.T


def _drawn(bound: float) -> float:
    return float(np.random.uniform(-bound, bound)) if bound else 0


def _moved(bound: Any, size: int) -> float:
    """By how many pixels: drawn up to a bound, or one of a list, to either side."""
    if not np.any(bound):
        return 0
    if np.ndim(bound) or isinstance(bound, int):  # a whole number n stands for 0 to n - 1
        move = np.random.choice(bound) * np.random.choice([-1, 1])
    else:
        move = np.random.uniform(-bound, bound)
    return float(move * size if np.max(bound) < 1 else move)
