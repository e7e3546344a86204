"""The questions of a run as rows, and rows as questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scaling_cli.types import Question

if TYPE_CHECKING:
    import pyarrow as pa


def question_rows(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Rows of `questions.parquet`."""
    return [
        {
            "question_id": question.id,
            "task": question.task,
            "split": _split(question.id),
            "source_index": question.source_index,
            "source_id": question.source_id,
            "level": question.level,
            "subject": question.subject,
            "gold": question.answer,
        }
        for question in questions
    ]


def text_rows(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Rows of `bank/questions.parquet`."""
    return [{"question_id": question.id, "text": question.text} for question in questions]


def to_questions(table: pa.Table, texts: dict[str, str]) -> list[Question]:
    """The questions in their order; a text that is not at hand is empty."""
    return [
        Question(
            id=row["question_id"],
            task=row["task"],
            text=texts.get(row["question_id"], ""),
            answer=row["gold"],
            level=row["level"],
            subject=row["subject"],
            source_index=row["source_index"],
            source_id=row["source_id"],
        )
        for row in table.to_pylist()
    ]


def appended(new: pa.Table, old: pa.Table) -> pa.Table:
    """The new rows, then those of the old table whose question is not among them.

    A smaller selection of questions must not orphan what a larger one has recorded.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pc.is_in(old.column("question_id"), value_set=new.column("question_id"))
    return pa.concat_tables([new, old.filter(pc.invert(known))])


def _split(question_id: str) -> str:
    pieces = question_id.split("/")
    return "/".join(pieces[1:-1])
