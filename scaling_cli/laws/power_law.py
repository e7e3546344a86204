"""Error against compute as a saturating power law, e∞ + b·C^(-a): our own choice of a form.

Wu et al. (2024) publish none for error against FLOPs; a curve of this shape is a description,
which the hold-out check must allow before it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares

from scaling_cli.errors import LawError
from scaling_cli.laws.fit import Fit, HoldOut, check, intervals, judged, refusal
from scaling_cli.laws.resample import bootstrap_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray

LAW = "compute"
NAMES = ("floor", "b", "a")
DECADE = 10.0
STARTS = (0.3, 1.0)
"""Exponents at which the search begins."""


def predict(parameters: Sequence[float] | FloatArray, cost: FloatArray) -> FloatArray:
    """Error at a cost: floor + b·(cost)^(-a)."""
    floor, b, a = parameters
    return np.asarray(floor + b * np.asarray(cost, np.float64) ** -a)


def fit_errors(cost: FloatArray, error: FloatArray) -> FloatArray:
    """(floor, b, a) by least squares, all positive, cost scaled to begin at 1."""
    first = float(cost[0])
    x = np.asarray(cost) / first
    best = None
    for start in STARTS:
        low = float(error.min())
        found = least_squares(
            _miss,
            (low / 2, max(float(error[0]) - low / 2, 1e-6), start),
            bounds=([0, 0, 0], [1, 2, 10]),
            args=(x, error),
        )
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None
    floor, b, a = best.x
    return np.array([floor, b * first**a, a])


def _miss(p: FloatArray, x: FloatArray, error: FloatArray) -> FloatArray:
    return np.asarray(p[0] + p[1] * x ** -p[2] - error)


def hold_out(
    part: FloatArray,
    part_cost: FloatArray,
    whole: FloatArray,
    whole_cost: float,
    weights: NDArray[np.uint8],
    k: int,
) -> HoldOut:
    """A curve of a quarter of the samples, `part[question, point]`, carried on to the cost of the
    whole bank, whose accuracy there is `whole[question]`."""

    def at_n(weight: NDArray[np.uint8]) -> float:
        mean = weight @ part / weight.sum(dtype=np.int64)
        found = fit_errors(part_cost, np.asarray(1 - mean))
        return float(1 - predict(found, np.array([whole_cost]))[0])

    return check(at_n, whole, weights[: max(len(weights) // 4, 50)], k)


def fit_power(
    values: FloatArray,
    cost: FloatArray,
    weights: NDArray[np.uint8],
    *,
    held: Callable[[], HoldOut] | None = None,
) -> Fit:
    """The law of accuracies `values[question, point]` at mean `cost[point]`, rising in cost."""
    order = np.argsort(cost)
    x, table = np.asarray(cost, np.float64)[order], values[:, order]
    error = 1 - table.mean(axis=0)
    if len(np.unique(x)) < 4:
        return refusal(LAW, f"{len(np.unique(x))} points are too few for three parameters")
    if x[-1] < DECADE * x[0]:
        return refusal(LAW, f"the costs span a factor of {x[-1] / x[0]:.1f}, less than a decade")
    found = fit_errors(x, error)
    drawn = np.array([fit_errors(x, 1 - row) for row in bootstrap_means(table, weights)])
    try:
        parameters = intervals(NAMES, found, drawn)
        checked = None if held is None else held()
    except LawError as mistake:
        return refusal(LAW, mistake.message)
    fit = Fit(LAW, parameters, x, error, predict(found, x), checked)
    floor, a = parameters["floor"], parameters["a"]
    why = ""
    if floor.lo < 0.01 and floor.hi > 0.9 * float(error.min()):
        why = (
            f"the floor is not identified: [{floor.lo:.3f}, {floor.hi:.3f}] spans all from 0 to "
            f"the smallest error, {float(error.min()):.3f}"
        )
    elif a.lo < 1e-3 or a.hi > 9.9:
        why = f"the exponent is not identified: [{a.lo:.3f}, {a.hi:.3f}]"
    return judged(fit, unidentified=why)
