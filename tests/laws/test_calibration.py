"""Ranking and calibration of scores against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.calibration import (
    acceptance,
    auroc,
    auroc_within,
    pooled,
    reliability,
    verifier_ceiling,
)

SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=12)


@given(SCORED)
def test_auroc_is_the_share_of_pairs_ranked_right(rows: list[tuple[bool, int]]) -> None:
    correct = np.array([right for right, _ in rows])
    score = np.array([value for _, value in rows], float)
    pairs = [
        (a > b) + 0.5 * (a == b)
        for a, ra in zip(score, correct, strict=True)
        for b, rb in zip(score, correct, strict=True)
        if ra and not rb
    ]
    measured = auroc(correct, score)
    assert np.isnan(measured) if not pairs else measured == pytest.approx(np.mean(pairs))


def test_auroc_within_questions_ignores_how_hard_they_are() -> None:
    classes = np.array([[0, 0, 1], [0, 1, 1], [0, 0, -9]])
    score = np.array([[0.9, 0.9, 0.9], [0.1, 0.1, 0.1], [0.5, 0.4, np.nan]])
    within = auroc_within(classes, score)
    assert within[:2].tolist() == [0.5, 0.5] and np.isnan(within[2])
    assert auroc(*pooled(classes, score)) > 0.5


@given(SCORED)
def test_reliability_is_the_bins_own_means(rows: list[tuple[bool, int]]) -> None:
    correct = np.array([right for right, _ in rows])
    score = np.array([value / 4 for _, value in rows])
    found = reliability(correct, score, bins=5)
    assert found.samples.sum() == len(rows)
    place = np.minimum((score * 5).astype(int), 4)
    error = 0.0
    for number in range(5):
        mine = place == number
        if mine.any():
            assert found.accuracy[number] == pytest.approx(correct[mine].mean())
            error += mine.mean() * abs(correct[mine].mean() - score[mine].mean())
    assert found.error == pytest.approx(error)
    assert found.brier == pytest.approx(np.mean((score - correct) ** 2))


def test_scores_that_are_no_chances_are_refused() -> None:
    with pytest.raises(LawError, match=r"\[0, 1\]"):
        reliability(np.array([True]), np.array([-0.3]))
    with pytest.raises(LawError, match="no score"):
        reliability(np.array([], bool), np.array([]))


@given(SCORED)
def test_no_threshold_tells_right_from_wrong_better(rows: list[tuple[bool, int]]) -> None:
    correct = np.array([right for right, _ in rows])
    score = np.array([value for _, value in rows], float)
    if correct.all() or not correct.any():
        with pytest.raises(LawError, match="all wrong"):
            acceptance(correct, score)
        return
    found = acceptance(correct, score)
    accepted = score >= found.threshold
    assert found.true_positive == pytest.approx(accepted[correct].mean())
    assert found.false_positive == pytest.approx(accepted[~correct].mean())
    best = max((score >= at)[correct].mean() - (score >= at)[~correct].mean() for at in score)
    assert found.true_positive - found.false_positive == pytest.approx(best)


def test_the_ceiling_is_what_endless_rejection_gives() -> None:
    rng = np.random.default_rng(0)
    p, t, f = 0.3, 0.8, 0.1
    right = rng.random(200_000) < p
    accepted = rng.random(200_000) < np.where(right, t, f)
    assert verifier_ceiling(p, t, f) == pytest.approx(right[accepted].mean(), abs=0.01)
    assert np.isnan(verifier_ceiling(0.5, 0, 0))
