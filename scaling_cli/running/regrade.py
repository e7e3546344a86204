"""Grading a run's recorded answers again, without sampling."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from scaling_cli.grading import GraderPool, group_answers, verdict_of
from scaling_cli.grading.lenient import as_letter
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.store import RunFolder
from scaling_cli.summary import Ask, accuracy_rows
from scaling_cli.types import UNANSWERED

Row = dict[str, Any]


def regrade(folder: RunFolder, equality: str, say: Callable[[str], None]) -> list[Row]:
    """Group every cell's answers anew under `equality`; rows say what it changed.

    Works from the stored answers, so the raw bank need not be there.
    """
    gold = _gold(folder)
    rows = []
    with GraderPool() as grader:
        for key in folder.cells("candidates"):
            say(f"grading {key}")
            rows.append(_regrade_cell(folder, key, gold, equality, grader))
    _note(folder, equality)
    folder.write_summary(accuracy_rows(folder, _asked(folder, equality)))
    return rows


def regrade_changed(
    prepared: Iterable[PreparedCell],
    folder: RunFolder,
    grader: GraderPool,
    say: Callable[[str], None],
) -> None:
    """Grade again the cells that were graded under another equality than the sweep now asks."""
    recorded = folder.read_manifest().cells if folder.manifest_path.exists() else {}
    for cell in prepared:
        before = recorded.get(cell.key)
        if before is None or not folder.has_part("candidates", cell.key):
            continue
        if before.details.get("equality", cell.equality) != cell.equality:
            say(f"grading {cell.label} again, under {cell.equality} equality")
            _regrade_cell(folder, cell.key, _gold(folder), cell.equality, grader)


async def join_groups(
    parts: Iterable[Sequence[Row]], gold: str, style: str, equality: str, grader: GraderPool
) -> list[Row]:
    """Answers of one question that were graded apart, their classes numbered as of one group."""
    members: list[Row] = []
    for rows in parts:
        top = max((number for row in members for number in _numbers(row)), default=0)
        members += [_renumbered(row, partial(_shifted, top)) for row in rows]
    joined = await asyncio.to_thread(_regroup, members, _read_gold(gold, style), equality, grader)
    return sorted(joined, key=lambda row: int(row["index"]))


def _gold(folder: RunFolder) -> dict[str, str]:
    return {question.id: question.answer for question in folder.read_questions()}


def _read_gold(gold: str, style: str) -> str:
    """Gold as answers of its style are read."""
    return as_letter(gold) if style == "letter" else gold


def _asked(folder: RunFolder, equality: str) -> Ask:
    """The rows that the run's own sweep asks for."""
    sweep = folder.read_manifest().sweep
    given = {key: sweep[key] for key in ("selectors", "ks", "caps", "extraction") if sweep.get(key)}
    return Ask(**given, equality=equality)


def _regrade_cell(
    folder: RunFolder, key: str, gold: Mapping[str, str], equality: str, grader: GraderPool
) -> Row:
    old = folder.read_part("candidates", key).to_pylist()
    cell = folder.read_manifest().cells.get(key)
    style = str(cell.details.get("style")) if cell is not None else ""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in old:
        groups[row["question_id"]].append(row)
    new = [
        graded
        for identity, members in groups.items()
        for graded in _regroup(members, _read_gold(gold[identity], style), equality, grader)
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
    the class of the answer that had that number, or keep apart from all others.
    """
    answers = [answer for row in members for answer in (row["answer"], row["strict_answer"])]
    classes = group_answers(answers, gold, equality=equality, compare=grader.compare)
    lenient, strict = classes[::2], classes[1::2]
    renamed = {
        old: max(new, UNANSWERED)
        for row, a, b in zip(members, lenient, strict, strict=True)
        for old, new in ((row["answer_class"], a), (row["strict_class"], b))
    }
    apart = max(classes, default=0) + 1

    def named(old: int) -> int:
        return old if old < 0 else renamed.get(old, old + apart if old else old)

    return [
        _regraded(_renumbered(row, named), a, b)
        for row, a, b in zip(members, lenient, strict, strict=True)
    ]


def _regraded(row: Row, lenient: int, strict: int) -> Row:
    boxed = row["boxed"]
    if boxed:
        boxed = [*boxed[:-1], {**boxed[-1], "answer_class": max(strict, UNANSWERED)}]
    return {
        **row,
        "answer_class": max(lenient, UNANSWERED),
        "strict_class": max(strict, UNANSWERED),
        "verdict": verdict_of(lenient),
        "strict_verdict": verdict_of(strict),
        "boxed": boxed,
    }


def _numbers(row: Row) -> list[int]:
    """Every class a row names."""
    boxed = [event["answer_class"] for event in row["boxed"] or []]
    return [row["answer_class"], row["strict_class"], *boxed]


def _renumbered(row: Row, named: Callable[[int], int]) -> Row:
    """The row with its classes of wrong answers, and those of earlier boxes, under other names."""
    boxed = [
        {**event, "answer_class": named(event["answer_class"])} for event in row["boxed"] or []
    ]
    return {
        **row,
        "answer_class": named(row["answer_class"]),
        "strict_class": named(row["strict_class"]),
        "boxed": boxed,
    }


def _shifted(by: int, old: int) -> int:
    return old + by if old > 0 else old


def _note(folder: RunFolder, equality: str) -> None:
    run = folder.read_manifest()
    cells = {
        key: replace(cell, details={**cell.details, "equality": equality})
        for key, cell in run.cells.items()
    }
    folder.write_manifest(replace(run, cells=cells))
