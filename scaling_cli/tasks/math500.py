"""MATH-500 (Lightman et al. 2023): 500 problems of MATH in five levels and seven subjects."""

from __future__ import annotations

from scaling_cli.tasks.data import Item
from scaling_cli.tasks.rows import Row, optional, pick

HUB = "HuggingFaceH4/MATH-500"
CONFIG = None


def item(row: Row) -> Item:
    """One row: `problem`, `answer`, `level`, `subject`; `unique_id`, `solution` if given."""
    return Item(
        text=pick(row, ["problem"]),
        answer=pick(row, ["answer"]),
        level=pick(row, ["level"]),
        subject=pick(row, ["subject"]),
        source_id=optional(row, "unique_id"),
        solution=optional(row, "solution") or "",
    )
