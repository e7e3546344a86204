"""Frontiers as a page draws them: curves, staircase and odds on every axis whose cost is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.configurations import Name, sentence, unit_of
from scaling_cli.errors import LawError
from scaling_cli.figures.frontier import AXIS_NAMES
from scaling_cli.figures.odds import strips
from scaling_cli.figures.style import short
from scaling_cli.frontiers import FrontierTable, envelope_of, frontier_table
from scaling_cli.pricing import AXES
from scaling_cli.recorded import Ask
from scaling_cli.reporting.colours import Numbers, number_of, scorer_number, scorers_of
from scaling_cli.reporting.numbers import brief, briefs
from scaling_cli.summary import Series

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

Row = dict[str, Any]


def tables_of(task: str, members: Sequence[Series], ask: Ask) -> list[FrontierTable]:
    """A frontier on each axis that is known and says something of its own."""
    tables: list[FrontierTable] = []
    for axis in AXES:
        try:
            table = frontier_table(task, None, members, axis, ask)
        except LawError:
            continue  # no cost is known on it, or all are 0
        if not any(_same_costs(table, other) for other in tables):
            tables.append(table)
    return tables


def _same_costs(one: FrontierTable, other: FrontierTable) -> bool:
    """Without a verifier the policy's FLOPs are all FLOPs: one of the two axes is enough."""
    first, second = one.points.cost, other.points.cost
    return first.shape == second.shape and bool(np.allclose(first, second, rtol=1e-9, atol=0))


def all_names(tables: Sequence[FrontierTable]) -> list[Name]:
    """Every configuration once: the page numbers them the same on every axis."""
    return list(dict.fromkeys(name for table in tables for name in table.names))


def named(names: Sequence[Name], numbers: Numbers) -> list[Row]:
    """The configurations as the page writes and draws them."""
    scorers = scorers_of(names)
    return [
        {
            "label": sentence(name),
            "short": caption(name),
            "colour": number_of(name, numbers),
            "scorer": scorer_number(name, scorers),
            "selector": name[2].partition(" ")[0],
            "greedy": name[1] == "greedy",
            "single": is_single(name),
        }
        for name in names
    ]


def caption(name: Name) -> str:
    """A configuration beside its curve."""
    how = sentence(name)[len(name[0]) :].strip().removeprefix("with ")
    return f"{short(name[0])} {how}"


def is_single(name: Name) -> bool:
    """Whether it is a point rather than a curve: one answer, nothing to choose from."""
    return name[1] == "greedy" or name[2] == "first"


def axis_data(table: FrontierTable, names: Sequence[Name]) -> Row:
    """One axis of a task's frontier figure."""
    found = table.law.points
    points = [table.fields[table.configurations.distinct[one.point]] for one in found]
    return {
        **axis_words(table.axis),
        "reach": brief(table.points.cost.max()),
        "curves": [_curve(table, number, names) for number in range(len(table.names))],
        "stairs": {
            "budget": briefs([one.budget for one in found]),
            "accuracy": briefs([one.accuracy for one in found]),
            "lo": briefs([one.lo for one in found]),
            "hi": briefs([one.hi for one in found]),
            "fresh": briefs([one.fresh for one in found]),
            "odds": briefs([one.odds for one in found]),
            "name": [names.index(table.names[one.configuration]) for one in found],
            "k": [int(row["k"]) for row in points],
            "cap": [int(row["max_tokens"]) for row in points],
        },
        "strips": [_strip(name, odds, names) for name, odds in strips(table)],
    }


def axis_words(axis: str) -> Row:
    return {"axis": axis, "label": AXIS_NAMES.get(axis, axis), "unit": unit_of(axis)}


def _curve(table: FrontierTable, number: int, names: Sequence[Name]) -> Row:
    best = envelope_of(table, number)
    name = table.names[number]
    # One answer is a point: that of the whole token limit, not of every smaller one.
    best = best[-1:] if is_single(name) else best
    fields = [table.fields[point] for point in best]
    return {
        "name": names.index(name),
        "cost": briefs(table.points.cost[best]),
        "accuracy": briefs(table.accuracy[best]),
        "lo": briefs(table.lo[best]),
        "hi": briefs(table.hi[best]),
        "k": [int(row["k"]) for row in fields],
        "cap": [int(row["max_tokens"]) for row in fields],
    }


def _strip(name: Name | None, odds: FloatArray, names: Sequence[Name]) -> Row:
    return {"name": None if name is None else names.index(name), "odds": briefs(odds, 3)}


def configuration_rows(table: FrontierTable) -> list[Row]:
    """Each configuration at its best point: what it reaches, at what cost, and how it stands."""
    rows = []
    beaten, leaders = set(table.dominated), {one.configuration for one in table.law.points}
    top = table.odds.max(axis=0) if len(table.odds) else np.zeros(len(table.names))
    for number, name in enumerate(table.names):
        best = envelope_of(table, number)
        if not len(best):
            rows.append(_never_right(name))
            continue
        point = int(best[-1])
        row = table.fields[point]
        rows.append(
            {
                "configuration": caption(name),
                "k": int(row["k"]),
                "max_tokens": int(row["max_tokens"]),
                "accuracy": float(table.accuracy[point]),
                "lo": float(table.lo[point]),
                "hi": float(table.hi[point]),
                "cost": float(table.points.cost[point]),
                "tokens": row.get("tokens"),
                "truncated": row.get("truncated"),
                "unanswered": row.get("unanswered"),
                "odds": float(top[number]),
                "standing": standing(beaten=name in beaten, leads=number in leaders),
            }
        )
    return sorted(rows, key=lambda row: -(row["accuracy"] or 0.0))


def _never_right(name: Name) -> Row:
    empty = ("k", "max_tokens", "lo", "hi", "cost", "tokens", "truncated", "unanswered", "odds")
    return {
        "configuration": caption(name),
        **dict.fromkeys(empty),
        "accuracy": 0.0,
        "standing": "never right",
    }


def standing(*, beaten: bool, leads: bool) -> str:
    if leads:
        return "best somewhere"
    return "beaten everywhere" if beaten else "close"
