"""A file of DuckDB views on a run's own Parquet parts: nothing is copied, later parts are seen."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scaling_cli.exporting.files import Written, write_text
from scaling_cli.exporting.tidy import Source

CELL_FIELDS = ("engine", "samples", "questions", "temperature", "max_tokens", "equality")

PARTS = {"samples": "candidates", "completions": "bank", "scores": "scores", "charges": "charges"}
"""Views on parts of which every cell has a file of its own."""
FILE = "parse_filename(part.filename)"
COLUMNS = {
    "scores": "verifiers.verifier, part.* EXCLUDE (filename)",
    "charges": "verifiers.verifier, part.* EXCLUDE (filename, model), part.model AS asked_model",
}
"""What is not taken as it stands."""
BY_VERIFIER = f"LEFT JOIN verifiers ON verifiers.file = {FILE}"


def write_views(source: Source, out: Path) -> list[Written]:
    """`views.sql`; its paths are relative, so DuckDB is started in its folder."""
    views = dict(_views(source, out))
    lines = [
        "-- Views on a run of scale. Paths are relative: start DuckDB in the folder of this file.",
        "--   duckdb -init views.sql",
    ]
    for name, query in views.items():
        lines += ["", f"CREATE OR REPLACE VIEW {name} AS", f"{query};"]
    return [write_text(out / "views.sql", lines, len(views))]


def _views(source: Source, out: Path) -> Iterator[tuple[str, str]]:
    """Each view's name and query; of parts that are not there, none."""
    folder = source.folder
    if source.run.cells:
        yield "cells", _cells(source)
    for name, kind in (("questions", "questions"), ("accuracy", "summary")):
        if folder.has_part(kind):
            yield name, f"SELECT * FROM read_parquet({_path(folder.part_path(kind), out)})"
    files = {part: label for kind in COLUMNS for _, _, part, label in source.parts_with(kind)}
    if files:
        # A verifier's file is called by the hash of what it is.
        rows = [[f"{part}.parquet", label] for part, label in sorted(files.items())]
        yield "verifiers", _values("verifiers", ("file", "verifier"), rows)
    for name, kind in PARTS.items():
        if source.parts_with(kind):
            # The questions' texts lie beside the banks under a name that is no hash.
            yield name, _on_cells(kind, _path(folder.path / kind / "[0-9a-f]*.parquet", out))
    if folder.has_part("texts") and source.texts:
        path = _path(folder.part_path("texts"), out)
        yield "question_texts", f"SELECT * FROM read_parquet({path})"


def _on_cells(kind: str, paths: str) -> str:
    """Parts of one kind with the names of their cells, and of their verifiers where they have."""
    columns = COLUMNS.get(kind, "part.* EXCLUDE (filename)")
    lines = [
        f"SELECT cells.run, cells.cell, cells.model, cells.task, cells.strategy, {columns}",
        f"FROM read_parquet({paths}, filename = true) AS part",
        f"JOIN cells ON cells.cell = split_part({FILE}, '.', 1)",
    ]
    return "\n".join(lines + [BY_VERIFIER] * (kind in COLUMNS))


def _cells(source: Source) -> str:
    """The manifest's cells as rows; DuckDB would have to be told how to read run.json."""
    names = ("run", "cell", "model", "task", "strategy", "seed", *CELL_FIELDS)
    rows = []
    for key, cell in source.run.ordered():
        values: Mapping[str, Any] = {
            **cell.details,
            "run": source.folder.name,
            "cell": key,
            "seed": cell.seed,
            "strategy": _strategy(cell.details),
        }
        rows.append([values.get(name) for name in names])
    return _values("cells", names, rows)


def _values(name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A query that is a small table."""
    lines = ",\n".join("  (" + ", ".join(map(_literal, row)) + ")" for row in rows)
    return f"SELECT * FROM (VALUES\n{lines}\n) AS {name}({', '.join(columns)})"


def _strategy(details: Mapping[str, Any]) -> Any:
    return "greedy" if details.get("temperature") == 0 else details.get("strategy")


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    return _quoted(str(value))


def _quoted(text: str) -> str:
    """A string of SQL. A line break stays in it; NUL, which ends a query, is left out."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def _path(path: Path, out: Path) -> str:
    """The path from the file of views, with slashes on every system."""
    relative = os.path.relpath(path.parent.resolve(), out.resolve())
    return _quoted(Path(relative, path.name).as_posix())
