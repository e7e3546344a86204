"""The compute-optimal frontier: which configuration is best inside a budget, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.resample import band, bootstrap_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

SAME = 1e-12
"""Accuracies closer than this are one: sums of the same values in another order differ by it."""
SPLITS = 20
"""Random halvings of the questions that cross-fitting averages over."""


@dataclass(frozen=True, slots=True)
class Points:
    """Everything that could be run, on one list of questions.

    `values[question, point]` is the expected accuracy of a point on a question, `cost[point]`
    its mean cost; `configuration[point]` numbers the (model, generator, selector) it belongs
    to. Inside a configuration the points differ in k, token cap and parameters.
    """

    values: FloatArray
    cost: FloatArray
    configuration: IntArray

    def __post_init__(self) -> None:
        questions, points = self.values.shape
        if questions < 1 or points < 1 or len(self.cost) != points:
            raise LawError(
                f"{self.values.shape} values for {len(self.cost)} costs",
                "give values[question, point] and one cost a point",
            )
        if np.isnan(self.values).any() or np.isnan(self.cost).any():
            raise LawError(
                "a point without a value or a cost cannot stand on a frontier",
                "leave such points out, and say how many",
            )


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """The best point inside a budget. `odds` is its configuration's share of the draws;
    `chosen` and `fresh` are the accuracy of the point chosen on one half of the questions, on
    that half and on the other: their difference is the winner's curse."""

    budget: float
    point: int
    configuration: int
    accuracy: float
    lo: float
    hi: float
    odds: float
    chosen: float
    fresh: float


@dataclass(frozen=True, slots=True)
class Frontier:
    """What is best inside each budget, and how surely. `odds[budget, configuration]` has a row
    for each of `points`; `dominated` are configurations beaten at every budget."""

    points: tuple[FrontierPoint, ...]
    odds: FloatArray
    dominated: tuple[int, ...]


def known_points(
    values: FloatArray, cost: FloatArray, configuration: IntArray
) -> tuple[Points, IntArray]:
    """The points whose values and cost are known, and the numbers of those left out."""
    lost = np.isnan(cost) | np.isnan(values).any(axis=0)
    if lost.all():
        raise LawError("no point has a known value and cost", "choose another axis")
    kept = ~lost
    return Points(values[:, kept], cost[kept], configuration[kept]), np.flatnonzero(lost)


def frontier(
    points: Points,
    weights: NDArray[np.uint8],
    at: FloatArray,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Frontier:
    """The best point inside each budget that buys one, with its band, odds and cross-fitting."""
    best, chosen = envelope(points.values.mean(axis=0), points.cost, at)
    inside = chosen >= 0
    lo, hi = frontier_band(points, weights, at, level=level, seed=seed)
    shares = odds(points, weights, at)
    optimistic, honest = cross_fit(points, at, seed=seed)
    configuration = points.configuration[chosen]
    share = shares[np.arange(len(at)), configuration]
    columns = (at, chosen, configuration, best, lo, hi, share, optimistic, honest)
    rows = zip(*(column[inside].tolist() for column in columns), strict=True)
    return Frontier(
        tuple(FrontierPoint(*row) for row in rows), shares[inside], tuple(dominated(points, at))
    )


def pareto(accuracy: FloatArray, cost: FloatArray) -> IntArray:
    """Points that no cheaper or equally dear one matches in accuracy, by rising cost.

    Points that answer nothing are left out: they are worth no compute.
    """
    # Equals in another order of summing differ by rounding: the first of them leads.
    order = np.lexsort((-np.round(accuracy, 12), np.asarray(cost)))
    best, chosen = 0.0, []
    for point in order:
        if accuracy[point] > best + SAME:
            chosen.append(int(point))
            best = float(accuracy[point])
    return np.array(chosen, np.int64)


def budgets(cost: FloatArray, count: int = 60) -> FloatArray:
    """A log grid from the cheapest point to the dearest."""
    low, high = float(np.min(cost)), float(np.max(cost))
    if low <= 0:
        raise LawError("a cost of 0 has no place on a log axis", "choose another axis")
    return np.geomspace(low, high, count)


def envelope(accuracy: FloatArray, cost: FloatArray, at: FloatArray) -> tuple[FloatArray, IntArray]:
    """The best accuracy inside each budget and the point that gives it; NaN and -1 below all."""
    chosen = pareto(accuracy, cost)
    if not len(chosen):
        return np.full(len(at), np.nan), np.full(len(at), -1, np.int64)
    place = np.searchsorted(cost[chosen], np.asarray(at) * (1 + 1e-12), side="right") - 1
    inside = place >= 0
    points = np.where(inside, chosen[np.maximum(place, 0)], -1)
    return np.where(inside, accuracy[points], np.nan), points


def odds(points: Points, weights: NDArray[np.uint8], at: FloatArray) -> FloatArray:
    """`share[budget, configuration]`: how often each is best inside a budget when the questions
    are drawn again, all points on the same draw. Equals share their draw; 0 below all costs.
    """
    means = bootstrap_means(points.values, weights)
    shares = np.zeros((len(at), int(points.configuration.max()) + 1))
    top = best_inside(means, points.cost, at)
    inside = top.max(axis=0) > -np.inf
    wins = []
    for configuration in range(shares.shape[1]):
        mine = points.configuration == configuration
        best = best_inside(means[:, mine], points.cost[mine], at[inside])
        wins.append(best >= top[:, inside] - SAME)
    ties = np.sum(wins, axis=0)
    shares[inside] = np.stack([(won / ties).mean(axis=0) for won in wins], axis=1)
    return shares


def best_inside(means: FloatArray, cost: FloatArray, at: FloatArray) -> FloatArray:
    """The best of `means[draw, point]` inside each budget, `[draw, budget]`; -inf for none."""
    order = np.argsort(cost, kind="stable")
    running = np.maximum.accumulate(means[:, order], axis=1)
    nothing = np.full((len(means), 1), -np.inf)
    place = np.searchsorted(cost[order], np.asarray(at) * (1 + 1e-12), side="right")
    return np.hstack([nothing, running])[:, place]


def frontier_band(
    points: Points,
    weights: NDArray[np.uint8],
    at: FloatArray,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """Interval of the best true accuracy inside each budget: the highest `lo` and the highest
    `hi` of the points' own bands, NaN below all costs.

    Not the percentiles of each draw's maximum: a maximum is biased upwards, and drawing again
    biases it twice. With eight points of one accuracy those covered 68 to 84% in a simulation
    of 600 replicates (40, 100, 300 questions; accuracy .5, .95), these at least 90%.
    """
    lo, hi = band(points.values, weights, level=level, seed=seed)
    ends = best_inside(np.stack([lo, hi]), points.cost, at)
    return np.where(np.isinf(ends), np.nan, ends)[0], np.where(np.isinf(ends), np.nan, ends)[1]


def dominated(points: Points, at: FloatArray) -> list[int]:
    """Configurations that are strictly beaten at every budget they can be run in."""
    accuracy = points.values.mean(axis=0)
    everything, _ = envelope(accuracy, points.cost, at)
    beaten = []
    for configuration in range(int(points.configuration.max()) + 1):
        mine = points.configuration == configuration
        own, _ = envelope(accuracy[mine], points.cost[mine], at)
        possible = ~np.isnan(own)
        if possible.any() and (own[possible] < everything[possible] - SAME).all():
            beaten.append(configuration)
    return beaten


def cross_fitted(
    points: Points, halves: Sequence[IntArray], at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Accuracy at each budget of the point chosen on one half of the questions: on that half
    (optimistic) and on the other half (honest), averaged over both ways round."""
    chosen_on, scored_on = [], []
    for choosing, scoring in (tuple(halves), tuple(reversed(list(halves)))):
        selected = points.values[choosing].mean(axis=0)
        accuracy, point = envelope(selected, points.cost, at)
        fresh = points.values[scoring].mean(axis=0)
        chosen_on.append(accuracy)
        scored_on.append(np.where(point >= 0, fresh[point], np.nan))
    return np.mean(chosen_on, axis=0), np.mean(scored_on, axis=0)


def cross_fit(
    points: Points, at: FloatArray, *, splits: int = SPLITS, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """`cross_fitted` over random halvings; NaN where there is one question only."""
    questions = len(points.values)
    if questions < 2:
        return np.full(len(at), np.nan), np.full(len(at), np.nan)
    rng, half = np.random.default_rng(seed), questions // 2
    orders = [rng.permutation(questions) for _ in range(splits)]
    both = [cross_fitted(points, [order[:half], order[half:]], at) for order in orders]
    chosen, fresh = np.mean(both, axis=0)
    return chosen, fresh
