"""`scale run` and `scale grade`: plans, overrides, failures, odd questions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scaling_cli.store import RunFolder
from tests.cli.command import Scale

ROOT = Path(__file__).parents[2]
EACH = 8 * 7
"""Samples of one model: eight questions, six samples and a greedy one."""


def test_a_run_fills_its_folder_and_says_so_in_json(scale: Scale) -> None:
    said = scale.run(scale.write(), "--json")
    assert said.code == 0
    assert [(row["samples"], row["done"], row["state"]) for row in said.rows] == [
        (8, 8, "complete"), (48, 48, "complete"),
    ] * 2  # fmt: skip
    folder = RunFolder(scale.results / "s")
    assert folder.manifest_path.exists() and folder.has_part("summary")
    assert not list(folder.path.glob("journal/*"))


def test_a_dry_run_plans_and_touches_nothing(scale: Scale) -> None:
    said = scale.run(scale.write(), "--dry-run", "--json")
    assert said.code == 0 and not scale.results.exists()
    assert sum(row["missing"] for row in said.rows) == 2 * EACH
    assert all(row["tokens"] > 0 and row["flops"] > 0 for row in said.rows)
    scale.run(scale.write(models="small"))
    after = scale.run(scale.write(), "--dry-run", "--json").rows
    assert sum(row["missing"] for row in after) == EACH
    assert {row["basis"] for row in after if row["model"] == "small"} == {"recorded"}


def test_set_and_limit_change_what_is_asked(scale: Scale) -> None:
    said = scale.run(scale.write(), "--set", "samples=3", "--limit", "2", "--dry-run", "--json")
    assert [row["samples"] for row in said.rows] == [2, 6, 2, 6]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("smaples=3", "samples"),
        ("engine=nonsense", "nonsense"),
        ("samples=many", "samples"),
        ("equality=maths", "maths"),
    ],
)
def test_a_mistake_is_named(scale: Scale, change: str, named: str) -> None:
    assert named in scale.run(scale.write(), "--set", change).mistake
    assert not scale.results.exists()


def test_a_failed_sample_makes_the_exit_code_1_and_is_repaired(scale: Scale) -> None:
    file = scale.write()
    said = scale.run(scale.write("s", options="fail_rate: 0.2"), "--json")
    assert said.code == 1 and "stay in the denominator" in said.err
    failed = sum(row["failed"] for row in said.rows)
    assert 0 < failed < 2 * EACH
    assert sum(row["done"] + row["failed"] for row in said.rows) == 2 * EACH
    shown = scale("accuracy", scale.results / "s", "--json").rows
    assert {row["questions"] for row in shown} == {8}
    file = scale.write()
    again = scale.run(file, "--json")
    assert again.code == 0 and not any(row["failed"] for row in again.rows)


def test_an_engine_that_dies_exits_2_and_the_next_run_completes(scale: Scale) -> None:
    said = scale.run(scale.write("s", options="die_after: 30"))
    assert "died" in said.mistake
    rows = scale("status", scale.results / "s", "--json").rows
    assert sum(row["done"] for row in rows) == 30
    assert {row["state"] for row in rows} >= {"incomplete"}
    assert scale.run(scale.write()).code == 0


def test_a_second_process_is_told_who_holds_the_folder(scale: Scale) -> None:
    file = scale.write()
    with RunFolder.create(scale.results / "s").lock("scale run"):
        assert f"held by process {os.getpid()}" in scale.run(file).mistake


def test_ctrl_c_keeps_what_is_recorded(scale: Scale) -> None:
    file = scale.write(options="latency: 8.0")
    process = subprocess.Popen(
        [sys.executable, "-m", "scaling_cli.cli.main", "run", file, "--results", scale.results],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 90
    journals: list[Path] = []
    while not any(j.stat().st_size for j in journals) and time.monotonic() < deadline:
        time.sleep(0.02)
        journals = list(scale.results.glob("s/journal/*.jsonl"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 130 and out == ""
    assert "what was recorded is kept" in err and "Traceback" not in err
    assert sum(row["done"] for row in scale("status", scale.results / "s", "--json").rows) > 0
    assert scale.run(scale.write()).code == 0


# --- questions that are not as they should be ---------------------------------------------------


def _own(scale: Scale, lines: list[str]) -> Path:
    file = scale.write(models="small")
    (scale.folder / "sums.jsonl").write_text("\n".join(lines))
    return file


@pytest.mark.parametrize(
    "lines",
    [
        ['{"sum": "1 + 1?", "result": "2"}'],
        ['{"question": "1 + 1?", "answer": "2"}', '{"question": "2 + 2?"'],
        ['["question", "answer"]'],
        [],
    ],
    ids=["other columns", "half a line", "a list", "empty"],
)
def test_questions_that_cannot_be_read_are_a_sentence(scale: Scale, lines: list[str]) -> None:
    assert "sums.jsonl" in scale.run(_own(scale, lines)).mistake


def test_ids_that_repeat_or_hold_slashes_do_no_harm(scale: Scale) -> None:
    lines = [
        json.dumps({"id": name, "question": f"{i} + 1?", "answer": str(i + 1)})
        for i, name in enumerate(["../../x", "a/b", "a/b", "#7"])
    ]
    said = scale.run(_own(scale, lines), "--json")
    if said.code == 2:
        assert "a/b" in said.mistake
        lines.pop(2)
        said = scale.run(_own(scale, lines), "--json")
    assert said.code == 0
    assert {row["done"] for row in said.rows} == {len(lines), 6 * len(lines)}
    outside = [p for p in scale.folder.rglob("*") if p.is_file() and scale.results not in p.parents]
    assert sorted(p.name for p in outside) == ["s.yaml", "sums.jsonl"]


# --- grading again ------------------------------------------------------------------------------


HALVES = ["1/2", "0.5", "\\frac{1}{2}", "0.7", "7/10", "1/2"]


@pytest.fixture
def halves(scale: Scale, monkeypatch: pytest.MonkeyPatch) -> Scale:
    """A run whose model writes one half, and seven tenths, in several ways."""
    from dataclasses import replace
    from typing import Any

    from scaling_cli.engines.fake import FakeEngine, FakeTokenizer

    generate = FakeEngine.generate

    async def written(self: Any, request: Any, on_tokens: Any = None) -> Any:
        place = int(request.name.rpartition("#")[2])
        text = f"\\boxed{{{HALVES[place]}}}"
        tokens = (*FakeTokenizer().encode(text), 256)
        reply = await generate(self, request, on_tokens)
        return replace(
            reply, text=text, tokens=tokens, new_tokens=len(tokens), finish_reason="stop",
            logprobs=(-0.1,) * len(tokens),
        )  # fmt: skip

    monkeypatch.setattr(FakeEngine, "generate", written)
    file = _own(scale, ['{"question": "half of 1?", "answer": "1/2"}'])
    assert scale.run(file).code == 0
    return scale


def _sampled(scale: Scale) -> list[dict[str, object]]:
    folder = RunFolder(scale.results / "s")
    rows = max(
        (folder.read_part("candidates", key).to_pylist() for key in folder.cells("candidates")),
        key=len,
    )
    return sorted(rows, key=lambda row: int(row["index"]))


def test_equal_values_vote_together_until_strings_are_asked_for(halves: Scale) -> None:
    assert [row["answer_class"] for row in _sampled(halves)] == [0, 0, 0, 1, 1, 0]
    said = halves("grade", halves.results / "s", "--equality", "string", "--json")
    assert said.code == 0
    sampled = next(row for row in said.rows if row["answers"] == 6)
    assert (sampled["correct_before"], sampled["correct"]) == (4 / 6, 2 / 6)
    assert sampled["shift"] == pytest.approx(-2 / 6)
    assert [row["answer_class"] for row in _sampled(halves)] == [0, 1, 2, 3, 4, 0]
    shown = halves("accuracy", halves.results / "s", "--json").rows
    assert {row["equality"] for row in shown} == {"string"}
    back = halves("grade", halves.results / "s", "--json").rows
    assert next(row for row in back if row["answers"] == 6)["shift"] == pytest.approx(2 / 6)
    assert [row["answer_class"] for row in _sampled(halves)] == [0, 0, 0, 1, 1, 0]


def test_a_run_under_another_equality_grades_again(halves: Scale) -> None:
    assert halves.run(halves.folder / "s.yaml", "--set", "equality=string").code == 0
    assert [row["answer_class"] for row in _sampled(halves)] == [0, 1, 2, 3, 4, 0]
    assert halves.run(halves.folder / "s.yaml").code == 0
    assert [row["answer_class"] for row in _sampled(halves)] == [0, 0, 0, 1, 1, 0]


def test_an_unknown_equality_is_named(halves: Scale) -> None:
    before = _sampled(halves)
    said = halves("grade", halves.results / "s", "--equality", "maths")
    assert said.code == 2 and "maths" in said.err and said.out == ""
    assert _sampled(halves) == before


def test_a_limit_above_the_tasks_size_asks_all(scale: Scale) -> None:
    said = scale("run", scale.write(), "--results", scale.results, "--limit", 500, "--json")
    assert said.code == 0, said
    assert {row["questions"] for row in said.rows} == {8}


def test_engine_options_of_the_wrong_kind_are_refused_at_the_sweep(scale: Scale) -> None:
    said = scale("run", scale.write(), "--set", "engine={name: vllm, kv_cache_gb: 1.5}")
    assert "kv_cache_gb is 1.5; it must be a whole number" in said.mistake


def test_copies_of_questions_are_said(scale: Scale) -> None:
    sweep = scale.write()
    data = scale.folder / "sums.jsonl"
    rows = data.read_text().splitlines()
    data.write_text("\n".join([*rows, rows[0]]))
    said = scale("run", sweep, "--results", scale.results)
    assert "1 of the questions of sums.jsonl are copies" in said.err
