"""The `search-and-learn` format: its completions with their step scores, one question a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scaling_cli.importing.files import count, number, records, source_files, text
from scaling_cli.importing.rows import ImportedSample, Skipped


def read(path: Path) -> Iterator[ImportedSample | Skipped]:
    """`problem, answer, completions, scores` (a list of step scores, or one score, for each
    completion) and `completion_tokens`, where -1 and 0 say that nobody counted."""
    for file in source_files(path, ".jsonl", ".json", ".parquet"):
        for item in records(file):
            if isinstance(item, Skipped):
                yield item
            else:
                yield from _question(*item)


def _question(where: str, row: Mapping[str, Any]) -> Iterator[ImportedSample | Skipped]:
    completions = row.get("completions")
    if not isinstance(completions, list) or not completions:
        yield Skipped(where, "no completions")
        return
    scores, tokens = row.get("scores"), row.get("completion_tokens")
    problem = text(row, "problem", "question")
    for index, completion in enumerate(completions):
        written = isinstance(completion, str)
        yield ImportedSample(
            question=text(row, "unique_id") or problem or where,
            sample=index,
            gold=text(row, "answer"),
            text=completion if written else None,
            question_text=problem,
            scores=_steps(_at(scores, index, len(completions))),
            # A search leaves -1 or 0 here: not counted.
            new_tokens=count(_at(tokens, index, len(completions))) or None,
            level=text(row, "level"),
            subject=text(row, "subject"),
            error=None if written else "the source holds no text",
        )


def _at(values: Any, index: int, length: int) -> Any:
    """The value that belongs to a completion; None where the lists do not match."""
    return values[index] if isinstance(values, list) and len(values) == length else None


def _steps(scores: Any) -> tuple[float, ...]:
    listed = scores if isinstance(scores, list) else [scores]
    found = [number(score) for score in listed]
    return tuple(score for score in found if score is not None)
