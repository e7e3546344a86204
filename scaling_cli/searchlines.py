"""The curves of searches as a figure draws them: one for each generator and verifier."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.configurations import BANKS, RECORDED
from scaling_cli.errors import LawError
from scaling_cli.laws.resample import band, question_weights
from scaling_cli.repeats import rows_of, shared_questions
from scaling_cli.searched import BOUND, is_bound
from scaling_cli.summary import Series

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

BEST_FIRST = ("weighted", "best", "best-majority", "majority")
"""Which selector is drawn of those asked for, where a verifier has scored."""
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """Everything that was run of one generator led by one verifier, with one selector."""

    model: str
    task: str
    strategy: str
    verifier: str | None
    selector: str
    members: tuple[Series, ...]

    @property
    def bound(self) -> bool:
        return is_bound(self.verifier)

    @property
    def label(self) -> str:
        """What stands beside the line."""
        if self.verifier is None:
            return f"{self.strategy}, {self.selector}"
        led = self.verifier.replace(BOUND, " (bound)")
        return f"{self.strategy}, {led}"

    @property
    def question_ids(self) -> list[str]:
        return shared_questions(self.members)

    def points(
        self, axis: str, only: Collection[str] | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Mean cost and accuracy of each point by rising cost, over the questions all have."""
        cost, values = self._columns(axis, only)
        return cost, values.mean(axis=0) if len(values) else np.zeros(0)

    def whiskers(
        self, axis: str, only: Collection[str] | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """The 95% interval over questions of each of those points' accuracy."""
        _, values = self._columns(axis, only)
        if not len(values):
            return np.zeros(0), np.zeros(0)
        return band(values, question_weights(len(values), DRAWS, 0))

    def _columns(self, axis: str, only: Collection[str] | None) -> tuple[FloatArray, FloatArray]:
        """`cost[point]` and `values[question, point]`, where both are known."""
        questions = [q for q in self.question_ids if only is None or q in only]
        found = []
        for one in self.members:
            rows = rows_of(one, questions)
            for i, k in enumerate(one.ks if questions else ()):
                # Octaves, as on a frontier.
                if k & (k - 1) == 0 or k == one.ks[-1]:
                    found.append((float(one.costs[axis][rows, i].mean()), one.values[rows, i]))
        known = [(c, v) for c, v in found if not np.isnan(c) and not np.isnan(v).any()]
        known.sort(key=lambda point: point[0])
        if not known:
            return np.zeros(0), np.zeros((0, 0))
        return np.array([c for c, _ in known]), np.stack([v for _, v in known], axis=1)


def lines_of(curves: Sequence[Series]) -> list[Line]:
    """A line for each task, model, generator and verifier, sampling first, bounds last; models
    that only sampled are left out beside one that searched. LawError where nothing is left."""
    found: dict[tuple[str, str, str, str | None], dict[str, list[Series]]] = {}
    for one in curves:
        fields = one.fields
        if fields["strategy"] == "greedy" or fields["selector"] not in BEST_FIRST:
            continue
        verifier = None if fields["verifier"] in RECORDED else fields["verifier"]
        key = fields["task"], fields["model"], fields["strategy"], verifier
        found.setdefault(key, {}).setdefault(fields["selector"], []).append(one)
    lines = []
    for (task, model, strategy, verifier), choices in found.items():
        # Without a verifier the plain vote is what searching has to beat.
        order = reversed(BEST_FIRST) if verifier is None else BEST_FIRST
        selector = next(name for name in order if name in choices)
        members = tuple(choices[selector])
        lines.append(Line(model, task, strategy, verifier, selector, members))
    if not lines:
        raise LawError("there is no curve to draw", "name a selector, such as majority or weighted")
    led = {(line.task, line.model) for line in lines if line.strategy not in BANKS}
    lines = [line for line in lines if not led or (line.task, line.model) in led]
    return sorted(lines, key=lambda line: (line.bound, line.strategy not in BANKS))
