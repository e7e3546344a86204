"""Rows of a question file: JSON Lines or Parquet, read with errors that name the line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError


@dataclass(frozen=True, slots=True)
class Row:
    """One row, and where it stands: `file.jsonl, line 7`."""

    values: Mapping[str, Any]
    place: str


def read_rows(path: Path) -> list[Row]:
    """Every row of a JSONL or Parquet file, in order; what it is, its first bytes say."""
    content = _content(path)
    rows = _parquet(path) if content.startswith(b"PAR1") else _json_lines(path, content)
    if not rows:
        raise TaskError(f"{path.name} holds no questions", "write one JSON object a line")
    return rows


def fingerprint(path: Path) -> str:
    """`sha256:` and 12 hex digits of the file's bytes."""
    return f"sha256:{hashlib.sha256(_content(path)).hexdigest()[:12]}"


def pick(row: Row, names: Sequence[str]) -> str:
    """The first of `names` the row has, as text; TaskError naming what it has instead."""
    for name in names:
        text = optional(row, name)
        if text is not None:
            if not text.strip():
                raise TaskError(f"{row.place}: the column {name} is empty", "fill it in")
            return text
    raise TaskError(
        f"{row.place}: no column {' or '.join(names)}; it has {_listed(row)}",
        "rename the columns, or name another file",
    )


def optional(row: Row, name: str) -> str | None:
    """A column as text, or None where the row has none (a null and a NaN count as none)."""
    value = row.values.get(name)
    if value is None or value != value:
        return None
    if not isinstance(value, str | int | float):
        raise TaskError(
            f"{row.place}: the column {name} holds a {type(value).__name__}, not a text or number",
            "write it as text",
        )
    text = str(value)
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise TaskError(
            f"{row.place}: the column {name} holds half a surrogate pair", "save it as UTF-8"
        )
    return text


def check_columns(row: Row, expected: Sequence[str]) -> None:
    """TaskError naming the columns found and expected where one is missing."""
    missing = [name for name in expected if name not in row.values]
    if missing:
        raise TaskError(
            f"{row.place}: no column {', '.join(missing)}; found {_listed(row)}",
            f"expected {', '.join(expected)}",
        )


def _listed(row: Row) -> str:
    return ", ".join(map(str, row.values)) or "none"


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise TaskError(f"{path} is not a file", "name a JSONL or Parquet file of questions")
    try:
        return path.read_bytes()
    except OSError as error:
        raise TaskError(
            f"{path} cannot be read: {error.strerror}", "check its name and its rights"
        ) from error


def _json_lines(path: Path, content: bytes) -> list[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TaskError(
            f"{path.name}, line {line}: not UTF-8, or not a whole Parquet file", "save it as UTF-8"
        ) from error
    # Not `splitlines`: a JSON string may hold U+2028 and its like as they are.
    lines = enumerate(text.split("\n"), 1)
    return [_json_row(line, f"{path.name}, line {n}") for n, line in lines if line.strip()]


def _json_row(line: str, place: str) -> Row:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{place}: not JSON", "one whole JSON object a line") from error
    if not isinstance(values, dict):
        raise TaskError(f"{place}: not an object", 'write {"question": …, "answer": …}')
    return Row(values, place)


def _parquet(path: Path) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise TaskError(
            f"{path.name} is not a whole Parquet file", "fetch or write it again"
        ) from error
    return [Row(values, f"{path.name}, row {n}") for n, values in enumerate(table, 1)]
