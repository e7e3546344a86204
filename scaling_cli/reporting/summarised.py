"""One task of runs of which only the summary is at hand: what it still can say, in one sentence
what it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scaling_cli.configurations import name_of, sentence
from scaling_cli.reporting import recorded_summary as recorded
from scaling_cli.reporting.answered import HOW, Budget, chosen_axis, default_budget
from scaling_cli.reporting.colours import numbers_of
from scaling_cli.reporting.curves import models_of, panels
from scaling_cli.reporting.frontiers import named

Row = dict[str, Any]


def summarised_task(task: str, rows: Sequence[Row], budget: Budget, lacking: str) -> Row:
    """The same keys as of a task whose answers are at hand; `lacking` says what is not."""
    axes = recorded.known_axes(rows)
    axis = chosen_axis(axes, budget)
    names = list(dict.fromkeys(name for one in axes for name in recorded.grouped(rows, one)))
    numbers = numbers_of(models_of(rows), [*names, *map(name_of, rows)])
    return {
        "task": task,
        "questions": max((row["questions"] for row in rows), default=0),
        "graded": False,
        "axis": axis,
        "answer": _answer(rows, axis, budget),
        "names": named(names, numbers),
        "axes": [recorded.axis_data(rows, one, names) for one in axes],
        "panels": panels(rows, [], numbers),
        "configurations": recorded.configuration_rows(rows, axis) if axis else [],
        "optimal": recorded.optimal_rows(rows, axis) if axis else [],
        "dominated": [sentence(n) for n in recorded.dominated(rows, axis)] if axis else [],
        "crossings": [],
        "notes": [lacking],
        "limits": [],
        "limits_said": [],
        "sensitivity": [],
    }


def _answer(rows: Sequence[Row], axis: str | None, budget: Budget) -> Row:
    best = recorded.optimal(rows, axis) if axis else []
    if axis is None or not best:
        said = (
            "No configuration that chooses an answer has a known cost here: there is no frontier, "
            "and no answer."
        )
        return {"sentences": [], "how": said}
    size = budget.size or default_budget(
        [row[axis] for row in best], [row["accuracy"] for row in best]
    )
    sentences = recorded.answer(rows, axis, size)
    if sentences is None:
        return {"sentences": [], "how": f"Nothing is right for {size:.3g} a question."}
    return {"sentences": list(sentences), "how": "" if budget.size is not None else HOW}
