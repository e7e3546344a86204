"""One task of runs whose graded answers are at hand: answer, frontier, curves, tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from scaling_cli.configurations import name_of, sentence
from scaling_cli.errors import LawError
from scaling_cli.frontiers import FrontierTable, curves_of
from scaling_cli.limits import Voting
from scaling_cli.pricing import AXES
from scaling_cli.recommendations import recommend
from scaling_cli.recorded import Ask
from scaling_cli.reporting.colours import numbers_of
from scaling_cli.reporting.curves import limits_of, models_of, panels
from scaling_cli.reporting.frontiers import (
    all_names,
    axis_data,
    caption,
    configuration_rows,
    named,
    tables_of,
)
from scaling_cli.store import RunFolder
from scaling_cli.summary import Series, accuracy_rows

Row = dict[str, Any]

CLOSE = 0.01
"""An accuracy this close to the best is as good where nobody named a budget."""
HOW = (
    "The budget is the least that buys the best accuracy but for one point; "
    "scale report --budget asks for another."
)
BEATEN = "beaten at every budget"


@dataclass(frozen=True, slots=True)
class Budget:
    """What the answer is asked for; None: the least that buys nearly the best, on the first axis
    that is known."""

    size: float | None = None
    axis: str | None = None


def default_budget(costs: Sequence[float], accuracy: Sequence[float]) -> float:
    """The least cost of the frontier's points, by rising cost, that buys the best accuracy but
    for `CLOSE`; three digits, rounded up so that the point stays inside."""
    enough = next(c for c, a in zip(costs, accuracy, strict=True) if a >= max(accuracy) - CLOSE)
    unit = 10.0 ** (math.floor(math.log10(enough)) - 2)
    return float(f"{math.ceil(enough / unit * (1 - 1e-12)) * unit:.3g}")


def chosen_axis(known: Sequence[str], budget: Budget) -> str | None:
    """The axis of the answer; LawError where the one that was asked for has no costs."""
    if budget.axis is None:
        return known[0] if known else None
    if budget.axis not in AXES:
        raise LawError(f"there is no axis {budget.axis}", f"valid: {', '.join(AXES)}")
    if budget.axis not in known:
        raise LawError(
            f"no configuration has a {budget.axis} of its own",
            f"known here: {', '.join(known) or 'none'}",
        )
    return budget.axis


def answered_task(
    task: str, folders: Sequence[RunFolder], ask: Ask, budget: Budget, found: Sequence[Voting]
) -> Row:
    """Everything the page says of one task."""
    tables = tables_of(task, _members(task, folders, ask), ask)
    axis = chosen_axis([table.axis for table in tables], budget)
    table = next((one for one in tables if one.axis == axis), None)
    limits, limits_said = limits_of(found, task)
    curve_rows = _curve_rows(task, folders, ask)
    drawn = {row["selector"] for row in curve_rows}
    names = all_names(tables)
    numbers = numbers_of(models_of(curve_rows), [*names, *map(name_of, curve_rows)])
    answer, sensitivity = _answer(task, folders, ask, table, budget)
    return {
        "task": task,
        "questions": max((row["questions"] for row in curve_rows), default=0),
        "graded": True,
        "axis": axis,
        "answer": answer,
        "names": named(names, numbers),
        "axes": [axis_data(one, names) for one in tables],
        "panels": panels(curve_rows, [r for r in limits if r["selector"] in drawn], numbers),
        "configurations": configuration_rows(table) if table else [],
        "optimal": _optimal(table),
        "dominated": [sentence(name) for name in table.dominated] if table else [],
        "crossings": [o.sentence(table.axis) for o in table.crossings if o.neighbours]
        if table
        else [],
        "notes": _notes(table),
        "limits": limits,
        "limits_said": limits_said,
        "sensitivity": sensitivity,
    }


def _members(task: str, folders: Sequence[RunFolder], ask: Ask) -> Sequence[Series]:
    """The task's curves that may stand on a frontier; none where only coverage is known."""
    try:
        return curves_of(folders, ask, AXES[0]).get((task, None), [])
    except LawError:
        return []


def _curve_rows(task: str, folders: Sequence[RunFolder], ask: Ask) -> list[Row]:
    """Accuracy rows at the whole token limit, coverage among them."""
    selectors = tuple(dict.fromkeys([*ask.selectors, "coverage"]))
    whole = replace(ask, caps=[], selectors=selectors)
    rows = [row for folder in folders for row in accuracy_rows(folder, whole)]
    return [row for row in rows if row["task"] == task]


def _answer(
    task: str,
    folders: Sequence[RunFolder],
    ask: Ask,
    table: FrontierTable | None,
    budget: Budget,
) -> tuple[Row, list[Row]]:
    """Two sentences cross-fitted over questions, and whether they survive other assumptions."""
    if table is None or not len(table.optimal):
        said = "No configuration has both a known cost and a right answer: there is no frontier."
        return {"sentences": [], "how": said}, []
    best = table.optimal
    size = budget.size or default_budget(
        table.points.cost[best].tolist(), table.accuracy[best].tolist()
    )
    try:
        (found,) = recommend(folders, ask, table.axis, size, task)
    except LawError as error:
        if budget.size is not None:
            raise
        return {"sentences": [], "how": f"No answer: {error.message}."}, []
    how = "" if budget.size is not None else HOW
    return {"sentences": list(found.sentences), "how": how}, list(found.sensitivity)


def _optimal(table: FrontierTable | None) -> list[Row]:
    if table is None:
        return []
    columns = ("k", "max_tokens", "accuracy", "lo", "hi", "cost", "odds", "cross_fitted")
    found = zip(table.optimal, table.rows(), strict=True)
    return [
        {
            "configuration": caption(table.names[table.points.configuration[point]]),
            **{column: row[column] for column in columns},
        }
        for point, row in found
    ]


def _notes(table: FrontierTable | None) -> list[str]:
    """The frontier's remarks; what is beaten everywhere has a list of its own."""
    if table is None:
        return []
    return [line for line in table.remarks if not line.startswith(BEATEN)]
