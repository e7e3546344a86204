"""Grading a run's recorded answers again, without sampling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from scaling_cli.grading import GraderPool, group_answers, verdict_of
from scaling_cli.store import RunFolder
from scaling_cli.summary import Ask, accuracy_rows
from scaling_cli.types import UNANSWERED

Row = dict[str, Any]


def regrade(folder: RunFolder, equality: str, say: Callable[[str], None]) -> list[Row]:
    """Group every cell's answers anew under `equality`; rows say what it changed.

    Works from the stored answers, so the raw bank need not be there.
    """
    gold = {q.id: q.answer for q in folder.read_questions()}
    rows = []
    with GraderPool() as grader:
        for key in folder.cells("candidates"):
            say(f"grading {key}")
            rows.append(_regrade_cell(folder, key, gold, equality, grader))
    _note(folder, equality)
    folder.write_summary(accuracy_rows(folder, Ask(equality=equality)))
    return rows


def _regrade_cell(
    folder: RunFolder, key: str, gold: Mapping[str, str], equality: str, grader: GraderPool
) -> Row:
    old = folder.read_part("candidates", key).to_pylist()
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in old:
        groups[row["question_id"]].append(row)
    new = [
        graded
        for identity, members in groups.items()
        for graded in _regroup(members, gold[identity], equality, grader)
    ]
    folder.merge_candidates(key, new)
    before = sum(row["verdict"] == "correct" for row in old)
    after = sum(row["verdict"] == "correct" for row in new)
    return {
        "cell": key,
        "answers": len(old),
        "correct_before": before / max(len(old), 1),
        "correct": after / max(len(old), 1),
        "shift": (after - before) / max(len(old), 1),
        "timeouts": sum(row["verdict"] == "timeout" for row in new),
    }


def _regroup(members: list[Row], gold: str, equality: str, grader: GraderPool) -> list[Row]:
    """The rows of one question with their classes computed anew.

    The classes of answers boxed before the last one are known only by number; they follow
    the class of the answer that had that number.
    """
    answers = [row["answer"] for row in members] + [row["strict_answer"] for row in members]
    classes = group_answers(answers, gold, equality=equality, compare=grader.compare)
    lenient, strict = classes[: len(members)], classes[len(members) :]
    renamed = {
        old: max(new, UNANSWERED)
        for row, a, b in zip(members, lenient, strict, strict=True)
        for old, new in ((row["answer_class"], a), (row["strict_class"], b))
    }
    return [
        _regraded(row, a, b, renamed) for row, a, b in zip(members, lenient, strict, strict=True)
    ]


def _regraded(row: Row, lenient: int, strict: int, renamed: Mapping[int, int]) -> Row:
    boxed = [
        {**event, "answer_class": renamed.get(event["answer_class"], event["answer_class"])}
        for event in row["boxed"] or []
    ]
    if boxed:
        boxed[-1]["answer_class"] = max(strict, UNANSWERED)
    return {
        **row,
        "answer_class": max(lenient, UNANSWERED),
        "strict_class": max(strict, UNANSWERED),
        "verdict": verdict_of(lenient),
        "strict_verdict": verdict_of(strict),
        "boxed": boxed,
    }


def _note(folder: RunFolder, equality: str) -> None:
    run = folder.read_manifest()
    cells = {
        key: replace(cell, details={**cell.details, "equality": equality})
        for key, cell in run.cells.items()
    }
    folder.write_manifest(replace(run, cells=cells))
