"""The law of the optimal size of runs, checked against a quarter of every bank's samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.laws.fit import QUARTER, Fit, enough, refusal
from scaling_cli.laws.resample import question_weights
from scaling_cli.laws.selectors import curve
from scaling_cli.laws.size_law import Sizes, fit_size
from scaling_cli.recorded import Ask, banks, choice_of
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.summary import Series, series
from scaling_cli.types import MISSING, SampleBank

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

Row = dict[str, Any]
Place = tuple[str, str | None]
"""A task, and a group of its questions."""
Quarters = Mapping[tuple[str, str | None], tuple[CellRecord, SampleBank]]
"""A quarter of each bank, by cell and group."""


@dataclass(frozen=True, slots=True)
class Member:
    """A model's curve; `part[question, k]` is what a quarter of its samples gives at its first k,
    None where there is none. A size of None is not known."""

    one: Series
    size: float | None
    part: FloatArray | None


def size_fits(
    folders: Sequence[RunFolder], ask: Ask, axis: str, draws: int
) -> list[tuple[Row, Fit]]:
    """The law of size of every task, on the questions all its cells share."""
    found: dict[Place, list[Member]] = {}
    few: dict[Place, str] = {}
    for folder in folders:
        quarters = _quarters(folder, ask, few)
        cells = folder.read_manifest().cells
        for one in series(folder, ask):
            if one.fields["selector"] != "coverage":
                place = one.fields["task"], one.fields["group"]
                size = _parameters(cells[one.fields["cell"]])
                member = Member(one, size, _part(one, quarters, ask))
                found.setdefault(place, []).append(member)
    rows = []
    for (task, group), members in found.items():
        fields = {"run": folders[0].name, "task": task, "group": group, "law": "size",
                  "model": None, "questions": None, "samples": None, "cell": None}  # fmt: skip
        rows.append((fields, _fit(members, axis, draws, few.get((task, group), ""))))
    return rows


def _quarters(folder: RunFolder, ask: Ask, few: dict[Place, str]) -> Quarters:
    """A quarter of each bank; `few` is told where one is too small for the check."""
    found = {}
    for one in banks(folder, ask):
        if one.bank.samples.max(initial=0) < 2:
            continue
        found[one.key, one.group] = one.cell, quarter(one.bank)
        reason = enough(one.bank.samples)
        if reason:
            few[str(one.cell.details["task"]), one.group] = reason
    return found


def quarter(bank: SampleBank, seed: int = 0) -> SampleBank:
    """A random quarter of each question's samples."""
    rng = np.random.default_rng(seed)
    kept = np.asarray(bank.samples) // QUARTER
    picks = np.zeros((len(kept), int(kept.max(initial=0))), np.int64)
    for row, size in enumerate(kept):
        real = np.flatnonzero(bank.answer_class[row] != MISSING)
        picks[row, :size] = rng.permutation(real)[:size]
    gone = np.arange(picks.shape[1]) >= kept[:, None]

    def part(values: Any, missing: Any) -> Any:
        return np.where(gone, missing, np.take_along_axis(values, picks, axis=1))

    return replace(
        bank,
        answer_class=part(bank.answer_class, MISSING),
        tokens=part(bank.tokens, 0),
        reward=part(bank.reward, np.nan),
        truncated=part(bank.truncated, False).astype(bool),
        samples=kept,
    )


def _part(one: Series, quarters: Quarters, ask: Ask) -> FloatArray | None:
    """The curve again from a quarter of the samples; a greedy answer is the same."""
    fields = one.fields
    if fields["strategy"] == "greedy":
        return one.values
    place = fields["cell"], fields["group"]
    if place not in quarters or fields["verifier"] not in (None, "logprob", "reward"):
        return None
    cell, bank = quarters[place]
    ks = [k for k in one.ks if k <= int(bank.samples.min())]
    return curve(bank, fields["selector"], ks, choice_of(cell, ask)).values if ks else None


def _parameters(cell: CellRecord) -> float | None:
    details = cell.details
    facts = details.get("architecture") or {}
    return facts.get("active_parameters") or details.get("active_parameters")


def _fit(members: Sequence[Member], axis: str, draws: int, few: str) -> Fit:
    shared = set(members[0].one.question_ids).intersection(*(m.one.question_ids for m in members))
    names = [name for name in members[0].one.question_ids if name in shared]
    whole = _table([(m, m.one.values) for m in members], names, axis)
    if whole is None:
        return refusal("size", "no model of known size has points of known cost")
    part = _table([(m, m.part) for m in members if m.part is not None], names, axis)
    most = max(m.one.ks[-1] for m in members)
    weights = question_weights(len(names), draws, 0)
    return fit_size(whole, weights, part=part, few=few, k=most)


def _table(
    columns: Sequence[tuple[Member, FloatArray | None]], names: Sequence[str], axis: str
) -> Sizes | None:
    """The points of known cost of the models of known size, on these questions."""
    values, cost, sizes = [], [], []
    for member, table in columns:
        if member.size is None or table is None or not names:
            continue
        places = {name: row for row, name in enumerate(member.one.question_ids)}
        rows = [places[name] for name in names]
        price = member.one.costs[axis][rows].mean(axis=0)[: table.shape[1]]
        known = ~(np.isnan(price) | np.isnan(table[rows]).any(axis=0))
        values.append(table[rows][:, known])
        cost.append(price[known])
        sizes.append(np.full(int(known.sum()), float(member.size)))
    if not sum(map(len, cost)):
        return None
    return Sizes(np.hstack(values), np.concatenate(cost), np.concatenate(sizes))
