"""A zip archive whose members are written in any order, none of them compressed.

The values of a large model are to be on their way to the disk before the digests, which come first
in the archive, are known. So where each member lies is decided by the sizes alone.
"""

from __future__ import annotations

import struct
from typing import IO

# Zip archives know no dates before this one, and others would make equal models unequal files.
_DATE = 1 << 5 | 1  # 1980-01-01
_MODE = 0o600 << 16
_MOST = 0x7FFFFFFF  # bytes of a member, or before the directory, that 32 bits are used for
_UNIX = 3


class ZipWriter:
    """An archive of members of these sizes, whose names are in ASCII.

    Attributes:
        places: where the bytes of each member begin, by its name.
        size: where the directory begins, behind all members.
    """

    def __init__(self, sizes: dict[str, int]) -> None:
        self._sizes = sizes
        self.places: dict[str, int] = {}
        at = 0
        for name, size in sizes.items():
            at += len(self._head(name, 0))
            self.places[name] = at
            at += size
        self.size = at

    def write_directory(self, stream: IO[bytes], checksums: dict[str, int]) -> None:
        """Write all but the members' bytes, for members with these CRC-32s."""
        entries = []
        for name, place in self.places.items():
            head = self._head(name, checksums[name])
            stream.seek(place - len(head))
            stream.write(head)
            entries.append(self._entry(name, checksums[name], place - len(head)))
        directory = b"".join(entries)
        stream.seek(self.size)
        stream.write(directory + self._end(len(directory)))

    def _fields(self, name: str, checksum: int) -> tuple[bytes, bytes]:
        """What a member's head and its entry have in common, and the further field of both."""
        size = self._sizes[name]
        wide = size > _MOST
        kept, extra = (0xFFFFFFFF, struct.pack("<2H2Q", 1, 16, size, size)) if wide else (size, b"")
        common = struct.pack(
            "<5H3L2H", 45 if wide else 20, 0, 0, 0, _DATE, checksum, kept, kept,
            len(name), len(extra),
        )  # fmt: skip
        return common, extra

    def _head(self, name: str, checksum: int) -> bytes:
        common, extra = self._fields(name, checksum)
        return b"PK\3\4" + common + name.encode("ascii") + extra

    def _entry(self, name: str, checksum: int, place: int) -> bytes:
        common, extra = self._fields(name, checksum)
        version = common[:1] + bytes([_UNIX])
        more = struct.pack("<3H2L", 0, 0, 0, _MODE, place)
        return b"PK\1\2" + version + common + more + name.encode("ascii") + extra

    def _end(self, length: int) -> bytes:
        count, place, wide = len(self._sizes), self.size, b""
        if place > _MOST:
            at = place + length
            wide = b"PK\6\6" + struct.pack(
                "<Q2H2L4Q", 44, 45, 45, 0, 0, count, count, length, place
            )
            wide += b"PK\6\7" + struct.pack("<LQL", 0, at, 1)
            place = 0xFFFFFFFF
        return wide + b"PK\5\6" + struct.pack("<4H2LH", 0, 0, count, count, length, place, 0)
