"""Variance of repeated runs taken apart: against simulated components, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.repeats import two_way


def test_known_components_come_back() -> None:
    rng, questions, runs = np.random.default_rng(0), 4_000, 30
    values = (
        0.5
        + rng.normal(0, 0.3, (questions, 1))
        + rng.normal(0, 0.1, (1, runs))
        + rng.normal(0, 0.2, (questions, runs))
    )
    law = two_way(values)
    assert law.between_questions == pytest.approx(0.09, rel=0.08)
    assert law.rest == pytest.approx(0.04, rel=0.03)
    assert law.between_runs == pytest.approx(0.01, rel=0.6)
    assert law.within == pytest.approx(law.rest + law.between_runs, rel=0.1)


def test_independent_draws_have_no_effect_of_the_run() -> None:
    rng = np.random.default_rng(1)
    chance = rng.beta(0.7, 0.7, 500)
    values = (rng.random((500, 20)) < chance[:, None]).astype(float)
    law = two_way(values)
    assert law.rest == pytest.approx((chance * (1 - chance)).mean(), rel=0.1)
    assert law.between_questions == pytest.approx(chance.var(), rel=0.15)
    assert law.error_of_runs == pytest.approx(np.sqrt(law.rest / 500), rel=0.02)


def test_two_by_two_by_hand() -> None:
    # Rows' means 0.5 and 0.25, columns' 0.75 and 0, mean 0.375; residuals 1/8.
    law = two_way(np.array([[1.0, 0.0], [0.5, 0.0]]))
    assert law.rest == pytest.approx(4 / 64)
    assert law.between_questions == 0  # MS 2·2·(1/8)² = 1/16, no more than the rest
    assert law.between_runs == pytest.approx((2 * 2 * 0.375**2 - 1 / 16) / 2)
    # Each question's own variance over the runs, 1/2 and 1/8.
    assert law.within == pytest.approx((1 / 2 + 1 / 8) / 2)


@given(st.integers(2, 12), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_the_same_run_twice_has_no_variance_of_runs(questions: int, runs: int, seed: int) -> None:
    one = np.random.default_rng(seed).random(questions)
    law = two_way(np.repeat(one[:, None], runs, axis=1))
    assert law.error_of_runs == pytest.approx(0, abs=1e-9)
    assert law.share_of_runs == pytest.approx(0, abs=1e-9)
    assert law.between_questions == pytest.approx(one.var(ddof=1))


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (4,)])
def test_too_little_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(LawError, match="cannot be taken apart"):
        two_way(np.zeros(shape))
