from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scaling_cli.errors import LawError
from scaling_cli.laws.resample import (
    band,
    bootstrap_means,
    difference_sd,
    paired_difference,
    question_weights,
    questions_needed,
    simultaneous_difference,
    smallest_difference,
)

SIMULATION = Path(__file__).parents[2] / "benchmarks" / "coverage_of_intervals.py"


def test_every_draw_has_as_many_questions_and_the_same_seed_the_same_draws() -> None:
    weights = question_weights(30, 3_000, 7)
    assert weights.dtype == np.uint8
    assert (weights.sum(axis=1) == 30).all()
    np.testing.assert_array_equal(weights, question_weights(30, 3_000, 7))
    assert (weights != question_weights(30, 3_000, 8)).any()
    assert len(np.unique(weights, axis=0)) > 2_990  # blocks do not repeat each other
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=0.1)
    assert weights.var() == pytest.approx(29 / 30, rel=0.03)


def test_means_are_the_means_of_what_is_drawn() -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.random((12, 5)), question_weights(12, 50, 0)
    expected = [np.average(values, axis=0, weights=row) for row in weights]
    np.testing.assert_allclose(bootstrap_means(values, weights), expected)


def test_missing_values_leave_the_mean_of_the_rest() -> None:
    values = np.array([[0.0, 1.0], [1.0, np.nan], [0.5, np.nan]])
    weights = np.array([[1, 1, 1], [0, 2, 1]], np.uint8)
    means = bootstrap_means(values, weights)
    np.testing.assert_allclose(means[:, 0], [0.5, 2.5 / 3])
    assert means[0, 1] == 1.0 and np.isnan(means[1, 1])


@settings(max_examples=30, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.floats(0, 1)))
def test_a_band_has_width_and_holds_the_mean(values: np.ndarray) -> None:
    lo, hi = band(values, question_weights(len(values), 200, 0))
    mean = values.mean(axis=0)
    assert (lo < hi).all()
    assert ((lo <= mean + 1e-12) & (mean <= hi + 1e-12)).all()
    assert ((lo >= 0) & (hi <= 1)).all()


def test_unanimous_questions_get_the_interval_of_jeffreys() -> None:
    from scipy.stats import beta

    lo, hi = band(np.ones((30, 1)), question_weights(30, 40_000, 0))
    assert hi[0] == 1.0
    assert lo[0] == pytest.approx(beta.ppf(0.025, 30.5, 0.5), abs=0.005)


def test_far_from_the_ends_the_band_is_the_percentile_bootstrap() -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.random((500, 2)), question_weights(500, 4_000, 0)
    plain = np.quantile(bootstrap_means(values, weights), [0.025, 0.975], axis=0)
    np.testing.assert_allclose(band(values, weights), plain, atol=0.003)


def test_a_k_nobody_reaches_has_no_band() -> None:
    values = np.column_stack([np.ones(4), np.full(4, np.nan)])
    lo, hi = band(values, question_weights(4, 100, 0))
    np.testing.assert_array_equal(np.isnan(lo), [False, True])
    np.testing.assert_array_equal(np.isnan(hi), [False, True])


def test_bands_cover_as_promised() -> None:
    simulation = runpy.run_path(str(SIMULATION))
    rows = list(simulation["measure"](300, 400, seed=1))
    assert len(rows) == 96
    # 300 replicates: a cell at the edge of the promise strays by up to 4 points.
    assert simulation["broken"](rows, slack=0.04) == []
    assert min(row.band for row in rows) < 0.99  # nor is it trivially wide
    assert min(row.difference for row in rows) >= 0.90
    # The plain percentile bootstrap breaks the promise, so the simulation can tell.
    assert min(row.percentile for row in rows) < 0.5


def test_bands_of_curves_cover_as_promised() -> None:
    simulation = runpy.run_path(str(SIMULATION))
    rows = list(simulation["measure_curves"](200, 300))
    assert len(rows) == 144
    assert simulation["broken"](rows, slack=0.06) == []
    assert min(row.percentile for row in rows) < 0.6


def test_pairing_removes_what_questions_share() -> None:
    rng = np.random.default_rng(0)
    hardness = rng.random((200, 1))
    first, second = hardness * 0.8 + 0.1 + rng.normal(0, 0.02, (200, 1)), hardness * 0.8
    weights = question_weights(200, 1_000, 0)
    gap = paired_difference(first, second, weights)
    assert gap.mean[0] == pytest.approx(0.1, abs=0.01)
    assert 0.09 < gap.lo[0] < 0.1 < gap.hi[0] < 0.11
    unpaired = band(first, weights)[1] - band(second, weights)[0]
    assert gap.hi[0] - gap.lo[0] < unpaired[0] / 5


def test_no_difference_seen_is_not_no_difference() -> None:
    same = np.ones((50, 1))
    gap = paired_difference(same, same, question_weights(50, 2_000, 0))
    assert gap.lo[0] < -0.01 and gap.hi[0] > 0.01
    assert gap.sd[0] > 0


def test_a_difference_is_over_questions_both_reach() -> None:
    first = np.array([[1.0], [np.nan], [1.0]])
    second = np.array([[0.0], [0.0], [np.nan]])
    gap = paired_difference(first, second, question_weights(3, 100, 0))
    assert gap.questions[0] == 1 and gap.mean[0] == 1.0


def test_the_simultaneous_band_holds_whole_curves() -> None:
    rng = np.random.default_rng(0)
    weights, held, pointwise = question_weights(60, 300, 0), 0, 0
    for _ in range(150):
        second = rng.random((60, 25))
        first = np.clip(second + rng.normal(0, 0.2, second.shape), 0, 1)
        truth = 0.0  # clipping is symmetric
        gap = simultaneous_difference(first, second, weights)
        held += bool(((gap.lo <= truth) & (truth <= gap.hi)).all())
        single = paired_difference(first, second, weights)
        pointwise += bool(((single.lo <= truth) & (truth <= single.hi)).all())
    assert held / 150 >= 0.88
    assert pointwise < held


def test_power_is_what_a_simulation_shows() -> None:
    rng = np.random.default_rng(0)
    questions, sd = 100, 0.3
    step = smallest_difference(sd, questions)
    assert step == pytest.approx(2.8016 * sd / 10, rel=1e-4)
    drawn = rng.normal(step, sd, (4_000, questions))
    seen = drawn.mean(axis=1) > 1.96 * drawn.std(axis=1, ddof=1) / np.sqrt(questions)
    assert seen.mean() == pytest.approx(0.8, abs=0.03)
    assert questions_needed(sd, step) in (100, 101)


def test_the_spread_of_differences() -> None:
    gaps = np.random.default_rng(0).normal(0, 0.2, (400, 1)).clip(-1, 1)
    assert difference_sd(gaps)[0] == pytest.approx(gaps.std(), rel=0.05)


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(LawError):
        question_weights(0, 10, 0)
    with pytest.raises(LawError):
        bootstrap_means(np.ones((3, 1)), question_weights(4, 10, 0))
    with pytest.raises(LawError):
        smallest_difference(0.1, 0)
    with pytest.raises(LawError):
        questions_needed(0.1, 0.0)
