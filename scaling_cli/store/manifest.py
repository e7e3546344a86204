"""The manifest `run.json`: everything needed to run a sweep again, checked when read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from scaling_cli.errors import StoreError
from scaling_cli.store.atomic import replace_file
from scaling_cli.store.schema import SCHEMA_VERSION
from scaling_cli.store.scrub import scrub


@dataclass(frozen=True, slots=True)
class CellRecord:
    """What one cell is: its identity, whose hash is its key, and how it was asked."""

    identity: Mapping[str, Any]
    seed: int
    prompt_hash: str | None = None
    shots: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """The manifest. `weights` and `data` map names to fingerprints, `cells` keys to cells.

    `starts` lists every start of an engine, which a bank's column `start` counts.
    """

    sweep: Mapping[str, Any]
    versions: Mapping[str, str] = field(default_factory=dict)
    hardware: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, CellRecord] = field(default_factory=dict)
    starts: tuple[Mapping[str, Any], ...] = ()

    def ordered(self) -> list[tuple[str, CellRecord]]:
        """The cells as a reader expects them: small models first, greedy before sampled."""
        return sorted(self.cells.items(), key=lambda item: _rank(*item))


def _rank(key: str, cell: CellRecord) -> tuple[Any, ...]:
    details = cell.details
    known = (details.get("architecture") or {}).get("parameters") or details.get("parameters")
    names = (str(details.get("model")), str(details.get("task")))
    # An imported cell's temperature is not known: after greedy, like any other that samples.
    temperature = details.get("temperature")
    heat = float("inf") if temperature is None else temperature
    return (known or float("inf"), *names, heat, details.get("max_tokens", 0), key)


def write_manifest(path: Path, run: Run) -> None:
    """Write the manifest without absolute paths; a secret in it is a `StoreError`."""
    write_json(path, {"schema_version": SCHEMA_VERSION, **scrub(run)})


def read_manifest(path: Path) -> Run:
    """The manifest, or a `StoreError` that names what is wrong with the file."""
    content = read_json(path)
    version = content.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise _damaged(path, "schema_version is not a whole number")
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {version}, this scale reads up to {SCHEMA_VERSION}",
            "install the newer scale that wrote it",
        )
    sections = {
        name: _mapping(path, content, name)
        for name in ("sweep", "versions", "hardware", "weights", "data", "cells")
    }
    for name in ("versions", "weights", "data"):
        if any(not isinstance(value, str) for value in sections[name].values()):
            raise _damaged(path, f"{name} holds something other than text")
    cells = {key: _cell(path, key, cell) for key, cell in sections.pop("cells").items()}
    return Run(**sections, cells=cells, starts=_starts(path, content))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write sorted, indented JSON in one step; the same content gives the same bytes."""
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=True)

    def write(file: IO[bytes]) -> None:
        file.write(text.encode() + b"\n")

    replace_file(path, write)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in the file."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise StoreError(f"{path} does not exist", "run the sweep that fills it") from error
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(content, dict):
        raise _damaged(path, "it is not a JSON object")
    return content


def _cell(path: Path, key: str, content: Any) -> CellRecord:
    place = f"cell {key}"
    if not isinstance(content, dict):
        raise _damaged(path, f"{place} is not an object")
    seed, prompt_hash, shots = (content.get(name) for name in ("seed", "prompt_hash", "shots"))
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise _damaged(path, f"{place} has no seed")
    if not isinstance(prompt_hash, str | None):
        raise _damaged(path, f"{place} has a prompt_hash that is not text")
    if not isinstance(shots, list) or any(not isinstance(shot, str) for shot in shots):
        raise _damaged(path, f"{place} has shots that are not a list of ids")
    identity = _mapping(path, content, "identity", place)
    details = _mapping(path, content, "details", place)
    return CellRecord(identity, seed, prompt_hash, tuple(shots), details)


def _starts(path: Path, content: dict[str, Any]) -> tuple[Mapping[str, Any], ...]:
    starts = content.get("starts", [])
    if not isinstance(starts, list) or any(not isinstance(start, dict) for start in starts):
        raise _damaged(path, "starts is not a list of engine starts")
    return tuple(starts)


def _mapping(path: Path, content: dict[str, Any], name: str, place: str = "") -> dict[str, Any]:
    value = content.get(name)
    if not isinstance(value, dict):
        raise _damaged(path, f"{place} {name} is not an object".strip())
    return value


def _damaged(path: Path, what: str) -> StoreError:
    return StoreError(
        f"{path} is damaged: {what}",
        "move it away and run the same command again: it is written anew",
    )
