"""`tf.io`, `tf.image.decode_png`, `tf.audio`: files and what is encoded in them."""

from __future__ import annotations

import base64
import glob
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.images import convert_image_dtype
from geartrain.compat.tensorflow.strings import bytes_of, texts_of
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.files import make_folder, replacing


def _path(filename: Any) -> str:
    """A path, given as a text, a tensor of one, or a path."""
    return str(filename) if isinstance(filename, Path) else str(np.asarray(texts_of(filename)))


def _bytes(content: bytes) -> Any:
    made = np.empty((), object)
    made[()] = content
    return tensor(made)


def read_file(filename: Any, name: str | None = None) -> Any:
    """The bytes of a file, as a text."""
    return _bytes(Path(_path(filename)).read_bytes())


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Write a text to a file, in a folder that is made."""
    path = Path(_path(filename))
    make_folder(path.parent)
    with replacing(path) as file:
        file.write(bytes_of(contents)[0])


def matching_files(pattern: Any, name: str | None = None) -> Any:
    """The files that a pattern fits, in order."""
    return tensor(np.array(_fitting(pattern), dtype=str))


def _fitting(pattern: Any) -> list[str]:
    return sorted(glob.glob(_path(pattern)))  # noqa: PTH207 (a pattern may be absolute)


# -- images and sounds ----------------------------------------------------------------------------

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def _decoded(contents: Any, channels: int, dtype: Any = "uint8") -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("tf.io.decode_image needs the package Pillow: install it.") from error
    with Image.open(io.BytesIO(bytes_of(contents)[0])) as picture:
        mode = _MODES.get(channels) or (
            "L" if picture.mode in ("1", "L") else "RGBA" if picture.mode in ("RGBA", "LA")
            else "RGB")  # fmt: skip
        array = np.asarray(picture.convert(mode))
    array = array if array.ndim == 3 else array[..., None]
    kind = as_dtype(dtype)
    made = tensor(array.copy())
    return made if kind.name == "uint8" else convert_image_dtype(made, kind)


def decode_png(
    contents: Any, channels: int = 0, dtype: Any = "uint8", name: str | None = None
) -> Any:
    """The pixels (height, width, channels) of a PNG."""
    return _decoded(contents, channels, dtype)


def decode_jpeg(
    contents: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
    try_recover_truncated: bool = False, acceptable_fraction: float = 1, dct_method: str = "",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The pixels (height, width, channels) of a JPEG."""
    return _decoded(contents, channels)


def decode_image(
    contents: Any, channels: Any = None, dtype: Any = "uint8", name: str | None = None,
    expand_animations: bool = True,
) -> Any:  # fmt: skip
    """The pixels (height, width, channels) of an image of any format."""
    return _decoded(contents, channels or 0, dtype)


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Any:
    """The pixels (height, width, channels) of a BMP."""
    return _decoded(contents, channels)


def decode_gif(contents: Any, name: str | None = None) -> Any:
    """The pixels (frames, height, width, 3) of a GIF."""
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(bytes_of(contents)[0])) as picture:
        frames = [np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(picture)]
    return tensor(np.stack(frames))


def _encoded(image: Any, form: str, **options: Any) -> Any:
    from PIL import Image

    array = np.asarray(image)
    array = array[..., 0] if array.shape[-1] == 1 else array
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, form, **options)
    return _bytes(stream.getvalue())


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Any:
    """An image of uint8 as a PNG."""
    return _encoded(image, "PNG")


def encode_jpeg(
    image: Any, format: str = "", quality: int = 95, progressive: bool = False,
    optimize_size: bool = False, chroma_downsampling: bool = True, density_unit: str = "in",
    x_density: int = 300, y_density: int = 300, xmp_metadata: str = "", name: str | None = None,
) -> Any:  # fmt: skip
    """An image of uint8 as a JPEG."""
    return _encoded(image, "JPEG", quality=quality, optimize=optimize_size)


def decode_wav(
    contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None
) -> Any:
    """The sound (samples, channels) in -1 to 1 of a WAV file of 16 bits, and its rate."""
    import wave

    with wave.open(io.BytesIO(bytes_of(contents)[0])) as sound:
        if sound.getsampwidth() != 2:
            raise ValueError(
                "tf.audio.decode_wav: expected a WAV file of 16 bits. Received: one of "
                f"{8 * sound.getsampwidth()}"
            )
        channels, rate = sound.getnchannels(), sound.getframerate()
        array = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, channels)
    array = array.astype("float32") / 32768
    if desired_channels > 0:
        array = array[:, :desired_channels] if desired_channels <= channels else np.repeat(
            array[:, :1], desired_channels, 1)  # fmt: skip
    if desired_samples > 0:
        missing = max(0, desired_samples - len(array))
        array = np.pad(array[:desired_samples], [(0, missing), (0, 0)])
    return DecodedWav(tensor(array), tensor(np.int32(rate)))


class DecodedWav(tuple[Any, Any]):
    """A sound and its rate."""

    __slots__ = ()

    def __new__(cls, audio: Any, sample_rate: Any) -> DecodedWav:
        """The pair of both."""
        return super().__new__(cls, (audio, sample_rate))

    audio = property(lambda self: self[0])
    sample_rate = property(lambda self: self[1])


def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Any:
    """A sound (samples, channels) in -1 to 1 as a WAV file of 16 bits."""
    import wave

    array = np.asarray(audio)
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(array.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(int(np.asarray(sample_rate)))
        sound.writeframes(np.clip(np.round(array * 32767), -32768, 32767).astype("<i2").tobytes())
    return _bytes(stream.getvalue())


# -- other codes ----------------------------------------------------------------------------------


def decode_raw(
    input_bytes: Any, out_type: Any, little_endian: bool = True, fixed_length: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The bytes of texts as numbers."""
    kind = as_dtype(out_type).numpy_dtype.newbyteorder("<" if little_endian else ">")
    shape = np.shape(np.asarray(convert_to_tensor(input_bytes)))
    rows = [
        np.frombuffer(one, kind).astype(kind.newbyteorder("=")) for one in bytes_of(input_bytes)
    ]
    return tensor(np.stack(rows).reshape(*shape, -1))


def decode_csv(
    records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True,
    na_value: str = "", select_cols: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The columns of lines of CSV, in the types of the defaults, which stand for empty fields."""
    import csv

    lines = texts_of(records)
    quoting = csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE
    rows = list(csv.reader(lines.reshape(-1).tolist(), delimiter=field_delim, quoting=quoting))
    chosen = range(len(record_defaults)) if select_cols is None else select_cols
    columns = []
    for place, default in zip(chosen, record_defaults, strict=True):
        is_type = isinstance(default, str) and default in ("string", *map(str, _NUMBERS))
        known = None if is_type else np.asarray(convert_to_tensor(default)).reshape(-1)
        text = (default == "string") if known is None else known.dtype.kind in "OUS"
        kind = as_dtype(default) if known is None else as_dtype(known.dtype)
        values = []
        for row in rows:
            field = row[place]
            if field != na_value:
                values.append(field if text else float(field) if kind.is_floating else int(field))
            elif known is None or not known.size:
                raise ValueError(
                    f"tf.io.decode_csv: expected a value in field {place}. Received: none"
                )
            else:
                values.append(known[0])
        array = np.array(values, dtype=str if text else kind.name)
        columns.append(tensor(array.reshape(lines.shape)))
    return columns


_NUMBERS = ("float32", "float64", "int32", "int64")


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Texts in the letters that addresses may have."""
    made = [base64.urlsafe_b64encode(one).decode() for one in bytes_of(input)]
    made = made if pad else [one.rstrip("=") for one in made]
    return tensor(np.array(made).reshape(np.shape(convert_to_tensor(input))))


def decode_base64(input: Any, name: str | None = None) -> Any:
    """Texts of what `encode_base64` made."""
    made = [base64.urlsafe_b64decode(one + b"=" * (-len(one) % 4)) for one in bytes_of(input)]
    array = np.empty(len(made), object)
    array[:] = made
    return tensor(array.reshape(np.shape(convert_to_tensor(input))))


# -- gfile ----------------------------------------------------------------------------------------


class GFile:
    """A file, opened as `open` does; `size()` and `readline()` besides."""

    def __init__(self, name: Any, mode: str = "r") -> None:
        coding = None if "b" in mode else "utf-8"
        self._file = Path(_path(name)).open(mode, encoding=coding)  # noqa: SIM115

    def __enter__(self) -> Any:
        return self._file

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __iter__(self) -> Any:
        return iter(self._file)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def size(self) -> int:
        """Its bytes."""
        return Path(self._file.name).stat().st_size


def exists(path: Any) -> bool:
    """Whether there is such a file or folder."""
    return Path(_path(path)).exists()


def isdir(path: Any) -> bool:
    """Whether it is a folder."""
    return Path(_path(path)).is_dir()


def listdir(path: Any) -> list[str]:
    """The names in a folder."""
    return sorted(one.name for one in Path(_path(path)).iterdir())


def gfile_glob(pattern: Any) -> list[str]:
    """The files that a pattern, or one of several, fits."""
    patterns = pattern if isinstance(pattern, list | tuple) else [pattern]
    return sorted({one for each in patterns for one in _fitting(each)})


def makedirs(path: Any) -> None:
    """Make a folder, and those above it."""
    make_folder(Path(_path(path)))


def mkdir(path: Any) -> None:
    """Make a folder. Raises FileExistsError where there is something of that name."""
    if Path(_path(path)).exists():
        raise FileExistsError(f"tf.io.gfile.mkdir: {_path(path)!r} is there.")
    make_folder(Path(_path(path)))


def remove(path: Any) -> None:
    """Remove a file."""
    Path(_path(path)).unlink()


def rmtree(path: Any) -> None:
    """Remove a folder and all that is in it."""
    shutil.rmtree(_path(path))


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file. Raises FileExistsError where there is one, but for `overwrite`."""
    if Path(_path(dst)).exists() and not overwrite:
        raise FileExistsError(f"tf.io.gfile.copy: {_path(dst)!r} is there. Use overwrite=True.")
    with Path(_path(src)).open("rb") as source, replacing(Path(_path(dst))) as file:
        shutil.copyfileobj(source, file)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Give a file another name. Raises FileExistsError where there is one, but for `overwrite`."""
    if Path(_path(dst)).exists() and not overwrite:
        raise FileExistsError(f"tf.io.gfile.rename: {_path(dst)!r} is there. Use overwrite=True.")
    Path(_path(src)).replace(_path(dst))


__all__ = [
    "GFile", "copy", "decode_base64", "decode_bmp", "decode_csv", "decode_gif", "decode_image",
    "decode_jpeg", "decode_png", "decode_raw", "decode_wav", "encode_base64", "encode_jpeg",
    "encode_png", "encode_wav", "exists", "gfile_glob", "isdir", "listdir", "makedirs",
    "matching_files", "mkdir", "read_file", "remove", "rename", "rmtree", "write_file",
]  # fmt: skip
