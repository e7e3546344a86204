"""Recorded banks as they are asked for: extraction, score, groups, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.laws.caps import StrictAnswers
from scaling_cli.laws.cost import CostModel, bank_cost
from scaling_cli.laws.selectors import SCORED, Choice
from scaling_cli.pricing import Pricing
from scaling_cli.regroup import regroupable, string_bank
from scaling_cli.store import CellRecord, RunFolder, answered_cells
from scaling_cli.types import Architecture, SampleBank

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray

DRAWS = 2000
LOGPROB = "logprob_mean"
VOTING = frozenset({"majority", "weighted", "best-majority"})
"""Selectors that need to know which wrong answer a sample gave."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Which rows are wanted. `None` takes the default grids; `by` is level or subject."""

    selectors: Sequence[str] = ("first", "coverage", "majority", "best")
    ks: Sequence[int] | None = None
    caps: Sequence[int] | None = None
    extraction: str = "lenient"
    equality: str = "math"
    by: str | None = None
    # No map named: a mean log-probability is exponentiated, any other score is a weight as it is.
    choice: Choice = field(default_factory=lambda: Choice(weight_map=""))
    score: str | None = None
    draws: int = DRAWS
    pricing: Pricing = field(default_factory=Pricing)


def bank_of(
    folder: RunFolder, key: str, cell: CellRecord, ask: Ask
) -> tuple[SampleBank, StrictAnswers]:
    """The cell's answers as they were graded, or grouped by strings where that is asked."""
    extraction: Any = ask.extraction
    score = score_of(cell, ask)
    by_value = cell.details.get("equality", "math") != "string"
    if ask.equality == "string" and by_value and regroupable(cell):
        return string_bank(folder, key, extraction, score)
    return folder.sample_bank(key, extraction=extraction, score=score)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A sampled cell's bank, or a group of its questions, with the facts that name it.

    `rows` are the group's rows among all questions of the cell.
    """

    folder: RunFolder
    key: str
    cell: CellRecord
    group: str | None
    bank: SampleBank
    rows: IntArray

    def fields(self) -> dict[str, Any]:
        """What its rows are called."""
        return {
            "run": self.folder.name,
            "cell": self.key,
            "model": self.cell.details["model"],
            "task": self.cell.details["task"],
            "group": self.group,
            "questions": len(self.bank.question_ids),
        }

    def costs(self, ks: Sequence[int], pricing: Pricing) -> dict[str, FloatArray]:
        """What k of its samples cost on every axis, `[question, k]`."""
        cached, seconds = self.folder.spent(self.key)
        return bank_costs(self.bank, self.cell, ks, pricing, cached[self.rows], seconds[self.rows])


def banks(folder: RunFolder, ask: Ask) -> Iterator[Recorded]:
    """Every cell with more than one sample, at its full cap, by group where that is asked;
    StoreError where the run holds no answers at all."""
    present = answered_cells(folder)
    groups = groups_of(folder, ask.by)
    for key, cell in folder.read_manifest().ordered():
        # The traces of a search are not samples: no law of independent ones holds for them.
        if key not in present or cell.details["temperature"] == 0 or "step" in cell.details:
            continue
        bank, _ = bank_of(folder, key, cell, ask)
        for group, rows in split(bank, groups):
            yield Recorded(folder, key, cell, group, take(bank, rows), rows)


def groups_of(folder: RunFolder, by: str | None) -> Mapping[str, str] | None:
    """Each question's level or subject; None where questions are not to be split."""
    if by is None:
        return None
    table = folder.read_part("questions", "", ["question_id", by])
    ids, values = table["question_id"].to_pylist(), table[by].to_pylist()
    return {identity: str(value) for identity, value in zip(ids, values, strict=True)}


def split(
    bank: SampleBank, groups: Mapping[str, str] | None
) -> Iterator[tuple[str | None, IntArray]]:
    """Each group's name and the rows of its questions; None and all rows without groups."""
    if groups is None:
        yield None, np.arange(len(bank.question_ids))
        return
    names = [groups[identity] for identity in bank.question_ids]
    for name in sorted(set(names)):
        rows = np.array([index for index, group in enumerate(names) if group == name])
        yield name, rows


def take(bank: SampleBank, rows: IntArray) -> SampleBank:
    """The bank of some of its questions."""
    return replace(
        bank,
        question_ids=tuple(bank.question_ids[row] for row in rows),
        answer_class=bank.answer_class[rows],
        tokens=bank.tokens[rows],
        reward=bank.reward[rows],
        truncated=bank.truncated[rows],
        samples=bank.samples[rows],
        prompt_tokens=None if bank.prompt_tokens is None else bank.prompt_tokens[rows],
    )


def possible(selector: str, bank: SampleBank, cell: CellRecord) -> bool:
    """Whether the bank holds what a selector looks at: scores, or who gave which answer."""
    if selector in SCORED and np.isnan(bank.reward).all():
        return False
    return selector not in VOTING or bool(cell.details.get("votes", True))


def score_of(cell: CellRecord, ask: Ask) -> str:
    """The score of a cell's samples: the one asked for, or the one it was recorded with."""
    return ask.score or str(cell.details.get("score", LOGPROB))


def choice_of(cell: CellRecord, ask: Ask, scorer: str | None = None) -> Choice:
    """What the selectors are told; a log-probability is a weight only once exponentiated."""
    if ask.choice.weight_map:
        return ask.choice
    named = "exp" if scorer is None and score_of(cell, ask) == LOGPROB else "identity"
    return replace(ask.choice, weight_map=named)


def bank_costs(
    bank: SampleBank,
    cell: CellRecord,
    ks: Sequence[int],
    pricing: Pricing,
    cached: FloatArray | None = None,
    seconds: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """What k samples of a cell cost on every axis, `[question, k]`; `eflops` and `dollars` where
    `pricing` says enough."""
    facts = cell.details.get("architecture")
    model = None if facts is None else CostModel(Architecture.from_facts(facts))
    price = pricing.of(str(cell.details["model"]))
    costs = bank_cost(
        model,
        bank.prompt_tokens,
        bank.tokens,
        bank.samples,
        ks,
        cached_tokens=cached,
        seconds=seconds,
        intensity=pricing.intensity,
        prices=price,
        active_parameters=cell.details.get("active_parameters"),
    )
    if price is None and pricing.prices:
        # Other models have prices: this one's is not known, which is not the same as not asked.
        costs["dollars"] = np.full_like(costs["tokens"], np.nan)
    return costs
