"""Two curves of accuracy against cost, compared question by question at the same budgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray


@dataclass(frozen=True, slots=True)
class CostedCurve:
    """`values` and `costs`, both `[question, k]`."""

    values: FloatArray
    costs: FloatArray


@dataclass(frozen=True, slots=True)
class Gains:
    """What a run is better by, `gains[question, place]`, at the budgets `at[place]`, where the
    baseline reaches `height[place]`."""

    gains: FloatArray
    at: FloatArray
    height: FloatArray


def accuracy_gains(baseline: CostedCurve, run: CostedCurve) -> Gains:
    """What the run is better by on each question at each budget.

    One place for each k: the baseline's mean cost there, moved inside what both curves reach.
    A single answer, and curves that reach no budget in common, are compared at the same k.
    """
    first, second = baseline.costs.mean(axis=0), run.costs.mean(axis=0)
    low, high = max(first.min(), second.min()), min(first.max(), second.max())
    if len(first) == 1 or low > high:
        gains = np.asarray(run.values - baseline.values)
        return Gains(gains, first, baseline.values.mean(axis=0))
    at = np.clip(first, low, high)
    before = at_budgets(baseline.values, baseline.costs, at)
    return Gains(at_budgets(run.values, run.costs, at) - before, at, before.mean(axis=0))


def savings(baseline: FloatArray, run: FloatArray, *, allowed: float = 0.0) -> FloatArray:
    """What each question saves at each k, as a share of the baseline's mean cost there; a cost
    that has risen by the share `allowed` counts as equal. Both `cost[question, k]`."""
    return np.asarray(((1 + allowed) * baseline - run) / baseline.mean(axis=0))


def at_budgets(values: FloatArray, costs: FloatArray, budgets: FloatArray) -> FloatArray:
    """What each question contributes to the accuracy at a budget, `[question, budget]`.

    Between two k a curve is read as asking some questions with the one and the rest with the
    other, so that the mean cost is the budget: the mean of a column is the curve's height A
    there. A question that costs more than the budget has used up what others could have been
    asked with: it contributes its value less slope·(its cost - budget), the delta method for
    A(cost), so that the spread of a column holds the noise of the costs too. `budgets` must
    lie inside the mean costs.
    """
    mean = costs.mean(axis=0)
    order = np.argsort(mean, kind="stable")
    values, costs, mean = values[:, order], costs[:, order], mean[order]
    left = np.clip(np.searchsorted(mean, budgets, side="right") - 1, 0, len(mean) - 2)
    step = np.maximum(np.diff(mean), 1e-12 * mean[-1])
    share = np.clip((budgets - mean[left]) / step[left], 0.0, 1.0)
    between = np.diff(values.mean(axis=0)) / step
    # A curve has two slopes where its pieces meet: their mean, and a line from one to the next.
    ends = np.concatenate([between[:1], (between[1:] + between[:-1]) / 2, between[-1:]])
    slope = (1 - share) * ends[left] + share * ends[left + 1]
    value = (1 - share) * values[:, left] + share * values[:, left + 1]
    cost = (1 - share) * costs[:, left] + share * costs[:, left + 1]
    return np.asarray(value - slope * (cost - budgets))
