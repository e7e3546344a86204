"""Frontiers of runs: curves of all their cells on one list of questions, and what is optimal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.frontier import Points, budgets, dominated, odds, pareto
from scaling_cli.laws.resample import (
    band,
    difference_sd,
    question_weights,
    smallest_difference,
)
from scaling_cli.store import RunFolder
from scaling_cli.summary import AXES, Ask, Series, series

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray

Row = dict[str, Any]
Name = tuple[str, str, str]
"""Model, generator, selector: what a configuration on a frontier is."""

TRUNCATION_GAP = 0.02
"""Truncation that differs by more than this between models is said on the figure."""


@dataclass(frozen=True, slots=True)
class FrontierTable:
    """One frontier: the points of every configuration on the same questions.

    `configuration[point]` numbers `names`; `fields[point]` is the point's row.
    """

    task: str
    group: str | None
    axis: str
    questions: int
    names: tuple[Name, ...]
    points: Points
    fields: tuple[Row, ...]
    lo: FloatArray
    hi: FloatArray
    budgets: FloatArray
    odds: FloatArray
    optimal: IntArray
    remarks: tuple[str, ...]

    @property
    def accuracy(self) -> FloatArray:
        return np.asarray(self.points.values.mean(axis=0))

    def rows(self) -> list[Row]:
        """The compute-optimal points by rising cost, each with its odds at its own cost."""
        rows = []
        for point in self.optimal:
            at = int(np.searchsorted(self.budgets, self.points.cost[point] * (1 - 1e-9)))
            share = self.odds[min(at, len(self.budgets) - 1), self.points.configuration[point]]
            rows.append(
                {
                    **self.fields[point],
                    "axis": self.axis,
                    "cost": float(self.points.cost[point]),
                    "accuracy": float(self.accuracy[point]),
                    "lo": float(self.lo[point]),
                    "hi": float(self.hi[point]),
                    "odds": float(share),
                }
            )
        return rows


def frontier_tables(folders: Sequence[RunFolder], ask: Ask, axis: str) -> list[FrontierTable]:
    """A frontier for each task (and group) of the runs; LawError where an axis has no data."""
    if axis not in AXES:
        raise LawError(f"there is no axis {axis}", f"valid: {', '.join(AXES)}")
    curves: dict[tuple[str, str | None], list[Series]] = defaultdict(list)
    for folder in folders:
        for one in series(folder, ask):
            if one.fields["selector"] != "coverage":
                curves[one.fields["task"], one.fields["group"]].append(one)
    if not curves:
        raise LawError(
            "nothing is left to compare: coverage knows the right answer and is on no frontier",
            "name a selector that chooses, such as majority",
        )
    return [_table(task, group, members, axis) for (task, group), members in curves.items()]


def _table(task: str, group: str | None, members: Sequence[Series], axis: str) -> FrontierTable:
    shared, remarks = _shared_questions(members)
    columns = [column for one in members for column in _columns(one, shared, axis)]
    known = [c for c in columns if not (np.isnan(c[2]) or np.isnan(c[1]).any())]
    if not known:
        raise LawError(
            f"no curve of {task} has a known {axis}", "choose another --axis, such as tokens"
        )
    if len(known) < len(columns):
        remarks.append(f"{len(columns) - len(known)} points without a known {axis} are left out")
    names = list(dict.fromkeys(name for name, *_ in known))
    points = Points(
        values=np.column_stack([values for _, values, _, _ in known]),
        cost=np.array([cost for _, _, cost, _ in known]),
        configuration=np.array([names.index(name) for name, *_ in known]),
    )
    weights = question_weights(len(shared), 2000, 0)
    at = np.unique(
        np.concatenate(
            [budgets(points.cost), points.cost[pareto(points.values.mean(axis=0), points.cost)]]
        )
    )
    lo, hi = band(points.values, weights)
    beaten = [" · ".join(names[c]) for c in dominated(points, at)]
    if beaten:
        remarks.append(f"beaten at every budget: {'; '.join(beaten)}")
    remarks += _truncation(members)
    remarks.append(_power(points, names, len(shared)))
    return FrontierTable(
        task=task,
        group=group,
        axis=axis,
        questions=len(shared),
        names=tuple(names),
        points=points,
        fields=tuple(fields for *_, fields in known),
        lo=lo,
        hi=hi,
        budgets=at,
        odds=odds(points, weights, at),
        optimal=pareto(points.values.mean(axis=0), points.cost),
        remarks=tuple(remark for remark in remarks if remark),
    )


def _shared_questions(members: Sequence[Series]) -> tuple[list[str], list[str]]:
    """Questions that every curve has: only there are configurations comparable."""
    sets = [set(one.question_ids) for one in members]
    shared = set.intersection(*sets)
    if not shared:
        raise LawError("the runs have no question in common", "compare runs on the same questions")
    largest = max(map(len, sets))
    remarks = []
    if len(shared) < largest:
        remarks.append(f"compared on the {len(shared)} questions all have, of up to {largest}")
    return [q for q in members[0].question_ids if q in shared], remarks


def _columns(
    one: Series, shared: Sequence[str], axis: str
) -> list[tuple[Name, FloatArray, float, Row]]:
    """(configuration, values per question, mean cost, row) for each k that stands for an octave."""
    place = {identity: row for row, identity in enumerate(one.question_ids)}
    rows = [place[identity] for identity in shared]
    name = (one.fields["model"], one.fields["strategy"], one.fields["selector"])
    if name[1] != "greedy" and name[2] == "first":
        kept = [0]  # more samples than one would be paid for and thrown away
    else:
        kept = [i for i, k in enumerate(one.ks) if k & (k - 1) == 0 or k == one.ks[-1]]
    columns = []
    for i in kept:
        means = {a: _float(values[rows, i]) for a, values in one.costs.items()}
        fields = {**one.fields, **one.rates, "k": one.ks[i], **means, "questions": len(shared)}
        columns.append((name, one.values[rows, i], float(one.costs[axis][rows, i].mean()), fields))
    return columns


def _float(values: FloatArray) -> float | None:
    mean = float(values.mean())
    return None if np.isnan(mean) else mean


def _truncation(members: Sequence[Series]) -> list[str]:
    """Models with other limits, or cut off unequally often, are not compared on equal terms."""
    limits: dict[str, int] = {}
    for one in members:
        model = one.fields["model"]
        limits[model] = max(limits.get(model, 0), int(one.fields["max_tokens"]))
    rates = {
        one.fields["model"]: float(one.rates["truncated"] or 0.0)
        for one in members
        if int(one.fields["max_tokens"]) == limits[one.fields["model"]]
        and one.fields["strategy"] != "greedy"
    }
    remarks = []
    if len(set(limits.values())) > 1:
        shown = ", ".join(f"{model} {limit}" for model, limit in limits.items())
        remarks.append(f"token limits differ: {shown}")
    if rates and max(rates.values()) - min(rates.values()) > TRUNCATION_GAP:
        shown = ", ".join(f"{model} {rate:.0%}" for model, rate in rates.items())
        remarks.append(f"answers cut off by the token limit differ: {shown}")
    return remarks


def _power(points: Points, names: Sequence[Name], questions: int) -> str:
    """The smallest difference these questions could show between two optimal configurations."""
    optimal = pareto(points.values.mean(axis=0), points.cost)
    if len(optimal) < 2:
        return ""
    gaps = np.diff(points.values[:, optimal], axis=1)
    typical = float(np.median(difference_sd(gaps)))
    return (
        f"{questions} questions show a difference between neighbours on the frontier of about "
        f"{100 * smallest_difference(typical, questions):.0f} points or more (80% power)"
    )


def curve_of(
    table: FrontierTable, configuration: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """A configuration's envelope: cost, accuracy, lo, hi of the points that are best in it."""
    mine = np.flatnonzero(table.points.configuration == configuration)
    best = mine[pareto(table.accuracy[mine], table.points.cost[mine])]
    return table.points.cost[best], table.accuracy[best], table.lo[best], table.hi[best]
