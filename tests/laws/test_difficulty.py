"""Bins of difficulty: equal where they can be, and equals never apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.difficulty import difficulty_bins


def test_distinct_rates_fall_into_equal_bins_easy_first() -> None:
    bins = difficulty_bins(np.linspace(0, 1, 50))
    assert np.bincount(bins).tolist() == [10] * 5
    assert bins[-1] == 0 and bins[0] == 4


def test_many_equals_leave_fewer_bins() -> None:
    assert difficulty_bins(np.zeros(9)).tolist() == [0] * 9
    assert len(set(difficulty_bins(np.array([0.0] * 30 + [1.0] * 30)))) == 2


@given(st.lists(st.integers(0, 16), min_size=1, max_size=80), st.integers(1, 6))
def test_bins_keep_the_order_and_equals_together(right: list[int], wanted: int) -> None:
    rate = np.array(right) / 16
    bins = difficulty_bins(rate, bins=wanted)
    assert set(bins) == set(range(bins.max() + 1)) and bins.max() < wanted
    for value in set(rate):
        assert len(set(bins[rate == value])) == 1
    order = np.argsort(-rate, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()


def test_what_is_no_rate_is_refused() -> None:
    for rate in (np.array([]), np.array([np.nan]), np.zeros((2, 2))):
        with pytest.raises(LawError, match="cannot be put"):
            difficulty_bins(rate)
