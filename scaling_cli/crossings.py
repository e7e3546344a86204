"""Which configuration overtakes which, and at what budget, as rows and as sentences."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.configurations import Configurations, Name, select, sentence, unit_of
from scaling_cli.laws.crossing import Crossing, crossing
from scaling_cli.laws.frontier import Frontier

if TYPE_CHECKING:
    from numpy.typing import NDArray

HAIR = 1 + 1e-9
"""Costs closer than this are one."""


@dataclass(frozen=True, slots=True)
class Overtaking:
    """`second` overtakes `first`; `start` is the cheapest `second` was run at, and `neighbours`
    says that one follows the other on the frontier."""

    first: Name
    second: Name
    start: float
    neighbours: bool
    law: Crossing

    def row(self) -> dict[str, Any]:
        """An end of the interval that is null is unbounded there; so is a budget."""
        names = {
            f"{side}_{key}": value
            for side, name in (("first", self.first), ("second", self.second))
            for key, value in zip(("model", "strategy", "selector"), name, strict=True)
        }
        law = self.law
        return {
            **names,
            "budget": _bounded(law.budget),
            "lo": _bounded(law.lo),
            "hi": _bounded(law.hi),
            "always": law.budget == 0,
            "crosses": law.crosses,
            "reach": law.reach,
            "neighbours": self.neighbours,
        }

    def sentence(self, axis: str) -> str:
        """ "b overtakes a at 2.1e13 FLOPs [1.6e13, 3.0e13]", with what must be said beside it."""
        law, unit = self.law, unit_of(axis)
        if law.budget == 0:
            text = (
                f"{sentence(self.second)} is ahead of {sentence(self.first)} at every {unit} budget"
            )
            return text + ("" if law.hi == 0 else f" [in 95% of draws from {_end(law.hi)} on]")
        low = "no lower end" if law.lo == 0 else f"{law.lo:.2g}"
        text = (
            f"{sentence(self.second)} overtakes {sentence(self.first)} at {law.budget:.2g} {unit} "
            f"[{low}, {_end(law.hi)}]"
        )
        if law.hi == np.inf:
            text += ", unbounded: these questions do not show that it ever does"
        if law.budget <= self.start * HAIR:
            text += ", the least it can be run with"
        elif law.budget > law.reach * HAIR:
            text += f", above the {law.reach:.2g} that both were run with"
        return text


def crossings(
    found: Configurations, law: Frontier, weights: NDArray[np.uint8]
) -> tuple[Overtaking, ...]:
    """One entry for each two configurations of which one is ahead in the end.

    Beside a vote of one sample stands that sample: all points of a configuration count here,
    those that repeat another's too.
    """
    present = np.unique(found.points.configuration).tolist()
    leaders = [point.configuration for point in law.points]
    following = [{one, other} for one, other in pairwise(leaders) if one != other]
    entries = []
    for pair in combinations(present, 2):
        mine = np.flatnonzero(np.isin(found.points.configuration, pair))
        both = select(found.points, mine)
        laws = [crossing(both, weights, *way) for way in (pair, pair[::-1])]
        ahead = [one for one in laws if one.budget < np.inf]
        for one in ahead[:1]:
            start = float(both.cost[both.configuration == one.second].min())
            names = found.names[one.first], found.names[one.second]
            entries.append(Overtaking(*names, start, set(pair) in following, one))
    return tuple(entries)


def _end(value: float) -> str:
    return "no upper end" if value == np.inf else f"{value:.2g}"


def _bounded(value: float) -> float | None:
    return float(value) if 0 < value < np.inf else None
