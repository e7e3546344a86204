"""Where a pair of cells is compared: at every budget of each curve, and its cost at every k."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from scaling_cli.checking.pairs import NotComparable, Pair
from scaling_cli.errors import LawError
from scaling_cli.laws.gate import lost_whole
from scaling_cli.laws.matched import CostedCurve, accuracy_gains, savings
from scaling_cli.pricing import AXES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray


@dataclass(frozen=True, slots=True)
class Terms:
    """What is compared, and how much of a fall is put up with.

    `tolerance` is of accuracy, a fraction of the questions; `cost_tolerance` a share of the
    cost. `allowed` names what may differ between the two sides (`pairs.ALLOWED`).
    """

    axis: str = "flops"
    selectors: tuple[str, ...] | None = None
    allowed: tuple[str, ...] = ()
    tolerance: float = 0.0
    cost_tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise LawError(f"there is no axis {self.axis}", f"valid: {', '.join(AXES)}")
        for value in (self.tolerance, self.cost_tolerance):
            if not 0 <= value < 1:
                raise LawError(
                    f"a tolerance of {value:g} is no fraction", "give a fraction, such as 0.02"
                )


@dataclass(frozen=True, slots=True)
class Places:
    """Consecutive places of one curve (`name` is its selector) or of one cell's cost (None, or
    the curves it is the cost of where others of the cell cost something else).

    `at[place]` is the budget, `height[place]` the baseline's accuracy or cost there,
    `gains[question, place]` what the run is better by with `offset`, the tolerance, added;
    `whole[place]` that accuracies there differ by whole answers or hardly at all.
    """

    pair: Pair
    what: Literal["accuracy", "cost"]
    name: str | None
    ks: tuple[int, ...]
    at: FloatArray
    height: FloatArray
    gains: FloatArray
    offset: float
    whole: NDArray[np.bool_]


def places_of(pairs: Sequence[Pair], terms: Terms) -> list[Places]:
    """For each pair the places of its curves, then those of its cost."""
    found = []
    for pair in pairs:
        before, now = _costs(pair, terms.axis)
        found += [_accuracy(pair, name, before, now, terms.tolerance) for name in pair.names]
        several = sum(other.run.cell == pair.run.cell for other in pairs) > 1
        name = ", ".join(pair.names) if several else None
        saved, cost = savings(before, now, allowed=terms.cost_tolerance), before.mean(axis=0)
        ks, offset = pair.baseline.ks, terms.cost_tolerance
        whole = np.zeros(len(ks), np.bool_)
        found.append(Places(pair, "cost", name, ks, cost, cost, saved, offset, whole))
    return found


def _costs(pair: Pair, axis: str) -> tuple[FloatArray, FloatArray]:
    for side, whose in ((pair.baseline, "baseline"), (pair.run, "run")):
        if axis not in side.costs:
            raise NotComparable(
                f"the {whose} does not know what {side.label} costs in {axis}",
                f"it knows: {', '.join(side.costs) or 'no cost'}; choose another --axis",
            )
    return pair.baseline.costs[axis], pair.run.costs[axis]


def _accuracy(
    pair: Pair, name: str, before: FloatArray, now: FloatArray, tolerance: float
) -> Places:
    tables = pair.baseline.accuracy[name], pair.run.accuracy[name]
    width = min(table.shape[1] for table in tables)
    baseline, run = (
        CostedCurve(table[:, :width], costs[:, :width])
        for table, costs in zip(tables, (before, now), strict=True)
    )
    found, ks = accuracy_gains(baseline, run), pair.baseline.ks[:width]
    gains, whole = found.gains + tolerance, lost_whole(baseline.values, run.values)
    return Places(pair, "accuracy", name, ks, found.at, found.height, gains, tolerance, whole)


def as_table(members: Sequence[Places]) -> tuple[tuple[str, ...], FloatArray]:
    """The questions of a task, and all gains `[question, place]`, NaN where a cell lacks one."""
    ids = sorted({q for one in members for q in one.pair.baseline.question_ids})
    row = {identity: number for number, identity in enumerate(ids)}
    columns = []
    for one in members:
        column = np.full((len(ids), one.gains.shape[1]), np.nan)
        column[[row[identity] for identity in one.pair.baseline.question_ids]] = one.gains
        columns.append(column)
    return tuple(ids), np.concatenate(columns, axis=1)
