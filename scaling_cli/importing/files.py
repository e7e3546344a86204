"""Files from elsewhere, read without trust: JSON, JSON Lines, CSV, Parquet, YAML."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.importing.rows import Skipped

Record = tuple[str, Mapping[str, Any]]
"""Where a record stands, and its fields."""

PARQUET = b"PAR1"
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
BATCH = 4096


def source_files(path: Path, *suffixes: str) -> list[Path]:
    """The file itself, or a folder's files of these suffixes by name; TaskError without any."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise TaskError(f"{path} does not exist", "name the file or folder to import")
    found = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix in suffixes)
    if not found:
        raise TaskError(f"{path} holds no {' or '.join(suffixes)} file", "name another folder")
    return found


def digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their names below it."""
    if path.is_file():
        with open(path, "rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    whole = hashlib.sha256()
    for file in sorted(one for one in path.rglob("*") if one.is_file()):
        whole.update(f"{file.relative_to(path).as_posix()}\0{digest(file)}\n".encode())
    return whole.hexdigest()


def records(path: Path) -> Iterator[Record | Skipped]:
    """Rows of a Parquet, CSV or JSON Lines file; a JSON file's list counts as its lines.

    A line that cannot be read is `Skipped`; a file that cannot be, a TaskError.
    """
    start = _start(path)
    if start.startswith(PARQUET):
        yield from _parquet(path)
    elif path.suffix == ".csv":
        yield from _csv(path)
    elif start.lstrip()[:1] == b"[":
        yield from _list(path)
    else:
        yield from _lines(path)


def json_content(path: Path) -> Any:
    """The whole of a JSON file."""
    _start(path)
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{path.name} is not whole JSON: {error}", "fetch it again") from error


def yaml_content(path: Path) -> Any:
    """The content of a YAML file; tags that build objects are refused."""
    import yaml

    _start(path)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(path.read_bytes(), Loader=loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:120]
        raise TaskError(f"{path.name} is not YAML: {said}", "fetch it again") from error


def _start(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            start = file.read(16)
    except OSError as error:
        raise TaskError(
            f"{path} cannot be read: {error.strerror}", "check its name and its rights"
        ) from error
    if not start:
        raise TaskError(f"{path.name} is empty", "name a file with samples")
    if start.startswith(PICKLES) or path.suffix in (".pkl", ".pickle", ".pt"):
        raise TaskError(
            f"{path.name} is a pickle, which can run anything when it is opened",
            "save the samples as JSON Lines or Parquet, and import that",
        )
    return start


def _lines(path: Path) -> Iterator[Record | Skipped]:
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{path.name}, line {number}"
            if not line.strip():
                continue
            try:
                content = json.loads(line.decode("utf-8-sig"))
            except UnicodeDecodeError:
                yield Skipped(where, "not UTF-8")
            except (ValueError, RecursionError):
                yield Skipped(where, "not one whole JSON object")
            else:
                yield _record(where, content)


def _list(path: Path) -> Iterator[Record | Skipped]:
    for number, content in enumerate(json_content(path), 1):
        yield _record(f"{path.name}, item {number}", content)


def _record(where: str, content: Any) -> Record | Skipped:
    return (where, content) if isinstance(content, dict) else Skipped(where, "not an object")


def _csv(path: Path) -> Iterator[Record | Skipped]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                # An empty field of a CSV file says nothing.
                yield f"{path.name}, line {number}", {k: v for k, v in row.items() if v != ""}
    except (UnicodeDecodeError, csv.Error) as error:
        raise TaskError(f"{path.name} is not a CSV file in UTF-8: {error}", "save it so") from error


def _parquet(path: Path) -> Iterator[Record | Skipped]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path.name}, row {number}", row
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path.name} is not a whole Parquet file", "fetch it again") from error


def text(fields: Mapping[str, Any], *names: str) -> str | None:
    """The first of these fields that says something, as text."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and value == value:
            return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
    return None


def number(value: Any) -> float | None:
    """A finite number, from a number or its text; None otherwise."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def count(value: Any) -> int | None:
    """A whole number of at least 0; None otherwise, as for the -1 some tools write."""
    found = number(value)
    if found is None or found < 0 or not found.is_integer() or found >= 2**31:
        return None
    return int(found)


def flag(value: Any) -> bool | None:
    """Right or wrong, however the source spells it; None where it does not say."""
    if isinstance(value, str):
        return {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}.get(
            value.strip().lower()
        )
    found = float(value) if isinstance(value, bool) else number(value)
    return bool(found) if found in (0.0, 1.0) else None
