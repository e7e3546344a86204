"""Members of an .eval log read in memory, safely: never unpacked to disk, never past a limit."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

ZSTD = 93
LARGEST = 128 * 2**20
"""Bytes that one member may unpack to: a sample with all its events is seldom above a few MB."""
BLOCK = 2**20
LOCAL_HEADER = struct.Struct("<4s22xHH")
ENCRYPTED = 1


class Unreadable(Exception):
    """Why an archive or one of its members cannot be read."""


class Archive:
    """The JSON members of one .eval file by name; of a name written twice, the last counts."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = ZipFile(path)
        except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise Unreadable("not a whole .eval archive: its end is missing or damaged") from error
        self._members = {member.filename: member for member in self._zip.infolist()}
        packed = sum(member.compress_size for member in self._members.values())
        if packed > path.stat().st_size:
            self.close()
            # Honest members lie side by side; a bomb lets many names share the same bytes.
            raise Unreadable("its members overlap, as no log's do")

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._zip.close()

    def names(self, folder: str) -> list[str]:
        """The JSON members in this folder, in the order they were written."""
        return [name for name in self._members if name.startswith(folder) and name[-5:] == ".json"]

    def has(self, name: str) -> bool:
        return name in self._members

    def json(self, name: str) -> Any:
        """A member's content; Unreadable where it is torn, too large, or not JSON."""
        try:
            return json.loads(self._bytes(self._members[name]))
        except (ValueError, RecursionError) as error:
            raise Unreadable("not whole JSON") from error

    def _bytes(self, member: ZipInfo) -> bytes:
        if member.flag_bits & ENCRYPTED:
            raise Unreadable("encrypted")
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED, ZSTD):
            raise Unreadable(f"packed in a way that is not read here ({member.compress_type})")
        if member.file_size > LARGEST:
            raise Unreadable(f"unpacks to more than {LARGEST // 2**20} MB")
        try:
            if member.compress_type == ZSTD:
                return self._zstd(member)
            with self._zip.open(member) as file:
                return _bounded(file)
        except (BadZipFile, EOFError, OSError, zlib.error, struct.error) as error:
            raise Unreadable("damaged") from error

    def _zstd(self, member: ZipInfo) -> bytes:
        """The zipfile module knows no zstd before Python 3.14; Arrow does, of many frames too."""
        import pyarrow as pa

        file = self._zip.fp
        assert file is not None
        file.seek(member.header_offset)
        mark, name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
        if mark != b"PK\x03\x04":
            raise BadZipFile("no local header")
        file.seek(name + extra, 1)
        packed = file.read(member.compress_size)
        with pa.input_stream(pa.BufferReader(packed), compression="zstd") as stream:
            content = _bounded(stream)
        if len(content) != member.file_size or zlib.crc32(content) != member.CRC:
            raise BadZipFile("other content than was written")
        return content


def _bounded(file: IO[bytes] | Any) -> bytes:
    """The whole of a stream, read no further than the limit whatever its header says."""
    blocks, size = list[bytes](), 0
    for block in _blocks(file):
        size += len(block)
        if size > LARGEST:
            raise Unreadable(f"unpacks to more than {LARGEST // 2**20} MB")
        blocks.append(block)
    return b"".join(blocks)


def _blocks(file: IO[bytes] | Any) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block
