"""`scale tasks|models|strategies`: what may be named, and a question as the model sees it."""

from __future__ import annotations

import json

import pytest

from tests.cli.command import Scale

SHOTS = [
    {"question": "2 + 3?", "answer": "5", "solution": "Two and three is five."},
    {"question": "7 + 1?", "answer": "8"},
]


@pytest.fixture
def data(scale: Scale) -> str:
    scale.write()
    (scale.folder / "shots.jsonl").write_text("\n".join(map(json.dumps, SHOTS)))
    return str(scale.folder / "sums.jsonl")


def test_a_question_is_shown_with_its_worked_examples(scale: Scale, data: str) -> None:
    words = ["tasks", "show", data, "--index", 2, "--prompt", "few-shot", "--shots-file"]
    (row,) = scale(*words, scale.folder / "shots.jsonl", "--json").rows
    assert row["prompt"] == (
        "Question: 2 + 3?\nAnswer: Two and three is five.\n\n"
        "Question: 7 + 1?\nAnswer: 8\n\nQuestion: 3 + 3?\nAnswer:"
    )
    assert len(row["shots"]) == 2 and row["gold"] == "6"
    (one,) = scale(*words, scale.folder / "shots.jsonl", "--shots", 1, "--json").rows
    assert len(one["shots"]) == 1


def test_what_is_shown_is_what_a_run_asks(scale: Scale, data: str) -> None:
    shots = scale.folder / "shots.jsonl"
    said = scale.run(
        scale.folder / "s.yaml", "--set", "tasks.0.prompt=few-shot", "--set",
        f"tasks.0.shots_file={shots}", "--json",
    )  # fmt: skip
    assert said.code == 0 and all(row["tokens"] > 0 for row in said.rows)
    (shown,) = scale(
        "tasks", "show", data, "--prompt", "few-shot", "--shots-file", shots, "--json"
    ).rows
    manifest = json.loads((scale.results / "s" / "run.json").read_text())
    assert all(cell["shots"] == shown["shots"] for cell in manifest["cells"].values())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--index", "8"], "no question 8"),
        (["--prompt", "boxd"], "boxd"),
        (["--shots", "2"], "takes no worked examples"),
        (["--prompt", "few-shot", "--shots", "2"], "worked examples"),
        (["--model", "mystery"], "mystery"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_shown_is_said(
    scale: Scale, data: str, words: list[str], named: str
) -> None:
    assert named in scale("tasks", "show", data, *words).mistake


def test_brackets_are_text_and_nothing_commands_the_terminal(scale: Scale) -> None:
    """Templates write [/INST]; a question may write anything."""
    odd = {"question": "What is [/INST] in [bold]x[/bold] :smile: \x1b[31m?", "answer": "[/x]"}
    file = scale.folder / "odd.jsonl"
    file.write_text(json.dumps(odd))
    said = scale("tasks", "show", file)
    assert said.code == 0 and "\x1b" not in said.out
    assert "[/INST] in [bold]x[/bold] :smile:" in said.out and "[/x]" in said.out
    assert scale("tasks", "show", file, "--json").rows[0]["gold"] == "[/x]"


def test_a_prompt_is_printed_line_by_line(scale: Scale, data: str) -> None:
    shots = scale.folder / "shots.jsonl"
    words = ["tasks", "show", data, "--prompt", "few-shot", "--shots-file", shots]
    text = scale(*words, "--json").rows[0]["prompt"]
    said = scale(*words)
    assert said.code == 0 and said.out.endswith(f"\n\n{text}\n")


def test_a_prompt_moves_no_terminal(scale: Scale) -> None:
    file = scale.folder / "odd.jsonl"
    file.write_text(json.dumps({"question": "1 + 1?\x1b[2J\r", "answer": "2"}))
    assert "\\x1b[2J\\x0d" in scale("tasks", "show", file).out
