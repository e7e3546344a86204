"""Crossings at known budgets, with none, and from simulations with known truth."""

from __future__ import annotations

import numpy as np
import pytest

from scaling_cli.errors import LawError
from scaling_cli.laws.crossing import crossing
from scaling_cli.laws.frontier import Points
from scaling_cli.laws.resample import question_weights

COST = np.array([1.0, 2.0, 4.0, 8.0, 3.0, 6.0, 12.0])
"""A small model at four budgets, a large one at three."""
OWNER = np.array([0, 0, 0, 0, 1, 1, 1])


def certain(small: list[float], large: list[float]) -> Points:
    """Every question alike, so that every draw says the same."""
    return Points(np.tile([*small, *large], (10, 1)), COST, OWNER)


WEIGHTS = question_weights(10, 50, 0)


def test_a_crossing_is_where_the_second_stays_ahead() -> None:
    found = crossing(certain([0.2, 0.3, 0.4, 0.5], [0.1, 0.6, 0.7]), WEIGHTS, 0, 1)
    assert (found.budget, found.lo, found.hi, found.crosses) == (6.0, 6.0, 6.0, 1.0)
    assert found.reach == 8.0


def test_a_lead_that_is_lost_again_is_no_crossing_yet() -> None:
    # Ahead at 3, behind again at 8, ahead for good at 12: beyond what the small one was run at.
    found = crossing(certain([0.2, 0.3, 0.3, 0.5], [0.4, 0.4, 0.6]), WEIGHTS, 0, 1)
    assert found.budget == 12.0 > found.reach


def test_never_ahead_is_infinite_and_always_ahead_is_zero() -> None:
    never = crossing(certain([0.2, 0.3, 0.4, 0.5], [0.1, 0.2, 0.5]), WEIGHTS, 0, 1)
    assert (never.budget, never.lo, never.hi, never.crosses) == (np.inf, np.inf, np.inf, 0.0)
    # From the other side it is ahead wherever either can be run.
    always = crossing(certain([0.2, 0.3, 0.4, 0.5], [0.1, 0.2, 0.3]), WEIGHTS, 1, 0)
    assert (always.budget, always.lo, always.hi, always.crosses) == (0.0, 0.0, 0.0, 0.0)


def test_a_configuration_that_was_not_run_is_refused() -> None:
    with pytest.raises(LawError, match="name two"):
        crossing(certain([0.1] * 4, [0.2] * 3), WEIGHTS, 0, 5)


def simulated(truth: np.ndarray, questions: int, rng: np.random.Generator) -> Points:
    """Questions of shared difficulty; each point's value is the mean of four answers."""
    difficulty = rng.normal(0, 0.15, (questions, 1))
    chance = np.clip(truth + difficulty, 0, 1)
    return Points(rng.binomial(4, chance) / 4, COST, OWNER)


def test_intervals_hold_the_true_crossing() -> None:
    truth = np.array([0.35, 0.42, 0.48, 0.50, 0.40, 0.55, 0.60])
    rng, weights = np.random.default_rng(3), question_weights(100, 300, 1)
    found = [crossing(simulated(truth, 100, rng), weights, 0, 1) for _ in range(200)]
    held = np.mean([one.lo <= 6.0 <= one.hi for one in found])
    assert held >= 0.92
    # Sure of the truth often enough to be of use.
    assert np.mean([one.lo == one.hi == 6.0 for one in found]) > 0.15


def test_equal_configurations_leave_the_interval_unbounded() -> None:
    truth = np.array([0.3, 0.4, 0.5, 0.5, 0.4, 0.5, 0.5])
    rng, weights = np.random.default_rng(4), question_weights(100, 300, 1)
    found = [crossing(simulated(truth, 100, rng), weights, 0, 1) for _ in range(50)]
    assert np.mean([np.isinf(one.hi) for one in found]) > 0.9
