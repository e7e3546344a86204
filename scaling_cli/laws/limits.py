"""Where voting ends: accuracy with ever more samples, and how surely a bank tells it.

Wu et al. 2024 (arXiv 2408.00724), theorems 1 and 2: majority voting tends to the fraction of
questions whose right answer is the likeliest, weighted voting to that of those whose right
answer has the largest mean weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammainc, gammaincinv

from scaling_cli.errors import LawError
from scaling_cli.laws.majority import Unanswered, count_votes, voting_classes
from scaling_cli.laws.resample import imaginary_questions
from scaling_cli.types import MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

PRIOR = 0.5
"""Imaginary votes for gold, and for each wrong answer that was seen (Jeffreys). Answers not yet
seen are taken for a diffuse mass that never wins; where they lie changes nothing else. Only where
nobody has voted is that mass one rival on equal terms: no answer at all is no sign of gold."""
SURE = 0.95
"""A question is decided where its chance to end right is above this or below its complement."""
UNKNOWN = 0.5
"""The chance that a question ends right on which nobody has voted."""
NODES = 200
DRAWS = 1_000


@dataclass(frozen=True, slots=True)
class Limit:
    """The end of a voting curve, k → ∞.

    `plug_in[question]` is 1 where the recorded mode is right (ties shared); `wins[question]`
    the posterior chance that the true mode is. `mean` is the posterior expectation over
    questions, `lo` and `hi` its 95% interval over questions and over what their samples leave
    open.
    """

    plug_in: FloatArray
    wins: FloatArray
    mean: float
    lo: float
    hi: float

    @property
    def right(self) -> NDArray[np.bool_]:
        """Questions that voting surely gets in the end."""
        return np.asarray(self.wins >= SURE)

    @property
    def never(self) -> NDArray[np.bool_]:
        """Questions that voting surely never gets, however many samples are drawn."""
        return np.asarray(self.wins <= 1 - SURE)

    @property
    def undecided(self) -> NDArray[np.bool_]:
        """Questions whose recorded samples leave open how voting ends."""
        return ~(self.right | self.never)


def majority_limit(
    answer_class: IntArray,
    weights: NDArray[np.uint8],
    *,
    unanswered: Unanswered = "abstain",
    prior: float = PRIOR,
    level: float = 0.95,
    seed: int = 0,
) -> Limit:
    """The limit of plain majority voting of `answer_class[question, sample]`.

    Dirichlet posterior over gold and the answers seen, `prior` imaginary votes each. Who is
    largest does not depend on the mass of those who abstain or are not yet seen, so the chance
    is that of gold's gamma variable being the largest, integrated over it. `weights[draw,
    question]` are bootstrap draws of the questions.
    """
    votes = _votes(answer_class, unanswered, prior)
    plug_in = shared_mode(votes.astype(np.float64))
    return _limit(plug_in, gold_largest(votes, prior), weights, level, seed)


def weighted_limit(
    answer_class: IntArray,
    weight: FloatArray,
    weights: NDArray[np.uint8],
    *,
    unanswered: Unanswered = "abstain",
    prior: float = PRIOR,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Limit:
    """The limit of voting by `weight[question, sample]` in [0, 1].

    Bayesian bootstrap over a question's samples, and `prior` imaginary votes for each answer at
    its own mean weight (the question's mean weight for a gold answer not seen): with equal
    weights that is the posterior of `majority_limit`. A sample without a weight does not vote.
    """
    classes = voting_classes(answer_class, unanswered=unanswered)
    classes = np.where(np.isnan(weight) & (classes >= 0), -1, classes)
    rng = np.random.default_rng(seed)
    filled = np.nan_to_num(np.asarray(weight, np.float64))
    pairs = [_weighted(*pair, prior, draws, rng) for pair in zip(classes, filled, strict=True)]
    plug_in, wins = np.array(pairs).T
    return _limit(plug_in, wins, weights, level, seed)


def _votes(answer_class: IntArray, unanswered: Unanswered, prior: float) -> IntArray:
    if prior <= 0:
        raise LawError(f"{prior:g} imaginary votes are no prior", "give a prior above 0")
    if not (np.asarray(answer_class) != MISSING).any(axis=1).all():
        raise LawError("a question has no samples", "leave it out, and say so")
    return count_votes(answer_class, unanswered=unanswered)


def shared_mode(votes: FloatArray) -> FloatArray:
    """1 where gold (class 0) has the most of `votes[question, class]`, its share of a tie, and
    0 where nobody votes."""
    top = votes.max(axis=1)
    winners = np.isclose(votes, top[:, None], rtol=1e-9, atol=0.0) & (top > 0)[:, None]
    return np.asarray(winners[:, 0] / np.maximum(winners.sum(axis=1), 1))


def gold_largest(votes: IntArray, prior: float = PRIOR) -> FloatArray:
    """Posterior chance that gold is the likeliest answer, `wins[question]`.

    P(G0 > max Gi) for Gi ~ Gamma(votes_i + prior) over gold and the answers that were seen: the
    mean over quantiles of G0 of the product of the others' distribution functions, by
    Gauss-Legendre quadrature.
    """
    unique, inverse = np.unique(_ordered(votes), axis=0, return_inverse=True)
    nodes, mass = np.polynomial.legendre.leggauss(NODES)
    levels, mass = (nodes + 1) / 2, mass / 2
    at = gammaincinv(unique[:, :1] + prior, levels[None, :])
    chance = np.ones_like(at)
    for column in unique.T[1:]:
        seen = column > 0
        chance[seen] *= gammainc(column[seen, None] + prior, at[seen])
    chance[unique.sum(axis=1) == 0] = UNKNOWN
    return np.asarray((chance @ mass)[inverse.reshape(-1)])


def _ordered(votes: IntArray) -> IntArray:
    """Who the others are does not matter: their counts from the largest down."""
    others = -np.sort(-votes[:, 1:], axis=1)
    kept = others[:, (others > 0).any(axis=0)] if others.size else others
    return np.column_stack([votes[:, 0], kept])


def _weighted(
    classes: IntArray, weight: FloatArray, prior: float, draws: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Plug-in and posterior chance of one question."""
    voting = classes >= 0
    if not voting.any():
        return 0.0, UNKNOWN
    names = np.unique(np.append(classes[voting], 0))
    member = classes[voting, None] == names
    votes = weight[voting]
    sums = votes @ member
    counts = member.sum(axis=0)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), votes.mean())
    drawn = (rng.standard_exponential((draws, len(votes))) * votes) @ member
    drawn += rng.standard_gamma(prior, (draws, len(names))) * means
    return float(shared_mode(sums[None])[0]), float(shared_mode(drawn).mean())


def _limit(
    plug_in: FloatArray, wins: FloatArray, weights: NDArray[np.uint8], level: float, seed: int
) -> Limit:
    """The interval draws questions again and, of each, how it ends; imaginary questions at either
    end keep it from vanishing, as in `resample.band`."""
    rng, ends = np.random.default_rng(seed), imaginary_questions(len(weights), seed)[:, :, 0]
    sums = np.empty(len(weights))
    for draw, row in enumerate(weights):
        sums[draw] = row[rng.random(len(wins)) < wins].sum(dtype=np.int64)
    means = (sums + ends[1]) / (len(wins) + ends.sum(axis=0))
    tail = (1 - level) / 2
    lo, hi = np.quantile(means, [tail, 1 - tail])
    mean = float(wins.mean())
    return Limit(plug_in, wins, mean, min(float(lo), mean), max(float(hi), mean))
