"""The gate's level, what falls and what does not, and the power it claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.gate import falls_twice, judge, lost_whole

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray


def lost(questions: int, count: int, places: int = 1) -> FloatArray:
    """Gains of a run that lost `count` answers and is otherwise the same."""
    gains = np.zeros((questions, places))
    gains[:count] = -1
    return gains


def skewed(rng: np.random.Generator, questions: int, places: int) -> FloatArray:
    """Differences of two draws of one skewed law, alike over places."""
    shape = (questions, 1)
    shared = rng.lognormal(0, 1.5, shape) - rng.lognormal(0, 1.5, shape)
    own = rng.lognormal(0, 1.5, (questions, places)) - rng.lognormal(0, 1.5, (questions, places))
    return np.asarray(shared + own)


def allowed(rate: float, replicates: int) -> float:
    return rate + 3 * (rate * (1 - rate) / replicates) ** 0.5


@pytest.mark.parametrize("questions", [6, 12, 60])
def test_an_unchanged_run_fails_one_time_in_twenty_however_skewed(questions: int) -> None:
    rng = np.random.default_rng(questions)
    fails = [judge([skewed(rng, questions, 6)], draws=199).falls.any() for _ in range(600)]
    assert np.mean(fails) <= allowed(0.05, 600)
    if questions > 6:
        assert np.mean(fails) >= 0.02  # and is not merely silent


def test_two_tasks_are_judged_together() -> None:
    rng = np.random.default_rng(0)
    tables = [(skewed(rng, 30, 3), skewed(rng, 11, 2)) for _ in range(600)]
    fails = [judge(pair, draws=199).falls.any() for pair in tables]
    assert np.mean(fails) <= allowed(0.05, 600)
    together, alone = judge(tables[0]), judge(tables[0][:1])
    assert together.critical > alone.critical and len(together.gain) == 5
    assert together.questions.tolist() == [30, 30, 30, 11, 11]


def test_without_variance_a_place_falls_unless_equal() -> None:
    gains = np.tile([-0.01, 0.0, 0.01], (20, 1))
    assert judge([gains]).falls.tolist() == [True, False, False]
    nothing = judge([np.zeros((20, 2))])
    assert not nothing.falls.any() and nothing.reach.tolist() == [0, 0]


def test_sums_of_equal_numbers_in_another_order_are_equal() -> None:
    parts = np.random.default_rng(0).random((30, 3))
    gains = (parts.sum(axis=1) - parts[:, ::-1].sum(axis=1))[:, None]
    rest = np.random.default_rng(1).normal(size=(30, 1))
    assert np.abs(gains).max() > 0
    assert not judge([np.hstack([gains, rest])]).falls[0]


def test_whole_answers_fall_as_the_sign_test_says() -> None:
    """Four lost alone happen by chance once in 16 times, five once in 32."""
    assert not judge([lost(40, 4)]).falls[0]
    assert judge([lost(40, 5)]).falls[0]
    mixed = lost(40, 8)
    mixed[8:10] = 1  # ten differ, two for the better: once in 18 times
    assert not judge([mixed]).falls[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_units_and_copies_of_a_place_change_nothing(seed: int, unit: float) -> None:
    gains = skewed(np.random.default_rng(seed), 20, 2) - 0.3
    plain = judge([gains], draws=199)
    scaled = judge([gains * [1, unit]], draws=199)
    assert scaled.critical == pytest.approx(plain.critical)
    assert scaled.falls.tolist() == plain.falls.tolist()
    copied = judge([gains[:, [0, 1, 1]]], draws=199)
    assert copied.critical == pytest.approx(plain.critical)


def test_absent_questions_do_not_count() -> None:
    gains = skewed(np.random.default_rng(3), 30, 2)
    gains[20:, 1] = np.nan
    found = judge([gains])
    assert found.questions.tolist() == [30, 20]
    assert found.gain[1] == pytest.approx(gains[:20, 1].mean())
    assert found.error[1] == pytest.approx(gains[:20, 1].std(ddof=1) / np.sqrt(20))


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(LawError, match="4 questions cannot show"):
        judge([np.zeros((4, 1))])
    assert judge([np.full((5, 1), -1.0)]).falls[0]


def test_the_printed_smallest_loss_is_seen_four_times_in_five() -> None:
    rng, places = np.random.default_rng(7), np.arange(3)
    caught = []
    for _ in range(400):
        gains = 0.2 * rng.normal(size=(60, 1)) + 0.2 * rng.normal(size=(60, 5))
        smallest = judge([gains], draws=299).smallest(places)
        gains[:, places] -= smallest
        caught.append(judge([gains], draws=299).falls[places].any())
    assert 0.75 - 0.06 <= np.mean(caught) <= 0.92


def printed(gains: FloatArray, places: list[int]) -> float:
    return judge([gains]).smallest_of_answers(np.array(places), lost_whole(0 * gains, gains))


def test_whole_answers_cannot_be_lost_in_part() -> None:
    assert judge([np.zeros((50, 2))]).smallest(np.array([0])) == 0
    assert printed(np.zeros((50, 2)), [0]) == pytest.approx(5 / 50)
    gains = np.hstack([lost(50, 1), 0.3 * np.random.default_rng(0).normal(size=(50, 1))])
    needed = round(50 * printed(gains, [0]))
    assert 5 <= needed <= 8
    whole = np.hstack([lost(50, needed), gains[:, 1:]])
    fewer = np.hstack([lost(50, needed - 2), gains[:, 1:]])
    assert judge([whole]).falls[0] and not judge([fewer]).falls[0]
    assert printed(gains, [0, 1]) == printed(gains, [1])


def test_where_hardly_a_question_differs_its_small_spread_promises_nothing() -> None:
    """A curve that all but two questions end at 1: the error is tiny, and a loss will not be."""
    rng = np.random.default_rng(0)
    noise = 0.2 * rng.normal(size=(50, 1))
    before, now = np.ones((50, 2)), np.ones((50, 2))
    now[:2, 0] = 0.99
    now[:, 1:] = 0.7 + noise
    assert lost_whole(before, now).tolist() == [True, False]
    gains = np.hstack([1e-5 * noise + now[:, :1] - 1, noise])
    found = judge([gains])
    assert found.smallest(np.array([0])) < 0.002
    assert found.smallest_of_answers(np.array([0]), lost_whole(before, now)) >= 5 / 50


def test_a_fall_must_be_there_twice() -> None:
    rng = np.random.default_rng(0)
    noise = [0.1 * rng.normal(size=(50, 2)) for _ in range(3)]
    fallen = [0.2, 0.0]
    first, second = (noise[i] - noise[0] - fallen for i in (1, 2))
    assert falls_twice([first], [second]).tolist() == [True, False]
    assert falls_twice([second], [first]).tolist() == [True, False]
    assert not falls_twice([first], [noise[2] - noise[0]]).any()


def test_three_draws_of_one_thing_fall_twice_as_seldom_as_asked() -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(500):
        runs = rng.lognormal(0, 1, (3, 15, 1)) + rng.lognormal(0, 1, (3, 15, 4))
        gains = [runs[1] - runs[0]], [runs[2] - runs[0]]
        found.append(falls_twice(*gains, level=0.8, draws=199).any())
    assert 0.13 <= np.mean(found) <= allowed(0.2, 500)


def test_what_was_not_sampled_again_must_fall_farther_at_once() -> None:
    """Greedy answers that repeat themselves: seven of one sign happen once in 128 times."""
    assert not falls_twice([lost(40, 6)], [lost(40, 6)]).any()
    assert falls_twice([lost(40, 8)], [lost(40, 8)]).any()
