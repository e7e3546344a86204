"""What a run has and lacks, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from scaling_cli.plan import Expectation, Plan, Sample, Wanted, expect, plan
from scaling_cli.running.expected import price
from scaling_cli.running.journal import Journal
from scaling_cli.running.prepare import PreparedCell, prepare
from scaling_cli.running.score import journalled, scored
from scaling_cli.running.session import call_sample
from scaling_cli.store import RunFolder, summary_alone
from scaling_cli.strategies import bill, width_of
from scaling_cli.sweep import SAMPLING, Sweep

Row = dict[str, Any]


STATUS = (
    "model", "task", "strategy", "width", "verifier", "questions", "samples", "done", "failed",
    "accuracy", "truncated", "tokens", "cache_hit_rate", "busy_share", "state",
)  # fmt: skip
"""The columns of a status row that a person sees."""


def status_rows(folder: RunFolder) -> list[Row]:
    """One row a cell: questions, samples, tokens, failures, how far it is."""
    run = folder.read_manifest()
    busy = _busy(run.starts)
    rows = [
        _status(folder, key, cell.seed, dict(cell.details), busy.get(cell.details["model"]))
        for key, cell in run.ordered()
    ]
    # A published summary lacks its samples, which is not the same as not being drawn.
    return [row | {"state": "summary only"} for row in rows] if summary_alone(folder) else rows


def _busy(starts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Share of each model's slots that were at work, over all starts of its engine."""
    seconds: dict[str, float] = {}
    worked: dict[str, float] = {}
    for start in starts:
        work = start.get("work") or {}
        model, wall = str(start["model"]), float(work.get("seconds", 0.0))
        seconds[model] = seconds.get(model, 0.0) + wall
        worked[model] = worked.get(model, 0.0) + wall * float(work.get("busy_share", 0.0))
    return {model: worked[model] / wall for model, wall in seconds.items() if wall > 0}


def _status(folder: RunFolder, key: str, seed: int, details: Row, busy: float | None) -> Row:
    wanted = int(details["samples"]) * int(details["questions"])
    row: Row = {
        "cell": key,
        "model": details["model"],
        "task": details["task"],
        "strategy": "greedy" if details["temperature"] == 0 else details["strategy"],
        "params": details.get("params", {}),
        "engine": details["engine"],
        "task_revision": details["task_revision"],
        "prompt": details.get("prompt"),
        "temperature": details["temperature"],
        "max_tokens": details["max_tokens"],
        "seed": seed,
        "width": details.get("width"),
        "verifier": (details.get("verifier") or {}).get("label"),
        "questions": details["questions"],
        "samples": wanted,
        "done": 0,
        "failed": 0,
        "accuracy": None,
        "truncated": None,
        "tokens": None,
        "cache_hit_rate": None,
        "busy_share": busy,
    }
    if folder.has_part("candidates", key):
        row |= _graded(folder, key)
    if "step" in details:
        row |= _searched(folder, key)
    else:
        # The journal may hold calls of questions that are not asked this time.
        row["done"] = min(wanted, row["done"] + len(Journal.peek(folder.journal_path(key))))
    row["state"] = "complete" if row["done"] >= wanted and not row["failed"] else "incomplete"
    return row


def _graded(folder: RunFolder, key: str) -> Row:
    import numpy as np

    names = ["verdict", "truncated", "new_tokens", "cached_tokens", "prompt_tokens", "error"]
    table = folder.read_part("candidates", key, names)
    failed = int(np.asarray(table["error"].is_valid()).sum())
    verdicts = np.asarray(table["verdict"].to_pylist(), object)
    tokens = [n for n in table["new_tokens"].to_pylist() if n is not None]
    pairs = zip(table["cached_tokens"].to_pylist(), table["prompt_tokens"].to_pylist(), strict=True)
    known = [(cached, prompt) for cached, prompt in pairs if cached is not None and prompt]
    return {
        "done": len(table) - failed,
        "failed": failed,
        "accuracy": float((verdicts == "correct").mean()) if len(verdicts) else None,
        "truncated": float(np.mean(table["truncated"].to_pylist())) if len(table) else None,
        "tokens": sum(tokens),
        "cache_hit_rate": sum(c for c, _ in known) / sum(p for _, p in known) if known else None,
    }


def _searched(folder: RunFolder, key: str) -> Row:
    """Questions done in place of traces, and what all calls were charged in place of paths."""
    if not folder.has_part("candidates", key) or not folder.has_part("charges", key):
        return {}
    done = {question for question, _ in folder.recorded(key)}
    names = ["role", "prompt_tokens", "cached_tokens", "new_tokens"]
    calls = folder.read_part("charges", key, names).to_pylist()
    known = [call for call in calls if call["cached_tokens"] is not None and call["prompt_tokens"]]
    prompts = sum(call["prompt_tokens"] for call in known)
    return {
        "done": len(done),
        "tokens": sum(c["new_tokens"] or 0 for c in calls if c["role"] == "policy"),
        "cache_hit_rate": sum(c["cached_tokens"] for c in known) / prompts if prompts else None,
    }


def plan_rows(sweep: Sweep, folder: RunFolder) -> list[Row]:
    """One row a cell: samples missing, and the tokens and FLOPs they should take."""
    prepared = {cell.key: cell for cell in prepare(sweep)}
    todo = left_to_do([*prepared.values()], folder)
    lengths = {key: mean for key in prepared if (mean := mean_tokens(folder, key)) is not None}
    rows = expect(todo, lengths, lambda one, length: price(prepared[one.wanted.key], one, length))
    return [_plan_row(row, prepared[row.key]) for row in rows]


def _plan_row(row: Expectation, prepared: PreparedCell) -> Row:
    fields = asdict(row)
    fields |= {"task_revision": prepared.task_revision, "prompt": prepared.prompt.label}
    fields["cell"], fields["params"] = fields.pop("key"), dict(row.params)
    searches = row.strategy != SAMPLING
    fields["width"] = width_of(row.strategy, fields["params"]) if searches else None
    fields["strategy"] = "greedy" if row.temperature == 0 else row.strategy
    return fields


def wanted(prepared: Iterable[PreparedCell]) -> list[Wanted]:
    """The cells as the plan sees them."""
    return [_wanted(cell) for cell in prepared]


def _wanted(prepared: PreparedCell) -> Wanted:
    cell = prepared.cell
    ids = tuple(question.id for question in prepared.questions)
    if not cell.searches:
        return Wanted(prepared.key, cell, ids)
    asked = bill(cell.strategy, dict(cell.params))
    return Wanted(prepared.key, cell, ids, asked.solutions, asked.scores)


def left_to_do(prepared: Sequence[PreparedCell], folder: RunFolder) -> Plan:
    """What the run lacks of the cells: samples, and scores of the samples it has."""
    cells = {cell.key: cell for cell in prepared}
    return plan(
        wanted(prepared), lambda key: held(folder, key), lambda key: _unscored(folder, cells[key])
    )


def _unscored(folder: RunFolder, cell: PreparedCell) -> dict[str, tuple[Sample, ...]]:
    """By verifier of the bank, the recorded samples that a run would have it score."""
    if not cell.scorers:
        return {}
    recorded = held(folder, cell.key)
    found = {}
    for scorer in cell.scorers:
        done = scored(folder, cell.key, scorer.key) | journalled(folder, cell.key, scorer.key)
        found[scorer.key] = tuple(sorted(recorded - done))
    return found


def held(folder: RunFolder, key: str) -> set[Sample]:
    """The samples a run has, in its parts or still in its journal."""
    names = Journal.peek(folder.journal_path(key))
    journalled = {call_sample(name) for name in names}
    return folder.recorded(key) | journalled


def mean_tokens(folder: RunFolder, key: str) -> float | None:
    """Mean new tokens of a cell's recorded samples."""
    if not folder.has_part("candidates", key):
        return None
    column = folder.read_part("candidates", key, ["new_tokens"])["new_tokens"].to_pylist()
    lengths = [length for length in column if length is not None]
    return sum(lengths) / len(lengths) if lengths else None
