"""The whole plan of a sweep: its bill, its widths, the differences it decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from scaling_cli.errors import SweepError
from scaling_cli.plan import Todo
from scaling_cli.planning import verifying
from scaling_cli.planning.absent import bytes_to_fetch
from scaling_cli.planning.bill import Prices, bill, totals
from scaling_cli.planning.differences import difference_rows
from scaling_cli.planning.earlier import Earlier, earlier_cells
from scaling_cli.planning.evidence import evidence
from scaling_cli.planning.pace import PaceOf, first_known, seen
from scaling_cli.planning.verifying import ReadingOf, names_of
from scaling_cli.planning.widths import width_rows
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.tables import left_to_do
from scaling_cli.store import RunFolder
from scaling_cli.sweep import Sweep

Row = dict[str, Any]
Lacking = tuple[PreparedCell, Todo]
"""A cell and what it lacks."""
DETECT = 0.05
"""A difference of five points, where no other is asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user says: speeds and prices, and which difference matters.

    What is `said` goes before what `measure` finds, which is handed the cells that lack samples;
    that goes before a `bound`, and this before what earlier runs show. The same of how fast
    verifiers read: `measure_reading` is handed the cells, each with what it lacks.
    """

    said: PaceOf = field(default_factory=first_known)
    measure: Callable[[Sequence[PreparedCell]], PaceOf] | None = None
    bound: PaceOf = field(default_factory=first_known)
    said_reading: ReadingOf = field(default_factory=verifying.first_known)
    measure_reading: Callable[[Sequence[Lacking]], ReadingOf] | None = None
    bound_reading: ReadingOf = field(default_factory=verifying.first_known)
    prices: Prices = field(default_factory=Prices)
    detect: float = DETECT


@dataclass(frozen=True, slots=True)
class Whole:
    """Every table of a plan, and what must be said beside them."""

    cells: list[Row]
    total: Row
    widths: list[Row]
    differences: list[Row]
    remarks: list[str]


def make_plan(
    cells: Sequence[PreparedCell],
    sweep: Sweep,
    folder: RunFolder,
    folders: Sequence[RunFolder],
    asked: Asked | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Whole:
    """Plan what `folder` lacks of the sweep's cells; `folders` are runs to learn from, nearest
    first."""
    asked = asked or Asked()
    earlier = earlier_cells(folders, say)
    known = evidence(cells, earlier, sweep)
    widths = width_rows(known, sweep.selectors)
    differences = difference_rows(known, sweep.selectors, asked.detect)
    pace, reading = _speeds(asked, lacking(cells, folder), folders, earlier)
    rows = bill(cells, folder, earlier, pace=pace, reading=reading, prices=asked.prices)
    total = totals(rows) | {"bytes_to_fetch": bytes_to_fetch(sweep)}
    return Whole(rows, total, widths, differences, _remarks(rows))


def _speeds(
    asked: Asked,
    lacking: Sequence[Lacking],
    folders: Sequence[RunFolder],
    earlier: Sequence[Earlier],
) -> tuple[PaceOf, ReadingOf]:
    """How fast models write and verifiers read, from the first source that knows."""
    drawing = [cell for cell, todo in lacking if todo.missing]
    measured = first_known() if asked.measure is None else asked.measure(drawing)
    found = verifying.first_known()
    if asked.measure_reading is not None:
        found = asked.measure_reading(lacking)
    return (
        first_known(asked.said, measured, asked.bound, seen(folders, earlier)),
        verifying.first_known(
            asked.said_reading, found, asked.bound_reading, verifying.seen(folders)
        ),
    )


def runs_to_learn_from(
    own: RunFolder, named: Sequence[RunFolder], others: Sequence[RunFolder]
) -> list[RunFolder]:
    """The run itself first, then those that were named, then all others; each once."""
    first = [own] if own.manifest_path.is_file() else []
    by_path: dict[object, RunFolder] = {}
    for one in [*first, *named, *others]:
        by_path.setdefault(one.path.resolve(), one)
    return [*by_path.values()]


def lacking(cells: Sequence[PreparedCell], folder: RunFolder) -> list[Lacking]:
    """The cells that lack samples, or scores of them, each with what it lacks."""
    todo = {one.wanted.key: one for one in left_to_do(cells, folder).todo}
    asked = [(cell, todo[cell.key]) for cell in cells]
    return [(cell, one) for cell, one in asked if one.missing or one.scorings]


def check_names(cells: Sequence[PreparedCell], said: Iterable[str]) -> None:
    """SweepError for a speed, a price or a configuration said of a model that is not asked."""
    known: dict[str, None] = {}
    for cell in cells:
        known |= dict.fromkeys((cell.cell.model.name, cell.model.name))
        for verifier in (*filter(None, [cell.verifier]), *cell.scorers):
            known |= dict.fromkeys(names_of(verifier))
    for name in said:
        if name and name not in known:
            raise SweepError(f"the sweep asks no model {name}", f"it asks: {', '.join(known)}")


def samples_of(cell: PreparedCell) -> int:
    """How many samples the cell wants in all, as the plan's rows say it."""
    return len(cell.questions) * cell.cell.samples


def _remarks(rows: Sequence[Row]) -> list[str]:
    """What the numbers rest on, and what would make them known."""
    lacking = [row for row in rows if row["missing"]]
    scoring = [row for row in rows if row["missing"] or row["unscored"]]
    paces = {row["model"]: row for row in lacking if row["pace"]}
    lines = [
        f"{model}: {row['tokens_per_second']:.3g} tokens/s ({row['pace']}: {row['pace_from']})"
        for model, row in paces.items()
    ]
    lines += _verifier_remarks(scoring)
    for where, told in (
        (lambda row: row["basis"] == "assumed", "half of max_tokens is assumed to be needed by"),
        (lambda row: row["pace"] is None, "--throughput, --hardware or --probe tells the speed of"),
        (lambda row: row["flops"] is None, "--config MODEL=config.json gives the FLOPs of"),
    ):
        if names := sorted({row["model"] for row in lacking if where(row)}):
            lines.append(f"{told} {', '.join(names)}")
    return lines


def _verifier_remarks(lacking: Sequence[Row]) -> list[str]:
    """How the verifiers' share of the time is known, or what would tell it."""
    asking = [
        row for row in lacking if row["verifier_tokens"] and (row["pace"] or not row["missing"])
    ]
    lines = []
    if any("policy" in (row["verifier_pace"] or "") for row in asking):
        lines.append(
            "verifiers are taken to compute as many FLOPs a second as the model they score, "
            "which reads more slowly than it might: --probe, or --throughput VERIFIER=N tokens "
            "read a second"
        )
    if names := sorted({row["model"] for row in asking if row["seconds"] is None}):
        lines.append(
            f"how long verifiers of {', '.join(names)} take is not known, so no seconds are "
            "told: --probe, or --throughput VERIFIER=N tokens read a second"
        )
    return lines
