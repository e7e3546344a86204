"""Plan against fact: what a run was expected to take, and what it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scaling_cli.errors import StoreError
from scaling_cli.laws.accuracy import count_correct
from scaling_cli.laws.resample import band, question_weights
from scaling_cli.planning.spent import Spent, spent
from scaling_cli.recorded import DRAWS, Ask, choice_of
from scaling_cli.searched import search_values, searches
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import read_plan, read_sessions

Row = dict[str, Any]
NAMES = ("model", "engine", "task", "strategy", "width", "verifier")
"""What tells the rows apart."""


def fact_rows(folder: RunFolder) -> list[Row]:
    """A row for each planned cell: what was expected of the samples drawn since the plan, and
    what they took; none where no plan is kept.

    Expectations are those of the plan times the share of the missing samples that were drawn,
    and the verifiers' of a bank times the share of the missing scores that were given. Seconds
    are the clock of the engine's starts since, shared among a model's cells by tokens, and of the
    scorings of each bank.
    """
    plan = read_plan(folder)
    if plan is None:
        return []
    now = {key: spent(folder, key) for key in plan["cells"]}
    rows = [_row(folder, key, row, now[key], plan) for key, row in plan["cells"].items()]
    sessions = _sessions_since(folder, int(plan.get("sessions") or 0))
    return _with_seconds(rows, _drawing(sessions), _scoring(sessions))


def _row(
    folder: RunFolder, key: str, planned: Row, now: Spent | None, plan: Mapping[str, Any]
) -> Row:
    held = planned["held"]
    taken = now or Spent(0, 0, 0, 0.0)
    drawn = taken.samples - int(held.get("samples") or 0)
    missing = int(planned.get("missing") or 0)
    share = min(drawn / missing, 1.0) if missing else 0.0
    scored = taken.scored - int(held.get("scored") or 0)
    scorings = missing * len(planned.get("scorers") or ()) + int(planned.get("unscored") or 0)
    # A search is scored as it is drawn.
    judged = min(scored / scorings, 1.0) if scorings else share
    return {
        "cell": key,
        **{name: planned.get(name) for name in NAMES},
        "missing": missing,
        "drawn": drawn,
        "scorings": scorings,
        "scored": scored,
        "tokens_planned": _times(planned.get("tokens"), share),
        **{
            f"{name}_planned": _mixed(planned.get(name), planned.get(of), share, judged)
            for name, of in (("flops", "flops_verifier"), ("seconds", "seconds_verifier"))
        },
        "tokens": taken.tokens - int(held.get("tokens") or 0),
        "verifier_tokens_planned": _times(planned.get("verifier_tokens"), judged),
        "verifier_tokens": taken.verifier_tokens - int(held.get("verifier_tokens") or 0),
        "flops": _since(taken.flops, held.get("flops", 0.0)),
        **_width(folder, key, plan),
    }


def _times(value: Any, share: float) -> float | None:
    return None if value is None else float(value) * share


def _mixed(whole: Any, verifier: Any, drawn: float, judged: float) -> float | None:
    """The policy's part times the share that was drawn, the verifiers' times what they scored."""
    if whole is None:
        return None
    scoring = float(verifier or 0.0)
    return (float(whole) - scoring) * drawn + scoring * judged


def _since(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _width(folder: RunFolder, key: str, plan: Mapping[str, Any]) -> Row:
    """The half-width that was expected and that there is: of one sample's accuracy, or of what
    the first selector of a search picks."""
    mine = [row for row in plan["widths"] if row.get("cell") == key]
    choosing = [row for row in mine if row.get("selector") != "coverage"]
    first = [row for row in choosing if row.get("selector") == "first"] or choosing
    planned = first[0] if first else {}
    return {
        "half_width_planned": planned.get("half_width"),
        "half_width": _half_width(folder, key, planned.get("selector", "first")),
    }


def _half_width(folder: RunFolder, key: str, selector: str) -> float | None:
    if not folder.has_part("candidates", key):
        return None
    bank, _ = folder.sample_bank(key)
    if not len(bank.question_ids):
        return None
    values = count_correct(bank.answer_class) / bank.samples
    record = folder.read_manifest().cells.get(key)
    if record is not None and searches(record):
        choice = choice_of(record, Ask())
        values = search_values(folder, key, record, bank, selector, choice)[:, -1]
    lo, hi = band(values[:, None], question_weights(len(values), DRAWS, 0))
    return float(hi[0] - lo[0]) / 2


def _sessions_since(folder: RunFolder, since: int) -> list[dict[str, Any]]:
    try:
        return read_sessions(folder)[since:]
    except StoreError:
        return []


def _drawing(sessions: Sequence[Mapping[str, Any]]) -> dict[Any, float]:
    """Seconds on the clock by model and engine of what was sampled."""
    found: dict[Any, float] = {}
    for session in sessions:
        if session.get("role") != "verifier":
            place = session["model"], session["engine"]
            found[place] = found.get(place, 0.0) + float(session["seconds"])
    return found


def _scoring(sessions: Sequence[Mapping[str, Any]]) -> dict[Any, float]:
    """Seconds on the clock by cell of the scoring of banks."""
    found: dict[Any, float] = {}
    for session in sessions:
        if session.get("role") == "verifier":
            found[session.get("cell")] = found.get(session.get("cell"), 0.0) + session["seconds"]
    return found


def _with_seconds(
    rows: list[Row], drawing: Mapping[Any, float], scoring: Mapping[Any, float]
) -> list[Row]:
    tokens: dict[tuple[Any, Any], int] = {}
    for row in rows:
        place = row["model"], row["engine"]
        tokens[place] = tokens.get(place, 0) + row["tokens"]
    for row in rows:
        place = row["model"], row["engine"]
        known = place in drawing and tokens[place] > 0
        drawn = drawing[place] * row["tokens"] / tokens[place] if known else None
        if not row["tokens"] and row["cell"] in scoring:
            drawn = 0.0  # only scored
        row["seconds"] = None if drawn is None else drawn + scoring.get(row["cell"], 0.0)
    return rows
