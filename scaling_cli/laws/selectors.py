"""The selectors by name: from a bank to the accuracy of each question at each k."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.accuracy import best_of, count_correct, coverage, first
from scaling_cli.laws.best_majority import best_majority
from scaling_cli.laws.majority import Unanswered, majority
from scaling_cli.laws.subsets import as_ks
from scaling_cli.laws.weighted import WEIGHT_MAPS, weighted_majority

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray, SampleBank


@dataclass(frozen=True, slots=True)
class Choice:
    """What the selectors may be told.

    `unanswered`: whether samples without an answer vote together; `weight_map`: how a score
    becomes a weight in [0, 1]; `keep`: how many of the best scored vote; `tolerance` and
    `seed` of what is sampled.
    """

    unanswered: Unanswered = "abstain"
    weight_map: str = "identity"
    keep: int = 8
    tolerance: float = 1e-3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Curve:
    """`values[question, k]`, NaN where a question has fewer than k samples; `mc_error[k]` is
    the Monte-Carlo error of their mean over questions, 0 where the values are exact."""

    ks: IntArray
    values: FloatArray
    mc_error: FloatArray

    @property
    def accuracy(self) -> FloatArray:
        """Mean over the questions that reach k, NaN where none does."""
        reached = self.questions
        sums = np.nansum(self.values, axis=0)
        empty = np.full(len(reached), np.nan)
        return np.asarray(np.divide(sums, reached, out=empty, where=reached > 0))

    @property
    def questions(self) -> IntArray:
        """How many questions the mean at each k is over."""
        return np.asarray((~np.isnan(self.values)).sum(axis=0), np.int64)


Values = tuple["FloatArray", "FloatArray"]


def _first(bank: SampleBank, ks: IntArray, choice: Choice) -> Values:
    return _exact(first(count_correct(bank.answer_class), bank.samples, ks))


def _coverage(bank: SampleBank, ks: IntArray, choice: Choice) -> Values:
    return _exact(coverage(count_correct(bank.answer_class), bank.samples, ks))


def _majority(bank: SampleBank, ks: IntArray, choice: Choice) -> Values:
    return _exact(majority(bank.answer_class, ks, unanswered=choice.unanswered))


def _best(bank: SampleBank, ks: IntArray, choice: Choice) -> Values:
    return _exact(best_of(bank.answer_class, bank.reward, ks))


def _weighted(bank: SampleBank, ks: IntArray, choice: Choice) -> Values:
    if choice.weight_map not in WEIGHT_MAPS:
        raise LawError(
            f"there is no map {choice.weight_map} from scores to weights",
            f"valid maps: {', '.join(WEIGHT_MAPS)}",
        )
    return weighted_majority(
        bank.answer_class,
        WEIGHT_MAPS[choice.weight_map](bank.reward),
        ks,
        unanswered=choice.unanswered,
        tolerance=choice.tolerance,
        seed=choice.seed,
    )


def _best_majority(bank: SampleBank, ks: IntArray, choice: Choice) -> Values:
    return best_majority(
        bank.answer_class,
        bank.reward,
        ks,
        keep=choice.keep,
        tolerance=choice.tolerance,
        seed=choice.seed,
    )


def _exact(values: FloatArray) -> Values:
    return values, np.zeros(values.shape[1])


SELECTORS: dict[str, Callable[[SampleBank, IntArray, Choice], Values]] = {
    "first": _first,
    "coverage": _coverage,
    "majority": _majority,
    "weighted": _weighted,
    "best": _best,
    "best-majority": _best_majority,
}
"""Name of a selector to its value per question and k, with the Monte-Carlo error per k."""

SCORED = frozenset({"weighted", "best", "best-majority"})
"""Selectors that need a score per sample."""


def curve(
    bank: SampleBank, selector: str, ks: Sequence[int] | IntArray, choice: Choice | None = None
) -> Curve:
    """The accuracy of `selector` on every question at every k, over all size-k subsets."""
    if selector not in SELECTORS:
        raise LawError(f"there is no selector {selector}", f"valid: {', '.join(SELECTORS)}")
    if selector in SCORED and np.isnan(bank.reward).all():
        raise LawError(
            f"the selector {selector} needs a score per sample, and the bank has none",
            "use first, coverage or majority, or score the samples first",
        )
    sizes = as_ks(ks)
    return Curve(sizes, *SELECTORS[selector](bank, sizes, choice or Choice()))
