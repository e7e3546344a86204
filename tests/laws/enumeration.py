"""Brute force over all size-k subsets, and banks for it: what the exact estimators must equal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb

import numpy as np
from hypothesis import strategies as st

from scaling_cli.types import MISSING

Score = Callable[[Sequence[int]], float]


def over_subsets(n: int, k: int, score: Score) -> float:
    """Mean of `score(subset)` over all subsets of `range(n)` of size k."""
    return sum(score(subset) for subset in combinations(range(n), k)) / comb(n, k)


def vote(classes: Sequence[int], weights: Sequence[float], subset: Sequence[int]) -> float:
    """Gold's even share of a (weighted) vote."""
    totals: dict[int, float] = {}
    for i in subset:
        if classes[i] >= 0 and not np.isnan(weights[i]):
            totals[classes[i]] = totals.get(classes[i], 0.0) + weights[i]
    if not totals:
        return 0.0
    best = max(totals.values())
    winners = [c for c, total in totals.items() if total >= best * (1 - 1e-9)]
    return (0 in winners) / len(winners)


def eligible(classes: Sequence[int], scores: Sequence[float], subset: Sequence[int]) -> list[int]:
    return [i for i in subset if classes[i] >= 0 and not np.isnan(scores[i])]


def best(classes: Sequence[int], scores: Sequence[float], subset: Sequence[int]) -> float:
    """Mean correctness of the best scored, ties averaged."""
    able = eligible(classes, scores, subset)
    if not able:
        return 0.0
    top = max(scores[i] for i in able)
    return float(np.mean([classes[i] == 0 for i in able if scores[i] == top]))


def best_vote(
    classes: Sequence[int], scores: Sequence[float], keep: int, subset: Sequence[int]
) -> float:
    """A plain vote among the `keep` best scored; no ties."""
    able = sorted(eligible(classes, scores, subset), key=lambda i: -scores[i])[:keep]
    return vote(classes, [1.0] * len(classes), able)


def classes_of(longest: int = 10, most_classes: int = 5) -> st.SearchStrategy[list[int]]:
    """Answer classes of one question's samples, unanswered ones among them."""
    return st.lists(st.integers(-1, most_classes - 1), min_size=1, max_size=longest)


def scores_of(n: int, *, distinct: bool) -> st.SearchStrategy[list[float]]:
    """Scores with failures; few values unless `distinct`."""
    failed = st.just(float("nan"))
    if distinct:
        order = st.permutations(range(n))
        lost = st.lists(st.booleans(), min_size=n, max_size=n)
        return st.builds(
            lambda o, f: [float("nan") if gone else x / n for x, gone in zip(o, f, strict=True)],
            order,
            lost,
        )
    values = st.sampled_from([0.0, 1 / 3, 2 / 3, 1.0])
    return st.lists(st.one_of(values, values, failed), min_size=n, max_size=n)


def ragged(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Rows filled up with MISSING."""
    table = np.full((len(rows), max(map(len, rows), default=0)), MISSING)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    return table
