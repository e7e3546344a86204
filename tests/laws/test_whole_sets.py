"""Selectors on whole sets of traces and whole trees, against votes counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.laws.selectors import Choice
from scaling_cli.laws.whole_sets import whole, whole_trees
from scaling_cli.types import MISSING, SampleBank


def bank_of(rows: Sequence[Sequence[tuple[int, float]]]) -> SampleBank:
    """(answer class, score) of every trace, question by question."""
    width = max((len(row) for row in rows), default=0)
    shape = (len(rows), max(width, 1))
    classes, scores = np.full(shape, MISSING), np.full(shape, np.nan)
    for question, row in enumerate(rows):
        for trace, (answer, score) in enumerate(row):
            classes[question, trace], scores[question, trace] = answer, score
    return SampleBank(
        tuple(map(str, range(len(rows)))), classes, np.ones(shape, np.int64), scores,
        np.zeros(shape, bool), np.array([len(row) for row in rows]), None,
    )  # fmt: skip


def by_hand(row: Sequence[tuple[int, float]], selector: str) -> float:
    if selector == "coverage":
        return float(any(answer == 0 for answer, _ in row))
    if selector == "best":
        top = [a for a, score in row if score == max(s for _, s in row)]
        return float(np.mean([answer == 0 for answer in top])) if top else 0.0
    votes: dict[int, float] = {}
    for answer, score in row:
        if answer >= 0:
            votes[answer] = votes.get(answer, 0.0) + (1.0 if selector == "majority" else score)
    leaders = [answer for answer, vote in votes.items() if vote == max(votes.values())]
    return float(np.mean([answer == 0 for answer in leaders])) if leaders else 0.0


ROWS = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.25, 0.5, 1.0])), max_size=6),
    min_size=1,
    max_size=5,
)


@given(ROWS, st.sampled_from(["coverage", "majority", "best", "weighted"]))
def test_all_traces_of_a_ragged_search(rows: list[list[tuple[int, float]]], selector: str) -> None:
    expected = [by_hand(row, selector) for row in rows]
    if selector in ("best", "weighted") and not any(rows):
        return
    assert whole(bank_of(rows), selector, Choice()) == pytest.approx(expected)


@given(ROWS.filter(any), st.integers(1, 3))
def test_smaller_budgets_are_means_over_whole_trees(
    rows: list[list[tuple[int, float]]], count: int
) -> None:
    trees = 3
    number = np.tile(np.arange(6) % trees, (len(rows), 1))
    found = whole_trees(bank_of(rows), number, "majority", [count], Choice())[:, 0]
    for row, value in zip(rows, found, strict=True):
        sets = [
            [trace for place, trace in enumerate(row) if place % trees in chosen]
            for chosen in combinations(range(trees), count)
        ]
        if len(row) >= trees:
            assert value == pytest.approx(np.mean([by_hand(one, "majority") for one in sets]))
