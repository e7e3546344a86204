"""The optimal model size against compute: log10 C = slope·log10 N + intercept (Wu et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.fit import LEVEL, Fit, HoldOut, intervals, refusal
from scaling_cli.laws.frontier import best_inside, budgets
from scaling_cli.laws.resample import band, bootstrap_means, question_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray

LAW = "size"
NAMES = ("slope", "intercept")
POINTS = 200
"""Budgets at which the best size is looked for."""
FLOOR = 0.02
"""A model whose best accuracy cannot be told from this is near the floor and left out."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """`values[question, point]` at `cost[point]`, of models of so many `parameters[point]`."""

    values: FloatArray
    cost: FloatArray
    parameters: FloatArray


def fit_size(
    whole: Sizes,
    weights: NDArray[np.uint8],
    *,
    part: Sizes | None = None,
    few: str = "",
    k: int = 0,
) -> Fit:
    """The law of all points, checked against those of a quarter of the samples, `part`.

    The line goes through the budgets at which one size overtakes the next, at the geometric mean
    of the two. Refused with fewer than three sizes above the floor, where fewer than three are
    the best somewhere, and where the check fails or cannot be made: `few` says why.
    """
    kept, floored = _above_floor(whole)
    if len(np.unique(whole.parameters[kept])) < 3:
        named = ", ".join(f"{size:.3g}" for size in floored) or "none"
        return refusal(
            LAW,
            f"{len(np.unique(whole.parameters[kept]))} sizes are above the floor, three are needed "
            f"(left out near the floor: {named})",
        )
    above = _where(whole, kept)
    at = budgets(above.cost, POINTS)
    x, y = takeovers(above.values.mean(axis=0)[None], above.cost, above.parameters, at)[0]
    if len(x) < 2:
        return refusal(
            LAW, f"only {len(x) + 1} sizes are the best at some budget, three are needed"
        )
    found = np.polyfit(x, y, 1)
    means = bootstrap_means(above.values, weights)
    lines = [_line(a, b) for a, b in takeovers(means, above.cost, above.parameters, at)]
    try:
        fitted = intervals(NAMES, found, np.array(lines))
        held = None
        if part is not None and not few:
            held = hold_out(_where(part, ~np.isin(part.parameters, floored)), above, weights, k)
    except LawError as error:
        return refusal(LAW, error.message)
    line = np.asarray(np.polyval(found, x), np.float64)
    fit = Fit(LAW, fitted, np.asarray(10**x, np.float64), y, line, held)
    return replace(fit, reason=few or _failed(held))


def hold_out(part: Sizes, whole: Sizes, weights: NDArray[np.uint8], k: int) -> HoldOut:
    """The line through a quarter of the samples, against the budget at which the largest size
    overtakes by all of them; both log10, of the budgets that the quarter reaches."""
    at = budgets(part.cost, POINTS)
    ones = np.ones((1, weights.shape[1]), np.uint8)
    every = np.vstack([ones, weights[: max(len(weights) // 4, 50)]])
    predicted = takeovers(bootstrap_means(part.values, every), part.cost, part.parameters, at)
    observed = takeovers(bootstrap_means(whole.values, every), whole.cost, whole.parameters, at)
    if not len(observed[0][0]):
        raise LawError(
            "at the budgets that a quarter of the samples reaches one size is always the best",
            "draw more samples",
        )
    largest = observed[0][0][-1]
    guess = np.array([np.polyval(_line(x, y), largest) for x, y in predicted])
    place = np.array([y[x == largest][0] if largest in x else np.nan for x, y in observed])
    gaps = (guess - place)[1:]
    gaps = gaps[~np.isnan(gaps)]
    if np.isnan(guess[0]) or len(gaps) < 0.9 * (len(every) - 1):
        raise LawError(
            "in more than a tenth of the draws of the questions the largest size does not overtake "
            "at a budget that a quarter of the samples reaches",
            "ask more questions",
        )
    lo, hi = np.quantile(gaps, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(guess[0] - place[0])
    half = float(np.log10(at[-1] / at[0])) / (POINTS - 1) / 2  # the budgets tell nothing finer
    ends = min(float(lo), value) - half, max(float(hi), value) + half
    return HoldOut(k, float(guess[0]), float(place[0]), *ends)


def _failed(held: HoldOut | None) -> str:
    if held is None or held.passed:
        return ""
    return (
        f"fitted on a quarter of the samples it has the largest size overtake at a budget of "
        f"10^{held.predicted:.2f}, where the whole bank has 10^{held.observed:.2f} (difference "
        f"[{held.lo:+.2f}, {held.hi:+.2f}])"
    )


def _line(x: FloatArray, y: FloatArray) -> FloatArray:
    """Slope and intercept, NaN through fewer than two points."""
    return np.asarray(np.polyfit(x, y, 1)) if len(x) > 1 else np.full(2, np.nan)


def _where(points: Sizes, kept: NDArray[np.bool_]) -> Sizes:
    return Sizes(points.values[:, kept], points.cost[kept], points.parameters[kept])


def _above_floor(points: Sizes) -> tuple[NDArray[np.bool_], list[float]]:
    """Points of the models whose best point is surely above the floor; the other sizes."""
    lo, _ = band(points.values, question_weights(len(points.values), 500, 0))
    floored = [
        float(size)
        for size in np.unique(points.parameters)
        if lo[points.parameters == size].max() < FLOOR
    ]
    return ~np.isin(points.parameters, floored), floored


def takeovers(
    means: FloatArray, cost: FloatArray, parameters: FloatArray, at: FloatArray
) -> list[tuple[FloatArray, FloatArray]]:
    """For each row of `means[draw, point]`, where one size that is the best somewhere follows
    another: log10 of the geometric mean of the two sizes, and of the budget between them.

    Only these budgets are the sizes' own: where the first begins and the last ends is up to what
    was run.
    """
    sizes = np.unique(parameters)
    tops = np.stack(
        [best_inside(means[:, parameters == s], cost[parameters == s], at) for s in sizes]
    )
    # Equals go to the smaller size; below all costs nobody is best.
    best = np.where(np.isneginf(tops.max(axis=0)), -1, tops.argmax(axis=0))
    logs, found = np.log10(at), []
    for row in best:
        used = [number for number in range(len(sizes)) if (row == number).any()]
        pairs = [np.log10(sizes[[one, other]]).mean() for one, other in pairwise(used)]
        between = [
            (logs[row == one].max() + logs[row == other].min()) / 2 for one, other in pairwise(used)
        ]
        found.append((np.array(pairs), np.array(between)))
    return found
