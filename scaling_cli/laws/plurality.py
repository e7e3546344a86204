"""The chance that gold wins a plurality vote among k of n samples, exactly.

Draw every sample independently with one chance. Classes then draw their votes independently,
and gold wins with chance

    sum_j P(gold draws j) · mean over y in [0, 1] of prod_i (P(i draws < j) + y·P(i draws j)),

the mean turning t others at exactly j into 1/(1 + t), an even share of the tie. Subsets of a
fixed size are read off that function of the chance, at complex chances (laws.inclusion). Three
devices make it exact and fast at every n: probabilities neither overflow nor cancel; the mean
over y is a Gauss-Legendre sum, with nodes for as many ties as can happen; and only classes that
can reach gold's level are multiplied, all other samples being one power.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.laws.draws import Draws, Tables
from scaling_cli.laws.inclusion import Plan, Points, plans, tolerance
from scaling_cli.laws.levels import Levels, Votes, levels, rival_tops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.laws.inclusion import ComplexArray
    from scaling_cli.types import FloatArray, IntArray

WORKSPACE = 1 << 16
"""Complex numbers multiplied at once, which fit a processor's cache."""
TABLES = 1 << 22
"""Complex numbers a batch's tables of draws may hold."""


def plurality(gold: IntArray, others: IntArray, n: int, ks: IntArray) -> FloatArray:
    """Expected score of the gold class over all size-k subsets, `values[vector, k]`.

    `gold[vector]` and `others[vector, class]` count the votes among `n` samples; the rest
    abstain. Ties share evenly and a subset without a vote scores 0. Equal vectors are
    computed once. Every k must lie in 1..n. Exact to 1e-12 up to n = 1,000, to 1e-6 above.
    """
    unique, inverse = _unique_rows(np.column_stack([-np.sort(-others, axis=1), gold]))
    sizes, back = np.unique(ks, return_inverse=True)
    values = np.zeros((len(unique), len(sizes)))
    solvable = np.flatnonzero(unique[:, -1] > 0)
    if len(solvable):
        votes = Votes.of(n, unique[solvable, -1], unique[solvable, :-1])
        start = 0
        for plan in plans(n, sizes):
            stop = start + len(plan.ks)
            values[solvable, start:stop] = _read(votes, plan)
            start = stop
    return np.clip(values, 0.0, 1.0)[inverse][:, back]


def _unique_rows(rows: IntArray) -> tuple[IntArray, NDArray[np.intp]]:
    """Distinct rows, by their first column so that neighbours share factors, and which of them
    each row is. By a hash that is checked, ten times as fast as a sort of whole rows."""
    salt = np.random.default_rng(0).integers(1 << 62, size=rows.shape[1], dtype=np.int64)
    _, first, inverse = np.unique(rows @ salt, return_index=True, return_inverse=True)
    if (rows[first][inverse] != rows).any():
        unique, inverse = np.unique(rows, axis=0, return_inverse=True)
        return unique, inverse.reshape(-1)
    order = np.argsort(rows[first, 0], kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return rows[first[order]], place[inverse]


def _read(votes: Votes, plan: Plan) -> FloatArray:
    """Values at the ks of a plan, `[vector, k]`."""
    values = np.zeros((len(votes.gold), len(plan.ks)))
    negligible = tolerance(votes.n) / plan.loss
    for block in plan.points.blocks():
        points = plan.points.take(block)
        for batch in _batches(votes, points):
            shown = _shown(votes.take(batch), points, negligible, int(plan.ks[-1]))
            values[batch] += (shown @ plan.back[block]).real
    return values


def _batches(votes: Votes, points: Points) -> list[NDArray[np.intp]]:
    """Vectors of similar gold in groups whose tables fit."""
    gold, theta = votes.gold, float(points.theta.mean())
    wide = np.minimum(gold, 1 + 16 * np.sqrt(gold * theta * (1 - theta) + 1)).astype(np.int64)
    kinds = len(np.unique(votes.count)) + len(np.unique(gold))
    each = (votes.copies.shape[1] + 1) * len(points) * np.ones_like(gold)
    order = np.arange(len(gold))
    if kinds * int(wide.max()) * len(points) > TABLES:  # they hardly share their tables
        order = np.argsort(gold, kind="stable")
        each = ((votes.copies > 0).sum(axis=1) + 1) * wide * len(points)
    filled = np.cumsum(each[order]) // TABLES
    return np.split(order, np.flatnonzero(np.diff(filled)) + 1)


def _shown(votes: Votes, points: Points, negligible: float, largest_k: int) -> ComplexArray:
    """W at `points`, `[vector, point]`."""
    strongest = votes.count.max(axis=1, initial=0)
    highest = min(int(np.minimum(votes.gold, strongest).max()), largest_k)
    counts = np.unique(np.concatenate([votes.gold, votes.count[votes.count > 0]]))
    draws = Draws.of(counts, highest, points.theta, negligible)
    rows = levels(votes, draws, points, negligible, largest_k)
    tables = Tables.of(draws, points, _needed(votes, draws, rows))
    shown = _unrivalled(votes, tables)
    if len(rows.level):
        sums, first = _rivalled(votes, rows, tables)
        sums *= tables.rest(rows.merged[first], rows.shift[first])
        starts = np.flatnonzero(np.diff(rows.question[first], prepend=-1))
        shown[rows.question[first[starts]]] += np.add.reduceat(sums, starts, axis=0)
    return shown


def _needed(votes: Votes, draws: Draws, rows: Levels) -> IntArray:
    """Up to which level anything is asked of each count, `[place]`."""
    needed = draws.first - 1
    np.maximum.at(needed, draws.place[votes.gold[rows.question]], rows.level)
    for rank in range(int(rows.rivals.max(initial=0))):
        having = rows.rivals > rank
        place = draws.place[votes.count[rows.question[having], rank]]
        np.maximum.at(needed, place, rows.level[having])
    ahead, reached = _ahead(votes, draws)
    np.maximum.at(needed, draws.place[votes.gold[ahead]], reached)
    return needed


def _ahead(votes: Votes, draws: Draws) -> tuple[NDArray[np.intp], IntArray]:
    """Questions whose gold can rise above the level any other class can reach, and that level,
    or the last that gold draws with a chance worth counting."""
    reached = rival_tops(votes, draws).max(axis=1, initial=0)
    last = draws.first[draws.place[votes.gold]] + draws.chance.shape[2] - 1
    ahead = np.flatnonzero(votes.gold > reached)
    return ahead, np.minimum(reached, last)[ahead]


def _unrivalled(votes: Votes, tables: Tables) -> ComplexArray:
    """Gold above the level that any other class can reach: all levels but those up to there."""
    draws = tables.draws
    shown = np.zeros((len(votes.gold), len(tables.points)), np.complex128)
    ahead, reached = _ahead(votes, draws)
    shown[ahead] = tables.rest(np.array([votes.n]), np.array([0]))
    gold = votes.gold[ahead]
    first = draws.first[draws.place[gold]]
    some = np.flatnonzero(reached >= first)
    cell = tables.cell(gold[some], reached[some])
    upto = tables.middle[cell] + 0.5 * tables.exact[cell]
    shown[ahead[some]] -= upto * tables.rest(votes.n - gold[some], first[some])
    return shown


def _rivalled(votes: Votes, rows: Levels, tables: Tables) -> tuple[ComplexArray, NDArray[np.intp]]:
    """Sums over the rows of one question with the same rivals, `[sum, point]`, and one row of
    each, by question. What cannot compete is the same for them."""
    width = int(rows.rivals.max()) + 1
    kinds, first, kind = _distinct(rows.question * width + rows.rivals, len(votes.gold) * width)
    sums = np.zeros((kinds, len(tables.points)), np.complex128)
    step = max(WORKSPACE // len(tables.points), 1)
    ends = np.append(np.flatnonzero(np.diff(rows.nodes)) + 1, len(rows.level))
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        for at in range(begin, end, step):
            chosen = slice(at, min(at + step, end))
            part = rows.take(chosen)
            total = _products(*_factors(votes, part, tables))
            total *= tables.exact.take(tables.cell(votes.gold[part.question], part.level), axis=0)
            starts = np.flatnonzero(np.diff(kind[chosen], prepend=-1))  # each kind but once
            sums[kind[chosen][starts]] += np.add.reduceat(total, starts, axis=0)
    return sums, first


def _distinct(codes: IntArray, size: int) -> tuple[int, IntArray, IntArray]:
    """How many codes below `size` there are, where each occurs, and which of them each is."""
    where = np.full(size, -1)
    where[codes] = np.arange(len(codes))
    used = where >= 0
    return int(used.sum()), where[used], (np.cumsum(used) - 1)[codes]


def _products(
    factors: list[ComplexArray], index: list[IntArray], weights: FloatArray
) -> ComplexArray:
    """Mean over nodes of the product of `factors[node][factor, point]` over each row's ranks;
    `index[rank]` holds the factors of the first rows, fewer for a higher rank."""
    total = np.zeros((len(index[0]), factors[0].shape[1]), np.complex128)
    for factor, weight in zip(factors, weights, strict=True):
        product = factor.take(index[0], axis=0)
        for cells in index[1:]:
            product[: len(cells)] *= factor.take(cells, axis=0)
        if len(weights) == 1:
            return product
        product *= weight
        total += product
    return total


def _factors(
    votes: Votes, rows: Levels, tables: Tables
) -> tuple[list[ComplexArray], list[IntArray], FloatArray]:
    """Each rival held below gold's level, or at that level for a share of the win:
    `factors[node][factor, point]`, the factor of each rank of the rows that have it, and the
    nodes' weights. Equal factors are computed once."""
    cells, copies = [], []
    for rank in range(int(rows.rivals[0])):
        having = slice(0, int(np.searchsorted(-rows.rivals, -rank)))
        question = rows.question[having]
        cells.append(tables.cell(votes.count[question, rank], rows.level[having]))
        copies.append(votes.copies[question, rank])
    shares, weights = _gauss(int(rows.nodes[0]))
    powers, kind = np.unique(np.concatenate(copies), return_inverse=True)
    if len(shares) == 1 and powers[-1] == 1:
        return [tables.middle], cells, weights
    codes = np.concatenate(cells) * len(powers) + kind
    _, found, index = _distinct(codes, len(tables.exact) * len(powers))
    cell, power = codes[found] // len(powers), powers[kind[found]]
    exact, middle = tables.exact.take(cell, axis=0), tables.middle.take(cell, axis=0)
    factors: list[ComplexArray] = []
    for share in shares:
        factor = np.empty_like(exact)
        np.multiply(exact.view(np.float64), share - 0.5, out=factor.view(np.float64))
        factor += middle
        for exponent in powers[powers > 1]:
            at = np.flatnonzero(power == exponent)
            factor[at] = _power(factor[at], int(exponent))
        factors.append(factor)
    return factors, np.split(index, np.cumsum([len(one) for one in cells])[:-1]), weights


@cache
def _gauss(nodes: int) -> tuple[FloatArray, FloatArray]:
    """Abscissae and weights on [0, 1]."""
    abscissae, weights = np.polynomial.legendre.leggauss(nodes)
    return (abscissae + 1) / 2, weights / 2


def _power(values: ComplexArray, exponent: int) -> ComplexArray:
    """Integer power by repeated squaring."""
    result = values if exponent & 1 else np.ones_like(values)
    while exponent := exponent >> 1:
        values = values * values
        if exponent & 1:
            result = result * values
    return result
