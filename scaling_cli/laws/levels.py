"""Which terms of a plurality vote count: gold's possible levels and the ties to share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaln

from scaling_cli.laws.draws import Draws, ragged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.laws.inclusion import Points
    from scaling_cli.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Votes:
    """Questions of `n` samples: `gold[question]` votes, and the other classes by rank, most
    votes first, `copies[question, rank]` of them with `count[question, rank]` votes each; 0
    where there are no more ranks."""

    n: int
    gold: IntArray
    count: IntArray
    copies: IntArray

    @classmethod
    def of(cls, n: int, gold: IntArray, others: IntArray) -> Votes:
        """From `others[question, class]` in descending order."""
        new = np.ones(others.shape, bool)
        new[:, 1:] = others[:, 1:] != others[:, :-1]
        new &= others > 0
        ranks = int(new.sum(axis=1).max(initial=0))
        rank = np.cumsum(new, axis=1) - 1
        question, column = np.nonzero(others)
        cells = question * ranks + rank[question, column]
        size = len(others) * ranks
        copies = np.bincount(cells, minlength=size).reshape(len(others), ranks)
        count = np.zeros(size, np.int64)
        count[cells] = others[question, column]
        return cls(n, gold, count.reshape(copies.shape), copies)

    def take(self, chosen: NDArray[Any]) -> Votes:
        copies = self.copies[chosen]
        ranks = int((copies > 0).sum(axis=1).max(initial=0))
        return Votes(self.n, self.gold[chosen], self.count[chosen][:, :ranks], copies[:, :ranks])


@dataclass(frozen=True, slots=True)
class Levels:
    """Terms in rows: gold of `question` gets `level` votes, while the classes of its first
    `rivals` ranks compete and `merged` samples cannot. Their draws start at `shift` together.
    Sharing the ties takes `nodes` Gauss nodes. Sorted by nodes and rivals, most first, then by
    question."""

    question: IntArray
    level: IntArray
    rivals: IntArray
    merged: IntArray
    shift: IntArray
    nodes: IntArray

    def take(self, chosen: NDArray[Any] | slice) -> Levels:
        return Levels(
            self.question[chosen],
            self.level[chosen],
            self.rivals[chosen],
            self.merged[chosen],
            self.shift[chosen],
            self.nodes[chosen],
        )


def rival_tops(votes: Votes, draws: Draws) -> IntArray:
    """The level up to which each rank competes, `[question, rank]`; it falls with the rank."""
    return np.where(votes.copies > 0, draws.top[draws.place[votes.count]], 0)


def levels(votes: Votes, draws: Draws, points: Points, negligible: float, largest_k: int) -> Levels:
    """The rows in which someone competes and whose weight is not negligible at `points`.

    Away from the positive axis a row is the smaller: a class of binomial chances, cut off
    above, is unimodal, so that its sum over levels is at most peak / |sin(angle/2)| there.
    """
    tops = rival_tops(votes, draws)
    question, level = _contested(votes, draws, tops)
    place = draws.place[votes.gold[question]]
    chance = draws.most[place, level - draws.first[place]]
    bound = np.log(np.maximum(chance, 1e-300))
    ties, competing = np.zeros(len(level)), np.zeros_like(level)
    rivals, shift = np.zeros_like(level), draws.first[place]
    merged = votes.n - votes.gold[question]
    turn, at = max(points.least_turn, 1e-300), np.arange(len(level))
    for rank in range(tops.shape[1]):
        at = at[tops[question[at], rank] >= level[at]]
        count, copies = votes.count[question[at], rank], votes.copies[question[at], rank]
        place = draws.place[count]
        offset = level[at] - draws.first[place]
        inside = np.maximum(offset, 0)
        held = np.minimum(draws.upto[place, inside], draws.peak[place, inside] / turn)
        held[offset < 0] = 0.0
        bound[at] += copies * np.log(np.maximum(held, 1e-300))
        ties[at] += copies * draws.most[place, inside]
        competing[at] += copies
        rivals[at] += 1
        merged[at] -= copies * count
        shift[at] += copies * draws.first[place]
    bound += merged * np.log(np.abs(points.base).max())
    kept = np.flatnonzero(bound > np.log(negligible / (votes.gold.max(initial=0) + 1)))
    nodes = np.ones_like(level)
    most = np.minimum(competing, (largest_k - level) // level)
    several = kept[most[kept] > 1]  # one node is exact for one tie
    nodes[several] = tie_nodes(most[several], ties[several], chance[several] / negligible)
    kept = kept[np.lexsort((question[kept], -rivals[kept], -nodes[kept]))]
    return Levels(question, level, rivals, merged, shift, nodes).take(kept)


def _contested(votes: Votes, draws: Draws, tops: IntArray) -> tuple[IntArray, IntArray]:
    """Question and level of every row in which gold meets at least its strongest rival."""
    gold = draws.place[votes.gold]
    low = np.maximum(draws.first[gold], 1)
    high = np.minimum(draws.top[gold], tops.max(axis=1, initial=0))
    question, offset = ragged(np.maximum(high - low + 1, 0))
    return question, low[question] + offset


NODES = np.unique(np.rint(np.geomspace(1, 4096, 49))).astype(np.int64)
"""Numbers of Gauss nodes in use, 1 to 6 and then in steps of a fifth: few distinct shapes."""
_LOG_GAUSS = 4 * gammaln(NODES + 1) - np.log(2 * NODES + 1) - 3 * gammaln(2 * NODES + 1)
"""log of q!^4 / ((2q+1) (2q)!^3): q nodes err by this times the 2q-th derivative."""


def tie_nodes(most: IntArray, ties: FloatArray, scale: FloatArray) -> IntArray:
    """Gauss nodes for the mean of y^t over y, at `most` possible and `ties` expected ties.

    The error must stay below 1/`scale`. The least of three rigorous bounds:
    exact for as many ties as have a chance worth counting (Bernstein); 4 exp(-4 q^2/t), from
    the tail of the Chebyshev series of y^t (Hoeffding); and the derivative bound, with the
    2q-th factorial moment of the number of ties, which is at most ties^(2q).
    """
    depth = np.log(4 * scale).clip(1)
    likely = ties + depth / 3 + np.sqrt(depth * depth / 9 + 2 * depth * ties)
    most = np.minimum(most, np.ceil(likely)).astype(np.int64)
    wanted = np.minimum(most // 2 + 1, np.ceil(np.sqrt(most * depth) / 2).clip(1))
    log_ties = np.log(np.maximum(ties, 1e-300))
    some = slice(0, int(np.searchsorted(NODES, wanted.max(initial=1))) + 1)
    enough = _LOG_GAUSS[some] + 2 * log_ties[:, None] * NODES[some] < -depth[:, None]
    by_moment = np.where(enough.any(axis=1), NODES[enough.argmax(axis=1)], NODES[-1])
    return np.asarray(NODES[np.searchsorted(NODES, np.minimum(wanted, by_moment))])
