"""The plan beside a run: whose it is, what it is compared with, and when it gives way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scaling_cli.planning.fact import fact_rows
from scaling_cli.planning.kept import before_sampling, keep, kept_plan
from scaling_cli.planning.pace import given
from scaling_cli.planning.spent import spent
from scaling_cli.planning.whole import Asked
from scaling_cli.running.prepare import prepare
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import plan_path, read_sessions
from scaling_cli.sweep import EngineSpec, Sweep
from tests.planning.planned import fill, plan_of, sweep_in


def planned_before(sweep: Sweep, folder: RunFolder) -> str | None:
    """What `scale run` does about its plan."""
    with RunFolder.create(folder.path).lock():
        return before_sampling(prepare(sweep), sweep, folder, [])


def test_no_plan_is_nothing_to_compare(tmp_path: Path) -> None:
    assert fact_rows(fill(sweep_in(tmp_path), tmp_path / "r")) == []


def test_fact_stands_beside_plan(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder(tmp_path / "r")
    whole = plan_of(sweep, folder, asked=Asked(said=given({"": 50.0})))
    assert keep(folder, whole) is None
    assert all(row["drawn"] == 0 and row["seconds"] is None for row in fact_rows(folder))
    fill(sweep, folder.path)
    rows = {row["cell"]: row for row in fact_rows(folder)}
    for planned in whole.cells:
        row, took = rows[planned["cell"]], spent(folder, planned["cell"])
        assert took is not None and row["drawn"] == row["missing"] == planned["missing"]
        assert (row["tokens_planned"], row["tokens"]) == (planned["tokens"], took.tokens)
        assert (row["flops_planned"], row["flops"]) == (planned["flops"], took.flops)
        assert row["seconds_planned"] == pytest.approx(planned["tokens"] / 50)
        assert 0 < row["half_width"] < 0.3 and 0 < row["half_width_planned"] < 0.3
    clock = sum(session["seconds"] for session in read_sessions(folder))
    assert sum(row["seconds"] for row in rows.values()) == pytest.approx(clock)


def test_only_what_was_drawn_since_the_plan_is_compared(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder(tmp_path / "r")
    fill(sweep, folder.path)
    before = {row["cell"]: row["tokens"] for row in plan_of(sweep, folder).cells}
    more = replace(sweep, samples=9)
    assert planned_before(more, folder) is None
    fill(more, folder.path)
    sampled = [row for row in fact_rows(folder) if row["strategy"] == "sampling"]
    assert {row["drawn"] for row in sampled} == {3 * 24} and len(before) == 4
    for row in sampled:
        # The first six samples tell how long the next three are.
        assert row["tokens"] == pytest.approx(row["tokens_planned"], rel=0.25)
        assert 0 < row["seconds"] < 60
    greedy = [row for row in fact_rows(folder) if row["strategy"] == "greedy"]
    assert {(row["drawn"], row["tokens"], row["tokens_planned"]) for row in greedy} == {(0, 0, 0.0)}


def test_half_a_run_is_held_against_half_the_plan(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder(tmp_path / "r")
    keep(folder, plan_of(sweep, folder))
    task = replace(sweep.tasks[0], questions=12)
    fill(replace(sweep, tasks=(task,)), folder.path)
    for row in fact_rows(folder):
        assert row["drawn"] * 2 == row["missing"]
        assert row["tokens_planned"] == pytest.approx(60 * row["drawn"])


def test_a_resumed_run_keeps_its_plan_and_an_extended_one_is_planned_anew(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder(tmp_path / "r")
    planned_before(sweep, folder)
    first = plan_path(folder).read_bytes()
    fill(sweep, folder.path)
    planned_before(sweep, folder)
    assert plan_path(folder).read_bytes() == first
    # Asking what more would cost buries nothing; drawing more does.
    more = replace(sweep, samples=8)
    line = keep(folder, plan_of(more, folder, [folder]))
    assert line is not None and "began under" in line
    assert plan_path(folder).read_bytes() == first
    planned_before(more, folder)
    kept = kept_plan(folder)
    assert kept is not None and sorted(row["samples"] for row in kept["cells"].values()) == [
        24, 24, 192, 192,
    ]  # fmt: skip


def test_a_plan_nothing_was_drawn_under_gives_way(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder(tmp_path / "r")
    keep(folder, plan_of(sweep, folder))
    assert keep(folder, plan_of(replace(sweep, samples=2), folder)) is None
    kept = kept_plan(folder)
    assert kept is not None and max(row["samples"] for row in kept["cells"].values()) == 48


def test_a_damaged_plan_is_written_anew_and_a_locked_run_left_alone(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder.create(tmp_path / "r")
    plan_path(folder).write_text("{")
    with folder.lock("scale run"):
        line = keep(folder, plan_of(sweep, folder))
    assert line is not None and "held by process" in line
    assert plan_path(folder).read_text() == "{"
    assert keep(folder, plan_of(sweep, folder)) is None and kept_plan(folder) is not None


def test_a_run_that_cannot_be_planned_is_run(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder.create(tmp_path / "r")
    (folder.path / "plan.json").mkdir()  # nothing can be written there
    line = planned_before(sweep, folder)
    assert line is not None and "not planned" in line
    fill(sweep, folder.path)


def test_failed_samples_are_not_drawn(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path), RunFolder(tmp_path / "r")
    planned_before(sweep, folder)
    fill(replace(sweep, engine=EngineSpec("fake", (("fail_rate", 0.5),))), folder.path)
    rows = fact_rows(folder)
    assert all(0 < row["drawn"] < row["missing"] for row in rows)
