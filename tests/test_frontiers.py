"""Frontiers of small runs: optimal by brute force, paired, and honest about what differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scaling_cli.errors import LawError
from scaling_cli.frontiers import FrontierTable, curve_of, frontier_tables
from scaling_cli.pricing import AXES, PRICED, read_pricing
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from tests.small_run import small_run

ASK = Ask(selectors=["first", "coverage", "majority", "best"])
MODELS = {"weak": {"length_of_wrong": 2.0}, "strong": {"skill": 1.5}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return small_run(tmp_path_factory.mktemp("frontier"), MODELS)


@pytest.fixture(scope="module")
def table(folder: RunFolder) -> FrontierTable:
    (found,) = frontier_tables([folder], ASK, "flops")
    return found


def test_what_is_optimal_is_beaten_by_nothing_and_everything_else_is(table: FrontierTable) -> None:
    cost, accuracy = table.points.cost, table.accuracy
    optimal = set(table.optimal.tolist())
    for point in range(len(cost)):
        no_dearer = (cost <= cost[point]) & (np.arange(len(cost)) != point)
        matched = bool((accuracy[no_dearer] >= accuracy[point] - 1e-12).any())
        if point in optimal:
            better = accuracy[no_dearer & (cost < cost[point])] >= accuracy[point] - 1e-12
            assert not better.any() and not (accuracy[no_dearer] > accuracy[point] + 1e-12).any()
        else:
            assert matched or accuracy[point] <= 1e-12
    rows = table.rows()
    assert [row["cost"] for row in rows] == sorted(row["cost"] for row in rows)
    assert [row["accuracy"] for row in rows] == sorted({row["accuracy"] for row in rows})


def test_odds_are_shares_of_one(table: FrontierTable) -> None:
    sums = table.odds.sum(axis=1)
    assert sums == pytest.approx(np.ones(len(table.budgets)))
    assert ((table.odds >= 0) & (table.odds <= 1)).all()
    assert all(0 <= row["odds"] <= 1 and row["lo"] <= row["hi"] for row in table.rows())


def test_coverage_is_on_no_frontier_and_one_answer_is_paid_once(table: FrontierTable) -> None:
    assert {name[2] for name in table.names} == {"first", "majority", "best"}
    assert all(row["k"] == 1 for row in table.fields if row["selector"] == "first")
    assert {row["k"] for row in table.fields if row["selector"] == "majority"} == {1, 2, 4, 6}


def test_a_curve_rises_with_its_cost(table: FrontierTable) -> None:
    for number in range(len(table.names)):
        cost, accuracy, lo, hi = curve_of(table, number)
        assert (np.diff(cost) > 0).all() and (np.diff(accuracy) > 0).all()
        assert (lo <= accuracy).all() and (accuracy <= hi).all()


PRICES = read_pricing(295.0, ["weak=0.1,0.4", "strong=1,4"])


@pytest.mark.parametrize("axis", [a for a in (*AXES, *PRICED) if a != "flops_verifier"])
def test_every_axis_has_a_frontier(folder: RunFolder, axis: str) -> None:
    (table,) = frontier_tables([folder], replace(ASK, pricing=PRICES), axis)
    assert len(table.optimal) and all(row["axis"] == axis for row in table.rows())
    for row in table.rows():
        assert row["cost"] == pytest.approx(row[axis])


def test_an_axis_without_data_and_an_unknown_one_are_named(folder: RunFolder) -> None:
    with pytest.raises(LawError, match="joules"):
        frontier_tables([folder], ASK, "joules")
    with pytest.raises(LawError, match="cost of 0"):
        frontier_tables([folder], ASK, "flops_verifier")
    with pytest.raises(LawError, match="coverage"):
        frontier_tables([folder], Ask(selectors=["coverage"]), "flops")


@pytest.mark.parametrize("axis", PRICED)
def test_an_axis_whose_facts_were_not_given_says_which(folder: RunFolder, axis: str) -> None:
    with pytest.raises(LawError, match="need") as caught:
        frontier_tables([folder], ASK, axis)
    assert "--intensity" in caught.value.hint or "--dollars-per-million" in caught.value.hint


def test_a_model_without_a_price_is_left_out_and_said(folder: RunFolder) -> None:
    only = replace(ASK, pricing=read_pricing(None, ["weak=0.1,0.4"]))
    (table,) = frontier_tables([folder], only, "dollars")
    assert {name[0] for name in table.names} == {"weak"}
    assert any("without a known dollars" in remark for remark in table.remarks)


def test_dollars_are_what_the_calls_cost(folder: RunFolder) -> None:
    """Every sample is a call that pays its prompt; FLOPs pay it once."""
    (table,) = frontier_tables([folder], replace(ASK, pricing=PRICES), "dollars")
    cell = folder.cells("candidates")[0]
    prompts = np.mean(folder.read_part("candidates", cell)["prompt_tokens"].to_pylist())
    for row in table.fields:
        prompt, new = (0.1, 0.4) if row["model"] == "weak" else (1.0, 4.0)
        paid = prompt * row["k"] * prompts + new * row["tokens"]
        assert row["dollars"] == pytest.approx(paid / 1e6)


def test_runs_are_compared_on_the_questions_they_share(tmp_path: Path) -> None:
    few = small_run(tmp_path / "few", {"weak": {}}, questions=range(3, 10))
    many = small_run(tmp_path / "many", {"strong": {"skill": 1.5}}, questions=range(5, 25))
    (table,) = frontier_tables([few, many], ASK, "tokens")
    assert table.questions == 5 and table.points.values.shape[0] == 5
    assert any("5 questions all have, of up to 20" in remark for remark in table.remarks)
    (mirrored,) = frontier_tables([many, few], ASK, "tokens")
    costs = sorted(table.points.cost.tolist())
    assert sorted(mirrored.points.cost.tolist()) == pytest.approx(costs)


def test_runs_without_a_common_question_are_refused(tmp_path: Path) -> None:
    one = small_run(tmp_path / "one", {"weak": {}}, questions=range(3))
    other = small_run(tmp_path / "other", {"weak": {}}, questions=range(3, 6))
    with pytest.raises(LawError, match="no question in common"):
        frontier_tables([one, other], ASK, "tokens")


def test_unequal_truncation_and_limits_are_said(tmp_path: Path, table: FrontierTable) -> None:
    long = {"calm": {"skill": 3.0}, "wordy": {"mean_tokens": 200}}
    (found,) = frontier_tables([small_run(tmp_path / "a", long)], ASK, "tokens")
    assert any("cut off" in remark and "wordy" in remark for remark in found.remarks)
    short = small_run(tmp_path / "b", {"short": {}}, max_tokens=60)
    wide = small_run(tmp_path / "c", {"wide": {}}, max_tokens=90)
    (found,) = frontier_tables([short, wide], ASK, "tokens")
    assert any("token limits differ: short 60, wide 90" in remark for remark in found.remarks)
    assert not any("limits differ" in remark for remark in table.remarks)


def test_every_frontier_says_what_its_questions_can_show(table: FrontierTable) -> None:
    assert any("10 questions show a difference" in remark for remark in table.remarks)


def test_one_sample_is_credited_to_no_vote(table: FrontierTable) -> None:
    """Else three equal ways of taking one sample would share its odds."""
    assert all(row["selector"] == "first" for row in table.rows() if row["k"] == 1)
    votes = [i for i in table.configurations.distinct if table.fields[i]["selector"] == "majority"]
    assert votes and all(table.fields[i]["k"] > 1 for i in votes)


def test_what_is_chosen_is_scored_on_other_questions(table: FrontierTable) -> None:
    rows = table.rows()
    gaps = [point.chosen - point.fresh for point in table.law.points]
    assert any(0 <= row["cross_fitted"] <= 1 for row in rows)  # NaN where a half finds nothing
    assert np.nanmean(gaps) >= 0
    assert any(remark.startswith("winner's curse") for remark in table.remarks)
