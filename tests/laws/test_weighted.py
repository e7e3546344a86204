from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.accuracy import best_of
from scaling_cli.laws.best_majority import best_majority
from scaling_cli.laws.majority import majority
from scaling_cli.laws.weighted import WEIGHT_MAPS, weighted_majority

from .enumeration import best_vote, classes_of, over_subsets, ragged, scores_of, vote


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_small_banks_are_enumerated(data: st.DataObject) -> None:
    classes = data.draw(classes_of(longest=8))
    weights = data.draw(scores_of(len(classes), distinct=False))
    ks = range(1, len(classes) + 1)
    values, error = weighted_majority(np.array([classes]), np.array([weights]), ks)
    expected = [over_subsets(len(classes), k, lambda s: vote(classes, weights, s)) for k in ks]
    np.testing.assert_allclose(values[0], expected, atol=1e-12)
    assert (error == 0).all()


def test_permutations_agree_with_enumeration(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    classes, weights = rng.integers(-1, 4, (40, 10)), rng.random((40, 10))
    ks = np.arange(1, 11)
    exact, _ = weighted_majority(classes, weights, ks)
    monkeypatch.setattr("scaling_cli.laws.weighted.ENUMERABLE", 0)
    sampled, error = weighted_majority(classes, weights, ks, tolerance=2e-3, seed=1)
    assert 0 < error.max() <= 2e-3
    off = np.abs(sampled.mean(axis=0) - exact.mean(axis=0))
    assert (off <= 4.5 * error + 1e-12).all()
    assert np.abs(sampled - exact).max() < 0.15


def test_the_stated_error_is_the_spread_between_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    classes, weights = rng.integers(0, 4, (20, 8)), rng.random((20, 8))
    exact = weighted_majority(classes, weights, [3, 5])[0].mean(axis=0)
    monkeypatch.setattr("scaling_cli.laws.weighted.ENUMERABLE", 0)
    runs = [
        weighted_majority(classes, weights, [3, 5], tolerance=1e-9, most_permutations=64, seed=s)
        for s in range(40)
    ]
    scaled = np.array([(values.mean(axis=0) - exact) / error for values, error in runs])
    assert 0.7 < scaled.std() < 1.35
    assert abs(scaled.mean()) < 0.5


def test_equal_weights_are_the_plain_majority_without_error() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(-1, 6, (60, 40))
    values, error = weighted_majority(classes, np.full(classes.shape, 0.3), range(1, 41))
    np.testing.assert_allclose(values, majority(classes, range(1, 41)), atol=1e-12)
    assert error.max() < 1e-12


def test_ragged_rows_and_failed_weights() -> None:
    rng = np.random.default_rng(3)
    rows = [rng.integers(-1, 3, n).tolist() for n in (30, 24, 6, 1)]
    table = ragged(rows)
    weights = np.where(table == -9, np.nan, rng.random(table.shape))
    weights[0, :5] = np.nan
    values, _ = weighted_majority(table, weights, [1, 6, 24, 30])
    np.testing.assert_array_equal(np.isnan(values).sum(axis=1), [0, 1, 2, 3])
    heard = (table == 0) & ~np.isnan(weights)
    np.testing.assert_allclose(values[:, 0], heard.sum(axis=1) / [30, 24, 6, 1], atol=1e-12)


def test_where_the_empty_cells_lie_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    packed = rng.integers(-1, 3, (5, 9))
    packed[:, 7:] = -9
    weights, order = rng.random((5, 9)), rng.permutation(9)
    for select in (weighted_majority, lambda c, w, ks: best_majority(c, w, ks, keep=2)):
        straight, _ = select(packed, weights, [1, 3, 7])
        mixed, _ = select(packed[:, order], weights[:, order], [1, 3, 7])
        np.testing.assert_allclose(mixed, straight, atol=1e-12)
    np.testing.assert_allclose(
        best_of(packed[:, order], weights[:, order], [1, 3, 7]),
        best_of(packed, weights, [1, 3, 7]),
        atol=1e-12,
    )


def test_a_weight_of_zero_still_stands_alone() -> None:
    values, _ = weighted_majority(np.array([[0, -1]]), np.array([[0.0, 1.0]]), [1, 2])
    np.testing.assert_allclose(values[0], [0.5, 1.0])


@pytest.mark.parametrize("weight", [-0.1, 1.5, np.inf])
def test_weights_outside_the_unit_interval_are_refused(weight: float) -> None:
    with pytest.raises(LawError, match="must lie in"):
        weighted_majority(np.array([[0, 1]]), np.array([[weight, 0.5]]), [1])


def test_weight_maps_end_in_the_unit_interval() -> None:
    scores = np.array([-800.0, -3.0, 0.0])
    for name in ("exp", "logistic"):
        mapped = WEIGHT_MAPS[name](scores)
        assert ((mapped >= 0) & (mapped <= 1)).all()
        assert (np.diff(mapped) > 0).all()
    assert WEIGHT_MAPS["logistic"](np.array([800.0])) == 1.0


@settings(max_examples=30, deadline=None)
@given(st.data(), st.integers(1, 4))
def test_best_majority_equals_enumeration(data: st.DataObject, keep: int) -> None:
    classes = data.draw(classes_of(longest=8))
    scores = data.draw(scores_of(len(classes), distinct=True))
    ks = range(1, len(classes) + 1)
    values, error = best_majority(np.array([classes]), np.array([scores]), ks, keep=keep)
    expected = [
        over_subsets(len(classes), k, lambda s: best_vote(classes, scores, keep, s)) for k in ks
    ]
    np.testing.assert_allclose(values[0], expected, atol=1e-12)
    assert (error == 0).all()


def test_best_majority_of_one_is_best_of() -> None:
    rng = np.random.default_rng(0)
    classes, scores = rng.integers(-1, 3, (6, 50)), rng.random((6, 50))
    values, _ = best_majority(classes, scores, range(1, 51), keep=1)
    np.testing.assert_allclose(values, best_of(classes, scores, range(1, 51)), atol=1e-11)


def test_equal_scores_are_averaged_over_their_orders() -> None:
    rng = np.random.default_rng(0)
    classes, ks = rng.integers(0, 3, (60, 12)), range(1, 13)
    values, error = best_majority(classes, np.ones(classes.shape), ks, keep=3, tolerance=2e-3)
    assert 0 < error.max() <= 2e-3
    # Among equal scores the kept are any three of the drawn, so a larger k changes nothing.
    expected = majority(classes, [1, 2, 3, *[3] * 9]).mean(axis=0)
    assert (np.abs(values.mean(axis=0) - expected) <= 4.5 * error + 1e-12).all()
