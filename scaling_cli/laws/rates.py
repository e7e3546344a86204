"""How fast voting approaches its limit, and what it would give beyond the samples drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.errors import LawError
from scaling_cli.laws.limits import PRIOR
from scaling_cli.laws.majority import Unanswered, count_votes
from scaling_cli.laws.plurality import plurality
from scaling_cli.laws.subsets import as_ks, count_samples

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray, IntArray

POOLS = 8
"""Draws of each question's posterior that a prediction averages over."""
LARGEST = 20_000
"""The largest k that is predicted."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How each question's chance to be voted wrong (or right, where `gap` is negative) decays.

    `gap[question]` is the probability of gold less that of its strongest rival; `exponent` the
    exact rate per sample of the two leading answers, -log(1 - (√p1 - √p2)²), infinite where only
    one answer was seen; `hoeffding` the rate gap²/2 of the bound |A|·exp(-k·gap²/2).
    """

    gap: FloatArray
    exponent: FloatArray
    hoeffding: FloatArray


def rates(
    answer_class: IntArray, *, unanswered: Unanswered = "abstain", prior: float = PRIOR
) -> Rates:
    """Rates at the posterior mean of every answer that was seen (Wu et al. 2024, theorem 1)."""
    votes = count_votes(answer_class, unanswered=unanswered)
    seen = votes > 0
    seen[:, 0] = True
    imagined = np.where(seen, votes + prior, 0.0)
    abstained = count_samples(answer_class) - votes.sum(axis=1)
    shares = imagined / (imagined.sum(axis=1) + abstained)[:, None]
    gold = shares[:, 0]
    rival = shares[:, 1:].max(axis=1, initial=0.0)
    rival = np.where(votes.any(axis=1), rival, gold)  # nobody has voted: nothing is known
    gap = gold - rival
    # Without any rival the first sample decides: nothing is left to decay.
    with np.errstate(divide="ignore"):
        exponent = -np.log1p(-((np.sqrt(gold) - np.sqrt(rival)) ** 2).clip(max=1.0))
    return Rates(gap=gap, exponent=exponent, hoeffding=gap**2 / 2)


def extrapolate(
    answer_class: IntArray,
    ks: Sequence[int] | IntArray,
    *,
    unanswered: Unanswered = "abstain",
    prior: float = PRIOR,
    pools: int = POOLS,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """Majority voting at any k, also beyond the samples drawn: `values[question, k]` and the
    Monte-Carlo error of their mean, `mc_error[k]`. Always to be labelled extrapolated.

    Multinomial with the posterior: each of `pools` draws of a question's answer probabilities
    gives a pool as large as the largest k, in which all subsets are counted exactly (which has
    the multinomial's expectation and less noise). Who abstains is one more answer that never
    wins; so is the unseen, but where nobody has voted: there it is one rival of gold.
    """
    sizes = as_ks(ks)
    largest = int(sizes.max())
    if largest > LARGEST:
        raise LawError(f"k = {largest} is beyond prediction", f"ask for at most {LARGEST}")
    votes = count_votes(answer_class, unanswered=unanswered)
    silent = (count_samples(answer_class) - votes.sum(axis=1))[:, None]
    rng = np.random.default_rng(seed)
    lonely = (votes.sum(axis=1) == 0)[:, None]
    # Gold, the answers seen, a rival where none was, a diffuse mass, and those who abstain.
    shape = np.hstack([
        np.where(votes > 0, votes + prior, 0.0),
        np.where(lonely, prior, 0.0),
        np.where(lonely, 0.0, prior),
        np.where(silent > 0, silent + prior, 0.0),
    ])  # fmt: skip
    shape[:, 0] = votes[:, 0] + prior
    each = np.empty((pools, len(votes), len(sizes)))
    for pool in range(pools):
        gamma = rng.standard_gamma(shape)
        counts = rng.multinomial(largest, gamma / gamma.sum(axis=1, keepdims=True))
        each[pool] = plurality(counts[:, 0], counts[:, 1 : votes.shape[1] + 1], largest, sizes)
    spread = each.std(axis=0, ddof=1) / np.sqrt(pools) if pools > 1 else np.full_like(each[0], 0.5)
    error = np.sqrt((spread**2).sum(axis=0)) / len(votes)
    return each.mean(axis=0), error
