"""Widths: exact totals, ties, and rewards that are no numbers."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import SweepError
from scaling_cli.strategies.allocate import EXACT, ROUNDINGS, allocate, balance, repeated, split
from scaling_cli.strategies.ranking import ranked
from scaling_cli.types import Trace

REWARD = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]), st.floats())
REWARDS = st.lists(REWARD, min_size=1, max_size=40)
BUDGETS = st.integers(0, 300)
TEMPERATURES = st.floats(1e-300, 1e300)


def widths(rewards: list[float], budget: int, rounding: str, temperature: float = 0.1) -> list[int]:
    return allocate(rewards, budget, temperature=temperature, rounding=rounding)


@pytest.mark.parametrize("rounding", EXACT)
@settings(max_examples=300)
@given(REWARDS, BUDGETS, TEMPERATURES)
def test_the_widths_sum_to_the_budget(
    rounding: str, rewards: list[float], budget: int, temperature: float
) -> None:
    given_ = widths(rewards, budget, rounding, temperature)
    assert sum(given_) == budget and min(given_) >= 0 and len(given_) == len(rewards)


@pytest.mark.parametrize("rounding", EXACT)
def test_the_widths_sum_to_the_budget_in_20_000_cases_like_a_search(rounding: str) -> None:
    source = random.Random(1)
    for _ in range(20_000):
        count, budget = source.randrange(1, 33), source.randrange(1, 65)
        rewards = [source.random() for _ in range(count)]
        # Ties are common where scores come from a few tokens.
        rewards = [source.choice([r, round(r, 1)]) for r in rewards]
        given_ = widths(rewards, budget, rounding, source.choice([0.02, 0.1, 0.2, 1.0]))
        assert sum(given_) == budget and min(given_) >= 0


def test_plain_rounding_misses_the_budget_in_over_half_of_random_cases() -> None:
    source = random.Random(2)
    missed = 0
    for _ in range(2_000):
        rewards = [source.random() for _ in range(16)]
        missed += sum(widths(rewards, 16, "paper")) != 16
    assert missed > 1_000


@pytest.mark.parametrize("rounding", ROUNDINGS)
@settings(max_examples=300)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(1, 300))
def test_no_rule_is_a_whole_step_or_more_away_from_the_share(
    rounding: str, rewards: list[float], budget: int
) -> None:
    """The released rule may give less than the share's floor, but never more than its ceiling."""
    weights = [Fraction(weight) for weight in balance(rewards, 0.1)]
    shares = [budget * weight / sum(weights) for weight in weights]
    for width, share in zip(widths(rewards, budget, rounding), shares, strict=True):
        assert width < share + 1
        assert width > share - (len(rewards) if rounding == "released" else 1)


@settings(max_examples=300)
@given(REWARDS, BUDGETS, st.sampled_from(sorted(ROUNDINGS)))
def test_a_better_trace_never_gets_less(rewards: list[float], budget: int, rounding: str) -> None:
    pairs = sorted(zip(balance(rewards, 0.1), widths(rewards, budget, rounding), strict=True))
    for (low, few), (high, many) in itertools.pairwise(pairs):
        # Only equals may differ, by the one that could not be shared.
        assert few <= many + (low == high)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_equal_rewards_share_equally(rounding: str) -> None:
    for count in range(1, 60):
        assert widths([0.3] * count, count, rounding) == [1] * count
        assert widths([0.3] * count, 2 * count, rounding) == [2] * count


@pytest.mark.parametrize("rounding", EXACT)
def test_of_equals_the_earlier_takes_what_is_left(rounding: str) -> None:
    assert widths([0.5] * 4, 6, rounding) == [2, 2, 1, 1]
    assert widths([0.5] * 3, 1, rounding) == [1, 0, 0]


def test_the_rules_by_hand() -> None:
    """Weights 5 : 3 : 2 : 1 of 11 and a budget of 6: shares 2.73, 1.64, 1.09, 0.55."""
    rewards = [math.log(weight) for weight in (5, 3, 2, 1)]
    assert widths(rewards, 6, "largest-remainder", 1.0) == [3, 2, 1, 0]
    assert widths(rewards, 6, "paper", 1.0) == [3, 2, 1, 1]
    # ceil(6·5/11) = 3, ceil(3·3/6) = 2, ceil(1·2/3) = 1, nothing left.
    assert widths(rewards, 6, "released", 1.0) == [3, 2, 1, 0]
    # Three equal weights and four steps: 2, then ceil(2/2) and what is left.
    assert widths([1.0, 1.0, 1.0], 4, "released", 1.0) == [2, 1, 1]
    assert widths([1.0, 1.0], 1, "paper", 1.0) == [1, 1]


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_rewards_that_are_no_numbers(rounding: str) -> None:
    nan, inf = math.nan, math.inf
    assert widths([nan, 0.2, nan], 5, rounding) == [0, 5, 0]
    assert widths([nan, nan, nan], 3, rounding) == [1, 1, 1]
    assert widths([inf, 0.9, inf, nan], 4, rounding) == [2, 0, 2, 0]
    assert widths([-inf, 0.9], 4, rounding) == [0, 4]
    assert widths([-inf, -inf], 4, rounding) == [2, 2]
    assert widths([1e308, -1e308, 0.0], 7, rounding) == [7, 0, 0]
    assert widths([], 4, rounding) == [] and widths([0.1, 0.2], 0, rounding) == [0, 0]


def test_weights_are_the_softmax() -> None:
    found = balance([0.9, 0.7, 0.4], 0.1)
    total = sum(math.exp(r / 0.1) for r in (0.9, 0.7, 0.4))
    for weight, reward in zip(found, (0.9, 0.7, 0.4), strict=True):
        assert weight / sum(found) == pytest.approx(math.exp(reward / 0.1) / total, rel=1e-12)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_a_temperature_that_means_nothing_is_said(temperature: float) -> None:
    with pytest.raises(SweepError, match="balance temperature"):
        widths([0.1, 0.2], 4, "largest-remainder", temperature)


def test_an_unknown_rounding_is_said() -> None:
    with pytest.raises(SweepError, match="largest-remainder"):
        widths([0.1], 1, "floor")


@given(st.integers(0, 200), st.integers(1, 50))
def test_a_beam_is_split_without_a_rest(width: int, m: int) -> None:
    found = split(width, m)
    assert sum(found) == width and len(found) == math.ceil(width / m)
    assert all(few == m for few in found[:-1]) and all(0 < few <= m for few in found)


def test_traces_are_repeated_in_their_order() -> None:
    a, b, c = (Trace(text=text) for text in "abc")
    assert [t.text for t in repeated([a, b, c], [2, 0, 1])] == ["a", "a", "c"]
    assert repeated([a, b, c], [1]) == [a]


def test_ranking_puts_failed_scorings_last_and_keeps_the_order_of_equals() -> None:
    rewards = [math.nan, 0.2, -math.inf, 0.9, 0.2, math.nan]
    traces = [Trace(text=str(i), rewards=(7.0, r)) for i, r in enumerate(rewards)]
    assert [t.text for t in ranked([*traces, Trace(text="unscored")])] == [
        "3", "1", "4", "2", "0", "5", "unscored",
    ]  # fmt: skip
