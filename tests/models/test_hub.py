"""The hub out of reach, refusing, or without room: a plain sentence, never a trace."""

from __future__ import annotations

import errno
from pathlib import Path

import huggingface_hub
import pytest

from scaling_cli.errors import ModelError
from scaling_cli.models import hub
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
