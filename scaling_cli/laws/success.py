"""The distribution of success over questions, and coverage from it (Schaeffer et al. 2025).

Where the density of a question's chance p of success behaves as C·p^(b-1) near 0, -log of
coverage falls as k^(-b). So the distribution is fitted: p = c·u with u ~ Beta(α, β), whose
exponent is α, by maximum likelihood of the counts of right samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, logsumexp
from scipy.stats import chi2

from scaling_cli.errors import LawError
from scaling_cli.laws.accuracy import coverage
from scaling_cli.laws.coverage_law import grid
from scaling_cli.laws.fit import (
    LEVEL,
    Fit,
    HoldOut,
    Parameter,
    around,
    check,
    enough,
    judged,
    quarter_of,
    refusal,
)
from scaling_cli.laws.resample import band

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

LAW = "success"
NAMES = ("exponent", "beta", "scale")
WINDOW = 9.0
"""Standard deviations of the thinned number of trials that are summed over."""
STARTS = ((-0.5, 0.5, 3.0), (0.5, 1.0, 3.0), (-1.5, 0.0, 1.0))
"""log α, log β and logit c at which the search begins."""
REFITS = 60
"""Draws of the questions that the distribution is fitted to anew."""
WHOLE = 12.0
"""A logit of c beyond which the scale is 1."""


def log_likelihood(correct: IntArray, samples: IntArray, theta: FloatArray) -> FloatArray:
    """log P(correct | samples) of each question under (log α, log β, logit c).

    Binomial with p = c·u is a binomial with u among m trials, m ~ Binomial(n, c): a sum over m
    of beta-binomial chances, exact but for terms 9 standard deviations away.
    """
    alpha, beta = np.exp(theta[:2])
    x, n = np.asarray(correct, np.float64), np.asarray(samples, np.float64)
    choose: FloatArray = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return choose + _log_moment(x, n - x, float(alpha), float(beta), float(theta[2]))


def _log_moment(
    x: FloatArray, y: FloatArray, alpha: float, beta: float, logit: float
) -> FloatArray:
    """log E[p^x·(1-p)^y], p = c·u."""
    if logit >= WHOLE:
        return np.asarray(betaln(alpha + x, beta + y) - betaln(alpha, beta))
    c = 1 / (1 + np.exp(-logit))
    # (1 - cu)^y = sum over j of C(y, j)·c^j·(1-c)^(y-j)·(1-u)^j.
    spread = WINDOW * np.sqrt(y * c * (1 - c)) + 20
    low = np.maximum(np.floor(y * c - spread), 0)
    high = np.minimum(np.ceil(y * c + spread), y)
    # Small α + x pulls the weight towards few trials with 1 - u: keep the lower tail whole.
    low = np.where(y <= 400, 0, low)
    width = int((high - low).max(initial=0)) + 1
    j = low[:, None] + np.arange(width)
    inside = j <= high[:, None]
    j = np.minimum(j, y[:, None])
    terms = (
        gammaln(y[:, None] + 1) - gammaln(j + 1) - gammaln(y[:, None] - j + 1)
        + j * np.log(c) + (y[:, None] - j) * np.log1p(-c)
        + betaln(alpha + x[:, None], beta + j)
    )  # fmt: skip
    terms = np.where(inside, terms, -np.inf)
    return np.asarray(logsumexp(terms, axis=1) + x * np.log(c) - betaln(alpha, beta))


def maximise(
    correct: IntArray,
    samples: IntArray,
    weight: FloatArray | NDArray[np.uint8],
    *,
    starts: Sequence[Sequence[float] | FloatArray] = STARTS,
    fixed: tuple[int, float] | None = None,
) -> tuple[FloatArray, float]:
    """(log α, log β, logit c) of the largest likelihood, and that; `fixed` holds one of them."""
    unique, inverse = np.unique(np.column_stack([correct, samples]), axis=0, return_inverse=True)
    mass = np.bincount(inverse.reshape(-1), np.asarray(weight, np.float64), len(unique))

    def loss(theta: FloatArray) -> float:
        whole = theta if fixed is None else np.insert(theta, *fixed)
        # Weak walls far outside what data can tell, so that nothing runs off to infinity.
        wall = 1e-3 * float((np.maximum(np.abs(whole) - WALL, 0) ** 2).sum())
        value = mass @ log_likelihood(unique[:, 0], unique[:, 1], whole)
        return wall - float(value) if np.isfinite(value) else 1e12

    best: tuple[FloatArray, float] | None = None
    for start in starts:
        begin = np.asarray(start if fixed is None else np.delete(start, fixed[0]), np.float64)
        found = minimize(loss, begin, method="Nelder-Mead", options={"xatol": 5e-3, "fatol": 1e-3})
        theta = found.x if fixed is None else np.insert(found.x, *fixed)
        if best is None or -found.fun > best[1]:
            best = theta, float(-found.fun)
    assert best is not None
    return best


WALL = np.array([7.0, 9.0, WHOLE + 1])


def predict(theta: FloatArray, k: FloatArray | IntArray) -> FloatArray:
    """Coverage at k of a question from the fitted distribution: 1 - E[(1-p)^k]."""
    sizes = np.atleast_1d(np.asarray(k, np.float64))
    alpha, beta = np.exp(theta[:2])
    log_miss = _log_moment(np.zeros_like(sizes), sizes, float(alpha), float(beta), float(theta[2]))
    return np.asarray(-np.expm1(log_miss))


def posterior_coverage(
    correct: IntArray, samples: IntArray, theta: FloatArray, more: int
) -> FloatArray:
    """Chance that each of these questions is covered once `more` samples are drawn beside those
    recorded: 1 where one is right already."""
    alpha, beta = np.exp(theta[:2])
    x, y = np.asarray(correct, np.float64), np.asarray(samples - correct, np.float64)
    shape = float(alpha), float(beta), float(theta[2])
    log_miss = _log_moment(x, y + more, *shape) - _log_moment(x, y, *shape)
    return np.asarray(np.where(x > 0, 1.0, -np.expm1(log_miss)))


def predictive_coverage(
    correct: IntArray, samples: IntArray, theta: FloatArray, ks: IntArray
) -> FloatArray:
    """Posterior-predictive coverage of k fresh samples, `values[question, k]`, at any k:
    1 - E[(1-p)^k | right of n] under the fitted distribution."""
    alpha, beta = np.exp(theta[:2])
    shape = float(alpha), float(beta), float(theta[2])
    x, y = np.asarray(correct, np.float64), np.asarray(samples - correct, np.float64)
    before = _log_moment(x, y, *shape)
    columns = [-np.expm1(_log_moment(x, y + k, *shape) - before) for k in np.asarray(ks).tolist()]
    return np.stack(columns, axis=1)


def predict_at(
    correct: IntArray, samples: IntArray, weights: NDArray[np.uint8], ks: IntArray
) -> FloatArray:
    """Posterior-predictive coverage of such questions at any k, `[3, k]`: the mean and the ends
    of its 95% interval, the distribution fitted anew to each draw of the questions."""
    theta, _ = maximise(correct, samples, np.ones(len(correct)))
    value = predictive_coverage(correct, samples, theta, ks).mean(axis=0)
    drawn = []
    for weight in weights[:REFITS]:
        found, _ = maximise(correct, samples, weight, starts=(theta,))
        part = predictive_coverage(correct, samples, found, ks)
        drawn.append(weight @ part / weight.sum(dtype=np.int64))
    return around(value, np.array(drawn))


def fit_success(
    correct: IntArray, samples: IntArray, weights: NDArray[np.uint8], *, seed: int = 0
) -> Fit:
    """The law of `correct[question]` among `samples[question]`, which may be ragged."""
    right, n = np.asarray(correct, np.int64), np.asarray(samples, np.int64)
    if (right == 0).all() or (right == n).all():
        return refusal(LAW, "every question is always, or never, answered right")
    theta, top = maximise(right, n, np.ones(len(n)))
    most = int(n.min())
    ks = grid(most)
    values = coverage(right, n, ks)
    observed, over = values.mean(axis=0), np.stack(band(values, weights))
    ends = [profile(right, n, theta, top, place) for place in range(3)]
    scales = (np.exp, np.exp, expit)
    parameters = {
        name: Parameter(*(float(scale(end)) for end in (theta[place], *ends[place])))
        for place, (name, scale) in enumerate(zip(NAMES, scales, strict=True))
    }
    alpha = parameters["exponent"]
    try:
        held = None if enough(n) else hold_out(right, n, weights, theta, seed)
    except LawError as error:
        return refusal(LAW, error.message)
    x, line = ks.astype(np.float64), predict(theta, ks)
    fit = Fit(LAW, parameters, x, observed, line, held, band=over)
    wide = alpha.hi > 20 * max(alpha.lo, 1e-9)
    why = f"the exponent is not identified: [{alpha.lo:.3g}, {alpha.hi:.3g}]" if wide else ""
    return judged(fit, unidentified=why or enough(n))


def theta_of(fit: Fit) -> FloatArray:
    """(log α, log β, logit c) of a fit."""
    c = min(fit.parameters["scale"].value, 1 - 1e-9)
    shape = (fit.parameters["exponent"].value, fit.parameters["beta"].value)
    return np.array([*np.log(shape), np.log(c / (1 - c))])


def profile(
    correct: IntArray,
    samples: IntArray,
    theta: FloatArray,
    top: float,
    place: int,
    *,
    level: float = LEVEL,
) -> tuple[float, float]:
    """Profile-likelihood interval of one of `theta`: where the likelihood, maximised over the
    others, falls by half a χ² quantile. An end that is never reached is the search's own."""
    drop = float(chi2.ppf(level, 1)) / 2
    ones = np.ones(len(samples))

    def falls(value: float) -> float:
        _, best = maximise(correct, samples, ones, starts=(theta,), fixed=(place, value))
        return top - best - drop

    return _crossing(falls, float(theta[place]), -1.0), _crossing(falls, float(theta[place]), 1.0)


def _crossing(falls: Callable[[float], float], start: float, direction: float) -> float:
    """Where `falls` turns positive, by doubling steps and then halving them."""
    near, step = start, 0.1
    far = start + direction * step
    while falls(far) < 0:
        near, step = far, step * 2
        far = near + direction * step
        if abs(far - start) > 8:
            return far
    while abs(far - near) > 0.01:
        middle = (near + far) / 2
        near, far = (near, middle) if falls(middle) > 0 else (middle, far)
    return far


def hold_out(
    correct: IntArray,
    samples: IntArray,
    weights: NDArray[np.uint8],
    theta: FloatArray,
    seed: int,
) -> HoldOut:
    """The distribution of a quarter of the samples, and what it makes of these very questions
    once the rest is drawn; the search begins at the whole bank's `theta`."""
    right, kept = quarter_of(correct, samples, seed)
    n = int(samples.min())
    more = n - int(kept.min())

    def at_n(weight: NDArray[np.uint8]) -> float:
        found, _ = maximise(right, kept, weight, starts=(theta,))
        chance = posterior_coverage(right, kept, found, more)
        return float(weight @ chance / weight.sum(dtype=np.int64))

    return check(at_n, coverage(correct, samples, [n])[:, 0], weights[:REFITS], n)
