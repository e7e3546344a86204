"""The widths that are promised, from recorded banks where there are any, are those a run gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaling_cli.errors import LawError
from scaling_cli.laws.width import assumed, half_width
from scaling_cli.planning.whole import Asked
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import pace_path
from scaling_cli.summary import accuracy_rows
from scaling_cli.sweep import EngineSpec
from tests.planning.planned import fill, plan_of, sweep_in

Row = dict[str, Any]


def found(rows: list[Row], **wanted: Any) -> Row:
    (row,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return row


def test_without_evidence_the_assumption_is_said(tmp_path: Path) -> None:
    whole = plan_of(sweep_in(tmp_path), RunFolder(tmp_path / "r"))
    first = found(whole.widths, model="small", strategy="sampling", selector="first")
    assert first["half_width"] == pytest.approx(half_width(assumed().sd(6), 24))
    assert (first["basis"], first["accuracy"]) == ("assumed", None)
    greedy = found(whole.widths, model="small", strategy="greedy")
    voted = found(whole.widths, model="small", selector="majority")
    assert greedy["half_width"] == voted["half_width"] == pytest.approx(half_width(0.5, 24))
    assert {row["basis"] for row in whole.differences} == {"assumed"}
    assert [(row["first"], row["second"]) for row in whole.differences] == [
        ("large with one sample", "small with one sample"),
        ("large with majority of 6", "small with majority of 6"),
        ("large with best of 6", "small with best of 6"),
        ("small with majority of 6", "small greedy"),
        ("large with majority of 6", "large greedy"),
    ]


def test_recorded_banks_promise_the_band_that_the_run_has(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, questions=60)
    done = fill(sweep, tmp_path / "r")
    widths = plan_of(sweep, done, [done]).widths
    assert {row["basis"] for row in widths} == {"recorded"}
    rows = accuracy_rows(done, Ask(sweep.selectors, caps=[]))
    for row in widths:
        real = found(rows, cell=row["cell"], selector=row["selector"], k=row["k"])
        assert row["half_width"] == pytest.approx((real["hi"] - real["lo"]) / 2, rel=0.12), row
        assert row["accuracy"] == pytest.approx(real["accuracy"])


def test_a_deeper_plan_is_narrower_and_says_where_it_saw_less(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    done = fill(sweep, tmp_path / "r")
    deep = plan_of(replace(sweep, samples=40), done, [done]).widths
    now = plan_of(sweep, done, [done]).widths
    pick = {"model": "small", "strategy": "sampling"}
    assert (
        found(deep, **pick, selector="first")["half_width"]
        < found(now, **pick, selector="first")["half_width"]
    )
    voted = found(deep, **pick, selector="majority")
    assert voted["k"] == 40 and voted["basis_from"] == "r at k = 6"
    more = plan_of(sweep_in(tmp_path, questions=60), done, [done]).widths
    ratio = (
        found(more, **pick, selector="first")["half_width"]
        / found(now, **pick, selector="first")["half_width"]
    )
    assert ratio == pytest.approx(np.sqrt(24 / 60), rel=1e-6)


def test_what_halves_it_halves_it(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    done = fill(sweep, tmp_path / "r")
    row = found(plan_of(sweep, done, [done]).widths, model="small", selector="first",
                strategy="sampling")  # fmt: skip
    assert row["questions_to_halve"] == 4 * 24
    assert row["samples_to_halve"] is None  # questions alone vary by more than a quarter
    # Where questions hardly differ, more samples of the same questions do halve it.
    even = sweep_in(tmp_path, engine=EngineSpec("fake", (("spread", 0.0),)), questions=60)
    flat = fill(even, tmp_path / "flat")
    shallow = replace(even, samples=2)
    row = found(plan_of(shallow, flat, [flat]).widths, model="small", selector="first",
                strategy="sampling")  # fmt: skip
    deeper = replace(even, samples=row["samples_to_halve"])
    assert found(plan_of(deeper, flat, [flat]).widths, model="small", selector="first",
                 strategy="sampling")["half_width"] <= row["half_width"] / 2  # fmt: skip


def test_differences_on_shared_questions_are_paired(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    done = fill(sweep, tmp_path / "r")
    asked = Asked(detect=0.1)
    rows = plan_of(sweep, done, [done], asked).differences
    assert {(row["basis"], row["basis_from"]) for row in rows} == {
        ("recorded", "24 shared questions")
    }
    assert all(0 < row["smallest_difference"] <= 1 and row["detect"] == 0.1 for row in rows)
    # What these questions just show takes as many questions as these.
    smallest = rows[0]["smallest_difference"]
    again = plan_of(sweep, done, [done], Asked(detect=smallest)).differences[0]
    assert again["questions_needed"] in (24, 25)


def test_runs_on_other_questions_are_not_paired(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    one = fill(replace(sweep, models=sweep.models[:1]), tmp_path / "one")
    tasks = (replace(sweep.tasks[0], questions=tuple(range(30, 54))),)
    other = fill(replace(sweep, models=sweep.models[1:], tasks=tasks), tmp_path / "other")
    rows = plan_of(sweep, RunFolder(tmp_path / "r"), [one, other]).differences
    assert found(rows, first="large with one sample")["basis"] == "assumed"
    assert found(rows, first="small with majority of 6")["basis"] == "recorded"


@pytest.mark.parametrize("detect", [0.0, -0.1, 1.5, float("nan")])
def test_a_difference_is_a_fraction(tmp_path: Path, detect: float) -> None:
    with pytest.raises(LawError, match="cannot be asked for"):
        plan_of(sweep_in(tmp_path), RunFolder(tmp_path / "r"), asked=Asked(detect=detect))


def test_a_damaged_earlier_run_is_said_and_left_out(tmp_path: Path) -> None:
    from scaling_cli.planning.earlier import earlier_cells

    done = fill(sweep_in(tmp_path), tmp_path / "r")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    said: list[str] = []
    assert len(earlier_cells([RunFolder(broken), done], said.append)) == 4
    assert len(said) == 1 and "broken" in said[0]


def test_damaged_parts_of_other_runs_are_no_evidence(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    other = fill(sweep, tmp_path / "other")
    for part in other.path.glob("candidates/*.parquet"):
        part.write_bytes(part.read_bytes()[:200])
    pace_path(other).write_text("{")
    whole = plan_of(sweep, RunFolder(tmp_path / "r"), [other])
    assert {row["basis"] for row in [*whole.widths, *whole.cells]} == {"assumed"}
    assert {row["pace"] for row in whole.cells} == {None}
