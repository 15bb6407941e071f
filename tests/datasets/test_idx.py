"""The IDX reader: what it accepts, and that it refuses everything else before taking memory."""

from __future__ import annotations

import gzip
import os
import re
import struct
import tracemalloc

import numpy as np
import pytest

from geartrain.datasets.idx import encode_header, encode_idx, read_idx


def idx(shape, payload, code=8, rank=None):
    """The bytes of an IDX file, right or wrong."""
    rank = len(shape) if rank is None else rank
    return bytes([0, 0, code, rank]) + struct.pack(f">{len(shape)}I", *shape) + payload


GOOD = idx((2, 3), b"abcdef")
PACKED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), (0, 28, 28)])
def test_writes_and_reads_every_dtype(dtype, shape):
    array = np.random.default_rng(0).normal(0, 50, shape).astype(dtype)
    for content in (encode_idx(array), gzip.compress(encode_idx(array))):
        read = read_idx(content, shape=shape, dtype=dtype)
        assert read.dtype == np.dtype(dtype) and read.flags.writeable
        np.testing.assert_array_equal(read, array)


def test_elements_are_big_endian():
    assert read_idx(idx((2,), b"\0\1\xff\xfe", code=11)).tolist() == [1, -2]
    assert encode_idx(np.array([1, -2], "int16"))[-4:] == b"\0\1\xff\xfe"
    assert encode_idx(np.array([1, -2], ">i2"))[-4:] == b"\0\1\xff\xfe"


def test_encodes_a_view_in_the_order_of_its_axes():
    array = np.arange(6, dtype="uint8").reshape(2, 3).T
    np.testing.assert_array_equal(read_idx(encode_idx(array)), array)


def test_reads_a_file_by_path_or_by_text(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(PACKED)
    assert (
        read_idx(path).tolist() == read_idx(str(path)).tolist() == [[97, 98, 99], [100, 101, 102]]
    )


def test_reads_a_gzip_file_of_two_members():
    content = gzip.compress(GOOD[:13]) + gzip.compress(GOOD[13:])
    assert read_idx(content).shape == (2, 3)


MEGABYTE = b"\0" * (1 << 20)
HOSTILE = {
    "empty": (b"", "starts with 00 00, an element type of 08, .*Received: nothing"),
    "three bytes": (b"\0\0\x08", "Received: 00 00 08"),
    "no zeros": (b"\x01" + GOOD[1:], "Received: 01 00 08 02"),
    "second byte": (b"\0\x01" + GOOD[2:], "Received: 00 01 08 02"),
    "unknown type": (idx((2, 3), b"abcdef", code=10), "Received: 00 00 0a 02"),
    "text": (b"<html>not found</html>", "Received: 3c 68 74 6d"),
    "pickle": (b"\x80\x04\x95\x10", "Received: 80 04 95 10"),
    "rank 0": (idx((), b"a", rank=0), "expected 1 to 8 axes. Received: 0"),
    "rank 255": (idx((1,) * 255, b"a"), "expected 1 to 8 axes. Received: 255"),
    "sizes cut": (idx((2, 3), b"", rank=3), "expected 12 bytes for .* 3 axes. Received: 8"),
    "one byte short": (GOOD[:-1], r"expected 6 bytes .* shape \(2, 3\) of uint8. Received: 5"),
    "one byte more": (GOOD + b"g", "expected 6 bytes .*Received: 7"),
    "header alone": (idx((2, 3), b""), "expected 6 bytes .*Received: 0"),
    "wider type": (idx((2, 3), b"abcdef", code=14), "expected 48 bytes .* float64. Received: 6"),
    "negative": (idx((0xFFFFFFFF, 6), b"abcdef"), r"sizes of at least 0. Received shape \(-1, 6\)"),
    "two negatives": (idx((0xFFFFFFFF, 0xFFFFFFFA), b"abcdef"), r"Received shape \(-1, -6\)"),
    "huge axis": (idx((0x7FFFFFFF,), b"abcdef"), "expected 2147483647 bytes .*Received: 6"),
    "product wraps to 0": (
        idx((1 << 30, 1 << 30, 16), b""),
        "expected 18446744073709551616 bytes",
    ),
    "product of 31 bits cubed": (
        idx((3,) + (1 << 30,) * 3, b"abcdef"),
        "expected 3713820117856140824",
    ),
    "gzip header alone": (PACKED[:10], "expected a whole gzip file. Received a damaged one"),
    "gzip cut in the data": (PACKED[:-12], "expected a whole gzip file"),
    "gzip cut in the checksum": (PACKED[:-3], "expected a whole gzip file"),
    "gzip wrong checksum": (PACKED[:-8] + b"abcd" + PACKED[-4:], "gzip file.*CRC"),
    "gzip wrong length": (PACKED[:-4] + b"\x09\0\0\0", "expected a whole gzip file"),
    "gzip wrong method": (PACKED[:2] + b"\x07" + PACKED[3:], "expected a whole gzip file"),
    "gzip of garbage": (gzip.compress(b"garbage"), "Received: 67 61 72 62"),
    "gzip of nothing": (gzip.compress(b""), "Received: nothing"),
    "gzip short inside": (gzip.compress(GOOD[:-2]), "expected 6 bytes .*Received: 4"),
    "gzip long inside": (gzip.compress(GOOD + b"g"), "expected 6 bytes .*Received more."),
    "gzip then garbage": (PACKED + b"garbage", "expected a whole gzip file"),
    "gzip bomb": (gzip.compress(GOOD + 100 * MEGABYTE), "expected 6 bytes .*Received more."),
    "gzip declares too much": (gzip.compress(idx((1 << 30,), b"a")), "Received: at most"),
    "gzip in gzip": (gzip.compress(PACKED), "Received: 1f 8b 08 00"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_refuses(content, message, tmp_path):
    path = tmp_path / "hostile-idx2-ubyte"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message) as from_file:
            read_idx(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(from_file.value).startswith(f"{path}: ")
    assert peak < 1 << 20
    with pytest.raises(ValueError, match=f"^the mirror: .*{message}"):
        read_idx(content, name="the mirror")


def test_another_shape_is_refused_before_memory_is_taken():
    bomb = gzip.compress(idx((64 << 20,), 64 * MEGABYTE))
    tracemalloc.start()
    try:
        with pytest.raises(
            ValueError, match=r"expected shape \(4, 28, 28\). Received: \(67108864,\)"
        ):
            read_idx(bomb, shape=(4, 28, 28))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_another_dtype_is_refused():
    with pytest.raises(ValueError, match=r"expected dtype uint8. Received: int8"):
        read_idx(idx((2,), b"ab", code=9), dtype="uint8")


def test_a_folder_and_a_pipe_are_refused(tmp_path):
    with pytest.raises(ValueError, match=f"{re.escape(str(tmp_path))}: expected a regular file"):
        read_idx(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(
            ValueError, match=r"pipe: expected a regular file. Received another kin"
        ):
            read_idx(tmp_path / "pipe")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        read_idx(tmp_path / "missing")


def test_encoding_refuses_what_idx_cannot_hold():
    with pytest.raises(ValueError, match=r"one of the dtypes uint8, .* Received: int64"):
        encode_idx(np.zeros(3, "int64"))
    with pytest.raises(ValueError, match=r"expected 1 to 8 axes. Received: 0"):
        encode_header(np.zeros((), "uint8"))


@pytest.mark.parametrize("content", [GOOD, PACKED], ids=["plain", "gzip"])
def test_every_damaged_bit_and_every_truncation_is_refused_or_harmless(content):
    truth = read_idx(GOOD)
    for length in range(len(content)):
        with pytest.raises(ValueError, match=r"^file: "):
            read_idx(content[:length], name="file")
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            read = read_idx(bytes(damaged), shape=(2, 3), dtype="uint8", name="file")
        except ValueError as error:
            assert str(error).startswith("file: ")
        else:  # a plain file has no checksum, so its elements may differ
            assert content is GOOD or (read == truth).all()
