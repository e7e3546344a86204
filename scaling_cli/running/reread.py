"""Recorded texts read again: what each answers, by the extraction of today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scaling_cli.errors import ScaleError, StoreError
from scaling_cli.grading import GraderPool, grade_group
from scaling_cli.regroup import ANSWERS, JUDGED, by_question
from scaling_cli.running.candidates import judged
from scaling_cli.running.prepare import resolve_model
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.sweep import ModelSpec
from scaling_cli.types import Tokenizer

if TYPE_CHECKING:
    import pyarrow as pa

READ = [*ANSWERS, *JUDGED]
"""The columns of a graded answer that its text decides."""


def reread(
    folder: RunFolder,
    key: str,
    gold: Mapping[str, str],
    equality: str,
    grader: GraderPool,
) -> pa.Table:
    """The cell's graded answers with all that their texts decide made anew; nothing is written.

    Raises StoreError where the raw bank is not here, lacks a sample, or the tokenizer that says
    where in the tokens an answer ends cannot be had.
    """
    import pyarrow as pa

    cell = folder.read_manifest().cells.get(key)
    if cell is None or not folder.has_part("bank", key):
        raise StoreError(f"the texts of cell {key} are not here", "grade from its answers")
    table = folder.read_part("candidates", key)
    columns = ["question_id", "sample", "text", "tokens", "finish_reason"]
    texts = dict(by_question(folder.read_part("bank", key, columns)))
    tokenizer, style = _tokenizer(cell), str(cell.details["style"])
    schema = table.select(READ).schema
    parts = [schema.empty_table()]
    for identity, part in by_question(table.select(["question_id", "index"])):
        found = {row["sample"]: row for row in _rows(texts.get(identity))}
        wanted = part["index"].to_pylist()
        if missing := [index for index in wanted if index not in found]:
            raise StoreError(
                f"the raw bank lacks the text of {identity} sample {missing[0]}",
                "grade from the answers",
            )
        rows = [found[index] for index in wanted]
        grades = grade_group(
            [row["text"] for row in rows],
            [row["finish_reason"] for row in rows],
            gold[identity],
            style=style,
            equality=equality,
            compare=grader.compare,
        )
        new = [judged(row, grade, tokenizer) for row, grade in zip(rows, grades, strict=True)]
        parts.append(pa.Table.from_pylist(new, schema=schema))
    fresh = pa.concat_tables(parts).combine_chunks()
    for name in READ:
        table = table.set_column(table.column_names.index(name), name, fresh[name])
    return table


def _rows(table: pa.Table | None) -> list[dict[str, Any]]:
    return [] if table is None else table.to_pylist()


def _tokenizer(cell: CellRecord) -> Tokenizer | None:
    """The one the cell was sampled with; None behind a server, where none was."""
    if not cell.identity.get("tokenizer"):
        return None
    details = cell.details
    try:
        found = resolve_model(ModelSpec(str(details["model"])), str(details["engine"])).tokenizer
    except ScaleError as error:
        raise StoreError(
            f"the tokenizer of {details['model']} is not here: {error.message}", error.hint
        ) from error
    if found is None or found.hash != cell.identity["tokenizer"]:
        raise StoreError(
            f"the tokenizer of {details['model']} is no longer the one it was sampled with",
            "grade from the answers",
        )
    return found
