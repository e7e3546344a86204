"""The frontier of a run whose summary alone is at hand: no odds, no cross-fitting, and said so."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from scaling_cli.configurations import Name, name_of, unit_of
from scaling_cli.laws.frontier import pareto
from scaling_cli.pricing import AXES
from scaling_cli.recommendations import described
from scaling_cli.reporting.frontiers import axis_words, caption, is_single, standing
from scaling_cli.reporting.numbers import brief, briefs
from scaling_cli.store import RunFolder

Row = dict[str, Any]

LACKING = (
    "The graded answers of {runs} are not at hand, only the summary: points and bands are those "
    "that were recorded; odds, cross-fitting, crossings, limits and the questions are not shown. "
    "Put candidates/ and questions.parquet beside run.json for the whole report."
)


def summary_rows(folders: Sequence[RunFolder], task: str) -> list[Row]:
    """The recorded accuracy rows of one task over all its questions."""
    rows: list[Row] = []
    for folder in folders:
        rows += folder.read_summary().to_pylist()
    return [row for row in rows if row["task"] == task and row["by"] is None]


def known_axes(rows: Sequence[Row]) -> list[str]:
    """Axes on which some choosing configuration has a cost; one of two that are equal."""
    found: dict[str, tuple[float, ...]] = {}
    for axis in AXES:
        costs = tuple(_cost(row, axis) for row in _choosing(rows))
        known = [cost for cost in costs if not math.isnan(cost)]
        if known and not any(np.allclose(costs, c, equal_nan=True) for c in found.values()):
            found[axis] = costs
    return list(found)


def _choosing(rows: Sequence[Row]) -> list[Row]:
    """Rows that may stand on a frontier, k in octaves as everywhere: coverage knows the answer,
    and more samples than one of `first` would be paid for and thrown away. Single samples come
    first: the vote of one sample repeats it."""
    kept = [row for row in rows if row["selector"] != "coverage" and _is_octave(row)]
    return sorted(kept, key=lambda row: row["selector"] != "first")


def _is_octave(row: Row) -> bool:
    if row["selector"] == "first":
        return int(row["k"]) == 1
    k = int(row["k"])
    return k & (k - 1) == 0 or k == row["samples"]


def _cost(row: Row, axis: str) -> float:
    value = row[axis]
    return float(value) if value is not None and value > 0 else math.nan


def grouped(rows: Sequence[Row], axis: str) -> dict[Name, list[Row]]:
    """The rows of each configuration that are the best in it for what they cost, by cost."""
    by_name: dict[Name, list[Row]] = defaultdict(list)
    for row in _choosing(rows):
        if not math.isnan(_cost(row, axis)):
            by_name[name_of(row)].append(row)
    return {name: _best(found, axis) for name, found in by_name.items()}


def _best(rows: Sequence[Row], axis: str) -> list[Row]:
    accuracy = np.array([row["accuracy"] for row in rows])
    return [rows[place] for place in pareto(accuracy, np.array([row[axis] for row in rows]))]


def axis_data(rows: Sequence[Row], axis: str, names: Sequence[Name]) -> Row:
    """One axis of the figure: curves and staircase, no odds."""
    curves = grouped(rows, axis)
    stairs = optimal(rows, axis)
    return {
        **axis_words(axis),
        "reach": brief(max(row[axis] for found in curves.values() for row in found)),
        "curves": [_curve(name, found, axis, names) for name, found in curves.items()],
        "stairs": {
            "budget": briefs(row[axis] for row in stairs),
            "accuracy": briefs(row["accuracy"] for row in stairs),
            "lo": briefs(_running([row["lo"] for row in stairs])),
            "hi": briefs(_running([row["hi"] for row in stairs])),
            "fresh": [None] * len(stairs),
            "odds": [None] * len(stairs),
            "name": [names.index(name_of(row)) for row in stairs],
            "k": [int(row["k"]) for row in stairs],
            "cap": [int(row["max_tokens"]) for row in stairs],
        },
        "strips": [],
    }


def _curve(name: Name, rows: Sequence[Row], axis: str, names: Sequence[Name]) -> Row:
    kept = rows[-1:] if is_single(name) else rows
    return {
        "name": names.index(name),
        "cost": briefs(row[axis] for row in kept),
        "accuracy": briefs(row["accuracy"] for row in kept),
        "lo": briefs(row["lo"] for row in kept),
        "hi": briefs(row["hi"] for row in kept),
        "k": [int(row["k"]) for row in kept],
        "cap": [int(row["max_tokens"]) for row in kept],
    }


def _running(values: Sequence[float | None]) -> list[float]:
    """The highest so far: a budget buys everything cheaper too."""
    ends = np.array([math.nan if value is None else value for value in values], np.float64)
    return list(np.fmax.accumulate(ends)) if len(ends) else []


def optimal(rows: Sequence[Row], axis: str) -> list[Row]:
    """The compute-optimal rows by rising cost."""
    known = [row for row in _choosing(rows) if not math.isnan(_cost(row, axis))]
    return _best(known, axis) if known else []


def dominated(rows: Sequence[Row], axis: str) -> list[Name]:
    """Configurations that something cheaper or as dear beats wherever they can be run."""
    stairs = optimal(rows, axis)
    return [
        name
        for name, found in grouped(rows, axis).items()
        if all(_is_beaten(row, stairs, axis) for row in found)
    ]


def _is_beaten(row: Row, stairs: Sequence[Row], axis: str) -> bool:
    within = [one["accuracy"] for one in stairs if one[axis] <= row[axis] * (1 + 1e-12)]
    return bool(within) and within[-1] > row["accuracy"] + 1e-12


def configuration_rows(rows: Sequence[Row], axis: str) -> list[Row]:
    """Each configuration at its best recorded point."""
    beaten = set(dominated(rows, axis))
    leaders = {name_of(row) for row in optimal(rows, axis)}
    found = []
    for name, points in grouped(rows, axis).items():
        if not points:
            continue
        row = points[-1]
        columns = ("k", "max_tokens", "accuracy", "lo", "hi", "tokens", "truncated", "unanswered")
        found.append(
            {
                "configuration": caption(name),
                **{column: row[column] for column in columns},
                "cost": row[axis],
                "odds": None,
                "standing": standing(beaten=name in beaten, leads=name in leaders),
            }
        )
    return sorted(found, key=lambda row: -row["accuracy"])


def optimal_rows(rows: Sequence[Row], axis: str) -> list[Row]:
    """The compute-optimal points as the page's table shows them."""
    return [
        {
            "configuration": caption(name_of(row)),
            **{column: row[column] for column in ("k", "max_tokens", "accuracy", "lo", "hi")},
            "cost": row[axis],
            "odds": None,
            "cross_fitted": None,
        }
        for row in optimal(rows, axis)
    ]


def answer(rows: Sequence[Row], axis: str, budget: float) -> tuple[str, str] | None:
    """The answer in two sentences, as the recorded points give it; None where nothing is right."""
    stairs = optimal(rows, axis)
    now, then = (_inside(stairs, axis, size) for size in (budget, 2 * budget))
    if now is None or then is None:
        return None
    first = (
        f"For {budget:.3g} {unit_of(axis)} a question run {described(now)}: recorded accuracy "
        f"{now['accuracy']:.3f}{_interval(now)}, neither cross-fitted nor with odds, at a cost of "
        f"{now[axis]:.3g}."
    )
    if then is now:
        return first, "Twice the budget would buy nothing better that was run."
    gain = 100 * (then["accuracy"] - now["accuracy"])
    return first, (
        f"Twice the budget would buy {described(then)}: {gain:+.1f} points, whose interval needs "
        "the graded answers."
    )


def _inside(stairs: Sequence[Row], axis: str, budget: float) -> Row | None:
    within = [row for row in stairs if row[axis] <= budget * (1 + 1e-12)]
    return within[-1] if within else None


def _interval(row: Row) -> str:
    if row["lo"] is None or row["hi"] is None:
        return ""
    return f" [{row['lo']:.3f}, {row['hi']:.3f}]"
