"""Runs into one page model: plain values that JSON can hold, every number already computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scaling_cli import __version__
from scaling_cli.errors import LawError, StoreError
from scaling_cli.laws.selectors import SELECTORS
from scaling_cli.limits import Voting
from scaling_cli.recorded import DRAWS, Ask
from scaling_cli.reporting import recorded_summary
from scaling_cli.reporting.answered import Budget, answered_task
from scaling_cli.reporting.curves import ends_of, votings_of
from scaling_cli.reporting.ledger import ledger_rows
from scaling_cli.reporting.numbers import plain_json
from scaling_cli.reporting.provenance import provenance
from scaling_cli.reporting.questions import Explored, explorer_data
from scaling_cli.reporting.size import check_size
from scaling_cli.reporting.summarised import summarised_task
from scaling_cli.store import RunFolder, answered_cells

Row = dict[str, Any]

USUAL = ("first", "majority", "best")
"""What stands on the frontier beside what the sweeps name."""

WHATEVER = Budget()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is to show. `budget` and `axis` choose the answer's, None a sensible one;
    `questions` limits how many are listed, `texts` says whether what was written is shown."""

    budget: Budget = WHATEVER
    selectors: tuple[str, ...] | None = None
    questions: int | None = None
    texts: bool = True
    extraction: str = "lenient"
    draws: int = DRAWS


def report_data(folders: Sequence[RunFolder], wanted: Wanted) -> Row:
    """The page model. StoreError for runs that hold nothing, or too much for one page."""
    check_size(folders, wanted.questions, texts=wanted.texts)
    tasks = _tasks(folders)
    ask = _ask(folders, wanted)
    graded = [f for f in folders if any(_is_graded(f, task) for task in tasks)]
    found = votings_of(graded, ask)
    return dict(
        plain_json(
            {
                "title": " · ".join(folder.name for folder in folders),
                "asked": _questions_asked(folders),
                "version": __version__,
                "tasks": [
                    one
                    for task, holders in tasks.items()
                    for one in _parts(task, holders, ask, wanted, found)
                ],
                "explorer": _explorer(graded, found, wanted),
                "ledger": ledger_rows(graded),
                "provenance": provenance(folders),
            }
        )
    )


def _tasks(folders: Sequence[RunFolder]) -> dict[str, list[RunFolder]]:
    """Each task with the runs that hold it, in the order met."""
    tasks: dict[str, list[RunFolder]] = {}
    for folder in folders:
        for _, cell in folder.read_manifest().ordered():
            holders = tasks.setdefault(str(cell.details["task"]), [])
            if folder not in holders:
                holders.append(folder)
    if not tasks:
        raise StoreError(
            f"{folders[0].path} holds no cells yet: there is nothing to report",
            "scale run fills it",
        )
    return tasks


def _is_graded(folder: RunFolder, task: str) -> bool:
    """Whether the run holds graded answers of the task; a summary alone is less."""
    present = set(folder.cells("candidates"))
    cells = folder.read_manifest().cells
    return folder.has_part("questions") and any(
        cells[key].details["task"] == task for key in present & set(cells)
    )


def _parts(
    task: str,
    holders: Sequence[RunFolder],
    ask: Ask,
    wanted: Wanted,
    found: Sequence[Voting],
) -> list[Row]:
    """The task in the runs that hold its answers, and apart from them in those of which only a
    summary is at hand: recorded points have no odds, and must not stand among others that do."""
    graded = [folder for folder in holders if _is_graded(folder, task)]
    rest = [folder for folder in holders if folder not in graded]
    parts = []
    if graded:
        parts.append(answered_task(task, graded, ask, wanted.budget, found) | _named(graded))
    if rest:
        parts.append(_summarised(task, rest, wanted) | _named(rest))
    if graded and rest:
        parts[0]["notes"].append(f"{_words(rest)} stands apart, below: only summaries are at hand.")
    return parts


def _named(folders: Sequence[RunFolder]) -> Row:
    return {"runs": [folder.name for folder in folders]}


def _words(folders: Sequence[RunFolder]) -> str:
    return ", ".join(folder.name for folder in folders)


def _summarised(task: str, holders: Sequence[RunFolder], wanted: Wanted) -> Row:
    for folder in holders:
        if not folder.has_part("summary"):
            answered_cells(folder)  # which says what is missing
    rows = recorded_summary.summary_rows(holders, task)
    lacking = recorded_summary.LACKING.format(runs=_words(holders))
    return summarised_task(task, rows, wanted.budget, lacking)


def _ask(folders: Sequence[RunFolder], wanted: Wanted) -> Ask:
    """Selectors as asked for, else those of every frontier and those the sweeps name."""
    for name in wanted.selectors or ():
        if name not in SELECTORS:
            raise LawError(f"there is no selector {name}", f"valid: {', '.join(SELECTORS)}")
    manifests = [folder.read_manifest() for folder in folders]
    named = [name for run in manifests for name in run.sweep.get("selectors", ())]
    selectors = wanted.selectors or tuple(dict.fromkeys([*USUAL, *named]))
    cells = [cell for run in manifests for cell in run.cells.values()]
    equality = next((str(cell.details.get("equality", "math")) for cell in cells), "math")
    return Ask(
        selectors=selectors, extraction=wanted.extraction, equality=equality, draws=wanted.draws
    )


def _questions_asked(folders: Sequence[RunFolder]) -> list[str]:
    asked = [folder.read_manifest().sweep.get("question") for folder in folders]
    return list(dict.fromkeys(str(question) for question in asked if question))


def _explorer(folders: Sequence[RunFolder], found: Sequence[Voting], wanted: Wanted) -> Row | None:
    if not folders:
        return None
    explored = Explored(wanted.questions, wanted.texts, wanted.extraction)
    return explorer_data(folders, explored, ends_of(found))
