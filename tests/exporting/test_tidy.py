"""Tidy tables read back by pandas, Polars, DuckDB and our own importer, whatever is in them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from scaling_cli.errors import StoreError
from scaling_cli.exporting import FORMATS, Source
from scaling_cli.importing import FORMATS as READERS
from scaling_cli.importing.record import Import, import_run
from scaling_cli.recorded import Ask
from scaling_cli.store import Run, RunFolder
from scaling_cli.summary import accuracy_rows
from tests.exporting.runs import HOSTILE, hostile, plain
from tests.published import published
from tests.small_run import small_run


def export(folder: RunFolder, format: str, out: Path, *, texts: bool = False) -> dict[str, int]:
    written = FORMATS[format](Source(folder, texts), out)
    assert all(one.path.is_file() for one in written)
    return {one.path.name: one.rows for one in written}


def test_parquet_holds_every_sample_once(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    rows = export(folder, "parquet", tmp_path / "out")
    assert rows == {"cells.parquet": 4, "questions.parquet": 10, "samples.parquet": 2 * 10 * 7,
                    "accuracy.parquet": len(folder.read_summary())}  # fmt: skip
    samples = pd.read_parquet(tmp_path / "out" / "samples.parquet")
    assert not samples.duplicated(["cell", "question_id", "sample"]).any()
    assert "text" not in samples and set(samples.level) == {"0", "1"}
    summary = folder.read_summary().to_pandas()
    for cell, mine in samples.groupby("cell"):
        first = summary[(summary.cell == cell) & (summary.selector == "first")]
        assert first.accuracy.iloc[0] == pytest.approx(mine.correct.mean())
    assert set(samples.strategy) == {"greedy", "sampling"}
    found = pl.read_parquet(tmp_path / "out" / "samples.parquet")
    assert found.height == 140 and found["scores"].null_count() == 140


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_hostile_texts_come_back_as_they_were(tmp_path: Path, format: str) -> None:
    folder = hostile(tmp_path)
    export(folder, format, tmp_path / "out", texts=True)
    file = tmp_path / "out" / f"samples.{format}"
    keep = {"keep_default_na": False, "na_values": []}
    frame = pd.read_parquet(file) if format == "parquet" else pd.read_csv(file, **keep)
    query = "select text, answer from '{}' where cell = ? order by question_id, sample"
    for cell in folder.cells("candidates"):
        texts = folder.read_part("bank", cell).column("text").to_pylist()
        assert texts[: len(HOSTILE)] == HOSTILE
        mine = frame[frame.cell == cell]
        assert mine.text.tolist() == texts
        assert mine.answer.iloc[0] == "a\x00\x1b[31m,\"'\r\n"
        found = duckdb.execute(query.format(file), [cell]).fetchall()
        assert len(found) == len(texts)
        told = {row[0] for row in found}
        # DuckDB takes an empty field of a CSV file for null.
        assert told >= {text for text in HOSTILE if text}


def test_csv_says_null_and_lists_plainly(tmp_path: Path) -> None:
    folder = hostile(tmp_path)
    export(folder, "csv", tmp_path / "out")
    with open(tmp_path / "out" / "samples.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 140 and {row["scores"] for row in rows} == {""}
    assert all(isinstance(json.loads(row["boxed"]), list) for row in rows)
    assert {row["correct"] for row in rows} == {"true", "false"}


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    for format in FORMATS:
        both = []
        for name in ("one", "two"):
            out = tmp_path / name
            export(folder, format, out)
            both.append({p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()})
        assert both[0] == both[1]


def test_samples_of_one_cell_are_imported_again(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    export(folder, "parquet", tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "samples.parquet")
    cell = next(k for k, c in folder.read_manifest().ordered() if c.details["temperature"])
    (tmp_path / "one").mkdir()
    pq.write_table(table.filter(pc.equal(table["cell"], cell)), tmp_path / "one/x.parquet")
    again = RunFolder.create(tmp_path / "again")
    with again.lock():
        import_run(READERS["samples"], tmp_path / "one", again, Import("samples"), lambda _: None)
    ask = Ask(selectors=("first", "coverage", "majority"), caps=[])
    ours = [row for row in accuracy_rows(folder, ask) if row["cell"] == cell]
    theirs = accuracy_rows(again, ask)
    assert [row["accuracy"] for row in theirs] == pytest.approx([row["accuracy"] for row in ours])
    assert [row["tokens"] for row in theirs] == pytest.approx([row["tokens"] for row in ours])


def test_a_run_without_anything_is_refused(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "r")
    folder.write_manifest(Run(sweep={"name": "r"}))
    for format in FORMATS:
        with pytest.raises(StoreError, match="nothing to export"):
            export(folder, format, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_of_a_summary_only_gives_what_it_has(tmp_path: Path) -> None:
    folder = published(tmp_path, "open-models-aime2025")
    for format in FORMATS:
        export(folder, format, tmp_path / format)
    assert sorted(p.name for p in (tmp_path / "parquet").iterdir()) == [
        "accuracy.parquet", "cells.parquet",
    ]  # fmt: skip
    assert len(pd.read_csv(tmp_path / "csv" / "accuracy.csv")) == len(folder.read_summary())


def test_parts_that_come_meanwhile_are_in_the_derived_rows(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    more = small_run(tmp_path / "more", {"third": {"skill": 0.0}}, questions=10, max_tokens=80)
    # A run under way: its manifest and one more part stand, its summary is of before.
    (key,) = [k for k, c in more.read_manifest().ordered() if c.details["temperature"]]
    with folder.lock():
        before = folder.read_manifest()
        cells = {**before.cells, **more.read_manifest().cells}
        folder.write_manifest(replace(before, cells=cells))
        folder.write_part("candidates", key, more.read_part("candidates", key))
    assert export(folder, "parquet", tmp_path / "out")["samples.parquet"] == 140 + 60
    accuracy = pd.read_parquet(tmp_path / "out" / "accuracy.parquet")
    assert set(accuracy.cell) == {*folder.cells("candidates")}


def test_charges_are_a_table_of_their_own(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    key, question = folder.cells("candidates")[0], folder.question_ids()[0]
    folder.write_part("charges", key, [
        {"question_id": question, "call": "0", "role": "verifier", "parent": None, "seconds": 0.5,
         "prompt_tokens": 3, "cached_tokens": None, "new_tokens": 1, "context": 4},
    ])  # fmt: skip
    assert export(folder, "parquet", tmp_path / "out")["charges.parquet"] == 1
    (row,) = pd.read_parquet(tmp_path / "out" / "charges.parquet").to_dict("records")
    assert (row["cell"], row["role"], row["seconds"]) == (key, "verifier", 0.5)
