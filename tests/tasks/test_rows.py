"""Rows from files: what is read, and what each kind of damage is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scaling_cli.errors import TaskError
from scaling_cli.tasks import load
from scaling_cli.tasks.rows import read_rows

ROW = {"question": "1 + 1?", "answer": "2"}


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def values(path: Path) -> list[Any]:
    return [dict(row.values) for row in read_rows(path)]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_and_byte_order_marks_do_not_matter(
    tmp_path: Path, start: str, end: str, last: bool
) -> None:
    text = start + end.join([json.dumps(ROW)] * 2) + (end if last else "")
    assert values(write(tmp_path / "a.jsonl", text)) == [ROW, ROW]


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path: Path) -> None:
    row = {"question": "a\u2028b\u0085c", "answer": "2"}
    path = write(tmp_path / "a.jsonl", json.dumps(row, ensure_ascii=False))
    assert values(path) == [row]


def test_errors_name_the_line_of_the_file_not_the_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", json.dumps(ROW) + "\n\n\n" + '{"question": "torn')
    with pytest.raises(TaskError, match=r"a\.jsonl, line 4: not JSON"):
        read_rows(path)
    path = write(tmp_path / "b.jsonl", json.dumps(ROW) + "\n\n" + '{"question": "no gold"}')
    with pytest.raises(TaskError, match=r"b\.jsonl, line 3: no column answer or gold or target"):
        load(str(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no questions"),
        ("\n \r\n", "holds no questions"),
        ("[1, 2]", "line 1: not an object"),
        ('"text"', "line 1: not an object"),
        ("[" * 100_000, "line 1: not JSON"),
        (b'{"question": "ok"}\n\xff\xfe', "line 2: not UTF-8"),
    ],
)
def test_damaged_json_lines(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(TaskError, match=said):
        read_rows(write(tmp_path / "a.jsonl", content))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"question": "q", "answer": ["2"]}, "answer holds a list"),
        ({"question": {"a": 1}, "answer": "2"}, "question holds a dict"),
        ({"question": " \n", "answer": "2"}, "question is empty"),
        ({"question": "q", "answer": ""}, "answer is empty"),
        ({"question": "q", "answer": None}, "no column answer"),
        ({"question": "q", "answer": float("nan")}, "no column answer"),
        ({"question": "\ud800", "answer": "2"}, "half a surrogate pair"),
        ({}, "it has none"),
    ],
)
def test_a_row_that_is_no_question(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(TaskError, match=f"line 1: .*{said}"):
        load(str(write(tmp_path / "a.jsonl", json.dumps(row))))


def test_parquet_is_known_by_its_content(tmp_path: Path) -> None:
    table = pa.table({"question": ["a", "b"], "answer": [1, 2], "level": [3, None]})
    for name in ("a.parquet", "a.data"):
        pq.write_table(table, tmp_path / name)
        questions = load("mine", data=tmp_path / name).questions
        assert [(q.text, q.answer, q.level) for q in questions] == [
            ("a", "1", "3"),
            ("b", "2", None),
        ]


@pytest.mark.parametrize("part", [0.5, 0.99])
def test_a_parquet_file_cut_short(tmp_path: Path, part: float) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"question": ["a"] * 99, "answer": ["1"] * 99}), path)
    whole = path.read_bytes()
    write(path, whole[: int(len(whole) * part)])
    with pytest.raises(TaskError, match=r"a\.parquet is not a whole Parquet file"):
        read_rows(path)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(TaskError, match="is not a file"):
            read_rows(path)
