"""Curves of several runs as one list: copies once, and runs that differ in the seed averaged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.configurations import BANKS, Name, name_of
from scaling_cli.laws.repeats import Variance, two_way
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from scaling_cli.summary import Series, series

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

Row = dict[str, Any]
CURVE = ("task", "selector", "verifier", "max_tokens", "group")
"""With a cell, or a cell's settings, the fields that tell one of its curves."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A search run more than once with the same settings: the means of its runs, and its
    variance taken apart."""

    task: str
    name: Name
    k: int
    means: tuple[float, ...]
    law: Variance

    def row(self) -> Row:
        model, generator, selector = self.name
        return {
            "task": self.task,
            "model": model,
            "strategy": generator,
            "selector": selector,
            "k": self.k,
            "runs": self.law.runs,
            "questions": self.law.questions,
            "accuracies": list(self.means),
            "between_questions": self.law.between_questions,
            "between_runs": self.law.between_runs,
            "rest": self.law.rest,
            "within": self.law.within,
            "error_of_questions": self.law.error_of_questions,
            "error_of_runs": self.law.error_of_runs,
            "share_of_runs": self.law.share_of_runs,
        }

    def sentence(self) -> str:
        """What running it again would change, and what other questions would."""
        model, generator, selector = self.name
        shown = " and ".join(f"{mean:.3f}" for mean in self.means)
        law = self.law
        return (
            f"{model} with {generator} at {self.k}, {selector}, was run {law.runs} times on "
            f"{law.questions} questions: {shown}; running again moves the accuracy by "
            f"{100 * law.error_of_runs:.1f} points (standard error), other questions by "
            f"{100 * law.error_of_questions:.1f}; runs are {law.share_of_runs:.0%} of the variance"
        )


@dataclass(frozen=True, slots=True)
class Joined:
    """Curves of all runs, no two of the same cell or of the same settings."""

    curves: tuple[Series, ...]
    repeats: tuple[Repeat, ...]


def joined(folders: Sequence[RunFolder], ask: Ask) -> Joined:
    """The curves of the runs. A cell that several of them hold counts once, where it has the most
    samples; cells that differ in nothing but the seed become one curve of their mean."""
    cells: dict[tuple[Any, ...], tuple[str, Series]] = {}
    for folder in folders:
        records = folder.read_manifest().cells
        for one in series(folder, ask):
            key = (one.fields["cell"], *(one.fields[name] for name in CURVE))
            if key not in cells or _size(one) > _size(cells[key][1]):
                cells[key] = _settings(records[one.fields["cell"]].identity), one
    alike: dict[tuple[Any, ...], list[Series]] = {}
    for settings, one in cells.values():
        alike.setdefault((settings, *(one.fields[name] for name in CURVE)), []).append(one)
    repeats = [repeat for members in alike.values() for repeat in _repeats(members)]
    return Joined(tuple(map(_mean, alike.values())), tuple(repeats))


def shared_questions(members: Sequence[Series]) -> list[str]:
    """Questions that all curves have, in the order of the first."""
    everywhere = set.intersection(*(set(one.question_ids) for one in members))
    return [question for question in members[0].question_ids if question in everywhere]


def rows_of(one: Series, questions: Sequence[str]) -> list[int]:
    """The rows of a curve at which these questions stand."""
    place = {identity: row for row, identity in enumerate(one.question_ids)}
    return [place[identity] for identity in questions]


def _size(one: Series) -> int:
    return one.ks[-1] * len(one.question_ids)


def _settings(identity: Any) -> str:
    """What a cell is but for its seed."""
    return json.dumps({k: v for k, v in dict(identity).items() if k != "seed"}, sort_keys=True)


def _repeats(members: Sequence[Series]) -> list[Repeat]:
    """One for a search at its full width; the samples of a bank tell their own variance."""
    shared = shared_questions(members)
    fields = members[0].fields
    if len(members) < 2 or len(shared) < 2 or fields["strategy"] in BANKS:
        return []
    values = np.column_stack([one.values[rows_of(one, shared), -1] for one in members])
    if np.isnan(values).any():
        return []
    means = tuple(float(mean) for mean in values.mean(axis=0))
    return [
        Repeat(fields["task"], name_of(fields), members[0].ks[-1], means, two_way(values))
    ]  # fmt: skip


def _mean(members: Sequence[Series]) -> Series:
    """The mean of curves of one thing on the questions and at the ks that all have."""
    shared = shared_questions(members)
    ks = [k for k in members[0].ks if all(k in one.ks for one in members)]
    if len(members) == 1 or not shared or not ks:
        return members[0]

    def mean(tables: Sequence[FloatArray]) -> FloatArray:
        return np.asarray(np.mean(tables, axis=0))

    def cut(one: Series, table: FloatArray) -> FloatArray:
        return table[np.ix_(rows_of(one, shared), [one.ks.index(k) for k in ks])]

    return replace(
        members[0],
        question_ids=tuple(shared),
        ks=tuple(ks),
        values=mean([cut(one, one.values) for one in members]),
        mc_error=np.zeros(len(ks)),
        costs={a: mean([cut(one, one.costs[a]) for one in members]) for a in members[0].costs},
    )
