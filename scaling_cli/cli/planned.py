"""A plan at the terminal: its tables, and the whole bill in a line."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from scaling_cli.cli.asking import with_verifier
from scaling_cli.cli.output import say, show

if TYPE_CHECKING:
    from scaling_cli.planning.whole import Whole

Row = dict[str, Any]
CELLS = ["model", "task", "strategy", "width", "temperature", "max_tokens", "missing", "tokens",
         "basis", "verifier_tokens", "flops", "seconds", "machine_hours", "pace",
         "dollars"]  # fmt: skip
WIDTHS = ["model", "task", "strategy", "selector", "k", "questions", "accuracy", "half_width",
          "questions_to_halve", "samples_to_halve", "basis", "basis_from"]  # fmt: skip
DIFFERENCES = ["task", "first", "second", "difference", "smallest_difference", "detect",
               "questions_needed", "samples_needed", "basis"]  # fmt: skip


class Table(StrEnum):
    """The tables of `scale plan`."""

    cells = "cells"
    total = "total"
    widths = "widths"
    differences = "differences"


def show_plan(name: str, plan: Whole, view: Table | None, *, as_json: bool) -> None:
    """All tables but the total, which a sentence says; or the one that is asked for."""
    tables: dict[Table, tuple[list[Row], list[str] | None, str]] = {
        Table.cells: (plan.cells, CELLS, f"{name}: what is still to be drawn"),
        Table.widths: (plan.widths, WIDTHS, "the 95% intervals to expect, ± half_width"),
        Table.differences: (plan.differences, DIFFERENCES, "the differences to be decided"),
        Table.total: ([plan.total], None, "in all"),
    }
    several = [Table.cells] if as_json else [Table.cells, Table.widths, Table.differences]
    for one in [view] if view else several:
        rows, columns, title = tables[one]
        if one is Table.cells and any(row["unscored"] for row in rows):
            place = CELLS.index("missing") + 1
            columns = [*CELLS[:place], "unscored", *CELLS[place:]]
        if columns is not None and "strategy" in columns:
            columns = with_verifier(columns, rows)
        if rows or as_json:
            show(rows, as_json=as_json, columns=columns, title=title)
    say(_sentence(plan.total))


def _sentence(total: Row) -> str:
    """The whole bill in a line."""
    from scaling_cli.cli.display import duration

    if not total["missing"] and not total["unscored"]:
        return f"in all: nothing is missing of {total['samples']} samples"
    parts = [
        f"{total['missing']} of {total['samples']} samples to draw",
        *([f"{total['unscored']} scores of recorded samples to give"] if total["unscored"] else []),
        f"{total['tokens']:.3g} tokens",
        *([f"{read:.3g} read by verifiers"] if (read := total["verifier_tokens"]) else []),
        "FLOPs not known" if total["flops"] is None else f"{total['flops']:.3g} FLOPs",
    ]
    if total["seconds"] is not None:
        parts.append(f"{duration(total['seconds'])} ({total['machine_hours']:.2g} device hours)")
    if total["dollars"] is not None:
        parts.append(f"${total['dollars']:.2f}")
    if total["seconds_verifier"]:
        parts[-1 if total["dollars"] is None else -2] += (
            f", of it {duration(total['seconds_verifier'])} for verifiers"
        )
    if total["missing"]:
        disk, journal = size(total["disk_bytes"]), size(total["journal_bytes"])
        parts.append(f"{disk} on disk, up to {journal} more meanwhile")
    if total["bytes_to_fetch"]:
        parts.append(f"{size(total['bytes_to_fetch'])} of weights to fetch first")
    return "in all: " + ", ".join(parts)


def size(count: float) -> str:
    """Bytes as a person says them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
