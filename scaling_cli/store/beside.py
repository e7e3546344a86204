"""What stands beside a run's tables: the plan it was made under, and the pace it was drawn at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaling_cli.errors import StoreError
from scaling_cli.store.folder import CELL_NAME, RunFolder
from scaling_cli.store.manifest import read_json, write_json
from scaling_cli.store.scrub import scrub

VERSION = 1
"""Of both files; one of a newer version is refused."""
PLANNED = (
    "questions", "samples", "recorded", "missing", "unscored", "tokens", "verifier_tokens", "flops",
    "flops_verifier", "seconds", "seconds_verifier",
)  # fmt: skip
HELD = ("recorded", "samples", "scored", "tokens", "verifier_tokens", "flops")
"""Numbers of a planned cell, and of what the run held of it, that are reckoned with."""
REMEDY = "move it away: scale plan and scale run write it anew"
SESSION = {"model": str, "engine": str, "tokens": int, "samples": int, "seconds": float | int}


def plan_path(folder: RunFolder) -> Path:
    return folder.path / "plan.json"


def pace_path(folder: RunFolder) -> Path:
    return folder.path / "pace.json"


def write_plan(folder: RunFolder, plan: Mapping[str, Any]) -> None:
    """Replace the plan; absolute paths are cut, a secret in it is a `StoreError`."""
    write_json(plan_path(folder), scrub({"version": VERSION, **plan}))


def read_plan(folder: RunFolder) -> dict[str, Any] | None:
    """The plan kept beside the run; None where there is none."""
    path = plan_path(folder)
    if not path.is_file():
        return None
    content = _read(path, REMEDY)
    cells, widths = content.get("cells"), content.get("widths")
    if not isinstance(cells, dict) or not isinstance(widths, list):
        raise _damaged(path, "it holds no cells and widths", REMEDY)
    if not all(CELL_NAME.fullmatch(key) and _is_planned(row) for key, row in cells.items()):
        raise _damaged(path, "a cell of it is not as scale writes them", REMEDY)
    if not all(isinstance(row, dict) and _is_number(row.get("half_width")) for row in widths):
        raise _damaged(path, "a width of it is not as scale writes them", REMEDY)
    if not isinstance(content.get("sessions", 0), int):
        raise _damaged(path, "sessions is not a whole number", REMEDY)
    return content


def _is_planned(row: Any) -> bool:
    held = row.get("held") if isinstance(row, dict) else None
    if isinstance(row, dict) and not isinstance(row.get("scorers") or [], list):
        return False
    return isinstance(held, dict) and all(
        part.get(name) is None or _is_number(part[name])
        for part, names in ((row, PLANNED), (held, HELD))
        for name in names
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def add_session(folder: RunFolder, session: Mapping[str, Any]) -> None:
    """Add what one start of an engine drew in how long; a damaged file is begun anew."""
    try:
        sessions = read_sessions(folder)
    except StoreError:
        sessions = []  # no run may fail over how long an earlier one took
    sessions = [*sessions, scrub(session)]
    write_json(pace_path(folder), {"version": VERSION, "sessions": sessions})


def read_sessions(folder: RunFolder) -> list[dict[str, Any]]:
    """Every session recorded, oldest first; none where the file is not there."""
    path = pace_path(folder)
    if not path.is_file():
        return []
    remedy = "move it away: only how long earlier runs took is lost"
    sessions = _read(path, remedy).get("sessions")
    if not isinstance(sessions, list) or not all(map(_is_session, sessions)):
        raise _damaged(path, "it holds no list of sessions", remedy)
    return sessions


def _is_session(session: Any) -> bool:
    return isinstance(session, dict) and all(
        isinstance(session.get(name), kind) and not isinstance(session.get(name), bool)
        for name, kind in SESSION.items()
    )


def _read(path: Path, remedy: str) -> dict[str, Any]:
    content = read_json(path)
    version = content.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise _damaged(path, "version is not a whole number", remedy)
    if version > VERSION:
        raise StoreError(
            f"{path} has version {version}, this scale reads up to {VERSION}",
            "install the newer scale that wrote it",
        )
    return content


def _damaged(path: Path, what: str, remedy: str) -> StoreError:
    return StoreError(f"{path} is damaged: {what}", remedy)
