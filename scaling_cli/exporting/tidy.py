"""A run as tidy tables: cells, questions, samples, accuracy, charges; a row says what it is of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scaling_cli.errors import StoreError
from scaling_cli.recorded import Ask
from scaling_cli.searched import recorded_verifier, searches
from scaling_cli.store import CellRecord, Run, RunFolder
from scaling_cli.summary import accuracy_rows

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = ("cells", "questions", "samples", "accuracy", "scores", "charges")
CELL = ("run", "cell", "model", "task", "strategy", "params", "temperature", "max_tokens")
"""What every row of a sample or a charge says of its cell."""


@dataclass(frozen=True)
class Source:
    """A run as it stands when it is exported: parts are read one by one, each of them whole.

    `texts`: whether completions and questions are handed on where they are at hand.
    """

    folder: RunFolder
    texts: bool = False

    @cached_property
    def run(self) -> Run:
        """The manifest, read once; a run that holds nothing to export is a StoreError."""
        run = self.folder.read_manifest()
        if not self.cells_with("candidates", run) and not self.folder.has_part("summary"):
            raise StoreError(
                f"{self.folder.path} holds nothing to export yet: no graded answers, no summary",
                "scale run or scale import fills it",
            )
        return run

    def cells_with(self, kind: str, run: Run | None = None) -> list[tuple[str, CellRecord]]:
        """The cells that have a part of this kind, in a reader's order."""
        present = set(self.folder.cells(kind))
        return [item for item in (run or self.run).ordered() if item[0] in present]

    def banks(self) -> list[tuple[str, CellRecord]]:
        """The cells of independent samples; the traces of a search are none."""
        return [item for item in self.cells_with("candidates") if not searches(item[1])]

    def parts_with(self, kind: str) -> list[tuple[str, CellRecord, str, str | None]]:
        """Key, cell, part and verifier of every part of this kind: a search's own, and those of
        the verifiers that scored a bank, `<cell>.<verifier>`."""
        names = [(part, *part.partition(".")[::2]) for part in self.folder.cells(kind)]
        return [
            (key, cell, part, verifier_of(cell, scorer))
            for key, cell in self.run.ordered()
            for part, owner, scorer in names
            if owner == key
        ]

    def present(self) -> list[str]:
        """The tables the run has rows for."""
        has = {
            "cells": bool(self.run.cells),
            "questions": self.folder.has_part("questions"),
            "samples": bool(self.cells_with("candidates")),
            "accuracy": True,
            "scores": bool(self.parts_with("scores")),
            "charges": bool(self.parts_with("charges")),
        }
        return [name for name in TABLES if has[name]]

    def tables(self, name: str) -> Iterator[pa.Table]:
        """A table in pieces of one schema, at most a cell each."""
        if name == "samples":
            for key, cell in self.cells_with("candidates"):
                yield self.samples(key, cell)
        elif name in ("scores", "charges"):
            for key, cell, part, label in self.parts_with(name):
                table = self.folder.read_part(name, part)
                yield _with_cell(self._named(key, cell) | {"verifier": label}, table, "verifier")
        else:
            whole = {"cells": self._cells, "questions": self._questions, "accuracy": self.accuracy}
            yield whole[name]()

    def accuracy(self) -> pa.Table:
        """The accuracy rows; derived anew where the summary knows less than the parts."""
        from scaling_cli.store.tables import canonical

        graded = {key for key, _ in self.cells_with("candidates")}
        if self.folder.has_part("summary"):
            table = self.folder.read_summary()
            if graded <= set(table.column("cell").to_pylist()):
                return table
        return canonical("summary", accuracy_rows(self.folder, Ask(caps=[])))

    def _named(self, key: str, cell: CellRecord) -> dict[str, Any]:
        details = cell.details
        greedy = details.get("temperature") == 0
        return {
            "run": self.folder.name,
            "cell": key,
            "model": details.get("model"),
            "task": details.get("task"),
            "strategy": "greedy" if greedy else details.get("strategy"),
            "params": json.dumps(details.get("params", {}), sort_keys=True),
            "temperature": details.get("temperature"),
            "max_tokens": details.get("max_tokens"),
        }

    def _cells(self) -> pa.Table:
        import pyarrow as pa

        rows = [
            {
                **self._named(key, cell),
                **{name: cell.details.get(name) for name in _DETAILS},
                "parameters": _parameters(cell, "parameters"),
                "active_parameters": _parameters(cell, "active_parameters"),
                "seed": cell.seed,
                "prompt_hash": cell.prompt_hash,
                "weights": cell.identity.get("weights"),
                "dtype": cell.identity.get("dtype"),
            }
            for key, cell in self.run.ordered()
        ]
        return pa.Table.from_pylist(rows, schema=_cell_schema(_DETAILS))

    def _questions(self) -> pa.Table:
        table = self.folder.read_part("questions", "")
        if not (self.texts and self.folder.has_part("texts")):
            return table
        texts = self.folder.read_part("texts", "")
        ids = texts.column("question_id").to_pylist()
        place = _places(ids, table.column("question_id").to_pylist())
        return table.append_column("text", texts.column("text").take(place))

    def samples(self, key: str, cell: CellRecord) -> pa.Table:
        """Graded answers under the names that `scale import samples` reads, where an empty answer
        is that of a sample that gave none, and null that of one that failed."""
        import pyarrow.compute as pc

        table = self.folder.read_part("candidates", key)
        silent = pc.and_(pc.is_null(table.column("answer")), pc.is_null(table.column("error")))
        answers = pc.if_else(silent, "", table.column("answer"))
        table = table.set_column(table.column_names.index("answer"), "answer", answers)
        names = ["sample" if name == "index" else name for name in table.column_names]
        table = table.rename_columns(["scores" if name == "rewards" else name for name in names])
        table = table.append_column("correct", pc.equal(table.column("verdict"), "correct"))
        table = self._with_questions(table)
        if self.texts:
            table = table.append_column("text", self._completions(key, table))
        return _with_cell(self._named(key, cell), table)

    def _with_questions(self, table: pa.Table) -> pa.Table:
        """Each sample's gold, level and subject; null where the questions are not at hand."""
        import pyarrow as pa

        columns = ["gold", "level", "subject"]
        if not self.folder.has_part("questions"):
            empty = pa.nulls(len(table), pa.string())
            for name in columns:
                table = table.append_column(name, empty)
            return table
        questions = self.folder.read_part("questions", "", ["question_id", *columns])
        ids = questions.column("question_id").to_pylist()
        place = _places(ids, table.column("question_id").to_pylist())
        for name in columns:
            table = table.append_column(name, questions.column(name).take(place))
        return table

    def _completions(self, key: str, table: pa.Table) -> pa.ChunkedArray:
        """The samples' texts; null for those of which the raw bank is not at hand."""
        import pyarrow as pa

        if not self.folder.has_part("bank", key):
            return pa.chunked_array([pa.nulls(len(table), pa.large_string())])
        bank = self.folder.read_part("bank", key, ["question_id", "sample", "text"])
        place = _places(_pairs(bank), _pairs(table))
        return bank.column("text").take(place)


def verifier_of(cell: CellRecord, scorer: str) -> str | None:
    """What the verifier is called that scored a bank, or, without one, that led a search."""
    facts = cell.details.get("scorers", {}).get(scorer) if scorer else cell.details.get("verifier")
    return recorded_verifier(facts)


_DETAILS = ("engine", "task_revision", "samples", "questions", "equality")


def _parameters(cell: CellRecord, name: str) -> int | None:
    known = (cell.details.get("architecture") or {}).get(name) or cell.details.get(name)
    return None if known is None else int(known)


def _cell_schema(details: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    types = {"temperature": pa.float64(), "max_tokens": pa.int32(), "samples": pa.int32(),
             "questions": pa.int32(), "parameters": pa.int64(), "active_parameters": pa.int64(),
             "seed": pa.int64()}  # fmt: skip
    names = [*CELL, *details, "parameters", "active_parameters", "seed", "prompt_hash", "weights",
             "dtype"]  # fmt: skip
    return pa.schema([(name, types.get(name, pa.string())) for name in names])


def _with_cell(named: dict[str, Any], table: pa.Table, *more: str) -> pa.Table:
    """The table with its cell's names in front, the same on every row."""
    import pyarrow as pa

    schema = _cell_schema(more)
    names = (*CELL, *more)
    columns = [
        pa.chunked_array([pa.repeat(pa.scalar(named[name], schema.field(name).type), len(table))])
        for name in names
    ]
    # A charge says which model was asked, which need not be the cell's own.
    other = {"index": "sample", "model": "asked_model"}
    own = [other.get(name, name) for name in table.column_names]
    return pa.Table.from_arrays([*columns, *table.columns], [*names, *own])


def _pairs(table: pa.Table) -> list[Any]:
    ids, samples = table.column("question_id").to_pylist(), table.column("sample").to_pylist()
    return list(zip(ids, samples, strict=True))


def _places(known: Sequence[Any], wanted: Sequence[Any]) -> pa.Array:
    """Rows of `known` that the wanted ones are; null where one is not among them."""
    import pyarrow as pa

    place = {name: row for row, name in enumerate(known)}
    return pa.array([place.get(name) for name in wanted], pa.int64())
