"""Accuracy against k as a page draws it: a panel a model, bands, and where voting ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scaling_cli.configurations import Name, name_of
from scaling_cli.errors import LawError
from scaling_cli.figures.style import short
from scaling_cli.limits import Voting, limit_rows, question_table, remarks, votings
from scaling_cli.recorded import Ask
from scaling_cli.reporting.colours import Numbers, number_of, scorer_number, scorers_of
from scaling_cli.reporting.numbers import brief, briefs
from scaling_cli.store import RunFolder

Row = dict[str, Any]


def models_of(rows: Sequence[Row]) -> list[str]:
    """Models in the order of their rows, which is the order of the panels."""
    return list(dict.fromkeys(row["model"] for row in rows))


def panels(rows: Sequence[Row], limits: Sequence[Row], numbers: Numbers) -> list[Row]:
    """A panel for each model, its series at the whole token limit."""
    scorers = scorers_of(map(name_of, rows))
    return [
        {
            "model": model,
            "short": short(model),
            "colour": numbers[model, None],
            "greedy": _greedy(row for row in rows if row["model"] == model),
            "series": _series([row for row in rows if row["model"] == model], numbers, scorers),
            "limits": [_limit(row) for row in limits if row["model"] == model],
        }
        for model in models_of(rows)
    ]


def _greedy(rows: Iterable[Row]) -> float | int | None:
    found = [row for row in rows if row["strategy"] == "greedy"]
    return brief(max(found, key=lambda row: row["max_tokens"])["accuracy"]) if found else None


def _series(rows: Sequence[Row], numbers: Numbers, scorers: Mapping[str, int]) -> list[Row]:
    """One series a cell and configuration, by k."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row["strategy"] != "greedy":
            found[row["run"], row["cell"], name_of(row)].append(row)
    return [
        {
            **_one(name, members),
            "colour": number_of(name, numbers),
            "scorer": scorer_number(name, scorers),
        }
        for (_, _, name), members in found.items()
    ]


def _one(name: Name, members: Sequence[Row]) -> Row:
    cap = max(row["max_tokens"] for row in members)
    curve = sorted((r for r in members if r["max_tokens"] == cap), key=lambda r: int(r["k"]))
    _, generator, selector = name
    label = "one sample" if selector == "first" else selector
    return {
        "label": label if generator == "sampling" else f"{generator}: {label}",
        "selector": selector.partition(" ")[0],
        "k": [int(row["k"]) for row in curve],
        "accuracy": briefs(row["accuracy"] for row in curve),
        "lo": briefs(row["lo"] for row in curve),
        "hi": briefs(row["hi"] for row in curve),
    }


def _limit(row: Row) -> Row:
    return {"selector": row["selector"], **{key: brief(row[key]) for key in ("limit", "lo", "hi")}}


def votings_of(folders: Sequence[RunFolder], ask: Ask) -> list[Voting]:
    """Where voting ends in every cell that can be voted on; none where none can."""
    try:
        return list(votings(folders, ask))
    except LawError:
        return []


def limits_of(found: Sequence[Voting], task: str) -> tuple[list[Row], list[str]]:
    """The limits of a task's cells as rows, and the warnings beside them."""
    mine = [one for one in found if one.fields["task"] == task]
    rows = [row for one in mine for row in limit_rows(one)]
    said = [line for one in mine for line in remarks(one)]
    return rows, [line for line in said if line.startswith("warning")]


def ends_of(found: Sequence[Voting]) -> dict[tuple[str, str, str], Row]:
    """Of each (run, cell, question): whether voting gets it in the end, and how surely."""
    return {
        (one.fields["run"], one.fields["cell"], row["question_id"]): {
            "ends": row["ends"],
            "wins": brief(row["wins"], 3),
        }
        for one in found
        for row in question_table(one)
    }
