"""Confidence against its definitions, worked out the long way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.confidence import (
    borda_weights,
    bottom_groups,
    group_confidence,
    lowest_group,
    mean_probability,
    share_of_nats,
    tail,
    token_certainty,
    token_confidence,
)
from scaling_cli.types import Alternatives

LOGITS = st.lists(st.floats(-12, 12), min_size=2, max_size=40)
NUMBERS = st.lists(st.floats(0, 50), min_size=1, max_size=30)


def position(logits: list[float]) -> Alternatives:
    """All of a small vocabulary, likeliest first."""
    total = math.log(sum(map(math.exp, logits)))
    pairs = [(token, logit - total) for token, logit in enumerate(logits)]
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))


@given(LOGITS)
def test_certainty_is_exact_where_the_whole_vocabulary_is_told(logits: list[float]) -> None:
    """KL(uniform || p), term by term."""
    whole = position(logits)
    size = len(logits)
    expected = sum((1 / size) * (math.log(1 / size) - logprob) for _, logprob in whole)
    assert token_certainty([whole], size)[0] == pytest.approx(expected, abs=1e-9)


@given(LOGITS, st.integers(1, 40))
def test_of_the_likeliest_alone_certainty_is_a_lower_bound(logits: list[float], told: int) -> None:
    whole = position(logits)
    exact = token_certainty([whole], len(whole))[0]
    partial = token_certainty([whole[:told]], len(whole))[0]
    assert -1e-12 <= partial <= exact + 1e-9


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=40))
def test_the_bound_grows_as_more_is_told(logits: list[float]) -> None:
    whole = position(logits)
    bounds = [token_certainty([whole[:n]], len(whole))[0] for n in range(1, len(whole) + 1)]
    assert (np.diff(bounds) >= -1e-9).all()


def test_the_rest_of_the_mass_is_spread_evenly() -> None:
    """Half the mass on one of five: the other four have an eighth each."""
    expected = -(math.log(5 * 0.5) + 4 * math.log(5 / 8)) / 5
    assert token_certainty([((7, math.log(0.5)),)], 5)[0] == pytest.approx(expected)
    even = position([0.0] * 5)
    assert token_certainty([even[:2]], 5)[0] == pytest.approx(0.0, abs=1e-12)


def test_a_sum_above_one_is_rounding_and_no_infinite_certainty() -> None:
    sure = ((1, 1e-7), (2, -40.0))
    found = token_certainty([sure], 1_000)[0]
    # The others have at most the chance of the second: 40 nats below the first.
    assert found == pytest.approx((999 * 40) / 1_000 - math.log(1_000), abs=1e-3)
    assert token_certainty([((1, 0.0), (2, -math.inf))], 1_000)[0] <= 50


def test_an_outlier_told_beside_the_likeliest_does_not_limit_the_rest() -> None:
    """A server tells the sampled token too, however unlikely: others may well be likelier."""
    twenty = tuple((token, math.log(0.04)) for token in range(20))
    alone = token_certainty([twenty], 100)[0]
    beside = token_certainty([(*twenty, (99, math.log(1e-9)))], 100)[0]
    assert alone < beside < alone + (0 - math.log(1e-9)) / 100


def test_certainty_needs_the_vocabulary_it_was_drawn_from() -> None:
    with pytest.raises(LawError, match="vocabulary of 1"):
        token_certainty([position([0.0, 1.0])], 1)


def test_token_confidence_is_minus_the_mean_of_the_likeliest() -> None:
    first = tuple((token, -float(token)) for token in range(25))
    second = ((3, -0.5), (4, -1.5))
    found = token_confidence([first, second])
    assert found == pytest.approx([np.mean(range(20)), 1.0])
    assert token_confidence([first], top=2) == pytest.approx([0.5])


def test_a_position_of_which_nothing_is_told_has_no_number() -> None:
    told = position([0.0, 1.0])
    assert np.isnan(token_confidence([told, ()])).tolist() == [False, True]
    assert np.isnan(token_certainty([told, ()], 2)).tolist() == [False, True]
    assert len(token_confidence([])) == len(token_certainty([], 2)) == 0


@given(LOGITS)
def test_both_are_weights_between_0_and_1(logits: list[float]) -> None:
    whole = position([100 * logit for logit in np.clip(logits, -5, 5)])
    for found in (token_confidence([whole])[0], token_certainty([whole], len(whole))[0]):
        assert 0 <= share_of_nats(float(found)) <= 1


@given(NUMBERS, st.integers(1, 40))
def test_groups_are_every_run_of_tokens(numbers: list[float], window: int) -> None:
    size = min(window, len(numbers))
    runs = [np.mean(numbers[i : i + size]) for i in range(len(numbers) - size + 1)]
    values = np.array(numbers)
    np.testing.assert_allclose(group_confidence(values, window), runs, atol=1e-9)
    assert lowest_group(values, window) == pytest.approx(min(runs), abs=1e-9)
    assert tail(values, window) == pytest.approx(np.mean(numbers[-size:]), abs=1e-9)
    lowest = sorted(runs)[: max(1, len(runs) // 10)]
    assert bottom_groups(values, window) == pytest.approx(np.mean(lowest), abs=1e-9)


def test_by_hand() -> None:
    """Windows of two: 3, 2, 5, 7."""
    numbers = np.array([4.0, 2.0, 2.0, 8.0, 6.0])
    np.testing.assert_allclose(group_confidence(numbers, 2), [3, 2, 5, 7])
    assert (lowest_group(numbers, 2), tail(numbers, 2)) == (2, 7)
    assert bottom_groups(numbers, 2, share=0.5) == 2.5
    assert lowest_group(numbers) == tail(numbers) == pytest.approx(4.4)
    with pytest.raises(LawError, match="0 tokens"):
        lowest_group(np.array([]))


def test_mean_probability_is_the_geometric_mean() -> None:
    assert mean_probability(np.log([0.5, 0.125])) == pytest.approx(0.25)
    assert mean_probability(np.array([-np.inf, -1.0])) == 0


def test_borda_votes_by_hand() -> None:
    """Ranks 2, 1, 3 of three: votes 2, 3, 1 (Kang et al.), over 3."""
    np.testing.assert_allclose(borda_weights(np.array([0.5, 0.9, 0.1]), 1), [2 / 3, 1, 1 / 3])
    np.testing.assert_allclose(borda_weights(np.array([0.5, 0.9, 0.1]), 2), [4 / 9, 1, 1 / 9])
    shared = borda_weights(np.array([[0.5, np.nan, 0.5], [np.nan] * 3]), 1)
    np.testing.assert_allclose(shared, [[0.75, np.nan, 0.75], [np.nan] * 3])
    with pytest.raises(LawError, match="power"):
        borda_weights(np.array([1.0]), -1)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=12), st.floats(0, 5))
def test_borda_votes_follow_the_order_and_nothing_else(scores: list[int], power: float) -> None:
    values = np.array(scores, float)
    votes = borda_weights(values, power)
    assert votes.max() <= 1 and votes.min() > 0
    total = (np.arange(1, len(scores) + 1) / len(scores)) ** power
    assert votes.sum() == pytest.approx(total.sum())
    np.testing.assert_allclose(votes, borda_weights(np.exp(values), power))
    for a, va in zip(scores, votes, strict=True):
        for b, vb in zip(scores, votes, strict=True):
            assert (va >= vb - 1e-12) if a >= b else (va <= vb + 1e-12)
    np.testing.assert_allclose(borda_weights(values, 0), 1.0)
