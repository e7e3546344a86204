"""The manifest comes back as written and says what is wrong when it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.errors import StoreError
from scaling_cli.store import CellRecord, Run, RunFolder, run_folders

RUN = Run(
    sweep={"name": "quickstart", "samples": 16, "models": ["a", "b"]},
    versions={"scaling-cli": "0.1.0", "python": "3.11.7"},
    hardware={"cores": 2, "memory": 24.0, "gpu": None},
    weights={"a": "00ff"},
    data={"gsm8k": "sha256:11"},
    cells={
        "0123456789abcdef": CellRecord(
            identity={"model": "a", "temperature": 0.8},
            seed=2**64 - 1,
            prompt_hash="aa",
            shots=("gsm8k/train/0123456789ab",),
            details={"starts": 2},
        )
    },
)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "results" / "quickstart")


def test_round_trip(folder: RunFolder) -> None:
    folder.write_manifest(RUN)
    first = folder.manifest_path.read_bytes()
    assert folder.read_manifest() == RUN
    folder.write_manifest(folder.read_manifest())
    assert folder.manifest_path.read_bytes() == first
    assert RunFolder.open(folder.path) == folder
    assert run_folders(folder.path.parent) == [folder]


def test_no_path_and_no_secret_is_written(folder: RunFolder) -> None:
    sweep = {"data": str(Path.cwd() / "data" / "x.jsonl"), "cache": str(Path.home() / ".cache")}
    folder.write_manifest(Run(sweep=sweep, hardware={"disk": "/mnt/big/disk"}))
    content = folder.manifest_path.read_text()
    assert str(Path.cwd()) not in content and str(Path.home()) not in content
    assert "/mnt" not in content
    before = folder.manifest_path.read_bytes()
    with pytest.raises(StoreError, match="secret"):
        folder.write_manifest(Run(sweep={"engine": {"api_key": "x"}}))
    with pytest.raises(StoreError, match="nan"):
        folder.write_manifest(Run(sweep={"temperature": float("nan")}))
    assert folder.manifest_path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "schema version 99"),
        ({"schema_version": None}, "schema_version is not"),
        ({"schema_version": True}, "schema_version is not"),
        ({"sweep": []}, "sweep is not an object"),
        ({"weights": {"a": 1}}, "weights holds"),
        ({"cells": {"k": 1}}, "cell k is not"),
        ({"cells": {"k": {"identity": {}, "details": {}, "shots": []}}}, "has no seed"),
        ({"cells": {"k": {"seed": 1, "details": {}, "shots": []}}}, "cell k identity"),
        ({"cells": {"k": {"seed": 1, "shots": [1]}}}, "shots"),
        ({"cells": {"k": {"seed": 1, "shots": [], "prompt_hash": 4}}}, "prompt_hash"),
    ],
)
def test_what_is_wrong_is_named(folder: RunFolder, change: dict[str, Any], message: str) -> None:
    folder.write_manifest(RUN)
    content = json.loads(folder.manifest_path.read_text()) | change
    folder.manifest_path.write_text(json.dumps(content))
    with pytest.raises(StoreError, match=message) as caught:
        folder.read_manifest()
    assert str(folder.manifest_path) in caught.value.message and caught.value.hint


@pytest.mark.parametrize(
    "content", [b"", b'{"schema_version": 1', b"[]", b"\xff\xfe", b"[" * 10**5]
)
def test_a_damaged_manifest(folder: RunFolder, content: bytes) -> None:
    folder.manifest_path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        folder.read_manifest()


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no run"):
        RunFolder.open(tmp_path)
    assert run_folders(tmp_path) == []


def test_fits(folder: RunFolder) -> None:
    folder.write_fits({"coverage": {"alpha": 0.5, "interval": [0.25, None]}})
    assert folder.read_fits() == {"coverage": {"alpha": 0.5, "interval": [0.25, None]}}
