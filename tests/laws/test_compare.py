"""Comparisons: verdicts, a band that does not collapse and holds whole curves, and power."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.compare import compare
from scaling_cli.laws.resample import question_weights

WEIGHTS = question_weights(60, 400, 0)


def accuracies(rng: np.random.Generator, *means: float) -> np.ndarray:
    """`values[question, place]` of these means; the questions' difficulty is shared."""
    truth = np.array(means)
    place = rng.random((60, 1))
    return np.asarray(
        (place < truth).astype(float) * 0.5 + 0.5 * (rng.random((60, len(means))) < truth)
    )


def test_better_worse_undecided_and_both() -> None:
    rng = np.random.default_rng(0)
    low, high = accuracies(rng, 0.2, 0.2), accuracies(rng, 0.8, 0.8)
    assert compare(high, low, WEIGHTS).verdict() == "better"
    assert compare(low, high, WEIGHTS).verdict() == "worse"
    assert compare(low, accuracies(rng, 0.2, 0.2), WEIGHTS).verdict() == "undecided"
    mixed = compare(accuracies(rng, 0.2, 0.8), accuracies(rng, 0.8, 0.2), WEIGHTS)
    assert mixed.verdicts() == ["worse", "better"] and mixed.verdict() == "undecided"


def test_equal_accuracies_differ_by_zero_however_they_were_summed() -> None:
    first = np.array([[0.1 + 0.2], [0.3]])
    second = np.array([[0.3], [0.3]])
    assert first.mean() != second.mean()
    assert compare(first, second, WEIGHTS[:, :2]).difference.tolist() == [0.0]


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_swapping_the_sides_mirrors_everything(seed: int, questions: int, places: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.random((2, questions, places)).round(1)
    weights = question_weights(questions, 60, 1)
    one, other = compare(first, second, weights), compare(second, first, weights)
    assert one.difference == pytest.approx(-other.difference)
    assert one.lo == pytest.approx(-other.hi) and one.hi == pytest.approx(-other.lo)
    assert (one.lo < one.difference).all() and (one.difference < one.hi).all()
    assert one.smallest == pytest.approx(other.smallest)
    turned = {"better": "worse", "worse": "better", "undecided": "undecided"}
    assert [turned[verdict] for verdict in one.verdicts()] == other.verdicts()


def test_the_same_curve_twice_has_a_band_of_some_width() -> None:
    values = np.ones((60, 3))
    for noise in (0.0, 1e-16):
        found = compare(values, values - noise, WEIGHTS)
        assert (found.hi - found.lo > 0.05).all() and found.verdict() == "undecided"
    # One question that differs a little at one place says little of that and of the others.
    second = values.copy()
    second[0, 0] = 0.5
    found = compare(values, second, WEIGHTS)
    assert (found.hi - found.lo > 0.02).all()


def test_power_goes_with_the_band() -> None:
    rng = np.random.default_rng(1)
    first, second = accuracies(rng, 0.5, 0.5), accuracies(rng, 0.5, 0.5)
    found = compare(first, second, WEIGHTS, detect=0.1)
    # A true difference as small as the band's half width is shown in half the cases only.
    assert (found.smallest > (found.hi - found.lo) / 2).all()
    finer = compare(first, second, WEIGHTS, detect=0.05)
    assert finer.needed == pytest.approx(4 * found.needed, abs=4)
    # That many questions show it: the law's own arithmetic, read backwards.
    assert found.smallest == pytest.approx(0.1 * np.sqrt(found.needed / 60), rel=0.01)
    for wrong in (0.0, -0.1, 2.0, np.nan):
        with pytest.raises(LawError, match="cannot be asked"):
            compare(first, second, WEIGHTS, detect=wrong)


@pytest.mark.parametrize("accuracy", [0.02, 0.5, 0.98])
def test_the_band_holds_the_whole_true_curve(accuracy: float) -> None:
    rng, weights, held = np.random.default_rng(3), question_weights(100, 300, 1), 0
    truth = np.full(8, accuracy)
    truth[4:] += 0.3 * min(accuracy, 1 - accuracy) * np.linspace(0, 1, 4)
    for _ in range(300):
        chance = np.clip(truth * rng.beta(2, 2, (100, 1)) * 2, 0, 1)  # the mean stays nearly truth
        if accuracy > 0.5:
            chance = 1 - np.clip((1 - truth) * rng.beta(2, 2, (100, 1)) * 2, 0, 1)
        values = rng.binomial(4, chance) / 4
        gap = truth[4:] - truth[:4]
        found = compare(values[:, 4:], values[:, :4], weights)
        held += bool(((found.lo <= gap) & (gap <= found.hi)).all())
    assert held / 300 >= 0.90  # 93% less two standard errors of 300 replicates
