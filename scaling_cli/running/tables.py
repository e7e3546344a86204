"""What a run has and lacks, as rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from scaling_cli.laws.cost import CostModel
from scaling_cli.plan import Expectation, Sample, Todo, Wanted, expect, plan
from scaling_cli.running.journal import Journal
from scaling_cli.running.prepare import PreparedCell, prepare
from scaling_cli.running.session import call_sample
from scaling_cli.store import RunFolder
from scaling_cli.sweep import Sweep

Row = dict[str, Any]


def status_rows(folder: RunFolder) -> list[Row]:
    """One row a cell: questions, samples, tokens, failures, how far it is."""
    run = folder.read_manifest()
    return [_status(folder, key, dict(cell.details)) for key, cell in run.ordered()]


def _status(folder: RunFolder, key: str, details: Row) -> Row:
    wanted = int(details["samples"]) * int(details["questions"])
    row: Row = {
        "cell": key,
        "model": details["model"],
        "task": details["task"],
        "strategy": "greedy" if details["temperature"] == 0 else details["strategy"],
        "questions": details["questions"],
        "samples": wanted,
        "done": 0,
        "failed": 0,
        "accuracy": None,
        "truncated": None,
        "tokens": None,
        "cache_hit_rate": None,
    }
    if folder.has_part("candidates", key):
        row |= _graded(folder, key)
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


def plan_rows(sweep: Sweep, folder: RunFolder) -> list[Row]:
    """One row a cell: samples missing, and the tokens and FLOPs they should take."""
    prepared = {cell.key: cell for cell in prepare(sweep)}
    todo = plan(wanted(prepared.values()), lambda key: held(folder, key))
    lengths = {key: mean for key in prepared if (mean := mean_tokens(folder, key)) is not None}
    rows = expect(todo, lengths, lambda one, length: _flops(prepared[one.wanted.key], one, length))
    return [_plan_row(row) for row in rows]


def _plan_row(row: Expectation) -> Row:
    fields = asdict(row)
    fields["cell"], fields["params"] = fields.pop("key"), dict(row.params)
    fields["strategy"] = "greedy" if row.temperature == 0 else row.strategy
    return fields


def wanted(prepared: Iterable[PreparedCell]) -> list[Wanted]:
    """The cells as the plan sees them."""
    return [Wanted(c.key, c.cell, tuple(q.id for q in c.questions)) for c in prepared]


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


def _flops(prepared: PreparedCell, todo: Todo, length: float) -> float | None:
    """FLOPs of the missing samples, one prompt a question."""
    architecture = prepared.model.architecture
    if architecture is None or prepared.model.tokenizer is None:
        return None
    model = CostModel(architecture)
    asked = {question for question, _ in todo.missing}
    prompts = {q.id: len(prepared.prompt_tokens(q)) for q in prepared.questions if q.id in asked}
    prefill = sum(float(model.prefill(tokens)) for tokens in prompts.values())
    return prefill + sum(
        float(model.decode(length, context=prompts[question])) for question, _ in todo.missing
    )
