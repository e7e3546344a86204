"""Tidy tables as Parquet or CSV files, a file a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING

from scaling_cli.exporting.files import Written
from scaling_cli.exporting.tidy import Source
from scaling_cli.store.atomic import replace_file

if TYPE_CHECKING:
    import pyarrow as pa


def write_parquet(source: Source, out: Path) -> list[Written]:
    """`cells.parquet`, `samples.parquet` and so on; a row group a cell."""
    return [parquet_file(source, name, out / f"{name}.parquet") for name in source.present()]


def write_csv(source: Source, out: Path) -> list[Written]:
    """The same as CSV: text quoted, empty fields null, lists as JSON."""
    return [_csv_file(source, name, out / f"{name}.csv") for name in source.present()]


def parquet_file(source: Source, name: str, path: Path) -> Written:
    """One table, cell by cell, so that no more than one is held."""
    import pyarrow.parquet as pq

    rows = 0

    def write(file: IO[bytes]) -> None:
        nonlocal rows
        writer = None
        for table in source.tables(name):
            writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
            rows += len(table)
        if writer is not None:
            writer.close()

    replace_file(path, write)
    return Written(path, rows)


def _csv_file(source: Source, name: str, path: Path) -> Written:
    import pyarrow.csv as csv

    rows = 0

    def write(file: IO[bytes]) -> None:
        nonlocal rows
        for number, table in enumerate(source.tables(name)):
            header = csv.WriteOptions(include_header=number == 0)
            csv.write_csv(_flat(table), file, header)
            rows += len(table)

    replace_file(path, write)
    return Written(path, rows)


def _flat(table: pa.Table) -> pa.Table:
    """Lists as JSON texts: a field of a CSV file holds one value."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = [None if v is None else json.dumps(v) for v in table.column(place).to_pylist()]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table
