"""How much a Parquet part holds, from its own record: nothing is read but the file's end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scaling_cli.errors import StoreError
from scaling_cli.store.parts import REMEDIES


@dataclass(frozen=True, slots=True)
class Extent:
    """Rows of a part, and the bytes of one of its columns before compression."""

    rows: int
    bytes: int


def extent(path: Path, kind: str, column: str) -> Extent:
    """The part's extent; StoreError for a file that is no Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise StoreError(f"{path} cannot be read: {reason}", REMEDIES[kind]) from error
    size = sum(
        chunk.total_uncompressed_size
        for group in range(found.num_row_groups)
        for number in range(found.num_columns)
        if (chunk := found.row_group(group).column(number)).path_in_schema == column
    )
    return Extent(found.num_rows, size)
