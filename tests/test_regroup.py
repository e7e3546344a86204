"""Recorded answers grouped by strings, without touching what is stored."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scaling_cli.recorded import Ask
from scaling_cli.regroup import string_bank
from scaling_cli.running.regrade import regrade
from scaling_cli.store import RunFolder
from scaling_cli.summary import accuracy_rows
from tests.small_run import small_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run some of whose right answers are spelled otherwise."""
    made = small_run(tmp_path_factory.mktemp("regroup"), {"weak": {}})
    for key in made.cells("candidates"):
        table = made.read_part("candidates", key)
        rows = table.to_pylist()
        for number, row in enumerate(rows):
            if row["answer"] is not None and number % 3 == 0:
                row["answer"] += ".0"
                row["strict_answer"] = row["strict_answer"] and row["strict_answer"] + ".0"
        made.write_part("candidates", key, rows)
    return made


def test_it_is_what_grading_under_strings_would_store(folder: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(Path(shutil.copytree(folder.path, tmp_path / "r")))
    before = {file: file.read_bytes() for file in folder.path.rglob("*.parquet")}
    asked = accuracy_rows(folder, Ask(equality="string", draws=50))
    assert {file: file.read_bytes() for file in folder.path.rglob("*.parquet")} == before
    regrade(copy, "string", lambda line: None)
    stored = accuracy_rows(copy, Ask(equality="string", draws=50))
    assert json.dumps(asked) == json.dumps(stored)
    under_math = accuracy_rows(folder, Ask(draws=50))
    assert sum(r["accuracy"] for r in asked) < sum(r["accuracy"] for r in under_math)


def test_classes_split_by_spelling_only(folder: RunFolder) -> None:
    for key in folder.cells("candidates"):
        by_value, _ = folder.sample_bank(key)
        by_string, _ = string_bank(folder, key, "lenient")
        assert by_string.question_ids == by_value.question_ids
        assert ((by_string.answer_class < 0) == (by_value.answer_class < 0)).all()
        for value, string in zip(by_value.answer_class, by_string.answer_class, strict=True):
            assert len(np.unique(string)) >= len(np.unique(value))
            assert set(np.flatnonzero(string == 0)) <= set(np.flatnonzero(value == 0))


def test_a_run_graded_by_strings_is_read_as_it_is(folder: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(Path(shutil.copytree(folder.path, tmp_path / "r")))
    regrade(copy, "string", lambda line: None)
    asked = replace(Ask(draws=50), equality="string")
    for key in copy.cells("candidates"):
        assert copy.read_manifest().cells[key].details["equality"] == "string"
    assert json.dumps(accuracy_rows(copy, asked)) == json.dumps(
        accuracy_rows(copy, replace(asked, equality="math"))
    ).replace('"equality": "math"', '"equality": "string"')


def test_texts_read_again_give_back_what_grading_stored(tmp_path: Path) -> None:
    made = small_run(tmp_path, {"weak": {}}, questions=3, samples=3)
    before = {key: made.read_part("candidates", key) for key in made.cells("candidates")}
    for key, table in before.items():
        lost = [
            {**row, "answer": None, "strict_answer": None, "answer_class": -1, "strict_class": -1,
             "verdict": "unanswered", "strict_verdict": "unanswered", "boxed": []}
            for row in table.to_pylist()
        ]  # fmt: skip
        made.write_part("candidates", key, lost)
    # What an older extraction did not find is in no answer; it is in the texts.
    assert all(row["correct"] == 0 for row in regrade(made, "math", lambda line: None))
    assert any(row["correct"] > 0 for row in regrade(made, "math", lambda line: None, "texts"))
    for key, table in before.items():
        assert made.read_part("candidates", key).equals(table)


def test_without_texts_the_answers_are_graded_and_that_is_said(tmp_path: Path) -> None:
    made = small_run(tmp_path, {"weak": {}}, questions=3, samples=3)
    for key in made.cells("bank"):
        if made.has_part("bank", key):
            made.remove_part("bank", key)
    said: list[str] = []
    rows = regrade(made, "math", said.append, "texts")
    assert all(row["shift"] == 0 for row in rows)
    assert sum("are not here" in line for line in said) == len(rows)
