"""Cases of Fourier transforms, window functions, patches of images, labels, correlations, areas."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from geartrain import ops
from tests.ops.cases import CUBE, POSITIVE, ROW, WHOLE, Table, X, Y

table = Table(6)
case, plain, reals, integers = table.case, table.plain, table.reals, table.integers
CALLS: dict[str, Any] = {}

# -- Fourier transforms -----------------------------------------------------------------------


def of_pairs(transform: Any) -> Any:
    """A transform of complex numbers as one of two arrays."""

    def run(real: np.ndarray, imaginary: np.ndarray) -> Any:
        found = transform(real + 1j * imaginary)
        return (found.real, found.imag) if np.iscomplexobj(found) else found

    return run


for name in ("fft", "fft2", "ifft2", "irfft"):
    CALLS[name] = lambda real, imaginary, name=name, **k: getattr(ops, name)((real, imaginary), **k)
    case(name, X, Y, expected=of_pairs(getattr(np.fft, name)), batched=name in ("fft", "irfft"))
for shape in ((1,), (7,), (2, 3, 5)):
    real, imaginary = reals(*shape), reals(*shape)
    case("fft", real, imaginary, expected=of_pairs(np.fft.fft), batched=len(shape) > 1)
for size in (None, 4, 5, 9):
    low = reals(2, 4)
    case("irfft", low, reals(2, 4), expected=of_pairs(lambda x, n=size: np.fft.irfft(x, n)),
         fft_length=size)  # fmt: skip
    case("rfft", X, fft_length=size, expected=lambda x, n=size: (
        np.fft.rfft(x, n).real, np.fft.rfft(x, n).imag))  # fmt: skip
plain("rfft", WHOLE, expected=lambda x: (np.fft.rfft(x).real, np.fft.rfft(x).imag))


def stretches(x: np.ndarray, size: int, stride: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(x, size, -1)[..., ::stride, :]


for size, stride in ((3, 1), (2, 2), (4, 3)):
    case("extract_sequences", X, sequence_length=size, sequence_stride=stride,
         expected=lambda x, sequence_length, sequence_stride:
         stretches(x, sequence_length, sequence_stride))  # fmt: skip
    case("extract_sequences", CUBE, sequence_length=2, sequence_stride=stride,
         expected=lambda x, sequence_length, sequence_stride:
         stretches(x, sequence_length, sequence_stride))  # fmt: skip


def weights_of(window: Any, size: int, length: int) -> np.ndarray:
    """The window, of one period, in the middle of zeros."""
    if window is None:
        return np.ones(length)
    if isinstance(window, str):
        turn = 2 * np.pi * np.arange(size) / size
        window = 0.5 - 0.5 * np.cos(turn) if window == "hann" else 0.54 - 0.46 * np.cos(turn)
    before = (length - size) // 2
    return np.pad(window, (before, length - size - before))


def stft(
    x: np.ndarray, sequence_length: int, sequence_stride: int, fft_length: int, window: Any,
    center: bool,
) -> Any:  # fmt: skip
    if center:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(fft_length // 2,) * 2], mode="reflect")
    cut = stretches(x, fft_length, sequence_stride)
    found = np.fft.rfft(cut * weights_of(window, sequence_length, fft_length))
    return found.real, found.imag


def istft(
    real: np.ndarray, imaginary: np.ndarray, sequence_length: int, sequence_stride: int,
    fft_length: int, window: Any, center: bool, length: Any = None,
) -> Any:  # fmt: skip
    weights = weights_of(window, sequence_length, fft_length)
    rows = np.fft.irfft(real + 1j * imaginary, fft_length) * weights
    total = fft_length + sequence_stride * (rows.shape[-2] - 1)
    whole, norm = np.zeros((*rows.shape[:-2], total)), np.zeros(total)
    for t in range(rows.shape[-2]):
        place = slice(t * sequence_stride, t * sequence_stride + fft_length)
        whole[..., place] += rows[..., t, :]
        norm[place] += weights**2
    if window is not None:
        whole = np.where(norm == 0, 0, whole / np.where(norm == 0, 1, norm))
    start = fft_length // 2 if center else 0
    return whole[..., start : start + length if length is not None else total - start]


SIGNAL = reals(2, 16)
CALLS["istft"] = lambda real, imaginary, **k: ops.istft((real, imaginary), **k)
for window, center, sizes in (
    ("hann", True, (6, 2, 8)), ("hamming", False, (5, 3, 5)), (None, True, (4, 2, 8)),
    (np.linspace(0.3, 1, 4), False, (4, 2, 6)),
):  # fmt: skip
    keywords = {
        **dict(zip(("sequence_length", "sequence_stride", "fft_length"), sizes, strict=True)),
        "window": window, "center": center,
    }  # fmt: skip
    case("stft", SIGNAL, expected=stft, **keywords)
    parts = [reals(2, 5, sizes[2] // 2 + 1) for _ in range(2)]
    case("istft", *parts, expected=istft, **keywords)
case("istft", *parts, expected=istft, length=7, **keywords)

for name in ("bartlett", "blackman", "hamming", "hanning"):
    for count in (7, 4, 1):
        plain(name, x=count, expected=lambda x, name=name: getattr(np, name)(x).astype("float32"))
plain("kaiser", x=6, beta=5.5, expected=lambda x, beta: np.kaiser(x, beta).astype("float32"))

# -- patches ----------------------------------------------------------------------------------

IMAGES = reals(2, 4, 6, 2)


def blocks(x: np.ndarray, block_size: int) -> np.ndarray:
    """Images with channels last, block by block, as a loop says it."""
    b = block_size
    n, h, w, c = x.shape
    found = np.zeros((n, h // b, w // b, b * b * c))
    for i, j in itertools.product(range(h // b), range(w // b)):
        found[:, i, j] = x[:, i * b : i * b + b, j * b : j * b + b].reshape(n, -1)
    return found


def unblocked(x: np.ndarray, block_size: int) -> np.ndarray:
    """The way back."""
    b = block_size
    n, h, w, c = x.shape
    found = np.zeros((n, h * b, w * b, c // b // b))
    for i, j in itertools.product(range(h), range(w)):
        found[:, i * b : i * b + b, j * b : j * b + b] = x[:, i, j].reshape(n, b, b, -1)
    return found


def channels_first(x: np.ndarray, block_size: int) -> np.ndarray:
    """Blocks channel by channel."""
    found = [blocks(x[:, c, ..., None], block_size) for c in range(x.shape[1])]
    return np.moveaxis(np.concatenate(found, -1), -1, 1)


case("space_to_depth", IMAGES, block_size=2, expected=blocks)
case("depth_to_space", reals(2, 2, 3, 8), block_size=2, expected=unblocked)
FIRST = np.moveaxis(IMAGES, -1, 1).copy()
case("space_to_depth", FIRST, block_size=2, data_format="channels_first", expected=channels_first)
case("depth_to_space", channels_first(FIRST, 2), block_size=2, data_format="channels_first",
     expected=FIRST)  # fmt: skip


def columns(x: np.ndarray, kernel: Any, dilation: Any, padding: Any, stride: Any) -> np.ndarray:
    """The index of each element of each window in the padded image: (c kh kw, windows)."""
    c, h, w = x.shape
    (kh, kw), (dh, dw), (sh, sw) = kernel, dilation, stride
    rows = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
    found = [
        [
            (channel * h + i * sh + p * dh) * w + j * sw + q * dw
            for i, j in itertools.product(*map(range, rows))
        ]
        for channel, p, q in itertools.product(range(c), range(kh), range(kw))
    ]
    return np.array(found)


def unfold(x: np.ndarray, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    at = columns(x[0], kernel_size, dilation, padding, stride)
    return x.reshape(len(x), -1)[:, at]


def fold(
    x: np.ndarray, output_size: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> Any:
    c = x.shape[1] // math.prod(kernel_size)
    outer = [size + 2 * p for size, p in zip(output_size, padding, strict=True)]
    at = columns(np.zeros((c, *outer)), kernel_size, dilation, padding, stride)
    whole = np.zeros((len(x), c * math.prod(outer)))
    for n, index in itertools.product(range(len(x)), np.ndindex(*at.shape)):
        whole[n, at[index]] += x[(n, *index)]
    whole = whole.reshape(-1, c, *outer)
    (ph, pw), (h, w) = padding, output_size
    return whole[:, :, ph : ph + h, pw : pw + w]


for kernel, dilation, padding, stride in (
    ((2, 2), (1, 1), (0, 0), (1, 1)), ((2, 3), (1, 1), (0, 0), (2, 1)),
    ((2, 2), (1, 2), (1, 0), (2, 2)),
):  # fmt: skip
    windows = {
        "kernel_size": kernel, "dilation": dilation, "padding": padding, "stride": stride,
    }  # fmt: skip
    case("unfold", FIRST, expected=unfold, **windows)
    case("fold", unfold(FIRST, **windows), expected=fold, output_size=(4, 6), **windows)

case("rearrange", CUBE, pattern="a b c -> c (b a)",
     expected=lambda x: x.transpose(2, 1, 0).reshape(4, 6), batched=False)  # fmt: skip
case("rearrange", CUBE, pattern="a b (c d)->d a b c", c=2, batched=True,
     expected=lambda x: x.reshape(2, 3, 2, 2).transpose(3, 0, 1, 2))  # fmt: skip

# -- measures ---------------------------------------------------------------------------------

case("ptp", CUBE, axis=1)
case("ptp", CUBE, axis=(0, 2), keepdims=True)
case("cdist", X, Y, expected=lambda x, y: np.linalg.norm(x[:, None] - y[None], axis=-1))
case("cdist", CUBE, reals(2, 5, 4),
     expected=lambda x, y: np.linalg.norm(x[:, :, None] - y[:, None], axis=-1))  # fmt: skip
case("psnr", X, Y, max_val=3.0,
     expected=lambda x, y, max_val: 10 * np.log10(max_val**2 / np.mean((x - y) ** 2)))  # fmt: skip
case("corrcoef", X, batched=False)
case("corrcoef", ROW, differentiable=False)
case("trapezoid", CUBE, dx=0.5, axis=1)
case("trapezoid", CUBE, x=np.array([0.0, 1.0, 1.5, 4.0]))
case("trapezoid", CUBE, x=CUBE**2, axis=1, batched=False)
case("trapezoid", CUBE, x=np.array([0.5, 2.0, 1.0]), axis=-2)
for mode, sizes in itertools.product(("valid", "same", "full"), ((6, 3), (3, 6), (5, 2), (4, 4))):
    case("correlate", reals(sizes[0]), reals(sizes[1]), mode=mode, batched=False)
for count in (None, 0, 1, 3, 5):
    case("vander", ROW, N=count, batched=count is not None)
plain("vander", WHOLE[0], increasing=True, batched=False)
for limits in (None, (-1.0, 1.5)):
    plain("histogram", CUBE.ravel(), bins=5, range=limits, expected=lambda x, bins, range:
          tuple(np.histogram(x, bins, range)))  # fmt: skip
plain("histogram", np.array([2.0, 2.0]), bins=3, expected=lambda x, bins: np.histogram(x, bins))
plain(
    "histogram", np.zeros(0), bins=2, batched=False, expected=lambda x, bins: np.histogram(x, bins)
)
plain("unravel_index", integers(2, 3, high=24), shape=(2, 3, 4))
plain("unravel_index", np.int32([-1, 30]), shape=(2, 3, 4),
      expected=(np.array([1, 1]), np.array([2, 2]), np.array([3, 3])))  # fmt: skip


def wave(x: Any, y: Any) -> Any:
    return ops.sin(x) * y, ops.sum(ops.exp(y))


CALLS["jvp"] = lambda x, y, dx, dy: ops.jvp(wave, (x, y), (dx, dy))
case("jvp", X, Y, POSITIVE, ROW + 0 * X, batched=False, expected=lambda x, y, dx, dy: [
    np.sin(x) * y, np.sum(np.exp(y)), np.cos(x) * dx * y + np.sin(x) * dy, np.sum(np.exp(y) * dy),
])  # fmt: skip

# -- labels -----------------------------------------------------------------------------------


def collapsed(path: Any, blank: int) -> tuple[int, ...]:
    return tuple(c for c, _ in itertools.groupby(path) if c != blank)


def chances_of(frames: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """The probability of each sequence of labels, path by path."""
    each = np.exp(frames) / np.exp(frames).sum(-1, keepdims=True)
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        chance = math.prod(each[t, c] for t, c in enumerate(path))
        labels = collapsed(path, blank)
        found[labels] = found.get(labels, 0.0) + chance
    return found


FRAMES = reals(4, 5, 3)
LABELS = np.int32([[1, 2, 0], [1, 1, 2], [2, 0, 0], [0, 0, 0]])
COUNTS, LENGTHS = np.int32([2, 3, 1, 0]), np.int32([5, 5, 3, 4])
CALLS["ctc_loss"] = lambda x, target, *counts, **k: ops.ctc_loss(target, x, *counts, **k)


def losses(
    output: np.ndarray, target: Any, counts: Any, lengths: Any, mask_index: int = 0
) -> np.ndarray:
    return np.array([
        -math.log(chances_of(frames[:length], mask_index)[tuple(labels[:count])])
        for frames, labels, count, length in zip(output, target, counts, lengths, strict=True)
    ])  # fmt: skip


case("ctc_loss", FRAMES, LABELS, COUNTS, LENGTHS, expected=losses)
case("ctc_loss", FRAMES, (LABELS + 2) % 3, COUNTS, LENGTHS, expected=losses, mask_index=2)


def best(inputs: np.ndarray, sequence_lengths: Any, top_paths: int, mask_index: int) -> Any:
    """By all sequences of labels: the likeliest, filled with -1, and their log-probabilities."""
    paths, scores = np.full((top_paths, *inputs.shape[:2]), -1), np.zeros((len(inputs), top_paths))
    for n, (frames, length) in enumerate(zip(inputs, sequence_lengths, strict=True)):
        ranked = sorted(chances_of(frames[:length], mask_index).items(), key=lambda one: -one[1])
        for place, (labels, chance) in enumerate(ranked[:top_paths]):
            paths[place, n, : len(labels)] = labels
            scores[n, place] = math.log(chance)
    return paths, scores


def greedy(inputs: np.ndarray, sequence_lengths: Any, merge_repeated: bool = True) -> Any:
    paths = np.full((1, *inputs.shape[:2]), -1)
    for n, (frames, length) in enumerate(zip(inputs, sequence_lengths, strict=True)):
        path = frames[:length].argmax(1)
        labels = collapsed(path, 0) if merge_repeated else tuple(c for c in path if c)
        paths[0, n, : len(labels)] = labels
    scores = [-x[:length].max(1).sum() for x, length in zip(inputs, sequence_lengths, strict=True)]
    return paths, np.array(scores)[:, None]


plain("ctc_decode", FRAMES, LENGTHS, expected=greedy)
plain("ctc_decode", FRAMES, LENGTHS, merge_repeated=False, expected=greedy)
for blank in (0, 2):
    plain("ctc_decode", FRAMES, LENGTHS, strategy="beam_search", top_paths=3,
          mask_index=blank, expected=best)  # fmt: skip
