"""A selector's accuracy on all traces of a question, or on whole trees of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.laws.selectors import Choice, curve
from scaling_cli.types import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaling_cli.types import FloatArray, IntArray, SampleBank

MOST_SETS = 2000
"""Sets of trees up to which all are looked at; beyond, that many are drawn."""


def whole(bank: SampleBank, selector: str, choice: Choice) -> FloatArray:
    """The selector's accuracy on all traces of each question, `values[question]`, ties shared.

    Traces of a search are not exchangeable, so no smaller k is read off them.
    """
    sizes = np.asarray(bank.samples, np.int64)
    ks = np.unique(sizes[sizes > 0])
    values = np.zeros(len(sizes))
    if not len(ks):
        return values
    found = curve(bank, selector, ks, choice).values
    column = np.searchsorted(ks, np.maximum(sizes, ks[0]))
    return np.where(sizes > 0, found[np.arange(len(sizes)), column], 0.0)


def whole_trees(
    bank: SampleBank, tree: IntArray, selector: str, counts: Sequence[int], choice: Choice
) -> FloatArray:
    """Mean accuracy over all sets of so many whole trees, `values[question, count]`.

    `tree[question, trace]` numbers the independent trees of a search; they are exchangeable, so
    every set of them is a smaller search of its own (METHODS: never cut through a tree). Sets are
    enumerated up to `MOST_SETS`, drawn beyond.
    """
    values = np.zeros((len(bank.question_ids), len(counts)))
    for question in range(len(bank.question_ids)):
        row = _row(bank, question)
        own = tree[question, : row.answer_class.shape[1]]
        for place, count in enumerate(counts):
            sets = _sets(int(tree.max()) + 1, count, choice.seed)
            members = [np.flatnonzero(np.isin(own, chosen)) for chosen in sets]
            values[question, place] = whole(_sub_banks(row, members), selector, choice).mean()
    return values


def _sets(trees: int, count: int, seed: int) -> list[Sequence[int]]:
    if comb(trees, count) <= MOST_SETS:
        return [list(chosen) for chosen in combinations(range(trees), count)]
    source = np.random.default_rng([seed, count])
    return [source.choice(trees, count, replace=False).tolist() for _ in range(MOST_SETS)]


def _row(bank: SampleBank, question: int) -> SampleBank:
    """The bank of one question, without filling."""
    count = int(bank.samples[question])
    return replace(
        bank,
        question_ids=(bank.question_ids[question],),
        **{
            name: getattr(bank, name)[question : question + 1, :count]
            for name in ("answer_class", "tokens", "reward", "truncated")
        },
        samples=bank.samples[question : question + 1],
        prompt_tokens=None,
    )


def _sub_banks(row: SampleBank, members: Sequence[IntArray]) -> SampleBank:
    """One question's traces as many questions, each with some of them."""
    sizes = np.array([len(chosen) for chosen in members])
    width = int(sizes.max(initial=0))

    def spread(values: np.ndarray, missing: object) -> np.ndarray:
        table = np.full((len(members), width), missing, values.dtype)
        for place, chosen in enumerate(members):
            table[place, : len(chosen)] = values[0, chosen]
        return table

    return replace(
        row,
        question_ids=tuple(str(place) for place in range(len(members))),
        answer_class=spread(row.answer_class, MISSING),
        tokens=spread(row.tokens, 0),
        reward=spread(row.reward, np.nan),
        truncated=spread(row.truncated, False),
        samples=sizes,
    )
