"""Every pair of generators at equal compute: which claims "A is better than B" the runs bear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.configurations import BANKS, Configurations, Name, gather, name_of, select
from scaling_cli.errors import LawError
from scaling_cli.laws.compare import Comparison, compare
from scaling_cli.laws.cross_fit import out_of_fold
from scaling_cli.laws.frontier import pareto
from scaling_cli.laws.resample import question_weights
from scaling_cli.matched import Matched
from scaling_cli.recorded import Ask
from scaling_cli.repeats import Repeat, joined, shared_questions
from scaling_cli.store import RunFolder
from scaling_cli.summary import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray

Row = dict[str, Any]

ENOUGH = 0.5
"""A side that was run at less than this share of a budget is not compared at it: points stand
in octaves, so inside a factor of two compute is equal."""
SHOWN = 3
"""Pairs named in a remark."""
SAYS = {"better": "supported", "worse": "refuted", "undecided": "undecided"}
"""What a difference's sign says of the claim that the first is better."""


@dataclass(frozen=True, slots=True)
class Paired:
    """One claim: at every budget of `matched` the first is better than the second."""

    model: str
    first: Name
    second: Name
    matched: Matched

    @property
    def verdict(self) -> str:
        """Supported: somewhere better and nowhere worse; refuted: the other way round."""
        return SAYS[self.matched.law.verdict()]

    def budgets(self) -> list[Row]:
        """A row for each budget."""
        return [
            {**self._names(), **row, "verdict": SAYS[row["verdict"]]} for row in self.matched.rows()
        ]

    def row(self) -> Row:
        """The budget that says most: where the difference is the most of its errors."""
        law = self.matched.law
        most = int(np.argmax(np.abs(law.difference) / np.maximum(law.smallest, 1e-12)))
        return {**self.budgets()[most], "budgets": len(law.difference), "verdict": self.verdict}

    def _names(self) -> Row:
        return {
            "model": self.model,
            **{
                f"{side}_{key}": value
                for side, name in (("first", self.first), ("second", self.second))
                for key, value in zip(("strategy", "selector"), name[1:], strict=True)
            },
        }


@dataclass(frozen=True, slots=True)
class Pairings:
    """All claims of some runs, judged together, and what must be said beside them."""

    pairs: tuple[Paired, ...]
    repeats: tuple[Repeat, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Two generators on the questions both answered: `first[question, budget]` and `second`."""

    names: tuple[Name, Name]
    task: str
    question_ids: tuple[str, ...]
    budgets: FloatArray
    first: FloatArray
    second: FloatArray


def pairings(
    folders: Sequence[RunFolder],
    ask: Ask,
    *,
    axis: str = "flops",
    against: str | None = None,
    detect: float = 0.05,
) -> Pairings:
    """Judge every pair of generators of one model and task, or those with `against` in them.

    The claim of a pair is "the first is better than the second at equal compute". It is asked at
    every budget at which a search of the pair was run: there either side is its best point inside
    the budget, chosen on other questions than it is scored on. Differences are paired over the
    questions both answered. One band holds the differences of all pairs at all budgets with 95%
    (studentised maximum over draws of the questions), so that all verdicts hold together.
    """
    ask.pricing.check(axis)
    found = joined(folders, replace(ask, caps=[]))
    sides: list[_Sides] = []
    apart: list[str] = []
    for (task, _), generators in _generators(found.curves).items():
        for names in _ordered(generators, against):
            pair = _sides(task, names, [generators[name] for name in names], axis)
            if pair is None:
                apart.append(" and ".join(" ".join(name[1:]) for name in names))
            else:
                sides.append(pair)
    if not sides:
        raise LawError(
            "no two generators were run at one compute" + (f" with {against}" if against else ""),
            "join runs of the same questions, or choose another --axis or --selector",
        )
    pairs = _judged(sides, axis, ask, detect)
    bounds = {str(one.fields["verifier"]) for one in found.curves if not one.chooses}
    return Pairings(pairs, found.repeats, tuple(_remarks(sides, pairs, apart, bounds)))


def _generators(
    curves: Sequence[Series],
) -> Mapping[tuple[str, str], dict[Name, list[Series]]]:
    """The curves of each task and model by configuration, those that know the answer left out.

    A model that only sampled makes no claims beside one that searched.
    """
    found: dict[tuple[str, str], dict[Name, list[Series]]] = {}
    for one in curves:
        if one.chooses:
            place = found.setdefault((one.fields["task"], one.fields["model"]), {})
            place.setdefault(name_of(one.fields), []).append(one)
    led = {key: names for key, names in found.items() if any(n[1] not in BANKS for n in names)}
    return led or found


def _ordered(generators: Mapping[Name, Any], against: str | None) -> list[tuple[Name, Name]]:
    """Every pair once, a search before a bank: the claim is that searching is better."""
    names = sorted(generators, key=lambda name: name[1] in BANKS)
    pairs = combinations(names, 2)
    if against is None:
        return list(pairs)
    return [pair for pair in pairs if any(against in " ".join(name[1:]) for name in pair)]


def _sides(
    task: str, names: tuple[Name, Name], curves: Sequence[list[Series]], axis: str
) -> _Sides | None:
    """Both sides at their common budgets; None where there are none."""
    members = [*curves[0], *curves[1]]
    shared = shared_questions(members)
    if len(shared) < 2 or any(axis not in one.costs for one in members):
        return None
    try:
        found = gather(members, axis, only=shared)
        at = _budgets(found, names)
        found = gather(members, axis, only=shared, within=at.tolist())
    except LawError:  # no point of known cost
        return None
    if not len(at):
        return None
    values = [_best(found, name, at) for name in names]
    known = ~np.isnan(values[0] + values[1]).any(axis=0)
    if not known.any():
        return None
    return _Sides(names, task, tuple(shared), at[known], values[0][:, known], values[1][:, known])


def _mine(found: Configurations, name: Name) -> NDArray[np.intp]:
    if name not in found.names:
        return np.array([], np.intp)
    return np.flatnonzero(found.points.configuration == found.names.index(name))


def _budgets(found: Configurations, names: tuple[Name, Name]) -> FloatArray:
    """Costs of the pair's searches (of both banks, where it has none) at which both were run."""
    costs = [found.points.cost[_mine(found, name)] for name in names]
    if not all(map(len, costs)):
        return np.array([])
    led = [cost for cost, name in zip(costs, names, strict=True) if name[1] not in BANKS]
    at = np.unique(np.concatenate(led or costs))
    low = max(_cheapest(found, name) for name in names)
    high = min(float(cost.max()) for cost in costs) / ENOUGH
    return at[(at >= low * (1 - 1e-12)) & (at <= high)]


def _cheapest(found: Configurations, name: Name) -> float:
    """The least at which it is ever right; its least if it never is."""
    mine = _mine(found, name)
    right = pareto(found.points.values[:, mine].mean(axis=0), found.points.cost[mine])
    cost = found.points.cost[mine]
    return float(cost[right[0]] if len(right) else cost.min())


def _best(found: Configurations, name: Name, at: FloatArray) -> FloatArray:
    """The best point inside each budget, `values[question, budget]`, cross-fitted."""
    # A half on which a generator is never right must not take its claims off the table.
    return out_of_fold(select(found.points, _mine(found, name)), at * (1 + 1e-12), anything=True)


def _judged(sides: Sequence[_Sides], axis: str, ask: Ask, detect: float) -> tuple[Paired, ...]:
    """One comparison of everything, taken apart again into pairs."""
    everyone = list(dict.fromkeys(q for one in sides for q in one.question_ids))
    place = {question: row for row, question in enumerate(everyone)}
    width = sum(len(one.budgets) for one in sides)
    tables = np.full((2, len(everyone), width), np.nan)
    ends = np.cumsum([0, *(len(one.budgets) for one in sides)])
    for one, start, end in zip(sides, ends, ends[1:], strict=False):
        rows = [place[question] for question in one.question_ids]
        tables[0, rows, start:end], tables[1, rows, start:end] = one.first, one.second
    weights = question_weights(len(everyone), ask.draws, 0)
    law = compare(tables[0], tables[1], weights, detect=detect)
    pairs = []
    for one, start, end in zip(sides, ends, ends[1:], strict=False):
        first, second = (", ".join(name[1:]) for name in one.names)
        matched = Matched(
            one.task, axis, first, second, one.budgets, _part(law, slice(start, end))
        )  # fmt: skip
        pairs.append(Paired(one.names[0][0], *one.names, matched))
    return tuple(pairs)


def _part(law: Comparison, places: slice) -> Comparison:
    return Comparison(
        law.difference[places], law.lo[places], law.hi[places], law.questions[places],
        law.smallest[places], law.needed[places],
    )  # fmt: skip


def _remarks(
    sides: Sequence[_Sides], pairs: Sequence[Paired], apart: Sequence[str], bounds: set[str]
) -> list[str]:
    differences = sum(len(one.budgets) for one in sides)
    counts = {says: sum(one.verdict == says for one in pairs) for says in SAYS.values()}
    smallest = np.concatenate([one.matched.law.smallest for one in pairs])
    questions = sorted({len(one.question_ids) for one in sides})
    span = f"{questions[0]}" + (f" to {questions[-1]}" if len(questions) > 1 else "")
    remarks = [
        f"{len(pairs)} claims at {differences} budgets, judged together (95%, studentised "
        f"maximum): {', '.join(f'{count} {says}' for says, count in counts.items())}",
        f"{span} questions show a difference of about {100 * float(np.median(smallest)):.1f} "
        f"points here (80% power); fewer claims (--against, --selector) show smaller ones",
    ]
    if apart:
        more = f"; and {len(apart) - SHOWN} more" if len(apart) > SHOWN else ""
        remarks.append(
            f"{len(apart)} pairs were never run at equal compute and make no claim: "
            f"{'; '.join(apart[:SHOWN])}{more}"
        )
    known = sorted(label for label in bounds if label != "None")
    if known:
        remarks.append(f"bounds are no method and make no claim: {', '.join(known)}")
    return remarks
