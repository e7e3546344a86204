"""A run's folder from imported samples: cells, questions, graded answers, provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.errors import StoreError
from scaling_cli.grading import GraderPool
from scaling_cli.importing.files import digest
from scaling_cli.importing.gather import Gathered, Name, Questions, gather
from scaling_cli.importing.judge import Tally, judge
from scaling_cli.importing.rows import ImportedSample, Reader
from scaling_cli.running.manifest import versions
from scaling_cli.store import CellRecord, Run, RunFolder
from scaling_cli.sweep import cell_key
from scaling_cli.tasks.identity import question_id
from scaling_cli.types import Architecture, Question

if TYPE_CHECKING:
    import pyarrow as pa

SPLIT = "imported"
ENGINE = "imported"
EVERY = 100
"""Questions between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Import:
    """What the user says of a source.

    `max_tokens` is the limit the samples were drawn under: one that reached it is truncated.
    `prompt_tokens` stands in for every prompt length the source does not tell.
    """

    format: str
    model: str | None = None
    task: str | None = None
    only: str | None = None
    equality: str = "math"
    architecture: Architecture | None = None
    total_parameters: int | None = None
    active_parameters: int | None = None
    prompt_tokens: int | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a source: its samples, and a tally for each cell."""

    gathered: Gathered
    tallies: Mapping[str, tuple[Name, Tally]]


def import_run(
    reader: Reader, path: Path, folder: RunFolder, given: Import, say: Callable[[str], None]
) -> Imported:
    """Write what `reader` finds at `path` into the run; the same source again changes nothing.

    The caller holds the folder's lock.
    """
    before = folder.read_manifest() if folder.manifest_path.exists() else Run(sweep={})
    if not before.sweep:
        before = replace(before, sweep={"name": folder.name, "imported": True})
    gathered = gather(reader(path), model=given.model, task=given.task, only=given.only, say=say)
    source = digest(path)
    tallies: dict[str, tuple[Name, Tally]] = {}
    cells: dict[str, CellRecord] = {}
    with GraderPool() as grader:
        for name, questions in gathered.cells.items():
            identity = {"engine": ENGINE, "format": given.format, "source": source,
                        "model": name[0], "task": name[1]}  # fmt: skip
            key = cell_key(identity)
            tally = Tally()
            asked = _questions(name[1], questions)
            table = _candidates(questions, asked, given, grader, tally, say)
            folder.write_questions([*asked.values()])
            folder.write_part("candidates", key, table)
            record = CellRecord(identity, 0, details=_details(name, table, given, tally, path))
            cells[key], tallies[key] = record, (name, tally)
    _check_other_sources(before, cells)
    folder.write_manifest(
        replace(
            before,
            versions={**before.versions, **versions()},
            data={**before.data, path.name: f"sha256:{source}"},
            cells={**before.cells, **cells},
        )
    )
    return Imported(gathered, tallies)


def _check_other_sources(before: Run, cells: Mapping[str, CellRecord]) -> None:
    """Two sources for one model and task would stand side by side as two curves of one name."""
    taken = {
        (c.details["model"], c.details["task"]): k
        for k, c in before.cells.items()
        if c.details.get("engine") == ENGINE
    }
    for key, cell in cells.items():
        other = taken.get((cell.details["model"], cell.details["task"]), key)
        if other != key:
            raise StoreError(
                f"the run already holds {cell.details['model']} on {cell.details['task']} "
                "from another source",
                "name another --model, or import into another run",
            )


def _questions(task: str, questions: Questions) -> dict[str, Question]:
    """The source's ids to questions; equal text and gold are told apart by the source's id."""
    found: dict[str, Question] = {}
    used: set[str] = set()
    for index, (source_id, members) in enumerate(questions.items()):
        gold = next((one.gold for one in members if one.gold), None) or ""
        text = next((one.question_text for one in members if one.question_text), None)
        identity = question_id(task, SPLIT, text or source_id, gold)
        if identity in used:
            identity = question_id(task, SPLIT, f"{text}\n{source_id}", gold)
        used.add(identity)
        found[source_id] = Question(
            id=identity,
            task=task,
            text=text or "",
            answer=gold,
            level=members[0].level,
            subject=members[0].subject,
            source_index=index,
            source_id=source_id[:200],
        )
    return found


def _candidates(
    questions: Questions,
    asked: Mapping[str, Question],
    given: Import,
    grader: GraderPool,
    tally: Tally,
    say: Callable[[str], None],
) -> pa.Table:
    """Graded answers of a cell; a sample told once for many is written out many times."""
    import pyarrow as pa

    from scaling_cli.store.schema import arrow_schema

    schema = arrow_schema("candidates")
    tables = []
    for number, (source_id, members) in enumerate(questions.items(), 1):
        members = [_completed(one, given) for one in members]
        rows = judge(members, given.equality, grader, tally)
        for row, one in zip(rows, members, strict=True):
            row |= {"question_id": asked[source_id].id, "index": one.sample}
        copies = np.array([one.copies for one in members])
        table = pa.Table.from_pylist(rows, schema=schema)
        if (copies > 1).any():
            table = table.take(np.repeat(np.arange(len(rows)), copies))
            index = np.concatenate([one.sample + np.arange(one.copies) for one in members])
            place = table.column_names.index("index")
            table = table.set_column(place, "index", pa.array(index, pa.int32()))
        tables.append(table)
        if number % EVERY == 0:
            say(f"{number} of {len(questions)} questions graded")
    return pa.concat_tables(tables).combine_chunks()


def _completed(one: ImportedSample, given: Import) -> ImportedSample:
    """The sample with what the user said of all of them."""
    if one.prompt_tokens is None and given.prompt_tokens is not None:
        one = replace(one, prompt_tokens=given.prompt_tokens)
    if one.truncated is None and given.max_tokens is not None and one.new_tokens is not None:
        one = replace(one, truncated=one.new_tokens >= given.max_tokens)
    return one


def _details(
    name: Name, table: pa.Table, given: Import, tally: Tally, path: Path
) -> dict[str, Any]:
    lengths = np.asarray(table.column("new_tokens").drop_null(), np.int64)
    scored = table.column("rewards").null_count < len(table)
    samples = np.unique(np.asarray(table.column("question_id").dictionary_encode()
                                   .combine_chunks().indices), return_counts=True)[1]  # fmt: skip
    architecture = None if given.architecture is None else _plain(asdict(given.architecture))
    return {
        "label": f"{name[0]} · {name[1]} · imported",
        "model": name[0],
        "engine": ENGINE,
        "task": name[1],
        "task_revision": None,
        "style": "math",
        "strategy": "sampling",
        "params": {},
        "samples": int(samples.max(initial=0)),
        "questions": len(samples),
        # Not told by any source; only 0 would mean something here, a greedy cell.
        "temperature": None,
        "max_tokens": given.max_tokens or int(lengths.max(initial=0)),
        "equality": given.equality,
        "graded": tally.graded > 0,
        "votes": tally.anonymous == 0,
        "score": "reward_last" if scored else "logprob_mean",
        "architecture": architecture,
        "parameters": given.total_parameters,
        "active_parameters": given.active_parameters,
        "import": {
            "format": given.format,
            "file": path.name,
            "prompt_tokens_assumed": given.prompt_tokens,
        },
    }


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}
