"""Real details files of lighteval 0.13; those of older versions by hand, after its info_loggers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scaling_cli.errors import TaskError
from tests.importing.reading import LOGS, skipped, taken

DATE = "2026-01-02T03-04-05.678"
OLD: dict[str, Any] = {
    "example": "1 + 1?",
    "full_prompt": "Q: 1 + 1?",
    "predictions": ["It is 2", "It is 3"],
    "input_tokens": [[1, 2, 3]],
    "cont_tokens": [[7, 8], [7, 8, 9]],
    "gold": ["2"],
    "metrics": {"maj@2": 1.0},
    "specifics": {"level": "Level 4"},
}


def table(path: Path, *rows: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def facts(path: Path) -> list[tuple[Any, ...]]:
    return [
        (one.question, one.sample, one.text, one.correct, one.gold, one.new_tokens)
        for one in taken("lighteval", path)
    ]


def test_a_real_log_of_one_reply_keeps_its_verdict() -> None:
    once = [one for one in taken("lighteval", LOGS / "lighteval") if one.task == "sums_once-0"]
    assert {(one.question_text, one.text, one.correct) for one in once} == {
        ("What is 2 + 2?", "The answer is $4$.", True),
        ("What is 5 + 2?", "No idea", False),
        ("What is half of 3?", "It is $1.5$", True),
    }
    assert {one.gold for one in once} == {None}
    assert {(one.prompt_tokens, one.new_tokens, one.truncated) for one in once} == {(5, 5, False)}


def test_a_real_log_of_several_replies_gives_each_with_gold() -> None:
    often = [one for one in taken("lighteval", LOGS / "lighteval") if one.task == "sums_often-0"]
    half = [one for one in often if one.question_text == "What is half of 3?"]
    assert [(one.sample, one.new_tokens, one.truncated) for one in half] == [
        (0, 5, False), (1, 6, False), (2, 7, False), (3, 8, True),
    ]  # fmt: skip
    assert {(one.gold, one.correct, one.level) for one in half} == {("1.5", None, "Level 2")}
    assert half[0].text == "It is $1.5$"
    assert len(often) == 12


def test_likelihoods_in_a_real_log_are_told() -> None:
    why = [one.why for one in skipped("lighteval", LOGS / "lighteval")]
    assert why == ["no text was generated: likelihoods of given choices"] * 3


def test_model_and_task_come_from_where_it_writes(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "details" / "org" / "model" / DATE
    table(folder / f"details_lighteval|gsm8k|0_{DATE}.parquet", OLD)
    assert {(one.model, one.task) for one in taken("lighteval", tmp_path)} == {
        ("org/model", "lighteval|gsm8k|0")
    }


def test_columns_of_0_8_to_0_10(tmp_path: Path) -> None:
    path = table(tmp_path / "d.parquet", OLD)
    assert facts(path) == [
        ("0", 0, "It is 2", None, "2", 2),
        ("0", 1, "It is 3", None, "2", 3),
    ]
    (first, _) = taken("lighteval", path)
    assert (first.level, first.prompt_tokens, first.question_text) == ("Level 4", 3, "1 + 1?")


def test_columns_until_0_7_which_are_python_text(tmp_path: Path) -> None:
    old = {name: str(value) for name, value in OLD.items()}
    assert facts(table(tmp_path / "d.parquet", old)) == facts(table(tmp_path / "e.parquet", OLD))


def test_text_that_is_no_python_value_is_told(tmp_path: Path) -> None:
    rows = [
        {"predictions": "[" * 5000, "gold": "['2']"},
        {"predictions": "[__import__('os').remove('x')]", "gold": "['2']"},
        {"predictions": "[(-1.5, False)]", "gold": "[]"},
    ]
    assert len(skipped("lighteval", table(tmp_path / "d.parquet", *rows))) == 3


def test_tokens_of_all_replies_within_one_response(tmp_path: Path) -> None:
    path = table(tmp_path / "d.parquet", OLD | {"cont_tokens": [[[7], [7, 8]]]})
    assert [one.new_tokens for one in taken("lighteval", path)] == [1, 2]


@pytest.mark.parametrize("tokens", [[], [[1, 2]], [[1], [2], [3]]])
def test_tokens_that_do_not_go_with_the_replies_are_left_open(
    tmp_path: Path, tokens: list[Any]
) -> None:
    path = table(tmp_path / "d.parquet", OLD | {"cont_tokens": tokens})
    assert [one.new_tokens for one in taken("lighteval", path)] == [None, None]


@pytest.mark.parametrize(
    ("metrics", "correct"),
    [
        ({"rouge1": 0.4, "extractive_match": 1.0}, True),
        ({"em": 0, "quasi": 1}, False),
        ({"pass@k:k=1&n=1": 1.0, "other": 0}, True),
        ({"qem": 1}, True),
        ({"a": 1, "b": 0}, None),
        ({"extractive_match": 0.5}, None),
        ({"extractive_match": float("nan")}, None),
    ],
)
def test_which_metric_judges_a_lone_reply(
    tmp_path: Path, metrics: dict[str, float], correct: bool | None
) -> None:
    path = table(tmp_path / "d.parquet", OLD | {"predictions": ["2"], "metrics": metrics})
    (one,) = taken("lighteval", path)
    assert (one.correct, one.gold) == (correct, "2" if correct is None else None)


@pytest.mark.parametrize(
    ("choices", "index", "gold"),
    [(["1", "2"], 1, "2"), (["1", "2"], [1], "2"), (["1"], [0, 0], None), (["1"], 7, None)],
)
def test_gold_is_the_choice_that_is_right(
    tmp_path: Path, choices: list[str], index: Any, gold: str | None
) -> None:
    doc = {"query": "q", "id": "9", "choices": choices, "gold_index": index}
    row = {"doc": doc, "model_response": {"text": ["a", "b"]}, "metric": {"em": 1.0}}
    found = taken("lighteval", table(tmp_path / "d.parquet", row))
    assert [(one.question, one.gold, one.correct) for one in found] == [("9", gold, None)] * 2


@pytest.mark.parametrize(
    ("reply", "limit", "verdict", "answer"),
    [
        ("Let me think", 2, 0.0, ""),
        ("so \\boxed{3}. Wait", 2, 0.0, None),
        ("Let me think", 2, 1.0, None),
        ("Let me think", 3, 0.0, None),
    ],
)
def test_a_wrong_reply_cut_off_before_its_answer_has_none(
    tmp_path: Path, reply: str, limit: int, verdict: float, answer: str | None
) -> None:
    doc = {"query": "q", "choices": ["2"], "gold_index": 0, "generation_size": limit}
    response = {"text": [reply], "output_tokens": [[1, 2]]}
    row = {"doc": doc, "model_response": response, "metric": {"em": verdict}}
    (one,) = taken("lighteval", table(tmp_path / "d.parquet", row))
    assert (one.answer, one.gold) == (answer, None)


def test_a_table_without_its_columns_is_told(tmp_path: Path) -> None:
    path = table(tmp_path / "d.parquet", {"a": 1}, {"a": 2})
    assert {one.why for one in skipped("lighteval", path)} == {
        "no doc and model_response, nor example and predictions"
    }


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "d.parquet", OLD)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TaskError, match="not a whole Parquet file"):
        taken("lighteval", path)
