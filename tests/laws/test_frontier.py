"""The frontier against brute force, and its odds against known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.frontier import (
    Points,
    budgets,
    cross_fit,
    cross_fitted,
    dominated,
    envelope,
    frontier,
    frontier_band,
    known_points,
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


def random_points(rng: np.random.Generator, questions: int, count: int) -> Points:
    values = rng.integers(0, 4, (questions, count)) / 3
    return Points(values, rng.integers(1, 6, count).astype(float), rng.integers(0, 3, count))


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_odds_are_the_share_of_draws_won(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    everything = random_points(rng, 6, count)
    weights, at = question_weights(6, 20, seed), np.array([0.5, 1.0, 2.5, 5.0])
    expected = np.zeros((len(at), int(everything.configuration.max()) + 1))
    for draw in weights:
        means = draw @ everything.values / draw.sum()
        for place, budget in enumerate(at):
            inside = everything.cost <= budget
            if inside.any():
                best = means[inside].max()
                won = inside & (means >= best - 1e-9)
                winners = sorted(set(everything.configuration[won]))
                expected[place, winners] += 1 / len(winners) / len(weights)
    assert odds(everything, weights, at) == pytest.approx(expected)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_the_band_holds_the_frontier_and_rises_with_the_budget(seed: int, count: int) -> None:
    everything = random_points(np.random.default_rng(seed), 6, count)
    weights, at = question_weights(6, 50, 0), np.array([0.5, 1.0, 2.5, 5.0])
    lo, hi = frontier_band(everything, weights, at)
    for place, budget in enumerate(at):
        inside = everything.cost <= budget
        if not inside.any():
            assert np.isnan(lo[place]) and np.isnan(hi[place])
            continue
        assert lo[place] <= everything.values.mean(axis=0)[inside].max() <= hi[place]
    there = ~np.isnan(lo)
    assert (np.diff(lo[there]) >= 0).all() and (np.diff(hi[there]) >= 0).all()


@pytest.mark.parametrize("truth", [0.5, 0.95])
def test_the_band_covers_the_best_of_many_equals(truth: float) -> None:
    rng, weights, held = np.random.default_rng(5), question_weights(60, 400, 1), 0
    for _ in range(300):
        difficulty = rng.beta(2 * truth, 2 * (1 - truth), (60, 1))
        values = rng.binomial(8, np.broadcast_to(difficulty, (60, 8))) / 8
        lo, hi = frontier_band(Points(values, np.ones(8), np.arange(8)), weights, np.ones(1))
        held += lo[0] <= truth <= hi[0]
    assert held / 300 >= 0.87  # 90% less three standard errors of 300 replicates


def test_a_frontier_says_what_is_best_and_how_surely() -> None:
    values = np.tile([0.2, 0.5, 0.4, 0.9], (10, 1))
    everything = Points(values, np.array([1.0, 1.0, 2.0, 2.0]), np.array([0, 1, 0, 1]))
    found = frontier(everything, question_weights(10, 100, 0), np.array([0.5, 1.0, 2.0]))
    assert [(p.budget, p.point, p.configuration) for p in found.points] == [(1, 1, 1), (2, 3, 1)]
    assert [p.accuracy for p in found.points] == pytest.approx([0.5, 0.9])
    assert all(p.lo < p.accuracy < p.hi for p in found.points)  # no zero width without variance
    assert [p.odds for p in found.points] == [1.0, 1.0]
    assert found.odds.shape == (2, 2) and found.dominated == (0,)
    assert [p.fresh for p in found.points] == pytest.approx([p.chosen for p in found.points])


def test_the_winners_curse_is_seen_and_repeatable() -> None:
    values = (np.random.default_rng(1).random((40, 12)) < 0.5).astype(float)
    everything, at = Points(values, np.ones(12), np.arange(12)), np.ones(1)
    chosen, fresh = cross_fit(everything, at)
    assert chosen[0] > fresh[0] + 0.05
    assert [cross_fit(everything, at)[1][0], chosen[0]] == [
        fresh[0],
        cross_fit(everything, at)[0][0],
    ]


@pytest.mark.filterwarnings("error")
def test_one_question_and_one_configuration_still_make_a_frontier() -> None:
    one = Points(np.array([[0.5]]), np.array([3.0]), np.array([0]))
    (point,) = frontier(one, question_weights(1, 20, 0), np.array([3.0])).points
    assert point.odds == 1.0 and point.lo < 0.5 < point.hi
    assert np.isnan(point.chosen) and np.isnan(point.fresh)


def test_points_that_are_not_known_are_left_out_and_counted() -> None:
    values = np.array([[0.1, 0.2, np.nan, 0.4], [0.1, 0.2, 0.3, 0.4]])
    cost = np.array([1.0, np.nan, 3.0, 4.0])
    kept, lost = known_points(values, cost, np.array([0, 1, 2, 3]))
    assert lost.tolist() == [1, 2]
    assert kept.cost.tolist() == [1.0, 4.0] and kept.configuration.tolist() == [0, 3]
    # The numbers of configurations stay: the one that is gone simply never wins.
    assert odds(kept, question_weights(2, 9, 0), np.array([4.0]))[0].tolist() == [0, 0, 0, 1]
    with pytest.raises(LawError, match="another axis"):
        known_points(values, np.full(4, np.nan), np.arange(4))
