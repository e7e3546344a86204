"""The `samples` format: our own table of samples, one row each, as JSON Lines, CSV or Parquet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scaling_cli.importing.files import count, flag, number, records, source_files, text
from scaling_cli.importing.rows import ImportedSample, Skipped, Unread


def read(path: Path) -> Iterator[ImportedSample | Skipped | Unread]:
    """Rows with at least `question_id` and one of `answer`, `correct` and `text`.

    A row without `sample` is the next of its question. A value that cannot be read is left empty
    and said; null and NaN are no values.
    """
    seen: defaultdict[tuple[str | None, str], int] = defaultdict(int)
    for file in source_files(path, ".jsonl", ".json", ".csv", ".parquet"):
        for item in records(file):
            if isinstance(item, Skipped):
                yield item
                continue
            where, row = item
            question = text(row, "question_id")
            if question is None:
                yield Skipped(where, "no question_id")
                continue
            if not any(name in row for name in ("answer", "correct", "text", "error")):
                yield Skipped(where, "none of answer, correct and text")
                continue
            place = text(row, "model"), question
            sample = count(row.get("sample"))
            yield _sample(row, question, seen[place] if sample is None else sample)
            seen[place] += 1
            yield from _unread(where, row)


KINDS: dict[str, tuple[tuple[str, ...], Callable[[Any], Any]]] = {
    "a number": (("score", "logprob_mean"), number),
    "a whole number of at least 0": (("sample", "new_tokens", "prompt_tokens"), count),
    "true or false": (("correct", "truncated"), flag),
    "text": (
        ("answer", "gold", "text", "question", "level", "subject", "model", "task", "error"),
        lambda value: text({"": value}, ""),
    ),
    "a list of numbers": (
        ("scores",),
        lambda value: value if isinstance(value, list) and None not in map(number, value) else None,
    ),
}
"""What each column holds, and how it is read."""


def _unread(where: str, row: Mapping[str, Any]) -> Iterator[Unread]:
    for kind, (names, read) in KINDS.items():
        for name in names:
            value = row.get(name)
            empty = value is None or value != value  # NaN is how a table of numbers says nothing
            if not empty and read(value) is None:
                yield Unread(where, f"{name} is not {kind}")


def _sample(row: Mapping[str, Any], question: str, sample: int) -> ImportedSample:
    scores = row.get("scores")
    steps = [number(value) for value in scores] if isinstance(scores, list) else []
    return ImportedSample(
        question=question,
        sample=sample,
        answer=text(row, "answer"),
        correct=flag(row.get("correct")),
        gold=text(row, "gold"),
        text=text(row, "text"),
        question_text=text(row, "question"),
        score=number(row.get("score")),
        scores=tuple(step for step in steps if step is not None),
        logprob_mean=number(row.get("logprob_mean")),
        new_tokens=count(row.get("new_tokens")),
        prompt_tokens=count(row.get("prompt_tokens")),
        truncated=flag(row.get("truncated")),
        level=text(row, "level"),
        subject=text(row, "subject"),
        model=text(row, "model"),
        task=text(row, "task"),
        error=text(row, "error"),
    )
