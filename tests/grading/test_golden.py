"""The public data sets' own solutions grade as correct; skipped where the files are absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.grading import fast_equal, grade_group, group_answers, lenient_answer

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def undecided(gold: str, answer: str) -> bool | None:
    """The algebra of these tests: whatever reaches it counts as different."""
    return False


def test_every_math500_solution_is_correct_without_algebra() -> None:
    for row in rows("math500_test.jsonl"):
        gold = row["answer"]
        assert fast_equal(gold, gold) is True
        (grade,) = grade_group(
            [row["solution"]], ["stop"], gold, style="math", equality="math", compare=undecided
        )
        assert grade.strict_verdict == "correct", (gold, grade.strict_answer)


def test_every_gsm8k_solution_is_correct_without_algebra() -> None:
    found = []
    for row in rows("gsm8k_test.jsonl"):
        body, _, gold = row["answer"].rpartition("####")
        gold = gold.strip().replace(",", "")
        (grade,) = grade_group(
            [row["answer"]], ["stop"], gold, style="math", equality="math", compare=undecided
        )
        assert grade.strict_verdict == "correct"
        found.append(bool(fast_equal(gold, lenient_answer(body, "math") or "")))
    # Of the solutions without their #### line the last number is nearly always the answer.
    assert sum(found) / len(found) > 0.97


@pytest.mark.parametrize(
    ("name", "string", "math_verify"),
    [
        ("gpt-oss-20b", 0.92685, 0.960),
        ("Phi-4-reasoning", 0.87833, 0.922),
        ("Qwen3-30B-A3B-Thinking-2507", 0.95430, 0.984),
    ],
)
def test_recorded_answers_lie_between_raw_strings_and_the_algebra(
    name: str, string: float, math_verify: float
) -> None:
    recorded = rows(f"boinf/analysis_math500_{name}.jsonl")

    def accuracy(equality: str) -> float:
        shares = []
        for row in recorded:
            answers = [answer for answer, _ in row["all_answers"]]
            classes = group_answers(
                answers, row["gold_answer"], equality=equality, compare=undecided
            )
            shares.append(classes.count(0) / len(classes))
        return sum(shares) / len(shares)

    assert accuracy("string") == pytest.approx(string, abs=5e-6)
    assert string < accuracy("math") <= math_verify
