"""The hub out of reach, refusing, or without room: a plain sentence, never a trace."""

from __future__ import annotations

import errno
from pathlib import Path

import huggingface_hub
import pytest

from scaling_cli.errors import ModelError
from scaling_cli.models import hub, pull, resolve
from scaling_cli.models.hub import Unreachable, fetch_file, snapshot


def raising(error: Exception):  # type: ignore[no-untyped-def]
    def stand_in(*_: object, **__: object) -> str:
        raise error

    return stand_in


def test_no_network_is_one_sentence_that_names_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 cannot be reached"):
        fetch_file("owner/name", "file.gguf", Path("nowhere"), None)


@pytest.mark.parametrize("error", [RuntimeError("401"), ConnectionResetError("gone")])
def test_a_hub_that_fails_is_unreachable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    monkeypatch.setattr(hub, "_knock", lambda: None)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", raising(error))
    with pytest.raises(Unreachable, match=type(error).__name__):
        fetch_file("owner/name", "file.gguf", tmp_path, None)


def test_a_full_disk_is_not_taken_for_a_missing_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hub, "_knock", lambda: None)
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", raising(full))
    with pytest.raises(ModelError, match="disk is full") as caught:
        fetch_file("owner/name", "file.gguf", tmp_path, None)
    assert not isinstance(caught.value, Unreachable)


def test_a_model_not_here_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", raising(FileNotFoundError("none")))
    with pytest.raises(ModelError) as caught:
        snapshot("owner/name", None, local_only=True)
    assert caught.value.hint == "scale models pull owner/name"


def test_a_download_tells_its_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those that an interrupted download left are counted too."""

    def download(*, tqdm_class: type, local_dir: Path, filename: str, **_: object) -> str:
        with tqdm_class(total=100, initial=40, unit="B", name="x", desc=filename) as bar:
            bar.update(25)
            bar.update(35)
        return str(local_dir / filename)

    monkeypatch.setattr(hub, "_knock", lambda: None)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    told: list[tuple[str, int, int]] = []
    fetch_file("owner/name", "file.gguf", tmp_path, lambda *said: told.append(said))
    assert told == [("fetching file.gguf", 65, 100), ("fetching file.gguf", 100, 100)]


def test_a_gguf_file_of_the_hub_is_fetched_and_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def download(*, local_dir: Path, repo_id: str, filename: str, **_: object) -> str:
        assert (repo_id, filename) == ("owner/name", "tiny.gguf")
        local_dir.mkdir(parents=True)
        (local_dir / filename).write_bytes(b"weights")
        return str(local_dir / filename)

    monkeypatch.setenv("SCALE_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "_knock", lambda: None)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    with pytest.raises(ModelError, match="not on this machine") as caught:
        resolve("owner/name/tiny.gguf")
    assert caught.value.hint == "scale models pull owner/name/tiny.gguf"
    assert pull("owner/name/tiny.gguf").read_bytes() == b"weights"
    # It is found and read, and these bytes are none.
    with pytest.raises(ModelError, match=r"tiny\.gguf"):
        resolve("owner/name/tiny.gguf")


def test_a_repository_without_safetensors_says_what_to_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hub, "_knock", lambda: None)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda **_: str(tmp_path))
    with pytest.raises(ModelError, match="holds no safetensors") as caught:
        pull("owner/name")
    assert "owner/name/FILE.gguf" in caught.value.hint
