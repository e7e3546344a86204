"""What every task yields: its questions, and where they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from scaling_cli.tasks.identity import question_id
from scaling_cli.types import Question


@dataclass(frozen=True, slots=True)
class TaskData:
    """Questions in source order. `revision` is a file's hash or a data set's commit.

    `style` says how answers are read: math, letter or text. `solutions` are worked answers,
    one a question, empty where there is none. `duplicates` lists the ids of questions that
    repeat an earlier question and gold: numbered -2, -3, … and asked like any other.
    """

    name: str
    split: str
    revision: str
    questions: tuple[Question, ...]
    style: str = "math"
    solutions: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One row before it has an id."""

    text: str
    answer: str
    level: str | None = None
    subject: str | None = None
    source_id: str | None = None
    solution: str = ""


def to_data(
    name: str, split: str, revision: str, items: Iterable[Item], *, style: str = "math"
) -> TaskData:
    """Questions with ids; the second and later copies of a row get -2, -3, …"""
    seen: Counter[str] = Counter()
    questions, solutions, duplicates = [], [], []
    for index, item in enumerate(items):
        identity = question_id(name, split, item.text, item.answer)
        seen[identity] += 1
        if seen[identity] > 1:
            identity = f"{identity}-{seen[identity]}"
            duplicates.append(identity)
        question = Question(
            id=identity,
            task=name,
            text=item.text,
            answer=item.answer,
            level=item.level,
            subject=item.subject,
            source_index=index,
            source_id=item.source_id,
        )
        questions.append(question)
        solutions.append(item.solution)
    return TaskData(
        name, split, revision, tuple(questions), style, tuple(solutions), tuple(duplicates)
    )
