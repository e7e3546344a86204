"""Scoring a bank that is already drawn: planned, priced and held against what it took."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scaling_cli.laws.cost import TokenPrices
from scaling_cli.planning.bill import Prices
from scaling_cli.planning.fact import fact_rows
from scaling_cli.planning.kept import before_sampling, keep, kept_plan
from scaling_cli.planning.pace import given
from scaling_cli.planning.verifying import given as reading_at
from scaling_cli.planning.whole import Asked
from scaling_cli.running.prepare import prepare
from scaling_cli.running.score import score_name
from scaling_cli.running.tables import plan_rows
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import plan_path
from scaling_cli.sweep import EngineSpec, ModelSpec, Sweep, VerifierSpec
from tests.planning.planned import fill, plan_of, sweep_in

JUDGE = VerifierSpec("judge", "judge", (("prompt", "step"),), ModelSpec("j"), EngineSpec("fake"))
SURE = VerifierSpec("confidence", "sure", ())
BANK = 24 * 6


def scored(sweep: Sweep) -> Sweep:
    return replace(sweep, verifiers=(JUDGE,))


@pytest.fixture
def drawn(tmp_path: Path) -> tuple[Sweep, RunFolder]:
    """One model's bank, drawn without any verifier."""
    sweep = replace(sweep_in(tmp_path), models=(ModelSpec("small"),))
    return sweep, fill(sweep, tmp_path / "r")


def bank_row(rows: list[dict[str, object]]) -> dict[str, object]:
    return next(row for row in rows if row["strategy"] == "sampling")


def test_a_finished_bank_lacks_a_new_verifiers_scores(drawn: tuple[Sweep, RunFolder]) -> None:
    sweep, folder = drawn
    asked = Asked(
        said=given({"": 50.0}),
        said_reading=reading_at({"j": 100.0}),
        prices=Prices(per_token={"": TokenPrices(1.0, 2.0), "j": TokenPrices(5.0, 5.0)}),
    )
    whole = plan_of(scored(sweep), folder, [folder], asked)
    row = bank_row(whole.cells)
    assert (row["missing"], row["unscored"], row["tokens"]) == (0, BANK, 0.0)
    assert (row["flops_policy"], row["flops"]) == (0.0, row["flops_verifier"])
    assert row["flops_verifier"] > 0 and row["disk_bytes"] == 0  # type: ignore[operator]
    read = row["verifier_tokens"]
    assert isinstance(read, float) and read > BANK * 60
    assert row["seconds"] == row["seconds_verifier"] == pytest.approx(read / 100)
    assert row["machine_hours"] == pytest.approx(read / 100 / 3600)
    assert row["dollars"] == pytest.approx(5 * read / 1e6)
    assert whole.total["unscored"] == BANK and whole.total["verifier_tokens"] == read
    # It costs what it would have cost to score these samples as they were drawn.
    fresh = plan_of(scored(sweep), RunFolder(folder.path.with_name("new")), [folder], asked)
    assert bank_row(fresh.cells)["verifier_tokens"] == pytest.approx(read)
    assert bank_row(fresh.cells)["flops_verifier"] == pytest.approx(row["flops_verifier"])
    dry = bank_row(plan_rows(scored(sweep), folder))
    assert (dry["unscored"], dry["verifier_tokens"], dry["flops"]) == (BANK, read, row["flops"])


def test_without_a_speed_the_policys_reach_stands_in(drawn: tuple[Sweep, RunFolder]) -> None:
    sweep, folder = drawn
    whole = plan_of(scored(sweep), folder, [folder])
    row = bank_row(whole.cells)
    assert row["pace"] == "measured" and row["verifier_pace"] == "policy"
    assert row["seconds"] == row["seconds_verifier"] > 0  # type: ignore[operator]
    assert any("--throughput VERIFIER=N" in line for line in whole.remarks)
    alone = plan_of(scored(sweep), folder)
    assert bank_row(alone.cells)["seconds"] is None
    assert any("how long verifiers of small take is not known" in x for x in alone.remarks)


def test_plan_and_fact_of_scoring_alone(drawn: tuple[Sweep, RunFolder]) -> None:
    sweep, folder = drawn
    with folder.lock():
        assert before_sampling(prepare(scored(sweep)), scored(sweep), folder, []) is None
    fill(scored(sweep), folder.path)
    row = bank_row(fact_rows(folder))
    assert (row["missing"], row["drawn"], row["tokens"], row["tokens_planned"]) == (0, 0, 0, 0.0)
    assert row["scorings"] == row["scored"] == BANK
    # The judge's question is planned at 60 tokens, which the fake tokenizer makes about 120 of.
    for name in ("verifier_tokens", "flops"):
        assert 1 <= row[name] / row[f"{name}_planned"] < 2  # type: ignore[operator]
    assert row["seconds"] > 0 and row["seconds_planned"] > 0  # type: ignore[operator]
    done = bank_row(plan_of(scored(sweep), folder).cells)
    assert (done["unscored"], done["verifier_tokens"], done["flops"]) == (0, 0.0, 0.0)


def test_a_plan_that_scoring_began_under_is_kept(drawn: tuple[Sweep, RunFolder]) -> None:
    sweep, folder = drawn
    assert keep(folder, plan_of(scored(sweep), folder, [folder])) is None
    first = plan_path(folder).read_bytes()
    fill(scored(sweep), folder.path)
    line = keep(folder, plan_of(scored(sweep), folder, [folder]))
    assert line is not None and "began under" in line
    assert plan_path(folder).read_bytes() == first
    more = replace(sweep, verifiers=(JUDGE, SURE))
    with folder.lock():
        before_sampling(prepare(more), more, folder, [])
    kept = kept_plan(folder)
    assert kept is not None
    assert sorted(len(row["scorers"]) for row in kept["cells"].values()) == [0, 2]
    assert sorted(row["unscored"] for row in kept["cells"].values()) == [0, BANK]


def test_half_the_scores_are_held_against_half_the_plan(drawn: tuple[Sweep, RunFolder]) -> None:
    sweep, folder = drawn
    keep(folder, plan_of(scored(sweep), folder, [folder]))
    fill(scored(sweep), folder.path)
    whole = bank_row(fact_rows(folder))
    key = str(whole["cell"])
    scorer = prepare(scored(sweep))[-1].scorers[0].key
    name = score_name(key, scorer)
    rows = folder.read_part("scores", name).to_pylist()
    folder.write_part("scores", name, rows[: BANK // 2])
    row = bank_row(fact_rows(folder))
    assert row["scored"] * 2 == row["scorings"] == BANK  # type: ignore[operator]
    assert row["verifier_tokens_planned"] == pytest.approx(whole["verifier_tokens_planned"] / 2)  # type: ignore[operator]
    assert row["seconds_planned"] == pytest.approx(whole["seconds_planned"] / 2)  # type: ignore[operator]
    assert row["flops_planned"] == pytest.approx(whole["flops_planned"] / 2)  # type: ignore[operator]


def test_more_samples_and_the_scores_of_all(drawn: tuple[Sweep, RunFolder]) -> None:
    sweep, folder = drawn
    more = replace(scored(sweep), samples=9)
    row = bank_row(plan_of(more, folder, [folder]).cells)
    assert (row["missing"], row["unscored"]) == (24 * 3, BANK)
    old = bank_row(plan_of(scored(sweep), folder, [folder]).cells)
    assert row["verifier_tokens"] == pytest.approx(1.5 * old["verifier_tokens"])  # type: ignore[operator]


def test_questions_no_longer_asked_are_scored_and_planned(drawn: tuple[Sweep, RunFolder]) -> None:
    sweep, folder = drawn
    fewer = replace(scored(sweep), tasks=(replace(sweep.tasks[0], questions=6),))
    assert bank_row(plan_of(fewer, folder, [folder]).cells)["unscored"] == BANK
    keep(folder, plan_of(fewer, folder, [folder]))
    fill(fewer, folder.path)
    assert bank_row(fact_rows(folder))["scored"] == BANK
