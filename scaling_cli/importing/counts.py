"""The `counts` format: how many of n samples were right, question by question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.importing.files import count, json_content, number, records, source_files, text
from scaling_cli.importing.rows import ImportedSample, Skipped

MOST = 1_000_000
"""Samples of one question that are still taken for a count and not for a mistake."""

Count = tuple[str, Any, Any, str | None, str | None, str]
"""Question, correct, samples, model, task, and where it stands."""


def read(path: Path) -> Iterator[ImportedSample | Skipped]:
    """Rows of `question_id, correct, samples`, or one JSON object of lists.

    Of the latter two are known: `counts` and `ns` with `uids`, seeds pooled; and runs with
    `config`, rates `theta` and `samples_per_problem`.
    """
    for file in source_files(path, ".jsonl", ".json", ".csv", ".parquet"):
        for item in _counts(file):
            if isinstance(item, Skipped):
                yield item
            else:
                yield from _samples(*item)


def _counts(file: Path) -> Iterator[Count | Skipped]:
    if file.suffix == ".json":
        content = json_content(file)
        if isinstance(content, dict) and isinstance(content.get("counts"), list):
            yield from _pooled(content, file.name)
            return
        if _is_rates(content):
            for run in content:
                yield from _rates(run, file.name)
            return
        if not isinstance(content, list):
            raise TaskError(
                f"{file.name} holds neither rows nor counts", "see docs/import.md for the format"
            )
    for item in records(file):
        if isinstance(item, Skipped):
            yield item
            continue
        where, row = item
        question = text(row, "question_id")
        if question is None:
            yield Skipped(where, "no question_id")
        else:
            names = text(row, "model"), text(row, "task")
            yield question, row.get("correct"), row.get("samples"), *names, where


def _pooled(content: dict[str, Any], name: str) -> Iterator[Count | Skipped]:
    counts, totals = content["counts"], content.get("ns")
    if not isinstance(totals, list) or len(totals) != len(counts):
        raise TaskError(f"{name}: ns and counts differ in length", "fetch the file again")
    ids = content.get("uids") or range(len(counts))
    for index, (identity, right, all_) in enumerate(zip(ids, counts, totals, strict=True), 1):
        yield str(identity), _sum(right), _sum(all_), None, None, f"{name}, question {index}"


def _sum(value: Any) -> Any:
    """One count, or the sum over seeds; None where one of them is not a count."""
    if not isinstance(value, list):
        return value
    parts = [count(part) for part in value]
    return None if None in parts else sum(part for part in parts if part is not None)


def _is_rates(content: Any) -> bool:
    return isinstance(content, list) and all(
        isinstance(run, dict) and isinstance(run.get("theta"), list) for run in content
    )


def _rates(run: dict[str, Any], name: str) -> Iterator[Count | Skipped]:
    """A run named TASK_MODEL; rates times samples are the exact counts."""
    total, label = count(run.get("samples_per_problem")), text(run, "config") or ""
    task, _, model = label.partition("_")
    for index, rate in enumerate(run["theta"]):
        right = number(rate)
        exact = None if right is None or total is None else round(right * total)
        yield (
            str(index),
            exact,
            total,
            model or None,
            task or None,
            f"{name}, {label}, problem {index}",
        )


def _samples(
    question: str, correct: Any, samples: Any, model: str | None, task: str | None, where: str
) -> Iterable[ImportedSample | Skipped]:
    right, total = count(correct), count(samples)
    if right is None or total is None or right > total or total > MOST:
        return [Skipped(where, "correct and samples are not counts with correct <= samples")]
    one = ImportedSample(question=question, sample=0, model=model, task=task)
    parts = ((0, right, True), (right, total - right, False))
    return [
        replace(one, sample=first, correct=verdict, copies=copies)
        for first, copies, verdict in parts
        if copies
    ]
