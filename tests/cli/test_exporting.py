"""`scale export`: what it says it wrote, what it refuses, and a run under way."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaling_cli.exporting import FORMATS
from tests.cli.command import Scale


@pytest.fixture
def run(scale: Scale) -> Path:
    assert scale.run(scale.write()).code == 0
    return scale.results / "s"


def test_every_file_is_told(scale: Scale, run: Path) -> None:
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    for format in FORMATS:
        out = scale.folder / "out" / format
        rows = scale("export", run, format, "--out", out, "--json").rows
        assert {row["file"] for row in rows} == {str(p) for p in out.rglob("*") if p.is_file()}
        assert all(Path(row["file"]).stat().st_size == row["bytes"] > 0 for row in rows)
    assert before == {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}


def test_it_goes_to_exports_if_not_said(
    scale: Scale, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scale.folder)
    assert scale("export", run, "metrics").code == 0
    assert (scale.folder / "exports" / "s" / "metrics.json").is_file()


def test_texts_come_only_when_asked_for(scale: Scale, run: Path) -> None:
    for words, expected in (([], False), (["--texts"], True)):
        out = scale.folder / f"out{len(words)}"
        scale("export", run, "csv", "--out", out, *words)
        assert ("boxed{" in (out / "samples.csv").read_text()) is expected


def test_a_run_is_never_written_over(scale: Scale, run: Path) -> None:
    for out in (run, run / "deeper", run / ".." / "s"):
        assert "part of a run" in scale("export", run, "parquet", "--out", out).mistake
    assert (
        "cannot be" in scale("export", run, "nonsense").err or scale("export", run, "x").code == 2
    )
    file = scale.folder / "file"
    file.write_text("")
    assert "could not be written" in scale("export", run, "csv", "--out", file).mistake


def test_a_run_under_way_tells_what_is_not_graded_yet(scale: Scale) -> None:
    assert scale.run(scale.write(models="small")).code == 0
    assert scale.run(scale.write(options="die_after: 20")).code == 2
    run = scale.results / "s"
    said = scale("export", run, "parquet", "--out", scale.folder / "out", "--json")
    assert said.code == 0 and "20 samples are drawn but not graded yet" in said.err
    samples = [row for row in said.rows if row["file"].endswith("samples.parquet")]
    assert [row["rows"] for row in samples] == [8 * 7]


def test_a_run_without_answers_is_refused(scale: Scale) -> None:
    assert scale.run(scale.write(options="die_after: 1")).code == 2
    said = scale("export", scale.results / "s", "csv", "--out", scale.folder / "out")
    assert "nothing to export" in said.mistake
