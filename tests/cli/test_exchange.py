"""`scale exchange` on counts with known coverage."""

from __future__ import annotations

from math import comb
from pathlib import Path

import pytest

from .command import Scale
from .test_importing import source


def counted(scale: Scale) -> Path:
    out = scale.folder / "run"
    for model, right, size in (("s", 16, 1e9), ("l", 32, 4e9)):
        rows = [{"question_id": str(i), "correct": right, "samples": 64} for i in range(30)]
        path = source(scale, rows, f"{model}.jsonl")
        ask = ("import", "counts", path, "--out", out, "--model", model)
        assert scale(*ask, "--active-params", size).code == 0
    return out


def test_the_small_model_gets_the_samples_the_large_one_costs(scale: Scale) -> None:
    run = counted(scale)
    said = scale("exchange", run, "--small", "s", "--large", "l", "--ratio", 3, "--json")
    (row,) = said.rows
    assert (row["size_ratio"], row["multiple"], row["k"]) == (4, 4 + 3, 7)
    missed = comb(48, 7) / comb(64, 7)
    assert row["large"] == 0.5 and row["small"] == pytest.approx(1 - missed)
    assert row["verdict"] == "small" and "perfect verifier" in said.err


def test_a_budget_beyond_the_bank_is_said(scale: Scale) -> None:
    said = scale("exchange", counted(scale), "--small", "s", "--large", "l", "--ratio", 0.01)
    assert "the budget buys k = 904, the bank ends at 64" in said.err


def test_names_that_are_not_there(scale: Scale) -> None:
    run = counted(scale)
    assert "no task holds both" in scale("exchange", run, "--small", "x", "--large", "l").mistake
    voted = scale("exchange", run, "--small", "s", "--large", "l", "--selector", "majority")
    assert "majority cannot be drawn" in voted.mistake
    assert "times as large" in scale("exchange", run, "--small", "l", "--large", "s").mistake
