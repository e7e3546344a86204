"""Which of a task's questions a sweep asks; a larger choice always holds the smaller one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.types import Question

Choice = int | Sequence[Any] | Mapping[str, Any] | None

SUBSET = ("count", "seed", "by")
GROUPS = ("level", "subject")


def select(questions: Sequence[Question], choice: Choice) -> list[Question]:
    """All (None), the first n, those listed by id or index, or a seeded subset.

    `{first: n}` is the first n, or all where there are fewer: what a limit asks. A subset is
    `{count, seed, by}`: `by: level` or `subject` takes turns between the groups, so that each
    has nearly the same number.
    """
    if choice is None:
        return list(questions)
    if isinstance(choice, int):
        return _first(questions, choice)
    if isinstance(choice, Mapping):
        if list(choice) == ["first"]:
            return list(questions[: choice["first"]])
        return _subset(questions, choice)
    return _listed(questions, choice)


def _first(questions: Sequence[Question], count: int) -> list[Question]:
    if not 1 <= count <= len(questions):
        raise TaskError(
            f"{count} questions asked of a task of {len(questions)}",
            f"ask for 1 to {len(questions)}; a generated task makes more with `size`",
        )
    return list(questions[:count])


def _listed(questions: Sequence[Question], wanted: Sequence[Any]) -> list[Question]:
    # Numbers are indices and texts are ids, so that True is not question 1.
    by_index = {q.source_index: q for q in questions}
    by_id = {q.id: q for q in questions}
    chosen: dict[str, Question] = {}
    for item in wanted:
        found = by_id.get(item) if isinstance(item, str) else None
        if isinstance(item, int) and not isinstance(item, bool):
            found = by_index.get(item)
        if found is None:
            raise TaskError(f"there is no question {item}", "list ids, or indices from 0")
        chosen[found.id] = found
    return list(chosen.values())


def _subset(questions: Sequence[Question], choice: Mapping[str, Any]) -> list[Question]:
    unknown = [key for key in choice if key not in SUBSET]
    count, seed, by = choice.get("count"), choice.get("seed", 0), choice.get("by")
    if unknown or not isinstance(count, int):
        what = f"`{unknown[0]}`" if unknown else "no count"
        raise TaskError(f"the choice of questions has {what}", f"valid: {', '.join(SUBSET)}")
    if by is not None and by not in GROUPS:
        raise TaskError(f"questions cannot be spread by {by}", f"valid: {', '.join(GROUPS)}")
    if by is not None and all(getattr(q, by) is None for q in questions):
        raise TaskError(f"these questions have no {by}", "leave `by` out")
    # Ordered by a hash of seed and id: adding to the count never changes who came before.
    ordered = sorted(questions, key=lambda q: _rank(seed, q.id))
    return _first(ordered if by is None else _in_turn(ordered, by), count)


def _in_turn(questions: Sequence[Question], by: str) -> list[Question]:
    groups: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        groups[str(getattr(question, by))].append(question)
    turns = [
        (place, group, question)
        for group, members in groups.items()
        for place, question in enumerate(members)
    ]
    return [question for _, _, question in sorted(turns, key=lambda turn: turn[:2])]


def _rank(seed: int, identity: str) -> str:
    return hashlib.sha256(f"{seed}/{identity}".encode()).hexdigest()
