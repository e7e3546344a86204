"""Which settings tell cells apart that a table or a figure would otherwise call the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

SETTINGS = (
    "engine", "task_revision", "prompt", "params", "temperature", "max_tokens", "seed", "cell",
)  # fmt: skip
"""Columns that can tell cells apart, the ones a person wants to read first; `cell` always does."""

NAMES = ("run", "model", "task", "strategy", "verifier", "selector", "width", "k", "max_tokens",
         "group")  # fmt: skip
"""Columns by which rows are called the same or not."""


def telling(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """The settings to show beside `columns`, so that no two cells have the same names in it.

    Only those that differ between cells which would otherwise be alike; empty as a rule.
    """
    alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        alike[tuple(str(row.get(name)) for name in NAMES if name in columns)].append(row)
    crowds = [crowd for crowd in alike.values() if len({row.get("cell") for row in crowd}) > 1]
    found: list[str] = []
    for name in SETTINGS:
        if name in columns:
            continue
        if name == "cell" and not _left_alike(crowds, [*columns, *found]):
            continue
        if any(len({str(row.get(name)) for row in crowd}) > 1 for crowd in crowds):
            found.append(name)
    return found


def beside_strategy(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """`columns` with the telling ones behind the strategy."""
    place = list(columns).index("strategy") + 1
    return [*columns[:place], *telling(rows, columns), *columns[place:]]


def _left_alike(crowds: Sequence[Sequence[Row]], names: Sequence[str]) -> bool:
    """Whether cells remain that these settings do not tell apart."""
    return any(
        len({row.get("cell") for row in crowd})
        > len({tuple(str(row.get(name)) for name in names) for row in crowd})
        for crowd in crowds
    )
