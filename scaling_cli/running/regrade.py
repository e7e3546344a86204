"""Grading a run's recorded answers again, without sampling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from scaling_cli.grading import GraderPool, group_answers, verdict_of
from scaling_cli.grading.lenient import as_letter
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.store import RunFolder
from scaling_cli.summary import Ask, accuracy_rows
from scaling_cli.types import UNANSWERED

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]

ANSWERS = ["answer", "strict_answer"]
JUDGED = ["answer_class", "strict_class", "verdict", "strict_verdict", "boxed"]
"""What grading reads of a graded answer, and what it writes."""


def regrade(folder: RunFolder, equality: str, say: Callable[[str], None]) -> list[Row]:
    """Group every cell's answers anew under `equality`; rows say what it changed.

    Works from the stored answers, so the raw bank need not be there.
    """
    gold = _gold(folder)
    rows = []
    with GraderPool() as grader:
        for key in folder.cells("candidates"):
            cell = folder.read_manifest().cells.get(key)
            if cell is not None and not cell.details.get("graded", True):
                say(f"left as it is: {cell.details['label']}, whose source holds no gold answers")
                continue
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
    """Question by question, and of its columns those that matter: a bank may hold millions."""
    import pyarrow as pa

    table = folder.read_part("candidates", key)
    cell = folder.read_manifest().cells.get(key)
    style = str(cell.details.get("style")) if cell is not None else ""
    schema = table.select(JUDGED).schema
    parts = [schema.empty_table()]
    for identity, part in _by_question(table.select(["question_id", *ANSWERS, *JUDGED])):
        members = part.drop_columns("question_id").to_pylist()
        graded = _regroup(members, _read_gold(gold[identity], style), equality, grader)
        parts.append(pa.Table.from_pylist(graded, schema=schema))
    new = pa.concat_tables(parts).combine_chunks()
    row = {"cell": key, **_shift(table["verdict"], new["verdict"])}
    for name in JUDGED:
        table = table.set_column(table.column_names.index(name), name, new[name])
    folder.write_part("candidates", key, table)
    return row


def _by_question(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each question, which stand together in a part."""
    import pyarrow.compute as pc

    runs = pc.run_end_encode(table["question_id"].combine_chunks())
    start = 0
    for end, identity in zip(runs.run_ends.to_pylist(), runs.values.to_pylist(), strict=True):
        yield identity, table.slice(start, end - start)
        start = end


def _shift(before: pa.ChunkedArray, after: pa.ChunkedArray) -> Row:
    """How many verdicts there are, and what became of the correct ones."""
    import pyarrow.compute as pc

    def count(verdicts: pa.ChunkedArray, verdict: str) -> int:
        return int(pc.sum(pc.equal(verdicts, verdict)).as_py() or 0)

    answers, was, is_now = len(after), count(before, "correct"), count(after, "correct")
    return {
        "answers": answers,
        "correct_before": was / max(answers, 1),
        "correct": is_now / max(answers, 1),
        "shift": (is_now - was) / max(answers, 1),
        "timeouts": count(after, "timeout"),
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
