"""What a run was charged, by cell and role: raw counts, never a price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scaling_cli.reporting.cells import label_of
from scaling_cli.store import RunFolder

Row = dict[str, Any]
COUNTS = ("prompt_tokens", "cached_tokens", "new_tokens")


def ledger_rows(folders: Sequence[RunFolder]) -> list[Row]:
    """A row for each cell and role, and one for each role of all cells together."""
    rows = [row for folder in folders for row in _rows(folder)]
    return rows + [_total(role, rows) for role in ("policy", "verifier") if _has(rows, role)]


def _rows(folder: RunFolder) -> list[Row]:
    graded, charged = set(folder.cells("candidates")), folder.cells("charges")
    rows: list[Row] = []
    for key, cell in folder.read_manifest().ordered():
        label = label_of(cell.details)
        # Scores of a bank are charged beside it, under the bank's name and the verifier's.
        parts = [part for part in charged if part.partition(".")[0] == key]
        if key not in charged and key in graded:
            found = folder.read_part("candidates", key, [*COUNTS, "seconds"]).to_pylist()
            rows.append(_row(folder.name, label, "policy", found))
        for part in parts:
            found = folder.read_part("charges", part, ["role", *COUNTS, "seconds"]).to_pylist()
            for role in ("policy", "verifier"):
                mine = [row for row in found if row["role"] == role]
                if mine:
                    rows.append(_row(folder.name, label, role, mine))
    return rows


def _row(run: str, label: str, role: str, found: Sequence[Row]) -> Row:
    """Sums over calls; None as soon as one call's count is not known."""
    row: Row = {"run": run, "cell": label, "role": role, "calls": len(found)}
    for name in (*COUNTS, "seconds"):
        values = [one[name] for one in found]
        row[name] = None if None in values else sum(values)
    return row


def _has(rows: Sequence[Row], role: str) -> bool:
    return any(row["role"] == role for row in rows)


def _total(role: str, rows: Sequence[Row]) -> Row:
    mine = [row for row in rows if row["role"] == role]
    total = _row("all", "all cells", role, mine)
    return total | {"calls": sum(row["calls"] for row in mine)}
