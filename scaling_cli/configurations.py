"""From curves to points: every configuration that could be run, on one list of questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.frontier import SAME, Points
from scaling_cli.pricing import AXES
from scaling_cli.summary import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

Row = dict[str, Any]
Name = tuple[str, str, str]
"""Model, generator, selector: what a configuration on a frontier is."""
BANKS = frozenset({"greedy", "sampling"})
RECORDED = frozenset({None, "logprob", "reward"})
"""Scores that a bank was recorded with, which no verifier was asked for afterwards."""
Column = tuple[Name, "FloatArray", float, Row]
"""Configuration, values per question, mean cost, row."""


@dataclass(frozen=True, slots=True)
class Configurations:
    """The points of every configuration on the same questions.

    `points.configuration[point]` numbers `names`; `fields[point]` is the point's row.
    `distinct` are the points without those that repeat another: the vote of one sample is
    that sample, and must not share its odds.
    """

    question_ids: tuple[str, ...]
    names: tuple[Name, ...]
    points: Points
    fields: tuple[Row, ...]
    distinct: IntArray
    remarks: tuple[str, ...]

    def own(self) -> Points:
        """The distinct points."""
        return select(self.points, self.distinct)

    def where(self, kept: NDArray[np.bool_]) -> Configurations:
        """Only the points that `kept[point]` holds; LawError where it holds none."""
        if not kept[self.distinct].any():
            raise LawError("no point is left to compare", "ask for less")
        place = np.cumsum(kept) - 1
        return replace(
            self,
            points=select(self.points, np.flatnonzero(kept)),
            fields=tuple(row for row, keep in zip(self.fields, kept, strict=True) if keep),
            distinct=place[self.distinct[kept[self.distinct]]],
        )


def name_of(fields: Mapping[str, Any]) -> Name:
    """The configuration a row belongs to; who led a search, or scored a bank, is part of it."""
    model, strategy, selector = (fields[key] for key in ("model", "strategy", "selector"))
    verifier = fields.get("verifier")
    if strategy not in BANKS:
        return model, f"{strategy} by {verifier}", selector
    if verifier in RECORDED:
        return model, strategy, selector
    return model, strategy, f"{selector} by {verifier}"


def unit_of(axis: str) -> str:
    """What an axis counts."""
    return axis if axis in ("tokens", "seconds", "dollars", "eflops") else "FLOPs"


def sentence(name: Name) -> str:
    """A configuration as a sentence names it: the model with its selector, or greedy."""
    model, generator, selector = name
    if generator == "greedy":
        return f"{model} greedy"
    how = "one sample" if selector == "first" else selector
    strategy, _, verifier = generator.partition(" by ")
    if verifier:
        return f"{model} with {strategy} led by {verifier}, {how}"
    return f"{model} with {how}" + ("" if generator == "sampling" else f" of {generator}")


def verified(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a verifier was asked for any of the rows, so that a table must say which."""
    return any(row.get("verifier") not in RECORDED for row in rows)


def select(points: Points, chosen: IntArray) -> Points:
    """Some of the points, the numbers of their configurations unchanged."""
    return Points(points.values[:, chosen], points.cost[chosen], points.configuration[chosen])


def gather(
    members: Sequence[Series],
    axis: str,
    *,
    within: Sequence[float] = (),
    only: Collection[str] | None = None,
) -> Configurations:
    """The points of all curves on the questions they share.

    k stands in octaves, and for each budget in `within` the largest k it pays for stands too;
    `only` keeps these questions.
    """
    shared, remarks = _shared_questions(members, only)
    columns = [column for one in members for column in _columns(one, shared, axis, within)]
    known = [c for c in columns if not (np.isnan(c[2]) or np.isnan(c[1]).any())]
    if not known:
        task = members[0].fields["task"]
        raise LawError(f"no curve of {task} has a known {axis}", _other_axes(members))
    remarks += _left_out(columns, axis)
    names = list(dict.fromkeys(name for name, *_ in known))
    return Configurations(
        question_ids=tuple(shared),
        names=tuple(names),
        points=Points(
            values=np.column_stack([values for _, values, _, _ in known]),
            cost=np.array([cost for _, _, cost, _ in known]),
            configuration=np.array([names.index(name) for name, *_ in known]),
        ),
        fields=tuple(fields for *_, fields in known),
        distinct=_distinct(known),
        remarks=tuple(remarks),
    )


def _other_axes(members: Sequence[Series]) -> str:
    """The remedy where an axis has no data: those that have, or whence costs come."""
    # NaN is not above 0 either, nor what nobody was asked for: neither has a place on an axis.
    known = [a for a in AXES if any((one.costs[a] > 0).all() for one in members if a in one.costs)]
    if known:
        usual = [axis for axis in ("flops", "tokens") if axis in known]
        return f"choose another --axis, such as {(usual or known)[0]}"
    return "no axis is known: import samples with their new_tokens, or look at scale accuracy"


def _left_out(columns: Sequence[Column], axis: str) -> list[str]:
    """Points that cannot stand beside the others, and why."""
    few = sum(bool(np.isnan(values).any()) for _, values, _, _ in columns)
    dear = sum(
        bool(np.isnan(cost) and not np.isnan(values).any()) for _, values, cost, _ in columns
    )
    remarks = []
    if few:
        remarks.append(f"{few} points with more samples than some question has are left out")
    if dear:
        remarks.append(f"{dear} points without a known {axis} are left out")
    return remarks


def _shared_questions(
    members: Sequence[Series], only: Collection[str] | None
) -> tuple[list[str], list[str]]:
    """Questions that every curve has: only there are configurations comparable."""
    sets = [set(one.question_ids) for one in members]
    shared = set.intersection(*sets)
    if only is not None:
        shared &= set(only)
    if not shared:
        raise LawError("the runs have no question in common", "compare runs on the same questions")
    largest = max(map(len, sets))
    remarks = []
    if only is None and len(shared) < largest:
        remarks.append(f"compared on the {len(shared)} questions all have, of up to {largest}")
    return [q for q in members[0].question_ids if q in shared], remarks


def _columns(
    one: Series, shared: Sequence[str], axis: str, within: Sequence[float]
) -> list[Column]:
    """A column for each k that stands for an octave, and for each that fills a budget."""
    place = {identity: row for row, identity in enumerate(one.question_ids)}
    rows = [place[identity] for identity in shared]
    name = name_of(one.fields)
    cost = one.costs[axis][rows].mean(axis=0)
    columns = []
    for i in _kept(one.ks, cost, name, within):
        means = {a: _float(values[rows, i]) for a, values in one.costs.items()}
        fields = {**one.fields, **one.rates, "k": one.ks[i], **means, "questions": len(shared)}
        columns.append((name, one.values[rows, i], float(cost[i]), fields))
    return columns


def _kept(ks: Sequence[int], cost: FloatArray, name: Name, within: Sequence[float]) -> list[int]:
    if name[1] != "greedy" and name[2] == "first":
        return [0]  # more samples than one would be paid for and thrown away
    kept = {i for i, k in enumerate(ks) if k & (k - 1) == 0 or k == ks[-1]}
    for budget in within:
        kept |= set(np.flatnonzero(cost <= budget)[-1:].tolist())
    return sorted(kept)


def _distinct(known: Sequence[Column]) -> IntArray:
    """Points that repeat no single sample of their own cell under their own cap."""
    singles = {_origin(c): c[1] for c in known if c[0][2] == "first"}
    return np.array(
        [i for i, c in enumerate(known) if not _repeats(c, singles.get(_origin(c)))], np.int64
    )


def _origin(column: Column) -> tuple[str, str, int]:
    fields = column[3]
    return fields["run"], fields["cell"], fields["max_tokens"]


def _repeats(column: Column, single: FloatArray | None) -> bool:
    name, values, _, fields = column
    if single is None or name[2] == "first" or fields["k"] != 1:
        return False
    return bool(np.abs(values - single).max() < SAME)


def _float(values: FloatArray) -> float | None:
    mean = float(values.mean())
    return None if np.isnan(mean) else mean
