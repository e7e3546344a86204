"""`scale export`: a run as other programs read it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaling_cli.cli.output import Json, say, show

if TYPE_CHECKING:
    from scaling_cli.store import RunFolder


class Format(StrEnum):
    """The formats that can be written; docs/export.md shows how each is read."""

    parquet = "parquet"
    csv = "csv"
    lm_eval = "lm-eval"
    datasets = "datasets"
    metrics = "metrics"
    duckdb = "duckdb"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("export", epilog="Example: scale export results/quickstart parquet --out tidy")(
        export
    )


def export(
    run: Annotated[Path, typer.Argument(help="A run's folder, such as results/quickstart.")],
    format: Annotated[Format, typer.Argument(help="How it is written.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The folder to write into: exports/RUN."),
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="With completions and questions, where they are here.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tidy tables, an evaluator's logs, a dataset, metrics for a tracker, or views for DuckDB.

    Nothing of the run is changed. Texts stay out unless they are asked for.
    """
    from scaling_cli.exporting import FORMATS, Source
    from scaling_cli.store import RunFolder

    folder = RunFolder.open(run)
    target = out or Path("exports") / folder.name
    _refuse_runs(target, folder)
    source = Source(folder, texts)
    written = FORMATS[format.value](source, target)
    rows = [
        {"file": str(one.path), "rows": one.rows, "bytes": one.path.stat().st_size}
        for one in written
    ]
    show(rows, as_json=as_json, title=f"{folder.name} as {format.value}")
    left_out = len(source.cells_with("candidates")) - len(source.banks())
    if format is Format.lm_eval and left_out:
        say(f"note: {left_out} searches are left out: their traces are no independent samples")
    if waiting := _in_journals(folder):
        say(f"note: {waiting} samples are drawn but not graded yet, and not in it")


def _refuse_runs(out: Path, folder: RunFolder) -> None:
    """An export has files of the names a run's own parts have: it must not fall upon them."""
    from scaling_cli.errors import StoreError

    inside = folder.path.resolve() in (out.resolve(), *out.resolve().parents)
    if inside or (out / "run.json").exists():
        raise StoreError(f"{out} is part of a run", "name another folder with --out")


def _in_journals(folder: RunFolder) -> int:
    """Samples of a run under way, or stopped, that are not in its parts."""
    from scaling_cli.running.journal import Journal
    from scaling_cli.running.session import call_sample

    count = 0
    for key in folder.read_manifest().cells:
        names = map(call_sample, Journal.peek(folder.journal_path(key)))
        count += len(set(names) - folder.recorded(key))
    return count
