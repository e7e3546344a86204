"""The `monkeys` format: Large Language Monkeys' files, one question each (Brown et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.grading import strict_answer
from scaling_cli.importing.files import flag, records, source_files, text, yaml_content
from scaling_cli.importing.rows import ImportedSample, Skipped

YAML = (".yaml", ".yml")


def read(path: Path) -> Iterator[ImportedSample | Skipped]:
    """`question, samples, gt_answer` and after evaluation `is_corrects`: a YAML file a question,
    or rows of JSON as on the hub (where the gold answer may be called `gold_answer`)."""
    for file in source_files(path, *YAML, ".json", ".jsonl", ".parquet"):
        if file.suffix not in YAML:
            for item in records(file):
                yield from [item] if isinstance(item, Skipped) else _question(item[1], item[0])
            continue
        try:
            content = yaml_content(file)
        except TaskError as error:
            yield Skipped(file.name, error.message)
            continue
        yield from _question(content, file.stem)


def _question(row: Any, where: str) -> Iterator[ImportedSample | Skipped]:
    samples = row.get("samples") if isinstance(row, Mapping) else None
    if not isinstance(samples, list) or not samples:
        yield Skipped(where, "no samples")
        return
    corrects = row.get("is_corrects")
    known = corrects if isinstance(corrects, list) and len(corrects) == len(samples) else None
    solution = text(row, "gt_answer", "gold_answer")
    question = text(row, "question")
    identity = text(row, "name", "orig_dset_idx") or question or where
    for index, sample in enumerate(samples):
        written = isinstance(sample, str)
        yield ImportedSample(
            question=identity,
            sample=index,
            correct=None if known is None else flag(known[index]),
            gold=None if solution is None else strict_answer(solution) or solution,
            text=sample if written else None,
            question_text=question,
            error=None if written else "the source holds no text",
        )
