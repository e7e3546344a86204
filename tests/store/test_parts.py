"""Parts survive kills, full disks and damage, and read everywhere as they are."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import StoreError
from scaling_cli.store import RunFolder
from scaling_cli.store.atomic import LEFTOVER
from scaling_cli.store.schema import PARTS, arrow_schema
from scaling_cli.store.tables import whole_text

from .store_rows import QUESTION, bank_row, candidate_row, charge_row, summary_row

ROWS = {
    "bank": [bank_row(0), bank_row(1, tokens=None, logprobs=None, logprob_sum=None)],
    "candidates": [
        candidate_row(0, boxed=[{"answer_class": 0, "end_token": 9}], rewards=[0.25, 0.5]),
        candidate_row(1, error="timed out", verdict="timeout", answer=None),
    ],
    "charges": [charge_row("a/0", parent=None, new_tokens=3), charge_row("a/1", parent="a/0")],
    "summary": [summary_row(), summary_row(k=8, accuracy=0.625, lo=0.5, hi=0.75)],
}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "results" / "seed=1")


@pytest.mark.parametrize("kind", ROWS)
def test_rows_come_back(folder: RunFolder, kind: str) -> None:
    folder.write_part(kind, "cell", ROWS[kind])
    empty = dict.fromkeys(PARTS[kind].names)
    table = folder.read_part(kind, "cell")
    assert table.schema.equals(arrow_schema(kind), check_metadata=True)
    assert table.to_pylist() == [empty | row for row in ROWS[kind]]


@pytest.mark.parametrize("kind", ROWS)
def test_every_reader_reads_it(folder: RunFolder, kind: str) -> None:
    import duckdb
    import pandas as pd
    import polars as pl

    folder.write_part(kind, "cell", ROWS[kind])
    path = folder.part_path(kind, "cell")
    names = PARTS[kind].names
    assert list(pd.read_parquet(path, partitioning=None).columns) == names
    frame = pl.read_parquet(path, hive_partitioning=False)
    assert frame.columns == names
    count = duckdb.execute(f"select count(*), sum(seconds) from '{path}'").fetchone()
    assert count is not None and count[0] == len(frame) == 2
    if kind == "candidates":
        assert frame["boxed"].to_list() == [[{"answer_class": 0, "end_token": 9}], []]
        query = f"select rewards[2], boxed[1].end_token from '{path}' order by index"
        assert duckdb.execute(query).fetchone() == (0.5, 9)


def test_same_rows_same_bytes(folder: RunFolder) -> None:
    rows = [bank_row(i, f"task/test/{q:012x}", seed=i) for q in range(20) for i in range(30)]
    folder.write_part("bank", "one", rows)
    shuffled = random.Random(0).sample(rows, len(rows))
    chunks = [pa.Table.from_pylist(shuffled[i : i + 77]) for i in range(0, len(rows), 77)]
    folder.write_part("bank", "two", pa.concat_tables(chunks))
    folder.write_part("bank", "three", folder.read_part("bank", "one"))
    one, two, three = (folder.part_path("bank", name) for name in ("one", "two", "three"))
    assert one.read_bytes() == two.read_bytes() == three.read_bytes()


def test_merged_in_pieces_same_bytes(folder: RunFolder) -> None:
    rows = [bank_row(i, f"task/test/{q:012x}") for q in range(5) for i in range(8)]
    folder.write_part("bank", "whole", rows)
    shuffled = random.Random(1).sample(rows, len(rows))
    for at in (0, 13, 26):
        folder.merge_bank("pieces", shuffled[at : at + 14])
    whole, pieces = (folder.part_path("bank", name) for name in ("whole", "pieces"))
    assert whole.read_bytes() == pieces.read_bytes()


def test_order_of_questions_is_the_callers(folder: RunFolder) -> None:
    rows = [candidate_row(i, q) for q in ("a", "b", "c", "d") for i in (1, 0)]
    folder.write_part("candidates", "cell", rows, order=["c", "a"])
    table = folder.read_part("candidates", "cell", ["question_id", "index"])
    assert table["question_id"].to_pylist() == list("ccaabbdd")
    assert table["index"].to_pylist() == [0, 1] * 4


ODD_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    text=ODD_TEXT,
    error=st.none() | ODD_TEXT,
    tokens=st.none() | st.lists(st.integers(0, 2**31 - 1)),
)
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    error: str | None,
    tokens: list[int] | None,
) -> None:
    folder = RunFolder.create(tmp_path_factory.mktemp("odd"))
    folder.write_part("bank", "cell", [bank_row(0, text=text, error=error, tokens=tokens)])
    (row,) = folder.read_part("bank", "cell").to_pylist()
    assert row["text"] == whole_text(text)
    assert row["error"] == (None if error is None else whole_text(error))
    assert row["tokens"] == tokens


def test_whole_text_changes_only_surrogates() -> None:
    assert whole_text("a\0\x1b\u2028\U0001f600é") == "a\0\x1b\u2028\U0001f600é"
    assert whole_text("\ud83d\ude00") == "\U0001f600"
    assert whole_text("x\ud83dy") == "x\ufffdy"


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("damage", ["half", "empty", "altered", "foreign", "folder"])
def test_damage_is_named(folder: RunFolder, kind: str, damage: str) -> None:
    folder.write_part(kind, "cell", ROWS[kind])
    path = folder.part_path(kind, "cell")
    content = path.read_bytes()
    if damage == "half":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "altered":
        # Inside the first data page, where only a checksum can tell.
        path.write_bytes(content[:60] + bytes([content[60] ^ 0xFF]) + content[61:])
    elif damage == "foreign":
        pq.write_table(pa.table({"question_id": ["a"], "index": [0]}), path)
    else:
        path.unlink()
        path.mkdir()
    with pytest.raises(StoreError) as caught:
        folder.read_part(kind, "cell")
    assert str(path) in caught.value.message
    assert "move it away and run the same command again" in caught.value.hint


def test_no_flipped_byte_passes_unseen(folder: RunFolder) -> None:
    folder.write_part("bank", "cell", ROWS["bank"])
    path = folder.part_path("bank", "cell")
    content = path.read_bytes()
    written = folder.read_part("bank", "cell")
    pages = content.index(b"scale.kind")
    for at in range(4, pages, 5):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x01]) + content[at + 1 :])
        try:
            assert folder.read_part("bank", "cell").equals(written), f"byte {at}"
        except StoreError as error:
            assert str(path) in error.message


def test_a_damaged_bank_is_not_overwritten(folder: RunFolder) -> None:
    folder.write_part("bank", "cell", ROWS["bank"])
    path = folder.part_path("bank", "cell")
    path.write_bytes(path.read_bytes()[:-20])
    before = path.read_bytes()
    with pytest.raises(StoreError):
        folder.merge_bank("cell", [bank_row(5)])
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(folder: RunFolder) -> None:
    schema = arrow_schema("bank")
    newer = schema.with_metadata({**schema.metadata, b"scale.schema": b"99"})
    path = folder.part_path("bank", "cell")
    path.parent.mkdir()
    pq.write_table(pa.Table.from_pylist(ROWS["bank"], schema=newer), path)
    with pytest.raises(StoreError, match="schema version 99"):
        folder.read_part("bank", "cell")


def test_an_absent_part(folder: RunFolder) -> None:
    assert not folder.has_part("bank", "cell")
    with pytest.raises(StoreError, match="does not exist"):
        folder.read_part("bank", "cell")


@pytest.mark.parametrize(
    ("kind", "rows", "message"),
    [
        ("bank", [bank_row(0), bank_row(0)], "sample 0 twice"),
        ("bank", [bank_row(0, colour="red")], "no column colour"),
        ("bank", [bank_row(0, text=None)], "needs a value of text"),
        ("bank", [bank_row(0, new_tokens="many")], "cannot hold"),
        ("bank", [bank_row(2**40)], "cannot hold"),
        ("candidates", [candidate_row(0, verdict="maybe")], "'maybe'"),
        ("charges", [charge_row("a"), charge_row("a")], "a twice"),
        ("charges", [charge_row("a", role="jury")], "'jury'"),
    ],
)
def test_bad_rows_are_refused(folder: RunFolder, kind: str, rows: object, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        folder.write_part(kind, "cell", rows)
    assert not folder.has_part(kind, "cell")


def test_nan_is_null(folder: RunFolder) -> None:
    folder.write_summary([summary_row(lo=float("nan"), hi=0.5)])
    table = folder.read_summary()
    assert (table["lo"].to_pylist(), table["hi"].to_pylist()) == ([None], [0.5])


def test_merge_keeps_recorded_and_replaces_failed(folder: RunFolder) -> None:
    folder.merge_bank("cell", [bank_row(0, text="first"), bank_row(1, text="", error="dropped")])
    assert folder.recorded("cell") == {(QUESTION, 0)}
    folder.merge_bank("cell", [bank_row(1, text="", error="again")])
    assert folder.read_part("bank", "cell")["error"].to_pylist() == [None, "again"]
    redrawn = [bank_row(0, text="late"), bank_row(1, text="drawn"), bank_row(2, text="new")]
    folder.merge_bank("cell", redrawn)
    assert folder.read_part("bank", "cell")["text"].to_pylist() == ["first", "drawn", "new"]
    folder.merge_bank("cell", [bank_row(0, text="", error="late failure")])
    assert folder.recorded("cell") == {(QUESTION, 0), (QUESTION, 1), (QUESTION, 2)}


def test_grading_anew_replaces(folder: RunFolder) -> None:
    folder.merge_candidates("cell", [candidate_row(0, answer="old"), candidate_row(1)])
    folder.merge_candidates("cell", [candidate_row(0, answer="new"), candidate_row(2)])
    assert folder.read_part("candidates", "cell")["answer"].to_pylist() == ["new", "1", "2"]


def test_recorded_without_the_raw_bank(folder: RunFolder) -> None:
    assert folder.recorded("cell") == set()
    folder.write_part("candidates", "cell", [candidate_row(0), candidate_row(1, error="x")])
    assert folder.recorded("cell") == {(QUESTION, 0)}
    folder.merge_bank("cell", [bank_row(1)])
    assert folder.recorded("cell") == {(QUESTION, 0), (QUESTION, 1)}


def full(_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("step", ["fsync", "replace", "fdopen"])
def test_full_disk(folder: RunFolder, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    folder.write_part("bank", "cell", ROWS["bank"])
    before = folder.part_path("bank", "cell").read_bytes()
    monkeypatch.setattr(os, step, lambda *_: full(_))
    with pytest.raises(StoreError, match="disk is full") as caught:
        folder.merge_bank("cell", [bank_row(9)])
    assert "nothing recorded was lost" in caught.value.hint
    assert folder.part_path("bank", "cell").read_bytes() == before
    assert not list(folder.path.glob(f"*/{LEFTOVER}"))


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    folder = RunFolder.create(small_disk / "run")
    folder.write_part("bank", "cell", ROWS["bank"])
    before = folder.part_path("bank", "cell").read_bytes()
    noise = random.Random(0)
    rows = [bank_row(i, text=noise.randbytes(5000).hex()) for i in range(400)]
    with pytest.raises(StoreError, match="disk is full"):
        folder.merge_bank("cell", rows)
    assert folder.part_path("bank", "cell").read_bytes() == before
    assert not list(folder.path.glob(f"*/{LEFTOVER}"))
    with folder.lock():
        folder.merge_bank("cell", [bank_row(7)])
    assert len(folder.recorded("cell")) == 3


KILLED = """
import os, signal, sys
from scaling_cli.store import RunFolder
from store_rows import bank_row

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(os, sys.argv[2], die)
with RunFolder(__import__("pathlib").Path(sys.argv[1])).lock():
    RunFolder(__import__("pathlib").Path(sys.argv[1])).merge_bank("cell", [bank_row(9)])
"""


@pytest.mark.parametrize("step", ["fchmod", "fsync", "replace"])
def test_kill_in_the_middle_of_a_write(folder: RunFolder, step: str) -> None:
    folder.write_part("bank", "cell", ROWS["bank"])
    path = folder.part_path("bank", "cell")
    before = path.read_bytes()
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": f"{here.parents[1]}{os.pathsep}{here}"}
    child = subprocess.run([sys.executable, "-c", KILLED, folder.path, step], env=environment)
    assert child.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert list(path.parent.glob(LEFTOVER))
    with folder.lock():
        assert not list(path.parent.glob(LEFTOVER))
        folder.merge_bank("cell", [bank_row(9)])
    assert len(folder.recorded("cell")) == 3


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        RunFolder.create(tmp_path / "file" / "run")
    with pytest.raises(StoreError, match="could not be written"):
        RunFolder(tmp_path / "file" / "run").write_part("bank", "cell", ROWS["bank"])
