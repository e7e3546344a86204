"""Voting's limits against simulation, closed forms and known truth."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from scaling_cli.errors import LawError
from scaling_cli.laws.limits import gold_largest, majority_limit, shared_mode, weighted_limit
from scaling_cli.laws.rates import extrapolate, rates
from scaling_cli.laws.resample import question_weights

VOTES = st.lists(st.integers(0, 12), min_size=1, max_size=5).filter(any)


def bank(votes: list[list[int]], silent: int = 0) -> np.ndarray:
    """Answer classes of questions with these votes per class."""
    rows = [np.repeat(np.arange(len(v)), v).tolist() + [-1] * silent for v in votes]
    width = max(map(len, rows))
    return np.array([row + [-9] * (width - len(row)) for row in rows])


@given(VOTES)
@settings(max_examples=30, deadline=None)
def test_gold_largest_is_the_gamma_variables_race(votes: list[int]) -> None:
    rng = np.random.default_rng(1)
    seen = np.array([True, *(v > 0 for v in votes[1:])])
    drawn = np.where(seen, rng.standard_gamma(np.array(votes) + 0.5, (20_000, len(votes))), -1.0)
    share = (drawn.argmax(axis=1) == 0).mean()
    assert gold_largest(np.array([votes]))[0] == pytest.approx(share, abs=0.02)


@given(st.integers(0, 30), st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_two_answers_have_the_beta_posterior(right: int, wrong: int) -> None:
    exact = beta(right + 0.5, wrong + 0.5).sf(0.5)
    assert gold_largest(np.array([[right, wrong]]))[0] == pytest.approx(exact, abs=1e-4)


def test_many_samples_decide_and_few_do_not() -> None:
    weights = question_weights(4, 200, 0)
    few = majority_limit(bank([[5, 3], [3, 5], [8, 0], [0, 8]]), weights)
    many = majority_limit(bank([[500, 300], [300, 500], [800, 0], [0, 800]]), weights)
    assert few.undecided.tolist() == [True, True, False, False]
    assert many.right.tolist() == [True, False, True, False]
    assert many.never.tolist() == [False, True, False, True]
    assert many.mean == pytest.approx(0.5, abs=1e-3) and many.lo < 0.5 < many.hi
    np.testing.assert_array_equal(many.plug_in, [1, 0, 1, 0])


def test_ties_are_shared_and_nobody_voting_is_wrong() -> None:
    limit = majority_limit(bank([[2, 2, 2], [0, 0], [1, 1]], silent=1), question_weights(3, 50, 0))
    assert limit.plug_in == pytest.approx([1 / 3, 0, 1 / 2])
    # As a class of their own, the silent can beat gold.
    as_class = majority_limit(bank([[2]], silent=3), question_weights(1, 50, 0), unanswered="class")
    assert as_class.plug_in[0] == 0 and as_class.wins[0] < 0.5


def test_equal_weights_are_plain_votes() -> None:
    classes = bank([[6, 4], [3, 5, 2], [0, 7], [9]])
    weights = question_weights(4, 100, 0)
    plain = majority_limit(classes, weights)
    for value in (0.3, 1.0):
        same = np.full(classes.shape, value)
        weighted = weighted_limit(classes, same, weights, draws=20_000)
        np.testing.assert_allclose(weighted.plug_in, plain.plug_in)
        np.testing.assert_allclose(weighted.wins, plain.wins, atol=0.015)


def test_a_thousand_questions_that_agree_have_a_narrow_interval() -> None:
    limit = majority_limit(bank([[40]] * 1000), question_weights(1000, 300, 0))
    assert 0.99 < limit.lo <= limit.mean <= limit.hi <= 1


def test_weights_can_turn_a_vote() -> None:
    classes = bank([[40, 60]])
    weight = np.where(classes == 0, 0.9, 0.2)
    limit = weighted_limit(classes, weight, question_weights(1, 50, 0))
    assert limit.plug_in[0] == 1 and limit.right[0]
    weight[0, 0] = np.nan  # a failed scoring does not vote
    assert weighted_limit(classes, weight, question_weights(1, 50, 0)).plug_in[0] == 1


def test_a_prior_of_nothing_and_a_question_of_nothing_are_refused() -> None:
    weights = question_weights(1, 10, 0)
    with pytest.raises(LawError, match="no prior"):
        majority_limit(bank([[1]]), weights, prior=0)
    with pytest.raises(LawError, match="no samples"):
        majority_limit(np.array([[-9, -9]]), weights)


@pytest.mark.parametrize(("questions", "samples"), [(100, 8), (100, 64), (40, 16)])
def test_intervals_cover_the_true_limit_of_the_population(questions: int, samples: int) -> None:
    """Answer probabilities from the prior: gold and three others, Dirichlet(1/2)."""
    rng = np.random.default_rng(questions + samples)
    alpha = np.full(4, 0.5)
    covered = 0
    for run in range(120):
        shares = rng.dirichlet(alpha, questions)
        votes = np.array([rng.multinomial(samples, share) for share in shares])
        limit = majority_limit(bank(votes.tolist()), question_weights(questions, 400, run))
        covered += limit.lo <= 0.25 <= limit.hi
    # Two standard errors of 120 runs below 95%, less three points.
    assert covered / 120 >= 0.95 - 0.03 - 0.04


@given(VOTES.filter(lambda v: sum(v) > 0), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_rates_are_those_of_the_two_leading_answers(votes: list[int], silent: int) -> None:
    found = rates(bank([votes], silent))
    p = np.array([v + 0.5 if v or i == 0 else 0.0 for i, v in enumerate(votes)])
    p /= p.sum() + silent
    rival = p[1:].max(initial=0.0)
    assert found.gap[0] == pytest.approx(p[0] - rival)
    assert found.hoeffding[0] == pytest.approx((p[0] - rival) ** 2 / 2)
    if rival:
        closed = -np.log(1 - (np.sqrt(p[0]) - np.sqrt(rival)) ** 2)
        assert found.exponent[0] == pytest.approx(closed)


def test_where_nobody_has_voted_nothing_is_known() -> None:
    classes = np.array([[-1, -1, -1, -1], [0, 0, 0, 0]])
    weights = question_weights(2, 200, 0)
    plain = majority_limit(classes, weights)
    weighted = weighted_limit(classes, np.ones(classes.shape), weights)
    for limit in (plain, weighted):
        assert limit.wins[0] == pytest.approx(0.5) and limit.wins[1] > 0.95
        assert limit.undecided.tolist() == [True, False]
        assert limit.plug_in.tolist() == [0, 1]
    assert (rates(classes).gap[0], rates(classes).exponent[0]) == (0, 0)
    values, _ = extrapolate(classes[:1], [1, 1000], pools=400)
    assert values[0, 0] < 0.2 and values[0, 1] == pytest.approx(0.5, abs=0.15)


def test_without_a_rival_the_first_sample_decides() -> None:
    assert np.isinf(rates(np.array([[0, 0, 0]])).exponent[0])
    assert np.isfinite(rates(np.array([[0, 0, -1]])).exponent[0])


def test_the_exact_exponent_is_that_of_the_binomial_tail() -> None:
    right = 0.6
    exponent = -np.log1p(-((np.sqrt(right) - np.sqrt(1 - right)) ** 2))

    def wrong(k: int) -> float:
        return sum(comb(k, j) * right**j * (1 - right) ** (k - j) for j in range(k // 2))

    decay = np.log(wrong(400) / wrong(800)) / 400
    assert decay == pytest.approx(exponent, rel=0.1)


def test_a_prediction_has_the_multinomials_expectation() -> None:
    """Many samples pin the posterior down: what is left is the exact multinomial vote."""
    votes, k = [600_000, 400_000], 9
    values, error = extrapolate(np.array([[0] * 600 + [1] * 400]), [k], pools=64, prior=0.5)
    exact = sum(comb(k, j) * 0.6**j * 0.4 ** (k - j) for j in range(5, k + 1))
    assert values[0, 0] == pytest.approx(exact, abs=4 * error[0] + 0.01)
    assert sum(votes) == 1_000_000


def test_a_prediction_tends_to_the_limit() -> None:
    classes = bank([[30, 10], [10, 30], [20, 20], [40, 0]])
    values, _ = extrapolate(classes, [1, 10_000], pools=200)
    wins = gold_largest(np.array([[30, 10], [10, 30], [20, 20], [40, 0]]))
    np.testing.assert_allclose(values[:, 1], wins, atol=0.08)
    assert values[0, 0] == pytest.approx(30.5 / 41.5, abs=0.06)


def test_predictions_beyond_reason_are_refused() -> None:
    with pytest.raises(LawError, match="beyond prediction"):
        extrapolate(bank([[1]]), [10**6])


def test_shared_mode_of_sums_that_differ_by_rounding() -> None:
    assert shared_mode(np.array([[0.1 + 0.2, 0.3]]))[0] == 0.5
