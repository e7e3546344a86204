"""Frontiers of runs: what is optimal inside each budget, how surely, and what overtakes what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.configurations import Configurations, gather
from scaling_cli.crossings import Overtaking, crossings
from scaling_cli.errors import LawError
from scaling_cli.laws.frontier import Frontier, Points, budgets, frontier, pareto
from scaling_cli.laws.resample import (
    band,
    difference_sd,
    question_weights,
    smallest_difference,
)
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from scaling_cli.summary import Series, series

if TYPE_CHECKING:
    from scaling_cli.configurations import Name
    from scaling_cli.types import FloatArray, IntArray

Row = dict[str, Any]

TRUNCATION_GAP = 0.02
"""Truncation that differs by more than this between models is said on the figure."""


@dataclass(frozen=True, slots=True)
class FrontierTable:
    """One frontier: the points of every configuration on the same questions.

    `optimal` are its points by rising cost; `law` says of each of `budgets` what is best inside
    it, with band, odds and cross-fitting.
    """

    task: str
    group: str | None
    axis: str
    configurations: Configurations
    lo: FloatArray
    hi: FloatArray
    optimal: IntArray
    law: Frontier
    crossings: tuple[Overtaking, ...]
    remarks: tuple[str, ...]

    @property
    def points(self) -> Points:
        return self.configurations.points

    @property
    def names(self) -> tuple[Name, ...]:
        return self.configurations.names

    @property
    def fields(self) -> tuple[Row, ...]:
        return self.configurations.fields

    @property
    def questions(self) -> int:
        return len(self.configurations.question_ids)

    @property
    def budgets(self) -> FloatArray:
        return np.array([point.budget for point in self.law.points])

    @property
    def odds(self) -> FloatArray:
        """`[budget, configuration]`, a sum of 1 at every budget."""
        return self.law.odds

    @property
    def accuracy(self) -> FloatArray:
        return np.asarray(self.points.values.mean(axis=0))

    @property
    def dominated(self) -> list[Name]:
        """Configurations beaten at every budget they can be run in."""
        return [self.names[number] for number in self.law.dominated]

    def rows(self) -> list[Row]:
        """The compute-optimal points by rising cost; band, odds and cross-fitting at that cost."""
        rows = []
        for point in self.optimal:
            cost = float(self.points.cost[point])
            found = self.law.points[int(np.searchsorted(self.budgets, cost * (1 - 1e-9)))]
            rows.append(
                {
                    **self.fields[point],
                    "axis": self.axis,
                    "cost": cost,
                    "accuracy": float(self.accuracy[point]),
                    "lo": found.lo,
                    "hi": found.hi,
                    "odds": found.odds,
                    "cross_fitted": found.fresh,
                    "curse": found.chosen - found.fresh,
                }
            )
        return rows


def frontier_tables(folders: Sequence[RunFolder], ask: Ask, axis: str) -> list[FrontierTable]:
    """A frontier for each task (and group) of the runs; LawError where an axis has no data."""
    curves = curves_of(folders, ask, axis)
    return [
        frontier_table(task, group, members, axis, ask) for (task, group), members in curves.items()
    ]


def curves_of(
    folders: Sequence[RunFolder], ask: Ask, axis: str
) -> Mapping[tuple[str, str | None], list[Series]]:
    """The curves of each task and group that may stand on a frontier."""
    ask.pricing.check(axis)
    curves: dict[tuple[str, str | None], list[Series]] = defaultdict(list)
    for folder in folders:
        for one in series(folder, ask):
            if one.chooses:
                curves[one.fields["task"], one.fields["group"]].append(one)
    if not curves:
        raise LawError(
            "nothing is left to compare: coverage and oracles know the right answer",
            "name a selector that chooses, such as majority",
        )
    return curves


def frontier_table(
    task: str, group: str | None, members: Sequence[Series], axis: str, ask: Ask
) -> FrontierTable:
    """The frontier of curves on one task; LawError where none has a known cost on the axis."""
    found = gather(members, axis)
    own = found.own()
    weights = question_weights(len(found.question_ids), ask.draws, 0)
    best = pareto(own.values.mean(axis=0), own.cost)
    at = np.unique(np.concatenate([budgets(own.cost), own.cost[best]]))
    law = frontier(own, weights, at)
    lo, hi = band(found.points.values, weights)
    return FrontierTable(
        task=task,
        group=group,
        axis=axis,
        configurations=found,
        lo=lo,
        hi=hi,
        optimal=found.distinct[best],
        law=law,
        crossings=crossings(found, law, weights),
        remarks=tuple(filter(None, _remarks(found, law, best, members))),
    )


def _remarks(
    found: Configurations, law: Frontier, best: IntArray, members: Sequence[Series]
) -> list[str]:
    beaten = [" · ".join(found.names[number]) for number in law.dominated]
    dominated = f"beaten at every budget: {'; '.join(beaten)}" if beaten else ""
    power = _power(found.own().values[:, best])
    return [*found.remarks, dominated, *truncation(members), _curse(law), power]


def _curse(law: Frontier) -> str:
    """How much the best looks better where it was chosen than on questions it was not."""
    gaps = [point.chosen - point.fresh for point in law.points]
    if not gaps or np.isnan(gaps).all():
        return ""
    worst = int(np.nanargmax(gaps))
    return (
        f"winner's curse: chosen and scored on the same half of the questions, the best point "
        f"looks {100 * float(np.nanmean(gaps)):.1f} points better than on the other half, at most "
        f"{100 * gaps[worst]:.1f} (at {law.points[worst].budget:.2g})"
    )


def truncation(members: Sequence[Series]) -> list[str]:
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
    cut = unequal_truncation(rates)
    return remarks if cut is None else [*remarks, cut]


def unequal_truncation(rates: Mapping[str, float]) -> str | None:
    """What is said where models' answers are cut off unequally often."""
    if not rates or max(rates.values()) - min(rates.values()) <= TRUNCATION_GAP:
        return None
    shown = ", ".join(f"{model} {rate:.0%}" for model, rate in rates.items())
    return f"answers cut off by the token limit differ: {shown}"


def _power(optimal: FloatArray) -> str:
    """The smallest difference these questions could show between two optimal points."""
    questions, count = optimal.shape
    if count < 2:
        return ""
    typical = float(np.median(difference_sd(np.diff(optimal, axis=1))))
    return (
        f"{questions} questions show a difference between neighbours on the frontier of about "
        f"{100 * smallest_difference(typical, questions):.1f} points or more (80% power)"
    )


def envelope_of(table: FrontierTable, configuration: int) -> IntArray:
    """The points of a configuration that are the best in it for what they cost, by cost."""
    mine = np.flatnonzero(table.points.configuration == configuration)
    return np.asarray(mine[pareto(table.accuracy[mine], table.points.cost[mine])])


def curve_of(
    table: FrontierTable, configuration: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """A configuration's envelope: cost, accuracy, lo, hi of the points that are best in it."""
    best = envelope_of(table, configuration)
    return table.points.cost[best], table.accuracy[best], table.lo[best], table.hi[best]
