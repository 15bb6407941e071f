"""Folders of small files, and what is read from them: here, and by the real Keras."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any
from zlib import compress, crc32

import numpy as np

SHAPES = {"a/1.png": (5, 7), "a/2.png": (12, 9), "a/deep/3.png": (8, 8), "b/4.bmp": (16, 5),
          "b/5.png": (9, 20), "b/6.png": (8, 6), "c/7.png": (1, 3)}  # fmt: skip
TEXTS = {"neg/1.txt": "bad", "neg/2.txt": "h\u00e9las", "pos/3.txt": "good\n", "pos/4.txt": "",
         "pos/5.txt": "\ufffd\u20ac", "pos/notes.md": "no text"}  # fmt: skip
SOUNDS = {"x/1.wav": ("<i2", 1, 40), "x/2.wav": ("<i2", 2, 23), "y/3.wav": ("<i2", 1, 31)}


def write_images(folder: Path) -> None:
    """Images of noise; the fourth channel of one is its transparency."""
    random = np.random.default_rng(5)
    for name, (height, width) in SHAPES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        channels = 4 if name == "a/2.png" else 3
        pixels = random.integers(0, 256, (height, width, channels), "uint8")
        path.write_bytes(bmp(pixels) if name.endswith("bmp") else png(pixels))
    (folder / "a" / "no image.csv").write_text("1,2")


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of bytes (height, width, channels), with 3 or 4 channels."""
    height, width, channels = pixels.shape

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def bmp(pixels: np.ndarray) -> bytes:
    """A BMP file of bytes (height, width, 3)."""
    height, width, _ = pixels.shape
    filled = np.zeros((height, -(-width * 3 // 4) * 4), "uint8")
    filled[:, : width * 3] = pixels[::-1, :, ::-1].reshape(height, -1)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, filled.size, 2835, 2835, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + filled.size, 0, 0, 54) + head + filled.tobytes()


def write_texts(folder: Path) -> None:
    """Texts of few bytes."""
    for name, text in TEXTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def write_sounds(folder: Path) -> None:
    """Noise of several lengths, one of them in two channels."""
    random = np.random.default_rng(6)
    for name, (kind, channels, length) in SOUNDS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = random.integers(-(2**15), 2**15, (length, channels)).astype(kind)
        path.write_bytes(wav(samples, 8000))


def wav(samples: np.ndarray, rate: int, kind: int = 1) -> bytes:
    """A WAV file of samples (length, channels)."""
    channels, size = samples.shape[1], samples.dtype.itemsize
    head = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * size, channels * size,
                       8 * size)  # fmt: skip
    body = samples.tobytes()
    parts = b"fmt " + struct.pack("<I", 16) + head + b"junk" + struct.pack("<I", 4) + b"abcd"
    parts += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WAVE" + parts


IMAGES = "image_dataset_from_directory"
_SORTED = {"shuffle": False, "image_size": [6, 8]}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "defaults": (IMAGES, {"shuffle": False, "image_size": [4, 4]}),
    **{
        f"images {method}": (IMAGES, {**_SORTED, "interpolation": method, "batch_size": 3})
        for method in ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5",
                       "gaussian", "mitchellcubic")
    },
    "cropped": (IMAGES, {**_SORTED, "crop_to_aspect_ratio": True}),
    "padded": (IMAGES, {**_SORTED, "pad_to_aspect_ratio": True}),
    "channels first": (IMAGES, {**_SORTED, "data_format": "channels_first"}),
    "transparency": (IMAGES, {**_SORTED, "color_mode": "rgba", "label_mode": "categorical"}),
    "single images": (IMAGES, {**_SORTED, "batch_size": None, "class_names": ["b", "a"],
                               "label_mode": "binary"}),
    "images alone": (IMAGES, {**_SORTED, "labels": None}),
    "given labels": (IMAGES, {**_SORTED, "labels": [3, 1, 1, 0, 2, 2, 0], "image_size": 5}),
    "shuffled": (IMAGES, {"seed": 7, "batch_size": 3}),
    "training": (IMAGES, {"seed": 7, "validation_split": 0.3, "subset": "training"}),
    "validation": (IMAGES, {"seed": 7, "validation_split": 0.3, "subset": "validation"}),
    "both": (IMAGES, {"shuffle": False, "validation_split": 0.3, "subset": "both",
                      "image_size": [4, 4]}),
    "texts": ("text_dataset_from_directory", {"shuffle": False, "batch_size": 3}),
    "cut texts": ("text_dataset_from_directory", {"shuffle": False, "max_length": 3,
                                                  "label_mode": "binary"}),
    "texts alone": ("text_dataset_from_directory", {"shuffle": False, "label_mode": None,
                                                    "batch_size": None}),
    "sounds": ("audio_dataset_from_directory", {"shuffle": False, "class_names": ["y"]}),
    "cut sounds": ("audio_dataset_from_directory", {
        "shuffle": False, "output_sequence_length": 30, "batch_size": 1}),
    "single sounds": ("audio_dataset_from_directory", {"shuffle": False, "batch_size": None,
                                                       "labels": None}),
}  # fmt: skip
WRITERS = {
    IMAGES: write_images,
    "text_dataset_from_directory": write_texts,
    "audio_dataset_from_directory": write_sounds,
}


def read(utils: Any, name: str, folder: Path) -> list[dict[str, Any]]:
    """The data sets of one case: their classes, files, number of batches, and elements in order."""
    function, arguments = CASES[name]
    made = getattr(utils, function)(str(folder), verbose=False, **arguments)
    return [
        {
            "class_names": one.class_names,
            "paths": [str(Path(path).relative_to(folder)) for path in one.file_paths]
            if hasattr(one, "file_paths")
            else None,
            "cardinality": int(one.cardinality()),
            "elements": [] if "seed" in arguments else list(one.as_numpy_iterator()),
        }
        for one in (made if isinstance(made, list | tuple) else [made])
    ]
