"""What one pick from k samples is worth: the first, any (coverage), the best scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.subsets import as_ks, count_samples, last_place_chances, reach
from scaling_cli.types import GOLD

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray

BLOCK = 1 << 21
"""Numbers a working array may hold at once."""


def count_correct(answer_class: IntArray) -> IntArray:
    """`correct[question]`: how many samples equal gold."""
    return np.asarray((np.asarray(answer_class) == GOLD).sum(axis=1), np.int64)


def first(correct: IntArray, samples: IntArray, ks: Sequence[int] | IntArray) -> FloatArray:
    """Accuracy of the first of k samples, averaged over subsets: c/n at every k <= n."""
    sizes, n = as_ks(ks), np.asarray(samples)
    rate = np.asarray(correct) / np.maximum(n, 1)
    return np.where(sizes <= n[:, None], rate[:, None], np.nan)


def coverage(correct: IntArray, samples: IntArray, ks: Sequence[int] | IntArray) -> FloatArray:
    """Chance that a size-k subset holds a right answer, `values[question, k]`.

    Unbiased pass@k, 1 - C(n-c, k)/C(n, k) (Chen et al. 2021, eq. 1), from `correct` of
    `samples` per question, as a product of k ratios; NaN where k > n.
    """
    sizes, c, n = as_ks(ks), np.asarray(correct), np.asarray(samples)
    if ((c < 0) | (c > n)).any():
        raise LawError(
            f"{int(c[(c < 0) | (c > n)][0])} correct of {int(n[(c < 0) | (c > n)][0])} samples",
            "correct counts must lie between 0 and the number of samples",
        )
    pairs, inverse = np.unique(np.column_stack([n, c]), axis=0, return_inverse=True)
    values = np.full((len(pairs), len(sizes)), np.nan)
    rows = max(1, BLOCK // int(n.max(initial=1)))
    for start in range(0, len(pairs), rows):
        block = slice(start, start + rows)
        values[block] = _coverage(pairs[block, 0], pairs[block, 1], sizes)
    return values[inverse.reshape(-1)]


def _coverage(n: IntArray, c: IntArray, ks: IntArray) -> FloatArray:
    longest = int(min(ks.max(initial=0), n.max(initial=0)))
    drawn = np.arange(longest)
    left = np.maximum(n[:, None] - drawn, 1)
    with np.errstate(divide="ignore"):
        log_miss = np.cumsum(np.log1p(-np.minimum(c[:, None] / left, 1)), axis=1)
    reached = ks <= n[:, None]
    missed = log_miss[:, np.minimum(ks, max(longest, 1)) - 1] if longest else 0.0
    return np.where(reached, -np.expm1(missed), np.nan)


def best_of(answer_class: IntArray, reward: FloatArray, ks: Sequence[int] | IntArray) -> FloatArray:
    """Expected accuracy of the best scored of k samples, `values[question, k]`.

    Exact by order statistics: ascending by score, sum_i C(i-1, k-1)/C(n, k)·correct_(i), equal
    scores averaged. Unanswered samples and those whose scoring failed (NaN) are drawn like
    any other but cannot win: they rank below all, and a subset of only such scores 0.
    """
    sizes, samples = as_ks(ks), count_samples(answer_class)
    right = _ranked_correct(answer_class, reward)  # descending; missing cells come last
    values = np.full((len(samples), len(sizes)), np.nan)
    for n, questions, columns in reach(samples, sizes):
        ascending = right[questions, :n][:, ::-1]
        step = max(1, BLOCK // n)
        for start in range(0, len(columns), step):
            block = columns[start : start + step]
            chances = last_place_chances(n, sizes[block])
            values[np.ix_(questions, block)] = ascending @ chances
    return values


def eligible_scores(answer_class: IntArray, reward: FloatArray) -> FloatArray:
    """The scores with NaN wherever a sample cannot be selected."""
    classes, scores = np.asarray(answer_class), np.asarray(reward, np.float64)
    if classes.shape != scores.shape:
        raise LawError(
            f"{scores.shape} scores for {classes.shape} samples", "give one score a sample"
        )
    return np.where(classes >= GOLD, scores, np.nan)


def _ranked_correct(answer_class: IntArray, reward: FloatArray) -> FloatArray:
    """`right[question, rank]`, best first: the share of right answers among equal scores."""
    scores = eligible_scores(answer_class, reward)
    order = np.argsort(-scores, axis=1, kind="stable")  # NaN last
    scores = np.take_along_axis(scores, order, axis=1)
    right = np.take_along_axis(np.asarray(answer_class) == GOLD, order, axis=1)
    right = right & ~np.isnan(scores)
    new = np.ones(scores.shape, bool)
    new[:, 1:] = scores[:, 1:] != scores[:, :-1]  # NaN differs from NaN: each is alone
    group = np.cumsum(new.ravel()) - 1
    size = np.bincount(group)
    return np.asarray((np.bincount(group, right.ravel()) / size)[group].reshape(scores.shape))


Reduction = Literal["last", "min", "mean", "prod"]
REDUCTIONS: dict[str, Callable[[FloatArray], float]] = {
    "last": lambda steps: float(steps[-1]),
    "min": lambda steps: float(steps.min()),
    "mean": lambda steps: float(steps.mean()),
    "prod": lambda steps: float(steps.prod()),
}


def reduce_steps(step_rewards: Sequence[Sequence[float]], how: Reduction = "last") -> FloatArray:
    """One score per sample from the scores of its steps; NaN where it has none.

    "last" as Snell et al. 2024, "min" as Math-Shepherd, "prod" as Lightman et al. 2023.
    """
    if how not in REDUCTIONS:
        raise LawError(f"there is no reduction {how}", f"valid: {', '.join(REDUCTIONS)}")
    reduced = [
        REDUCTIONS[how](np.asarray(steps, np.float64)) if len(steps) else np.nan
        for steps in step_rewards
    ]
    return np.array(reduced, np.float64)
