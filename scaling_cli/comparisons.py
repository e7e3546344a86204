"""Two selections compared on the questions they share: at matched k and at matched compute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.configurations import Configurations, gather, name_of, sentence
from scaling_cli.errors import LawError
from scaling_cli.laws.compare import compare
from scaling_cli.laws.cross_fit import out_of_fold
from scaling_cli.laws.frontier import pareto
from scaling_cli.laws.resample import question_weights
from scaling_cli.matched import Matched
from scaling_cli.recorded import Ask
from scaling_cli.selection import Selection
from scaling_cli.summary import Series

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

BUDGETS = 12
"""Places on the axis at which two selections are compared."""


@dataclass(frozen=True, slots=True)
class Compared:
    """All comparisons of two selections, and what must be said beside them."""

    matched: tuple[Matched, ...]
    remarks: tuple[str, ...]


def compare_selections(
    first: Selection, second: Selection, ask: Ask, *, axis: str = "flops", detect: float = 0.05
) -> Compared:
    """Differences of `first` minus `second` for every task both hold."""
    ask.pricing.check(axis)
    curves = [_by_task(side.curves(ask)) for side in (first, second)]
    tasks = [task for task in curves[0] if task in curves[1]]
    if not tasks:
        raise LawError(f"{first} and {second} have no task in common", "compare runs of one task")
    matched: list[Matched] = []
    remarks = [
        f"only one of the two holds {task}: left out"
        for task in sorted(set(curves[0]) ^ set(curves[1]))
    ]
    for task in tasks:
        sides = curves[0][task], curves[1][task]
        shared = _shared(sides)
        remarks += _unshared(task, sides, shared)
        if len(shared) < 2:
            raise LawError(
                f"{first} and {second} share {len(shared)} questions of {task}",
                "compare selections that answered the same questions",
            )
        weights = question_weights(len(shared), ask.draws, 0)
        for one, other in _pairs(sides):
            matched += _at_matched_k(task, one, other, shared, weights, detect)
        names = _names(first, second)
        matched += _at_matched_cost(task, names, sides, shared, axis, weights, detect, remarks)
    if not matched:
        raise LawError(f"{first} and {second} overlap nowhere", "; ".join(remarks))
    return Compared(tuple(matched), tuple(remarks))


def _names(first: Selection, second: Selection) -> tuple[str, str]:
    """The two as a sentence names them, without the run where it is the same."""
    if first.folder.name != second.folder.name:
        return str(first), str(second)
    one, other = (
        " with ".join(
            filter(None, (side.model or "all models", _chosen(side.generator, side.selector)))
        )
        for side in (first, second)
    )
    return one, other


def _chosen(generator: str | None, selector: str | None) -> str:
    return " of ".join(filter(None, (selector, generator)))


def _by_task(curves: Sequence[Series]) -> dict[str, list[Series]]:
    found: dict[str, list[Series]] = {}
    for one in curves:
        found.setdefault(one.fields["task"], []).append(one)
    return found


def _shared(sides: tuple[list[Series], list[Series]]) -> list[str]:
    members = [*sides[0], *sides[1]]
    everywhere = set.intersection(*(set(one.question_ids) for one in members))
    return [q for q in members[0].question_ids if q in everywhere]


def _unshared(
    task: str, sides: tuple[list[Series], list[Series]], shared: Sequence[str]
) -> list[str]:
    """How many questions of each side the other does not have."""
    alone = [len(set().union(*(s.question_ids for s in side)) - set(shared)) for side in sides]
    if not any(alone):
        return []
    return [
        f"{task}: compared on the {len(shared)} questions both have; left out are {alone[0]} of "
        f"the first and {alone[1]} of the second"
    ]


def _pairs(sides: tuple[list[Series], list[Series]]) -> Iterator[tuple[Series, Series]]:
    """Curves to compare at the same k, each at its whole token limit: alike in whatever a side
    holds several of, be it models, generators or selectors."""
    keys = [
        key
        for key in ("model", "strategy", "verifier", "selector")
        if any(len({one.fields[key] for one in side}) > 1 for side in sides)
    ]
    whole = [_whole(side) for side in sides]
    for one, other in product(*whole):
        if all(one.fields[key] == other.fields[key] for key in keys):
            yield one, other


def _whole(side: Sequence[Series]) -> list[Series]:
    limits: dict[tuple[str, str], int] = {}
    for one in side:
        cell = one.fields["run"], one.fields["cell"]
        limits[cell] = max(limits.get(cell, 0), one.fields["max_tokens"])
    return [
        one
        for one in side
        if one.fields["max_tokens"] == limits[one.fields["run"], one.fields["cell"]]
    ]


def _at_matched_k(
    task: str, one: Series, other: Series, shared: Sequence[str], weights: Any, detect: float
) -> Iterator[Matched]:
    ks = [k for k in one.ks if k in set(other.ks) and _octave(k, one, other)]
    if one.fields["selector"] == "first":
        ks = ks[:1]  # every k gives the same
    if not ks:
        return
    law = compare(_values(one, ks, shared), _values(other, ks, shared), weights, detect=detect)
    names = [
        f"{s.fields['run']}: {_named(s)}" if one.fields["run"] != other.fields["run"] else _named(s)
        for s in (one, other)
    ]
    yield Matched(task, "k", names[0], names[1], np.array(ks, float), law)


def _octave(k: int, one: Series, other: Series) -> bool:
    return k & (k - 1) == 0 or k == min(one.ks[-1], other.ks[-1])


def _named(one: Series) -> str:
    return sentence(name_of(one.fields))


def _values(one: Series, ks: Sequence[int], shared: Sequence[str]) -> FloatArray:
    place = {identity: row for row, identity in enumerate(one.question_ids)}
    rows = [place[identity] for identity in shared]
    return one.values[np.ix_(rows, [one.ks.index(k) for k in ks])]


def _at_matched_cost(
    task: str,
    names: tuple[str, str],
    sides: tuple[list[Series], list[Series]],
    shared: Sequence[str],
    axis: str,
    weights: Any,
    detect: float,
    remarks: list[str],
) -> Iterator[Matched]:
    """Each side at its best inside a budget, chosen on other questions than it is scored on."""
    found = [gather(side, axis, only=shared) for side in sides]
    reach = [_reach(one) for one in found]
    low, high = max(r[0] for r in reach), min(r[1] for r in reach)
    if low > high:
        remarks.append(
            f"{task}: no {axis} budget at which both were run: {names[0]} from {reach[0][0]:.3g} "
            f"to {reach[0][1]:.3g}, {names[1]} from {reach[1][0]:.3g} to {reach[1][1]:.3g}"
        )
        return
    at = np.geomspace(low, high, BUDGETS) if high > low else np.array([low])
    first, second = (out_of_fold(one.own(), at) for one in found)
    known = ~np.isnan(first + second).any(axis=0)
    if known.any():
        law = compare(first[:, known], second[:, known], weights, detect=detect)
        yield Matched(task, axis, *names, at[known], law)


def _reach(found: Configurations) -> tuple[float, float]:
    """The cheapest point that is ever right and the dearest point."""
    points = found.own()
    right = pareto(points.values.mean(axis=0), points.cost)
    cheapest = points.cost[right[0]] if len(right) else points.cost.min()
    return float(cheapest), float(points.cost.max())
