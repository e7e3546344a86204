"""Whether a recommended configuration is still the best under other assumptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.configurations import Configurations, gather, name_of
from scaling_cli.errors import LawError
from scaling_cli.frontiers import curves_of
from scaling_cli.laws.cross_fit import out_of_fold
from scaling_cli.laws.frontier import SAME, best_inside, frontier
from scaling_cli.laws.resample import question_weights
from scaling_cli.recorded import Ask
from scaling_cli.regroup import regroupable
from scaling_cli.store import RunFolder
from scaling_cli.summary import Series

if TYPE_CHECKING:
    from scaling_cli.configurations import Name

Row = dict[str, Any]
Case = tuple[str, Callable[[], tuple[Configurations, float]]]
"""What is assumed instead, and the points and budget under it."""

CHOSEN = ("model", "strategy", "verifier", "selector", "k", "max_tokens")
"""What says which point is best under an assumption."""
THIRDS = ("easiest", "middle", "hardest")
OTHER_AXES = ("flops", "flops_uncached", "flops_2nt", "tokens", "seconds")


def sensitivity(
    folders: Sequence[RunFolder],
    ask: Ask,
    axis: str,
    task: str,
    members: Sequence[Series],
    found: Configurations,
    choice: Row,
) -> list[Row]:
    """A row for each other assumption: what is best under it, and how `choice` fares.

    Other axes get the budget that the choice costs on them, levels the same budget. `behind` is
    how far the choice's configuration, at its best inside the budget, lies behind the best.
    """
    name = name_of(choice)
    budget = float(choice["budget"])
    cases = [
        *_readings(folders, ask, axis, task, budget),
        *_caps(found, budget),
        *_axes(members, axis, choice),
        *_levels(folders, members, axis, found, budget),
    ]
    return [{"task": task, "assumption": label, **_fares(case, name, ask)} for label, case in cases]


def _fares(case: Callable[[], tuple[Configurations, float]], name: Name, ask: Ask) -> Row:
    """How the configuration does where `case` is assumed; `note` says why that is not known."""
    try:
        found, budget = case()
    except LawError as error:
        return {"survives": None, "note": error.message}
    own = found.own()
    weights = question_weights(len(found.question_ids), ask.draws, 0)
    at = np.array([budget])
    best = frontier(own, weights, at)
    row = {"budget": budget, "questions": len(found.question_ids)}
    if not best.points:
        return {**row, "survives": None, "note": "nothing inside the budget is ever right"}
    (point,) = best.points
    number = found.names.index(name) if name in found.names else -1
    mine = own.configuration == number
    means = own.values[:, mine].mean(axis=0)[None]
    reached = float(best_inside(means, own.cost[mine], at)[0, 0]) if mine.any() else -np.inf
    fields = found.fields[found.distinct[point.point]]
    fresh = out_of_fold(own, at) if len(own.values) > 1 else np.full((1, 1), np.nan)
    known = fresh[~np.isnan(fresh)]
    return {
        **row,
        **{key: fields[key] for key in CHOSEN},
        "accuracy": point.accuracy,
        "cross_fitted": float(known.mean()) if len(known) else None,
        "behind": max(point.accuracy - reached, 0.0) if np.isfinite(reached) else None,
        "odds_of_choice": float(best.odds[0, number]) if mine.any() else 0.0,
        "survives": bool(reached >= point.accuracy - SAME),
        "same_model": fields["model"] == name[0],
        "note": None if np.isfinite(reached) else "the choice cannot be run inside the budget",
    }


def _readings(
    folders: Sequence[RunFolder], ask: Ask, axis: str, task: str, budget: float
) -> Iterator[Case]:
    """The other equality of answers, and the other way to read them."""

    def under(other: Ask) -> tuple[Configurations, float]:
        curves = curves_of(folders, other, axis)
        return gather(curves[task, None], axis, within=(budget,)), budget

    def by_value() -> tuple[Configurations, float]:
        raise LawError("the run is graded by strings", "scale grade RUN --equality math")

    def by_string() -> tuple[Configurations, float]:
        cells = [cell for f in folders for cell in f.read_manifest().cells.values()]
        if not all(map(regroupable, cells)):
            raise LawError("answers are not recorded, only whether they were right", "import them")
        return under(replace(ask, equality="string"))

    if ask.equality == "math":
        yield "answers equal as strings", by_string
    else:
        yield "answers equal by value", by_value
    other = "strict" if ask.extraction == "lenient" else "lenient"
    yield f"{other} extraction", lambda: under(replace(ask, extraction=other))


def _caps(found: Configurations, budget: float) -> Iterator[Case]:
    """Only what was really run, without simulated token limits; and half the longest limit."""
    caps = np.array([int(row["max_tokens"]) for row in found.fields])
    cells = [(row["run"], row["cell"]) for row in found.fields]
    whole: dict[tuple[str, str], int] = {}
    for cell, cap in zip(cells, caps.tolist(), strict=True):
        whole[cell] = max(whole.get(cell, 0), cap)
    limits = np.array([whole[cell] for cell in cells])
    half = int(caps.max()) // 2
    yield "the whole token limit", lambda: (found.where(caps == limits), budget)
    yield f"at most {half} tokens an answer", lambda: (found.where(caps <= half), budget)


def _axes(members: Sequence[Series], axis: str, choice: Row) -> Iterator[Case]:
    """Other costs, with what the choice costs on them as budget."""

    def on(other: str, budget: float | None) -> tuple[Configurations, float]:
        if not budget:
            raise LawError(f"the choice's {other} are not known", "choose another axis")
        budget *= 1 + 1e-9
        return gather(members, other, within=(budget,)), budget

    for other in OTHER_AXES:
        if other != axis:
            yield f"axis {other}", lambda other=other: on(other, choice.get(other))  # type: ignore[misc]


def _levels(
    folders: Sequence[RunFolder],
    members: Sequence[Series],
    axis: str,
    found: Configurations,
    budget: float,
) -> Iterator[Case]:
    """Each level of difficulty: the source's own, or thirds by how often one sample is right."""

    def of(questions: list[str]) -> tuple[Configurations, float]:
        return gather(members, axis, within=(budget,), only=questions), budget

    levels = _source_levels(folders, found.question_ids)
    if len(set(levels.values())) < 2:
        levels = _measured_thirds(found)
    for level in sorted(set(levels.values())):
        questions = [q for q in found.question_ids if levels.get(q) == level]
        yield f"level {level}", lambda questions=questions: of(questions)  # type: ignore[misc]


def _source_levels(folders: Sequence[RunFolder], questions: Sequence[str]) -> dict[str, str]:
    wanted = set(questions)
    found: dict[str, str] = {}
    for folder in folders:
        table = folder.read_part("questions", "", ["question_id", "level"]).to_pydict()
        for identity, level in zip(table["question_id"], table["level"], strict=True):
            if level is not None and identity in wanted:
                found[identity] = str(level)
    return found


def _measured_thirds(found: Configurations) -> dict[str, str]:
    """Questions by the mean accuracy of all single samples and greedy answers on them."""
    single = [i for i in found.distinct if found.fields[i]["k"] == 1]
    if len(found.question_ids) < 6 or not single:
        return {}
    order = np.argsort(-found.points.values[:, single].mean(axis=1), kind="stable")
    names = [f"{n} ({part} third, measured)" for n, part in enumerate(THIRDS, 1)]
    return {
        found.question_ids[question]: name
        for name, part in zip(names, np.array_split(order, 3), strict=True)
        for question in part
    }
