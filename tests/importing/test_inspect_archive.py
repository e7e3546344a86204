"""An .eval archive made to hurt: bombs, overlaps, foreign packing, lies about size."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile

import pyarrow as pa
import pytest

from scaling_cli.importing import inspect_archive
from scaling_cli.importing.inspect_archive import Archive, Unreadable


def archive(path: Path, content: bytes, packing: int = ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", packing) as file:
        file.writestr("a.json", content)
    return path


def zstd(path: Path, *frames: bytes, size: int | None = None) -> Path:
    """An archive of one zstd member, written by hand: method 93, one frame after another."""
    content = b"".join(frames)
    packed = b"".join(pa.compress(one, codec="zstd", asbytes=True) for one in frames)
    length = len(content) if size is None else size
    common = (93, 0, 0, zlib.crc32(content), len(packed), length, 6, 0)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 63, 0, *common) + b"a.json" + packed
    central = (
        struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 63, 63, 0, *common, 0, 0, 0, 0, 0)
        + b"a.json"
    )
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    path.write_bytes(local + central + end)
    return path


@pytest.mark.parametrize("packing", [ZIP_STORED, ZIP_DEFLATED])
def test_members_packed_by_zip_are_read(tmp_path: Path, packing: int) -> None:
    with Archive(archive(tmp_path / "a.eval", b'{"x": 1}', packing)) as opened:
        assert opened.json("a.json") == {"x": 1}


def test_zstd_of_several_frames_is_read(tmp_path: Path) -> None:
    with Archive(zstd(tmp_path / "a.eval", b'{"x": [1', b", 2]", b"}")) as opened:
        assert opened.json("a.json") == {"x": [1, 2]}


def test_a_size_that_is_a_lie_is_damage(tmp_path: Path) -> None:
    with (
        Archive(zstd(tmp_path / "a.eval", b"[1, 2]", size=3)) as opened,
        pytest.raises(Unreadable, match="damaged"),
    ):
        opened.json("a.json")


@pytest.mark.parametrize("lie", [None, 5])
def test_a_bomb_is_never_unpacked_past_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: int | None
) -> None:
    monkeypatch.setattr(inspect_archive, "LARGEST", 2**16)
    monkeypatch.setattr(inspect_archive, "BLOCK", 2**12)
    content = b'"' + b"0" * 2**22 + b'"'
    for path in (
        zstd(tmp_path / "z.eval", content, size=lie),
        archive(tmp_path / "d.eval", content),
    ):
        with Archive(path) as opened, pytest.raises(Unreadable, match="unpacks to more than"):
            opened.json("a.json")


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.eval", json.dumps("0" * 4000).encode(), ZIP_STORED)
    with ZipFile(path, "a") as file:
        first = file.infolist()[0]
        for number in range(20):
            clone = type(first)(f"{number}.json")
            for name in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(clone, name, getattr(first, name))
            file.filelist.append(clone)
            file.NameToInfo[clone.filename] = clone
        file._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(Unreadable, match="overlap"):
        Archive(path)


def test_of_a_name_written_twice_the_last_counts(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.eval", b"1")
    with ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("a.json", b"2")
    with Archive(path) as opened:
        assert opened.json("a.json") == 2
        assert opened.names("") == ["a.json"]


def test_what_is_packed_or_locked_otherwise_is_told(tmp_path: Path) -> None:
    with (
        Archive(archive(tmp_path / "a.eval", b"1", ZIP_BZIP2)) as opened,
        pytest.raises(Unreadable, match="not read here"),
    ):
        opened.json("a.json")
    path = archive(tmp_path / "b.eval", b"1")
    locked = bytearray(path.read_bytes())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    with Archive(path) as opened, pytest.raises(Unreadable, match="encrypted"):
        opened.json("a.json")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\xfd", b"9" * 5000, b"[" * 100_000])
def test_a_member_that_is_not_json_is_told(tmp_path: Path, content: bytes) -> None:
    with (
        Archive(archive(tmp_path / "a.eval", content)) as opened,
        pytest.raises(Unreadable, match="not whole JSON"),
    ):
        opened.json("a.json")


@pytest.mark.parametrize("kept", [0, 3, 60, -1])
def test_a_file_that_is_no_archive_is_told(tmp_path: Path, kept: int) -> None:
    path = archive(tmp_path / "a.eval", b'{"x": 1}')
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(Unreadable, match=r"whole \.eval archive"):
        Archive(path)
