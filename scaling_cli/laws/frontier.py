"""The compute-optimal frontier: which configuration is best inside a budget, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.resample import bootstrap_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

SAME = 1e-12
"""Accuracies closer than this are one: sums of the same values in another order differ by it."""


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


def pareto(accuracy: FloatArray, cost: FloatArray) -> IntArray:
    """Points that no cheaper or equally dear one matches in accuracy, by rising cost.

    Points that answer nothing are left out: they are worth no compute.
    """
    order = np.lexsort((-np.asarray(accuracy), np.asarray(cost)))
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
    count = int(points.configuration.max()) + 1
    shares = np.zeros((len(at), count))
    for place, budget in enumerate(at):
        best = np.full((len(means), count), -np.inf)
        inside = points.cost <= budget * (1 + 1e-12)
        for configuration in range(count):
            mine = inside & (points.configuration == configuration)
            if mine.any():
                best[:, configuration] = means[:, mine].max(axis=1)
        if inside.any():
            winners = best >= best.max(axis=1, keepdims=True) - SAME
            shares[place] = (winners / winners.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


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
