"""`scale limits`: rows, per-question rows, predictions, figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from .command import Scale
from .test_importing import source


def recorded(scale: Scale) -> Path:
    """Two questions: one that voting gets, one that it never gets though half are right."""
    votes = {"a": ["1"] * 30 + ["2"] * 10, "b": ["2"] * 30 + ["1"] * 10}
    rows = [
        {"question_id": q, "answer": a, "gold": "1", "score": 0.9 if a == "1" else 0.1}
        for q, answers in votes.items()
        for a in answers
    ]
    out = scale.folder / "run"
    assert scale("import", "samples", source(scale, rows), "--out", out, "--model", "m").code == 0
    return out


def test_limits_say_where_voting_ends_and_what_weights_win(scale: Scale) -> None:
    said = scale("limits", recorded(scale), "--json")
    plain, weighted = said.rows
    assert (plain["selector"], plain["plug_in"], plain["right"], plain["never"]) == (
        "majority", 0.5, 1, 1,
    )  # fmt: skip
    assert plain["limit"] == pytest.approx(0.5, abs=0.01)
    assert plain["lo"] < 0.5 < plain["hi"]
    assert plain["coverage"] == 1 and plain["gap"] == pytest.approx(0.5, abs=0.01)
    # Thirty votes of weight 0.1 against ten of 0.9.
    assert (weighted["plug_in"], weighted["won_by_weights"]) == (1, 1)
    assert weighted["auroc"] == 1
    # The score tells right from wrong, so an endless best-of-k by it gets both questions.
    assert weighted["verifier_ceiling"] == 1
    assert (weighted["true_positive"], weighted["false_positive"]) == (1, 0)
    assert "it would end best-of-k at 100.0%" in said.err
    assert "ends at 50" in said.err and "surely never gets 1" in said.err


def test_questions_and_predictions(scale: Scale) -> None:
    run = recorded(scale)
    rows = scale("limits", run, "--questions", "--json").rows
    assert [row["ends"] for row in rows] == ["right", "never"]
    assert [row["weighted_wins"] > 0.9 for row in rows] == [True, True]
    assert rows[0]["probability_gap"] == pytest.approx(-rows[1]["probability_gap"], abs=1e-9)
    first, last = scale("limits", run, "--k", 1000, "--k", 1, "--json").rows
    assert (first["k"], last["k"]) == (1, 1000) and first["extrapolated"] and last["mc_error"] >= 0
    assert last["accuracy"] == pytest.approx(0.5, abs=0.05)


def test_scores_that_are_no_weights_still_rank_and_can_be_mapped(scale: Scale) -> None:
    rows = [
        {"question_id": q, "answer": a, "gold": "1", "score": score}
        for q in "ab"
        for a, score in [("1", 3.0), ("1", 1.0), ("1", 1.0), ("2", 2.0), ("3", -4.0)]
    ]
    out = scale.folder / "run"
    scale("import", "samples", source(scale, rows), "--out", out, "--model", "m")
    (plain,) = scale("limits", out, "--json").rows
    assert plain["auroc"] == pytest.approx(4 / 6) and plain["calibration_error"] is None
    assert (plain["true_positive"], plain["false_positive"]) == (1, 0.5)
    assert plain["verifier_ceiling"] == pytest.approx(0.6 / 0.8)
    _, weighted = scale("limits", out, "--weight-map", "logistic", "--json").rows
    assert weighted["selector"] == "weighted" and weighted["brier"] > 0
    refused = scale("accuracy", out, "--selector", "weighted")
    assert "lie in [0, 1]" in refused.mistake and "--weight-map" in refused.err
    votes = scale("accuracy", out, "--selector", "weighted", "--weight-map", "logistic", "--json")
    assert votes.rows[-1]["accuracy"] == 1
    few = scale("accuracy", out, "--selector", "best-majority", "--keep", 1, "--json").rows
    best = scale("accuracy", out, "--selector", "best", "--json").rows
    assert [row["accuracy"] for row in few] == pytest.approx([row["accuracy"] for row in best])


def test_figures_are_written(scale: Scale) -> None:
    plots = scale.folder / "plots"
    said = scale("limits", recorded(scale), "--plot", "--plots", plots)
    assert said.code == 0
    assert {p.name for p in plots.rglob("*")} >= {"limits.png", "calibration.svg"}


def test_counts_cannot_be_voted_on(scale: Scale) -> None:
    rows = [{"question_id": "a", "correct": 2, "samples": 4}]
    out = scale.folder / "run"
    scale("import", "counts", source(scale, rows), "--out", out, "--model", "m")
    assert "no cell holds several samples whose answers are known" in scale("limits", out).mistake
