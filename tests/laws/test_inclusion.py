from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from scaling_cli.laws import inclusion
from scaling_cli.laws.inclusion import BLOCK, Plan, circle, plans, stretches


def read(plan: Plan, n: int, values: np.ndarray) -> np.ndarray:
    """What a plan reads off a function with these values at k = 0..n."""
    points = plan.points
    sizes = np.arange(n + 1)
    chance = binom.pmf(sizes[:, None], n, points.theta[points.window])
    shown = (chance * points.powers(sizes) * values[:, None]).sum(axis=0)
    return np.asarray((shown @ plan.back).real)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 150), st.data())
def test_any_values_are_read_off(n: int, data: st.DataObject) -> None:
    ks = np.array(sorted(data.draw(st.sets(st.integers(1, n), min_size=1))))
    values = np.random.default_rng(data.draw(st.integers(0, 99))).random(n + 1)
    values[0] = 0.0  # an empty subset is never right
    found = plans(n, ks)
    np.testing.assert_array_equal(np.concatenate([plan.ks for plan in found]), ks)
    for plan in found:
        np.testing.assert_allclose(read(plan, n, values), values[plan.ks], atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 64, 80, 128, 256, 337, 512])
def test_a_frame_needs_few_points_and_loses_little(n: int) -> None:
    ks = np.arange(1, n + 1)
    frame = inclusion._frame(n)
    assert frame.loss < 300
    if n >= 20:
        assert len(frame.points) < 0.9 * (n + 1)
        (plan,) = plans(n, ks)
        assert plan.points is frame.points


def test_an_error_moves_values_by_no_more_than_the_loss() -> None:
    rng = np.random.default_rng(0)
    for plan in (inclusion._frame(60), circle(60, np.arange(20, 30))):
        for _ in range(50):
            error = np.exp(2j * np.pi * rng.random(len(plan.points)))
            assert np.abs((error @ plan.back).real).max() <= plan.loss * (1 + 1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 2_000), st.data())
def test_circles_serve_every_k_with_a_fair_chance(n: int, data: st.DataObject) -> None:
    ks = np.unique(data.draw(st.lists(st.integers(1, n), min_size=1, max_size=30)))
    served = [ks[stretch] for stretch in stretches(ks, n)]
    np.testing.assert_array_equal(np.concatenate(served), ks)
    for stretch in served:
        plan = circle(n, stretch)
        assert plan.loss < 1e5
        assert (plan.points.order % 2 == 1).all()


@pytest.mark.parametrize("plan", [inclusion._frame(300), circle(5_000, np.array([1_000]))])
def test_blocks_hold_every_point_once(plan: Plan) -> None:
    blocks = list(plan.points.blocks())
    assert len(blocks) > 1
    taken = [plan.points.take(block) for block in blocks]
    assert max(map(len, taken)) <= BLOCK and sum(map(len, taken)) == len(plan.points)
    exponents = np.array([0, 1, 17])
    together = np.hstack([points.powers(exponents) for points in taken])
    np.testing.assert_array_equal(together, plan.points.powers(exponents))
    np.testing.assert_allclose(np.hstack([points.base for points in taken]), plan.points.base)


def test_the_least_turn_grows_along_a_circle() -> None:
    points = circle(5_000, np.array([1_000])).points
    turns = [points.take(block).least_turn for block in points.blocks()]
    assert turns[0] == 0 and turns == sorted(turns) and 0.7 < turns[-1] <= 1
