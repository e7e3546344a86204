"""Dequantising: once, whole or not at all. The libraries themselves are stood in for."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from scaling_cli.errors import ModelError
from scaling_cli.models import convert
from scaling_cli.models.convert import as_safetensors


@pytest.fixture
def gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCALE_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"weights")
    return file


def left(tmp_path: Path) -> list[str]:
    return sorted(entry.name for entry in (tmp_path / "cache" / "converted").glob("*"))


def write(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"w")
    (folder / "config.json").write_text("{}")


def test_a_file_is_converted_once(
    gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    said: list[str] = []

    def stand_in(file: Path, folder: Path, dtype: str) -> None:
        asked.append(dtype)
        write(folder)

    monkeypatch.setattr(convert, "_convert", stand_in)
    first = as_safetensors(gguf, say=said.append)
    assert as_safetensors(gguf, say=said.append) == first
    assert asked == ["bfloat16"] and len(said) == 1
    assert as_safetensors(gguf, dtype="float32") != first
    gguf.write_bytes(b"other weights")
    assert as_safetensors(gguf) != first and len(left(tmp_path)) == 3


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left"),
        (ImportError("No module named 'torch'"), "torch"),
        (ValueError("architecture nope not supported"), "nope"),
    ],
)
def test_a_failure_leaves_nothing_and_says_why(
    gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fails(file: Path, folder: Path, dtype: str) -> None:
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"half")
        raise error

    monkeypatch.setattr(convert, "_convert", fails)
    with pytest.raises(ModelError, match=said) as caught:
        as_safetensors(gguf)
    assert caught.value.hint and not left(tmp_path)
    monkeypatch.setattr(convert, "_convert", lambda file, folder, dtype: write(folder))
    assert (as_safetensors(gguf) / "config.json").is_file()


def test_a_second_process_that_was_faster_is_no_error(
    gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(file: Path, folder: Path, dtype: str) -> None:
        write(folder)
        write(folder.with_name(folder.name.split(".")[0]))

    monkeypatch.setattr(convert, "_convert", slow)
    folder = as_safetensors(gguf)
    assert (folder / "config.json").is_file() and left(tmp_path) == [folder.name]
