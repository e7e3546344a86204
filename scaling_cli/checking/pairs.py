"""Which curve of a run stands against which of its baseline, and whether they are comparable."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.checking.printable import visible
from scaling_cli.checking.snapshot import Curves, Snapshot
from scaling_cli.errors import LawError
from scaling_cli.laws.gate import FEWEST

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

ASPECTS = {
    "model": ("weights", "tokenizer"),
    "prompt": ("prompt", "stop"),
    "task": ("task", "task_revision"),
    "sampler": ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_tokens"),
    "engine": ("engine", "dtype", "format"),
    "grading": ("equality", "extraction"),
    "verifier": ("verifier", "step"),
}
"""What may be allowed to differ, and the facts it stands for."""
OTHERWISE = "strategy"
"""The aspect of every other fact."""
ALLOWED = (*ASPECTS, OTHERWISE, "questions", "samples", "missing", "edited")
"""Everything that `--allow` takes: beside facts, sets of questions, fewer samples, curves that
the run lacks, and a baseline file changed by hand."""
SHOWN = 3


class NotComparable(LawError):
    """A run and a baseline of different things: exit code 2, never a verdict."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cells with the same questions in the same order and the same ks; `names` are the
    curves that both hold."""

    baseline: Curves
    run: Curves
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same on both sides."""

    aspect: str
    what: str


def match(
    run: Snapshot, baseline: Snapshot, *, allowed: Collection[str] = (), edited: bool = False
) -> tuple[list[Pair], list[str]]:
    """Pairs for every curve of the baseline, and what was allowed to differ as sentences.

    NotComparable names all that differs and is not allowed to.
    """
    found = [Difference("edited", "the baseline was changed by hand")] if edited else []
    pairs: list[Pair] = []
    for one in baseline.curves:
        for other, names in _partners(one, run, baseline, allowed):
            if other is None:
                found.append(_lacking(one, names, run, baseline))
                continue
            found += _unlike(one, other)
            pair = _on_shared(one, other, names)
            if pair is not None:
                pairs.append(pair)
    refused = [one for one in found if one.aspect not in allowed]
    if refused:
        raise NotComparable(
            f"{visible(run.run)} and its baseline cannot be compared: {'; '.join(_said(refused))}",
            "make a new baseline with `scale baseline`, or let it differ: "
            + " ".join(f"--allow {aspect}" for aspect in dict.fromkeys(d.aspect for d in refused)),
        )
    if not pairs:
        raise NotComparable("the run holds nothing of what the baseline holds", "check its name")
    _check_enough(pairs)
    return pairs, [f"allowed to differ: {line}" for line in _said(found)]


def _partners(
    one: Curves, run: Snapshot, baseline: Snapshot, allowed: Collection[str]
) -> Iterator[tuple[Curves | None, tuple[str, ...]]]:
    """The run's cells that hold the curves of a baseline's cell; None with those it lacks."""
    found: dict[int | None, list[str]] = {}
    model = _renamed(one, run, baseline) if "model" in allowed else one.model
    for name in one.accuracy:
        siblings = [c for c in baseline.curves if c.cell == one.cell and name in c.accuracy]
        wanted = replace(one, model=model).cell
        cells = [c for c in run.curves if c.cell == wanted and name in c.accuracy]
        if len(siblings) > 1 or len(cells) > 1:
            siblings, cells = (_of_variant(side, one) for side in (siblings, cells))
        place = next(i for i, sibling in enumerate(siblings) if sibling is one)
        cell = cells[place] if place < len(cells) else None
        number = None if cell is None else next(i for i, c in enumerate(run.curves) if c is cell)
        found.setdefault(number, []).append(name)
    for number, names in found.items():
        yield None if number is None else run.curves[number], tuple(names)


def _of_variant(cells: Sequence[Curves], one: Curves) -> list[Curves]:
    """Where several cells have one name, those sampled like `one`, by seed: a fresh seed takes
    the place of the old one."""
    alike = [c for c in cells if all(c.facts.get(f) == one.facts.get(f)
                                     for f in ASPECTS["sampler"])]  # fmt: skip
    return sorted(alike, key=lambda cell: cell.seed)


def _renamed(one: Curves, run: Snapshot, baseline: Snapshot) -> str:
    """The run's name for a model, where each side has one of a task that the other has not."""
    ours, theirs = (
        {c.model for c in side.curves if c.task == one.task} for side in (run, baseline)
    )
    fresh, gone = ours - theirs, theirs - ours
    return fresh.pop() if gone == {one.model} and len(fresh) == 1 else one.model


def _lacking(one: Curves, names: Sequence[str], run: Snapshot, baseline: Snapshot) -> Difference:
    other = _renamed(one, run, baseline)
    if other != one.model:
        return _another_model(one, other)
    what = ", ".join(map(visible, names))
    return Difference("missing", f"the run lacks {what} of {one.label} on {visible(one.task)}")


def _another_model(one: Curves, name: str) -> Difference:
    return Difference("model", f"{visible(name)} stands in place of {visible(one.model)}")


def _unlike(one: Curves, other: Curves) -> Iterator[Difference]:
    if other.model != one.model:
        yield _another_model(one, other.model)
    aspects = {fact: aspect for aspect, facts in ASPECTS.items() for fact in facts}
    for fact in sorted(one.facts.keys() | other.facts.keys()):
        before, now = one.facts.get(fact), other.facts.get(fact)
        if before != now:
            what = f"{visible(fact)} of {one.label} was {_brief(before)}, is {_brief(now)}"
            yield Difference(aspects.get(fact, OTHERWISE), what)
    gone, new = (
        sorted(set(a.question_ids) - set(b.question_ids)) for a, b in ((one, other), (other, one))
    )
    if gone or new:
        sides = [
            f"{len(ids)} only in the {side} ({_listed(ids)})"
            for ids, side in ((gone, "baseline"), (new, "run"))
            if ids
        ]
        yield Difference("questions", f"of the questions of {visible(one.task)} {', '.join(sides)}")
    if lost := [k for k in one.ks if k not in other.ks]:
        most = max(other.ks, default=0)
        what = f"k = {', '.join(map(str, lost))} of {one.label}: the run reaches {most}"
        yield Difference("samples", what)


def _brief(value: Any) -> str:
    text = visible("none" if value is None else value)
    return text if len(text) <= 24 else f"{text[:12]}…"


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(map(visible, ids[:SHOWN])) + (", …" if len(ids) > SHOWN else "")


def _said(found: Sequence[Difference]) -> list[str]:
    """A sentence for each aspect, with its first instances."""
    by_aspect: dict[str, list[str]] = {}
    for one in found:
        by_aspect.setdefault(one.aspect, []).append(one.what)
    lines = []
    for aspect, whats in by_aspect.items():
        kinds = list(dict.fromkeys(whats))
        more = f", and {len(kinds) - SHOWN} more" if len(kinds) > SHOWN else ""
        lines.append(f"{aspect}: {', '.join(kinds[:SHOWN])}{more}")
    return lines


def _on_shared(one: Curves, other: Curves, names: Sequence[str]) -> Pair | None:
    ids = sorted(set(one.question_ids) & set(other.question_ids))
    ks = [k for k in one.ks if k in other.ks]
    if not ids or not ks:
        return None
    return Pair(_restricted(one, ids, ks), _restricted(other, ids, ks), tuple(names))


def _restricted(one: Curves, ids: Sequence[str], ks: Sequence[int]) -> Curves:
    place = {identity: row for row, identity in enumerate(one.question_ids)}
    rows = np.array([place[identity] for identity in ids])

    def taken(tables: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        columns = np.array([one.ks.index(k) for k in ks])
        return {
            name: table[np.ix_(rows, columns[columns < table.shape[1]])]
            for name, table in tables.items()
        }

    return replace(
        one, question_ids=tuple(ids), ks=tuple(ks), accuracy=taken(one.accuracy),
        costs=taken(one.costs),
    )  # fmt: skip


def _check_enough(pairs: Sequence[Pair]) -> None:
    few = min(pairs, key=lambda pair: len(pair.baseline.question_ids))
    count = len(few.baseline.question_ids)
    if count < FEWEST:
        raise NotComparable(
            f"{few.baseline.label} is compared on {count} questions of "
            f"{visible(few.baseline.task)}: so few would all fall by chance too often",
            f"compare at least {FEWEST} questions",
        )
