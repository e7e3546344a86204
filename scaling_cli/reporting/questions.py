"""The questions of runs with every answer they were given, small enough to send."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scaling_cli.reporting.cells import kind_of
from scaling_cli.reporting.numbers import brief, briefs
from scaling_cli.reporting.plain import shown
from scaling_cli.reporting.traces import tree_data
from scaling_cli.store import CellRecord, RunFolder

Row = dict[str, Any]

STATES = ("correct", "wrong", "unanswered", "timeout", "failed")
CANDIDATE = ["question_id", "index", "answer", "strict_answer", "answer_class", "strict_class",
             "verdict", "strict_verdict", "truncated", "logprob_mean", "rewards", "new_tokens",
             "error", "tree", "call"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Explored:
    """Which questions are listed: the first `count` of each task (all: None), texts or none."""

    count: int | None
    texts: bool
    extraction: str


def explorer_data(
    folders: Sequence[RunFolder], explored: Explored, ends: Mapping[tuple[str, str, str], Row]
) -> Row:
    """Cells and questions; `ends` says of (run, cell, question) where voting ends."""
    cells: list[Row] = []
    questions: dict[str, Row] = {}
    left_out = 0
    for folder in folders:
        kept, dropped = _kept(folder, explored)
        left_out += dropped
        for identity, row in kept.items():
            questions.setdefault(identity, row)
        graded = set(folder.cells("candidates"))
        for key, cell in folder.read_manifest().ordered():
            if key in graded:
                cells.append(_cell(folder, cell))
                for identity, found in _answers(folder, key, kept, explored).items():
                    end = ends.get((folder.name, key, identity), {})
                    row = {"cell": len(cells) - 1, **end, **found}
                    questions[identity]["answers"].append(row)
    return {
        "states": list(STATES),
        "cells": cells,
        "questions": list(questions.values()),
        "left_out": left_out,
        "texts": any("texts" in a for row in questions.values() for a in row["answers"]),
    }


def _kept(folder: RunFolder, explored: Explored) -> tuple[dict[str, Row], int]:
    """The questions that are listed, by id, and how many are not."""
    kept: dict[str, Row] = {}
    seen: dict[str, int] = defaultdict(int)
    dropped = 0
    for question in folder.read_questions():
        seen[question.task] += 1
        if explored.count is not None and seen[question.task] > explored.count:
            dropped += 1
            continue
        kept[question.id] = {
            "id": question.id,
            "task": question.task,
            "gold": shown(question.answer),
            "level": question.level,
            "subject": question.subject,
            "text": shown(question.text) if explored.texts and question.text else None,
            "answers": [],
        }
    return kept, dropped


def _cell(folder: RunFolder, cell: CellRecord) -> Row:
    details = cell.details
    return {
        "run": folder.name,
        "model": details["model"],
        "task": details["task"],
        "kind": kind_of(details),
        "limit": details["max_tokens"],
    }


def _answers(
    folder: RunFolder, key: str, kept: Mapping[str, Row], explored: Explored
) -> dict[str, Row]:
    """What each kept question was answered in one cell."""
    rows = _by_question(folder, "candidates", key, CANDIDATE, kept)
    texts = _texts(folder, key, kept) if explored.texts else {}
    calls = (
        _by_question(folder, "charges", key, None, kept) if folder.has_part("charges", key) else {}
    )
    found = {}
    for identity, members in rows.items():
        found[identity] = _compact(members, explored.extraction)
        written = [texts.get((identity, row["index"])) for row in members]
        if any(text is not None for text in written):
            found[identity]["texts"] = written
        if identity in calls:
            found[identity]["tree"] = tree_data(calls[identity], members)
    return found


def _by_question(
    folder: RunFolder, kind: str, key: str, columns: list[str] | None, kept: Mapping[str, Row]
) -> dict[str, list[Row]]:
    """The part's rows of the kept questions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = folder.read_part(kind, key, columns)
    wanted = pa.array(list(kept), pa.string())
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in table.filter(pc.is_in(table["question_id"], value_set=wanted)).to_pylist():
        rows[row["question_id"]].append(row)
    return rows


def _texts(folder: RunFolder, key: str, kept: Mapping[str, Row]) -> dict[tuple[str, int], str]:
    """What was written, by question and sample; nothing where the raw bank is not at hand."""
    if not folder.has_part("bank", key):
        return {}
    rows = _by_question(folder, "bank", key, ["question_id", "sample", "text"], kept)
    return {
        (identity, row["sample"]): shown(row["text"])
        for identity, members in rows.items()
        for row in members
    }


def _compact(members: Sequence[Row], extraction: str) -> Row:
    """Samples as short lists that point into the list of distinct answers."""
    strings: dict[str, int] = {}
    samples, errors = [], {}
    for row in members:
        answer, group, verdict = as_voted(row, extraction)
        place = -1 if answer is None else strings.setdefault(shown(answer), len(strings))
        if row["error"]:
            errors[str(row["index"])] = shown(str(row["error"]))
        samples.append(
            [
                row["index"],
                place,
                group,
                STATES.index(verdict),
                row["new_tokens"],
                int(row["truncated"]),
                brief(row["logprob_mean"], 3),
                briefs(row["rewards"], 3) if row["rewards"] else None,
            ]
        )
    found: Row = {"strings": list(strings), "samples": samples}
    return found | ({"errors": errors} if errors else {})


def as_voted(row: Row, extraction: str) -> tuple[str | None, int, str]:
    """Answer, class and verdict as votes count them: a text that was cut is read strictly."""
    if row["error"]:
        return None, -2, "failed"
    strict = extraction == "strict" or row["truncated"]
    names = ("strict_answer", "strict_class", "strict_verdict") if strict else (
        "answer", "answer_class", "verdict"
    )  # fmt: skip
    answer, group, verdict = (row[name] for name in names)
    return answer, int(group), str(verdict)
