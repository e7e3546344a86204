"""The `nemo-skills` format: output-rs*.jsonl, a file per seed, a line per problem."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scaling_cli.importing.files import count, flag, number, records, source_files, text
from scaling_cli.importing.rows import ImportedSample, Skipped
from scaling_cli.importing.verdict import gold_to_grade

OUTPUT = re.compile(r"output(?:-rs(?P<seed>\d+))?(?P<chunk>_chunk_\d+)?\.jsonl")
UNFINISHED = ".jsonl-async"
VERDICTS = ("symbolic_correct", "is_correct")
Place = tuple[str | None, str]


def read(path: Path) -> Iterator[ImportedSample | Skipped]:
    """Each seed's file is one more sample of every problem; a folder below is a benchmark's.

    A problem is known by its `id`, else by its text, so that seeds agree whatever their order.
    """
    taken: Counter[Place] = Counter()
    for file in _outputs(path):
        if isinstance(file, Skipped):
            yield file
            continue
        inside: Counter[Place] = Counter()
        for item in records(file):
            if isinstance(item, Skipped):
                yield item
                continue
            sample = _sample(*item, _task(path, file), inside, taken)
            yield sample


def _outputs(path: Path) -> Iterator[Path | Skipped]:
    """The files to read, by benchmark and seed; the others of the folder with the reason."""
    if path.is_file():
        yield path
        return
    files = source_files(path, ".jsonl", UNFINISHED)
    present = set(files)
    for file in sorted(files, key=lambda one: (one.parent, _seed(one), one.name)):
        why = _why_not(file, present)
        yield file if why is None else Skipped(file.relative_to(path).as_posix(), why)


def _why_not(file: Path, present: set[Path]) -> str | None:
    named = OUTPUT.fullmatch(file.name)
    if file.suffix == UNFINISHED:
        # What is there first is short: taking it would bias lengths and accuracy.
        return "unfinished: its shortest replies came first; finish the run"
    if named is None:
        return "not named output.jsonl or output-rs<seed>.jsonl"
    if named["chunk"] and file.with_name(file.name.replace(named["chunk"], "")) in present:
        return "a chunk of a file that is there whole"
    seeds = any(other.parent == file.parent and _seed(other) >= 0 for other in present)
    if named["seed"] is None and seeds:
        return "one greedy reply beside the seeds, drawn otherwise: import it alone"
    return None


def _seed(file: Path) -> int:
    named = OUTPUT.fullmatch(file.name)
    return int(named["seed"]) if named and named["seed"] else -1


def _task(path: Path, file: Path) -> str | None:
    """The benchmark's folder below eval-results, or below the folder that is imported."""
    folder = file.parent
    if folder.parent.name == "eval-results" or (path.is_dir() and folder != path):
        return folder.name
    return None


def _sample(
    where: str,
    row: Mapping[str, Any],
    task: str | None,
    inside: Counter[Place],
    taken: Counter[Place],
) -> ImportedSample | Skipped:
    problem = text(row, "problem", "question")
    name = text(row, "id", "problem_id", "task_id") or problem
    if name is None:
        return Skipped(where, "neither id nor problem, so its question is not known")
    if not any(key in row for key in ("generation", "predicted_answer", *VERDICTS)):
        return Skipped(where, "none of generation, predicted_answer and symbolic_correct")
    inside[task, name] += 1
    again = inside[task, name]
    # A benchmark may hold one problem twice: its second line is another question.
    question = name if again == 1 else f"{name} ({again})"
    index = taken[task, question]
    taken[task, question] += 1
    verdict, judged = _verdict(row)
    answer = _answer(row)
    return ImportedSample(
        question=question,
        sample=index,
        answer=answer,
        correct=verdict,
        gold=gold_to_grade(text(row, "expected_answer"), verdict, None if judged else answer),
        text=text(row, "generation"),
        question_text=problem,
        score=number(row.get("reward_model_score")),
        new_tokens=count(row.get("num_generated_tokens")),
        prompt_tokens=count(row.get("num_input_tokens")),
        level=text(row, "level", "difficulty"),
        subject=text(row, "subject", "type", "problem_type", "subset_for_metrics"),
        task=task,
        error=text(row, "error") or None,
    )


def _answer(row: Mapping[str, Any]) -> str | None:
    """What it read in the reply; "" where it looked and found nothing."""
    if "predicted_answer" not in row:
        return None
    return text(row, "predicted_answer") or ""


def _verdict(row: Mapping[str, Any]) -> tuple[bool | None, bool]:
    """Right or wrong, and whether a model judged it and not a comparison of answers."""
    for name in VERDICTS:
        found = flag(row.get(name))
        if found is not None:
            return found, False
    judgement = text(row, "judgement")
    if judgement is None or "Judgement:" not in judgement:
        return None, False
    said = judgement.rpartition("Judgement:")[2].strip().lower()
    return said.startswith("yes"), True
