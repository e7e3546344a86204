"""The benchmark of crossings, odds and differences: small, and able to see a broken promise."""

from __future__ import annotations

import numpy as np
import pytest

from tests.test_benchmarks import load

bench = load("coverage_of_crossings")


def test_the_true_crossings_are_what_the_true_curves_say() -> None:
    for accuracy, where in bench.TRUTHS.values():
        values = np.tile(accuracy, (2, 1))
        points = bench.Points(values, bench.COST, bench.OWNER)
        found = bench.crossing(points, bench.question_weights(2, 10, 0), 0, 1)
        assert found.budget == where


def test_difficulties_have_the_mean_they_are_given() -> None:
    truth = np.array([0.02, 0.5, 0.9])
    chance = bench.chances(np.random.default_rng(0), truth, 40_000)
    assert np.abs(chance.mean(axis=0) - truth).max() < 0.005


@pytest.mark.parametrize("configurations", bench.CONFIGURATIONS)
def test_odds_are_better_than_a_coin_and_about_as_true_as_they_say(configurations: int) -> None:
    found = bench.sureness(60, 100, configurations)
    np.testing.assert_allclose(found.claimed.sum(axis=1), 1)
    brier, *bins = bench.odds_rows(found)
    assert brier["odds"] < brier["sure"] < brier["coin"]
    assert brier["odds"] < brier["coin"] / 2
    assert sum(row["cases"] for row in bins) == 60 * configurations
    sure = bins[-1]
    assert abs(sure["claimed"] - sure["true"]) < 0.15


def test_who_always_names_the_truth_scores_nothing_and_who_never_does_two() -> None:
    best = np.eye(2)[[0, 1, 1]]
    found = bench.Sureness("two", claimed=best, true=best, sure=1 - best)
    assert found.brier(found.claimed) == 0 and found.brier(found.sure) == 2


def test_a_broken_promise_is_seen() -> None:
    kept = {"what": "crossing", "questions": 100, "covered": 0.95}
    assert bench.broken([kept, kept | {"questions": 40, "covered": 0.5}]) == []
    assert bench.broken([kept | {"covered": 0.91}])
    assert bench.broken([{"what": "band of a difference", "questions": 40, "covered": 0.9}])


def test_the_winners_curse_is_gone_after_cross_fitting() -> None:
    rows = list(bench.measure_recommended(15, 60))
    assert len(rows) == 9 and all(row["curse"] > row["cross_fitted"] for row in rows)
    middle = rows[3]
    assert middle["curse"] > 0.015 and abs(middle["cross_fitted"]) < 0.04
