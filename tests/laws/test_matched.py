"""Curves read at equal budgets: heights, their noise, and where budgets are not shared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.laws.matched import CostedCurve, accuracy_gains, at_budgets, savings
from scaling_cli.laws.resample import bootstrap_means, question_weights

KS = np.array([1, 2, 4, 8])


def curve(seed: int, questions: int = 40, *, dearer: float = 1.0) -> CostedCurve:
    rng = np.random.default_rng(seed)
    chance = rng.random((questions, 1))
    values = 1 - (1 - chance) ** KS
    costs = dearer * (30 + rng.lognormal(4, 0.5, (questions, 1)) * KS)
    return CostedCurve(values, costs)


@given(st.integers(0, 100), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_the_mean_is_the_height_of_the_curve(seed: int, shares: list[float]) -> None:
    one = curve(seed)
    mean = one.costs.mean(axis=0)
    budgets = mean[0] + np.array(shares) * (mean[-1] - mean[0])
    height = np.interp(budgets, mean, one.values.mean(axis=0))
    assert at_budgets(one.values, one.costs, budgets).mean(axis=0) == pytest.approx(height)
    backwards = at_budgets(one.values[:, ::-1], one.costs[:, ::-1], budgets)
    assert backwards.mean(axis=0) == pytest.approx(height)


def test_the_spread_is_that_of_the_curve_with_the_noise_of_its_costs() -> None:
    one = curve(1, 300)
    one = CostedCurve(0.3 + 0.3 * one.values, one.costs)
    budget = np.array([one.costs.mean(axis=0)[:2].mean()])
    weights = question_weights(300, 4_000, 0)
    means = bootstrap_means(one.costs, weights), bootstrap_means(one.values, weights)
    drawn = [np.interp(budget[0], cost, value) for cost, value in zip(*means, strict=True)]
    contributed = at_budgets(one.values, one.costs, budget)
    assert contributed.std() / np.sqrt(300) == pytest.approx(np.std(drawn), rel=0.06)
    # Without the costs it would be another number.
    assert one.values[:, :2].mean(axis=1).std() / np.sqrt(300) < 0.95 * np.std(drawn)


def test_equal_curves_gain_nothing_and_a_dearer_one_loses() -> None:
    one, dear = curve(2), curve(2, dearer=1.5)
    assert np.abs(accuracy_gains(one, one).gains).max() < 1e-12
    found = accuracy_gains(one, dear)
    assert (found.gains.mean(axis=0)[1:] < -0.005).all()
    # Every budget is one that both can pay, and the baseline is read at it.
    low, high = dear.costs.mean(axis=0)[0], one.costs.mean(axis=0)[-1]
    assert found.at.min() == pytest.approx(low) and found.at.max() == pytest.approx(high)
    mean = one.costs.mean(axis=0)
    assert found.height == pytest.approx(np.interp(found.at, mean, one.values.mean(axis=0)))
    back = accuracy_gains(dear, one)
    assert (back.gains.mean(axis=0)[:-1] > 0.005).all()


def test_single_answers_and_curves_apart_are_compared_at_the_same_k() -> None:
    one, far = curve(3), curve(3, dearer=100)
    assert np.abs(accuracy_gains(one, far).gains).max() < 1e-12
    single = CostedCurve(one.values[:, :1], one.costs[:, :1])
    other = CostedCurve(one.values[:, :1] / 2, one.costs[:, :1] * 3)
    assert accuracy_gains(single, other).gains == pytest.approx(-one.values[:, :1] / 2)


def test_savings_are_shares_of_the_mean_cost() -> None:
    one = curve(4)
    assert savings(one.costs, 1.2 * one.costs).mean(axis=0) == pytest.approx(-0.2)
    assert np.abs(savings(one.costs, 1.2 * one.costs, allowed=0.2)).max() < 1e-9
