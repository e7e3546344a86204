"""The plan as it is kept beside a run, and whether a new one takes its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scaling_cli.errors import ScaleError, StoreError
from scaling_cli.planning.spent import spent
from scaling_cli.planning.whole import Whole, lacking, make_plan, runs_to_learn_from, samples_of
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.tables import held
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import read_plan, read_sessions, write_plan
from scaling_cli.sweep import Sweep

Row = dict[str, Any]


def keep(folder: RunFolder, plan: Whole) -> str | None:
    """Keep a plan that was asked for; a line where it is not kept.

    The plan that samples were drawn under is not buried by a question about more of them: the
    next run plans itself. Nor is a run that is under way disturbed.
    """
    kept = kept_plan(folder)
    if kept is not None and _begun(kept, folder):
        return "scale status goes on comparing with the plan that sampling began under"
    try:
        with RunFolder.create(folder.path).lock("scale plan"):
            write(folder, plan)
    except StoreError as error:
        return f"the plan is not kept: {error.message}"
    return None


def before_sampling(
    cells: Sequence[PreparedCell], sweep: Sweep, folder: RunFolder, others: Sequence[RunFolder]
) -> str | None:
    """Plan a run that is about to sample, unless it was planned; a line where that fails, which
    is no reason not to run. The caller holds the folder's lock."""
    wants = [
        {
            "cell": one.key,
            "questions": len(one.questions),
            "samples": samples_of(one),
            "scorers": [scorer.key for scorer in one.scorers],
        }
        for one in cells
    ]
    if covers(kept_plan(folder), wants) or not lacking(cells, folder):
        return None
    try:
        write(folder, make_plan(cells, sweep, folder, runs_to_learn_from(folder, [], others)))
    except ScaleError as error:
        return f"the run is not planned: {error.message}"
    return None


def write(folder: RunFolder, plan: Whole) -> None:
    """Write the plan with what the run holds of each cell by now, so that later only what was
    drawn since is compared. The caller holds the folder's lock."""
    write_plan(
        folder,
        {
            "cells": {
                row["cell"]: {**row, "held": _held(folder, row["cell"])} for row in plan.cells
            },
            "widths": plan.widths,
            "differences": plan.differences,
            "sessions": _sessions(folder),
        },
    )


def _held(folder: RunFolder, key: str) -> Row:
    """Samples that need not be drawn, and what those that are graded and scored have taken."""
    now = spent(folder, key)
    return {"recorded": len(held(folder, key)), **({} if now is None else now.row())}


def _sessions(folder: RunFolder) -> int:
    try:
        return len(read_sessions(folder))
    except StoreError:
        return 0  # begun anew by the next run


def covers(kept: Mapping[str, Any] | None, rows: Sequence[Row]) -> bool:
    """Whether a kept plan is of the same cells with as many questions and samples, scored by
    the same verifiers."""
    if kept is None:
        return False
    cells: Mapping[str, Row] = kept["cells"]
    return {row["cell"]: _extent(row) for row in rows} == {
        key: _extent(row) for key, row in cells.items()
    }


def _extent(row: Row) -> tuple[object, ...]:
    """How much a planned cell asks for; plans kept earlier name no verifiers of banks."""
    return row.get("questions"), row.get("samples"), sorted(row.get("scorers") or [])


def _begun(kept: Mapping[str, Any], folder: RunFolder) -> bool:
    """Whether samples were drawn or scored since the plan was kept."""
    return any(_done_since(folder, key, row["held"]) for key, row in kept["cells"].items())


def _done_since(folder: RunFolder, key: str, before: Row) -> bool:
    if len(held(folder, key)) > int(before.get("recorded") or 0):
        return True
    now = spent(folder, key)
    return now is not None and now.scored > int(before.get("scored") or 0)


def kept_plan(folder: RunFolder) -> dict[str, Any] | None:
    """The plan beside the run; a damaged one counts as none, since a new one replaces it."""
    try:
        return read_plan(folder)
    except StoreError:
        return None
