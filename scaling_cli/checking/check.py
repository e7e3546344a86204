"""The verdict on a run: everywhere on its curves, and on their cost, against a baseline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.checking.pairs import NotComparable, match
from scaling_cli.checking.places import Places, Terms, as_table, places_of
from scaling_cli.checking.printable import visible
from scaling_cli.checking.snapshot import Snapshot
from scaling_cli.laws.gate import Gate, falls_twice, judge
from scaling_cli.laws.resample import ROUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

Row = dict[str, Any]
REGRESSIONS = ("worse", "dearer")
"""Verdicts that fail a run."""
WHERE = ("task", "model", "strategy", "params", "limit", "what", "selector", "k")
"""What names a place in the rows."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A verdict: `rows` are its places, `powers` what the questions of each curve could show.

    `gains` are the tables the verdict rests on, one for each task with its questions, places
    in the order of the rows.
    """

    run: str
    baseline: str
    terms: Terms
    rows: tuple[Row, ...]
    powers: tuple[Row, ...]
    notes: tuple[str, ...]
    question_ids: tuple[tuple[str, ...], ...]
    gains: tuple[FloatArray, ...]
    confirmed_by: str | None = None

    @property
    def regressions(self) -> list[Row]:
        return [row for row in self.rows if row["verdict"] in REGRESSIONS]


def check(
    run: Snapshot, baseline: Snapshot, terms: Terms | None = None, *, edited: bool = False
) -> Checked:
    """Hold a run against its baseline; NotComparable where the two are of different things.

    `edited` says that the baseline's file was changed by hand.
    """
    terms = terms or Terms()
    pairs, notes = match(run, _chosen(baseline, terms), allowed=terms.allowed, edited=edited)
    tasks = list(dict.fromkeys(pair.baseline.task for pair in pairs))
    found = [places_of([p for p in pairs if p.baseline.task == task], terms) for task in tasks]
    tables = [as_table(members) for members in found]
    gate = judge([gains for _, gains in tables])
    flat = [one for members in found for one in members]
    powers = list(_powers(tasks, flat, gate))
    return Checked(
        run=run.run,
        baseline=baseline.run,
        terms=terms,
        rows=tuple(_excused(flat, [*_rows(flat, gate, terms, powers)])),
        powers=tuple(powers),
        notes=(*notes, *_notes(run, baseline)),
        question_ids=tuple(ids for ids, _ in tables),
        gains=tuple(gains for _, gains in tables),
    )


def _chosen(baseline: Snapshot, terms: Terms) -> Snapshot:
    """The baseline with the selectors that were asked for."""
    if terms.selectors is None:
        return baseline
    curves = []
    for one in baseline.curves:
        kept = {n: t for n, t in one.accuracy.items() if n.partition(":")[0] in terms.selectors}
        if kept:
            curves.append(replace(one, accuracy=kept))
    if not curves:
        held = dict.fromkeys(visible(name) for one in baseline.curves for name in one.accuracy)
        raise NotComparable(
            f"the baseline holds no curve of {', '.join(terms.selectors)}",
            f"it holds: {', '.join(held)}",
        )
    return replace(baseline, curves=tuple(curves))


def _names(one: Places) -> Row:
    side = one.pair.run
    return {"task": side.task, "model": side.model, "strategy": side.strategy,
            "params": side.params, "limit": side.limit, "what": one.what,
            "selector": one.name}  # fmt: skip


def _spans(flat: Sequence[Places]) -> Iterator[tuple[Places, slice]]:
    """Each curve with the numbers of its places."""
    start = 0
    for one in flat:
        yield one, slice(start, start := start + len(one.ks))


def _powers(tasks: Sequence[str], flat: Sequence[Places], gate: Gate) -> Iterator[Row]:
    """The smallest loss to be seen: of a task if it touches every curve, and of each curve."""
    numbers, spans = np.arange(len(gate.gain)), list(_spans(flat))
    whole = np.concatenate([one.whole for one in flat])
    for task in tasks:
        for what in ("accuracy", "cost"):
            mine = [
                numbers[span]
                for one, span in spans
                if one.pair.run.task == task and one.what == what
            ]
            places = np.concatenate(mine)
            yield {"task": task, "what": what, "curve": None, **_power(what, gate, places, whole)}
    for one, span in spans:
        power = _power(one.what, gate, numbers[span], whole)
        yield {**_names(one), "curve": one.pair.run.label, **power}


def _power(what: str, gate: Gate, places: IntArray, whole: NDArray[np.bool_]) -> Row:
    accuracy = what == "accuracy"
    smallest = gate.smallest_of_answers(places, whole) if accuracy else gate.smallest(places)
    return {"smallest_difference": smallest, "questions": int(gate.questions[places].min())}


def _rows(flat: Sequence[Places], gate: Gate, terms: Terms, powers: Sequence[Row]) -> Iterator[Row]:
    own = [power for power in powers if power["curve"] is not None]
    for (one, span), power in zip(_spans(flat), own, strict=True):
        sign = 1.0 if one.what == "accuracy" else -1.0
        better = gate.gain[span] - one.offset  # without the tolerance
        ends = better - gate.reach[span], better + gate.reach[span]
        for i, k in enumerate(one.ks):
            moved, height = sign * float(better[i]) + 0.0, float(one.height[i])
            low, high = sorted(sign * float(end[i]) + 0.0 for end in ends)  # no minus zero
            yield {
                **_names(one),
                "k": k,
                "axis": terms.axis,
                "at": float(one.at[i]),
                "baseline": height,
                "run": height + moved if one.what == "accuracy" else height * (1 + moved),
                "difference": moved,
                "lo": low,
                "hi": high,
                "verdict": _verdict(one.what, bool(gate.falls[span][i]), float(better[i]),
                                    float(ends[0][i])),
                "questions": power["questions"],
                "smallest_difference": power["smallest_difference"],
            }  # fmt: skip


def _verdict(what: str, falls: bool, better: float, surely: float) -> str:
    """`surely` is the lower end of what the run is better by."""
    if falls:
        return "worse" if what == "accuracy" else "dearer"
    if surely > 0:
        return "better" if what == "accuracy" else "cheaper"
    return "equal" if max(abs(better), abs(surely)) < ROUNDING else "undecided"


def _excused(flat: Sequence[Places], rows: Sequence[Row]) -> Iterator[Row]:
    """A rise in cost is a regression at equal accuracy, not where it buys what it costs: where
    at that budget a curve of the cell is better, and none is worse."""
    owners = [id(one.pair) for one in flat for _ in one.ks]
    found: dict[tuple[int, int], set[str]] = {}
    for owner, row in zip(owners, rows, strict=True):
        if row["what"] == "accuracy":
            found.setdefault((owner, row["k"]), set()).add(row["verdict"])
    for owner, row in zip(owners, rows, strict=True):
        there = found.get((owner, row["k"]), set())
        bought = row["verdict"] == "dearer" and "better" in there and "worse" not in there
        yield {**row, "verdict": "bought"} if bought else row


def _notes(run: Snapshot, baseline: Snapshot) -> Iterator[str]:
    held = {one.cell[:4] for one in baseline.curves}
    fresh = [one for one in run.curves if one.cell[:4] not in held]
    if fresh:
        names = ", ".join(dict.fromkeys(one.label for one in fresh))
        yield f"not in the baseline, so not checked: {names}"
    for one in run.curves:
        if one.failed and one.limit is None:
            yield f"{one.failed:.1%} of the samples of {one.label} failed and count as wrong"


def confirm(first: Checked, second: Checked) -> Checked:
    """The first verdict with every regression dropped that fresh samples do not show again."""
    if first.question_ids != second.question_ids or _where(first) != _where(second):
        raise NotComparable(
            f"{visible(second.run)} does not hold what {visible(first.run)} holds",
            "remove it and check again: it is sampled anew",
        )
    twice = falls_twice(first.gains, second.gains)
    rows = [
        {**row, "verdict": "unconfirmed"} if row["verdict"] in REGRESSIONS and not again else row
        for row, again in zip(first.rows, twice, strict=True)
    ]
    return replace(first, rows=tuple(rows), confirmed_by=second.run)


def _where(checked: Checked) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in WHERE) for row in checked.rows]
