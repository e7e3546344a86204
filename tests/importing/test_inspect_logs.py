"""Real logs of inspect_ai 0.3.285 with its mock model, and what other versions and runs hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from scaling_cli.errors import TaskError
from scaling_cli.importing import ImportedSample
from tests.importing.reading import LOGS, skipped, taken

PATTERN, MATCH, INCLUDES = (
    LOGS / "inspect" / name for name in ("pattern.eval", "match.json", "includes.eval")
)
SPEC: dict[str, Any] = {
    "task": "sums",
    "task_id": "t1",
    "created": "2026-01-01T00:00:00+00:00",
    "model": "openai/m",
    "dataset": {"sample_ids": ["a"]},
    "config": {"epochs": 1},
    "scorers": [{"name": "mine"}],
}
SAMPLE: dict[str, Any] = {
    "id": "a",
    "epoch": 1,
    "input": "1 + 1?",
    "target": "2",
    "messages": [{"role": "assistant", "source": "generate"}],
    "output": {
        "completion": "It is 2",
        "choices": [{"stop_reason": "stop"}],
        "usage": {"input_tokens": 10, "output_tokens": 4},
    },
    "scores": {"mine": {"value": 1, "answer": "2"}},
}


def log(path: Path, *samples: Any, **spec: Any) -> Path:
    content = {"version": 2, "status": "success", "eval": SPEC | spec}
    if path.suffix == ".json":
        path.write_text(json.dumps(content | {"samples": samples}))
        return path
    with ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps(content))
        for one in samples:
            archive.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
    return path


def only(path: Path) -> ImportedSample:
    (found,) = taken("inspect", path)
    return found


def change(tmp_path: Path, **fields: Any) -> ImportedSample:
    return only(log(tmp_path / "x.json", SAMPLE | fields))


def facts(path: Path) -> list[tuple[Any, ...]]:
    return [
        (one.question, one.sample, one.answer, one.correct, one.truncated, one.error)
        for one in taken("inspect", path)
    ]


def test_a_real_archive_packed_with_zstd_is_read_whole() -> None:
    failed = "RuntimeError('the engine went away')"
    assert facts(PATTERN) == [
        ("q1", 0, "4", True, False, None),
        ("q2", 0, "4", False, False, None),
        ("q3", 0, "4", False, False, None),
        ("q1", 1, "7", False, False, None),
        ("q2", 1, "7", True, False, None),
        ("q3", 1, None, None, None, failed),
        ("q1", 2, "1.5", False, False, None),
        ("q2", 2, "1.5", False, False, None),
        ("q3", 2, "", False, True, None),
    ]
    assert skipped("inspect", PATTERN) == []
    first = taken("inspect", PATTERN)[0]
    assert (first.model, first.task, first.level) == ("mockllm/model", "tiny_sums", "Level 1")
    assert (first.gold, first.question_text) == ("4", "What is 2 + 2?")
    # input_tokens 11 leave out the 5 that a cache held.
    assert (first.new_tokens, first.prompt_tokens) == (7, 16)


def test_a_real_json_log_is_read_alike() -> None:
    same = [(q, sample, truncated, error) for q, sample, _, _, truncated, error in facts(PATTERN)]
    assert [(q, s, truncated, error) for q, s, _, _, truncated, error in facts(MATCH)] == same
    assert [one.correct for one in taken("inspect", MATCH)] == [
        one.correct for one in taken("inspect", PATTERN)
    ]


def test_where_the_scorer_kept_the_whole_reply_its_verdict_stands() -> None:
    found = [one for one in taken("inspect", INCLUDES) if not one.error]
    assert {one.answer for one in found if not one.truncated} == {None}
    # Cut off before it answered, so that it abstains from votes.
    assert [one.answer for one in found if one.truncated] == [""]
    assert {one.gold for one in found} == {None}
    assert [one.correct for one in found if one.question == "q1"] == [True, False, False]


def test_accuracy_is_inspects_own_but_for_the_samples_it_leaves_out() -> None:
    content = json.loads(MATCH.read_text())
    (score,) = content["results"]["scores"]
    by_question: dict[str, list[bool]] = {}
    for one in taken("inspect", MATCH):
        if one.error is None:
            by_question.setdefault(one.question, []).append(bool(one.correct))
    means = [sum(found) / len(found) for found in by_question.values()]
    assert sum(means) / len(means) == pytest.approx(score["metrics"]["accuracy"]["value"])


@pytest.mark.parametrize(
    ("score", "answer", "correct", "gold"),
    [
        ({"value": "C", "answer": "2"}, "2", True, "2"),
        ({"value": "P", "answer": "2"}, "2", False, "2"),
        ({"value": "N"}, "", False, "2"),
        ({"value": 0.0, "answer": "3"}, "3", False, "2"),
        ({"value": True, "answer": "2"}, "2", True, "2"),
        ({"value": 0.5, "answer": "2"}, "2", None, "2"),
        ({"value": float("nan"), "answer": "2"}, "2", None, "2"),
        ({"value": {"a": "C"}, "answer": "2"}, "2", None, "2"),
        ({"value": [1, 0], "answer": "2"}, "2", None, "2"),
        ({"value": "C"}, None, True, None),
        ({"value": "C", "answer": "IT IS 2"}, None, True, None),
    ],
)
def test_what_a_score_says(
    tmp_path: Path, score: dict[str, Any], answer: str, correct: bool | None, gold: str | None
) -> None:
    found = change(tmp_path, scores={"mine": score})
    assert (found.answer, found.correct, found.gold) == (answer, correct, gold)


def test_the_first_scorer_of_the_task_that_says_right_or_wrong_counts(tmp_path: Path) -> None:
    scores = {"b": {"value": "I"}, "f1": {"value": 0.4}, "mine": {"value": "C", "answer": "2"}}
    spec = {"scorers": [{"name": "f1"}, {"name": "mine"}, {"name": "b"}]}
    assert only(log(tmp_path / "x.json", SAMPLE | {"scores": scores}, **spec)).correct is True


def test_a_model_as_judge_keeps_its_verdict(tmp_path: Path) -> None:
    scores = {"model_graded_qa": {"value": "I", "answer": "2"}}
    found = change(tmp_path, scores=scores)
    assert (found.correct, found.gold) == (False, None)


def test_a_log_without_scores_is_left_to_be_graded(tmp_path: Path) -> None:
    for scores in (None, {}):
        found = change(tmp_path, scores=scores)
        assert (found.answer, found.correct, found.gold) == (None, None, "2")
        assert (found.text, found.error) == ("It is 2", None)


@pytest.mark.parametrize(
    ("target", "gold"),
    [(["2"], "2"), (["2", "two"], None), (2, "2"), ([], None), (None, None)],
)
def test_a_target_may_be_a_list(tmp_path: Path, target: Any, gold: str | None) -> None:
    assert change(tmp_path, target=target).gold == gold


def test_a_limit_fails_a_sample_only_where_nobody_scored_it(tmp_path: Path) -> None:
    limit = {"type": "token", "limit": 100}
    scored = change(tmp_path, limit=limit)
    assert (scored.correct, scored.truncated, scored.error) == (True, True, None)
    bare = change(tmp_path, limit=limit, scores={})
    assert bare.error == "stopped by its token limit"


def test_tokens_of_many_calls_are_the_models_sum_and_no_prompt(tmp_path: Path) -> None:
    messages = [{"role": "assistant", "source": "generate"}] * 2
    usage = {"openai/m": {"output_tokens": 30}, "openai/judge": {"output_tokens": 900}}
    found = change(tmp_path, messages=messages, model_usage=usage)
    assert (found.new_tokens, found.prompt_tokens) == (30, None)


@pytest.mark.parametrize("tokens", [0, -1, 10**400, "many", None])
def test_tokens_nobody_counted_are_left_open(tmp_path: Path, tokens: Any) -> None:
    usage = {"input_tokens": tokens, "output_tokens": tokens}
    found = change(tmp_path, output=SAMPLE["output"] | {"usage": usage})
    assert (found.new_tokens, found.prompt_tokens) == (None, None)


def test_messages_parts_and_attachments_are_read(tmp_path: Path) -> None:
    parts = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "attachment://h"}]
    asked = [{"role": "system", "content": "s"}, {"role": "user", "content": parts}]
    output = {"choices": [{"message": {"content": [*parts[:1], {"text": "old reply"}]}}]}
    found = change(tmp_path, input=asked, output=output, attachments={"h": "long question"})
    assert (found.question_text, found.text) == ("long question", "old reply")


def test_a_run_that_ended_early_tells_what_it_lacks(tmp_path: Path) -> None:
    plan = {"dataset": {"sample_ids": ["a", 7]}, "config": {"epochs": 2}}
    path = log(tmp_path / "x.json", SAMPLE, **plan)
    assert len(taken("inspect", path)) == 1
    why = [one.why for one in skipped("inspect", path)]
    assert why == ["planned but not in the log, which ended early"] * 3


def test_an_archive_without_its_final_header_is_read_by_its_start(tmp_path: Path) -> None:
    path = tmp_path / "x.eval"
    with ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({"version": 2, "eval": SPEC}))
        archive.writestr("samples/a_epoch_1.json", json.dumps(SAMPLE))
    assert only(path).model == "openai/m"


def test_of_a_tasks_retries_the_last_log_counts(tmp_path: Path) -> None:
    log(tmp_path / "1.eval", SAMPLE | {"error": {"message": "down"}})
    log(tmp_path / "2.eval", SAMPLE, created="2026-01-01T09:00:00+00:00")
    assert only(tmp_path).error is None
    assert [one.where for one in skipped("inspect", tmp_path)] == ["1.eval"]


def test_two_runs_of_a_task_are_two_samples(tmp_path: Path) -> None:
    log(tmp_path / "1.eval", SAMPLE)
    log(tmp_path / "2.json", SAMPLE, task_id="t2")
    assert [(one.question, one.sample) for one in taken("inspect", tmp_path)] == [
        ("a", 0), ("a", 1),
    ]  # fmt: skip


def test_odd_samples_are_told(tmp_path: Path) -> None:
    path = log(
        tmp_path / "x.json",
        SAMPLE, SAMPLE, "text", {"epoch": 1}, SAMPLE | {"epoch": "two"},
        SAMPLE | {"id": "b", "invalidation": {"reason": "leaked"}},
    )  # fmt: skip
    assert len(taken("inspect", path)) == 1
    assert sorted(one.why for one in skipped("inspect", path)) == [
        "declared invalid by the log's owner",
        "no id and epoch",
        "no id and epoch",
        "not a sample",
        "the same sample and epoch a second time",
    ]


def test_a_file_that_is_no_log_is_refused_alone_and_told_in_a_folder(tmp_path: Path) -> None:
    torn = tmp_path / "torn.eval"
    torn.write_bytes(PATTERN.read_bytes()[:5000])
    (tmp_path / "half.json").write_text(MATCH.read_text()[:5000])
    (tmp_path / "logs.json").write_text("{}")
    with ZipFile(tmp_path / "other.eval", "w") as archive:
        archive.writestr("a.txt", "a")
    for name in ("torn.eval", "half.json", "logs.json", "other.eval"):
        with pytest.raises(TaskError, match=name):
            taken("inspect", tmp_path / name)
    log(tmp_path / "good.eval", SAMPLE)
    assert only(tmp_path).question == "a"
    assert len(skipped("inspect", tmp_path)) == 4


def test_a_torn_member_is_told_and_the_others_taken(tmp_path: Path) -> None:
    whole = bytearray(PATTERN.read_bytes())
    with ZipFile(PATTERN) as archive:
        start = archive.getinfo("samples/q2_epoch_1.json").header_offset
    whole[start + 120 : start + 160] = bytes(40)
    path = tmp_path / "x.eval"
    path.write_bytes(whole)
    assert len(taken("inspect", path)) == 8
    (why,) = skipped("inspect", path)
    assert (why.where, why.why) == ("x.eval, samples/q2_epoch_1.json", "damaged")
