from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from scaling_cli.laws.binomial import binomial, stray


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 12_000), st.floats(1e-4, 1 - 1e-4))
def test_chances(count: int, theta: float) -> None:
    levels = np.arange(count + 1)
    found = binomial(np.array(count), levels, theta)
    np.testing.assert_allclose(found, binom.pmf(levels, count, theta), rtol=1e-10, atol=1e-14)
    assert found.sum() == 1 or abs(found.sum() - 1) < 1e-12


def test_small_chances_by_hand() -> None:
    counts, levels = np.array([[1], [2]]), np.arange(-1, 4)
    expected = [[0, 0.75, 0.25, 0, 0], [0, 0.5625, 0.375, 0.0625, 0]]
    np.testing.assert_allclose(binomial(counts, levels, 0.25), expected, rtol=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5_000), st.floats(1e-3, 1 - 1e-3), st.floats(1e-18, 0.1))
def test_no_more_strays_than_is_said(count: int, theta: float, chance: float) -> None:
    away = float(stray(count, theta, chance))
    assert binom.sf(np.ceil(count * theta + away) - 1, count, theta) <= chance
    assert binom.cdf(np.floor(count * theta - away), count, theta) <= chance
