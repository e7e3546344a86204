"""A planned cell with the recorded bank that tells most of how right its answers will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import StoreError
from scaling_cli.laws.accuracy import count_correct
from scaling_cli.laws.selectors import curve
from scaling_cli.laws.width import Spread, assumed, spread
from scaling_cli.planning.earlier import Earlier, kin
from scaling_cli.recorded import Ask, bank_of, choice_of, possible, take
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.searched import search_values, searches
from scaling_cli.strategies import width_of
from scaling_cli.sweep import Sweep
from scaling_cli.types import SampleBank

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray

FEWEST = 10
"""Questions below which a recorded bank says too little of how questions vary."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A bank, where it comes from, and how its answers are read."""

    bank: SampleBank
    earlier: Earlier
    ask: Ask

    def counts(self) -> tuple[IntArray, IntArray]:
        """`correct[question]` and `samples[question]`."""
        return count_correct(self.bank.answer_class), self.bank.samples

    def values(self, selector: str, samples: int) -> tuple[FloatArray, int]:
        """`[question]` at the largest k that the bank holds of `samples`; that k. A search's
        answer is that of all its traces."""
        earlier, choice = self.earlier, choice_of(self.earlier.record, self.ask)
        if searches(earlier.record):
            where = earlier.folder, earlier.key, earlier.record
            return search_values(*where, self.bank, selector, choice)[:, -1], samples
        k = min(samples, int(self.bank.samples.min()))
        found = curve(self.bank, selector, [k], choice)
        return found.values[:, 0], k

    def on(self, questions: Sequence[str]) -> Recorded:
        """Only these questions, in this order."""
        place = {identity: row for row, identity in enumerate(self.bank.question_ids)}
        rows = np.array([place[question] for question in questions])
        return replace(self, bank=take(self.bank, rows))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A planned cell and what is recorded of it or of its kin; None where nothing is."""

    cell: PreparedCell
    recorded: Recorded | None

    @property
    def model(self) -> str:
        return self.cell.model.name

    @property
    def task(self) -> str:
        return self.cell.cell.task.name

    @property
    def greedy(self) -> bool:
        return self.cell.cell.greedy

    @property
    def questions(self) -> int:
        return len(self.cell.questions)

    @property
    def searches(self) -> bool:
        return self.cell.cell.searches

    @property
    def samples(self) -> int:
        """Samples a question, or a search's width."""
        cell = self.cell.cell
        return width_of(cell.strategy, dict(cell.params)) if cell.searches else cell.samples

    @property
    def strategy(self) -> str:
        """What a row calls the generator."""
        return "greedy" if self.greedy else self.cell.cell.strategy

    @property
    def verifier(self) -> str | None:
        """Who leads a search."""
        return None if self.cell.verifier is None else self.cell.verifier.label

    @property
    def spread(self) -> Spread:
        """Of one sample's accuracy over the questions."""
        return assumed() if self.recorded is None else spread(*self.recorded.counts())

    def selectors(self, wanted: Sequence[str]) -> list[str]:
        """Those that the cell can be asked for: a single answer has nothing to choose from, and
        one trace of a search would be paid for with all of it."""
        if self.searches:
            wanted = [selector for selector in wanted if selector != "first"]
        elif self.samples == 1:
            return ["first"]
        if self.recorded is None:
            return [*wanted]
        bank, record = self.recorded.bank, self.recorded.earlier.record
        return [selector for selector in wanted if possible(selector, bank, record)]


def evidence(
    cells: Sequence[PreparedCell], earlier: Sequence[Earlier], sweep: Sweep
) -> list[Evidence]:
    """Each cell with the bank of its nearest kin that has questions enough."""
    ask = Ask(sweep.selectors, caps=[], extraction=sweep.extraction, equality=sweep.equality)
    return [Evidence(cell, _recorded(cell, earlier, ask)) for cell in cells]


def _recorded(cell: PreparedCell, earlier: Sequence[Earlier], ask: Ask) -> Recorded | None:
    for one in kin(cell, earlier):
        try:
            bank, _ = bank_of(one.folder, one.key, one.record, ask)
        except StoreError:
            continue  # evidence that cannot be read is none; the run's own commands name it
        if len(bank.question_ids) >= FEWEST:
            return Recorded(bank, one, ask)
    return None
