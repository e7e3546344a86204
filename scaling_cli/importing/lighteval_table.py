"""Rows of a lighteval details file, its lists of tokens as their lengths only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.importing.files import PARQUET, Record, records
from scaling_cli.importing.rows import Skipped

STRUCTS = (
    *(f"doc.{name}" for name in ("id", "query", "original_query", "choices", "gold_index")),
    *(f"doc.{name}" for name in ("generation_size", "specific")),
    *(f"model_response.{name}" for name in ("text", "input_tokens", "output_tokens")),
    "metric",
)
COLUMNS = ("example", "full_prompt", "predictions", "gold", "metrics", "specifics")
TOKENS = ("input_tokens", "output_tokens", "cont_tokens")
ROWS = 8
"""Rows at a time: a row may hold hundreds of replies."""


def rows(path: Path) -> Iterator[Record | Skipped]:
    """The columns a reader needs, of either layout; logits and few-shot documents stay unread.

    A document's replies may hold millions of tokens, of which only the number is asked for.
    """
    with open(path, "rb") as file:
        parquet = file.read(len(PARQUET)) == PARQUET
    yield from _rows(path) if parquet else records(path)


def _rows(path: Path) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    wanted = [*STRUCTS, *COLUMNS, *TOKENS]
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS, columns=wanted):
                names = batch.schema.names
                columns = {name: _light(batch.column(name), name) for name in names}
                for place in range(batch.num_rows):
                    number += 1
                    row = {name: values[place] for name, values in columns.items()}
                    yield f"{path.name}, row {number}", row
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path.name} is not a whole Parquet file", "fetch it again") from error


def _light(array: Any, name: str) -> list[Any]:
    """A column's values, where each list of tokens has become its length."""
    import pyarrow as pa

    if name in TOKENS:
        return _lengths(array)
    if not pa.types.is_struct(array.type):
        return list(array.to_pylist())
    fields = [array.type.field(place).name for place in range(array.type.num_fields)]
    parts = [_light(part, field) for part, field in zip(array.flatten(), fields, strict=True)]
    return [
        dict(zip(fields, values, strict=True)) if known else None
        for known, *values in zip(array.is_valid().to_pylist(), *parts, strict=True)
    ]


def _lengths(array: Any) -> list[Any]:
    """Of `tokens[row][token]` an int each, of `tokens[row][reply][token]` a list of ints."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
        return list(array.to_pylist())
    if not pa.types.is_nested(array.type.value_type):
        return list(pc.list_value_length(array).to_pylist())
    inner = iter(_lengths(array.flatten()))
    sizes = pc.list_value_length(array).to_pylist()
    return [None if size is None else [next(inner) for _ in range(size)] for size in sizes]
