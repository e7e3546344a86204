"""Where the numbers come from: the facts of each run's manifest, in the order a reader asks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from scaling_cli.reporting.plain import shown
from scaling_cli.store import CellRecord, RunFolder

Row = dict[str, Any]


def provenance(folders: Sequence[RunFolder]) -> list[Row]:
    """One entry a run: facts as (name, value) pairs, and a row for each cell."""
    return [_entry(folder) for folder in folders]


def _entry(folder: RunFolder) -> Row:
    run = folder.read_manifest()
    return {
        "run": folder.name,
        "facts": [
            ("sweep", _sentence(run.sweep)),
            ("versions", _listed(run.versions).replace("\n", ", ")),
            ("hardware", _listed(run.hardware).replace("\n", ", ")),
            ("weights (SHA-256)", _listed(run.weights)),
            ("data", _listed(run.data)),
            ("engine starts", "\n".join(map(_start, run.starts))),
        ],
        "cells": [_cell(key, cell) for key, cell in run.ordered()],
    }


def _listed(facts: Mapping[str, Any]) -> str:
    return "\n".join(f"{name} {_worded(value)}" for name, value in facts.items())


def _worded(value: Any) -> str:
    return shown(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _sentence(sweep: Mapping[str, Any]) -> str:
    """The sweep file's keys; the question stands at the page's top."""
    kept = {key: value for key, value in sweep.items() if key != "question"}
    return "\n".join(f"{key}: {_worded(value)}" for key, value in kept.items())


def _start(start: Mapping[str, Any]) -> str:
    names = ("engine", "version", "model", "dtype", "slots", "seed")
    return ", ".join(f"{name} {_worded(start[name])}" for name in names if name in start)


def _cell(key: str, cell: CellRecord) -> Row:
    details = cell.details
    params = details.get("params")
    return {
        "cell": key,
        "model": details.get("model"),
        "task": details.get("task"),
        "strategy": "greedy" if details.get("temperature") == 0 else details.get("strategy"),
        "params": json.dumps(dict(params), sort_keys=True) if params else None,
        "temperature": details.get("temperature"),
        "max_tokens": details.get("max_tokens"),
        "samples": details.get("samples"),
        "questions": details.get("questions"),
        "engine": details.get("engine"),
        "dtype": cell.identity.get("dtype"),
        "task revision": details.get("task_revision"),
        "prompt": cell.prompt_hash,
        "seed": cell.seed,
    }
