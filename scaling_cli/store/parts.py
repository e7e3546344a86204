"""Parquet parts on the disk: written whole or not at all, checked when read, merged by key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from scaling_cli.errors import StoreError
from scaling_cli.store.atomic import replace_file
from scaling_cli.store.schema import PARTS, SCHEMA_VERSION, arrow_schema
from scaling_cli.store.tables import question_codes

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

ROWS_PER_GROUP = 1 << 15

REMEDIES = {
    "bank": "move it away and run the same command again: only what it held is drawn again",
    "candidates": "move it away and run the same command again: the bank is graded again",
    "charges": "move it away and run the same command again: only this cell is run again",
    "scores": "move it away and run the same command again: its samples are scored again",
    "questions": "move it away and run the same command again: it is written anew",
    "texts": "move it away and run the same command again: it is written anew",
    "summary": "move it away and run the same command again: it is derived anew",
}


def write_table(path: Path, table: pa.Table) -> None:
    """Write a canonical table: the same rows give the same bytes."""
    import pyarrow.parquet as pq

    def write(file: IO[bytes]) -> None:
        pq.write_table(
            table,
            file,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=3,
            row_group_size=ROWS_PER_GROUP,
            write_page_checksum=True,
        )

    replace_file(path, write)


def read_table(
    path: Path, kind: str, columns: Sequence[str] | None = None, *, coded: bool = False
) -> pa.Table:
    """The part's table, or some of its columns; `coded` reads question ids as a dictionary.

    Raises `StoreError` for a file that is absent, cut, altered, foreign or too new.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        raise StoreError(f"{path} does not exist", "run the sweep that fills it")
    names = list(columns) if columns is not None else PARTS[kind].names
    try:
        with pq.ParquetFile(
            path,
            read_dictionary=["question_id"] if coded else None,
            page_checksum_verification=True,
        ) as file:
            _check_origin(path, kind, file.schema_arrow, names)
            held = [name for name in names if name in file.schema_arrow.names]
            table = file.read(columns=held, use_pandas_metadata=False)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read: {_first_line(error)}", REMEDIES[kind]) from error
    return _with_absent(kind, table, names)


def _with_absent(kind: str, table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Nulls for the columns that the file's writer did not know yet."""
    import pyarrow as pa

    schema = arrow_schema(kind)
    for name in names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), schema.field(name).type))
    return table.select(list(names))


def merge(kind: str, old: pa.Table, new: pa.Table, *, newest: bool) -> pa.Table:
    """One row per key. A row without error beats one with; then `newest` or oldest wins."""
    import numpy as np
    import pyarrow as pa

    both = pa.concat_tables([old, new])
    failed = np.asarray(both.column("error").is_valid())
    age = np.repeat([0, 1], [len(old), len(new)])
    # Between two failures the later one tells more, whoever wins otherwise.
    preference = np.where(failed, 2 - age, -age if newest else age)
    keep = _first_of_each(_keys(both, PARTS[kind].sorted_by[1]), preference)
    return both.take(pa.array(keep))


def recorded_rows(table: pa.Table, minor: str) -> set[tuple[str, int]]:
    """(question_id, sample) of the rows that hold a result."""
    import pyarrow.compute as pc

    for name in ("error", "score_error"):
        if name in table.column_names:
            table = table.filter(pc.is_null(table.column(name)))
    return row_keys(table, minor)


def row_keys(table: pa.Table, minor: str) -> set[tuple[str, int]]:
    """(question_id, sample) of every row."""
    ids = table.column("question_id").to_pylist()
    return set(zip(ids, table.column(minor).to_pylist(), strict=True))


def _keys(table: pa.Table, minor: str) -> NDArray[np.int64]:
    import numpy as np

    codes, _ = question_codes(table.column("question_id"))
    return (codes << 32) | np.asarray(table.column(minor), np.int64)


def _first_of_each(keys: NDArray[np.int64], preference: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    order = np.lexsort((preference, keys))
    first = np.ones(len(order), bool)
    first[1:] = keys[order][1:] != keys[order][:-1]
    kept: NDArray[np.int64] = np.sort(order[first])
    return kept


def _check_origin(path: Path, kind: str, schema: pa.Schema, names: Sequence[str]) -> None:
    metadata = schema.metadata or {}
    if metadata.get(b"scale.kind") != kind.encode():
        raise StoreError(f"{path} is not a {kind} table written by scale", REMEDIES[kind])
    version = metadata.get(b"scale.schema", b"")
    if not version.isdigit() or int(version) > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {version.decode(errors='replace')}, "
            f"this scale reads up to {SCHEMA_VERSION}",
            "install the newer scale that wrote it",
        )
    # Damage to a name makes one column missing and another unknown.
    needed = {column.name for column in PARTS[kind].columns if not column.later}
    strange = set(schema.names) - set(PARTS[kind].names)
    if missing := [
        name for name in names if name not in schema.names and (name in needed or strange)
    ]:
        raise StoreError(f"{path} lacks the column {missing[0]}", REMEDIES[kind])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
