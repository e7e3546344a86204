"""Searches and verifiers: on the bill before, in the fact afterwards, and in what is handed on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from scaling_cli.exporting import FORMATS, Source
from scaling_cli.laws.cost import TokenPrices
from scaling_cli.planning.bill import Prices
from scaling_cli.planning.fact import fact_rows
from scaling_cli.planning.kept import keep
from scaling_cli.planning.pace import given
from scaling_cli.planning.whole import Asked, Whole
from scaling_cli.recorded import Ask
from scaling_cli.running.expected import ASKED
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import read_sessions
from scaling_cli.strategies import parameters
from scaling_cli.strategies.bill import STEPS
from scaling_cli.summary import accuracy_rows
from scaling_cli.sweep import EngineSpec, ModelSpec, StrategySpec, Sweep, VerifierSpec
from tests.planning.planned import fill, plan_of, sweep_in

PRICES = Asked(prices=Prices(per_token={"": TokenPrices(1.0, 2.0), "j": TokenPrices(5.0, 5.0)}))


def searching(path: Path) -> Sweep:
    """A bank and a beam, both under a judge."""
    values = {**parameters("beam"), "n": 4, "m": 2}
    beam = StrategySpec("beam", tuple(sorted((name, (value,)) for name, value in values.items())))
    judge = VerifierSpec(
        "judge", "judge", (("prompt", "step"),), ModelSpec("j"), EngineSpec("fake")
    )  # fmt: skip
    return replace(
        sweep_in(path, questions=12),
        models=(ModelSpec("small"),),
        strategies=(StrategySpec("sampling"), beam),
        verifiers=(judge,),
        engine=EngineSpec("fake", (("skill", 0.5), ("steps", 3))),
        samples=4,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, Whole, RunFolder]:
    path = tmp_path_factory.mktemp("searched")
    sweep, folder = searching(path), RunFolder(path / "r")
    before = plan_of(sweep, folder, asked=PRICES)
    assert keep(folder, before) is None
    fill(sweep, folder.path)
    with folder.lock():
        folder.write_summary(accuracy_rows(folder, Ask(sweep.selectors, caps=[])))
    return sweep, before, folder


def test_the_verifier_is_on_the_bill(done: tuple[Sweep, Whole, RunFolder]) -> None:
    _, before, _ = done
    rows = {row["strategy"]: row for row in before.cells}
    assert rows["beam"]["verifier_tokens"] > rows["sampling"]["verifier_tokens"] > 0
    for row in rows.values():
        assert row["flops"] == pytest.approx(row["flops_policy"] + row["flops_verifier"])
        policy = (row["prompt_tokens"] + 2 * row["tokens"]) / 1e6
        assert row["dollars"] == pytest.approx(policy + 5 * row["verifier_tokens"] / 1e6)


def test_verifiers_take_time_too(done: tuple[Sweep, Whole, RunFolder]) -> None:
    sweep, before, folder = done
    assert all(row["seconds"] is None for row in before.cells), "nothing tells any speed"
    said = plan_of(
        sweep, RunFolder(folder.path.with_name("new")), asked=Asked(said=given({"": 50.0}))
    )
    for row in said.cells:
        policy = row["tokens"] / 50
        asked = row["strategy"] != "greedy"
        assert row["verifier_pace"] == ("policy" if asked else None)
        assert (row["seconds_verifier"] > 0) == asked
        assert row["seconds_verifier"] == pytest.approx(
            policy * row["flops_verifier"] / row["flops_policy"]
        )
        assert row["seconds"] == pytest.approx(policy + row["seconds_verifier"])
        assert row["machine_hours"] == pytest.approx(row["seconds"] / 3600)
    assert any("verifiers are taken to compute" in line for line in said.remarks)


def test_the_clock_of_scoring_is_kept_learnt_from_and_compared(
    done: tuple[Sweep, Whole, RunFolder],
) -> None:
    sweep, _, folder = done
    sessions = read_sessions(folder)
    (scoring,) = [session for session in sessions if session.get("role") == "verifier"]
    (drawing,) = [session for session in sessions if session.get("role") != "verifier"]
    assert scoring["model"] == "j" and scoring["samples"] == 48 and drawing["verified"]
    rows = {row["strategy"]: row for row in fact_rows(folder)}
    assert scoring["cell"] == rows["sampling"]["cell"]
    assert scoring["tokens"] == rows["sampling"]["verifier_tokens"]
    assert sum(row["seconds"] for row in rows.values()) == pytest.approx(
        drawing["seconds"] + scoring["seconds"]
    )
    # More of the same: the bank's scoring as it was measured, the search's inside its own clock.
    after = plan_of(replace(sweep, seeds=(1,)), folder, [folder])
    rows = {row["strategy"]: row for row in after.cells}
    bank = rows["sampling"]
    assert bank["verifier_pace"] == "measured"
    assert bank["seconds_verifier"] == pytest.approx(
        bank["verifier_tokens"] / scoring["tokens"] * scoring["seconds"]
    )
    assert rows["beam"]["seconds_verifier"] == 0 and rows["beam"]["seconds"] > 0


def test_a_bank_is_read_whole_by_its_verifier(done: tuple[Sweep, Whole, RunFolder]) -> None:
    """And a step on average half: 1/s, 2/s, … of the solution at each of s steps."""
    _, before, _ = done
    rows = {row["strategy"]: row for row in before.cells}
    (bank, beam), prompt = (
        (rows[name] for name in ("sampling", "beam")),
        rows["greedy"]["prompt_tokens"] / 12,
    )
    each = bank["verifier_tokens"] / bank["missing"]
    assert each == pytest.approx(ASKED + prompt + bank["tokens_per_sample"])
    scored = 4 * STEPS * 12
    each = beam["verifier_tokens"] / scored
    share = (STEPS + 1) / (2 * STEPS)
    assert each == pytest.approx(ASKED + prompt + share * beam["tokens_per_sample"])


def test_fact_counts_every_call(done: tuple[Sweep, Whole, RunFolder]) -> None:
    _, _, folder = done
    rows = {row["strategy"]: row for row in fact_rows(folder)}
    assert (rows["beam"]["width"], rows["beam"]["verifier"]) == (4, "judge")
    assert rows["beam"]["drawn"] == rows["beam"]["missing"] == 12
    charges = {key: folder.read_part("charges", key).to_pylist() for key in folder.cells("charges")}
    for row in rows.values():
        parts = [calls for part, calls in charges.items() if part.startswith(row["cell"])]
        verifier = [c for calls in parts for c in calls if c["role"] == "verifier"]
        read = sum(c["context"] + c["new_tokens"] for c in verifier)
        assert row["verifier_tokens"] == read
        assert row["flops"] > 0 and row["half_width"] > 0
    policy = [c["new_tokens"] for c in charges[rows["beam"]["cell"]] if c["role"] == "policy"]
    assert rows["beam"]["tokens"] == sum(policy)


def test_widths_and_differences_of_a_search(done: tuple[Sweep, Whole, RunFolder]) -> None:
    sweep, before, folder = done
    after = plan_of(sweep, folder, [folder])
    for whole, basis in ((before, "assumed"), (after, "recorded")):
        mine = [row for row in whole.widths if row["strategy"] == "beam"]
        assert {row["selector"] for row in mine} == {"coverage", "majority", "best"}
        assert {(row["k"], row["basis"]) for row in mine} == {(4, basis)}
        against = [row for row in whole.differences if "beam-4" in row["first"]]
        assert [row["second"] for row in against] == [
            "small with majority of 4", "small with best of 4",
        ]  # fmt: skip
    real = {
        row["selector"]: row["accuracy"]
        for row in accuracy_rows(folder, Ask(sweep.selectors, caps=[]))
        if row["strategy"] == "beam"
    }
    planned = {r["selector"]: r["accuracy"] for r in after.widths if r["strategy"] == "beam"}
    assert planned == pytest.approx(real)


def test_what_a_search_and_a_verifier_left_is_handed_on(
    done: tuple[Sweep, Whole, RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, folder = done
    for format in FORMATS:
        FORMATS[format](Source(folder), tmp_path / format)
    charges = pd.read_parquet(tmp_path / "parquet" / "charges.parquet")
    assert set(charges.strategy) == {"sampling", "beam"}
    assert set(charges.verifier) == {"judge"} and set(charges.asked_model) == {"j", "small"}
    scores = pd.read_parquet(tmp_path / "parquet" / "scores.parquet")
    assert len(scores) == 48 and set(scores.strategy) == {"sampling"}
    # The traces of a search are no independent samples: lm-eval has no place for them.
    assert len(list((tmp_path / "lm-eval").iterdir())) == 2
    metrics = json.loads((tmp_path / "metrics" / "metrics.json").read_text())["summary"]
    assert any("/beam/best" in name for name in metrics)
    assert any(name.endswith("judge/accuracy") for name in metrics)
    monkeypatch.chdir(tmp_path / "duckdb")
    with duckdb.connect() as connection:
        connection.execute(Path("views.sql").read_text())
        found = connection.execute(
            "select strategy, verifier, asked_model, count(*) from charges group by all"
        ).fetchall()
        counted = charges.groupby(["strategy", "verifier", "asked_model"]).size()
        assert {tuple(names): count for *names, count in found} == counted.to_dict()
        scored = "select verifier, count(*) from scores group by all"
        assert connection.execute(scored).fetchall() == [("judge", 48)]
