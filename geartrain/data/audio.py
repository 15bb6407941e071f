"""`audio_dataset_from_directory`: the sounds in a folder as batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geartrain.data.directories import Folder
from geartrain.data.wave import cut_or_filled, decode_wav, resampled


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """The sounds in a folder as a data set of batches `(sounds, labels)`.

    Args:
        directory: the folder. Each folder in it holds the files `.wav` of one class.
        labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset,
            follow_links, verbose: see `image_dataset_from_directory`.
        sampling_rate: samples a second to bring all sounds to; by default they stay as they are.
        output_sequence_length: how many samples each has: what is longer is cut, and what is
            shorter filled up with zeros. By default as many as the longest of its batch.
        ragged: accepted as False alone: tensors here have one shape.

    Returns a `Dataset` of float32 from -1 to 1, of shape (batch, samples, channels), with
    `class_names` and `file_paths`.

    Raises ValueError for other words, for a split without a seed, and where no file is found.
    """
    who = "audio_dataset_from_directory"
    folder = Folder(
        who, (".wav",), directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    if ragged:
        raise ValueError(
            f"{who}: expected ragged=False, since tensors have one shape. Received: ragged=True"
            f"{' and output_sequence_length' if output_sequence_length is not None else ''}. "
            "Leave it out: sounds are filled up to the longest of their batch."
        )
    if sampling_rate is not None and (not isinstance(sampling_rate, int) or sampling_rate <= 0):
        raise ValueError(
            f"{who}: expected sampling_rate as a whole number above 0. Received: {sampling_rate!r}"
        )

    def load(path: Any) -> Any:
        content = Path(path.item()).read_bytes()
        if sampling_rate is None:
            return decode_wav(content, desired_samples=output_sequence_length or -1)[0]
        sound, rate = decode_wav(content)
        found = resampled(sound, int(rate), sampling_rate)
        return cut_or_filled(found, output_sequence_length or -1, -1)

    padded = None
    if output_sequence_length is None:
        padded = lambda loaded: loaded.padded_batch(batch_size)  # noqa: E731
    return folder.datasets(load, padded)
