"""`scale report` as a person and a program meet it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scaling_cli.store import RunFolder
from tests.cli.command import Scale
from tests.published import published


@pytest.fixture
def run(scale: Scale) -> Path:
    assert scale.run(scale.write()).code == 0
    return scale.results / "s"


def test_it_writes_one_file_and_says_the_answer(scale: Scale, run: Path) -> None:
    file = scale.folder / "out" / "report.html"
    said = scale("report", run, "-o", file)
    assert said.code == 0 and said.out.startswith("For ") and "Twice the budget" in said.out
    assert f"wrote {file}" in said.err
    assert [path.name for path in file.parent.iterdir()] == ["report.html"]
    assert file.read_text().startswith("<!DOCTYPE html>")


def test_a_program_is_told_the_same(scale: Scale, run: Path) -> None:
    file = scale.folder / "r.html"
    words = scale("report", run, "-o", file).out.strip().splitlines()
    (row,) = scale("report", run, "-o", file, "--json").rows
    assert row["sentences"] == words and row["graded"] is True
    assert row["bytes"] == os.path.getsize(file)


def test_a_summary_alone_is_said(scale: Scale) -> None:
    file = scale.folder / "r.html"
    said = scale("report", published(scale.folder, "open-models-aime2025").path, "-o", file)
    assert said.code == 0 and "note: aime2025: The graded answers" in said.err
    assert "not at hand" in file.read_text()


def test_answers_of_several_tasks_are_told_apart(scale: Scale, run: Path) -> None:
    other = published(scale.folder, "open-models-aime2025").path
    said = scale("report", run, other, "-o", scale.folder / "r.html")
    heads = [line for line in said.out.splitlines() if line.endswith("):")]
    assert heads == ["sums.jsonl (s):", "aime2025 (open-models-aime2025):"]


def test_a_run_that_is_being_written_is_said(scale: Scale, run: Path) -> None:
    with RunFolder(run).lock("scale run"):
        said = scale("report", run, "-o", scale.folder / "r.html")
    assert said.code == 0 and "is being written by process" in said.err


def test_mistakes_are_sentences(scale: Scale, run: Path) -> None:
    file = scale.folder / "r.html"
    assert "no selector median" in scale("report", run, "-o", file, "--selector", "median").mistake
    assert "no axis joules" in scale("report", run, "-o", file, "--axis", "joules").mistake
    assert "holds no run" in scale("report", scale.folder / "none", "-o", file).mistake
    assert "directory" in scale("report", run, "-o", scale.folder).mistake
    assert "buy no right answer" in scale("report", run, "-o", file, "--budget", "1").mistake
    assert not file.exists()


def test_texts_are_left_out_where_asked(scale: Scale, run: Path) -> None:
    file = scale.folder / "r.html"
    scale("report", run, "-o", file)
    assert "1 + 1?" in file.read_text()
    scale("report", run, "-o", file, "--no-texts", "--questions", "2")
    text = file.read_text()
    assert "1 + 1?" not in text and "6 further questions" in text
