"""Falls of best-of-k: found where they are, not where they are not."""

from __future__ import annotations

import numpy as np
import pytest

from scaling_cli.laws.optimisation import distance, over_optimisation
from scaling_cli.laws.resample import question_weights

KS = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256, 512])


def curves(alpha: float, beta: float, noise: float, questions: int = 400) -> np.ndarray:
    rng, d = np.random.default_rng(3), distance(KS)
    slope = alpha + noise * rng.standard_normal((questions, 1))
    return 0.3 + d * (slope - beta * d)


def test_the_law_is_read_back_from_data_that_follow_it() -> None:
    found = over_optimisation(curves(0.2, 0.06, 0.02), KS, question_weights(400, 500, 0))
    assert found.certain and found.fall > 0
    assert found.alpha == pytest.approx(0.2, abs=0.01)
    assert found.beta == pytest.approx(0.06, abs=1e-6)
    # d = α/2β; √KL of k is that at best_k.
    assert found.best_k is not None
    assert distance(np.array([found.best_k]))[0] == pytest.approx(0.2 / 0.12, rel=0.05)


def test_a_curve_that_rises_has_no_fall() -> None:
    found = over_optimisation(curves(0.1, 0.0, 0.05), KS, question_weights(400, 500, 0))
    assert not found.certain and found.peak == 512 and found.fall == 0
    assert found.beta is None and "beta" in found.reason


def test_chance_alone_rarely_counts_as_a_fall() -> None:
    rng = np.random.default_rng(5)
    falls = 0
    for run in range(60):
        values = (rng.random((80, 10)) < 0.5).astype(float)
        falls += over_optimisation(values, KS, question_weights(80, 200, run)).certain
    assert falls <= 7  # 5% of 60 is 3; 8 or more have a chance below 1%


def test_too_few_ks_fit_no_law() -> None:
    found = over_optimisation(curves(0.2, 0.06, 0.02)[:, :3], KS[:3], question_weights(400, 50, 0))
    assert found.alpha is None and "fewer than four" in found.reason
