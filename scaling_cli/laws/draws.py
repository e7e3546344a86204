"""How many votes a class draws: chances, and what they show at complex points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.laws.binomial import binomial, stray

if TYPE_CHECKING:
    from scaling_cli.laws.inclusion import ComplexArray, Points
    from scaling_cli.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Draws:
    """How many votes classes of `counts` draw: `chance[window, place, level]` of
    `first[place]` + level of them, up to `top[place]` with more than a negligible chance;
    `place[count]` tells where a count stands.

    Over all windows at most: `most` of exactly so many, `upto` of at most so many, `peak` of
    any one level up to there; each `[place, level]`.
    """

    counts: IntArray
    place: IntArray
    first: IntArray
    top: IntArray
    chance: FloatArray
    most: FloatArray
    upto: FloatArray
    peak: FloatArray

    @classmethod
    def of(cls, counts: IntArray, highest: int, theta: FloatArray, negligible: float) -> Draws:
        """Of sorted distinct `counts`, levels up to `highest`."""
        away = stray(counts, theta[:, None], negligible)
        lowest = np.floor(counts * theta[:, None] - away).min(axis=0).astype(np.int64)
        upmost = np.ceil(counts * theta[:, None] + away).max(axis=0).astype(np.int64)
        end = np.minimum(np.minimum(upmost, counts), highest)
        first = np.clip(lowest, 0, end)
        size = end - first + 1
        place, offset = ragged(size)
        chance = np.zeros((len(theta), len(counts), int(size.max())))
        chance[:, place, offset] = binomial(counts[place], first[place] + offset, theta[:, None])
        most, upto = chance.max(axis=0), chance.cumsum(axis=2).max(axis=0)
        last = (most > negligible / most.shape[1])[:, ::-1].argmax(axis=1)
        top = first + most.shape[1] - 1 - last
        where = np.zeros(int(counts[-1]) + 1, np.int64)
        where[counts] = np.arange(len(counts))
        peak = np.maximum.accumulate(most, axis=1)
        return cls(counts, where, first, top, chance, most, upto, peak)


@dataclass(frozen=True, slots=True)
class Tables:
    """What one class shows at each point: `exact[cell, point]` of its cell's level, `middle` of
    all lower ones and half of that. Both lack the factor w^first of the class, which `rest`
    brings in."""

    draws: Draws
    points: Points
    start: IntArray
    exact: ComplexArray
    middle: ComplexArray

    @classmethod
    def of(cls, draws: Draws, points: Points, needed: IntArray) -> Tables:
        """Levels up to `needed[place]`."""
        sizes = needed - draws.first + 1
        ends = np.cumsum(sizes)
        steps = points.powers(np.arange(int(sizes.max()))).T.copy()
        exact = np.empty((int(ends[-1]), len(points)), np.complex128)
        middle = np.empty_like(exact)
        for place in np.flatnonzero(sizes):
            size, end = int(sizes[place]), int(ends[place])
            drawn = draws.chance[points.window, place, :size] * steps[:, :size]
            exact[end - size : end] = drawn.T
            upto = drawn.cumsum(axis=1)  # along the fast axis
            drawn *= 0.5
            upto -= drawn
            middle[end - size : end] = upto.T
        return cls(draws, points, ends - sizes, exact, middle)

    def cell(self, count: IntArray, level: IntArray) -> IntArray:
        """The row that tells of `level` votes of a class of `count`."""
        place = self.draws.place[count]
        return self.start[place] + level - self.draws.first[place]

    def rest(self, merged: IntArray, shift: IntArray) -> ComplexArray:
        """What `merged` samples show that cannot compete, and `shift` left-out votes."""
        span = int(shift.max(initial=0)) + 1
        pairs, inverse = np.unique(merged * span + shift, return_inverse=True)
        base = self.points.base
        base[base == 0] = 1e-300
        table = np.exp((pairs // span)[:, None] * np.log(base))
        if span > 1:
            table *= self.points.powers(pairs % span)
        return np.asarray(table[inverse])


def ragged(lengths: IntArray) -> tuple[IntArray, IntArray]:
    """Row and column of every cell of rows of these lengths."""
    row = np.repeat(np.arange(len(lengths)), lengths)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
