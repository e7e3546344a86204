"""Grading a run's recorded answers again, without sampling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from scaling_cli.errors import StoreError
from scaling_cli.grading import GraderPool
from scaling_cli.recorded import Ask
from scaling_cli.regroup import read_gold, regroup, regrouped, renumbered
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.reread import reread
from scaling_cli.store import RunFolder, answered_cells
from scaling_cli.summary import accuracy_rows

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]


def regrade(
    folder: RunFolder, equality: str, say: Callable[[str], None], source: str = "answers"
) -> list[Row]:
    """Group every cell's answers anew under `equality`; rows say what it changed.

    Works from the stored answers, so the raw bank need not be there; with `source` "texts" the
    answers are first read out of the raw bank again, where it is here.
    """
    answered_cells(folder)  # says what is missing where none has any
    gold = _gold(folder)
    rows = []
    with GraderPool() as grader:
        for key in folder.cells("candidates"):
            cell = folder.read_manifest().cells.get(key)
            if cell is not None and not cell.details.get("graded", True):
                say(f"left as it is: {cell.details['label']}, whose source holds no gold answers")
                continue
            say(f"grading {key}")
            try:
                new = _graded(folder, key, gold, equality, grader, source)
            except StoreError as error:
                if source != "texts":
                    raise
                # Under one equality all the same: a run has no two.
                say(f"graded from its answers: {error.message}; {error.hint}")
                new = _graded(folder, key, gold, equality, grader, "answers")
            rows.append(_replace(folder, key, new))
    _note(folder, equality)
    folder.write_summary(accuracy_rows(folder, asked_by_sweep(folder, equality)))
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
            new = _graded(folder, cell.key, _gold(folder), cell.equality, grader)
            _replace(folder, cell.key, new)


async def join_groups(
    parts: Iterable[Sequence[Row]], gold: str, style: str, equality: str, grader: GraderPool
) -> list[Row]:
    """Answers of one question that were graded apart, their classes numbered as of one group."""
    members: list[Row] = []
    for rows in parts:
        top = max((number for row in members for number in _numbers(row)), default=0)
        members += [renumbered(row, partial(_shifted, top)) for row in rows]
    joined = await asyncio.to_thread(
        regroup, members, read_gold(gold, style), equality, grader.compare
    )
    return sorted(joined, key=lambda row: int(row["index"]))


def _gold(folder: RunFolder) -> dict[str, str]:
    return {question.id: question.answer for question in folder.read_questions()}


def asked_by_sweep(folder: RunFolder, equality: str | None = None) -> Ask:
    """The rows that the run's own sweep asks for."""
    sweep = folder.read_manifest().sweep
    equality = equality or str(sweep.get("equality", "math"))
    given = {key: sweep[key] for key in ("selectors", "ks", "caps", "extraction") if sweep.get(key)}
    return Ask(**given, equality=equality)


def _graded(
    folder: RunFolder,
    key: str,
    gold: Mapping[str, str],
    equality: str,
    grader: GraderPool,
    source: str = "answers",
) -> pa.Table:
    """The cell's graded answers made anew; nothing is written."""
    if source == "texts":
        return reread(folder, key, gold, equality, grader)
    cell = folder.read_manifest().cells.get(key)
    style = str(cell.details.get("style")) if cell is not None else ""
    return regrouped(folder.read_part("candidates", key), gold, style, equality, grader.compare)


def _replace(folder: RunFolder, key: str, new: pa.Table) -> Row:
    """Store the cell's graded answers; the row says what became of the verdicts."""
    before = folder.read_part("candidates", key, ["verdict"])["verdict"]
    folder.write_part("candidates", key, new)
    return {"cell": key, **_shift(before, new["verdict"])}


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


def _numbers(row: Row) -> list[int]:
    """Every class a row names."""
    boxed = [event["answer_class"] for event in row["boxed"] or []]
    return [row["answer_class"], row["strict_class"], *boxed]


def _shifted(by: int, old: int) -> int:
    return old + by if old > 0 else old


def _note(folder: RunFolder, equality: str) -> None:
    run = folder.read_manifest()
    cells = {
        key: replace(cell, details={**cell.details, "equality": equality})
        for key, cell in run.cells.items()
    }
    folder.write_manifest(replace(run, cells=cells))
