"""The frontier against brute force, and its odds against known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.frontier import (
    Points,
    budgets,
    cross_fitted,
    dominated,
    envelope,
    odds,
    pareto,
)
from scaling_cli.laws.resample import question_weights

points = st.lists(st.tuples(st.integers(0, 10), st.integers(1, 10)), min_size=1, max_size=20)


@given(points)
def test_pareto_is_what_nothing_beats(pairs: list[tuple[int, int]]) -> None:
    accuracy = np.array([a for a, _ in pairs], float)
    cost = np.array([c for _, c in pairs], float)
    chosen = pareto(accuracy, cost)
    beaten = [
        any(
            (accuracy[j] > a and cost[j] <= c) or (accuracy[j] >= a and cost[j] < c)
            for j in range(len(pairs))
        )
        for a, c in zip(accuracy, cost, strict=True)
    ]
    assert {(accuracy[i], cost[i]) for i in chosen} == {
        (a, c) for (a, c), lost in zip(zip(accuracy, cost, strict=True), beaten, strict=True)
        if not lost and a > 0
    }  # fmt: skip
    assert (np.diff(cost[chosen]) > 0).all() and (np.diff(accuracy[chosen]) > 0).all()


@given(points, st.floats(0.5, 12))
def test_the_envelope_is_the_best_inside_the_budget(
    pairs: list[tuple[int, int]], budget: float
) -> None:
    accuracy = np.array([a for a, _ in pairs], float)
    cost = np.array([c for _, c in pairs], float)
    best, point = envelope(accuracy, cost, np.array([budget]))
    inside = accuracy[cost <= budget]
    if inside.any():
        assert best[0] == inside.max() and accuracy[point[0]] == best[0]
    else:
        assert np.isnan(best[0]) and point[0] == -1


def two_models(gap: float, questions: int = 200, seed: int = 0) -> Points:
    """Two configurations at one cost, whose true accuracies differ by `gap`."""
    rng = np.random.default_rng(seed)
    base = rng.random((questions, 1)) < 0.5
    better = base ^ (rng.random((questions, 1)) < gap)
    values = np.hstack([base, base | better]).astype(float)
    return Points(values, np.array([1.0, 1.0]), np.array([0, 1]))


def test_odds_sum_to_one_and_follow_the_truth() -> None:
    at = np.array([1.0])
    weights = question_weights(200, 500, 0)
    sure = odds(two_models(0.3), weights, at)
    assert sure.sum() == pytest.approx(1) and sure[0, 1] > 0.99
    same = Points(np.ones((200, 2)), np.array([1.0, 1.0]), np.array([0, 1]))
    assert odds(same, weights, at)[0] == pytest.approx([0.5, 0.5])


def test_below_every_cost_nobody_wins() -> None:
    assert odds(two_models(0.1), question_weights(200, 50, 0), np.array([0.5])).sum() == 0


def test_a_configuration_beaten_at_every_budget_is_named() -> None:
    values = np.tile([0.2, 0.5, 0.4, 0.9], (10, 1))
    everything = Points(values, np.array([1.0, 1.0, 2.0, 2.0]), np.array([0, 1, 0, 1]))
    assert dominated(everything, budgets(everything.cost)) == [0]


def test_choosing_and_scoring_on_the_same_questions_is_optimistic() -> None:
    rng = np.random.default_rng(1)
    optimistic, honest = [], []
    for _ in range(200):
        values = (rng.random((40, 12)) < 0.5).astype(float)
        everything = Points(values, np.ones(12), np.arange(12))
        halves = [np.arange(20), np.arange(20, 40)]
        chosen, fresh = cross_fitted(everything, halves, np.array([1.0]))
        optimistic.append(chosen[0])
        honest.append(fresh[0])
    assert np.mean(honest) == pytest.approx(0.5, abs=0.02)
    assert np.mean(optimistic) > 0.6


@pytest.mark.parametrize("values", [np.full((3, 2), np.nan), np.ones((0, 2))])
def test_points_that_cannot_stand_on_a_frontier_are_refused(values: np.ndarray) -> None:
    with pytest.raises(LawError):
        Points(values, np.ones(2), np.array([0, 1]))


def test_a_cost_of_nothing_has_no_place_on_a_log_axis() -> None:
    with pytest.raises(LawError, match="log axis"):
        budgets(np.array([0.0, 1.0]))
