"""The known data sets, from local files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from scaling_cli.errors import TaskError
from scaling_cli.tasks import TASKS, load, select

DATA = Path(__file__).parents[3] / "shared" / "data"


def write(path: Path, row: Mapping[str, object]) -> Path:
    path.write_text(json.dumps(row), encoding="utf-8")
    return path


def test_gsm8k_gold_is_what_follows_the_last_mark(tmp_path: Path) -> None:
    row = {"question": "q", "answer": "a #### b\n#### -1,234,567.5 "}
    data = load("gsm8k", data=write(tmp_path / "a.jsonl", row))
    assert data.questions[0].answer == "-1234567.5"
    assert data.solutions == (row["answer"],)
    assert data.style == "math"


@pytest.mark.parametrize("answer", ["18", "18 ####", "#### ,"])
def test_gsm8k_without_gold(tmp_path: Path, answer: str) -> None:
    path = write(tmp_path / "a.jsonl", {"question": "q", "answer": answer})
    with pytest.raises(TaskError, match=r"a\.jsonl, line 1: the answer has no `####"):
        load("gsm8k", data=path)


@pytest.mark.parametrize("name", list(TASKS))
def test_columns_found_and_expected_are_both_named(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "a.jsonl", {"text": "q", "label": 1})
    with pytest.raises(TaskError) as caught:
        load(name, data=path)
    assert "found text, label" in caught.value.message
    assert caught.value.hint == f"expected {', '.join(TASKS[name].columns)}"


def test_math500_keeps_level_subject_and_source_id(tmp_path: Path) -> None:
    row = {"problem": "p", "answer": "\\frac12", "level": 2, "subject": "Algebra"}
    (plain,) = load("math500", data=write(tmp_path / "a.jsonl", row)).questions
    assert (plain.level, plain.subject, plain.source_id) == ("2", "Algebra", None)
    row["unique_id"] = "test/algebra/1.json"
    (named,) = load("math500", data=write(tmp_path / "a.jsonl", row)).questions
    assert named.source_id == "test/algebra/1.json"
    assert named.id == plain.id


def test_an_unknown_task_names_the_near_one() -> None:
    with pytest.raises(TaskError, match="no task gsm8kk; did you mean gsm8k"):
        load("gsm8kk")


@pytest.mark.skipif(not (DATA / "gsm8k_test.jsonl").exists(), reason="no shared data")
def test_the_whole_of_gsm8k() -> None:
    data = load("gsm8k", data=DATA / "gsm8k_test.jsonl")
    assert len({q.id for q in data.questions}) == len(data.questions) == 1319
    assert data.duplicates == ()
    assert data.questions[0].answer == "18"
    # Banks on disk hold this id.
    assert data.questions[0].id == "gsm8k/test/ba1a243b6428"
    assert all(q.answer.lstrip("-").replace(".", "", 1).isdigit() for q in data.questions)


@pytest.mark.skipif(not (DATA / "math500_test.jsonl").exists(), reason="no shared data")
def test_the_whole_of_math500() -> None:
    data = load("math500", data=DATA / "math500_test.jsonl")
    assert len({q.id for q in data.questions}) == len(data.questions) == 500
    chosen = select(data.questions, {"count": 40, "seed": 0, "by": "level"})
    assert Counter(q.level for q in chosen) == dict.fromkeys("12345", 8)
    assert chosen[0].id == "math500/test/3a8e1775471f"
