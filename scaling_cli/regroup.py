"""Grouping recorded answers of a question anew, under another equality."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from scaling_cli.grading import group_answers, verdict_of
from scaling_cli.grading.lenient import as_letter
from scaling_cli.types import UNANSWERED

if TYPE_CHECKING:
    import pyarrow as pa

    from scaling_cli.store import CellRecord, RunFolder
    from scaling_cli.store.bank import BoxedEvents, Extraction
    from scaling_cli.types import SampleBank

    Compare = Callable[[str, str], bool | None]

Row = dict[str, Any]

ANSWERS = ["answer", "strict_answer"]
JUDGED = ["answer_class", "strict_class", "verdict", "strict_verdict", "boxed"]
"""What grading reads of a graded answer, and what it writes."""


def string_bank(
    folder: RunFolder, key: str, extraction: Extraction, score: str = "logprob_mean"
) -> tuple[SampleBank, BoxedEvents]:
    """A cell's bank as grouping by strings would give it; what is stored stays as it is."""
    from scaling_cli.store.bank import to_bank

    gold = {question.id: question.answer for question in folder.read_questions()}
    cell = folder.read_manifest().cells.get(key)
    style = str(cell.details.get("style")) if cell is not None else ""
    table = regrouped(folder.read_part("candidates", key), gold, style, "string", _unasked)
    order = folder.question_ids() if folder.has_part("questions") else None
    return to_bank(table, order=order, extraction=extraction, cap=None, score=score)


def regroupable(cell: CellRecord) -> bool:
    """Whether a cell's answers are there to be compared again: counts and verdicts are not."""
    return bool(cell.details.get("graded", True)) and bool(cell.details.get("votes", True))


def _unasked(gold: str, answer: str) -> bool | None:
    raise AssertionError("strings are compared without algebra")


def regrouped(
    table: pa.Table, gold: Mapping[str, str], style: str, equality: str, compare: Compare
) -> pa.Table:
    """The graded answers with their classes and verdicts computed anew: question by question,
    and of its columns those that matter, since a bank may hold millions."""
    import pyarrow as pa

    schema = table.select(JUDGED).schema
    parts = [schema.empty_table()]
    for identity, part in by_question(table.select(["question_id", *ANSWERS, *JUDGED])):
        members = part.drop_columns("question_id").to_pylist()
        graded = regroup(members, read_gold(gold[identity], style), equality, compare)
        parts.append(pa.Table.from_pylist(graded, schema=schema))
    new = pa.concat_tables(parts).combine_chunks()
    for name in JUDGED:
        table = table.set_column(table.column_names.index(name), name, new[name])
    return table


def read_gold(gold: str, style: str) -> str:
    """Gold as answers of its style are read."""
    return as_letter(gold) if style == "letter" else gold


def by_question(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each question, which stand together in a part."""
    import pyarrow.compute as pc

    runs = pc.run_end_encode(table["question_id"].combine_chunks())
    start = 0
    for end, identity in zip(runs.run_ends.to_pylist(), runs.values.to_pylist(), strict=True):
        yield identity, table.slice(start, end - start)
        start = end


def regroup(members: list[Row], gold: str, equality: str, compare: Compare) -> list[Row]:
    """The rows of one question with their classes computed anew.

    The classes of answers boxed before the last one are known only by number; they follow
    the class of the answer that had that number, or keep apart from all others.
    """
    answers = [answer for row in members for answer in (row["answer"], row["strict_answer"])]
    classes = group_answers(answers, gold, equality=equality, compare=compare)
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
        _regraded(renumbered(row, named), a, b)
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


def renumbered(row: Row, named: Callable[[int], int]) -> Row:
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
