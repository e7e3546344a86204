"""Budgets applied afterwards: the grids of k and token caps, and a bank as a cap leaves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.types import MISSING, UNANSWERED, SampleBank

if TYPE_CHECKING:
    from scaling_cli.types import IntArray


class StrictAnswers(Protocol):
    """Complete boxed (or ####) answers, flat: question, sample, class, end in tokens.

    Events of one sample stand in order of appearance; an unknown end is -1.
    """

    @property
    def question(self) -> IntArray: ...
    @property
    def sample(self) -> IntArray: ...
    @property
    def answer_class(self) -> IntArray: ...
    @property
    def end_token(self) -> IntArray: ...


@dataclass(frozen=True, slots=True)
class FlatAnswers:
    """`StrictAnswers` made from padded arrays."""

    question: IntArray
    sample: IntArray
    answer_class: IntArray
    end_token: IntArray


def flatten(boxed_class: IntArray, boxed_end: IntArray) -> FlatAnswers:
    """Padded `[question, sample, event]` arrays, end -1 where there is none, as flat events."""
    question, sample, event = np.nonzero(np.asarray(boxed_end) > 0)
    where = (question, sample, event)
    return FlatAnswers(question, sample, np.asarray(boxed_class)[where], boxed_end[where])


def at_cap(bank: SampleBank, boxed: StrictAnswers, cap: int) -> SampleBank:
    """The bank as drawing with `max_tokens = cap` would have left it.

    A sample of at most `cap` tokens keeps its answer. A longer one is cut: its answer is its
    last strict answer complete within the cap, else none; it costs `cap` tokens. A score
    given to another answer than the one the cap leaves is dropped (NaN).
    """
    if cap < 1:
        raise LawError(f"a token cap must be at least 1, not {cap}", "give a positive cap")
    real = bank.answer_class != MISSING
    if (bank.tokens[real] < 0).any():
        raise LawError(
            "a token cap cannot be applied: some samples have no token count",
            "leave the caps out, or import the samples with their lengths",
        )
    cut = real & (bank.tokens > cap)
    classes = np.where(cut, UNANSWERED, bank.answer_class)
    inside = (boxed.end_token > 0) & (boxed.end_token <= cap)
    inside &= cut[boxed.question, boxed.sample]
    cells = boxed.question[inside] * classes.shape[1] + boxed.sample[inside]
    # Of several answers inside the cap the last to appear counts.
    last_cells, from_end = np.unique(cells[::-1], return_index=True)
    classes.ravel()[last_cells] = boxed.answer_class[inside][::-1][from_end]
    return replace(
        bank,
        answer_class=classes,
        tokens=np.minimum(bank.tokens, cap),
        reward=np.where(classes == bank.answer_class, bank.reward, np.nan),
        truncated=bank.truncated | cut,
    )


def k_grid(n: int) -> list[int]:
    """Every k to 64, then 40 spaced evenly in log k, the last of them n."""
    if n <= 64:
        return list(range(1, n + 1))
    spaced = np.unique(np.rint(np.geomspace(64, n, 41)[1:]))
    return [*range(1, 65), *(int(k) for k in spaced if k > 64)]


def cap_grid(max_tokens: int) -> list[int]:
    """Powers of two from 16 up to `max_tokens`, and `max_tokens`."""
    powers = [1 << p for p in range(4, max(max_tokens, 1).bit_length()) if 1 << p < max_tokens]
    return [*powers, max_tokens] if max_tokens >= 1 else []
