from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.accuracy import best_of, count_correct, coverage, first, reduce_steps
from scaling_cli.laws.majority import majority
from scaling_cli.laws.selectors import SCORED, SELECTORS, Choice, curve
from scaling_cli.types import SampleBank

from .enumeration import best, classes_of, over_subsets, ragged, scores_of


@settings(max_examples=40, deadline=None)
@given(classes_of())
def test_coverage_equals_enumeration(classes: list[int]) -> None:
    n, ks = len(classes), range(1, len(classes) + 2)
    values = coverage(np.array([classes.count(0)]), np.array([n]), ks)[0]
    for k in ks[:-1]:
        hit = over_subsets(n, k, lambda s: float(any(classes[i] == 0 for i in s)))
        assert values[k - 1] == pytest.approx(hit, abs=1e-12)
    assert np.isnan(values[-1])


def test_coverage_of_ten_thousand_samples() -> None:
    ks = [1, 2, 10, 5_000, 9_999, 10_000]
    values = coverage(np.array([0, 1, 3, 9_999, 10_000]), np.full(5, 10_000), ks)
    assert (values[0] == 0).all()
    np.testing.assert_allclose(values[1], np.array(ks) / 10_000, rtol=1e-11)
    whole = [1 - comb(9_997, k) / comb(10_000, k) for k in (1, 2, 10)]
    np.testing.assert_allclose(values[2, :3], whole, rtol=1e-10)
    np.testing.assert_allclose(values[3], [0.9999, 1, 1, 1, 1, 1], atol=1e-15)
    assert (values[4] == 1).all()


def test_ragged_questions_end_at_their_own_n() -> None:
    values = coverage(np.array([1, 1, 0]), np.array([2, 4, 0]), [1, 2, 3, 4])
    np.testing.assert_allclose(values[0, :2], [0.5, 1.0])
    assert np.isnan(values[0, 2:]).all() and np.isnan(values[2]).all()
    np.testing.assert_allclose(values[1], [0.25, 0.5, 0.75, 1.0])


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(LawError, match="5 correct of 4 samples"):
        coverage(np.array([5]), np.array([4]), [1])


def test_first_is_flat() -> None:
    values = first(np.array([1, 3]), np.array([4, 3]), [1, 3, 4])
    np.testing.assert_allclose(values[0], [0.25, 0.25, 0.25])
    np.testing.assert_allclose(values[1, :2], [1.0, 1.0])
    assert np.isnan(values[1, 2])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_best_of_equals_enumeration(data: st.DataObject) -> None:
    rows = data.draw(st.lists(classes_of(longest=9), min_size=1, max_size=2))
    scores = [data.draw(scores_of(len(row), distinct=False)) for row in rows]
    table = ragged(rows)
    rewards = np.full(table.shape, np.nan)
    for place, row in enumerate(scores):
        rewards[place, : len(row)] = row
    values = best_of(table, rewards, range(1, table.shape[1] + 1))
    for classes, score, row in zip(rows, scores, values, strict=True):
        for k in range(1, len(classes) + 1):
            pick = over_subsets(len(classes), k, lambda s, c=classes, r=score: best(c, r, s))
            assert row[k - 1] == pytest.approx(pick, abs=1e-12)


def test_best_of_by_a_perfect_score_is_coverage_and_by_a_constant_one_the_mean() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(-1, 3, (20, 30))
    ks = np.arange(1, 31)
    answered = np.where(classes == -1, 1, classes)
    perfect = best_of(answered, (answered == 0).astype(float), ks)
    np.testing.assert_allclose(
        perfect, coverage(count_correct(answered), np.full(20, 30), ks), atol=1e-13
    )
    constant = best_of(answered, np.ones(answered.shape), ks)
    np.testing.assert_allclose(constant, np.repeat((answered == 0).mean(1)[:, None], 30, 1))


def test_best_of_ten_thousand_samples() -> None:
    rng = np.random.default_rng(0)
    classes, scores = rng.integers(0, 2, (3, 10_000)), rng.random((3, 10_000))
    ks = [1, 100, 9_999, 10_000]
    values = best_of(classes, scores, ks)
    np.testing.assert_allclose(values[:, 0], (classes == 0).mean(axis=1), rtol=1e-10)
    winner = np.take_along_axis(classes, scores.argmax(axis=1)[:, None], 1)[:, 0] == 0
    np.testing.assert_allclose(values[:, -1], winner.astype(float))
    assert ((values >= 0) & (values <= 1)).all()


def test_only_failed_scores_select_nothing() -> None:
    assert (best_of(np.zeros((1, 4), np.int64), np.full((1, 4), np.nan), [1, 4]) == 0).all()


def test_step_rewards_reduce() -> None:
    steps = [[0.5, 0.25, 1.0], [0.2], []]
    expected = {"last": [1.0, 0.2], "min": [0.25, 0.2], "mean": [1.75 / 3, 0.2]}
    expected["prod"] = [0.125, 0.2]
    for how, values in expected.items():
        reduced = reduce_steps(steps, how)  # type: ignore[arg-type]
        np.testing.assert_allclose(reduced[:2], values)
        assert np.isnan(reduced[2])
    with pytest.raises(LawError, match="no reduction median"):
        reduce_steps(steps, "median")  # type: ignore[arg-type]


def bank(classes: np.ndarray, rewards: np.ndarray) -> SampleBank:
    return SampleBank(
        question_ids=tuple(f"t/test/{i:012x}" for i in range(len(classes))),
        answer_class=classes,
        tokens=np.where(classes == -9, 0, 10),
        reward=rewards,
        truncated=np.zeros(classes.shape, bool),
        samples=(classes != -9).sum(axis=1),
        prompt_tokens=None,
    )


def test_every_selector_agrees_at_one_sample() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(-1, 3, (15, 12))
    one = bank(classes, rng.uniform(0.1, 1, classes.shape))
    for selector in SELECTORS:
        drawn = curve(one, selector, [1])
        np.testing.assert_allclose(drawn.values[:, 0], (classes == 0).mean(axis=1), atol=1e-12)
        assert drawn.mc_error == [0.0]


def test_no_selector_beats_coverage() -> None:
    rng = np.random.default_rng(1)
    classes = rng.integers(-1, 3, (15, 12))
    one = bank(classes, rng.uniform(0.1, 1, classes.shape))
    ceiling = curve(one, "coverage", range(1, 13)).values
    for selector in SELECTORS:
        values = curve(one, selector, range(1, 13), Choice(keep=3)).values
        assert (values <= ceiling + 1e-9).all(), selector


def test_a_curve_says_what_it_is_averaged_over() -> None:
    classes = ragged([[0, 1, 0], [1, 0], []])
    drawn = curve(bank(classes, np.full(classes.shape, np.nan)), "majority", [1, 2, 3, 4])
    np.testing.assert_array_equal(drawn.questions, [2, 2, 1, 0])
    np.testing.assert_allclose(drawn.accuracy[:3], [(2 / 3 + 1 / 2) / 2, (2 / 3 + 0.5) / 2, 1.0])
    assert np.isnan(drawn.accuracy[3])


def test_choices_reach_the_selector() -> None:
    classes = np.array([[0, -1, -1, 1]])
    one = bank(classes, np.log(np.array([[0.9, 0.5, 0.5, 0.8]])))
    assert curve(one, "majority", [4]).accuracy == pytest.approx([0.5])
    assert curve(one, "majority", [4], Choice(unanswered="class")).accuracy == pytest.approx([0.0])
    assert curve(one, "weighted", [4], Choice(weight_map="exp")).accuracy == pytest.approx([1.0])
    kept = curve(one, "best-majority", [4], Choice(keep=1))
    assert kept.accuracy == pytest.approx([1.0])
    np.testing.assert_array_equal(curve(one, "majority", [1, 2]).values, majority(classes, [1, 2]))


@pytest.mark.parametrize(
    ("selector", "choice", "message"),
    [
        ("mode", Choice(), "no selector mode"),
        ("weighted", Choice(weight_map="square"), "no map square"),
        ("weighted", Choice(), "must lie in"),
        ("best-majority", Choice(keep=0), "the 0 best is empty"),
    ],
)
def test_mistakes_are_named(selector: str, choice: Choice, message: str) -> None:
    classes = np.array([[0, 1]])
    with pytest.raises(LawError, match=message):
        curve(bank(classes, np.array([[-1.0, -2.0]])), selector, [1], choice)


@pytest.mark.parametrize("selector", sorted(SCORED))
def test_selectors_that_need_scores_say_so(selector: str) -> None:
    classes = np.array([[0, 1]])
    with pytest.raises(LawError, match="needs a score"):
        curve(bank(classes, np.full((1, 2), np.nan)), selector, [1])
