"""Uncertainty over questions: paired bootstrap draws, bands, differences, and their power."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincinv, ndtri

from scaling_cli.errors import LawError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray

    Weights = NDArray[np.uint8]

BLOCK = 1_024
"""Draws multiplied at once."""
ROUNDING = 1e-12
"""A difference below this is none: sums of the same values in another order."""
PRIOR = 0.5
"""Imaginary questions at either end of the scale (Jeffreys)."""


def question_weights(questions: int, draws: int, seed: int) -> Weights:
    """How often each question is drawn, `weights[draw, question]`; each row sums to `questions`.

    The same numbers for the same arguments, so that all strategies on one list of questions
    are resampled together.
    """
    if questions < 1 or draws < 1:
        raise LawError(
            f"{draws} draws of {questions} questions cannot be made", "both must be at least 1"
        )
    rng, weights = np.random.default_rng(seed), np.empty((draws, questions), np.uint8)
    for start in range(0, draws, BLOCK):
        rows = min(BLOCK, draws - start)
        drawn = rng.integers(0, questions, (rows, questions), dtype=np.int32)
        drawn += np.arange(rows, dtype=np.int32)[:, None] * questions
        counts = np.bincount(drawn.ravel(), minlength=rows * questions)
        weights[start : start + rows] = counts.reshape(rows, questions)
    return weights


def bootstrap_means(values: FloatArray, weights: Weights) -> FloatArray:
    """Mean over the drawn questions, `means[draw, k]`; a question without a value (NaN, its
    samples are fewer than k) is left out of that k, and a draw of none gives NaN."""
    sums, counts = _drawn(values, weights)
    return _ratio(sums, counts)


def _drawn(values: FloatArray, weights: Weights) -> tuple[FloatArray, FloatArray]:
    """Sum of the drawn values and their number, both `[draw, k]`."""
    table = np.asarray(values, np.float64)
    if table.ndim != 2 or len(table) != weights.shape[1]:
        raise LawError(
            f"values of shape {table.shape} for weights over {weights.shape[1]} questions",
            "values are [question, k], questions in the order of the weights",
        )
    there = ~np.isnan(table)
    filled = np.where(there, table, 0.0)
    ragged = not there.all()
    sums = np.empty((len(weights), table.shape[1]))
    counts = np.full(sums.shape, float(len(table)))
    for start in range(0, len(weights), BLOCK):
        rows = weights[start : start + BLOCK].astype(np.float64)
        sums[start : start + BLOCK] = rows @ filled
        if ragged:
            counts[start : start + BLOCK] = rows @ there
    return sums, counts


def band(
    values: FloatArray, weights: Weights, *, level: float = 0.95, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Pointwise interval of the mean of `values[question, k]` in [0, 1]: `lo[k]`, `hi[k]`.

    Percentile bootstrap over questions with Jeffreys' prior: every draw adds to the sample
    imaginary questions, G0 of value 0 and G1 of value 1, G ~ Gamma(1/2). Far from 0 and 1
    that is the percentile bootstrap; where all questions agree it is the Beta posterior's
    interval, so a band never has zero width, and it always holds the mean itself. Measured
    coverage: benchmarks/coverage_of_intervals.py. NaN where no question has a value.
    """
    table = np.asarray(values, np.float64)
    fresh = np.ones(table.shape[1], bool)  # flat curves repeat their column
    fresh[1:] = (table[:, 1:] != table[:, :-1]).any(axis=0)
    lo, hi = _interval(table[:, fresh], weights, 0.0, 1.0, level, seed)
    place = np.cumsum(fresh) - 1
    return lo[place], hi[place]


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second per k, over the questions where both have a value; its interval, and
    the standard deviation over questions from which its power follows."""

    mean: FloatArray
    lo: FloatArray
    hi: FloatArray
    sd: FloatArray
    questions: NDArray[np.int64]


def paired_difference(
    first: FloatArray,
    second: FloatArray,
    weights: Weights,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Pointwise interval of the mean of `first - second`, both `[question, k]` in [0, 1].

    As `band`, the imaginary questions lying at plus and minus the largest difference seen at
    that k; at plus and minus 1 where none is seen, since unseen questions may differ.
    """
    gaps = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    scale = _scale(gaps)
    lo, hi = _interval(gaps, weights, -scale, scale, level, seed)
    return Difference(_means(gaps), lo, hi, difference_sd(gaps), _present(gaps))


def simultaneous_difference(
    first: FloatArray, second: FloatArray, weights: Weights, *, level: float = 0.95
) -> Difference:
    """As `paired_difference`, but the whole curve lies inside with chance `level`: the mean
    plus and minus one multiple of its error at every k (studentised maximum, the error drawn
    anew with every draw, so that a draw that misses the few questions that differ counts).

    The imaginary questions differ by the largest difference seen at any k. Measured coverage:
    benchmarks/coverage_of_crossings.py.
    """
    gaps = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    means, questions = _means(gaps), _present(gaps)
    scale = np.asarray(_scale(gaps.reshape(-1, 1)))
    sd = _spread(means, _means(gaps**2), questions, scale)
    drawn = bootstrap_means(gaps, weights)
    drawn_sd = _spread(drawn, bootstrap_means(gaps**2, weights), questions, scale)
    root = np.sqrt(np.maximum(questions, 1))
    away = np.abs(drawn - means) / (drawn_sd / root)
    farthest = np.nanmax(np.where(np.isnan(away), -np.inf, away), axis=1)
    multiple = max(float(np.quantile(farthest, level)), float(ndtri((1 + level) / 2)))
    return Difference(
        means, means - multiple * sd / root, means + multiple * sd / root, sd, questions
    )


def difference_sd(gaps: FloatArray) -> FloatArray:
    """Standard deviation over questions of `gaps[question, k]`, with half an imaginary question
    at either end of the scale: never 0."""
    sums, squares = np.nansum(gaps, axis=0), np.nansum(gaps**2, axis=0)
    size = np.maximum(_present(gaps), 1)
    return _spread(sums / size, squares / size, _present(gaps), _scale(gaps))


def _spread(
    mean: FloatArray, square: FloatArray, questions: NDArray[np.int64], scale: FloatArray
) -> FloatArray:
    """Standard deviation from the mean and the mean square, imaginary questions added."""
    size = questions + 2 * PRIOR
    whole = (questions * square + 2 * PRIOR * scale**2) / size
    return np.asarray(np.sqrt(whole - (questions * mean / size) ** 2))


def smallest_difference(
    sd: float, questions: int, *, power: float = 0.8, level: float = 0.95
) -> float:
    """The smallest true difference that `questions` paired questions would show with chance
    `power` at confidence `level`, their differences having standard deviation `sd`."""
    if questions < 1:
        raise LawError("no questions can show a difference", "give at least one question")
    return float((ndtri((1 + level) / 2) + ndtri(power)) * sd / np.sqrt(questions))


def questions_needed(
    sd: float, difference: float, *, power: float = 0.8, level: float = 0.95
) -> int:
    """How many paired questions show a true `difference` with chance `power`."""
    if difference == 0:
        raise LawError(
            "no number of questions shows a difference of 0", "give the difference to be seen"
        )
    return int(np.ceil(((ndtri((1 + level) / 2) + ndtri(power)) * sd / difference) ** 2))


def _interval(
    values: FloatArray,
    weights: Weights,
    low: float | FloatArray,
    high: float | FloatArray,
    level: float,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    means = steadied_means(values, weights, low=low, high=high, seed=seed)
    tail = (1 - level) / 2
    lo, hi = np.quantile(means, [tail, 1 - tail], axis=0, overwrite_input=True)
    mean = _means(values)  # NaN where there is no value, which minimum and maximum keep
    return np.minimum(lo, mean), np.maximum(hi, mean)


def steadied_means(
    values: FloatArray,
    weights: Weights,
    *,
    low: float | FloatArray = 0.0,
    high: float | FloatArray = 1.0,
    seed: int = 0,
) -> FloatArray:
    """`bootstrap_means` with the imaginary questions of `band`, one curve at either end of the
    scale: what is fitted to such draws keeps an interval where nearly all questions agree."""
    sums, counts = _drawn(values, weights)
    ends = imaginary_questions(len(weights), seed)
    return np.asarray((sums + low * ends[0] + high * ends[1]) / (counts + ends.sum(axis=0)))


def imaginary_questions(draws: int, seed: int) -> FloatArray:
    """Weights of the imaginary questions, `[end, draw, 1]`: stratified, so that an interval
    that rests on them alone hardly depends on the seed."""
    rng, strata = np.random.default_rng(seed), (np.arange(draws) + 0.5) / draws
    gamma = gammaincinv(PRIOR, strata)
    return np.stack([rng.permutation(gamma), rng.permutation(gamma)])[:, :, None]


def _present(values: FloatArray) -> NDArray[np.int64]:
    return np.asarray((~np.isnan(values)).sum(axis=0), np.int64)


def _means(values: FloatArray) -> FloatArray:
    return _ratio(np.nansum(values, axis=0), _present(values).astype(np.float64))


def _ratio(sums: FloatArray, counts: FloatArray) -> FloatArray:
    """Means, NaN where nothing was counted."""
    empty = np.full(sums.shape, np.nan)
    return np.asarray(np.divide(sums, counts, out=empty, where=counts > 0))


def _scale(gaps: FloatArray) -> FloatArray:
    """The largest difference at each k, 1 where no question differs but by rounding."""
    largest = np.abs(np.nan_to_num(gaps)).max(axis=0, initial=0.0)
    return np.where(largest > ROUNDING, largest, 1.0)
