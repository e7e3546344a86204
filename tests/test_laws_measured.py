"""The benchmarks of laws: small, and able to see a broken promise."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from scaling_cli.laws import coverage_law
from tests.test_benchmarks import FOLDER, load

sys.path.insert(0, str(FOLDER))  # one benchmark takes another's populations
refusals, exponents = load("refusals_of_laws"), load("coverage_of_exponents")


def cases(law: str, data: str) -> list[object]:
    return [case for case in refusals.CASES[law]() if case.data == data]


def test_a_populations_expected_curve_is_the_law() -> None:
    p, weight, off = refusals.population(lambda k: 1 - np.exp(-1.3 * k**-0.43), 64)
    assert off < 1e-4 and weight.sum() == pytest.approx(1)
    ks = coverage_law.grid(64)
    curve = 1 - (1 - p) ** ks[:, None] @ weight
    assert coverage_law.least_squares(ks, curve) == pytest.approx([-1.3, -0.43], abs=1e-3)
    _, _, far = refusals.population(lambda k: 0.5 + 0.3 * np.cos(k), 64)
    assert far > 0.05  # no population has such a curve, and that is told


def test_answers_come_as_often_as_their_shares() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [0.0, 1.0, 0.0]])
    drawn = refusals.answers(np.random.default_rng(0), shares, 20_000)
    found = [np.bincount(row, minlength=3) / 20_000 for row in drawn]
    np.testing.assert_allclose(found, shares, atol=0.015)


@pytest.mark.parametrize(
    ("law", "place", "replicates"),
    [
        ("coverage", 0, 24),
        ("coverage", 2, 12),
        ("voting", 0, 24),
        ("compute", 3, 16),
        ("size", 1, 12),
    ],
)
def test_a_law_is_rarely_refused_on_its_own_data(law: str, place: int, replicates: int) -> None:
    row = refusals.measure(cases(law, refusals.OWN)[place], replicates)
    # At a tenth, more than four of twelve are refused once in two hundred times.
    assert row["refused"] <= 4 / 12


@pytest.mark.parametrize("law", ["coverage", "success", "voting", "compute", "size"])
def test_a_law_is_refused_on_data_made_to_break_it(law: str) -> None:
    row = refusals.measure(cases(law, refusals.BROKEN)[0], 16)
    assert row["refused"] >= 0.5


def test_the_success_law_is_rarely_refused_on_its_own_data() -> None:
    row = refusals.measure(cases("success", refusals.OWN)[0], 16)
    assert row["replicates"] == 4 and row["refused"] <= 2 / 4


def test_a_broken_promise_is_seen() -> None:
    own = {"data": refusals.OWN, "refused": 0.1, "replicates": 100}
    made = {"data": refusals.BROKEN, "refused": 0.9, "replicates": 100}
    assert refusals.broken([own, made]) == []
    assert len(refusals.broken([own | {"refused": 0.3}, made | {"refused": 0.3}])) == 2
    row = {"law": "coverage", "parameter": "b", "questions": 100, "replicates": 100}
    assert exponents.broken([row | {"covered": 0.95}]) == []
    assert exponents.broken([row | {"covered": 0.8}])
    assert exponents.broken([row | {"covered": 0.8, "questions": 40}]) == []


def test_exponents_lie_in_their_intervals() -> None:
    case = next(c for c in exponents.coverage_cases() if c.questions == 100)
    a, b = exponents.measure(case, 30)
    assert (a["parameter"], b["parameter"]) == ("a", "b")
    assert min(a["covered"], b["covered"]) >= 0.8  # 95% of 30 are 28.5
    assert 0 < b["width"] < 1
    right = next(iter(exponents.success_cases()))
    (row,) = exponents.measure(right, 15)
    assert row["replicates"] == 6 and row["covered"] >= 4 / 6
