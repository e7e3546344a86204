from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from scaling_cli.laws.draws import Draws, Tables, ragged
from scaling_cli.laws.inclusion import circle

COUNTS = np.array([1, 3, 40, 2_000])


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(1, 2_000))
def test_what_is_left_out_is_negligible(theta: float, other: float, highest: int) -> None:
    thetas = np.array([theta, other])
    draws = Draws.of(COUNTS, highest, thetas, 1e-12)
    for place, count in enumerate(COUNTS):
        first, top = draws.first[place], draws.top[place]
        assert draws.place[count] == place
        # Levels above the highest are of no interest; others are left out with a reason.
        beyond = binom.cdf(highest, count, thetas) - binom.cdf(top, count, thetas)
        assert (beyond <= 2e-12).all()
        assert top >= min(highest, first)
        within = np.arange(first, top + 1)
        np.testing.assert_allclose(
            draws.chance[:, place, : len(within)],
            binom.pmf(within, count, thetas[:, None]),
            atol=2e-12,
        )
        upto = binom.cdf(within, count, thetas[:, None]).max(axis=0)
        np.testing.assert_allclose(draws.upto[place, : len(within)], upto, atol=1e-11)


def test_tables_show_the_draws_at_each_point() -> None:
    points = circle(2_000, np.array([900])).points
    points = points.take(next(points.blocks()))
    draws = Draws.of(COUNTS, 1_200, points.theta, 1e-14)
    tables = Tables.of(draws, points, np.array([1, 2, 30, 1_000]))
    levels = np.arange(1_001)
    chance = binom.pmf(levels, 2_000, points.theta[0])
    full = chance[:, None] * points.powers(levels)
    cell = tables.cell(np.array([2_000]), np.array([1_000]))
    shift = points.powers(draws.first[-1:])
    np.testing.assert_allclose(tables.exact[cell] * shift, full[-1:], atol=1e-13)
    middle = full.sum(axis=0) - full[-1] / 2
    np.testing.assert_allclose((tables.middle[cell] * shift)[0], middle, atol=1e-13)


def test_the_rest_is_a_power_and_a_turn() -> None:
    points = circle(50, np.array([20])).points
    tables = Tables.of(Draws.of(COUNTS[:2], 3, points.theta, 1e-14), points, np.array([1, 3]))
    merged, shift = np.array([7, 0, 7]), np.array([2, 5, 0])
    expected = points.base ** merged[:, None] * points.powers(shift)
    np.testing.assert_allclose(tables.rest(merged, shift), expected, atol=1e-14)


def test_ragged_cells() -> None:
    row, column = ragged(np.array([2, 0, 3]))
    assert row.tolist() == [0, 0, 2, 2, 2] and column.tolist() == [0, 1, 0, 1, 2]
