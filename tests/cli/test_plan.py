"""`scale plan`: its tables, what it is told, what it refuses, and status afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scaling_cli.running import probe
from scaling_cli.store import RunFolder
from tests.cli.command import Said, Scale

EACH = 8 * 7


def plan(scale: Scale, *arguments: object) -> Said:
    return scale("plan", scale.write(), "--results", scale.results, *arguments)


def total(scale: Scale, *arguments: object) -> dict[str, float]:
    (row,) = plan(scale, "--table", "total", "--json", *arguments).rows
    return row


def test_tables_for_a_person_and_a_sentence(scale: Scale) -> None:
    said = plan(scale, "--throughput", "100", "--dollars-per-hour", "36")
    assert said.code == 0
    for title in ("still to be drawn", "half_width", "differences to be decided"):
        assert title in said.out
    assert "in all: 112 of 112 samples to draw" in said.err and "$0.67" in said.err
    assert "half of max_tokens is assumed" in said.err


@pytest.mark.parametrize(
    ("table", "column"),
    [("cells", "verifier_tokens"), ("widths", "half_width"), ("differences", "questions_needed"),
     ("total", "machine_hours")],
)  # fmt: skip
def test_every_table_is_to_be_had_alone(scale: Scale, table: str, column: str) -> None:
    rows = plan(scale, "--table", table, "--json").rows
    assert rows and all(column in row for row in rows)


def test_what_is_said_per_model_goes_before_what_is_said_for_all(scale: Scale) -> None:
    speeds = ["--throughput", "10", "--throughput", "large=20"]
    prices = ["--dollars-per-million", "large=1,2", "--dollars-per-million", "0,0,0"]
    rows = plan(scale, *speeds, *prices, "--json").rows
    assert {(r["model"], r["tokens_per_second"]) for r in rows} == {("small", 10), ("large", 20)}
    assert {r["model"] for r in rows if r["dollars"]} == {"large"}


def test_hardware_gives_a_roofline(scale: Scale) -> None:
    slow, fast = (total(scale, "--hardware", name)["seconds"] for name in ("1e9,1e9", "1e10,1e10"))
    assert slow == pytest.approx(10 * fast)
    full = total(scale, "--hardware", "1e9,1e9", "--utilisation", "0.8")["seconds"]
    assert slow == pytest.approx(2 * full)


def test_a_probe_really_samples(scale: Scale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.05)
    rows = plan(scale, "--probe", "--json", "--set", JUDGED).rows
    assert {row["pace"] for row in rows} == {"probe"} and all(row["seconds"] > 0 for row in rows)
    assert {row["verifier_pace"] for row in rows} == {None, "probe"}
    assert not (scale.results / "s" / "run.json").exists()


def test_status_compares_plan_and_fact(scale: Scale) -> None:
    plan(scale, "--throughput", "1000")
    assert scale.run(scale.write()).code == 0
    run = scale.results / "s"
    said = scale("status", run)
    assert "plan and fact" in said.out and "half_width_planned" in said.out
    for row in scale("status", run, "--json").rows:
        assert row["plan"]["drawn"] == row["plan"]["missing"] == row["samples"]
        assert row["plan"]["tokens"] == row["tokens"] and row["plan"]["seconds_planned"] > 0
    (run / "plan.json").unlink()
    assert {row["plan"] for row in scale("status", run, "--json").rows} == {None}
    (run / "plan.json").write_text('{"version": 2, "cells": {}, "widths": []}')
    said = scale("status", run, "--json")
    assert said.code == 0 and "version 2" in said.err and {r["plan"] for r in said.rows} == {None}


JUDGED = "verifiers=[{name: judge, model: j, engine: fake, prompt: step}]"


def test_scoring_a_finished_bank_is_planned_and_compared(scale: Scale) -> None:
    assert scale.run(scale.write()).code == 0
    said = plan(scale, "--set", JUDGED, "--throughput", "j=1000")
    assert said.code == 0 and " unscored " in said.out
    assert "0 of 112 samples to draw, 96 scores of recorded samples to give" in said.err
    dry = scale.run(scale.write(), "--dry-run", "--set", JUDGED)
    assert " unscored " in dry.out
    assert " unscored " not in scale.run(scale.write(), "--dry-run").out
    assert scale.run(scale.write(), "--set", JUDGED).code == 0
    told = scale("status", scale.results / "s")
    assert "verifier_tokens_planned" in told.out and "scorings" in told.out
    rows = scale("status", scale.results / "s", "--json").rows
    assert [row["plan"]["scored"] for row in rows] == [0, 48, 0, 48]
    assert "nothing is missing of 112 samples" in plan(scale, "--set", JUDGED).err


def test_a_run_plans_itself_and_later_plans_learn_its_speed(scale: Scale) -> None:
    assert scale.run(scale.write()).code == 0
    plan_file = json.loads((scale.results / "s" / "plan.json").read_text())
    assert len(plan_file["cells"]) == 4
    rows = plan(scale, "--set", "samples=12", "--json").rows
    assert {row["pace"] for row in rows} == {"measured"}
    assert {row["basis"] for row in rows} == {"recorded"}
    assert sum(row["missing"] for row in rows) == 2 * 8 * 6
    other = scale("plan", scale.write("other"), "--results", scale.results / "none", "--from",
                  scale.results / "s", "--json").rows  # fmt: skip
    assert {(row["basis"], row["basis_from"]) for row in other} == {("similar", "s")}


def test_a_run_under_way_is_planned_and_left_alone(scale: Scale) -> None:
    with RunFolder.create(scale.results / "s").lock("scale run"):
        said = plan(scale, "--json")
    assert said.code == 0 and "not kept" in said.err and len(said.rows) == 4
    assert not (scale.results / "s" / "plan.json").exists()


def test_an_empty_run_is_planned(scale: Scale) -> None:
    assert scale.run(scale.write(options="die_after: 1")).code == 2
    assert 2 * EACH - 1 <= sum(row["missing"] for row in plan(scale, "--json").rows) <= 2 * EACH


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--hardware", "abacus"], "abacus"),
        (["--hardware", "h100", "--utilisation", "1.2"], "utilisation"),
        (["--throughput", "-3"], "throughput"),
        (["--detect", "0"], "difference"),
        (["--dollars-per-hour", "1", "--dollars-per-million", "1,2"], "by the hour"),
        (["--set", "samples=0"], "samples"),
        (["--from", "nowhere"], "holds no run"),
        (["--throughput", "nobody=5"], "the sweep asks no model nobody"),
        (["--dollars-per-hour", "nobody=5"], "the sweep asks no model nobody"),
        (["--dollars-per-million", "nobody=5,6"], "the sweep asks no model nobody"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_named(scale: Scale, words: list[str], named: str) -> None:
    assert named in plan(scale, *words).mistake
    assert not (scale.results / "s" / "plan.json").exists()


@pytest.mark.parametrize("words", [
    ["--throughput", "fast"], ["--dollars-per-million", "1"], ["--dollars-per-million", "1,2,3,4"],
    ["--config", "file.json"], ["--table", "costs"],
])  # fmt: skip
def test_a_word_in_the_wrong_place_exits_2(scale: Scale, words: list[str]) -> None:
    said = plan(scale, *words)
    assert said.code == 2 and said.out == "" and "Traceback" not in said.err


def test_a_config_gives_the_flops_of_weights_that_are_not_here(
    scale: Scale, tmp_path: Path
) -> None:
    data = tmp_path / "q.jsonl"
    data.write_text(
        "\n".join(json.dumps({"question": f"{i}?", "answer": str(i)}) for i in range(9))
    )
    file = tmp_path / "far.yaml"
    file.write_text(
        f"engine: vllm\nmodels: [someone/Large-8B]\ntasks: [{{name: q.jsonl, data: {data}}}]\n"
    )
    sweeps = Path(__file__).parents[2] / "sweeps" / "architectures"
    words = ["plan", file, "--results", tmp_path / "r", "--json", "--hardware", "h100"]
    bare = scale(*words)
    assert bare.code == 0 and {row["flops"] for row in bare.rows} == {None}
    assert "without its files" in bare.err
    config = f"someone/Large-8B={sweeps / 'llama-3-8b-instruct.json'}"
    rows = scale(*words, "--config", config).rows
    assert all(row["flops"] > 1e13 and row["seconds"] > 0 for row in rows)
