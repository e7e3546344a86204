"""The chance that gold wins a plurality vote among k of n samples, exactly.

With c* votes for gold, c_i for the others and u abstentions, subsets of size k give
sum_j C(c*, j) [x^(k-j)] (1+x)^u prod_i (sum_{l<j} C(c_i, l) x^l + y C(c_i, j) x^j)
over C(n, k), where the mean over y in [0, 1] turns t others at exactly j into 1/(1+t), an even
share of the tie. Three devices make that exact and fast at every n:

* Every sample is drawn with a chance near k/n (the saddle point), which turns binomial
  coefficients into probabilities that neither overflow nor cancel; it divides out again.
* The mean over y is a Gauss-Legendre sum, with nodes for as many ties as can happen.
* The coefficient is read off by a Fourier sum on the unit circle, where a product of
  polynomials is a product of numbers, at as many points as the spread of the total needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.laws.levels import Levels, Rival, levels
from scaling_cli.laws.saddle import Saddle, runs, saddle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

    ComplexArray = NDArray[np.complex128]

WORKSPACE = 1 << 20
"""Complex numbers a batch of questions may hold at once."""


def plurality(gold: IntArray, others: IntArray, n: int, ks: IntArray) -> FloatArray:
    """Expected score of the gold class over all size-k subsets, `values[vector, k]`.

    `gold[vector]` and `others[vector, class]` count the votes among `n` samples; the rest
    abstain. Ties share evenly and a subset without a vote scores 0. Equal vectors are
    computed once. Every k must lie in 1..n. Exact to 1e-12 up to n = 1,000, to 1e-6 above.
    """
    counts, copies = _copies(others)
    unique, inverse = np.unique(np.column_stack([gold, copies]), axis=0, return_inverse=True)
    values = np.zeros((len(unique), len(ks)))
    solvable = np.flatnonzero(unique[:, 0] > 0)
    order = np.argsort(ks, kind="stable")
    for run in runs(ks[order], n):
        point = saddle(n, ks[order[run]])
        for batch in _batches(unique[solvable, 0], point):
            rows = solvable[batch]
            block = _at_saddle(unique[rows, 0], counts, unique[rows, 1:], point)
            values[np.ix_(rows, order[run])] = block
    return np.clip(values, 0.0, 1.0)[inverse.reshape(-1)]


def _copies(others: IntArray) -> tuple[IntArray, IntArray]:
    """The distinct positive counts, and how many classes have each: `copies[vector, count]`."""
    votes = np.asarray(others, np.int64)
    seen = np.bincount(votes.ravel(), minlength=1)
    seen[0] = 0
    counts = np.flatnonzero(seen)
    place = np.zeros(len(seen), np.int64)
    place[counts] = np.arange(len(counts))
    vector, column = np.nonzero(votes)
    cells = vector * len(counts) + place[votes[vector, column]]
    copies = np.bincount(cells, minlength=len(votes) * len(counts))
    return counts, copies.reshape(len(votes), len(counts))


def _batches(gold: IntArray, point: Saddle) -> list[NDArray[np.intp]]:
    """Vectors in groups whose working arrays fit the workspace."""
    if not len(gold):
        return []
    spread = 1 + 16 * np.sqrt(gold * point.theta * (1 - point.theta) + 1)
    rows = np.minimum(np.minimum(gold, point.ks[-1]), spread)
    filled = np.cumsum(rows * point.points).astype(np.int64) // WORKSPACE
    return np.split(np.arange(len(gold)), np.flatnonzero(np.diff(filled)) + 1)


def _at_saddle(gold: IntArray, counts: IntArray, copies: IntArray, point: Saddle) -> FloatArray:
    """Values of a batch at the ks of one saddle point."""
    present = np.flatnonzero(copies.any(axis=0))
    rivals = [Rival.of(int(counts[i]), copies[:, i], point) for i in present]
    rows = levels(gold, rivals, point)
    spectrum = np.zeros((len(gold), point.points // 2 + 1), np.complex128)
    if len(rows.level):
        circle = point.circle(np.arange(int(rows.level.max()) + 1))
        terms = [_Terms.of(rows, int(nodes), point) for nodes in np.unique(rows.nodes)]
        for rival in rivals:
            _multiply(terms, rival, circle)
        for part in terms:
            part.add_to(spectrum, circle)
    return _coefficients(spectrum, point)


@dataclass(frozen=True, slots=True)
class _Terms:
    """The rows that take the same Gauss nodes, and what multiplies them so far:
    `product[row, node, point]` on the upper half circle."""

    rows: Levels
    nodes: int
    product: ComplexArray

    @classmethod
    def of(cls, rows: Levels, nodes: int, point: Saddle) -> _Terms:
        part = rows.take(rows.nodes == nodes)
        merged = _merged(part.merged, point)[:, None, :]
        return cls(part, nodes, np.repeat(merged, nodes, axis=1))

    def add_to(self, spectrum: ComplexArray, circle: ComplexArray) -> None:
        """Share the ties, bring in gold's own votes, and sum over levels."""
        summed = np.einsum("rqm,q->rm", self.product, _gauss(self.nodes)[1])
        summed *= circle[self.rows.level] * self.rows.chance[:, None]
        vectors, starts = np.unique(self.rows.vector, return_index=True)  # rows lie in order
        spectrum[vectors] += np.add.reduceat(summed, starts, axis=0)


def _multiply(terms: list[_Terms], rival: Rival, circle: ComplexArray) -> None:
    """Bring a rival in: held below gold's level, or at that level for a share of the win."""
    competing = [rival.competing(part.rows.vector, part.rows.level) for part in terms]
    top = max(
        (int(t.rows.level[at].max()) for t, at in zip(terms, competing, strict=True) if len(at)),
        default=0,
    )
    if not top:
        return
    exactly = rival.chance[: top + 1, None] * circle[: top + 1]
    below = np.cumsum(exactly, axis=0) - exactly
    for part, rows in zip(terms, competing, strict=True):
        copies = rival.copies[part.rows.vector[rows]]
        shares = _gauss(part.nodes)[0][:, None]
        for power in np.unique(copies):
            at = rows[copies == power]
            level = part.rows.level[at]
            factor = shares * exactly[level][:, None, :]
            factor += below[level][:, None, :]
            part.product[_span(at)] *= _power(factor, int(power))


def _span(rows: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """Neighbouring rows as a slice, which numpy multiplies in place."""
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first + 1 == len(rows) else rows


@cache
def _gauss(nodes: int) -> tuple[FloatArray, FloatArray]:
    """Abscissae and weights on [0, 1]."""
    abscissae, weights = np.polynomial.legendre.leggauss(nodes)
    return (abscissae + 1) / 2, weights / 2


def _merged(exponents: IntArray, point: Saddle) -> ComplexArray:
    """(1 - theta + theta·w)^exponent at each point: the samples that never compete."""
    unique, inverse = np.unique(exponents, return_inverse=True)
    base = 1 - point.theta + point.theta * point.roots[: point.points // 2 + 1]
    base[base == 0] = 1e-300
    return np.exp(unique[:, None] * np.log(base))[inverse.reshape(-1)]


def _power(values: ComplexArray, exponent: int) -> ComplexArray:
    """Integer power by repeated squaring."""
    result = values if exponent & 1 else np.ones_like(values)
    while exponent := exponent >> 1:
        values = values * values
        if exponent & 1:
            result = result * values
    return result


def _coefficients(spectrum: ComplexArray, point: Saddle) -> FloatArray:
    """The coefficients at the ks, over the chance of a subset of that size."""
    back = point.circle(-point.ks).T
    back[1:] *= 2  # the lower half of the circle mirrors the upper, the points being odd
    return np.asarray((spectrum @ back).real / point.points / point.total)
