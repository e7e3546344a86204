"""The bill: what it counts is what the run then takes, and what is not known stays empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from scaling_cli.errors import LawError
from scaling_cli.laws.cost import TokenPrices
from scaling_cli.planning.absent import planned_cells
from scaling_cli.planning.bill import BANK_BYTES, Prices
from scaling_cli.planning.pace import given, probed
from scaling_cli.planning.spent import spent
from scaling_cli.planning.verifying import ReadingOf
from scaling_cli.planning.verifying import given as reading_at
from scaling_cli.planning.whole import Asked, Lacking
from scaling_cli.running.tables import plan_rows
from scaling_cli.store import RunFolder
from scaling_cli.sweep import EngineSpec, ModelSpec, VerifierSpec
from scaling_cli.types import Architecture
from tests.planning.planned import fill, plan_of, sweep_in

MISSING = {"small": 24 * 7, "large": 24 * 7}


def test_it_says_what_a_dry_run_says_and_more(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder(tmp_path / "r")
    rows, dry = plan_of(sweep, folder).cells, plan_rows(sweep, folder)
    assert [
        {name: row[name] for name in other} for row, other in zip(rows, dry, strict=True)
    ] == dry
    assert not folder.path.exists()
    assert all(row["verifier_tokens"] == row["flops_verifier"] == 0 for row in rows)
    assert all(row["flops_policy"] == row["flops"] > 0 for row in rows)


def test_flops_planned_with_the_true_lengths_are_those_the_run_takes(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    done = fill(sweep, tmp_path / "r")
    whole = plan_of(sweep, RunFolder(tmp_path / "again"), [done])
    assert {row["basis"] for row in whole.cells} == {"similar"}
    for row in whole.cells:
        took = spent(done, row["cell"])
        assert took is not None and took.flops is not None
        assert row["tokens"] == pytest.approx(took.tokens)
        # Attention grows with the square of a length: its mean is a little less than its sum.
        assert row["flops"] == pytest.approx(took.flops, rel=0.02)
        assert row["basis_from"] == "r"


def test_a_complete_run_costs_nothing_more(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    done = fill(sweep, tmp_path / "r")
    whole = plan_of(sweep, done, asked=Asked(prices=Prices(per_token={"": TokenPrices(1, 1)})))
    for name in ("missing", "tokens", "flops", "seconds", "dollars", "disk_bytes", "machine_hours"):
        assert whole.total[name] == 0, name
    assert whole.total["recorded"] == sum(MISSING.values())


def test_seconds_hours_and_dollars_follow_from_what_is_said(tmp_path: Path) -> None:
    asked = Asked(said=given({"small": 10.0, "": 100.0}), prices=Prices(per_hour={"": 3.6}))
    whole = plan_of(sweep_in(tmp_path), RunFolder(tmp_path / "r"), asked=asked)
    for row in whole.cells:
        speed = 10 if row["model"] == "small" else 100
        assert row["seconds"] == pytest.approx(row["tokens"] / speed)
        assert row["dollars"] == pytest.approx(row["seconds"] / 1000)
        assert (row["pace"], row["devices"]) == ("given", 1)
        assert row["disk_bytes"] == BANK_BYTES[0] * row["missing"] + BANK_BYTES[1] * row["tokens"]
    assert whole.total["seconds"] == pytest.approx(sum(row["seconds"] for row in whole.cells))


def test_token_prices_charge_every_prompt_and_cached_ones_less(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder(tmp_path / "r")
    dear = Asked(prices=Prices(per_token={"small": TokenPrices(10, 20), "": TokenPrices(1, 2)}))
    cheap = Asked(prices=Prices(per_token={"": TokenPrices(10, 20, cached=0)}))
    for row, less in zip(
        plan_of(sweep, folder, asked=dear).cells, plan_of(sweep, folder, asked=cheap).cells,
        strict=True,
    ):  # fmt: skip
        scale = 10 if row["model"] == "small" else 1
        bill = scale * (row["prompt_tokens"] + 2 * row["tokens"]) / 1e6
        assert row["dollars"] == pytest.approx(bill)
        each = row["samples"] / row["questions"]
        first = 10 * (row["prompt_tokens"] / each + 2 * row["tokens"]) / 1e6
        assert less["dollars"] == pytest.approx(first)


def test_what_is_not_known_is_empty_and_said(tmp_path: Path) -> None:
    whole = plan_of(sweep_in(tmp_path), RunFolder(tmp_path / "r"))
    assert {row["seconds"] for row in whole.cells} == {None} and whole.total["seconds"] is None
    assert {row["dollars"] for row in whole.cells} == {None}
    assert any("--throughput" in line and "large, small" in line for line in whole.remarks)
    assert any("half of max_tokens" in line for line in whole.remarks)


def test_a_probe_goes_before_a_bound_and_after_what_is_said(tmp_path: Path) -> None:
    seen: list[int] = []

    def measure(cells: object) -> object:
        seen.append(len(cells))  # type: ignore[arg-type]
        return probed({("small", "fake"): 7.0, ("large", "fake"): 8.0})

    asked = Asked(said=given({"large": 5.0}), measure=measure, bound=given({"": 9.0}))  # type: ignore[arg-type]
    rows = plan_of(sweep_in(tmp_path), RunFolder(tmp_path / "r"), asked=asked).cells
    assert {(row["model"], row["tokens_per_second"], row["pace"]) for row in rows} == {
        ("small", 7.0, "probe"), ("large", 5.0, "given"),
    }  # fmt: skip
    assert seen == [4]


def test_a_verifiers_probe_stands_between_what_is_said_and_a_bound(tmp_path: Path) -> None:
    """It is handed every cell that lacks something, with what it lacks."""
    handed: list[Lacking] = []

    def measure(lacking: Sequence[Lacking]) -> ReadingOf:
        handed.extend(lacking)
        return reading_at({"j": 10.0})

    judge = VerifierSpec("judge", "judge", (), ModelSpec("j"), EngineSpec("fake"))
    sweep = replace(sweep_in(tmp_path), models=(ModelSpec("small"),), verifiers=(judge,))
    pace = given({"": 50.0})

    def seconds(asked: Asked) -> float:
        row = plan_of(sweep, RunFolder(tmp_path / "r"), asked=asked).cells[-1]
        return float(row["verifier_tokens"]) / float(row["seconds_verifier"])

    asked = Asked(said=pace, measure_reading=measure, bound_reading=reading_at({"j": 20.0}))
    assert seconds(asked) == pytest.approx(10)
    assert [bool(todo.missing) for _, todo in handed] == [True, True]
    assert seconds(replace(asked, said_reading=reading_at({"j": 5.0}))) == pytest.approx(5)
    assert seconds(replace(asked, measure_reading=None)) == pytest.approx(20)


def test_weights_that_are_not_here_are_planned_without(tmp_path: Path) -> None:
    sweep = replace(
        sweep_in(tmp_path),
        models=(ModelSpec("someone/Large-70B"),),
        engine=EngineSpec("vllm"),
    )
    known = Architecture("llama", 2, 64, 4, 2, 16, 128, 1000, parameters=10**6)
    cells, notes = planned_cells(sweep, {})
    assert len(notes) == 1 and "someone/Large-70B is planned for without its files" in notes[0]
    assert {cell.model.architecture for cell in cells} == {None}
    assert {
        cell.model.architecture for cell in planned_cells(sweep, {"someone/Large-70B": known})[0]
    } == {known}
    whole = plan_of(sweep, RunFolder(tmp_path / "r"))
    assert whole.total["flops"] is None and whole.total["prompt_tokens"] > 0
    assert any("--config" in line for line in whole.remarks)


@pytest.mark.parametrize("prices", [
    {"per_hour": {"": 1.0}, "per_token": {"": TokenPrices(1, 1)}},
    {"per_hour": {"": -1.0}},
    {"per_hour": {"": float("nan")}},
    {"per_token": {"m": TokenPrices(1, float("inf"))}},
])  # fmt: skip
def test_prices_that_make_no_sense_are_refused(prices: dict[str, object]) -> None:
    with pytest.raises(LawError):
        Prices(**prices)  # type: ignore[arg-type]


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_throughput_is_a_positive_number(speed: float) -> None:
    with pytest.raises(LawError, match="no throughput"):
        given({"": speed})
