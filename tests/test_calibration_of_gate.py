"""The gate's calibration, small: the limits widened by what so few replicates may miss them by."""

from __future__ import annotations

import numpy as np

from tests.test_benchmarks import load

bench = load("calibration_of_gate")


def test_an_unchanged_bank_gains_nothing_on_average() -> None:
    rng = np.random.default_rng(0)
    bank = bench.Bank.of(rng, 0.5, 1.0, 4_000)
    gains = bank.draw(rng).gains_over(bank.draw(rng), slice(0, 4_000))
    error = gains.std(axis=0) / np.sqrt(4_000)
    assert gains.shape == (4_000, 18) and (np.abs(gains.mean(axis=0)) < 4 * error).all()
    assert bench.CURVES["cost"][-1] == 17


def test_the_promise_is_kept_within_three_standard_errors() -> None:
    rows = [
        {"bank": "mixed", "questions": questions, **row}
        for questions in (50, 100)
        for row in bench.simulate("mixed", questions, 120, 199).rows()
    ]
    assert bench.broken(rows, errors=3) == []
    unchanged = [row for row in rows if row["what"] == "unchanged"]
    assert all(row["fails"] > 0 and row["replicates"] == 120 for row in unchanged)
    majority = [row for row in rows if row.get("curve") == "majority"]
    assert [row["even_tried"] for row in majority] == [120, 120]
    assert majority[0]["printed"] > majority[1]["printed"] > 0


def test_a_broken_promise_is_seen() -> None:
    kept = {"what": "unchanged", "replicates": 5_000, "fails": 0.05, "confirmed": 0.007}
    caught = {"what": "drop", "even": 0.8, "even_tried": 5_000}
    assert bench.broken([kept, caught, {"what": "drop", "lost": 1.0}]) == []
    for wrong in ({"fails": 0.075}, {"confirmed": 0.02}):
        assert bench.broken([kept | wrong])
    for wrong in ({"even": 0.7}, {"even": 0.95}):
        assert bench.broken([caught | wrong])
