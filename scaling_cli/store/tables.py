"""Rows or a table into the canonical table of a part: checked, sorted, same content same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scaling_cli.errors import StoreError
from scaling_cli.store.schema import PARTS, Column, arrow_schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

Rows = Iterable[Mapping[str, Any]]


def canonical(kind: str, rows: Rows | pa.Table, order: Sequence[str] | None = None) -> pa.Table:
    """The table of `rows`: every column of the schema, checked, sorted, in one chunk.

    Questions come in `order` (ids it does not name follow, sorted), without it sorted by id.
    """
    import pyarrow as pa

    table = rows if isinstance(rows, pa.Table) else _from_rows(kind, rows)
    table = _checked(kind, _aligned(kind, table))
    if PARTS[kind].sorted_by:
        table = _sorted(kind, table, order)
    elif "question_id" in table.column_names:
        _refuse_duplicates(kind, table.column("question_id").to_pylist())
    return table.combine_chunks()


def question_codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """`codes[row]` and the distinct ids they number, in order of first appearance."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries()
    if not column.num_chunks:
        return np.zeros(0, np.int64), []
    codes = np.concatenate([np.asarray(chunk.indices, np.int64) for chunk in column.chunks])
    return codes, column.chunk(0).dictionary.to_pylist()


def question_ranks(ids: Sequence[str], order: Sequence[str] | None) -> NDArray[np.int64]:
    """`rank[code]`: the place of each distinct id in `order`, then by id."""
    import numpy as np

    place = {id: number for number, id in enumerate(order or ())}
    by_place = sorted(
        range(len(ids)), key=lambda code: (place.get(ids[code], len(place)), ids[code])
    )
    ranks = np.empty(len(ids), np.int64)
    ranks[by_place] = np.arange(len(ids))
    return ranks


def whole_text(text: str) -> str:
    """`text` with surrogate halves, which UTF-8 cannot hold, joined or replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _from_rows(kind: str, rows: Rows) -> pa.Table:
    import pyarrow as pa

    listed = list(rows)
    known = set(PARTS[kind].names)
    for row in listed:
        if not row.keys() <= known:
            raise _refused(kind, f"has no column {', '.join(sorted(row.keys() - known))}")
    try:
        return pa.Table.from_pylist(listed, schema=arrow_schema(kind))
    except UnicodeEncodeError:
        return pa.Table.from_pylist([_whole_row(row) for row in listed], schema=arrow_schema(kind))
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise _refused(kind, f"cannot hold a value: {error}") from error


def _whole_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: whole_text(value) if isinstance(value, str) else value for name, value in row.items()
    }


def _aligned(kind: str, table: pa.Table) -> pa.Table:
    """The schema's columns in the schema's order; absent nullable ones become nulls."""
    import pyarrow as pa

    schema = arrow_schema(kind)
    if unknown := sorted(set(table.column_names) - set(schema.names)):
        raise _refused(kind, f"has no column {', '.join(unknown)}")
    columns = []
    for field in schema:
        if field.name not in table.column_names:
            columns.append(pa.chunked_array([pa.nulls(len(table), field.type)]))
            continue
        try:
            columns.append(table.column(field.name).cast(field.type))
        except pa.ArrowException as error:
            raise _refused(kind, f"cannot hold column {field.name}: {error}") from error
    return pa.Table.from_arrays(columns, schema=schema)


def _checked(kind: str, table: pa.Table) -> pa.Table:
    for position, column in enumerate(PARTS[kind].columns):
        values = table.column(column.name)
        if not column.nullable and values.null_count:
            raise _refused(kind, f"needs a value of {column.name} in every row")
        if column.allowed:
            _check_allowed(kind, column, values)
        if column.nullable and column.type == "float64":
            table = table.set_column(position, table.schema.field(position), _without_nan(values))
    return table


def _check_allowed(kind: str, column: Column, values: pa.ChunkedArray) -> None:
    found = set(values.unique().to_pylist())
    if strange := sorted(found - set(column.allowed)):
        valid = ", ".join(column.allowed)
        raise _refused(kind, f"cannot hold {column.name} {strange[0]!r} (valid: {valid})")


def _without_nan(values: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    nan = pc.fill_null(pc.is_nan(values), False)
    return pc.if_else(nan, pa.scalar(None, values.type), values)


def _sorted(kind: str, table: pa.Table, order: Sequence[str] | None) -> pa.Table:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    minor = PARTS[kind].sorted_by[1]
    codes, ids = question_codes(table.column("question_id"))
    keys = pa.table({"question": question_ranks(ids, order)[codes], "minor": table.column(minor)})
    indices = pc.sort_indices(keys, sort_keys=[("question", "ascending"), ("minor", "ascending")])
    keys = keys.take(indices).combine_chunks()
    same = pc.and_(
        pc.equal(keys["question"][1:], keys["question"][:-1]),
        pc.equal(keys["minor"][1:], keys["minor"][:-1]),
    )
    if len(keys) and pc.any(same).as_py():
        row = indices[pc.index(same, True).as_py()].as_py()
        twice = f"{table['question_id'][row].as_py()} {minor} {table[minor][row].as_py()}"
        raise _refused(kind, f"was given {twice} twice")
    ordered = np.array_equal(np.asarray(indices), np.arange(len(table)))
    return table if ordered else table.take(indices)


def _refuse_duplicates(kind: str, ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for id in ids:
        if id in seen:
            raise _refused(kind, f"was given question {id} twice")
        seen.add(id)


def _refused(kind: str, what: str) -> StoreError:
    return StoreError(
        f"the {kind} table {what}", "docs/schema.md lists the columns and the values they take"
    )
