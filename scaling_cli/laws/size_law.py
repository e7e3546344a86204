"""The optimal model size against compute: log10 C = slope·log10 N + intercept (Wu et al. 2024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.fit import Fit, intervals, refusal
from scaling_cli.laws.frontier import best_inside, budgets
from scaling_cli.laws.resample import band, bootstrap_means, question_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray

LAW = "size"
NAMES = ("slope", "intercept")
FLOOR = 0.02
"""A model whose best accuracy cannot be told from this is near the floor and left out."""


def fit_size(
    values: FloatArray,
    cost: FloatArray,
    parameters: FloatArray,
    weights: NDArray[np.uint8],
) -> Fit:
    """The law of `values[question, point]` at `cost[point]`, of models of so many `parameters`.

    Each size stands where it is the best: at the geometric middle of the budgets at which its
    points are. Refused with fewer than three sizes above the floor, or where the best size does
    not rise through three of them.
    """
    kept, floored = _above_floor(values, parameters)
    if len(np.unique(parameters[kept])) < 3:
        named = ", ".join(f"{size:.3g}" for size in floored) or "none"
        return refusal(
            LAW,
            f"{len(np.unique(parameters[kept]))} sizes are above the floor, three are needed "
            f"(left out near the floor: {named})",
        )
    at = budgets(cost[kept], 200)
    table, price, sizes = values[:, kept], cost[kept], parameters[kept]
    x, y = optimal(table.mean(axis=0)[None], price, sizes, at)[0]
    if len(x) < 3:
        return refusal(LAW, f"only {len(x)} sizes are the best at some budget, three are needed")
    found = np.polyfit(x, y, 1)
    means = bootstrap_means(table, weights)
    drawn = [
        np.polyfit(a, b, 1) if len(a) > 1 else np.full(2, np.nan)
        for a, b in optimal(means, price, sizes, at)
    ]
    try:
        fitted = intervals(NAMES, found, np.array(drawn))
    except LawError as error:
        return refusal(LAW, error.message)
    line = np.asarray(np.polyval(found, x), np.float64)
    return Fit(LAW, fitted, np.asarray(10**x, np.float64), y, line, None)


def _above_floor(
    values: FloatArray, parameters: FloatArray
) -> tuple[NDArray[np.bool_], list[float]]:
    """Points of the models whose best point is surely above the floor; the other sizes."""
    lo, _ = band(values, question_weights(len(values), 500, 0))
    floored = [
        float(size) for size in np.unique(parameters) if lo[parameters == size].max() < FLOOR
    ]
    return ~np.isin(parameters, floored), floored


def optimal(
    means: FloatArray, cost: FloatArray, parameters: FloatArray, at: FloatArray
) -> list[tuple[FloatArray, FloatArray]]:
    """For each row of `means[draw, point]`: log10 sizes that are the best somewhere, and log10 of
    the middle of those budgets."""
    sizes = np.unique(parameters)
    tops = np.stack(
        [best_inside(means[:, parameters == s], cost[parameters == s], at) for s in sizes]
    )
    # Equals go to the smaller size; below all costs nobody is best.
    best = np.where(np.isneginf(tops.max(axis=0)), -1, tops.argmax(axis=0))
    found = []
    for row in best:
        used = [number for number in range(len(sizes)) if (row == number).any()]
        middles = [float(np.log10(at[row == number]).mean()) for number in used]
        found.append((np.log10(sizes[used]), np.array(middles)))
    return found
