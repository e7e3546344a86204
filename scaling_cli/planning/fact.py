"""Plan against fact: what a run was expected to take, and what it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scaling_cli.errors import StoreError
from scaling_cli.laws.accuracy import count_correct
from scaling_cli.laws.resample import band, question_weights
from scaling_cli.planning.spent import Spent, spent
from scaling_cli.recorded import DRAWS
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import read_plan, read_sessions

Row = dict[str, Any]


def fact_rows(folder: RunFolder) -> list[Row]:
    """A row for each planned cell: what was expected of the samples drawn since the plan, and
    what they took; none where no plan is kept.

    Expectations are those of the plan times the share of the missing samples that were drawn.
    Seconds are the clock of the engine's starts since, shared among a model's cells by tokens.
    """
    plan = read_plan(folder)
    if plan is None:
        return []
    now = {key: spent(folder, key) for key in plan["cells"]}
    rows = [_row(folder, key, row, now[key], plan) for key, row in plan["cells"].items()]
    return _with_seconds(rows, _seconds(folder, int(plan.get("sessions") or 0)))


def _row(
    folder: RunFolder, key: str, planned: Row, now: Spent | None, plan: Mapping[str, Any]
) -> Row:
    held = planned["held"]
    taken = now or Spent(0, 0, 0, 0.0)
    drawn = taken.samples - int(held.get("samples") or 0)
    missing = int(planned.get("missing") or 0)
    share = min(drawn / missing, 1.0) if missing else 0.0
    return {
        "cell": key,
        **{name: planned.get(name) for name in ("model", "engine", "task", "strategy")},
        "missing": missing,
        "drawn": drawn,
        **{
            f"{name}_planned": _times(planned.get(name), share)
            for name in ("tokens", "flops", "seconds")
        },
        "tokens": taken.tokens - int(held.get("tokens") or 0),
        "flops": _since(taken.flops, held.get("flops", 0.0)),
        "half_width_planned": _planned_width(key, plan),
        "half_width": _half_width(folder, key),
    }


def _times(value: Any, share: float) -> float | None:
    return None if value is None else float(value) * share


def _since(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _planned_width(key: str, plan: Mapping[str, Any]) -> float | None:
    """Of one sample's accuracy, which every cell has."""
    mine = [r for r in plan["widths"] if r.get("cell") == key and r.get("selector") == "first"]
    return mine[0].get("half_width") if mine else None


def _half_width(folder: RunFolder, key: str) -> float | None:
    if not folder.has_part("candidates", key):
        return None
    bank, _ = folder.sample_bank(key)
    if not len(bank.question_ids):
        return None
    values = count_correct(bank.answer_class) / bank.samples
    lo, hi = band(values[:, None], question_weights(len(values), DRAWS, 0))
    return float(hi[0] - lo[0]) / 2


def _seconds(folder: RunFolder, since: int) -> dict[tuple[str, str], float]:
    """Seconds on the clock by model and engine."""
    found: dict[tuple[str, str], float] = {}
    try:
        sessions = read_sessions(folder)
    except StoreError:
        return found
    for session in sessions[since:]:
        place = session["model"], session["engine"]
        found[place] = found.get(place, 0.0) + float(session["seconds"])
    return found


def _with_seconds(rows: list[Row], seconds: Mapping[tuple[str, str], float]) -> list[Row]:
    tokens: dict[tuple[Any, Any], int] = {}
    for row in rows:
        place = row["model"], row["engine"]
        tokens[place] = tokens.get(place, 0) + row["tokens"]
    for row in rows:
        place = row["model"], row["engine"]
        known = place in seconds and tokens[place] > 0
        row["seconds"] = seconds[place] * row["tokens"] / tokens[place] if known else None
    return rows
