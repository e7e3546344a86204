"""Widths promised before a run are those that a simulation of the run finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.resample import (
    band,
    paired_difference,
    question_weights,
    questions_needed,
    smallest_difference,
)
from scaling_cli.laws.width import (
    Spread,
    assumed,
    assumed_difference,
    difference_spread,
    half_width,
    questions_for,
    samples_for,
    samples_needed,
    spread,
)

fractions = st.floats(0.02, 0.98)


def beta(a: float, b: float) -> Spread:
    """The spread of chances drawn from Beta(a, b), in closed form."""
    mean, between = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
    return Spread(mean, between, mean * (1 - mean) - between)


def test_the_assumption_is_beta_one_half() -> None:
    named, law = assumed(), beta(0.5, 0.5)
    assert (named.mean, named.between, named.within) == (law.mean, law.between, law.within)


@pytest.mark.parametrize(("a", "b", "samples"), [(0.5, 0.5, 4), (2, 5, 16), (0.3, 1, 2)])
def test_a_bank_tells_its_spread_without_bias(a: float, b: float, samples: int) -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(300):
        correct = rng.binomial(samples, rng.beta(a, b, 120))
        one = spread(correct, np.full(120, samples))
        found.append((one.mean, one.between, one.within))
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
    law = beta(a, b)
    # The two imaginary half questions weigh 1 in 121.
    pull = np.array([abs(0.5 - law.mean), 0.3, 0.0]) / 121
    assert (np.abs(mean - [law.mean, law.between, law.within]) < 4 * error + pull).all()


@pytest.mark.parametrize(
    ("a", "b", "questions", "samples"), [(0.5, 0.5, 100, 1), (0.5, 0.5, 60, 8), (2, 3, 200, 4)]
)
def test_the_half_width_is_the_one_that_simulated_runs_get(
    a: float, b: float, questions: int, samples: int
) -> None:
    rng, law = np.random.default_rng(2), beta(a, b)
    weights = question_weights(questions, 1000, 0)
    means, halves = [], []
    for _ in range(400):
        p = rng.binomial(samples, rng.beta(a, b, questions)) / samples
        means.append(p.mean())
        if len(halves) < 60:
            lo, hi = band(p[:, None], weights)
            halves.append((hi[0] - lo[0]) / 2)
    promised = half_width(law.sd(samples), questions)
    assert np.mean(halves) == pytest.approx(promised, rel=0.05)
    inside = np.abs(np.array(means) - law.mean) <= promised
    assert 0.915 < inside.mean() < 0.985  # 95% within three errors of 400 runs


def test_the_smallest_difference_is_seen_in_eight_of_ten_simulated_runs() -> None:
    rng, questions, samples = np.random.default_rng(3), 150, 4
    weights = question_weights(questions, 500, 0)

    # Chances of two models that share most of what is hard about a question.
    def chances(count: int) -> tuple[np.ndarray, np.ndarray]:
        common = rng.beta(2, 2, count)
        return 0.2 + 0.6 * common, 0.2 + 0.6 * common + rng.normal(0, 0.05, count)

    many = chances(20_000)
    between = float(np.var(many[0] - many[1]))
    within = [float((p * (1 - p)).mean()) for p in many]
    sd = float(np.sqrt(between + sum(within) / samples))
    true = smallest_difference(sd, questions)
    seen = 0
    for _ in range(400):
        p, q = chances(questions)
        drawn = [rng.binomial(samples, np.clip(c, 0, 1)) / samples for c in (p + true, q)]
        seen += bool(paired_difference(drawn[0][:, None], drawn[1][:, None], weights).lo[0] > 0)
    assert 0.74 < seen / 400 < 0.87
    # The questions it takes for that difference are the ones there are.
    assert questions_needed(sd, true) in (questions, questions + 1)
    assert samples_needed(between, sum(within), questions, true) == samples


def test_a_recorded_pair_tells_what_is_common_to_both() -> None:
    rng, n = np.random.default_rng(4), np.full(400, 8)
    found = []
    for _ in range(60):
        p = rng.beta(1, 1, 400)
        x, y = rng.binomial(8, p), rng.binomial(8, p)
        found.append(difference_spread((x, n), (y, n)))
    between, first, second = np.mean(found, axis=0)
    assert between < 0.004  # the same chances: all of the difference is noise of samples
    assert first == pytest.approx(1 / 6, abs=0.004) and second == pytest.approx(1 / 6, abs=0.004)
    alone = assumed_difference(beta(1, 1), beta(1, 1), 0.0)
    assert alone[0] == pytest.approx(2 / 12)


@given(mean=fractions, share=fractions, questions=st.integers(1, 5000), samples=st.integers(1, 99))
def test_what_is_said_to_halve_a_width_halves_it(
    mean: float, share: float, questions: int, samples: int
) -> None:
    law = assumed(mean, share)
    half = half_width(law.sd(samples), questions)
    wanted = half / 2
    more = questions_for(law.sd(samples), wanted)
    assert half_width(law.sd(samples), more) <= wanted * (1 + 1e-6)
    assert more == 1 or half_width(law.sd(samples), more - 1) > wanted * (1 - 1e-6)
    deep = samples_for(law.between, law.within, questions, wanted)
    if deep is None:
        assert half_width(float(np.sqrt(law.between)), questions) >= wanted * (1 - 1e-6)
    else:
        assert half_width(law.sd(deep), questions) <= wanted * (1 + 1e-6)
        assert deep == 1 or half_width(law.sd(deep - 1), questions) > wanted * (1 - 1e-6)


def test_a_bank_in_which_all_agree_still_promises_a_width() -> None:
    sure = spread(np.full(30, 4), np.full(30, 4))
    assert sure.within == 0 and 0.01 < half_width(sure.sd(4), 30) < 0.1
    same = difference_spread((np.full(30, 4), np.full(30, 4)), (np.full(30, 4), np.full(30, 4)))
    assert same[0] > 0 and same[1:] == (0.0, 0.0)


def test_single_samples_are_split_as_assumed() -> None:
    one = spread(np.array([1, 0, 1, 1]), np.ones(4, np.int64))
    assert one == assumed(one.mean)
    assert one.sd(1) == pytest.approx(np.sqrt(one.mean * (1 - one.mean)))


@pytest.mark.parametrize("ask", [
    lambda: half_width(0.5, 0),
    lambda: questions_for(0.5, 0.0),
    lambda: samples_for(0.1, 0.1, 10, 1.5),
    lambda: samples_needed(0.1, 0.1, 10, float("nan")),
    lambda: assumed().sd(0),
    lambda: spread(np.array([0]), np.array([0])),
])  # fmt: skip
def test_what_has_no_width_is_refused(ask: object) -> None:
    with pytest.raises(LawError):
        ask()  # type: ignore[operator]
