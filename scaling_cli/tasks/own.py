"""A user's own questions, in a JSONL or Parquet file."""

from __future__ import annotations

from collections.abc import Iterable

from scaling_cli.errors import TaskError
from scaling_cli.tasks.data import Item
from scaling_cli.tasks.identity import normalise
from scaling_cli.tasks.rows import Row, optional, pick

TEXT = ["question", "problem", "prompt"]
GOLD = ["answer", "gold", "target"]


def items(rows: Iterable[Row]) -> list[Item]:
    """Every row read; TaskError where one id stands on two different questions."""
    read: list[Item] = []
    first: dict[str, tuple[str, tuple[str, str]]] = {}
    for row in rows:
        one = item(row)
        read.append(one)
        if one.source_id is None:
            continue
        meaning = (normalise(one.text), normalise(one.answer))
        place, known = first.setdefault(one.source_id, (row.place, meaning))
        if known != meaning:
            raise TaskError(
                f"{row.place}: the id {one.source_id!r} already names the question of {place}",
                "give every question an id of its own, or leave ids out",
            )
    return read


def item(row: Row) -> Item:
    """One row: a question and its answer under any usual name; level, subject, id if given."""
    return Item(
        text=pick(row, TEXT),
        answer=pick(row, GOLD),
        level=optional(row, "level"),
        subject=optional(row, "subject"),
        source_id=optional(row, "id"),
        solution=optional(row, "solution") or "",
    )
