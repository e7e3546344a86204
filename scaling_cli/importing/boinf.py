"""The `boinf` format: the Best-of-Infinity authors' summaries, one question a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scaling_cli.importing.files import count, records, source_files, text
from scaling_cli.importing.rows import ImportedSample, Skipped, Unread

NO_ANSWER = "the source holds no answer"


def read(path: Path) -> Iterator[ImportedSample | Skipped | Unread]:
    """`problem_num, gold_answer, all_answers: [[answer, length in tokens], …]` (Komiyama 2025).

    An empty answer is a sample that gave none; a missing one is a sample of which nothing is
    known: it stays in the denominator and never votes.
    """
    for file in source_files(path, ".jsonl"):
        for item in records(file):
            if isinstance(item, Skipped):
                yield item
                continue
            where, row = item
            question, answers = text(row, "problem_num"), row.get("all_answers")
            if question is None or not isinstance(answers, list) or not answers:
                yield Skipped(where, "no problem_num, or no all_answers")
                continue
            yield from _samples(where, row, question, answers)


def _samples(
    where: str, row: Mapping[str, Any], question: str, answers: list[Any]
) -> Iterator[ImportedSample | Unread]:
    gold = text(row, "gold_answer")
    for index, pair in enumerate(answers):
        answer, length = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
        known = isinstance(answer, str)
        if count(length) is None:
            yield Unread(f"{where}, answer {index + 1}", "no pair of an answer and its length")
        yield ImportedSample(
            question=question,
            sample=index,
            answer=answer if known else None,
            gold=gold,
            new_tokens=count(length),
            error=None if known else NO_ANSWER,
        )
