"""A user's own file: names of columns, ids that repeat, rows that repeat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.errors import TaskError
from scaling_cli.tasks import TaskData, is_task_name, load


def mine(tmp_path: Path, *rows: dict[str, Any], name: str = "my.set.jsonl") -> TaskData:
    path = tmp_path / name
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return load(str(path))


@pytest.mark.parametrize("text", ["question", "problem", "prompt"])
@pytest.mark.parametrize("gold", ["answer", "gold", "target"])
def test_usual_column_names(tmp_path: Path, text: str, gold: str) -> None:
    (question,) = mine(tmp_path, {text: "q", gold: 2, "level": 3, "subject": "s"}).questions
    assert (question.text, question.answer) == ("q", "2")
    assert (question.level, question.subject) == ("3", "s")
    assert question.id.startswith("my.set/test/")


def test_ids_with_slashes_and_control_characters_stay_out_of_ours(tmp_path: Path) -> None:
    source = "../../etc\x00/\n\x1b[31m"
    (question,) = mine(tmp_path, {"id": source, "question": "q", "answer": "1"}).questions
    assert question.source_id == source
    assert question.id.isprintable()
    assert question.id.count("/") == 2


def test_a_repeated_id_names_both_lines(tmp_path: Path) -> None:
    rows = [{"id": "a/1", "question": f"q{n}", "answer": "1"} for n in range(2)]
    with pytest.raises(TaskError, match=r"line 2: the id 'a/1' already .* line 1"):
        mine(tmp_path, *rows)


def test_rows_that_repeat_are_kept_numbered_and_reported(tmp_path: Path) -> None:
    row = {"id": "x", "question": "q", "answer": "1"}
    data = mine(tmp_path, row, {"question": "other", "answer": "1"}, row, {**row, "question": "q "})
    first = data.questions[0].id
    assert data.duplicates == (f"{first}-2", f"{first}-3")
    assert len({q.id for q in data.questions}) == 4
    assert mine(tmp_path, row).duplicates == ()


def test_the_task_is_named_by_the_file_or_by_the_sweep(tmp_path: Path) -> None:
    data = mine(tmp_path, {"question": "q", "answer": "1"})
    path = tmp_path / "my.set.jsonl"
    assert data.name == "my.set"
    assert load("v1.2", data=path).name == "v1.2"
    assert is_task_name("my.set.jsonl") and not is_task_name("my.set")


def test_the_revision_is_the_files_content(tmp_path: Path) -> None:
    row = {"question": "q", "answer": "1"}
    one, two = mine(tmp_path, row), mine(tmp_path, row, name="b.jsonl")
    other = mine(tmp_path, {**row, "level": 1}, name="c.jsonl")
    assert one.revision == two.revision != other.revision
    assert len(one.revision) == len("sha256:") + 12
