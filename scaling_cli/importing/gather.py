"""Samples of a source, sorted into cells and questions; what could not be taken, counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from scaling_cli.errors import TaskError
from scaling_cli.importing.rows import ImportedSample, Skipped, Unread

Name = tuple[str, str]
"""Model and task: what a cell of imported samples is named by."""
Questions = dict[str, list[ImportedSample]]
"""The source's id of a question to its samples, both in the order they came."""

EVERY = 20_000
"""Samples between two lines of progress."""


@dataclass(slots=True)
class Refused:
    """How often something could not be taken for one reason, and where first."""

    first: str
    times: int = 0


@dataclass(slots=True)
class Gathered:
    """What a source holds. `taken` counts samples; `refused` are those left out, `unread` what
    could not be read of those that were taken."""

    cells: dict[Name, Questions] = field(default_factory=dict)
    taken: int = 0
    refused: dict[str, Refused] = field(default_factory=dict)
    unread: dict[str, Refused] = field(default_factory=dict)

    def miss(self, where: str, why: str) -> None:
        self.unread.setdefault(why, Refused(where)).times += 1

    def refuse(self, where: str, why: str) -> None:
        self.refused.setdefault(why, Refused(where)).times += 1


def gather(
    rows: Iterable[ImportedSample | Skipped | Unread],
    *,
    model: str | None,
    task: str | None,
    only: str | None = None,
    say: Callable[[str], None],
) -> Gathered:
    """The source's samples by model, task and question; TaskError where there are none.

    `model` and `task` given by the user go before the source's own; with `only`, samples of
    other models of the source are passed over.
    """
    found = Gathered()
    known: set[tuple[Name, str, int]] = set()
    others: set[str] = set()
    golds: dict[tuple[Name, str], str] = {}
    for row in rows:
        if isinstance(row, Unread):
            found.miss(row.where, row.why)
            continue
        if isinstance(row, Skipped):
            found.refuse(row.where, row.why)
            continue
        if only is not None and row.model != only:
            others.add(str(row.model))
            continue
        name = model or row.model, task or row.task or "imported"
        if name[0] is None:
            raise TaskError("the source does not name its model", "add --model NAME")
        cell: Name = (name[0], name[1])
        place = f"question {row.question}, sample {row.sample}"
        if (cell, row.question, row.sample) in known:
            found.refuse(place, "the same sample of the same question a second time")
            continue
        known.add((cell, row.question, row.sample))
        if row.gold and golds.setdefault((cell, row.question), row.gold) != row.gold:
            found.miss(place, "gold is not that of the question's first sample, which decides")
        found.cells.setdefault(cell, {}).setdefault(row.question, []).append(row)
        found.taken += row.copies
        if len(known) % EVERY == 0:
            say(f"{len(known)} samples read")
    if not found.cells and others:
        raise TaskError(
            f"the source holds no samples of {only}", f"it holds {', '.join(sorted(others))}"
        )
    if not found.cells:
        reasons = "; ".join(f"{why} ({r.times}×)" for why, r in found.refused.items())
        raise TaskError(
            f"not one sample could be read{': ' + reasons if reasons else ''}",
            "look at the file: docs/import.md says what every format holds",
        )
    return found
