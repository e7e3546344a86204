"""NeMo-Skills outputs, built by hand after its generate.py and math_metrics.py: no real log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.importing.reading import json_lines, skipped, taken


def row(problem: str = "1 + 1?", **fields: Any) -> dict[str, Any]:
    return {
        "problem": problem,
        "generation": "so \\boxed{2}",
        "predicted_answer": "2",
        "expected_answer": "2",
        "symbolic_correct": True,
        "num_generated_tokens": 5,
        **fields,
    }


def test_seeds_are_samples_in_their_numeric_order(tmp_path: Path) -> None:
    for seed in (10, 2, 0):
        rows = [row(num_generated_tokens=seed + 1), row("2 + 2?")]
        json_lines(tmp_path / f"output-rs{seed}.jsonl", rows)
    found = [one for one in taken("nemo-skills", tmp_path) if one.question == "1 + 1?"]
    assert [(one.sample, one.new_tokens) for one in found] == [(0, 1), (1, 3), (2, 11)]


def test_every_field_is_read(tmp_path: Path) -> None:
    extra = {"id": "p7", "num_input_tokens": 31, "reward_model_score": 0.5, "level": "Level 3"}
    (one,) = taken("nemo-skills", json_lines(tmp_path / "x.jsonl", [row(**extra, subject="Geo")]))
    assert (one.question, one.question_text, one.sample) == ("p7", "1 + 1?", 0)
    assert (one.answer, one.correct, one.gold, one.text) == ("2", True, "2", "so \\boxed{2}")
    assert (one.new_tokens, one.prompt_tokens, one.score) == (5, 31, 0.5)
    assert (one.level, one.subject, one.model, one.error) == ("Level 3", "Geo", None, None)


@pytest.mark.parametrize(
    ("fields", "answer", "correct", "gold"),
    [
        ({"predicted_answer": None, "symbolic_correct": False}, "", False, "2"),
        ({"predicted_answer": 2, "expected_answer": 2}, "2", True, "2"),
        ({"symbolic_correct": None}, "2", None, "2"),
        # A model's judgement is not ours to give again.
        ({"symbolic_correct": None, "judgement": "Fine.\nJudgement: Yes"}, "2", True, None),
        ({"symbolic_correct": None, "judgement": "Judgement: No, since"}, "2", False, None),
        ({"symbolic_correct": None, "judgement": "hm"}, "2", None, "2"),
        ({"symbolic_correct": None, "is_correct": False}, "2", False, "2"),
        ({"symbolic_correct": True, "judgement": "Judgement: No"}, "2", True, "2"),
    ],
)
def test_what_is_the_answer_the_verdict_and_gold(
    tmp_path: Path, fields: dict[str, Any], answer: str, correct: bool | None, gold: str | None
) -> None:
    (one,) = taken("nemo-skills", json_lines(tmp_path / "output.jsonl", [row(**fields)]))
    assert (one.answer, one.correct, one.gold) == (answer, correct, gold)


def test_an_unjudged_generation_is_left_to_be_read(tmp_path: Path) -> None:
    bare = {"problem": "q", "generation": "\\boxed{3}", "expected_answer": "3"}
    (one,) = taken("nemo-skills", json_lines(tmp_path / "output.jsonl", [bare]))
    assert (one.answer, one.correct, one.gold, one.text) == (None, None, "3", "\\boxed{3}")


def test_a_failed_generation_stays_in_as_failed(tmp_path: Path) -> None:
    """Soft failure writes an empty generation and the error."""
    failed = row(generation="", predicted_answer=None, error="context_window_exceeded")
    (one,) = taken("nemo-skills", json_lines(tmp_path / "output.jsonl", [failed]))
    assert one.error == "context_window_exceeded"


def test_a_problem_twice_in_a_file_is_two_questions_in_every_seed(tmp_path: Path) -> None:
    for seed in range(2):
        json_lines(tmp_path / f"output-rs{seed}.jsonl", [row(), row()])
    assert [(one.question, one.sample) for one in taken("nemo-skills", tmp_path)] == [
        ("1 + 1?", 0), ("1 + 1? (2)", 0), ("1 + 1?", 1), ("1 + 1? (2)", 1),
    ]  # fmt: skip


def test_folders_are_benchmarks(tmp_path: Path) -> None:
    for name in ("aime25", "math-500"):
        (tmp_path / "eval-results" / name).mkdir(parents=True)
        json_lines(tmp_path / "eval-results" / name / "output-rs0.jsonl", [row()])
    both = taken("nemo-skills", tmp_path / "eval-results")
    assert [(one.task, one.sample) for one in both] == [("aime25", 0), ("math-500", 0)]
    alone = taken("nemo-skills", tmp_path / "eval-results" / "aime25")
    assert [one.task for one in alone] == ["aime25"]


def test_files_that_would_bias_the_seeds_are_left_out_and_told(tmp_path: Path) -> None:
    names = ("output.jsonl", "output-rs0.jsonl", "output-rs0_chunk_1.jsonl", "scores.jsonl")
    for name in (*names, "output-rs1.jsonl-async"):
        json_lines(tmp_path / name, [row()])
    assert len(taken("nemo-skills", tmp_path)) == 1
    told = {one.where: one.why for one in skipped("nemo-skills", tmp_path)}
    assert told.keys() == {
        "output.jsonl", "output-rs0_chunk_1.jsonl", "scores.jsonl", "output-rs1.jsonl-async",
    }  # fmt: skip
    assert "greedy" in told["output.jsonl"]
    assert "unfinished" in told["output-rs1.jsonl-async"]
    assert len(taken("nemo-skills", tmp_path / "output.jsonl")) == 1


def test_chunks_without_their_whole_are_taken_together(tmp_path: Path) -> None:
    for chunk in range(2):
        json_lines(tmp_path / f"output-rs0_chunk_{chunk}.jsonl", [row(f"q{chunk}")])
    assert [one.question for one in taken("nemo-skills", tmp_path)] == ["q0", "q1"]


def test_damage_is_told_and_the_rest_taken(tmp_path: Path) -> None:
    huge = row(num_generated_tokens=10**300, reward_model_score=float("inf"))
    path = json_lines(
        tmp_path / "output.jsonl",
        [huge, {"generation": "x"}, {"problem": "q"}, '{"problem": "to'],
    )
    (one,) = taken("nemo-skills", path)
    assert (one.new_tokens, one.score) == (None, None)
    assert [one.why for one in skipped("nemo-skills", path)] == [
        "neither id nor problem, so its question is not known",
        "none of generation, predicted_answer and symbolic_correct",
        "not one whole JSON object",
    ]
