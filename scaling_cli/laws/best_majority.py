"""A majority vote among the best scored of k samples, over all size-k subsets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.accuracy import eligible_scores
from scaling_cli.laws.majority import count_votes
from scaling_cli.laws.plurality import plurality
from scaling_cli.laws.subsets import as_ks, count_samples, kept_place_chances, reach
from scaling_cli.types import MISSING, UNANSWERED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

ORDERS = 8
"""Random orders of equal scores in the first round; later rounds grow as the error asks."""
BLOCK = 1 << 20
"""Values a round may hold at once."""


def best_majority(
    answer_class: IntArray,
    reward: FloatArray,
    ks: Sequence[int] | IntArray,
    *,
    keep: int,
    tolerance: float = 1e-3,
    most_orders: int = 100_000,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """`values[question, k]` of a vote among the `keep` best scored (Cobbe et al. 2021, 4.2),
    and the Monte-Carlo error of their mean, `mc_error[k]`.

    Exact where no two scores are equal. Equal scores are put in random orders until the error
    of the data set's mean is at most `tolerance`. Unanswered samples and failed scorings rank
    last and abstain; for k <= `keep` everyone votes.
    """
    if keep < 1:
        raise LawError(f"a vote among the {keep} best is empty", "keep at least 1")
    sizes, samples = as_ks(ks), count_samples(answer_class)
    scores = eligible_scores(answer_class, reward)
    classes = np.where(np.isnan(scores), UNANSWERED, answer_class)
    classes = np.where(np.asarray(answer_class) == MISSING, MISSING, classes)
    rng = np.random.default_rng(seed)
    values = _ordered(classes, scores, samples, sizes, keep, rng)
    tied = np.flatnonzero(_order_matters(classes, scores))
    if not len(tied) or (sizes <= keep).all():
        return values, np.zeros(len(sizes))
    reached = np.maximum((samples[:, None] >= sizes).sum(axis=0), 1)

    def draw(orders: int) -> FloatArray:
        rows = np.tile(tied, orders)
        drawn = _ordered(classes[rows], scores[rows], samples[rows], sizes, keep, rng)
        return drawn.reshape(orders, len(tied), len(sizes))

    values[tied], error = _average_orders(draw, reached, tolerance, most_orders)
    return values, error


def _average_orders(
    draw: Callable[[int], FloatArray], reached: IntArray, tolerance: float, most_orders: int
) -> tuple[FloatArray, FloatArray]:
    """Mean over orders, `[question, k]`, as many as the error of the data set's mean asks."""
    total, means, orders = np.zeros(()), np.empty((0, len(reached))), ORDERS
    while True:
        drawn = draw(orders)  # [order, question, k]
        total = total + drawn.sum(axis=0)
        means = np.vstack([means, np.nansum(drawn, axis=1) / reached])
        error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
        excess, left = float(error.max()) / tolerance, most_orders - len(means)
        if excess <= 1 or left <= 0:
            return np.asarray(total / len(means)), np.asarray(error)
        needed = len(means) * (1.1 * excess**2 - 1)
        orders = int(max(2, min(needed, len(means), left, BLOCK // drawn[0].size)))


def _order_matters(classes: IntArray, scores: FloatArray) -> NDArray[np.bool_]:
    """Questions where samples of different classes have the same score."""
    order = np.lexsort((classes, scores), axis=1)
    ranked, owner = np.take_along_axis(scores, order, 1), np.take_along_axis(classes, order, 1)
    same = ranked[:, 1:] == ranked[:, :-1]  # NaN never equals NaN
    return np.asarray((same & (owner[:, 1:] != owner[:, :-1])).any(axis=1))


def _ordered(
    classes: IntArray,
    scores: FloatArray,
    samples: IntArray,
    ks: IntArray,
    keep: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Values with equal scores in one random order, `values[question, k]`."""
    order = np.lexsort(
        (rng.random(scores.shape), -np.nan_to_num(scores), np.isnan(scores), classes == MISSING),
        axis=1,
    )
    ranked = np.take_along_axis(classes, order, axis=1)
    values = np.full((len(samples), len(ks)), np.nan)
    for n, questions, columns in reach(samples, ks):
        voting = ks[columns] <= keep
        block = np.empty((len(questions), len(columns)))
        if voting.any():
            votes = count_votes(ranked[questions, :n])
            block[:, voting] = plurality(votes[:, 0], votes[:, 1:], n, ks[columns][voting])
        if not voting.all():
            chances = kept_place_chances(n, ks[columns][~voting], keep)
            block[:, ~voting] = _by_last_kept(ranked[questions, :n], keep) @ chances
        values[np.ix_(questions, columns)] = block
    return values


def _by_last_kept(ranked: IntArray, keep: int) -> FloatArray:
    """`values[question, i - 1]`: the vote's accuracy given that the last kept is the i-th best.

    The subsets that keep the i-th best last are the size-`keep` subsets of the i best, less
    those of the i - 1 best: C(i, m)·V_i - C(i-1, m)·V_(i-1) over C(i-1, m-1).
    """
    questions, n = ranked.shape
    votes = np.zeros((questions, int(ranked.max(initial=0)) + 1), np.int64)
    values, before = np.zeros((questions, n)), np.zeros(questions)
    for i in range(1, n + 1):
        voting = np.flatnonzero(ranked[:, i - 1] >= 0)
        votes[voting, ranked[voting, i - 1]] += 1
        if i >= keep:
            kept = plurality(votes[:, 0], votes[:, 1:], i, np.array([keep]))[:, 0]
            values[:, i - 1] = (i * kept - (i - keep) * before) / keep
            before = kept
    return np.clip(values, 0.0, 1.0)
