"""Coverage as a power law in the exponent: exp(a·k^b) (Brown et al. 2024, §3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit

from scaling_cli.errors import LawError
from scaling_cli.laws.accuracy import coverage
from scaling_cli.laws.fit import (
    Fit,
    HoldOut,
    around,
    check,
    enough,
    intervals,
    judged,
    quarter_of,
    refusal,
)
from scaling_cli.laws.resample import band, steadied_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

LAW = "coverage"
NAMES = ("a", "b")
POINTS = 40


def grid(n: int) -> IntArray:
    """About 40 log-spaced k from 1 to n."""
    return np.unique(np.rint(np.logspace(0, np.log10(n), POINTS)).astype(np.int64))


def predict(parameters: Sequence[float] | FloatArray, k: FloatArray | IntArray) -> FloatArray:
    """exp(a·k^b)."""
    a, b = parameters
    return np.asarray(np.exp(a * np.asarray(k, np.float64) ** b))


def least_squares(ks: IntArray, curve: FloatArray) -> FloatArray:
    """(a, b) by least squares on coverage from (-1, -0.4); NaN where that does not end."""
    import warnings

    try:
        with warnings.catch_warnings(), np.errstate(over="ignore"):
            warnings.simplefilter("ignore", OptimizeWarning)
            found, _ = curve_fit(_law, ks.astype(np.float64), curve, p0=(-1.0, -0.4), maxfev=4000)
    except RuntimeError:
        return np.full(2, np.nan)
    return np.asarray(found)


def _law(k: FloatArray, a: float, b: float) -> FloatArray:
    return np.asarray(np.exp(a * k**b))


def fit_coverage(
    correct: IntArray, samples: IntArray, weights: NDArray[np.uint8], *, seed: int = 0
) -> Fit:
    """The law of `correct[question]` among `samples[question]`, on questions drawn by `weights`."""
    n = int(np.min(samples))
    ks = grid(n)
    values = coverage(correct, samples, ks)
    mean = values.mean(axis=0)
    if len(ks) < 4 or mean[-1] <= 0 or mean[0] >= 1:
        return refusal(LAW, "coverage is nowhere between 0 and 1, or known at fewer than four k")
    found = least_squares(ks, mean)
    if np.isnan(found).any():
        return refusal(LAW, "least squares did not end: the curve is not of this shape")
    over = np.stack(band(values, weights))
    fit = Fit(LAW, {}, ks.astype(np.float64), mean, predict(found, ks), None, band=over)
    drawn = refits(ks, values, weights)
    try:
        parameters = intervals(NAMES, found, drawn)
        held = None
        if not enough(samples):
            held = hold_out(correct, samples, weights, n, seed)
    except LawError as error:
        return refusal(LAW, error.message)
    fit = replace(fit, parameters=parameters, holdout=held)
    b = parameters["b"]
    flat = "" if b.hi < 0 else f"b is not told from 0: [{b.lo:.3f}, {b.hi:.3f}]"
    return judged(fit, unidentified=flat or enough(samples))


def refits(ks: IntArray, values: FloatArray, weights: NDArray[np.uint8]) -> FloatArray:
    """(a, b) of each draw of the questions, `[draw, parameter]`, NaN where the fit did not end.

    Imaginary questions stand beside the drawn ones: plain draws of 40 easy questions held the
    true b 76% of the time (benchmarks/coverage_of_exponents.py).
    """
    return np.array([least_squares(ks, row) for row in steadied_means(values, weights)])


def predict_at(
    correct: IntArray, samples: IntArray, weights: NDArray[np.uint8], ks: IntArray
) -> FloatArray:
    """The law's coverage at any k, `[3, k]`: the value and the ends of its 95% interval, from
    fits to draws of the questions."""
    known = grid(int(np.min(samples)))
    values = coverage(correct, samples, known)
    found = predict(least_squares(known, values.mean(axis=0)), ks)
    drawn = np.array([predict(pair, ks) for pair in refits(known, values, weights)])
    return around(found, drawn)


def hold_out(
    correct: IntArray, samples: IntArray, weights: NDArray[np.uint8], n: int, seed: int
) -> HoldOut:
    """The law of a quarter of the samples, carried on to the `n` of the whole bank."""
    right, kept = quarter_of(correct, samples, seed)
    ks = grid(int(kept.min()))
    part = coverage(right, kept, ks)

    def at_n(weight: NDArray[np.uint8]) -> float:
        mean = weight @ part / weight.sum(dtype=np.int64)
        return float(predict(least_squares(ks, mean), np.array([n]))[0])

    whole = coverage(correct, samples, [n])[:, 0]
    return check(at_n, whole, weights[: max(len(weights) // 4, 50)], n)
