"""Which falls of paired questions chance does not explain, at many places at once.

A *gain* is what a run is better than its baseline by on one question at one place: a
difference of accuracies at a budget, or a share of the cost saved. If nothing has changed the
two runs of a question could be swapped, which turns the sign of all its gains at once. So the
farthest studentised mean over all places is compared with what random signs of the questions
make of it: the wild bootstrap of Wu (1986) and Liu (1988) with Rademacher signs, studentised,
and its maximum over places as in Westfall and Young (1993) and Romano and Wolf (2005). For
runs that only chance tells apart that holds its level with any number of questions, however
skewed their lengths and however few of them differ (decision 0008).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.resample import ROUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

LEVEL = 0.95
"""Chance that a run which only chance tells from its baseline passes everywhere."""
CONFIRMED = 0.992
"""The same for a run that must fall twice: one false alarm in 125, so that one in 100 is kept."""
POWER = 0.83
"""Quantile of the smallest loss that is seen with chance 80%: the signs of a curve that has lost
no longer move with those of the others, which raises the critical value a little (measured)."""
DRAWS = 3_999
"""Drawn signs; with the recorded ones a round number, so that the level is met exactly."""
FEWEST = 5
"""Fewer questions fall together by chance more often than one time in twenty: 1/2^4."""
HARDLY = 1e-3
"""Accuracies of a question that differ by less are hardly different."""
SURELY = 1 + 1e-9
"""Beyond rounding: what equals the critical value is not beyond it."""
BLOCK = 512
"""Draws multiplied at once."""
ROLES = tuple(permutations(range(3)))
"""Who of three runs of a question is called the baseline, the first and the second."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Gains at every place: mean, standard error, and the multiple of it that chance reaches at
    any place with chance 5%. `noise[draw, place]` is how far a mean may lie from the truth."""

    gain: FloatArray
    error: FloatArray
    questions: IntArray
    critical: float
    noise: FloatArray

    @property
    def reach(self) -> FloatArray:
        """How far on one side the truth may lie from each mean, everywhere at once."""
        far = np.zeros_like(self.error)
        return np.multiply(self.critical, self.error, out=far, where=self.error > 0)

    @property
    def falls(self) -> NDArray[np.bool_]:
        """Places that lost more than chance explains. One without variance falls unless equal."""
        return np.asarray(-_studentised(self.gain, self.error) > self.critical * SURELY)

    def smallest(self, places: IntArray) -> float:
        """The smallest loss, the same at all of `places` (one curve's), that is seen at one of
        them at least with chance 80%; 0, so any, where nothing varies."""
        varied = places[self.error[places] > 0]
        if not len(varied):
            return 0.0
        seen = (self.critical * self.error + self.noise)[:, varied].min(axis=1)
        return max(float(np.quantile(seen, POWER)), 0.0)

    def smallest_of_answers(self, places: IntArray, whole: NDArray[np.bool_]) -> float:
        """The same for accuracies, where a loss may have to be of whole answers.

        `whole[place]` marks those where no question can lose a part of its answer, or so few
        differ that there is no spread to go by (`lost_whole`). They are left out; where all
        are such, it is at least the share of questions that must be lost, all others the
        same, to be seen.
        """
        partly = places[~whole[places]]
        if len(partly):
            return self.smallest(partly)
        questions = int(self.questions[places].min())
        return max(self.smallest(places), self._fewest_lost(questions) / questions)

    def _fewest_lost(self, questions: int) -> int:
        lost = np.arange(1, questions)
        seen = np.sqrt(lost * (questions - 1) / (questions - lost)) > self.critical * SURELY
        return max(int(lost[seen][0]) if seen.any() else questions, FEWEST)


def lost_whole(before: FloatArray, now: FloatArray) -> NDArray[np.bool_]:
    """Where accuracies `[question, place]` differ by whole answers, or on hardly a question."""
    moved = now - before
    few = (np.abs(moved) > HARDLY).sum(axis=0) < FEWEST
    return np.asarray(np.isin(moved, (-1, 0, 1)).all(axis=0) | few)


def judge(
    gains: Sequence[FloatArray], *, level: float = LEVEL, draws: int = DRAWS, seed: int = 0
) -> Gate:
    """Judge all places of all tasks together.

    Each of `gains` is `[question, place]` of one task, NaN where a question has no value;
    places are numbered through. A question's signs are the same at all its places, so that
    what curves have in common counts once.
    """
    tables = [_Table.of(table) for table in gains]
    _check(tables)
    rng = np.random.default_rng(seed)
    farthest, noise = np.full(draws, -np.inf), []
    for table in tables:
        signs = rng.integers(0, 2, (draws, len(table.values)), dtype=np.int8) * 2 - 1
        sums, turned = _product(signs, table.values), table.count(signs)
        fall = -_studentised(*table.moments(sums))
        np.maximum(farthest, fall.max(axis=1), out=farthest)
        noise.append((sums - turned * table.mean) / table.questions)
    moments = [table.moments(table.values.sum(axis=0)) for table in tables]
    return Gate(
        gain=np.concatenate([mean for mean, _ in moments]),
        error=np.concatenate([error for _, error in moments]),
        questions=np.concatenate([table.questions for table in tables]),
        critical=_quantile(farthest, level),
        noise=np.concatenate(noise, axis=1),
    )


def falls_twice(
    first: Sequence[FloatArray],
    second: Sequence[FloatArray],
    *,
    level: float = CONFIRMED,
    draws: int = DRAWS,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Places at which two runs of the same thing both fell from one baseline, by more than
    happens anywhere with chance 1%.

    The two share the baseline and with it its luck, so falling twice is no accident squared.
    If nothing has changed any of the three runs of a question could be the baseline: the
    smaller of the two falls is compared, at the farthest place, with what it is when their
    roles are dealt anew. A place where the second run repeats the first to the last digit
    (greedy answers) was not sampled again: there the first alone must fall that far.
    """
    pairs = [(_Table.of(one), _Table.of(other)) for one, other in zip(first, second, strict=True)]
    _check([table for pair in pairs for table in pair])
    rng = np.random.default_rng(seed)
    farthest, found = np.full(draws, -np.inf), []
    for one, other in pairs:
        dealt = rng.integers(0, len(ROLES), (draws, len(one.values)), dtype=np.int8)
        np.maximum(farthest, _both(one, other, dealt).max(axis=1), out=farthest)
        found.append(_both(one, other, np.zeros((1, len(one.values)), np.int8))[0])
    return np.asarray(np.concatenate(found) > _quantile(farthest, level) * SURELY)


def _both(one: _Table, other: _Table, dealt: NDArray[np.int8]) -> FloatArray:
    """The smaller of the two falls under dealt roles, `[draw, place]`; role 0 is as it was."""
    repeated = (one.values == other.values).all(axis=0)
    runs = np.zeros_like(one.values), one.values, other.values
    falls = []
    for place in (1, 2):
        sums, squares = np.zeros(()), np.zeros(())
        for role, order in enumerate(ROLES):
            gain = runs[order[place]] - runs[order[0]]
            gain = np.where(repeated, one.values * (-1 if role % 2 else 1), gain)
            chosen = dealt == role
            sums = sums + _product(chosen, gain)
            squares = squares + _product(chosen, gain**2)
        falls.append(-_studentised(*_moments(sums, squares, one.questions)))
    return np.minimum(*falls)


@dataclass(frozen=True, slots=True)
class _Table:
    """Gains of one task with 0 where there are none, and how many there are at each place."""

    values: FloatArray
    there: FloatArray
    questions: IntArray
    mean: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, gains: FloatArray) -> _Table:
        there = ~np.isnan(gains)
        values, questions = np.where(there, gains, 0.0), there.sum(axis=0)
        mean = values.sum(axis=0) / np.maximum(questions, 1)
        return cls(values, there.astype(np.float64), questions, mean, (values**2).sum(axis=0))

    def count(self, signs: NDArray[np.int8]) -> FloatArray:
        """Sum of the signs of the questions that are there, `[draw, place]`."""
        if self.there.all():
            return np.asarray(signs.sum(axis=1, dtype=np.float64)[:, None])
        return _product(signs, self.there)

    def moments(self, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard error for sums of gains with other signs: squares stay."""
        return _moments(sums, self.squares, self.questions)


def _moments(
    sums: FloatArray, squares: FloatArray, questions: IntArray
) -> tuple[FloatArray, FloatArray]:
    mean, square = sums / questions, squares / questions
    spread = square - mean**2
    # What rounding leaves of equal numbers is no variance, and of their zero sum no mean.
    spread = np.where(spread <= ROUNDING * square, 0.0, spread)
    mean = np.where(mean**2 <= ROUNDING**2 * square, 0.0, mean)
    return mean, np.sqrt(spread / (questions - 1))


def _studentised(mean: FloatArray, error: FloatArray) -> FloatArray:
    """Mean over its error; without an error 0 where the mean is, else without bound."""
    bound = np.where(mean == 0, 0.0, np.copysign(np.inf, mean))
    return np.asarray(np.divide(mean, error, out=bound, where=error > 0))


def _product(drawn: NDArray[np.int8] | NDArray[np.bool_], values: FloatArray) -> FloatArray:
    """`drawn[draw, question]` times `values[question, place]`, a block at a time."""
    parts = [
        drawn[start : start + BLOCK].astype(np.float64) @ values
        for start in range(0, len(drawn), BLOCK)
    ]
    return np.concatenate(parts)


def _quantile(farthest: FloatArray, level: float) -> float:
    """The value that at most 1 - `level` of the draws and the recorded signs exceed."""
    place = ceil(level * (len(farthest) + 1) - 1e-9) - 1
    return float(np.sort(farthest)[place])


def _check(tables: Sequence[_Table]) -> None:
    few = min((int(table.questions.min(initial=FEWEST)) for table in tables), default=0)
    if few < FEWEST:
        raise LawError(
            f"{few} questions cannot show a fall: all would fall by chance too often",
            f"compare at least {FEWEST} questions",
        )
