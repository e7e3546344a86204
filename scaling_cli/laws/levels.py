"""Which terms of a plurality vote count: gold's possible levels and the ties to share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaln

from scaling_cli.laws.saddle import Saddle, binomial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Rival:
    """All classes with `count` votes: `copies[vector]` of them.

    `chance[l]` of l drawn, `upto[l]` of at most l; above `top` votes none competes.
    """

    count: int
    copies: IntArray
    chance: FloatArray
    upto: FloatArray
    top: int

    @classmethod
    def of(cls, count: int, copies: IntArray, saddle: Saddle) -> Rival:
        chance = binomial(count, saddle.theta)
        beyond = np.cumsum(chance[::-1])[::-1]
        top = int(np.flatnonzero(beyond > saddle.negligible)[-1])
        return cls(count, copies, chance, np.cumsum(chance), top)

    def competing(self, vector: IntArray, level: IntArray) -> NDArray[np.intp]:
        """The rows at which such a class can reach gold's level."""
        return np.flatnonzero((self.copies[vector] > 0) & (level <= self.top))


@dataclass(frozen=True, slots=True)
class Levels:
    """Terms in rows, sorted by vector and level: gold of `vector` gets `level` votes, by
    `chance`.

    `merged` samples never compete at that level; sharing its ties takes `nodes` Gauss nodes.
    """

    vector: IntArray
    level: IntArray
    chance: FloatArray
    merged: IntArray
    nodes: IntArray

    def take(self, chosen: NDArray[Any]) -> Levels:
        return Levels(
            self.vector[chosen],
            self.level[chosen],
            self.chance[chosen],
            self.merged[chosen],
            self.nodes[chosen],
        )


def levels(gold: IntArray, rivals: list[Rival], saddle: Saddle) -> Levels:
    """The rows whose weight is not negligible, for `gold[vector]` votes against `rivals`."""
    rows = _drawn(gold, saddle)
    bound, competing = np.log(rows.chance), np.zeros(len(rows.level), np.int64)
    ties = np.zeros(len(rows.level))
    for rival in rivals:
        at = rival.competing(rows.vector, rows.level)
        level, copies = rows.level[at], rival.copies[rows.vector[at]]
        bound[at] += copies * np.log(np.maximum(rival.upto[level], 1e-300))
        competing[at] += copies
        ties[at] += copies * rival.chance[level]
        rows.merged[at] -= copies * rival.count
    most = np.minimum(competing, (saddle.ks[-1] - rows.level) // rows.level)
    several = most > 1  # one node is exact for one tie
    scale = rows.chance[several] / saddle.negligible
    rows.nodes[several] = tie_nodes(most[several], ties[several], scale)
    return rows.take(bound > np.log(saddle.negligible / (gold.max(initial=0) + 1)))


def _drawn(gold: IntArray, saddle: Saddle) -> Levels:
    """Every level of gold with a chance worth counting; nothing competes yet."""
    vectors, drawn, chances = [], [], []
    for count in np.unique(gold):
        chance = binomial(int(count), saddle.theta)[: saddle.ks[-1] + 1]
        level = np.flatnonzero(chance > saddle.negligible / (count + 1))
        level = level[level > 0]
        owners = np.flatnonzero(gold == count)
        vectors.append(np.repeat(owners, len(level)))
        drawn.append(np.tile(level, len(owners)))
        chances.append(np.tile(chance[level], len(owners)))
    vector, level = np.concatenate(vectors), np.concatenate(drawn)
    rows = Levels(
        vector, level, np.concatenate(chances), saddle.n - gold[vector], np.ones_like(level)
    )
    return rows.take(np.argsort(vector, kind="stable"))


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
    enough = _LOG_GAUSS + 2 * log_ties[:, None] * NODES < -depth[:, None]
    by_moment = np.where(enough.any(axis=1), NODES[enough.argmax(axis=1)], NODES[-1])
    return np.asarray(NODES[np.searchsorted(NODES, np.minimum(wanted, by_moment))])
