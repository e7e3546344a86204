"""Voting curves as mixtures of exponentials that end at the right ceiling.

A question whose likeliest answer is right rises to 1, any other falls to 0, each exponentially
(Wu et al. 2024, theorems 1 and 2). Over questions the rates differ, so a data set's curve is a
mixture: with Gamma-distributed rates of mean r and squared variation s (variance/mean²),
E[exp(-rate·t)] = (1 + r·s·t)^(-1/s). The ceiling is the share of
questions whose mode is right, not a free asymptote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares

from scaling_cli.errors import LawError
from scaling_cli.laws.coverage_law import grid
from scaling_cli.laws.fit import (
    FEWEST,
    QUARTER,
    Fit,
    HoldOut,
    Parameter,
    check,
    enough,
    intervals,
    judged,
    refusal,
)
from scaling_cli.laws.limits import gold_largest
from scaling_cli.laws.majority import Unanswered, count_votes, majority
from scaling_cli.laws.subsets import count_samples
from scaling_cli.types import MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

LAW = "voting"
NAMES = ("ceiling", "rising", "rise_rate", "rise_spread", "falling", "fall_rate", "fall_spread")
SMALL = 0.05
"""A part of fewer questions than this may have any rate."""
VAGUE = 1_000.0
"""A rate whose interval spans more than this factor is not identified."""
START = (-1.0, 0.0)
"""log of rate and spread at which the search begins."""


def predict(parameters: Sequence[float] | FloatArray, k: FloatArray | IntArray) -> FloatArray:
    """Accuracy at k: the ceiling less what still rises, plus what still falls, with t = k - 1."""
    ceiling, up, up_rate, up_spread, down, down_rate, down_spread = parameters
    t = np.asarray(k, np.float64) - 1
    rising = up * _left(t, up_rate, up_spread)
    falling = down * _left(t, down_rate, down_spread)
    return np.asarray(ceiling - rising + falling)


def _left(t: FloatArray, rate: float, spread: float) -> FloatArray:
    """What is left of a part after t more samples."""
    return np.asarray((1 + rate * spread * t) ** (-1 / spread))


def fit_parts(ks: IntArray, values: FloatArray, wins: FloatArray) -> FloatArray:
    """The parameters from `values[question, k]`; each question counts as rising by its chance
    `wins[question]` to end right, and as falling by the rest."""
    ceiling = float(wins.mean())
    above = (wins[:, None] * (1 - values)).mean(axis=0)
    below = ((1 - wins)[:, None] * values).mean(axis=0)
    return np.array([ceiling, *_decay(ks, above), *_decay(ks, below)])


def _decay(ks: IntArray, curve: FloatArray) -> tuple[float, float, float]:
    """Size, rate and spread of a part that decays with k; a part of size 0 has none."""
    size = float(curve[0])
    if size <= 1e-9:
        return 0.0, 1.0, 1.0
    t = ks.astype(np.float64) - 1

    def miss(theta: FloatArray) -> FloatArray:
        return np.asarray(size * _left(t, *np.exp(theta)) - curve)

    found = least_squares(miss, START, bounds=([-12.0, -6.0], [4.0, 4.0]))
    rate, spread = np.exp(found.x)
    return size, float(rate), float(spread)


def fit_voting(
    answer_class: IntArray,
    weights: NDArray[np.uint8],
    *,
    unanswered: Unanswered = "abstain",
    seed: int = 0,
) -> Fit:
    """The law of plain majority voting on `answer_class[question, sample]`."""
    samples = count_samples(answer_class)
    n = int(samples.min())
    ks = grid(n)
    if len(ks) < 4:
        return refusal(LAW, "voting is known at fewer than four k")
    values = majority(answer_class, ks, unanswered=unanswered)
    wins = gold_largest(count_votes(answer_class, unanswered=unanswered))
    found = fit_parts(ks, values, wins)
    drawn = np.array([_drawn(ks, values, wins, weight) for weight in weights])
    try:
        parameters = intervals(NAMES, found, drawn)
        held = None if enough(samples) else hold_out(answer_class, weights, unanswered, n, seed)
    except LawError as error:
        return refusal(LAW, error.message)
    observed = values.mean(axis=0)
    fit = Fit(LAW, parameters, ks.astype(np.float64), observed, predict(found, ks), held)
    return judged(fit, unidentified=_vague(parameters) or enough(samples))


def _vague(parameters: Mapping[str, Parameter]) -> str:
    for size, rate in (("rising", "rise_rate"), ("falling", "fall_rate")):
        found = parameters[rate]
        if parameters[size].value > SMALL and found.hi > VAGUE * max(found.lo, 1e-12):
            return f"the {rate} is not identified: [{found.lo:.3g}, {found.hi:.3g}]"
    return ""


def _drawn(
    ks: IntArray, values: FloatArray, wins: FloatArray, weight: NDArray[np.uint8]
) -> FloatArray:
    rows = np.repeat(np.arange(len(values)), weight)
    return fit_parts(ks, values[rows], wins[rows])


def hold_out(
    answer_class: IntArray,
    weights: NDArray[np.uint8],
    unanswered: Unanswered,
    n: int,
    seed: int,
) -> HoldOut:
    """The law of a quarter of the samples, carried on to the `n` of the whole bank."""
    part = quarter_of_bank(answer_class, seed)
    ks = grid(int(count_samples(part).min()))
    values = majority(part, ks, unanswered=unanswered)
    wins = gold_largest(count_votes(part, unanswered=unanswered))

    def at_n(weight: NDArray[np.uint8]) -> float:
        return float(predict(_drawn(ks, values, wins, weight), np.array([n]))[0])

    whole = majority(answer_class, [n], unanswered=unanswered)[:, 0]
    return check(at_n, whole, weights[: max(len(weights) // 4, 50)], n)


def quarter_of_bank(answer_class: IntArray, seed: int) -> IntArray:
    """A random quarter of each question's samples, the rest left out."""
    rng = np.random.default_rng(seed)
    kept = count_samples(answer_class) // QUARTER
    if kept.min(initial=FEWEST) < 1:
        raise LawError("a question has fewer than four samples", "draw more")
    part = np.full((len(answer_class), int(kept.max())), MISSING)
    for row, (classes, size) in enumerate(zip(answer_class, kept, strict=True)):
        part[row, :size] = rng.permutation(classes[classes != MISSING])[:size]
    return part
