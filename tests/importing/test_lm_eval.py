"""Real lm-eval logs, and lines as older versions and other tasks write them (by hand)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.errors import TaskError
from scaling_cli.importing import ImportedSample
from scaling_cli.importing.lm_eval import read
from tests.importing.reading import LOGS, json_lines, skipped, taken

LINE: dict[str, Any] = {
    "doc_id": 3,
    "doc": {"question": "1 + 1?"},
    "target": "2",
    "arguments": {"gen_args_0": {"arg_0": "Q: 1 + 1?", "arg_1": {"until": ["\n"]}}},
    "resps": [["It is 2."]],
    "filtered_resps": ["2"],
    "filter": "strict",
    "metrics": ["exact_match"],
    "exact_match": 1.0,
}


def only(path: Path) -> ImportedSample:
    (found,) = taken("lm-eval", path)
    return found


def test_a_real_log_of_one_reply_keeps_answer_and_verdict() -> None:
    once = [one for one in taken("lm-eval", LOGS / "lm-eval") if one.task == "sums_once"]
    assert [(one.question, one.answer, one.correct, one.gold) for one in once] == [
        ("0", "4", True, "4"),
        ("1", "7", True, "7"),
        ("2", "", False, "1.5"),  # strict-match reads nothing in "It is 1.5"
    ]
    first = once[0]
    assert (first.model, first.question_text) == ("canned/model", "What is 2 + 2?")
    assert (first.level, first.subject) == ("Level 1", "Algebra")
    assert (first.text, first.new_tokens) == ("The answer is 4.", None)


def test_a_real_log_of_repeats_gives_every_reply_ungraded() -> None:
    often = [one for one in taken("lm-eval", LOGS / "lm-eval") if one.task == "sums_often"]
    assert [(one.question, one.sample) for one in often] == [
        (str(question), sample) for question in range(3) for sample in range(4)
    ]
    assert {(one.answer, one.correct) for one in often} == {(None, None)}
    assert [one.text for one in often[:4]] == [
        "No idea", "The answer is 4.", "I think so. The answer is 7.", "It is 1.5",
    ]  # fmt: skip


def test_what_a_real_log_repeats_or_never_sampled_is_told() -> None:
    why = [one.why for one in skipped("lm-eval", LOGS / "lm-eval")]
    assert why.count("likelihoods of given texts: nothing was sampled") == 3
    assert sum("filter flexible-extract; strict-match is used" in one for one in why) == 6
    assert len(why) == 9


def test_another_filter_can_be_asked_for() -> None:
    file = next((LOGS / "lm-eval").glob("samples_sums_once_*"))
    found = [
        one for one in read(file, filter="flexible-extract") if isinstance(one, ImportedSample)
    ]
    assert [(one.answer, one.correct) for one in found] == [
        ("4", True), ("7", True), ("1.5", True),
    ]  # fmt: skip


def test_two_runs_of_a_task_are_two_samples(tmp_path: Path) -> None:
    for date in ("2026-01-01T00-00-00.1", "2026-01-02T00-00-00.1"):
        json_lines(tmp_path / f"samples_gsm8k_{date}.jsonl", [LINE])
    assert [(one.question, one.sample, one.task) for one in taken("lm-eval", tmp_path)] == [
        ("3", 0, "gsm8k"), ("3", 1, "gsm8k"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "answer", "correct", "gold"),
    [
        ({}, "2", True, "2"),
        ({"target": "1 + 1 = <<1+1=2>>2\n#### 2"}, "2", True, "2"),
        ({"target": "Thus $\\boxed{2}$."}, "2", True, "2"),
        ({"target": "['2', 'two']"}, "2", True, None),
        # What the filter none keeps is the reply: the task's own code judged it, and that stands.
        ({"filtered_resps": ["It is 2."]}, None, True, None),
        ({"filtered_resps": ["[invalid]"], "exact_match": 0}, "", False, "2"),
        ({"exact_match": 0.25}, "2", None, "2"),
        ({"exact_match": 10**400}, "2", None, "2"),
        ({"resps": [["2", "3"]], "filtered_resps": [["2", "3"]]}, "2", None, "2"),
    ],
)
def test_what_is_the_answer_the_verdict_and_gold(
    tmp_path: Path, change: dict[str, Any], answer: str | None, correct: bool | None,
    gold: str | None,
) -> None:  # fmt: skip
    found = taken("lm-eval", json_lines(tmp_path / "s.jsonl", [LINE | change]))[0]
    assert (found.answer, found.correct, found.gold) == (answer, correct, gold)


def test_a_list_of_answers_goes_with_its_replies(tmp_path: Path) -> None:
    line = LINE | {"resps": [["a 2", "a 3", "a"]], "filtered_resps": [["2", "3", "[invalid]"]]}
    found = taken("lm-eval", json_lines(tmp_path / "s.jsonl", [line]))
    assert [(one.text, one.answer) for one in found] == [("a 2", "2"), ("a 3", "3"), ("a", "")]


def test_lines_of_versions_before_filters_had_names(tmp_path: Path) -> None:
    """0.4.0 to 0.4.2 wrote a list, arguments as lists, and each filter's line without its name."""
    old = {key: value for key, value in LINE.items() if key not in ("filter", "metrics")}
    old["arguments"] = [["Q: 1 + 1?", {"until": ["\n"]}]]
    path = tmp_path / "pretrained__m_gsm8k.jsonl"
    path.write_text(json.dumps([old, old | {"filtered_resps": ["[invalid]"]}], indent=2))
    assert only(path).answer == "2"
    assert [one.why for one in skipped("lm-eval", path)] == [
        "the same document a second time, for another filter"
    ]


def test_rolling_likelihoods_are_no_samples(tmp_path: Path) -> None:
    line = LINE | {"arguments": {"gen_args_0": {"arg_0": "text"}}, "resps": [["-12.5"]]}
    (why,) = skipped("lm-eval", json_lines(tmp_path / "s.jsonl", [line]))
    assert "nothing was sampled" in why.why


def test_damage_is_told_and_the_rest_taken(tmp_path: Path) -> None:
    torn = json.dumps(LINE)[:40]
    path = json_lines(
        tmp_path / "samples_x.jsonl",
        [LINE, "\n", '{"doc_id": 1}\n', f'{{"n": {"9" * 5000}}}\n', "[1]\n", torn],
    )
    assert only(path).question == "3"
    assert [(one.where.rpartition(" ")[2], one.why) for one in skipped("lm-eval", path)] == [
        ("3", "no doc_id and resps: not a line of --log_samples"),
        ("4", "not one whole JSON object"),
        ("5", "not an object"),
        ("6", "not one whole JSON object"),
    ]


def test_no_model_without_its_results_file_nor_with_a_torn_one(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "samples_t_2026-01-01T00-00-00.1.jsonl", [LINE])
    assert only(path).model is None
    results = tmp_path / "results_2026-01-01T00-00-00.1.json"
    results.write_text('{"model_name": "a/b"}')
    assert only(path).model == "a/b"
    results.write_text('{"model_name"')
    assert only(path).model is None
    results.write_text("[]")
    assert only(path).model is None


def test_totals_alone_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results_2026-01-01T00-00-00.1.json").write_text("{}")
    with pytest.raises(TaskError, match="--log_samples"):
        taken("lm-eval", tmp_path)


def write_run(path: Path, settings: dict[str, Any], gen_kwargs: object = None) -> None:
    """A run of its own folder, with the settings it was sampled under."""
    path.mkdir(parents=True)
    date = "2026-01-01T00-00-00.000000"
    json_lines(path / f"samples_t_{date}.jsonl", [LINE])
    results = {
        "model_name": "m",
        "configs": {"t": {"generation_kwargs": settings}},
        "config": {"gen_kwargs": gen_kwargs},
    }
    (path / f"results_{date}.json").write_text(json.dumps(results))


def test_a_greedy_run_is_no_further_sample_of_another(tmp_path: Path) -> None:
    write_run(tmp_path / "a", {"temperature": 0.8, "seed": 1}, "top_p=0.9,seed=1")
    write_run(tmp_path / "b", {"temperature": 0.8, "seed": 2}, "top_p=0.9,seed=2")
    assert [one.sample for one in taken("lm-eval", tmp_path)] == [0, 1]
    write_run(tmp_path / "greedy", {"temperature": 0.0})
    with pytest.raises(TaskError, match="t of m sampled in different ways") as refused:
        list(read(tmp_path))
    assert "name one of the two folders" in refused.value.hint
    assert only(tmp_path / "greedy").sample == 0


@pytest.mark.parametrize("content", ["[]", "{", '{"configs": 3, "config": []}', "null"])
def test_results_that_say_nothing_keep_nothing_back(tmp_path: Path, content: str) -> None:
    write_run(tmp_path / "a", {"temperature": 0.8})
    write_run(tmp_path / "b", {"temperature": 0.0})
    for file in (tmp_path / "b").glob("results_*.json"):
        file.write_text(content)
    assert len(taken("lm-eval", tmp_path)) == 2
