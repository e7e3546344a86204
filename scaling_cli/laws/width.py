"""How wide an interval will be, and what narrows it, before anything is sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from scaling_cli.errors import LawError
from scaling_cli.laws.resample import PRIOR, ROUNDING

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray


ASSUMED_MEAN = 0.5
ASSUMED_SHARE = 0.5
"""Share of the variance of one sample that lies between questions, where nothing is recorded:
chances of success spread as Beta(½, ½). Seen on GSM8K, MATH-500 and AIME 2025: 0.35 to 0.87."""
ASSUMED_CORRELATION = 0.5
"""Correlation of two models' chances over the questions, where one of them is not recorded.
Seen off the floor: 0.60 to 0.86, so less is found to be needed than is assumed here."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Why the mean over questions is uncertain: V = (between + within / samples) / questions.

    `between` is the variance of the questions' own chances p, `within` the mean of p·(1 - p),
    the variance of a single sample of a question.
    """

    mean: float
    between: float
    within: float

    def sd(self, samples: float) -> float:
        """Standard deviation over questions of the mean of so many samples of each."""
        if samples < 1:
            raise LawError("no sample has no spread", "ask for at least one sample a question")
        return float(np.sqrt(self.between + self.within / samples))


def assumed(mean: float = ASSUMED_MEAN, share: float = ASSUMED_SHARE) -> Spread:
    """The spread where nothing is recorded: `share` of p·(1 - p) lies between questions."""
    whole = mean * (1 - mean)
    return Spread(mean, share * whole, (1 - share) * whole)


def spread(correct: IntArray, samples: IntArray) -> Spread:
    """The spread of a recorded bank, from `correct[question]` of `samples[question]`.

    Method of moments: p̂(1 - p̂)·n/(n - 1) is unbiased for p·(1 - p), and the variance of p̂ over
    questions exceeds that of p by the mean of within/n. Half an imaginary question at either
    end keeps a bank in which all agree from promising an interval of no width. Where no
    question has two samples the parts cannot be told apart and are split as assumed.
    """
    right, drawn = (np.asarray(values, np.float64) for values in (correct, samples))
    if not len(drawn) or (drawn < 1).any():
        raise LawError("a question without samples has no spread", "leave it out")
    p = right / drawn
    mean, square = _moments(p)
    several = drawn > 1
    if not several.any():
        return assumed(mean)
    noise = p * (1 - p) / np.maximum(drawn - 1, 1)
    within = float((noise * drawn)[several].mean())
    # With a single sample the noise is not seen: those questions are taken to be like the others.
    noise = np.where(several, noise, within)
    return Spread(mean, _between(mean, square, len(p), float(noise.mean())), within)


def value_sd(values: FloatArray) -> float:
    """Standard deviation over questions of one value a question, in [0, 1]."""
    mean, square = _moments(np.asarray(values, np.float64))
    return float(np.sqrt(_between(mean, square, len(values), 0.0)))


def difference_spread(
    first: tuple[IntArray, IntArray], second: tuple[IntArray, IntArray]
) -> tuple[float, float, float]:
    """`between`, `within` of the first and of the second, for their paired difference.

    Both are (correct, samples) on the same questions in the same order. The difference of two
    means over n and m samples varies over questions by between + within₁/n + within₂/m.
    """
    (x, n), (y, m) = (tuple(np.asarray(v, np.float64) for v in side) for side in (first, second))
    one, other = spread(*first), spread(*second)
    gaps = x / n - y / m
    # Where none differs the imaginary questions do, by a whole one: unseen questions may.
    largest = float(np.abs(gaps).max())
    mean, square = _moments(gaps, scale=largest if largest > ROUNDING else 1.0)
    noise = float((one.within / n + other.within / m).mean())
    return _between(mean, square, len(gaps), noise), one.within, other.within


def assumed_difference(
    first: Spread, second: Spread, correlation: float = ASSUMED_CORRELATION
) -> tuple[float, float, float]:
    """As `difference_spread`, where the two were not recorded on the same questions."""
    shared = 2 * correlation * np.sqrt(first.between * second.between)
    between = max(first.between + second.between - float(shared), 0.0)
    return between, first.within, second.within


def half_width(sd: float, questions: int, *, level: float = 0.95) -> float:
    """Half the interval to expect of a mean over `questions` whose values vary by `sd`."""
    if questions < 1:
        raise LawError("no questions have no interval", "give at least one question")
    return float(min(ndtri((1 + level) / 2) * sd / np.sqrt(questions), 1.0))


def questions_for(sd: float, half: float, *, level: float = 0.95) -> int:
    """How many questions bring the half-width down to `half`."""
    return int(np.ceil((ndtri((1 + level) / 2) * sd / _positive(half)) ** 2 - 1e-9))


def samples_for(
    between: float, within: float, questions: int, half: float, *, level: float = 0.95
) -> int | None:
    """How many samples a question bring the half-width down to `half`; None where none do,
    because the questions alone vary by more."""
    return _samples(between, within, questions, _positive(half) / ndtri((1 + level) / 2))


def samples_needed(
    between: float,
    within: float,
    questions: int,
    difference: float,
    *,
    power: float = 0.8,
    level: float = 0.95,
) -> int | None:
    """How many samples a question, on both sides alike, show a true paired `difference` with
    chance `power`; None where these questions never do. `within` is that of both sides together."""
    error = _positive(difference) / (ndtri((1 + level) / 2) + ndtri(power))
    return _samples(between, within, questions, error)


def _samples(between: float, within: float, questions: int, error: float) -> int | None:
    """The n at which (between + within/n) / questions is error²."""
    room = error**2 * questions - between
    if room <= 0:
        return None
    return max(int(np.ceil(within / room - 1e-9)), 1)


def _moments(values: FloatArray, scale: float | None = None) -> tuple[float, float]:
    """Mean and mean square with half an imaginary question at either end of the scale."""
    low, high = (0.0, 1.0) if scale is None else (-scale, scale)
    size = len(values) + 2 * PRIOR
    mean = (values.sum() + PRIOR * (low + high)) / size
    square = ((values**2).sum() + PRIOR * (low**2 + high**2)) / size
    return float(mean), float(square)


def _between(mean: float, square: float, questions: int, noise: float) -> float:
    """The questions' own variance: what is seen, less the noise of the samples."""
    seen = (square - mean**2) * questions / max(questions - 1, 1)
    return max(seen - noise, 0.0)


def _positive(value: float) -> float:
    if not 0 < value <= 1:
        raise LawError(f"a width of {value:g} cannot be asked for", "give a fraction, such as 0.05")
    return value
