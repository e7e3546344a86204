"""The honest value of a choice: every question scored by what the other half chose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.frontier import SPLITS, Points, envelope

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray


def out_of_fold(
    points: Points,
    at: FloatArray,
    *,
    splits: int = SPLITS,
    seed: int = 0,
    anything: bool = False,
) -> FloatArray:
    """`values[question, budget]`: what the best point inside the budget, chosen on the half of
    the questions without this one, is worth on this one, averaged over random halvings.

    Their mean over questions is the cross-fitted accuracy, free of the winner's curse, and
    their spread its interval. NaN where a half finds nothing inside the budget that is right;
    with `anything` such a half takes the cheapest point, and only NaN where none is inside.
    """
    questions = len(points.values)
    if questions < 2:
        raise LawError("one question cannot be halved", "give at least two questions")
    rng, half = np.random.default_rng(seed), questions // 2
    cheapest = int(np.argmin(points.cost))
    whatever = np.where(anything & (points.cost[cheapest] <= np.asarray(at)), cheapest, -1)
    total = np.zeros((questions, len(at)))
    for _ in range(splits):
        order = rng.permutation(questions)
        for choosing, scoring in ((order[:half], order[half:]), (order[half:], order[:half])):
            _, point = envelope(points.values[choosing].mean(axis=0), points.cost, at)
            point = np.where(point >= 0, point, whatever)
            fresh = points.values[np.ix_(scoring, np.maximum(point, 0))]
            total[scoring] += np.where(point >= 0, fresh, np.nan)
    return np.asarray(total / splits)
