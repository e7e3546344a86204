"""What each reader makes of a source, and of a source that is torn, empty or hostile."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scaling_cli.errors import TaskError
from scaling_cli.importing import FORMATS, ImportedSample, Skipped
from scaling_cli.importing.files import count, digest, flag, number, text


def lines(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def taken(name: str, path: Path) -> list[ImportedSample]:
    return [row for row in FORMATS[name](path) if isinstance(row, ImportedSample)]


def skipped(name: str, path: Path) -> list[Skipped]:
    return [row for row in FORMATS[name](path) if isinstance(row, Skipped)]


ROWS: list[dict[str, Any]] = [
    {"question_id": "a", "answer": "3", "gold": "3", "new_tokens": 7, "score": 0.5},
    {"question_id": "a", "answer": "4", "gold": "3", "new_tokens": 9, "score": 0.25},
    {"question_id": 5, "sample": 3, "correct": True},
]


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "csv"])
def test_samples_read_alike_from_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"s.{kind}"
    names = list(dict.fromkeys(key for row in ROWS for key in row))
    if kind == "jsonl":
        lines(path, ROWS)
    elif kind == "json":
        path.write_text(json.dumps(ROWS))
    elif kind == "parquet":
        rows = [{n: None for n in names} | row | {"question_id": str(row["question_id"])}
                for row in ROWS]  # fmt: skip
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        cells = [[str(row.get(name, "")) for name in names] for row in ROWS]
        path.write_text("\n".join(",".join(row) for row in [names, *cells]))
    a, b, c = taken("samples", path)
    assert (a.question, a.sample, a.answer, a.gold, a.new_tokens, a.score) == (
        "a", 0, "3", "3", 7, 0.5,
    )  # fmt: skip
    assert (b.sample, b.answer) == (1, "4")
    assert (c.question, c.sample, c.correct, c.answer) == ("5", 3, True, None)


def test_samples_count_what_they_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    content = b'{"question_id": "a", "answer": "1"}\n\xff\xfe\n[1]\n{"answer": "2"}\n'
    path.write_bytes(content + b'{"question_id": "b"}\n{"question_id": "a", "ans')
    assert [one.answer for one in taken("samples", path)] == ["1"]
    assert [one.why for one in skipped("samples", path)] == [
        "not UTF-8",
        "not an object",
        "no question_id",
        "none of answer, correct and text",
        "not one whole JSON object",
    ]
    assert skipped("samples", path)[0].where == "s.jsonl, line 2"


@pytest.mark.parametrize("name", FORMATS)
def test_a_source_that_is_no_source_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(TaskError, match="does not exist"):
        list(FORMATS[name](tmp_path / "absent.jsonl"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(TaskError, match="holds no"):
        list(FORMATS[name](tmp_path / "folder"))
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(TaskError, match="is empty"):
        list(FORMATS[name](empty))


@pytest.mark.parametrize("name", FORMATS)
def test_a_pickle_is_never_opened(tmp_path: Path, name: str) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "samples.jsonl"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(TaskError, match="pickle"):
        list(FORMATS[name](path))
    assert not (tmp_path / "ran").exists()


def test_a_torn_parquet_file_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "s.parquet"
    pq.write_table(pa.table({"question_id": ["a"], "answer": ["1"]}), whole)
    whole.write_bytes(whole.read_bytes()[:-9])
    with pytest.raises(TaskError, match="not a whole Parquet file"):
        list(FORMATS["samples"](whole))


def test_boinf_keeps_a_missing_answer_apart_from_an_empty_one(tmp_path: Path) -> None:
    answers = [["70", 836], ["", 12], [None, 9], ["x", -1]]
    row = {"problem_num": 0, "gold_answer": "70", "all_answers": answers}
    path = lines(tmp_path / "b.jsonl", [row, {"problem_num": 1}, "{"])
    found = taken("boinf", path)
    assert [(s.answer, s.new_tokens, s.error is None) for s in found] == [
        ("70", 836, True), ("", 12, True), (None, 9, False), ("x", None, True),
    ]  # fmt: skip
    assert len(skipped("boinf", path)) == 2


def test_counts_in_their_three_shapes(tmp_path: Path) -> None:
    rows = [{"question_id": "a", "correct": 2, "samples": 5},
            {"question_id": "b", "correct": 6, "samples": 5}]  # fmt: skip
    flat = lines(tmp_path / "c.jsonl", rows)
    assert [(s.correct, s.sample, s.copies) for s in taken("counts", flat)] == [
        (True, 0, 2), (False, 2, 3),
    ]  # fmt: skip
    assert len(skipped("counts", flat)) == 1
    pooled = tmp_path / "p.json"
    pooled.write_text(json.dumps({"counts": [[1, 2], [0, 0]], "ns": [[4, 4], [4, 4]],
                                  "uids": ["x", "y"]}))  # fmt: skip
    assert [(s.question, s.correct, s.copies) for s in taken("counts", pooled)] == [
        ("x", True, 3), ("x", False, 5), ("y", False, 8),
    ]  # fmt: skip
    rates = tmp_path / "r.json"
    run = {"config": "MATH_Small", "samples_per_problem": 10, "theta": [0.3, 1.0]}
    rates.write_text(json.dumps([run]))
    assert [(s.model, s.task, s.correct, s.copies) for s in taken("counts", rates)] == [
        ("Small", "MATH", True, 3), ("Small", "MATH", False, 7), ("Small", "MATH", True, 10),
    ]  # fmt: skip


def test_monkeys_from_yaml_and_from_rows(tmp_path: Path) -> None:
    folder = tmp_path / "eval"
    folder.mkdir()
    (folder / "0.yaml").write_text(
        "question: 1 + 1?\nsamples: ['It is $2$.', 'no idea']\n"
        "gt_answer: 'So \\boxed{2}.'\nis_corrects: [true, false]\n"
    )
    (folder / "1.yaml").write_text("!!python/object/apply:os.system ['true']")
    (folder / "2.yaml").write_text("question: x\n")
    found = taken("monkeys", folder)
    assert [(s.gold, s.correct, s.text) for s in found] == [
        ("2", True, "It is $2$."), ("2", False, "no idea"),
    ]  # fmt: skip
    assert len(skipped("monkeys", folder)) == 2
    row = {"question": "1 + 1?", "samples": ["2"], "gold_answer": "2", "orig_dset_idx": 4}
    (one,) = taken("monkeys", lines(tmp_path / "m.jsonl", [row]))
    assert (one.question, one.gold, one.correct) == ("4", "2", None)


def test_search_and_learn_scores_and_uncounted_tokens(tmp_path: Path) -> None:
    row = {"problem": "1 + 1?", "answer": "2", "unique_id": "u", "level": 1,
           "completions": [r"\boxed{2}", r"\boxed{3}", None], "scores": [[0.1, 0.9], [0.4], []],
           "completion_tokens": [12, -1, 0]}  # fmt: skip
    found = taken("search-and-learn", lines(tmp_path / "s.jsonl", [row, {"problem": "x"}]))
    assert [(s.scores, s.new_tokens, s.level, s.error is None) for s in found] == [
        ((0.1, 0.9), 12, "1", True), ((0.4,), None, "1", True), ((), None, "1", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "read"),
    [(3, 3), ("3", 3), (3.0, 3), (-1, None), (2.5, None), (True, None), ("x", None), (None, None),
     (float("nan"), None), (10**400, None), (2**31, None)],
)  # fmt: skip
def test_count(value: Any, read: int | None) -> None:
    assert count(value) == read


def test_flags_numbers_and_texts() -> None:
    values = [True, 1, "True", "0", 1.0, 2, None, "maybe"]
    assert [flag(v) for v in values] == [True, True, True, False, True, None, None, None]
    assert [number(v) for v in ["1e3", float("inf"), "nan", True]] == [1000.0, None, None, None]
    assert text({"a": None, "b": True, "c": 7.0}, "a", "b", "c") == "7"


def test_a_folders_digest_is_that_of_its_names_and_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jsonl").write_text("x")
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    (tmp_path / "two" / "a.jsonl").rename(tmp_path / "two" / "b.jsonl")
    assert digest(tmp_path / "one") != digest(tmp_path / "two")
