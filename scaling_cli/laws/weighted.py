"""Weighted majority voting over size-k subsets: enumerated, or by permutations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from scaling_cli.errors import LawError
from scaling_cli.laws.accuracy import coverage
from scaling_cli.laws.majority import Unanswered, majority, voting_classes
from scaling_cli.laws.permutations import Ballots, gold_shares, permutation_means
from scaling_cli.laws.subsets import as_ks, count_samples, reach
from scaling_cli.types import GOLD, MISSING, UNANSWERED

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray

ENUMERABLE = 5_000
"""Subsets of one question that are enumerated rather than sampled."""
BLOCK = 1 << 21
"""Numbers a working array may hold at once."""

WEIGHT_MAPS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "identity": lambda score: score,
    "exp": lambda score: np.exp(score),
    "logistic": expit,
}
"""Score to weight in [0, 1]: of a probability, of a mean log-probability, of a logit."""


def weighted_majority(
    answer_class: IntArray,
    weight: FloatArray,
    ks: Sequence[int] | IntArray,
    *,
    unanswered: Unanswered = "abstain",
    tolerance: float = 1e-3,
    most_permutations: int = 100_000,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """`values[question, k]` of the class with the largest sum of weights (Li et al. 2023), and
    the Monte-Carlo error of their mean over questions, `mc_error[k]`.

    `weight[question, sample]` lies in [0, 1]; NaN (a failed scoring) abstains. A question
    with at most 5,000 subsets of size k is enumerated; else one permutation of its samples
    serves every k by cumulative sums, and the plain majority, known exactly, is the control
    variate. Permutations are drawn until the error is at most `tolerance`: `most_permutations`
    of three questions of any kind are enough for the default.
    """
    sizes, samples = as_ks(ks), count_samples(answer_class)
    classes, weights = _voters(answer_class, weight, unanswered)
    values = _uncontested(classes, samples, sizes)
    contested = (classes == GOLD).any(axis=1) & (classes > GOLD).any(axis=1)
    todo = contested[:, None] & (sizes <= samples[:, None])
    for n, questions, columns in reach(samples, sizes):
        rows = questions[contested[questions]]
        for column in columns:
            if comb(n, int(sizes[column])) <= ENUMERABLE:
                chosen = _subsets(n, int(sizes[column]))
                values[rows, column] = _enumerate(classes[rows], weights[rows], chosen)
                todo[rows, column] = False
    sampled, at = np.flatnonzero(todo.any(axis=1)), np.flatnonzero(todo.any(axis=0))
    error = np.zeros(len(sizes))
    if len(sampled):
        left = todo[np.ix_(sampled, at)]
        estimate, error[at] = permutation_means(
            Ballots.of(classes[sampled], weights[sampled]),
            sizes[at],
            left / np.maximum((sizes[at] <= samples[:, None]).sum(axis=0), 1),
            majority(classes[sampled], sizes[at]),
            tolerance=tolerance,
            most_permutations=most_permutations,
            seed=seed,
        )
        values[todo] = estimate[left]
    return values, error


def _voters(
    answer_class: IntArray, weight: FloatArray, unanswered: Unanswered
) -> tuple[IntArray, FloatArray]:
    """Classes and weights with those who cannot vote made abstainers, empty cells last."""
    classes = voting_classes(answer_class, unanswered=unanswered)
    weights = np.asarray(weight, np.float64)
    if classes.shape != weights.shape:
        raise LawError(
            f"{weights.shape} weights for {classes.shape} samples", "give one weight a sample"
        )
    voting = (classes >= GOLD) & ~np.isnan(weights)
    outside = voting & ~((weights >= 0) & (weights <= 1))
    if outside.any():
        raise LawError(
            f"a vote's weight must lie in [0, 1], not {weights[outside][0]:g}",
            f"name the map of an unbounded score (--weight-map): {', '.join(WEIGHT_MAPS)}",
        )
    classes = np.where(voting | (classes == MISSING), classes, UNANSWERED)
    packed = np.argsort(classes == MISSING, axis=1, kind="stable")
    weights = np.where(voting, weights, 0.0)
    return np.take_along_axis(classes, packed, 1), np.take_along_axis(weights, packed, 1)


def _uncontested(classes: IntArray, samples: IntArray, ks: IntArray) -> FloatArray:
    """Right without a rival: whenever gold is drawn at all. Without gold: never."""
    return coverage((classes == GOLD).sum(axis=1), samples, ks)


def _subsets(n: int, k: int) -> FloatArray:
    """Every size-k subset as a row of zeros and ones; the few left out where that is fewer."""
    few = min(k, n - k)
    picks = np.array(list(combinations(range(n), few)), np.intp).reshape(comb(n, few), few)
    rows = np.zeros((len(picks), n))
    np.put_along_axis(rows, picks, 1.0, axis=1)
    return rows if few == k else 1.0 - rows


def _enumerate(classes: IntArray, weights: FloatArray, chosen: FloatArray) -> FloatArray:
    """Mean over `chosen[subset, sample]` for each question."""
    n, values = chosen.shape[1], np.empty(len(classes))
    step = max(1, BLOCK // (len(chosen) * (int(classes.max(initial=0)) + 1)))
    for start in range(0, len(classes), step):
        ballots = Ballots.of(classes[start : start + step, :n], weights[start : start + step, :n])
        voters = np.nonzero(ballots.slot >= 0)
        votes = np.zeros((ballots.slots, n))
        votes[ballots.slot[voters], voters[1]] = 1.0
        weighted = np.zeros((ballots.slots, n))
        weighted[ballots.slot[voters], voters[1]] = ballots.weight[voters]
        shares = gold_shares(weighted @ chosen.T, votes @ chosen.T > 0.5, ballots)
        values[start : start + step] = shares.mean(axis=1)
    return values
