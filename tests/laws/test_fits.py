"""Fits read laws back from data that follow them, and refuse data that do not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.special import betaln
from scipy.stats import betabinom

from scaling_cli.laws import coverage_law, power_law, size_law, success, voting_law
from scaling_cli.laws.accuracy import coverage
from scaling_cli.laws.fit import quarter_of
from scaling_cli.laws.resample import question_weights

DATA = Path(os.environ.get("SCALE_SHARED", Path(__file__).parents[3] / "shared")) / "data"


def counts(p: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.binomial(n, p), np.full(len(p), n)


@pytest.mark.parametrize(
    ("config", "a", "b"),
    [
        ("MATH_Llama-3-8B-Instruct", -1.343, -0.432),
        ("MATH_Llama-3-70B-Instruct", -0.771, -0.469),
        ("GSM8K_Llama-3-8B-Instruct", -0.267, -0.872),
    ],
)
def test_the_published_pairs_to_the_printed_digit(config: str, a: float, b: float) -> None:
    path = DATA / "llama3_repeated_sampling.json"
    if not path.exists():
        pytest.skip("the public counts are not beside the project")
    (run,) = [run for run in json.loads(path.read_text()) if run["config"] == config]
    correct = np.rint(np.array(run["theta"]) * 10_000).astype(int)
    weights = question_weights(len(correct), 60, 0)
    fit = coverage_law.fit_coverage(correct, np.full(len(correct), 10_000), weights)
    found = fit.parameters
    assert (round(found["a"].value, 3), round(found["b"].value, 3)) == (a, b)
    assert found["b"].lo < b < found["b"].hi


def test_coverage_law_is_read_back_from_its_own_curve() -> None:
    ks = coverage_law.grid(500)
    found = coverage_law.least_squares(ks, coverage_law.predict([-1.2, -0.5], ks))
    assert found == pytest.approx([-1.2, -0.5], rel=1e-5)


def test_the_thinned_likelihood_is_the_beta_binomial_and_sums_to_one() -> None:
    n = np.full(31, 30)
    x = np.arange(31)
    whole = success.log_likelihood(x, n, np.array([np.log(0.7), np.log(2.0), 20.0]))
    np.testing.assert_allclose(whole, betabinom(30, 0.7, 2.0).logpmf(x), atol=1e-9)
    scaled = success.log_likelihood(x, n, np.array([np.log(0.7), np.log(2.0), 0.4]))
    assert np.exp(scaled).sum() == pytest.approx(1)
    rng = np.random.default_rng(0)
    drawn = rng.binomial(30, rng.beta(0.7, 2.0, 200_000) / (1 + np.exp(-0.4)))
    share = np.bincount(drawn, minlength=31) / len(drawn)
    np.testing.assert_allclose(np.exp(scaled), share, atol=0.005)


def test_coverage_from_the_distribution_is_its_moment() -> None:
    theta = np.array([np.log(0.4), np.log(1.5), 20.0])
    ks = np.array([1, 10, 10_000])
    exact = 1 - np.exp(betaln(0.4, 1.5 + ks) - betaln(0.4, 1.5))
    np.testing.assert_allclose(success.predict(theta, ks), exact, rtol=1e-9)
    scaled = theta - [0, 0, 19.5]
    u = np.random.default_rng(1).beta(0.4, 1.5, 400_000) / (1 + np.exp(-0.5))
    for k in (1, 20):
        measured = (1 - (1 - u) ** k).mean()
        assert success.predict(scaled, [k])[0] == pytest.approx(measured, abs=0.004)


def test_posterior_coverage_of_these_questions() -> None:
    theta = np.array([np.log(0.5), np.log(1.0), 20.0])
    chance = success.posterior_coverage(np.array([3, 0]), np.array([8, 8]), theta, 24)
    exact = 1 - np.exp(betaln(0.5, 1 + 32) - betaln(0.5, 1 + 8))
    assert chance[0] == 1 and chance[1] == pytest.approx(exact)


def test_predictive_coverage_is_that_of_fresh_samples() -> None:
    theta = np.array([np.log(0.5), np.log(1.0), 20.0])
    ks = np.array([1, 24])
    fresh = success.predictive_coverage(np.array([3, 0]), np.array([8, 8]), theta, ks)
    for row, (alpha, beta) in zip(fresh, [(3.5, 6.0), (0.5, 9.0)], strict=True):
        exact = 1 - np.exp(betaln(alpha, beta + ks) - betaln(alpha, beta))
        np.testing.assert_allclose(row, exact, rtol=1e-9)
    # What these questions have already counts for more: one that was right stays covered.
    more = success.posterior_coverage(np.array([3, 0]), np.array([8, 8]), theta, 24)
    assert (more >= fresh[:, 1]).all()


@pytest.mark.parametrize("law", [coverage_law, success])
def test_coverage_beyond_the_samples_is_predicted_with_an_interval(law: ModuleType) -> None:
    p = np.random.default_rng(5).beta(0.5, 1.5, 120)
    right, n = counts(p, 64, 6)
    ks = np.array([1, 16, 64, 512])
    value, lo, hi = law.predict_at(right, n, question_weights(120, 60, 0), ks)
    assert ((lo <= value) & (value <= hi)).all() and (np.diff(value) > 0).all()
    whole = coverage(right, n, ks[:3]).mean(axis=0)
    np.testing.assert_allclose(value[:3], whole, atol=0.06)
    fresh = (1 - (1 - p) ** 512).mean()
    assert lo[3] - 0.02 <= fresh <= hi[3] + 0.02


def test_exponents_are_covered_by_their_intervals() -> None:
    held = 0
    for seed in range(20):
        p = np.random.default_rng(seed).beta(0.5, 1.5, 80)
        right, n = counts(p, 16, seed + 100)
        theta, top = success.maximise(right, n, np.ones(len(n)), starts=success.STARTS[:1])
        lo, hi = success.profile(right, n, theta, top, 0)
        held += np.exp(lo) <= 0.5 <= np.exp(hi)
    assert held >= 16  # 95% of 20 is 19; fewer than 16 has a chance of 1 in 300


def test_the_success_law_predicts_data_of_its_own_kind() -> None:
    refused = 0
    for seed in range(3):
        p = np.random.default_rng(seed).beta(0.4, 1.2, 60)
        fit = success.fit_success(*counts(p, 32, seed), question_weights(60, 40, seed))
        refused += fit.refused
        assert fit.holdout is not None
    assert refused <= 1


def test_hold_out_refuses_a_cliff_that_no_power_law_predicts() -> None:
    """Half the questions are certain, half are had once in 300: nothing in a quarter tells."""
    p = np.r_[np.full(60, 0.97), np.full(60, 1 / 120)]
    right, n = counts(p, 256, 3)
    fit = coverage_law.fit_coverage(right, n, question_weights(120, 200, 0))
    assert fit.refused and "quarter of the samples" in fit.reason


def test_a_bank_too_small_for_the_check_is_refused() -> None:
    right, n = counts(np.linspace(0.1, 0.9, 40), 8, 0)
    fit = coverage_law.fit_coverage(right, n, question_weights(40, 60, 0))
    assert fit.refused and "8 samples a question leave 2" in fit.reason
    always = coverage_law.fit_coverage(n, n, question_weights(40, 60, 0))
    assert always.refused and not always.parameters


def classes(shares: np.ndarray, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(len(share), n, p=share) for share in shares])


def test_a_voting_curve_ends_at_its_ceiling_and_is_predicted() -> None:
    rng = np.random.default_rng(2)
    shares = np.vstack([rng.dirichlet([6, 2, 1, 1], 70), rng.dirichlet([2, 6, 1, 1], 30)])
    refused = 0
    for seed in range(3):
        fit = voting_law.fit_voting(classes(shares, 128, seed), question_weights(100, 80, seed))
        refused += fit.refused
        ceiling = (shares.argmax(axis=1) == 0).mean()
        assert fit.parameters["ceiling"].lo <= ceiling <= fit.parameters["ceiling"].hi
        assert np.abs(fit.residuals).max() < 0.03
        values = [parameter.value for parameter in fit.parameters.values()]
        assert voting_law.predict(values, [10**9])[0] == pytest.approx(values[0], abs=0.02)
    assert refused <= 1


def test_a_voting_curve_can_fall() -> None:
    shares = np.tile([0.35, 0.45, 0.2], (60, 1))
    fit = voting_law.fit_voting(classes(shares, 128, 0), question_weights(60, 100, 0))
    assert fit.parameters["ceiling"].value < 0.2 < fit.observed[0]
    assert fit.predicted[-1] < fit.predicted[0]


def powers(floor: float, b: float, a: float, questions: int = 400) -> tuple[np.ndarray, np.ndarray]:
    cost = np.geomspace(1, 1000, 12) * 1e12
    error = floor + b * (cost / 1e12) ** -a
    u = np.random.default_rng(0).random((questions, 1))
    return (u > error).astype(float), cost


def test_a_saturating_power_law_is_read_back() -> None:
    values, cost = powers(0.2, 0.6, 0.6, 4000)
    fit = power_law.fit_power(values, cost, question_weights(4000, 100, 0))
    assert not fit.refused, fit.reason
    assert fit.parameters["floor"].value == pytest.approx(0.2, abs=0.03)
    assert fit.parameters["a"].value == pytest.approx(0.6, abs=0.1)
    assert power_law.predict([0.2, 0.6 * 1e12**0.6, 0.6], cost)[0] == pytest.approx(0.8)


def test_a_floor_that_cannot_be_told_is_refused() -> None:
    values, cost = powers(0.0, 0.6, 0.1, 60)
    fit = power_law.fit_power(values, cost, question_weights(60, 100, 0))
    assert fit.refused and "not identified" in fit.reason
    short = power_law.fit_power(values[:, :4], cost[:4] / cost[0], question_weights(60, 50, 0))
    assert short.refused and "decade" in short.reason
    few = power_law.fit_power(values[:, :3], cost[:3], question_weights(60, 50, 0))
    assert few.refused and "3 points" in few.reason


def test_the_power_laws_hold_out_compares_at_the_whole_banks_cost() -> None:
    values, cost = powers(0.2, 0.6, 0.6, 2000)
    weights = question_weights(2000, 200, 0)
    held = power_law.hold_out(values[:, :8], cost[:8], values[:, -1], cost[-1], weights, 64)
    assert held.passed and held.observed == pytest.approx(values[:, -1].mean())
    broken = power_law.hold_out(values[:, :8], cost[:8], np.zeros(2000), cost[-1], weights, 64)
    assert not broken.passed


def ladder(steps: list[float], questions: int = 400, seed: int = 1) -> size_law.Sizes:
    """Sizes 1e8, 1e9, ...: each begins at the cost where the one before has nothing more to win."""
    starts = 1e10 * np.cumprod([1.0, *steps])
    cost = np.concatenate([start * np.geomspace(1, 8, 4) for start in starts])
    size = np.repeat(10.0 ** (8 + np.arange(len(starts))), 4)
    accuracy = np.concatenate([0.2 + 0.15 * n + np.array([0, 0.05, 0.08, 0.1])
                               for n in range(len(starts))])  # fmt: skip
    u = np.random.default_rng(seed).random((questions, 1))
    return size_law.Sizes((u < accuracy).astype(float), cost, size)


def quarter_points(whole: size_law.Sizes) -> size_law.Sizes:
    """The first two points of each size."""
    kept = np.arange(len(whole.cost)) % 4 < 2
    return size_law.Sizes(whole.values[:, kept], whole.cost[kept], whole.parameters[kept])


def test_sizes_need_three_above_the_floor() -> None:
    whole = ladder([30, 30])
    weights = question_weights(400, 100, 0)
    fit = size_law.fit_size(whole, weights)
    assert not fit.refused, fit.reason
    assert fit.parameters["slope"].value > 0.5
    whole.values[:, :4] = 0
    fit = size_law.fit_size(whole, weights)
    assert fit.refused and "near the floor: 1e+08" in fit.reason


def test_a_line_of_sizes_holds_out_and_a_bent_one_is_refused() -> None:
    weights = question_weights(400, 100, 0)
    straight = ladder([16, 16, 16])
    fit = size_law.fit_size(straight, weights, part=quarter_points(straight), k=8)
    assert fit.holdout is not None and not fit.refused, fit.reason
    bent = ladder([12, 12, 50_000])
    fit = size_law.fit_size(bent, weights, part=quarter_points(bent), k=8)
    assert fit.refused and "the largest size overtake" in fit.reason
    few = size_law.fit_size(straight, weights, part=quarter_points(straight), few="too few")
    assert few.reason == "too few"


def test_a_quarter_is_a_random_quarter() -> None:
    right, kept = quarter_of(np.array([40, 0, 80]), np.array([80, 80, 80]), 0)
    assert kept.tolist() == [20, 20, 20] and right[1] == 0 and right[2] == 20
    assert 3 <= right[0] <= 17
