"""Cross-fitted values: by hand, against the average they must have, and free of the curse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.cross_fit import out_of_fold
from scaling_cli.laws.frontier import Points, cross_fit


def test_each_question_is_scored_by_what_the_other_chose() -> None:
    # Of two questions each is right about another point, so each chooses what the other fails.
    points = Points(np.eye(2), np.ones(2), np.arange(2))
    assert out_of_fold(points, np.ones(1)).ravel().tolist() == [0.0, 0.0]
    agreed = Points(np.array([[0.2, 0.7], [0.1, 0.4]]), np.array([1.0, 2.0]), np.arange(2))
    found = out_of_fold(agreed, np.array([0.5, 1.0, 2.0]))
    assert np.isnan(found[:, 0]).all()
    assert found[:, 1:] == pytest.approx(np.array([[0.2, 0.7], [0.1, 0.4]]))


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_their_mean_is_the_cross_fitted_accuracy(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.random((8, count)) + 0.01
    points = Points(values, rng.integers(1, 5, count).astype(float), np.arange(count))
    at = np.array([2.0, 5.0])
    assert out_of_fold(points, at).mean(axis=0) == pytest.approx(
        cross_fit(points, at)[1], nan_ok=True
    )


def test_a_half_that_finds_nothing_right_may_take_the_cheapest_point() -> None:
    nothing = Points(np.zeros((4, 2)), np.array([2.0, 1.0]), np.arange(2))
    at = np.array([0.5, 1.0, 2.0])
    assert np.isnan(out_of_fold(nothing, at)).all()
    found = out_of_fold(nothing, at, anything=True)
    assert np.isnan(found[:, 0]).all() and (found[:, 1:] == 0).all()


def test_in_expectation_the_choice_looks_better_where_it_was_made() -> None:
    rng = np.random.default_rng(2)
    honest, optimistic = [], []
    for _ in range(100):
        values = (rng.random((40, 12)) < 0.5).astype(float)
        points = Points(values, np.ones(12), np.arange(12))
        honest.append(out_of_fold(points, np.ones(1)).mean())
        optimistic.append(values.mean(axis=0).max())
    assert np.mean(honest) == pytest.approx(0.5, abs=0.02) and np.mean(optimistic) > 0.6


def test_one_question_is_refused() -> None:
    with pytest.raises(LawError, match="halved"):
        out_of_fold(Points(np.ones((1, 1)), np.ones(1), np.zeros(1, int)), np.ones(1))
