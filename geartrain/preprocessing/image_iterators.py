"""Batches of images without an end, of arrays, folders or tables, as older Keras made them."""

from __future__ import annotations

from collections.abc import Iterator as Batches
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import shown, warn
from geartrain.models.batches import PyDataset
from geartrain.utils.image_files import img_to_array, load_img, save_img

__all__ = ["DataFrameIterator", "DirectoryIterator", "Iterator", "NumpyArrayIterator"]

_FORMATS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")
_COLORS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class Iterator(PyDataset):
    """Base: batches by number, or one after another without an end.

    Args:
        n: how many samples.
        batch_size: how many in a batch; the last of an epoch may have fewer.
        shuffle: whether each epoch has another order.
        seed: an integer, for the same numbers of `numpy.random` in each run.
    """

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        super().__init__()
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.batch_index = self.total_batches_seen = 0
        self.index_array: Any = None

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if index >= len(self):
            raise ValueError(
                f"{type(self).__name__}: expected a batch from 0 to {len(self) - 1}. Received: "
                f"{index}"
            )
        self._begin()
        if self.index_array is None:
            self.on_epoch_end()
        return self._batch(self.index_array[self.batch_size * index :][: self.batch_size])

    def _begin(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def on_epoch_end(self) -> None:
        """Another order for the next epoch."""
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def reset(self) -> None:
        """Start an epoch again."""
        self.batch_index = 0

    def __iter__(self) -> Batches[Any]:
        return self

    def __next__(self) -> Any:
        self._begin()
        if self.batch_index == 0:
            self.on_epoch_end()
        start = self.batch_index * self.batch_size
        self.batch_index = (self.batch_index + 1) % max(1, len(self))
        return self._batch(self.index_array[start : start + self.batch_size])

    next = __next__

    def _batch(self, index_array: Any) -> Any:
        """The samples of these numbers."""
        raise NotImplementedError


class _Changing(Iterator):
    """Base: images that a generator changes, and saves if asked to."""

    def _prepare(self, generator: Any, dtype: Any, data_format: Any, saving: Any) -> None:
        self.image_data_generator = generator
        self.dtype = dtype or config.floatx()
        self.data_format = data_format or config.image_data_format()
        self.save_to_dir, self.save_prefix, self.save_format = saving

    def _changed(self, images: Any, index_array: Any) -> Any:
        generator, made = self.image_data_generator, []
        for image in images:
            if generator is not None:
                image = generator.random_transform(image)
                image = generator.standardize(np.array(image, self.dtype))
            made.append(image)
        batch = np.array(made, self.dtype)
        for place, image in zip(index_array, batch if self.save_to_dir else (), strict=False):
            name = f"{self.save_prefix}_{place}_{np.random.randint(10**7)}.{self.save_format}"
            save_img(Path(self.save_to_dir, name), image, self.data_format)
        return batch

    def _part(self, count: int, subset: str | None) -> slice:
        """Which samples are in a subset: the first are for validation."""
        if subset not in (None, "training", "validation"):
            raise ValueError(
                f"{type(self).__name__}: expected subset as 'training', 'validation' or None. "
                f"Received: {subset!r}"
            )
        share = self.image_data_generator._validation_split if subset else 0
        border = int(count * share)
        return slice(0, border) if subset == "validation" else slice(border, None)


class NumpyArrayIterator(_Changing):
    """Batches of an array of images; see `ImageDataGenerator.flow`."""

    def __init__(
        self, x: Any, y: Any, image_data_generator: Any, batch_size: int = 32,
        shuffle: bool = False, sample_weight: Any = None, seed: int | None = None,
        data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "",
        save_format: str = "png", subset: str | None = None, ignore_class_split: bool = False,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        saving = (save_to_dir, save_prefix, save_format)
        self._prepare(image_data_generator, dtype, data_format, saving)
        others: Any = []
        if isinstance(x, list | tuple):
            others = x[1] if isinstance(x[1], list) else [x[1]]
            x = x[0]
        given = [x, *others, *(one for one in (y, sample_weight) if one is not None)]
        arrays = [np.asarray(one) for one in given]
        if len({len(one) for one in arrays}) != 1 or arrays[0].ndim != 4:
            raise ValueError(
                "flow: expected images of rank 4, and as many labels and weights. Received: shapes "
                f"{', '.join(str(one.shape) for one in arrays)}"
            )
        part = self._part(len(arrays[0]), subset)
        parts = [one[part] for one in arrays]
        self.x, self.x_misc = np.asarray(parts[0], self.dtype), parts[1 : 1 + len(others)]
        rest = parts[1 + len(others) :]
        self.y = rest.pop(0) if y is not None else None
        self.sample_weight = rest.pop(0) if sample_weight is not None else None
        if subset and y is not None and not ignore_class_split:
            border = int(len(arrays[0]) * image_data_generator._validation_split)
            first, second = (np.unique(one) for one in (y[:border], y[border:]))
            if not np.array_equal(first, second):
                raise ValueError(
                    "flow: expected the same classes in training and validation. Received: "
                    f"{shown(second.tolist())} and {shown(first.tolist())}. Shuffle the arrays."
                )
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _batch(self, index_array: Any) -> Any:
        images = self._changed(self.x[index_array], index_array)
        found: Any = [images, *(one[index_array] for one in self.x_misc)]
        made = (found if self.x_misc else images,)
        if self.y is not None:
            made += (self.y[index_array],)
            if self.sample_weight is not None:
                made += (self.sample_weight[index_array],)
        return made if self.y is not None else made[0]


class _FromFiles(_Changing):
    """Base: images in files, and labels of several kinds."""

    classes: Any
    class_indices: dict[Any, int]
    _weights: Any = None
    _targets: Any = None

    def _settle(
        self, target_size: Any, color_mode: str, class_mode: str | None, modes: tuple[Any, ...],
        interpolation: str, keep_aspect_ratio: bool,
    ) -> None:  # fmt: skip
        if color_mode not in _COLORS or class_mode not in modes:
            raise ValueError(
                f"{type(self).__name__}: expected color_mode as one of "
                f"{', '.join(map(repr, _COLORS))} and class_mode as one of "
                f"{', '.join(map(repr, modes))}. Received: {color_mode!r} and {class_mode!r}"
            )
        self.target_size, self.color_mode = tuple(target_size), color_mode
        self.class_mode, self.interpolation = class_mode, interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        size, channels = self.target_size, _COLORS[color_mode]
        last = self.data_format == "channels_last"
        self.image_shape = (*size, channels) if last else (channels, *size)

    @property
    def filepaths(self) -> list[str]:
        """The files."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """The class of each, or what else is to be learnt."""
        return self.classes if self._targets is None else self._targets

    @property
    def sample_weight(self) -> Any:
        """The weight of each; None if there are none."""
        return self._weights

    def _found(self, names: list[str], directory: str, told: str) -> None:
        self.filenames, self.samples = names, len(names)
        self._filepaths = [str(Path(directory, name)) for name in names]
        if config.is_interactive_logging_enabled():
            print(f"Found {self.samples} {told}.")

    def _image(self, place: int) -> Any:
        image = load_img(
            self._filepaths[place], self.color_mode, self.target_size, self.interpolation,
            self.keep_aspect_ratio,
        )  # fmt: skip
        return img_to_array(image, self.data_format, self.dtype)

    def _batch(self, index_array: Any) -> Any:
        images = self._changed(map(self._image, index_array), index_array)
        labels = self._labels_of(images, index_array)
        if labels is None:
            return images
        if self._weights is None:
            return images, labels
        return images, labels, self._weights[index_array]

    def _labels_of(self, images: Any, index_array: Any) -> Any:
        if self.class_mode is None:
            return None
        if self.class_mode == "input":
            return images.copy()
        if self.class_mode == "multi_output":
            return [target[index_array] for target in self._targets]
        if self.class_mode == "raw":
            return self._targets[index_array]
        found = [self.classes[place] for place in index_array]
        if self.class_mode in ("binary", "sparse"):
            return np.array(found, self.dtype)
        made = np.zeros((len(found), len(self.class_indices)), self.dtype)
        for row, classes in zip(made, found, strict=True):
            row[classes] = 1
        return made


class DirectoryIterator(_FromFiles):
    """Batches of the images in a folder; see `ImageDataGenerator.flow_from_directory`."""

    def __init__(
        self, directory: Any, image_data_generator: Any, target_size: Any = (256, 256),
        color_mode: str = "rgb", classes: Any = None, class_mode: str | None = "categorical",
        batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "",
        save_format: str = "png", follow_links: bool = False, subset: str | None = None,
        interpolation: str = "nearest", keep_aspect_ratio: bool = False, dtype: Any = None,
    ) -> None:  # fmt: skip
        saving = (save_to_dir, save_prefix, save_format)
        self._prepare(image_data_generator, dtype, data_format, saving)
        modes = ("categorical", "binary", "sparse", "input", None)
        self._settle(target_size, color_mode, class_mode, modes, interpolation, keep_aspect_ratio)
        self.directory = directory
        root = Path(directory)
        if not root.is_dir():
            raise ValueError(
                f"flow_from_directory: expected a folder. Received: {str(directory)!r}"
            )
        names = list(classes or sorted(one.name for one in root.iterdir() if one.is_dir()))
        self.num_classes = len(names)
        self.class_indices = {name: number for number, name in enumerate(names)}
        files: list[str] = []
        found: list[int] = []
        for number, name in enumerate(names):
            inside = _images_below(root / name, follow_links)
            inside = inside[self._part(len(inside), subset)]
            files += [str(one.relative_to(root)) for one in inside]
            found += [number] * len(inside)
        self.classes = np.array(found, "int32")
        self._found(files, str(directory), f"images belonging to {len(names)} classes")
        super().__init__(self.samples, batch_size, shuffle, seed)


def _images_below(folder: Path, follow_links: bool) -> list[Path]:
    """The images in a folder and those below it, in order."""
    found = []
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        if one.is_file() and one.suffix.lower() in _FORMATS:
            found.append(one)
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        if one.is_dir() and (follow_links or not one.is_symlink()):
            found += _images_below(one, follow_links)
    return found


class DataFrameIterator(_FromFiles):
    """Batches of the images that a table names; see `ImageDataGenerator.flow_from_dataframe`."""

    def __init__(
        self, dataframe: Any, directory: Any = None, image_data_generator: Any = None,
        x_col: str = "filename", y_col: Any = "class", weight_col: str | None = None,
        target_size: Any = (256, 256), color_mode: str = "rgb", classes: Any = None,
        class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True,
        seed: int | None = None, data_format: str | None = None, save_to_dir: Any = None,
        save_prefix: str = "", save_format: str = "png", subset: str | None = None,
        interpolation: str = "nearest", keep_aspect_ratio: bool = False, dtype: Any = None,
        validate_filenames: bool = True,
    ) -> None:  # fmt: skip
        saving = (save_to_dir, save_prefix, save_format)
        self._prepare(image_data_generator, dtype, data_format, saving)
        modes = ("binary", "categorical", "input", "multi_output", "raw", "sparse", None)
        self._settle(target_size, color_mode, class_mode, modes, interpolation, keep_aspect_ratio)
        self.directory = directory or ""
        names = list(dataframe[x_col])
        if not all(isinstance(name, str) for name in names):
            raise TypeError(
                f"flow_from_dataframe: expected strings in the column {x_col!r}. Received: "
                f"{shown(names)}"
            )
        kept = list(range(len(names)))
        if validate_filenames:
            there = [Path(self.directory, name) for name in names]
            kept = [
                place for place in kept
                if there[place].suffix.lower() in _FORMATS and there[place].is_file()
            ]  # fmt: skip
            if len(kept) < len(names):
                warn(
                    f"flow_from_dataframe: {len(names) - len(kept)} of {len(names)} files are no "
                    "images, or are not there. They are left out."
                )
        told = "image filenames"
        if class_mode in ("binary", "categorical", "sparse"):
            labels = list(dataframe[y_col])
            several = [one if isinstance(one, list | tuple) else [one] for one in labels]
            known = list(dict.fromkeys(classes or sorted({x for one in several for x in one})))
            if class_mode == "binary" and len(known) != 2:
                raise ValueError(
                    "flow_from_dataframe: expected 2 classes for class_mode='binary'. Received: "
                    f"{shown(known)}"
                )
            self.class_indices = {name: number for number, name in enumerate(known)}
            found = [[self.class_indices[x] for x in one if x in self.class_indices]
                     for one in several]  # fmt: skip
            kept = [place for place in kept if found[place]]
            told += f" belonging to {len(known)} classes"
        kept = kept[self._part(len(kept), subset)]
        if class_mode in ("binary", "categorical", "sparse"):
            self.classes = [
                found[place] if isinstance(labels[place], list | tuple) else found[place][0]
                for place in kept
            ]
        elif class_mode == "multi_output":
            self._targets = [np.array(list(dataframe[name]))[kept] for name in y_col]
        elif class_mode == "raw":
            self._targets = np.asarray(dataframe[y_col])[kept]
        if weight_col is not None:
            self._weights = np.asarray(dataframe[weight_col])[kept]
        self._found([names[place] for place in kept], str(self.directory), told)
        super().__init__(self.samples, batch_size, shuffle, seed)
