"""The container of a model: a zip archive, or a folder of the same files.

A zip archive says where its members are twice, and libraries differ in which they believe. Here
the directory is read by rules that leave no room: it ends the file, members follow each other
without gaps, each once, and what stands at their places agrees with the directory.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geartrain.saving.checksum import crc32_of
from geartrain.saving.store import MOST_PROBLEMS, read_exactly

MOST_MEMBERS = 10_000
MOST_DIRECTORY = 8 << 20  # bytes
# What is compressed may be this much larger than its file, or than this many bytes.
MOST_EXPANSION, ALWAYS_ALLOWED = 16, 32 << 20
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _DESCRIPTOR, _PATCHED, _MASKED = 0x1, 0x8, 0x20, 0x2000
_STRONG = 0x40
_WHOLE = 0xFFFFFFFF


@dataclass(frozen=True)
class Member:
    """A file in a container.

    Attributes:
        name: its name, with `/` between folders.
        file: the descriptor of the file that holds its bytes.
        offset, stored: where these begin, and how many they are.
        size: how many bytes it has when it is unpacked.
        checksum: its CRC-32; None in a folder.
        deflated: whether it is compressed.
    """

    name: str
    file: int
    offset: int
    stored: int
    size: int
    checksum: int | None
    deflated: bool


class Archive:
    """The members of a container, once it is known to be sound. A context manager.

    Args:
        path: a zip archive or a folder.
        problems: to look into a container that must not be loaded: what is wrong with a member, or
            with all together, is added to this list instead of raised, and the members that are
            sound by themselves are there.
        who: what errors begin with; the path by default.

    Raises:
        ValueError: a container that is damaged, or that uses what models have no need of.
        FileNotFoundError: no file of that name.
    """

    def __init__(
        self, path: str | os.PathLike[str], problems: list[str] | None = None, who: str = ""
    ) -> None:
        self.path, self.problems, self.who = Path(path), problems, who or repr(str(path))
        self._files: list[int] = []
        try:
            found = _in_folder(self) if self.path.is_dir() else _in_zip(self)
            self.members = {member.name: member for member in found}
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all files."""
        while self._files:
            os.close(self._files.pop())

    def keep(self, file: int) -> int:
        """Let `close` close this descriptor too."""
        self._files.append(file)
        return file

    def refuse(self, expected: str, received: str) -> ValueError:
        """The error for a container that is not as models need it."""
        return ValueError(
            f"{self.who}: expected {expected}. Received: {received}. The file was damaged "
            "or made to mislead: it was not read. Get it again from a source that you trust."
        )

    @contextmanager
    def judged(self) -> Iterator[None]:
        """A block whose refusal is one of the `problems`, where these are listed."""
        try:
            yield
        except ValueError as error:
            if self.problems is None or len(self.problems) >= MOST_PROBLEMS:
                raise
            self.problems.append(str(error))

    def member(self, name: str) -> Member:
        """The member of that name, or an error."""
        if name not in self.members:
            has = ", ".join(map(repr, list(self.members)[:8])) or "nothing"
            raise self.refuse(f"a model, with a file {name!r} in it", has)
        return self.members[name]

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a member, checked, if they are at most `most`."""
        member = self.member(name)
        if member.size > most:
            raise self.refuse(f"at most {most} bytes in {name!r}", f"{member.size}")
        data = bytearray(member.stored)
        read_exactly(member.file, member.offset, memoryview(data), name)
        unpacked = b"".join(_inflated(self, member)) if member.deflated else bytes(data)
        if member.checksum is not None and zlib.crc32(unpacked) != member.checksum:
            raise self.damaged(name)
        return unpacked

    def damaged(self, name: str) -> ValueError:
        """The error for a member whose bytes are not those that were written."""
        return self.refuse(f"in {name!r} the bytes that its checksum is of", "others")

    def place(self, name: str, verify: bool) -> tuple[int, int, int]:
        """Where the bytes of a member are: a descriptor, the first byte and their number.

        A compressed member is unpacked to a temporary file, which has no name.

        Args:
            name: the member.
            verify: whether to check its CRC-32. A caller that has better digests need not.
        """
        member = self.member(name)
        if not member.deflated:
            if verify and member.checksum is not None:
                found = crc32_of(member.file, member.offset, member.size, name)
                if found != member.checksum:
                    raise self.damaged(name)
            return member.file, member.offset, member.size
        import tempfile

        with tempfile.TemporaryFile() as unpacked:
            checksum = 0
            for piece in _inflated(self, member):
                checksum = zlib.crc32(piece, checksum)
                unpacked.write(piece)
            unpacked.flush()
            if checksum != member.checksum:
                raise self.damaged(name)
            return self.keep(os.dup(unpacked.fileno())), 0, member.size


def _inflated(archive: Archive, member: Member) -> Iterator[bytes]:
    """The bytes of a compressed member, piece by piece, and never more than it declared."""
    inflate, at, left = zlib.decompressobj(-zlib.MAX_WBITS), 0, member.size
    wrong = archive.refuse(f"in {member.name!r} {member.size} compressed bytes", "others")
    try:
        while at < member.stored and not inflate.eof:
            piece = bytearray(min(1 << 20, member.stored - at))
            read_exactly(member.file, member.offset + at, memoryview(piece), member.name)
            at += len(piece)
            waiting: bytes = bytes(piece)
            while waiting:
                out = inflate.decompress(waiting, min(left, 1 << 20) + 1)
                left -= len(out)
                if left < 0:
                    raise wrong
                yield out
                waiting = inflate.unconsumed_tail
    except zlib.error:
        raise wrong from None
    if left or not inflate.eof or inflate.unused_data or at < member.stored:
        raise wrong


def check_name(archive: Archive, name: str) -> None:
    """Refuse a name that could mean a place outside of the container."""
    parts = name.removesuffix("/").split("/")
    if (
        any(part in ("", ".", "..") or part != part.strip() for part in parts)
        or any(ord(letter) < 32 or letter in '\\:"*?<>|\x7f' for letter in name)
        or len(name) > 512
    ):
        raise archive.refuse("plain names of files", f"{name[:80]!r}")


def _in_folder(archive: Archive) -> list[Member]:
    """The files of a folder: regular ones alone, since a link could lead anywhere."""
    found: list[Member] = []
    for base, folders, names in os.walk(archive.path):
        for name in [*folders, *names]:
            path = Path(base, name)
            relative = path.relative_to(archive.path).as_posix()
            mode = path.lstat().st_mode
            with archive.judged():
                if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                    raise archive.refuse(
                        "files and folders alone", f"{relative!r}, a link or device"
                    )
                if stat.S_ISREG(mode) and not relative.startswith("."):
                    check_name(archive, relative)
                    found.append(_plain_member(archive, path, relative))
        if len(found) > MOST_MEMBERS:
            raise archive.refuse(f"at most {MOST_MEMBERS} files", "more")
    return found


def _plain_member(archive: Archive, path: Path, name: str) -> Member:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    file = archive.keep(os.open(path, flags | getattr(os, "O_BINARY", 0)))
    size = os.fstat(file).st_size
    return Member(name, file, 0, size, size, None, False)


class _Entry:
    """An entry of a zip archive's directory."""

    FORM = struct.Struct("<4s6H3L5H2L")

    def __init__(self, data: bytes, at: int) -> None:
        fields = self.FORM.unpack_from(data, at)
        self.signature, _, _, self.flags, self.method, _, _, self.checksum = fields[:8]
        stored, size, name, extra, comment, self.disk, _, attributes, offset = fields[8:]
        at += self.FORM.size
        self.raw = data[at : at + name]
        self.extra = data[at + name : at + name + extra]
        self.length = self.FORM.size + name + extra + comment
        self.mode = attributes >> 16
        self.size, self.stored, self.offset = _zip64(self.extra, size, stored, offset)


def _zip64(extra: bytes, *values: int) -> list[int]:
    """Values of which those that are 0xFFFFFFFF stand, with 64 bits, in an extra field."""
    wide, at = b"", 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            wide = extra[at + 4 : at + 4 + size]
        at += 4 + size
    found, at = [], 0
    for value in values:
        if value == _WHOLE and at + 8 <= len(wide):
            value = struct.unpack_from("<Q", wide, at)[0]
            at += 8
        found.append(value)
    return found


def _in_zip(archive: Archive) -> list[Member]:
    """The members of a zip archive, checked against what stands at their places."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    file = archive.keep(os.open(archive.path, flags))
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise archive.refuse("a file", "a device or pipe")
    count, start, stop = _directory(archive, file, status.st_size)
    data = bytearray(stop - start)
    read_exactly(file, start, memoryview(data), str(archive.path))
    members: list[Member] = []
    at = 0
    for _ in range(count):
        with _structure(archive):
            entry = _Entry(bytes(data), at)
        at += entry.length
        with archive.judged():
            members.append(_checked(archive, file, entry, start))
    if at != len(data):
        raise archive.refuse("a directory of its entries alone", "more or less in it")
    with archive.judged():
        _check_together(archive, members, file, start)
    return [member for member in members if not member.name.endswith("/")]


@contextmanager
def _structure(archive: Archive) -> Iterator[None]:
    try:
        yield
    except struct.error:
        raise archive.refuse("a whole zip directory", "one that was cut off") from None


def _directory(archive: Archive, file: int, size: int) -> tuple[int, int, int]:
    """The number of entries, and where the directory begins and ends."""
    tail = bytearray(min(size, 98))
    read_exactly(file, size - len(tail), memoryview(tail), str(archive.path))
    end = bytes(tail[-22:])
    if len(end) < 22 or end[:4] != b"PK\5\6" or end[20:] != b"\0\0":
        received = "no zip archive" if b"PK\5\6" not in tail else "other bytes after its directory"
        raise archive.refuse("a zip archive as model.save writes it", received)
    disk, first, here, count, length, start, _ = struct.unpack("<4H2LH", end[4:])
    stop = size - 22
    if bytes(tail[-42:-38]) == b"PK\6\7":
        _, place, _ = struct.unpack("<LQL", tail[-38:-22])
        if place != size - 98 or bytes(tail[:4]) != b"PK\6\6":
            raise archive.refuse("a zip64 directory where the archive says", "none")
        wide = struct.unpack("<Q2H2L4Q", tail[4:56])
        _, _, _, disk, first, here, count, length, start = wide
        stop = place
    if disk or first or here != count or count > MOST_MEMBERS or length > MOST_DIRECTORY:
        raise archive.refuse(f"one archive of at most {MOST_MEMBERS} files", f"{count} files")
    if start + length != stop:
        raise archive.refuse("a directory at the end of the archive", "one elsewhere")
    return count, start, stop


def _checked(archive: Archive, file: int, entry: _Entry, directory: int) -> Member:
    """The member of an entry, if what stands at its place agrees."""
    with _structure(archive):
        head = bytearray(30)
        read_exactly(file, min(entry.offset, directory), memoryview(head), str(archive.path))
        local = struct.unpack("<4s5H3L2H", head)
    after = bytearray(local[9] + local[10])
    read_exactly(file, min(entry.offset + 30, directory), memoryview(after), str(archive.path))
    try:
        name = entry.raw.decode("utf-8")
    except UnicodeDecodeError:
        raise archive.refuse("names in UTF-8", repr(entry.raw[:80])) from None
    check_name(archive, name)
    if entry.flags & (_ENCRYPTED | _PATCHED | _STRONG | _MASKED):
        raise archive.refuse("files without a password", f"{name!r}, encrypted")
    if entry.method not in (_STORED, _DEFLATED):
        raise archive.refuse("files stored or deflated", f"{name!r} by method {entry.method}")
    kind = stat.S_IFMT(entry.mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise archive.refuse("files and folders alone", f"{name!r}, a link or device")
    size, stored = _zip64(bytes(after[local[9] :]), local[8], local[7])
    agreed = (
        entry.signature == b"PK\1\2"
        and local[0] == b"PK\3\4"
        and bytes(after[: local[9]]) == entry.raw
        and (local[2], local[3]) == (entry.flags, entry.method)
        and (
            entry.flags & _DESCRIPTOR
            or (local[6], stored, size) == (entry.checksum, entry.stored, entry.size)
        )
        and (entry.method == _DEFLATED or entry.stored == entry.size)
        and not (name.endswith("/") and entry.size)
    )
    offset = entry.offset + 30 + local[9] + local[10]
    if not agreed or entry.disk or offset + entry.stored > directory:
        raise archive.refuse(f"{name!r} where and as the directory says", "something else there")
    return Member(
        name, file, offset, entry.stored, entry.size, entry.checksum, entry.method == _DEFLATED
    )


def _check_together(archive: Archive, members: list[Member], file: int, directory: int) -> None:
    """What can be told only of all members together."""
    names = {member.name.removesuffix("/").casefold() for member in members}
    if len(names) < len(members):
        raise archive.refuse("each name once", "a name twice")
    at = 0
    for member in sorted(members, key=lambda one: one.offset):
        before = member.offset - at
        head = bytearray(30)
        for gap in (0, 12, 16, 20, 24):  # of a descriptor after the member before
            if before >= gap + 30:
                read_exactly(file, at + gap, memoryview(head), str(archive.path))
                if head[:4] == b"PK\3\4" and gap + 30 + sum(
                    struct.unpack_from("<2H", head, 26)
                ) == (before):
                    break
        else:
            raise archive.refuse("files that follow each other", f"{member.name!r} elsewhere")
        at = member.offset + member.stored
    if not 0 <= directory - at <= 24:
        raise archive.refuse("a directory right after the files", "something between them")
    packed = [member for member in members if member.deflated]
    unpacked, stored = sum(m.size for m in packed), sum(m.stored for m in packed)
    if unpacked > max(ALWAYS_ALLOWED, MOST_EXPANSION * stored):
        raise archive.refuse(
            f"compressed files that grow at most {MOST_EXPANSION} times",
            f"{unpacked} bytes in {stored}",
        )
