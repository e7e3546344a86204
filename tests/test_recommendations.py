"""Recommendations: inside the budget, honest, and asked whether they survive."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scaling_cli.configurations import gather
from scaling_cli.errors import LawError
from scaling_cli.frontiers import curves_of
from scaling_cli.recommendations import Recommendation, recommend
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from tests.small_run import small_run

ASK = Ask(selectors=["first", "majority"], draws=100)
MODELS = {"weak": {"length_of_wrong": 2.0}, "strong": {"skill": 0.7}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return small_run(tmp_path_factory.mktemp("recommend"), MODELS, questions=16)


def asked(folder: RunFolder, budget: float, ask: Ask = ASK) -> Recommendation:
    (found,) = recommend([folder], ask, "tokens", budget)
    return found


@pytest.mark.parametrize("budget", [60.0, 100.0, 217.0, 330.0])
def test_the_choice_is_the_best_that_the_budget_pays_for(folder: RunFolder, budget: float) -> None:
    found = asked(folder, budget)
    ((_, members),) = curves_of([folder], ASK, "tokens").items()
    for row, at in zip(found.rows, (budget, 2 * budget), strict=True):
        points = gather(members, "tokens", within=(budget, 2 * budget)).points
        inside = points.cost <= at
        assert row["cost"] <= at and row["budget"] == at
        assert row["accuracy"] == pytest.approx(points.values.mean(axis=0)[inside].max())
        assert row["lo"] <= row["cross_fitted"] <= row["hi"] and 0 <= row["odds"] <= 1
    assert found.rows[0]["model"] in found.sentences[0]
    assert "tokens a question run" in found.sentences[0] and "Twice" in found.sentences[1]


def test_a_budget_is_filled_by_a_k_between_the_octaves(folder: RunFolder) -> None:
    one = asked(folder, 1e6, replace(ASK, selectors=["majority"], caps=[])).rows[0]
    each = one["cost"] / one["k"]
    assert one["k"] == 6
    ks = {asked(folder, k * each * 1.2, replace(ASK, selectors=["majority"], caps=[])).rows[0]["k"]
          for k in (3, 5)}  # fmt: skip
    assert ks <= {2, 3, 4, 5, 6}


def test_what_twice_the_budget_buys_is_a_paired_difference(folder: RunFolder) -> None:
    now, then = asked(folder, 100.0).rows
    assert now["gain"] is None
    if then["cost"] > now["cost"]:
        assert then["gain"] == pytest.approx(then["cross_fitted"] - now["cross_fitted"])
        assert then["gain_lo"] <= then["gain"] <= then["gain_hi"]
    beyond = asked(folder, 1e6)
    assert beyond.rows[1]["gain"] is None and "nothing better that was run" in beyond.sentences[1]
    assert "Nothing dearer than" in beyond.sentences[0]


@pytest.mark.parametrize("budget", [1e-3, 0.0, -1.0, float("nan")])
def test_too_little_is_refused_with_what_would_do(folder: RunFolder, budget: float) -> None:
    with pytest.raises(LawError, match="cheapest configuration that is ever right costs"):
        asked(folder, budget)


def test_tasks_and_axes_are_named(folder: RunFolder) -> None:
    with pytest.raises(LawError, match="no task other"):
        recommend([folder], ASK, "tokens", 100, "other")
    with pytest.raises(LawError, match="joules"):
        recommend([folder], ASK, "joules", 100)
    (task,) = {name for name, _ in curves_of([folder], ASK, "tokens")}
    assert recommend([folder], ASK, "tokens", 100, task)[0].task == task


def test_every_assumption_is_tried(folder: RunFolder) -> None:
    rows = asked(folder, 200.0).sensitivity
    assert [row["assumption"] for row in rows] == [
        "answers equal as strings", "strict extraction", "the whole token limit",
        "at most 60 tokens an answer", "axis flops", "axis flops_uncached", "axis flops_2nt",
        "axis seconds", "level 0", "level 1",
    ]  # fmt: skip
    for row in rows:
        assert row["survives"] is None or row["survives"] == (row["behind"] == 0) or row["note"]
    # Every sum is written in one way, so strings change nothing.
    assert rows[0]["survives"] and rows[0]["accuracy"] == asked(folder, 200.0).rows[0]["accuracy"]
    assert {row["questions"] for row in rows if row["assumption"].startswith("level")} == {8}


def test_what_cannot_be_assumed_says_why(folder: RunFolder) -> None:
    graded = asked(folder, 200.0, replace(ASK, equality="string")).sensitivity[0]
    assert graded["survives"] is None and "graded by strings" in graded["note"]
    strict = asked(folder, 200.0, replace(ASK, extraction="strict")).sensitivity[1]
    assert strict["assumption"] == "lenient extraction"


def test_counts_without_answers_cannot_be_compared_as_strings(
    folder: RunFolder, tmp_path: Path
) -> None:
    copy = RunFolder(Path(shutil.copytree(folder.path, tmp_path / "r")))
    run = copy.read_manifest()
    cells = {
        key: replace(cell, details={**cell.details, "votes": False})
        for key, cell in run.cells.items()
    }
    copy.write_manifest(replace(run, cells=cells))
    row = asked(copy, 200.0, replace(ASK, selectors=["first"])).sensitivity[0]
    assert row["survives"] is None and "answers are not recorded" in row["note"]


def test_without_levels_difficulty_is_measured(folder: RunFolder) -> None:
    table = folder.read_part("questions", "")
    rows = [{**row, "level": None} for row in table.to_pylist()]
    folder.write_part("questions", "", rows, order=[row["question_id"] for row in rows])
    try:
        thirds = [
            r for r in asked(folder, 200.0).sensitivity if r["assumption"].startswith("level")
        ]
        assert [row["questions"] for row in thirds] == [6, 5, 5]
        accuracy = [row.get("accuracy", 0.0) for row in thirds]
        assert accuracy == sorted(accuracy, reverse=True) and np.diff(accuracy).any()
    finally:
        folder.write_part("questions", "", table, order=folder.question_ids())
