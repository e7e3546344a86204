"""`scale search` at the terminal and for programs; tables that name the verifier."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Scale
from tests.small_search import small_search


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_search(tmp_path_factory.mktemp("cli"), questions=10).path


def test_a_program_gets_claims_budgets_and_repeats(scale: Scale, run: Path) -> None:
    search = ("search", run, "--axis", "tokens", "--json")
    pairs = scale(*search)
    assert pairs.code == 0 and "judged together" in pairs.err
    budgets = scale(*search, "--table", "budgets").rows
    assert len(budgets) == sum(row["budgets"] for row in pairs.rows)
    for row in pairs.rows:
        assert row["verdict"] in ("supported", "refuted", "undecided")
        assert row["smallest_difference"] > 0 and row["matched"] == "tokens"
    assert scale(*search, "--table", "repeats").rows == []
    fewer = scale(*search, "--against", "beam").rows
    assert 0 < len(fewer) < len(pairs.rows)


def test_a_person_gets_a_table_with_its_claim_and_figures(scale: Scale, run: Path) -> None:
    said = scale("search", run, "--axis", "flops_policy", "--plot", "--by-difficulty", run,
                 "--plots", scale.folder)  # fmt: skip
    assert said.code == 0, said
    assert "the first is better than the second at equal flops_policy" in said.out
    assert "80% power" in said.err and "are no method" not in said.out
    for name in ("searches.png", "searches.svg", "searches-by-difficulty.png"):
        assert (scale.folder / "s" / name).stat().st_size > 1000


def test_mistakes_are_told(scale: Scale, run: Path) -> None:
    assert "no axis money" in scale("search", run, "--axis", "money").mistake
    assert "no two generators" in scale("search", run, "--against", "nothing").mistake
    wrong = scale("search", run, "--by-difficulty", run, "--model", "huge", "--plots", scale.folder)
    assert wrong.code == 2 and "holds no samples of huge" in wrong.err


def test_a_verifier_is_a_column_where_there_is_one(scale: Scale, run: Path) -> None:
    shown = scale("accuracy", run, "--selector", "weighted")
    assert "verifier" in shown.out and "oracle (upper bound)" in shown.out
    assert "verifier" not in scale("accuracy", run, "--selector", "first").out
    frontier = ("frontier", run, "--plots", scale.folder, "--selector")
    assert "verifier" in scale(*frontier, "weighted").out.splitlines()[0]


def test_a_recommended_search_is_named_with_its_verifier(scale: Scale, tmp_path: Path) -> None:
    judge = {"name": "judge", "model": "j", "prompt": "step"}
    led = small_search(tmp_path, "led", questions=8, verifiers=[judge], greedy=False, samples=2,
                       strategies=["sampling", {"name": "rebase", "n": 8}])  # fmt: skip
    said = scale("recommend", led.path, "--budget", "1e12", "--selector", "weighted")
    assert "with rebase of width 8 led by the judge, weighted vote, at most" in said.out
    assert "the choice cannot be run" not in said.out.splitlines()[0]
    (row, _) = scale("recommend", led.path, "--budget", "1e12", "--selector", "weighted",
                     "--json").rows  # fmt: skip
    assert row["strategy"] == "rebase" and row["verifier"] == "judge"
    tests = scale("recommend", led.path, "--budget", "1e12", "--selector", "weighted",
                  "--table", "sensitivity", "--json").rows  # fmt: skip
    tokens = next(row for row in tests if row["assumption"] == "axis tokens")
    assert tokens["survives"] is not None and tokens["odds_of_choice"] > 0


def test_a_search_is_compared_by_name(scale: Scale, run: Path) -> None:
    rows = scale("compare", f"{run}::weighted:rebase@confidence", f"{run}::majority:sampling",
                 "--axis", "tokens", "--json").rows  # fmt: skip
    assert {row["matched"] for row in rows} == {"k", "tokens"}
    (named,) = {row["first"] for row in rows if row["matched"] == "k"}
    assert named == "small with rebase led by confidence, weighted"
