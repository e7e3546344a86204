"""Where one configuration overtakes another, and between which budgets that surely lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.frontier import SAME, Points, best_inside
from scaling_cli.laws.resample import bootstrap_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray


@dataclass(frozen=True, slots=True)
class Crossing:
    """The budget from which `second` stays ahead of `first`: 0 where it is ahead from the
    first budget on, infinity where it is not ahead in the end.

    `lo` and `hi` are quantiles over draws of the questions, so an end may be 0 or infinity: the
    interval is unbounded there. `crosses` is the share of draws in which there is a crossing,
    `reach` the dearest budget at which both were run: a crossing above it compares with
    something that was not run.
    """

    first: int
    second: int
    budget: float
    lo: float
    hi: float
    crosses: float
    reach: float


def crossing(
    points: Points,
    weights: NDArray[np.uint8],
    first: int,
    second: int,
    *,
    level: float = 0.95,
) -> Crossing:
    """Where configuration `second` overtakes `first` for good, each at its best inside the
    budget; all draws on the same questions."""
    mine = [np.flatnonzero(points.configuration == c) for c in (first, second)]
    if not all(len(members) for members in mine):
        raise LawError(
            f"configurations {first} and {second} have no points", "name two that were run"
        )
    at = np.unique(points.cost[np.concatenate(mine)])
    means = np.vstack([points.values.mean(axis=0), bootstrap_means(points.values, weights)])
    gap = [best_inside(means[:, members], points.cost[members], at) for members in mine]
    where = _overtakes(gap[1] > gap[0] + SAME, at)
    tail = (1 - level) / 2
    lo, hi = np.quantile(where[1:], [tail, 1 - tail], method="inverted_cdf")
    return Crossing(
        first=first,
        second=second,
        budget=float(where[0]),
        lo=float(lo),
        hi=float(hi),
        crosses=float(((where[1:] > 0) & (where[1:] < np.inf)).mean()),
        reach=float(min(points.cost[members].max() for members in mine)),
    )


def _overtakes(ahead: NDArray[np.bool_], at: FloatArray) -> FloatArray:
    """For each row of `ahead[draw, budget]`, the budget after the last that is not ahead."""
    behind = ahead.shape[1] - np.argmax(~ahead[:, ::-1], axis=1)
    return np.asarray(np.where(ahead.all(axis=1), 0.0, np.append(at, np.inf)[behind]))
