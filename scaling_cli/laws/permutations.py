"""Weighted votes along random permutations: one permutation serves every k."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.types import GOLD, MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

TIE = 1e-9
"""Weights this close, relatively, share the win."""
ROUND = 32
"""Permutations of the pilot and of the first round; later rounds grow as the error asks."""


@dataclass(frozen=True, slots=True)
class Ballots:
    """The votes of several questions, each class of each question in a slot.

    Questions stand in `order`, most classes first, and slots class by class, so that
    class c fills `starts[c]:starts[c + 1]`, one slot for each of the first questions.
    `slot[question, sample]` is -1 for a sample that abstains and MISSING for none.
    """

    slot: IntArray
    weight: FloatArray
    order: NDArray[np.intp]
    starts: list[int]

    @property
    def slots(self) -> int:
        return self.starts[-1]

    @classmethod
    def of(cls, classes: IntArray, weights: FloatArray) -> Ballots:
        widths = np.maximum(classes.max(axis=1, initial=GOLD), GOLD) + 1
        order = np.argsort(-widths, kind="stable")
        having = (widths[:, None] > np.arange(widths.max())).sum(axis=0)
        starts = np.concatenate([[0], np.cumsum(having)])
        place = np.argsort(order)[:, None]
        slot = np.where(classes >= GOLD, starts[np.maximum(classes, GOLD)] + place, classes)
        return cls(slot, weights, order, starts.tolist())


def gold_shares(weight: FloatArray, present: NDArray[np.bool_], ballots: Ballots) -> FloatArray:
    """Gold's share of the win, `shares[question, subset]`, from sums `[slot, subset]`.

    Only classes present in the subset stand; a subset without a vote gives 0.
    """
    held, starts = np.where(present, weight, -1.0), ballots.starts
    classes = [held[a:b] for a, b in pairwise(starts)]
    best = classes[GOLD].copy()
    for rival in classes[1:]:
        np.maximum(best[: len(rival)], rival, out=best[: len(rival)])
    enough = best - TIE * np.abs(best)
    ahead = (classes[GOLD] >= enough) & (best >= 0)
    winners = np.ones(best.shape)
    for rival in classes[1:]:
        winners[: len(rival)] += rival >= enough[: len(rival)]
    shares = np.empty(best.shape)
    shares[ballots.order] = ahead / winners
    return shares


def permutation_means(
    ballots: Ballots,
    ks: IntArray,
    share: FloatArray,
    exact: FloatArray,
    *,
    tolerance: float,
    most_permutations: int,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    """Mean weighted vote, `values[question, k]`, and the error of its data-set mean, `[k]`.

    `share[question, k]` is each value's part in that mean. The plain vote on the same
    permutation, whose expectation `exact[question, k]` is known, serves as control variate
    with a coefficient fitted on a pilot, so that the estimate stays unbiased.
    """
    rng, exact = np.random.default_rng(seed), np.nan_to_num(exact)
    beta = _pilot(ballots, ks, rng)
    total, means, planned = np.zeros(exact.shape), [], ROUND
    while True:
        for _ in range(planned):
            weighted, plain = _votes(ballots, ks, rng)
            steadied = weighted + beta * (exact - plain)
            total += steadied
            means.append((steadied * share).sum(axis=0))
        error = np.std(means, axis=0, ddof=1) / np.sqrt(len(means))
        excess, left = float(error.max()) / tolerance, most_permutations - len(means)
        if excess <= 1 or left <= 0:
            return np.clip(total / len(means), 0.0, 1.0), error
        needed = len(means) * (1.1 * excess**2 - 1)
        planned = int(min(max(ROUND, needed), 2 * len(means), left))


def _pilot(ballots: Ballots, ks: IntArray, rng: np.random.Generator) -> FloatArray:
    """Regression of the weighted on the plain vote, per question and k, within [0, 1]."""
    shape = (len(ballots.slot), len(ks))
    weighted_sum, plain_sum = np.zeros(shape), np.zeros(shape)
    product, square = np.zeros(shape), np.zeros(shape)
    for _ in range(ROUND):
        weighted, plain = _votes(ballots, ks, rng)
        weighted_sum += weighted
        plain_sum += plain
        product += weighted * plain
        square += plain * plain
    covariance = product - weighted_sum * plain_sum / ROUND
    variance = square - plain_sum**2 / ROUND
    slope = np.divide(covariance, variance, out=np.ones(shape), where=variance > 1e-9)
    return np.clip(slope, 0.0, 1.0)


def _votes(
    ballots: Ballots, ks: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Weighted and plain vote among the first k of one random order per question."""
    keys = rng.random(ballots.slot.shape)
    keys[ballots.slot == MISSING] = 2.0  # after every sample
    order = np.argsort(keys, axis=1)
    slot = np.take_along_axis(ballots.slot, order, axis=1)
    weight = np.take_along_axis(ballots.weight, order, axis=1)
    grid, back = np.unique(ks, return_inverse=True)
    segment = np.searchsorted(grid, np.arange(1, slot.shape[1] + 1))
    voting = (slot >= 0) & (segment < len(grid))
    cells = (slot * len(grid) + segment)[voting]
    size = (ballots.slots, len(grid))
    counts = np.bincount(cells, minlength=size[0] * size[1]).reshape(size).cumsum(axis=1)
    sums = np.asarray(np.bincount(cells, weight[voting], size[0] * size[1]), np.float64)
    sums = sums.reshape(size).cumsum(axis=1)
    present = counts > 0
    return (
        gold_shares(sums, present, ballots)[:, back],
        gold_shares(counts.astype(np.float64), present, ballots)[:, back],
    )
