"""The differences a sweep will be able to decide, and what deciding a given one takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.resample import difference_sd, questions_needed, smallest_difference
from scaling_cli.laws.width import (
    ASSUMED_CORRELATION,
    assumed_difference,
    difference_spread,
    samples_needed,
)
from scaling_cli.planning.evidence import FEWEST, Evidence, Recorded
from scaling_cli.planning.widths import WORST_SD

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

Row = dict[str, Any]
Side = tuple[Evidence, str]
"""A cell and the selector that picks its answer."""


def difference_rows(
    known: Sequence[Evidence], selectors: Sequence[str], detect: float
) -> list[Row]:
    """The comparisons people make: models against each other by each selector, each model's vote
    against its own greedy answer, and each search against its model's samples.

    `smallest_difference` is what the planned questions show with 80% power, `questions_needed`
    how many show `detect`, `samples_needed` how many samples of each of the planned questions do.
    """
    if not 0 < detect <= 1:
        raise LawError(
            f"a difference of {detect:g} cannot be asked for", "give a fraction, such as 0.05"
        )
    choosing = [selector for selector in selectors if selector != "coverage"]
    return [_difference(*sides, detect) for sides in _pairs(known, choosing)]


def _pairs(known: Sequence[Evidence], selectors: Sequence[str]) -> Iterator[tuple[Side, Side]]:
    """Of every model and task the first sampled cell and the greedy one."""
    for task in dict.fromkeys(one.task for one in known):
        mine = [one for one in known if one.task == task]
        drawn = [one for one in reversed(mine) if not (one.greedy or one.searches)]
        sampled = {one.model: one for one in drawn}
        greedy = {one.model: one for one in reversed(mine) if one.greedy}
        models = [name for name in dict.fromkeys(one.model for one in mine) if name in sampled]
        for selector in selectors:
            able = [m for m in models if selector in sampled[m].selectors(selectors)]
            for first, second in combinations(able, 2):
                yield (sampled[second], selector), (sampled[first], selector)
        for model in models:
            if model in greedy and "majority" in sampled[model].selectors(selectors):
                yield (sampled[model], "majority"), (greedy[model], "first")
        for search in (one for one in mine if one.searches and one.model in sampled):
            other = sampled[search.model]
            for selector in search.selectors(selectors):
                if selector in other.selectors(selectors):
                    yield (search, selector), (other, selector)


def _difference(first: Side, second: Side, detect: float) -> Row:
    questions = min(first[0].questions, second[0].questions)
    shared = _on_shared(first[0].recorded, second[0].recorded)
    row: Row = {
        "task": first[0].task,
        "first": _called(first),
        "second": _called(second),
        "questions": questions,
        "difference": None,
        "detect": detect,
        "samples_needed": None,
        "basis": "assumed" if shared is None else "recorded",
        "basis_from": f"correlation {ASSUMED_CORRELATION:g} over the questions",
    }
    if shared is not None:
        row["basis_from"] = f"{len(shared[0].bank.question_ids)} shared questions"
    if first[1] == second[1] == "first":
        sd, found = _singles(first[0], second[0], shared, questions, detect)
    else:
        sd, found = _answers(first, second, shared)
    row["smallest_difference"] = min(smallest_difference(sd, questions), 1.0)
    row["questions_needed"] = questions_needed(sd, detect)
    return row | found


def _called(side: Side) -> str:
    one, selector = side
    if one.greedy:
        return f"{one.model} greedy"
    if one.searches:
        led = f" led by {one.verifier}" if one.verifier else ""
        return f"{one.model} with {selector} of {one.strategy}-{one.samples}{led}"
    how = "one sample" if selector == "first" else f"{selector} of {one.samples}"
    return f"{one.model} with {how}"


def _on_shared(first: Recorded | None, second: Recorded | None) -> tuple[Recorded, Recorded] | None:
    """Both on the questions that both banks hold, in one order; None where they are too few."""
    if first is None or second is None:
        return None
    theirs = set(second.bank.question_ids)
    shared = [question for question in first.bank.question_ids if question in theirs]
    return None if len(shared) < FEWEST else (first.on(shared), second.on(shared))


def _singles(
    first: Evidence,
    second: Evidence,
    shared: tuple[Recorded, Recorded] | None,
    questions: int,
    detect: float,
) -> tuple[float, Row]:
    """Single samples, each side's mean over all it draws."""
    found: Row = {}
    if shared is None:
        between, one, other = assumed_difference(first.spread, second.spread)
    else:
        (x, n), (y, m) = (side.counts() for side in shared)
        between, one, other = difference_spread((x, n), (y, m))
        found["difference"] = _mean(x / n - y / m)
    sd = float(np.sqrt(between + one / first.samples + other / second.samples))
    if min(first.samples, second.samples) > 1:
        found["samples_needed"] = samples_needed(between, one + other, questions, detect)
    return sd, found


def _answers(
    first: Side, second: Side, shared: tuple[Recorded, Recorded] | None
) -> tuple[float, Row]:
    """One answer of each side a question."""
    if shared is None:
        return WORST_SD * float(np.sqrt(2 * (1 - ASSUMED_CORRELATION))), {}
    (one, _), (other, _) = (
        recorded.values(selector, planned.samples)
        for recorded, (planned, selector) in zip(shared, (first, second), strict=True)
    )
    gaps = (one - other)[~np.isnan(one - other)]
    return float(difference_sd(gaps[:, None])[0]), {"difference": _mean(gaps)}


def _mean(gaps: FloatArray) -> float:
    """Without the rounding error that would show as a difference of 1e-16."""
    return round(float(gaps.mean()), 12)
